"""GPIO lines that another program has."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.values import Light
from tests.rig.lab import Lab
from tests.vm.desk import BOARD, Desk
from tests.vm.devices import Bench, Witness

GET_LINE, INPUT = 0xC250B407, 4
"""GPIO_V2_GET_LINE_IOCTL and GPIO_V2_LINE_FLAG_INPUT of linux/gpio.h."""


@pytest.fixture
def taken(bench: Bench) -> Iterator[str]:
    """The lines of the hook and of the privacy switch, held by "fan-control"."""
    lines = (BOARD.switches.hook, BOARD.switches.privacy_open)
    request = bytearray(592)
    struct.pack_into("<2I", request, 0, *lines)
    struct.pack_into("<32sQ", request, 256, b"fan-control", INPUT)
    struct.pack_into("<I", request, 560, len(lines))
    with Path(f"/dev/gpiochip{bench.chip}").open("rb") as chip:
        fcntl.ioctl(chip, GET_LINE, request)
    yield "fan-control"
    os.close(struct.unpack_from("<i", request, 588)[0])


def test_the_phone_goes_on_private_and_names_who_has_the_line(
    lab: Lab, bench: Bench, witness: Witness, taken: str
) -> None:
    registrar = lab.registrar()
    phone = lab.add(
        Desk(bench, witness, lab.folder, lab.kit.authority, registrar=registrar, address=lab.address())
    )
    phone.wait_registered(30)
    phone.process.wait_for(f'GPIO {BOARD.switches.hook} .*held by "{taken}"', 5)
    bench.ground(BOARD.switches.privacy_private, False)
    bench.ground(BOARD.switches.privacy_open)
    assert phone.status()["privacy"] != "open"
    phone.wait_glass(r"switch|held|line")
    phone.keep("line-taken")
    phone.keys("102")
    phone.wait_status(lambda s: s["digits"] == 3, 10, "the keypad to work")
    assert not phone.lit(Light.RINGING)
