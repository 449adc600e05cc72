"""That the clock was set is known to the programs that wait for it, though they cannot ask the kernel."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator

import pytest

from tests.vm.debian import guest
from tests.vm.debian.world import World

ASK = {
    "phone": "from firmware.phone.timefloor import synchronised as asked",
    "update": "from firmware.updater.__main__ import synchronised as asked",
}
KERNEL = "from firmware.synchronised import kernel_says; print(kernel_says())"
_ADJ_MAXERROR, _ADJ_ESTERROR, _ADJ_STATUS = 0x0004, 0x0008, 0x0010
_STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """The first of struct timex on 64-bit Linux (adjtimex(2))."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 208),
    )


def tell_kernel(status: int) -> None:
    """What a time service tells the kernel."""
    said = _Timex(_ADJ_MAXERROR | _ADJ_ESTERROR | _ADJ_STATUS, 0, 0, 1000, 1000, status)
    assert ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(said)) >= 0, ctypes.get_errno()


@pytest.fixture(autouse=True)
def clock(world: World) -> Iterator[None]:
    """Nobody else tells the kernel anything meanwhile."""
    guest.run("systemctl", "stop", "chrony")
    yield
    tell_kernel(_STA_UNSYNC)
    guest.run("systemctl", "start", "chrony")


def knows(unit: str) -> bool:
    said = guest.in_sandbox(unit, f"{ASK[unit]}\nprint(asked())\n").strip()
    assert said in ("True", "False")
    return said == "True"


WITHIN_S = 15
"""The clock's watcher looks every ten seconds."""


@pytest.mark.parametrize("unit", ASK)
def test_it_is_known_that_the_clock_was_set_and_that_it_was_not(unit: str) -> None:
    tell_kernel(_STA_UNSYNC)
    time.sleep(WITHIN_S)
    assert not knows(unit)
    tell_kernel(0)
    time.sleep(WITHIN_S)
    assert knows(unit)


@pytest.mark.parametrize("unit", ASK)
def test_without_the_watcher_it_is_not_known(unit: str) -> None:
    """Which is why there is one: what anybody else may ask the kernel, they may not."""
    tell_kernel(0)
    assert guest.run("runuser", "-u", "nobody", "--", guest.PYTHON, "-I", "-c", KERNEL).strip() == "True"
    guest.run("systemctl", "stop", "sottovoce-clock")
    try:
        assert not knows(unit)
    finally:
        guest.run("systemctl", "start", "sottovoce-clock")
