"""What was large goes back to the system when it is freed, also the second time."""

from __future__ import annotations

import subprocess
import sys

MEASURE = """
import ctypes, sys
from firmware.phone.heap import keep_small

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
        "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
if sys.argv[1] == "kept":
    keep_small()
del bytearray(4 << 20)[:]
block = bytearray(4 << 20)
print(libc.mallinfo2().hblkhd >= 4 << 20)
"""


def second_block_is_mapped(kept: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", MEASURE, kept], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_large_blocks_stay_mapped() -> None:
    assert second_block_is_mapped("kept") == "True"


def test_without_it_they_stay_in_the_heap() -> None:
    """What the measure above would say if nothing were done."""
    assert second_block_is_mapped("left") == "False"
