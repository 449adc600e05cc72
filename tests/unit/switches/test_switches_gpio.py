"""Hook and privacy switch on a fake board: broken wires, lost edges, lines that are taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.phone.board import SwitchesSpec
from firmware.phone.errors import HardwareError
from firmware.phone.events import HookChanged, PrivacySwitched
from firmware.phone.gpio import Gpio
from firmware.phone.switches.gpio import GpioSwitches
from firmware.phone.values import Hook, SwitchPosition
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio
from tests.rig.processes import wait_until

PRIVATE, OPEN, UNREADABLE = SwitchPosition.PRIVATE, SwitchPosition.OPEN, SwitchPosition.UNREADABLE
HOOK, PRIVATE_LINE, OPEN_LINE = 17, 22, 27
SPEC = SwitchesSpec("gpio", HOOK, "low", PRIVATE_LINE, OPEN_LINE)
Events = list[HookChanged | PrivacySwitched]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def at_open(rpi_gpio: RpiGpio, tmp_path: Path, events: Events) -> Iterator[GpioSwitches]:
    """Started with the switch at open."""
    rpi_gpio.ground(OPEN_LINE)
    made = GpioSwitches(SPEC, Gpio(tmp_path), reread_s=0.1)
    made.start(events.append)
    assert made.privacy() is OPEN
    events.clear()
    yield made
    made.stop()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda board: board.ground(OPEN_LINE, False), id="broken wire"),
        pytest.param(lambda board: board.ground(PRIVATE_LINE), id="short to ground"),
        pytest.param(lambda board: board.close(PRIVATE_LINE, OPEN_LINE), id="lines joined"),
    ],
)
def test_a_fault_closes(
    rpi_gpio: RpiGpio, at_open: GpioSwitches, events: Events, fault: Callable[[RpiGpio], None]
) -> None:
    fault(rpi_gpio)
    wait_until(lambda: events, 5, "the event", every=0.002)
    assert events == [PrivacySwitched(UNREADABLE)]
    assert at_open.privacy() is UNREADABLE


def test_it_closes_faster_than_it_opens(rpi_gpio: RpiGpio, at_open: GpioSwitches, events: Events) -> None:
    began = time.monotonic()
    rpi_gpio.ground(OPEN_LINE, False)
    wait_until(lambda: events, 5, "closing", every=0.001)
    closing = time.monotonic() - began
    began = time.monotonic()
    rpi_gpio.ground(OPEN_LINE)
    wait_until(lambda: events[-1] == PrivacySwitched(OPEN), 5, "opening", every=0.001)
    assert closing < 0.05 <= time.monotonic() - began


@pytest.mark.parametrize("line", [HOOK, OPEN_LINE])
def test_a_lost_edge_is_made_good(
    rpi_gpio: RpiGpio, at_open: GpioSwitches, events: Events, line: int
) -> None:
    rpi_gpio.lose_edges()
    rpi_gpio.ground(line, line == HOOK)
    wait_until(lambda: events, 5, "the event without an edge")
    assert events[0] == (HookChanged(Hook.OFF) if line == HOOK else PrivacySwitched(UNREADABLE))


def test_a_bouncing_hook_is_one_event(rpi_gpio: RpiGpio, at_open: GpioSwitches, events: Events) -> None:
    for _ in range(10):
        rpi_gpio.ground(HOOK)
        time.sleep(0.001)
        rpi_gpio.ground(HOOK, False)
        time.sleep(0.001)
    rpi_gpio.ground(HOOK)
    wait_until(lambda: events, 5, "the hook")
    assert events == [HookChanged(Hook.OFF)]


def test_it_reads_rarely_when_nothing_moves(rpi_gpio: RpiGpio, at_open: GpioSwitches) -> None:
    before, began = rpi_gpio.reads, time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.5, 5, "half a second")
    assert rpi_gpio.reads - before <= 3 * 6, "every 0.1 s here, every 5 s on a phone"


def test_hook_level_is_the_boards_choice(rpi_gpio: RpiGpio, tmp_path: Path) -> None:
    switches = GpioSwitches(SwitchesSpec("gpio", HOOK, "high", PRIVATE_LINE, OPEN_LINE), Gpio(tmp_path))
    switches.start(lambda event: None)
    assert switches.hook() is Hook.OFF
    switches.stop()


def test_a_switch_that_never_rests_is_unreadable_at_the_start(
    rpi_gpio: RpiGpio, tmp_path: Path, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each look comes another edge."""
    read = rpi_gpio.input

    def rattling(line: int) -> int:
        level = read(line)
        rpi_gpio.edge_now(OPEN_LINE)
        return level

    rpi_gpio.ground(OPEN_LINE)
    monkeypatch.setattr(rpi_gpio, "input", rattling)
    switches = GpioSwitches(SPEC, Gpio(tmp_path))
    began = time.monotonic()
    switches.start(events.append)
    taken = time.monotonic() - began
    position = switches.privacy()
    switches.stop()
    assert position is UNREADABLE
    assert taken < 1


def test_a_taken_line_names_what_it_is_for_and_releases_the_others(rpi_gpio: RpiGpio, tmp_path: Path) -> None:
    rpi_gpio.hold(OPEN_LINE, "fan")
    switches = GpioSwitches(SPEC, Gpio(tmp_path))
    with pytest.raises(HardwareError, match=r"GPIO 27 \(privacy switch, open\) is held by"):
        switches.start(lambda event: None)
    assert rpi_gpio.claimed() == {}
    assert switches.privacy() is UNREADABLE


def test_a_chip_that_vanishes_is_private_and_ends_the_thread_loudly(
    rpi_gpio: RpiGpio, at_open: GpioSwitches, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", crashed.append)
    rpi_gpio.broken = True
    wait_until(lambda: crashed, 5, "the crash")
    assert crashed[0].exc_type is HardwareError
    assert events == [PrivacySwitched(UNREADABLE)]
    assert at_open.privacy() is UNREADABLE
    at_open.stop()
