"""Session descriptions as they leave the phone: nothing in them names the software or the machine. Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"^s=[^\r\n]*", re.MULTILINE)
_ORIGIN = re.compile(r"^o=\S+ ", re.MULTILINE)
_TOOL = re.compile(r"^a=tool:.*\r?\n", re.MULTILINE)


def scrubbed(sdp: str) -> str:
    """``sdp`` with ``s=-`` and ``o=-`` (RFC 8866 sections 5.2 and 5.3) and without ``a=tool``."""
    sdp = _NAME.sub("s=-", sdp, count=1)
    sdp = _ORIGIN.sub("o=- ", sdp, count=1)
    return _TOOL.sub("", sdp)
