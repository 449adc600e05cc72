"""The thread that plays loops, on a PCM that does what the test wants."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from firmware.phone.audio.countries import ToneSpec
from firmware.phone.audio.melodies import Sound
from firmware.phone.audio.player import LoopPlayer, Rendered, retry_delay
from firmware.phone.clock import SystemClock
from firmware.phone.errors import HardwareError
from tests.rig.processes import wait_until

ONE, OTHER = ToneSpec((425,)), ToneSpec((440,))
LOOP = {ONE: bytes(range(100)) * 2, OTHER: b"\xff\xee" * 7}


def render(sound: Sound) -> Rendered:
    assert isinstance(sound, ToneSpec)
    return Rendered(LOOP[sound])


PERIOD = 8


@dataclass
class Device:
    """``room``: frames that fit at the next write."""

    trouble: str = ""
    room: Callable[[int], int] = lambda asked: asked
    open: int = 0
    opened: int = 0
    tries: int = 0
    writes: int = 0
    heard: bytearray = field(default_factory=bytearray)
    hold: threading.Event | None = None

    def open_pcm(self) -> Device:
        self.tries += 1
        if self.trouble:
            raise HardwareError(self.trouble)
        self.open += 1
        self.opened += 1
        return self

    def write(self, data: bytes) -> int:
        self.writes += 1
        if self.trouble:
            raise HardwareError(self.trouble)
        taken = min(self.room(len(data) // 2), len(data) // 2)
        self.heard += data[: 2 * taken]
        return taken

    def close(self) -> None:
        if self.hold:
            self.hold.wait(5)
        self.open -= 1


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def player(device: Device) -> Iterator[LoopPlayer]:
    made = LoopPlayer("handset", device.open_pcm, render, PERIOD, 0.002, 2, SystemClock())
    made.start()
    looked_once(device)
    yield made
    made.stop()


def looked_once(device: Device) -> None:
    """Wait until the player has seen that the device is there, and forget it."""
    wait_until(lambda: device.opened == 1 and not device.open, 5, "the look at the start", every=0.001)
    device.tries = device.opened = 0


@dataclass
class Watched:
    """A player that tells, with times that a test can wait for."""

    device: Device = field(default_factory=Device)
    told: list[str] = field(default_factory=list)
    in_use: bool = False
    replugged: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.player = LoopPlayer(
            "handset",
            self.device.open_pcm,
            render,
            PERIOD,
            0.002,
            2,
            SystemClock(),
            self.told.append,
            lambda: self.in_use,
            lambda: bool(self.replugged and self.replugged.pop()),
        )


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr("firmware.phone.audio.player.LASTING_S", 0.05)
    monkeypatch.setattr("firmware.phone.audio.player.PROBE_EVERY_S", 0.1)
    made = Watched()
    yield made
    made.player.stop()


def test_the_loop_goes_round_without_a_gap(device: Device, player: LoopPlayer) -> None:
    takes = iter([5, 0, 1, 3] * 1000)
    device.room = lambda asked: min(asked, next(takes))
    player.play(ONE)
    wait_until(lambda: len(device.heard) > 600, 5, "three rounds")
    player.silence()
    rounds = LOOP[ONE] * (len(device.heard) // len(LOOP[ONE]) + 1)
    assert bytes(device.heard) == rounds[: len(device.heard)]


def test_another_tone_follows_in_the_same_pcm_from_its_beginning(device: Device, player: LoopPlayer) -> None:
    player.play(ONE)
    wait_until(lambda: device.heard, 5, "sound")
    player.play(OTHER)
    wait_until(lambda: LOOP[OTHER] * 2 in device.heard, 5, "the other tone")
    player.silence()
    assert device.opened == 1


def test_the_same_tone_again_does_not_start_anew(device: Device, player: LoopPlayer) -> None:
    for _ in range(20):
        player.play(ToneSpec((425,)))
        device.writes = 0
        wait_until(lambda: device.writes, 5, "a write")
    player.silence()
    rounds = LOOP[ONE] * (len(device.heard) // len(LOOP[ONE]) + 1)
    assert bytes(device.heard) == rounds[: len(device.heard)]


def test_a_pcm_without_pace_does_not_make_it_spin(device: Device, player: LoopPlayer) -> None:
    player.play(ONE)
    wait_until(lambda: device.writes > 5, 5, "writes")
    first, began = device.writes, time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.3, 5, "0.3 s")
    assert device.writes - first <= 0.3 / 0.001 * 1.2, "more than two periods in the time of one"


def test_a_full_pcm_does_not_make_it_spin(device: Device, player: LoopPlayer) -> None:
    device.room = lambda asked: 0
    player.play(ONE)
    wait_until(lambda: device.writes > 5, 5, "writes")
    first, began = device.writes, time.monotonic()
    wait_until(lambda: time.monotonic() - began > 0.3, 5, "0.3 s")
    assert device.writes - first <= 0.3 / 0.001 * 1.2


def test_a_pcm_that_takes_nothing_is_opened_again(
    device: Device, player: LoopPlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.phone.audio.player.STALL_S", 0.05)
    device.room = lambda asked: 0
    player.play(ONE)
    wait_until(lambda: device.opened >= 3, 5, "another open")
    assert "took no sound" in player.trouble
    device.room = lambda asked: asked
    wait_until(lambda: not player.trouble, 5, "sound")


def test_a_pcm_that_vanishes_is_tried_again_and_logged_once(
    device: Device, player: LoopPlayer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sottovoce.audio")
    player.play(ONE)
    wait_until(lambda: device.heard, 5, "sound")
    device.trouble = "the card is gone"
    wait_until(lambda: device.tries >= 4, 5, "three tries to open")
    assert device.open == 0
    assert player.trouble == "the card is gone"
    device.trouble = ""
    device.heard.clear()
    wait_until(lambda: device.heard, 5, "sound again")
    wait_until(lambda: not player.trouble, 5, "no trouble")
    assert caplog.messages == ["handset: no sound: the card is gone", "handset: sound is back"]


def test_tries_are_a_tenth_of_a_second_apart(device: Device, player: LoopPlayer) -> None:
    device.trouble = "busy"
    began = time.monotonic()
    player.play(ONE)
    wait_until(lambda: device.tries >= 4, 5, "three tries again")
    assert time.monotonic() - began > 0.28


def test_after_ten_seconds_tries_get_rare() -> None:
    assert [retry_delay(seconds) for seconds in (0, 9.9, 10, 1000)] == [0.1, 0.1, 2.0, 2.0]


def test_a_new_tone_is_tried_often_again(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ten seconds count from the first failure of this tone, not of one long ago."""
    monkeypatch.setattr("firmware.phone.audio.player.QUICK_FOR_S", 0.15)
    device.trouble = "busy"
    player = LoopPlayer("handset", device.open_pcm, render, PERIOD, 0.002, 2, SystemClock())
    player.start()
    player.play(ONE)
    wait_until(lambda: device.tries >= 3, 5, "the quick tries")
    player.silence()
    before = device.tries
    wait_until(lambda: device.tries == before, 1, "rest")
    player.play(ONE)
    wait_until(lambda: device.tries >= before + 2, 1, "quick tries again")
    player.stop()


