"""Session descriptions as they leave the phone: nothing in them names the software or the machine. Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_ORIGIN = re.compile(r"^o=\S+ ", re.MULTILINE)
_FINGERPRINT = re.compile(r"a\s*=\s*fingerprint\s*:\s*(.*)", re.IGNORECASE)
_TOOL = re.compile(r"^a=tool:.*\r?\n", re.MULTILINE)


def scrubbed(sdp: str) -> str:
    """``sdp`` with ``s=-`` and ``o=-`` (RFC 8866 sections 5.2 and 5.3) and without ``a=tool``."""
    sdp = _NAME.sub("s=-", sdp, count=1)
    sdp = _ORIGIN.sub("o=- ", sdp, count=1)
    return _TOOL.sub("", sdp)


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
