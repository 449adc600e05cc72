"""Whether a time service keeps the clock right: one program asks the kernel, and a file tells the others.

systemd's ``ProtectClock=`` refuses adjtimex(2) altogether, to those too who only read. The telephone and the
updater keep that line, so they cannot ask; ``python -m firmware.synchronised`` asks in their place, in a unit
that can do nothing else (systemd/README.md). Where the kernel can be asked, as on a desk, it is.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

FILE = Path("/run/sottovoce-clock/synchronised")
"""There while the clock is kept right, and touched at each look."""

FRESH_S = 60.0
"""An older file is believed no more: who touches it has gone, or the clock was moved since."""

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMEX_OCTETS = 256
_STATUS_AT = 40
"""Where the kernel's struct timex has its status on 64-bit Linux, octets (adjtimex(2))."""


def synchronised(file: Path = FILE) -> bool:
    """Whether the clock is being kept right, as far as this program can know it; in doubt it is not."""
    return told(file) or kernel_says()


def told(file: Path) -> bool:
    try:
        return abs(time.time() - os.stat(file).st_mtime) < FRESH_S
    except OSError:
        return False


def kernel_says() -> bool:
    """What adjtimex(2) says; where it may not be asked: no."""
    timex = ctypes.create_string_buffer(_TIMEX_OCTETS)  # modes = 0: only read
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    status = int.from_bytes(timex.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return 0 <= state < _TIME_ERROR and not status & _STA_UNSYNC
