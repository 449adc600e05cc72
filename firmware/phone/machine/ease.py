"""Slow keys, and the light of every sound: for who presses with difficulty, or does not hear. Pure.

::

    slow_keys       key down ──held so many ms──► it counts        let go before: it never was
    sound_lights    the ringing light: dial tone lit · far end rings slow · busy, warning fast

What rings or waits lights that light anyhow.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Hook, Light, Pattern, Tone

OF_TONE = {
    Tone.DIAL: Pattern.ON,
    Tone.DIAL_BLIND: Pattern.ON,
    Tone.MESSAGE_WAITING: Pattern.SLOW,
    Tone.RINGBACK: Pattern.SLOW,
    Tone.CONFIRMATION: Pattern.ON,
    Tone.CALL_WAITING: Pattern.FAST,
    Tone.BUSY: Pattern.FAST,
    Tone.CONGESTION: Pattern.FAST,
    Tone.WARNING: Pattern.FAST,
}

SPEECH_RATE = 16_000
"""Samples of speech in a second."""

Result = tuple[State, tuple[do.Command, ...]]

LAMPS = (Light.LAMP_1, Light.LAMP_2, Light.LAMP_3, Light.LAMP_4)
"""The lights beside keys, for the first four contacts with ``busy_lamp``."""


def slowed(rules: Rules, state: State, event: on.Event, now: float) -> tuple[State, tuple[on.Event, ...]]:
    """The events that ``event`` is, to a telephone whose keys count only when they are held."""
    held, least = state.slow_key, rules.config.accessibility.slow_keys / 1000
    if not least and held is None:
        return state, (event,)
    match event:
        case on.KeyPressed(pressed) if least:
            return replace(state, slow_key=(pressed, now)), ()
        case on.KeyReleased(pressed) if held is not None and held[0] == pressed:
            if now - held[1] < least:
                return replace(state, slow_key=None), ()
            return replace(state, slow_key=None), (on.KeyPressed(pressed), event)
        case on.Tick() if held is not None and now - held[1] >= least:
            return replace(state, slow_key=None), (on.KeyPressed(held[0]), event)
    return state, (event,)


def deadlines(rules: Rules, state: State) -> list[float]:
    """When, in monotonic seconds, a key that is held counts, or a chirp ends."""
    held = state.slow_key
    counts = [] if held is None else [held[1] + rules.config.accessibility.slow_keys / 1000]
    ends = [] if state.speaks_until is None else [state.speaks_until]
    return counts + ends + ([] if state.chirp is None else [state.chirp[1]])


def speech(rules: Rules, state: State, event: on.SpeechMade, now: float) -> Result:
    """What was to be said is ready. In a call, or with one that rings, nothing is said."""
    if event.trouble:
        return replace(state, news=event.trouble, news_at=now), ()
    if state.live is not None or event.aloud is not (state.hook is Hook.ON):
        return state, ()
    if not event.samples:
        return replace(state, speaks_until=None), (do.Speak(b"", event.aloud),)
    lasts = len(event.samples) / 2 / SPEECH_RATE
    return replace(state, speaks_until=now + lasts), (do.Speak(event.samples, event.aloud),)


def quiet(before: State, state: State, now: float) -> Result:
    """After every event: the text is over, or the handset was moved, or a call is there."""
    until = state.speaks_until
    moved = state.hook is not before.hook or state.live is not None
    if until is None or (now < until and not moved):
        return state, ()
    return replace(state, speaks_until=None), (do.Speak(b"", before.hook is Hook.ON),)


def sound_light(rules: Rules, tone: Tone | None, *, reminds: bool) -> Pattern:
    """What the ringing light does for what sounds in the handset."""
    if not rules.config.accessibility.sound_lights:
        return Pattern.OFF
    if tone is not None:
        return OF_TONE[tone]
    return Pattern.SLOW if reminds else Pattern.OFF
