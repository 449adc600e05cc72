"""The machine is what the other tests take it for."""

from __future__ import annotations

from pathlib import Path

from firmware.phone.gpio import Gpio
from tests.vm.desk import BOARD
from tests.vm.devices import Bench


def test_it_has_no_network_but_loopback() -> None:
    assert [path.name for path in Path("/sys/class/net").iterdir()] == ["lo"]


def test_the_board_finds_its_chip_by_its_label(bench: Bench, tmp_path: Path) -> None:
    gpio = Gpio(tmp_path, BOARD.gpio.chip)
    gpio.open()
    gpio.claim_input(BOARD.switches.hook, "hook switch")
    assert gpio.high(BOARD.switches.hook, "hook switch")
    bench.ground(BOARD.switches.hook)
    assert not gpio.high(BOARD.switches.hook, "hook switch")
    gpio.release([BOARD.switches.hook])


def test_the_root_of_the_build_machine_cannot_be_written() -> None:
    """What is written here is gone with the machine: the layer above the root is in memory."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    assert ("overlay", "/") in [(kind, at) for _, at, kind, *_ in mounts]