def test_silence_ends_the_wait_for_the_next_try(device: Device, player: LoopPlayer) -> None:
    device.trouble = "busy"
    player.play(ONE)
    wait_until(lambda: device.tries >= 1, 5, "a try")
    player.silence()
    device.trouble = ""
    player.play(OTHER)
    wait_until(lambda: device.heard, 0.09, "sound at once", every=0.005)


def test_silence_does_not_wait_for_ever_for_a_device_that_does_not_let_go(
    device: Device, player: LoopPlayer, caplog: pytest.LogCaptureFixture
) -> None:
    device.hold = threading.Event()
    player.play(ONE)
    wait_until(lambda: device.heard, 5, "sound")
    began = time.monotonic()
    player.silence()
    assert 0.15 < time.monotonic() - began < 1
    assert "was not closed" in caplog.text
    device.hold.set()
    wait_until(lambda: device.open == 0, 5, "the close")


def test_a_fault_in_our_own_code_ends_the_thread_loudly(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", crashed.append)
    nothing: dict[Sound, Rendered] = {}
    player = LoopPlayer("handset", device.open_pcm, nothing.__getitem__, PERIOD, 0.002, 2, SystemClock())
    player.start()
    player.play(ONE)
    wait_until(lambda: crashed, 5, "the crash")
    assert crashed[0].exc_type is KeyError
    assert device.open == 0, "the PCM is closed even then"
    player.silence()
    player.stop()


def test_a_device_that_is_missing_at_the_start_is_told_until_it_is_there(watched: Watched) -> None:
    """No tone is wanted; nothing is written to look."""
    watched.device.trouble = "no such card"
    watched.player.start()
    wait_until(lambda: watched.told == ["no such card"], 2, "the trouble to be told")
    before, began = watched.device.tries, time.monotonic()
    wait_until(lambda: watched.device.tries >= before + 3, 2, "further looks")
    assert time.monotonic() - began > 0.18, "looks are far apart"
    assert watched.told == ["no such card"], "told once"
    watched.device.trouble = ""
    wait_until(lambda: watched.told == ["no such card", ""], 2, "the end of the trouble")
    tries = watched.device.tries
    time.sleep(0.3)
    assert watched.device.tries == tries, "a device that works is left alone"
    assert watched.device.writes == 0
    assert watched.device.open == 0


def test_a_device_that_fails_under_a_tone_is_told_and_watched_after_it(watched: Watched) -> None:
    watched.player.start()
    watched.player.play(ONE)
    wait_until(lambda: watched.device.heard, 2, "sound")
    watched.device.trouble = "gone"
    wait_until(lambda: watched.told == ["gone"], 2, "the trouble to be told")
    watched.player.silence()
    watched.device.trouble = ""
    wait_until(lambda: watched.told == ["gone", ""], 2, "the end of the trouble, without a tone")


def test_a_device_that_is_busy_for_a_moment_is_not_told(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voice closes it while the next tone is wished already."""
    monkeypatch.setattr("firmware.phone.audio.player.LASTING_S", 1.0)
    watched.player.start()
    looked_once(watched.device)
    watched.device.trouble = "busy"
    watched.player.play(ONE)
    wait_until(lambda: watched.device.tries >= 2, 2, "a second try")
    watched.device.trouble = ""
    wait_until(lambda: watched.device.heard, 2, "sound")
    assert watched.told == []


def test_a_device_in_use_is_not_looked_at(watched: Watched) -> None:
    """Neither is it stolen, nor taken for missing."""
    watched.in_use = True
    watched.player.start()
    time.sleep(0.2)
    assert watched.device.tries == 0
    watched.in_use = False
    wait_until(lambda: watched.device.tries == 1, 2, "the look after it")


def test_a_device_that_vanishes_while_nothing_sounds_is_told(watched: Watched) -> None:
    watched.player.start()
    looked_once(watched.device)
    watched.device.trouble = "pulled out"
    time.sleep(0.25)
    assert watched.device.tries == 0, "without a sign nothing is opened"
    watched.replugged.append(True)
    wait_until(lambda: watched.told == ["pulled out"], 2, "the trouble to be told")


def test_what_was_asked_for_is_told_even_if_nothing_changed(watched: Watched) -> None:
    watched.player.start()
    looked_once(watched.device)
    watched.player.probe(0.05)
    wait_until(lambda: watched.told == [""], 2, "the answer")
    watched.device.trouble = "gone"
    watched.player.probe()
    wait_until(lambda: watched.told == ["", "gone"], 2, "the trouble")
    watched.player.probe()
    wait_until(lambda: watched.told == ["", "gone", "gone"], 2, "the trouble again")


def test_silence_waits_for_a_look_that_is_going_on(watched: Watched) -> None:
    watched.device.hold = threading.Event()
    watched.player.start()
    wait_until(lambda: watched.device.open, 2, "the look")
    threading.Timer(0.1, watched.device.hold.set).start()
    watched.player.silence()
    assert watched.device.open == 0


def test_what_is_heard_once_comes_first(device: Device) -> None:
    """And the loop then goes round without it."""
    once, loop = bytes(range(200, 230)), bytes(range(50)) * 2
    made = LoopPlayer(
        "handset",
        device.open_pcm,
        lambda sound: Rendered(once + loop, len(once)),
        PERIOD,
        0.002,
        2,
        SystemClock(),
    )
    made.start()
    looked_once(device)
    takes = iter([5, 0, 1, 3] * 1000)
    device.room = lambda asked: min(asked, next(takes))
    made.play(ONE)
    wait_until(lambda: len(device.heard) > 450, 5, "four rounds")
    made.stop()
    rounds = once + loop * (len(device.heard) // len(loop) + 1)
    assert bytes(device.heard) == rounds[: len(device.heard)]


def test_a_sound_is_made_ready_before_it_is_wanted(device: Device) -> None:
    rendered: list[Sound] = []

    def noted(sound: Sound) -> Rendered:
        rendered.append(sound)
        return render(sound)

    made = LoopPlayer("handset", device.open_pcm, noted, PERIOD, 0.002, 2, SystemClock(), first=ONE)
    made.start()
    wait_until(lambda: rendered == [ONE], 5, "the first sound")
    made.prepare(OTHER)
    wait_until(lambda: rendered == [ONE, OTHER], 5, "the other sound")
    assert not device.heard
    made.stop()
