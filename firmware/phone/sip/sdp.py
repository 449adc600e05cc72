"""Session descriptions as they leave the phone: nothing in them names the software or the machine. Pure."""

from __future__ import annotations

import re

from firmware.phone.values import Keying, Security

_NAME = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_ORIGIN = re.compile(r"^o=\S+ ", re.MULTILINE)
_FINGERPRINT = re.compile(r"a\s*=\s*fingerprint\s*:\s*(.*)", re.IGNORECASE)
_PASSIVE = re.compile(r"^a=setup:passive(?=\r?$)", re.MULTILINE)
_OWN = re.compile(r"^(c=IN |a=rtcp:[0-9]+ IN )IP[46] ([0-9A-Fa-f.:]+)", re.MULTILINE)
_NOWHERE = ("0.0.0.0", "::")  # noqa: S104 - read, not bound
_TOOL = re.compile(r"^a=tool:.*\r?\n", re.MULTILINE)


def scrubbed(sdp: str) -> str:
    """``sdp`` with ``s=-`` and ``o=-`` (RFC 8866 sections 5.2 and 5.3) and without ``a=tool``."""
    sdp = _NAME.sub("s=-", sdp, count=1)
    sdp = _ORIGIN.sub("o=- ", sdp, count=1)
    return _TOOL.sub("", sdp)


def moved(sdp: str, address: str) -> str:
    """``sdp`` with our own ``address`` in it, where that is not "": the sockets stay, and so do their ports.

    An address of nowhere says something else (RFC 3264 section 8.4, on hold) and stays, and so does "o=" with
    the address at which the session began (section 8).
    """
    if not address:
        return sdp
    family = "IP6" if ":" in address else "IP4"
    return _OWN.sub(lambda m: m[0] if m[2] in _NOWHERE else f"{m[1]}{family} {address}", sdp)


def offered_again(sdp: str) -> str:
    """An offer within a call: the other end may keep its part in DTLS, or choose (RFC 8842 section 5.3).

    With the part that we have ("passive") some telephones answer without their fingerprint.
    """
    return _PASSIVE.sub("a=setup:actpass", sdp)


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


def without_audio(message: str) -> bool:
    """Whether a description declines all audio (RFC 3264 section 6). Without one nothing is declined."""
    ports = re.findall(r"^m=audio\s+([0-9]+)", message, re.MULTILINE | re.IGNORECASE)
    return bool(ports) and not any(port.strip("0") for port in ports)


def offers_text(sdp: str, keying: Keying, *, clear: bool) -> bool:
    """Whether an offer has real-time text (RFC 4103) behind the speech, to be keyed as the speech is.
    ``clear``: that has no encryption.
    """
    session, *media = re.split("^m=", sdp.replace("\r\n", "\n"), flags=re.MULTILINE)
    kinds = [re.match(r"(audio|text)\s+(?!0\s)", medium, re.IGNORECASE) for medium in media]
    for number, kind in enumerate(kinds):
        before = [one[1].lower() for one in kinds[:number] if one is not None]
        if kind is None or kind[1].lower() != "text" or "audio" not in before:
            continue
        medium = media[number]
        profile = medium.split("\n", 1)[0].upper()
        match keying:
            case Keying.ZRTP:
                return _HELLO.search(medium) is not None
            case Keying.DTLS:
                return bool(_FINGERPRINT_LINE.search(medium) or _FINGERPRINT_LINE.search(session))
            case Keying.SDES:
                return "/SAVP" in profile and _IN_SDP.search(medium) is not None
            case Keying.NONE:
                return clear and "/SAVP" not in profile
    return False


_HELLO = re.compile(r"^a=zrtp-hash:1\.1", re.MULTILINE | re.IGNORECASE)
_FINGERPRINT_LINE = re.compile(r"^a=fingerprint:", re.MULTILINE | re.IGNORECASE)
_BEST = [Security.CLEAR, Security.PROVIDER, Security.END_TO_END]
_BETWEEN_ENDS = re.compile(r"^a=(?:fingerprint|zrtp-hash):", re.MULTILINE | re.IGNORECASE)
_IN_SDP = re.compile(r"^a=crypto:", re.MULTILINE | re.IGNORECASE)


def _of_medium(session: str, medium: str) -> Security:
    if _BETWEEN_ENDS.search(medium) or _BETWEEN_ENDS.search(session):
        return Security.END_TO_END
    insists = "/SAVP" in medium.split("\n", 1)[0].upper()
    return Security.PROVIDER if insists and _IN_SDP.search(medium) else Security.CLEAR


Fingerprint = tuple[str, str]
"""The name of the hash, in small letters, and its hexadecimal digits, in capitals without colons."""


def fingerprints(body: str) -> frozenset[Fingerprint]:
    """The keys of DTLS-SRTP that ``body`` holds (RFC 8122 section 5), of whatever medium.

    A line that cannot be read counts as the fingerprint of nothing, which no proof can name.
    """
    lines = (_FINGERPRINT.match(line) for line in re.split("[\r\n]+", body))
    return frozenset(fingerprint(*_parted(line[1])) for line in lines if line)


def fingerprint(hash_name: str, digits: str) -> Fingerprint:
    """The one form in which fingerprints are compared (RFC 8225 section 5.2.2)."""
    return hash_name.lower(), digits.replace(":", "").upper()


def _parted(value: str) -> tuple[str, str]:
    words = value.split()
    return (words[0], words[1]) if len(words) == 2 else ("", value)
