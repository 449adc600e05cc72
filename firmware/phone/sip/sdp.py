"""Session descriptions as they leave the phone: nothing in them names the software or the machine. Pure."""

from __future__ import annotations

import re

from firmware.phone.values import Security

_NAME = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_ORIGIN = re.compile(r"^o=\S+ ", re.MULTILINE)
_TOOL = re.compile(r"^a=tool:.*\r?\n", re.MULTILINE)


def scrubbed(sdp: str) -> str:
    """``sdp`` with ``s=-`` and ``o=-`` (RFC 8866 sections 5.2 and 5.3) and without ``a=tool``."""
    sdp = _NAME.sub("s=-", sdp, count=1)
    sdp = _ORIGIN.sub("o=- ", sdp, count=1)
    return _TOOL.sub("", sdp)


def offered(message: str) -> Security:
    """The best protection that the offer in an INVITE allows; without an offer, that of the one we make.

    Keys by DTLS (RFC 5763) or ZRTP (RFC 6189 section 8) are agreed between the two ends, those in SDP
    (RFC 4568) are read by all who pass it on, and count only where the profile insists on them (RFC 5124).
    """
    body = message.replace("\r\n", "\n").partition("\n\n")[2]
    session, *media = re.split("^m=", body, flags=re.MULTILINE)
    audio = [medium for medium in media if re.match(r"audio\s+(?!0\s)", medium, re.IGNORECASE)]
    if not body.strip() or not audio:
        return Security.END_TO_END
    return max((_of_medium(session, medium) for medium in audio), key=_BEST.index)


_BEST = [Security.CLEAR, Security.PROVIDER, Security.END_TO_END]
_BETWEEN_ENDS = re.compile(r"^a=(?:fingerprint|zrtp-hash):", re.MULTILINE | re.IGNORECASE)
_IN_SDP = re.compile(r"^a=crypto:", re.MULTILINE | re.IGNORECASE)


def _of_medium(session: str, medium: str) -> Security:
    if _BETWEEN_ENDS.search(medium) or _BETWEEN_ENDS.search(session):
        return Security.END_TO_END
    insists = "/SAVP" in medium.split("\n", 1)[0].upper()
    return Security.PROVIDER if insists and _IN_SDP.search(medium) else Security.CLEAR
