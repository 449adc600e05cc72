"""The keypad's thread on a fake board: sleep and wake, shorts, jams, lines that are taken."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.board import KeypadSpec
from firmware.phone.errors import HardwareError
from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.gpio import GpioKeypad
from tests.contract.rpi_gpio import RpiGpio
from tests.contract.rpi_gpio import rpi_gpio as rpi_gpio
from tests.rig.processes import wait_until

SPEC = KeypadSpec("gpio", rows=(5, 6, 12, 13), columns=(16, 26, 25), debounce_ms=20, jam_s=1)
ONE, TWO, FOUR, FIVE = (5, 16), (5, 26), (6, 16), (6, 26)
Events = list[KeyPressed | KeyReleased]


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def keypad(rpi_gpio: RpiGpio, tmp_path: Path, events: Events) -> Iterator[GpioKeypad]:
    made = GpioKeypad(SPEC, Gpio(tmp_path))
    made.start(events.append)
    yield made
    made.stop()


def at_rest(board: RpiGpio) -> bool:
    """No line is read for 50 ms."""
    before, began = board.reads, time.monotonic()
    while time.monotonic() - began < 0.05:
        if board.reads != before:
            return False
        time.sleep(0.005)
    return True


def await_events(events: Events, *wanted: KeyPressed | KeyReleased) -> None:
    wait_until(lambda: len(events) >= len(wanted), 5, f"{wanted}, got {events}", every=0.002)
    assert tuple(events) == wanted


def test_nothing_runs_while_no_key_is_pressed(rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events) -> None:
    wait_until(lambda: at_rest(rpi_gpio), 5, "rest")
    rpi_gpio.close(*ONE)
    await_events(events, KeyPressed("1"))
    assert not at_rest(rpi_gpio)
    rpi_gpio.open(*ONE)
    await_events(events, KeyPressed("1"), KeyReleased("1"))
    wait_until(lambda: at_rest(rpi_gpio), 5, "rest again")


def test_the_time_from_key_to_event(rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events) -> None:
    """Debounce time and a scan or two; far more only on a machine that has no time."""
    taken = []
    for _ in range(20):
        events.clear()
        began = time.monotonic()
        rpi_gpio.close(*ONE)
        wait_until(lambda: events, 5, "the press", every=0.0005)
        taken.append(time.monotonic() - began)
        rpi_gpio.open(*ONE)
        await_events(events, KeyPressed("1"), KeyReleased("1"))
    assert min(taken) >= 0.019, "the scan counts whole milliseconds"
    assert sorted(taken)[10] < 0.02 + 0.015


def test_a_bouncing_contact_is_one_press(rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events) -> None:
    for _ in range(8):
        rpi_gpio.close(*FIVE)
        time.sleep(0.001)
        rpi_gpio.open(*FIVE)
        time.sleep(0.001)
    rpi_gpio.close(*FIVE)
    await_events(events, KeyPressed("5"))
    rpi_gpio.open(*FIVE)
    await_events(events, KeyPressed("5"), KeyReleased("5"))


def test_a_key_that_is_down_at_the_start_is_seen(rpi_gpio: RpiGpio, tmp_path: Path, events: Events) -> None:
    """No edge comes for it."""
    rpi_gpio.close(*FOUR)
    keypad = GpioKeypad(SPEC, Gpio(tmp_path))
    keypad.start(events.append)
    await_events(events, KeyPressed("4"))
    keypad.stop()


def test_two_keys_never_join_a_high_and_a_low_output(
    rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events
) -> None:
    rpi_gpio.close(*ONE)
    rpi_gpio.close(*FOUR)
    wait_until(lambda: len(events) == 2, 5, "both keys")
    assert set(events) == {KeyPressed("1"), KeyPressed("4")}
    assert rpi_gpio.shorts == 0


def test_a_ghost_on_real_lines(rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events) -> None:
    """1 and 2, then 4 as well: the fourth corner reads as closed by itself."""
    rpi_gpio.close(*ONE)
    rpi_gpio.close(*TWO)
    wait_until(lambda: len(events) == 2, 5, "1 and 2")
    rpi_gpio.close(*FOUR)
    reads = rpi_gpio.reads
    wait_until(lambda: rpi_gpio.reads > reads + 12 * 10, 5, "ten scans")
    assert len(events) == 2
    rpi_gpio.open(*ONE)
    wait_until(lambda: len(events) == 4, 5, "the end of the doubt")
    assert events[2:] == [KeyReleased("1"), KeyPressed("4")]


def test_a_jammed_key_is_logged_once_released_once_and_looked_at_rarely(
    rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    rpi_gpio.close(*ONE)
    await_events(events, KeyPressed("1"), KeyReleased("1"))
    assert caplog.messages == ['key "1" is stuck: ignored until it opens']
    before, began = rpi_gpio.reads, time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.5, 5, "half a second")
    assert rpi_gpio.reads - before <= 15 * 24, "about 25 scans a second, not 200"
    rpi_gpio.close(*FIVE)
    await_events(events, KeyPressed("1"), KeyReleased("1"), KeyPressed("5"))
    rpi_gpio.open(*ONE)
    rpi_gpio.open(*FIVE)
    wait_until(lambda: at_rest(rpi_gpio), 5, "rest")
    assert len(caplog.messages) == 1


def test_a_taken_line_names_its_holder_and_releases_the_others(rpi_gpio: RpiGpio, tmp_path: Path) -> None:
    rpi_gpio.hold(26, "fan")
    keypad = GpioKeypad(SPEC, Gpio(tmp_path))
    with pytest.raises(HardwareError, match=r"GPIO 26 \(keypad column\) is held by .*; stop that"):
        keypad.start(lambda event: None)
    assert rpi_gpio.claimed() == {}
    keypad.stop()


def test_stop_releases_the_lines(rpi_gpio: RpiGpio, keypad: GpioKeypad) -> None:
    assert set(rpi_gpio.claimed()) == {*SPEC.rows, *SPEC.columns}
    keypad.stop()
    assert rpi_gpio.claimed() == {}


def test_a_chip_that_vanishes_ends_the_thread_loudly(
    rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", crashed.append)
    rpi_gpio.close(*ONE)
    await_events(events, KeyPressed("1"))
    rpi_gpio.broken = True
    wait_until(lambda: crashed, 5, "the crash")
    assert crashed[0].exc_type is HardwareError
    keypad.stop()


@pytest.mark.usefixtures("rpi_gpio")
def test_nothing_is_logged_in_a_quiet_life(keypad: GpioKeypad, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keypad.stop()
    assert caplog.messages == []


@pytest.fixture
def stuck(rpi_gpio: RpiGpio, tmp_path: Path, events: Events) -> Iterator[list[str]]:
    """What is told of stuck keys, while "1" is stuck."""
    told: list[str] = []
    keypad = GpioKeypad(SPEC, Gpio(tmp_path), on_stuck=told.append)
    keypad.start(events.append)
    rpi_gpio.close(*ONE)
    wait_until(lambda: told, 5, "the jam")
    events.clear()
    yield told
    keypad.stop()


def test_stuck_keys_are_told_and_that_they_are_free_again(
    rpi_gpio: RpiGpio, stuck: list[str], events: Events
) -> None:
    rpi_gpio.close(*FIVE)
    wait_until(lambda: len(stuck) == 2, 5, "the second jam")
    rpi_gpio.open(*ONE)
    rpi_gpio.open(*FIVE)
    wait_until(lambda: stuck[-1] == "", 5, "the end of the jams")
    assert stuck in (["1", "15", "5", ""], ["1", "15", "1", ""], ["1", "15", ""])


@pytest.mark.parametrize(("lines", "key"), [(FIVE, "5"), (FOUR, "4"), (TWO, "2")])
def test_a_short_touch_beside_a_stuck_key(
    rpi_gpio: RpiGpio, stuck: list[str], events: Events, lines: tuple[int, int], key: str
) -> None:
    """In another row and column, in the same column, in the same row."""
    for _ in range(5):
        events.clear()
        began = time.monotonic()
        rpi_gpio.close(*lines)
        wait_until(lambda: events, 5, "the press", every=0.0005)
        taken = time.monotonic() - began
        rpi_gpio.open(*lines)
        await_events(events, KeyPressed(key), KeyReleased(key))
        if taken < 0.08:
            break
    assert taken < 0.08, "one of five, whatever else this machine does"
    assert stuck == ["1"]
    assert rpi_gpio.shorts == 0


def test_a_stuck_key_does_not_hold_up_the_end(rpi_gpio: RpiGpio, tmp_path: Path) -> None:
    told: list[str] = []
    keypad = GpioKeypad(SPEC, Gpio(tmp_path), on_stuck=told.append)
    keypad.start(lambda event: None)
    rpi_gpio.close(*ONE)
    wait_until(lambda: told, 5, "the jam")
    keypad.stop()
    assert rpi_gpio.claimed() == {}


def test_a_long_press_is_one_press_and_one_release(
    rpi_gpio: RpiGpio, keypad: GpioKeypad, events: Events
) -> None:
    """How long is for whoever gets the two events to say."""
    rpi_gpio.close(*ONE)
    await_events(events, KeyPressed("1"))
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.5, 5, "half a second")
    rpi_gpio.open(*ONE)
    await_events(events, KeyPressed("1"), KeyReleased("1"))
