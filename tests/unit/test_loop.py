"""The loop: order of commands, requests, crashes, the watchdog."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock, SystemClock
from firmware.phone.loop import MOST_WAITING, Loop, Overrun, differences
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.presence import Grant, Sees
from firmware.phone.values import CallId, Hook, Light, Party, Pattern, SubscriptionId, SwitchPosition, Tone

RULES = Rules(domain="phone.test", identity="Alice")


class Recorder:
    def __init__(self) -> None:
        self.done: list[do.Command] = []

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)

    def kinds(self) -> list[type]:
        return [type(command) for command in self.done if not isinstance(command, do.Show)]


class CountingNotifier(Notifier):
    def __init__(self, watchdog: float | None = None) -> None:
        super().__init__({})
        self.watchdog_seconds = watchdog
        self.alive_count = 0
        self.on_alive: Callable[[], object] = lambda: None

    def alive(self) -> None:
        self.alive_count += 1
        self.on_alive()


def make(notifier: Notifier | None = None) -> tuple[Loop, Recorder]:
    recorder = Recorder()
    clock = FakeClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    return Loop(RULES, clock, recorder, notifier or Notifier({})), recorder


def run(loop: Loop) -> None:
    """Work through what was posted, then stop."""
    loop.stop()
    loop.run()


def test_events_become_commands_and_outputs() -> None:
    loop, recorder = make()
    loop.post(on.PrivacySwitched(SwitchPosition.OPEN))
    loop.post(on.HookChanged(Hook.OFF))
    run(loop)
    assert do.PlayTone(Tone.DIAL) in recorder.done
    assert recorder.done.index(do.SetLight(Light.PRIVACY, Pattern.SLOW)) < recorder.done.index(
        do.SetLight(Light.PRIVACY, Pattern.OFF)
    ), "the light starts as private and follows the switch"


def test_the_ringer_follows_the_state() -> None:
    loop, recorder = make()
    loop.post(on.IncomingCall(CallId(2), Party("sip:bob@phone.test")))
    loop.post(on.HookChanged(Hook.OFF))
    run(loop)
    rings = [command.on for command in recorder.done if isinstance(command, do.Ring)]
    assert rings == [True, False]


def test_a_tone_stops_before_the_voice_opens_and_after_it_closes() -> None:
    ringback, voice = Outputs(tone=Tone.RINGBACK), Outputs(voice=True)
    assert differences(ringback, voice) == (do.PlayTone(None), do.OpenVoice())
    assert differences(voice, Outputs(tone=Tone.BUSY)) == (do.CloseVoice(), do.PlayTone(Tone.BUSY))
    assert differences(voice, voice) == ()


def test_a_request_sees_the_effect_of_what_came_before() -> None:
    loop, _ = make()
    loop.post(on.HookChanged(Hook.OFF))
    answer = loop.request(lambda it: it.state.hook)
    run(loop)
    assert answer.result(0) is Hook.OFF


def test_a_refused_request_goes_back_to_who_asked() -> None:
    loop, _ = make()

    def refuse(_: Loop) -> None:
        raise ValueError("not now")

    answer = loop.request(refuse)
    run(loop)
    with pytest.raises(ValueError, match="not now"):
        answer.result(0)


def test_a_fault_of_ours_in_a_request_ends_the_loop() -> None:
    loop, _ = make()
    loop.request(lambda it: it.missing)  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        run(loop)


def test_a_crashed_thread_ends_the_loop() -> None:
    loop, _ = make()
    loop.crash(RuntimeError("the SIP thread died"))
    with pytest.raises(RuntimeError, match="SIP thread"):
        run(loop)


def test_what_cannot_be_done_now_is_said() -> None:
    loop, recorder = make()
    assert "nothing to answer" in loop.handle(on.AnswerAsked())
    assert "no call" in loop.handle(on.HangUpAsked())
    assert loop.handle(on.DialAsked("sip:bob@phone.test")) == ""
    assert "in progress" in loop.handle(on.DialAsked("sip:eve@phone.test"))
    assert recorder.kinds().count(do.PlaceCall) == 1


def test_the_same_screen_is_shown_once() -> None:
    loop, recorder = make()
    loop.post(on.KeyReleased("1"))
    loop.post(on.KeyReleased("1"))
    run(loop)
    assert len([command for command in recorder.done if isinstance(command, do.Show)]) == 1


def test_the_watchdog_is_fed_while_nothing_happens() -> None:
    notifier = CountingNotifier(watchdog=0.01)
    recorder = Recorder()
    loop = Loop(RULES, SystemClock(), recorder, notifier)
    enough = threading.Event()
    notifier.on_alive = lambda: enough.set() if notifier.alive_count >= 3 else None
    thread = threading.Thread(target=loop.run)
    thread.start()
    assert enough.wait(5)
    loop.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_digits_are_dialled_when_their_time_has_come() -> None:
    loop, recorder = make()
    clock = loop.clock
    assert isinstance(clock, FakeClock)
    loop.handle(on.HookChanged(Hook.OFF))
    loop.handle(on.KeyPressed("1"))
    clock.advance(3.9)
    loop.handle(on.Tick())
    assert do.PlaceCall not in recorder.kinds()
    clock.advance(0.2)
    loop.handle(on.Tick())
    assert do.PlaceCall in recorder.kinds()


def test_a_watcher_is_answered_then_told_and_at_midnight_the_grant_is_over() -> None:
    loop, recorder = make()
    loop.rules = Rules(domain="phone.test", grants=(Grant("sip:bob@phone.test", until=date(2026, 11, 23)),))
    clock, bob = loop.clock, SubscriptionId(1)
    assert isinstance(clock, FakeClock)
    loop.handle(on.PrivacySwitched(SwitchPosition.OPEN))
    loop.handle(on.WatcherAsked(bob, "sip:bob@phone.test", "presence"))
    loop.handle(on.PrivacySwitched(SwitchPosition.PRIVATE))
    clock.advance(12 * 3600 - 1)
    loop.handle(on.Tick())
    clock.advance(2)
    loop.handle(on.Tick())
    told = [c for c in recorder.done if isinstance(c, do.GrantWatcher | do.NotifyWatcher | do.RefuseWatcher)]
    assert told == [
        do.GrantWatcher(bob),
        do.NotifyWatcher(bob, Sees.OPEN),
        do.NotifyWatcher(bob, Sees.CLOSED),
        do.RefuseWatcher(bob, 403),
    ]


def test_events_beyond_all_measure_end_the_process_instead_of_filling_the_memory() -> None:
    loop, _ = make()
    for _ in range(MOST_WAITING + 500):
        loop.post(on.Tick())
    assert loop._queue.qsize() == MOST_WAITING + 1, "one word of it"
    loop.stop()
    with pytest.raises(Overrun, match="Tick"):
        loop.run()
