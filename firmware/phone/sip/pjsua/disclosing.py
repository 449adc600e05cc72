"""What an INVITE carries beside what pjsua2 adds: who calls, the mark for ``firmware/native``, the place."""

from __future__ import annotations

import pjsua2 as pj

from firmware.phone.privacy import EMERGENCY, Exposure
from firmware.phone.sip import headers, pidf_lo


def disclosing(
    profile: headers.Profile,
    exposure: Exposure,
    reached_at: str,
    place: pidf_lo.Location | None = None,
    replaces: str = "",
    privacy: str = "",
) -> pj.SipTxOption:
    """What an INVITE says of its caller, and the mark of a call that shows less or more than the switch.

    ``privacy``: what its account asks of the provider, where that is not what the first account asks.
    """
    shown = headers.caller(profile, exposure, reached_at)
    option = pj.SipTxOption()
    option.localUri = shown.from_value  # the dialog has no other name from its beginning
    for name, value in shown.headers:
        option.headers.append(_header(name, value))
    if exposure.private:
        option.headers.append(_header(headers.DISCLOSURE, "none"))
    elif exposure.cause == EMERGENCY:
        option.headers.append(_header(headers.DISCLOSURE, "full"))
    ask(option, privacy)
    if place is not None:
        _tell(option, place)
    if replaces:
        option.headers.append(_header("Replaces", replaces))
        option.headers.append(_header("Require", "replaces"))
    return option


def ask(option: pj.SipTxOption, privacy: str) -> None:
    """Mark a message of a call with what its account asks of the provider; "": what the first one asks."""
    if privacy:
        option.headers.append(_header(headers.ASKED, privacy))


def redirection(uri: str) -> pj.CallOpParam:
    """302: call ``uri`` instead (RFC 3261 section 21.3.3). It tells this address and nothing else."""
    prm = pj.CallOpParam()
    prm.statusCode = pj.PJSIP_SC_MOVED_TEMPORARILY
    prm.txOption.headers.append(_header("Contact", f"<{uri}>"))
    return prm


def _tell(option: pj.SipTxOption, place: pidf_lo.Location) -> None:
    """Add the place as a body part beside the SDP, which pjsua adds itself, and what points at it."""
    for name, value in place.headers:
        option.headers.append(_header(name, value))
    option.multipartContentType.type, option.multipartContentType.subType = "multipart", "mixed"
    part = pj.SipMultipartPart()
    part.contentType.type, part.contentType.subType = "application", "pidf+xml"
    part.body = place.body
    for name, value in place.part_headers:
        part.headers.append(_header(name, value))
    option.multipartParts.append(part)


def _header(name: str, value: str) -> pj.SipHeader:
    header = pj.SipHeader()
    header.hName, header.hValue = name, value
    return header
