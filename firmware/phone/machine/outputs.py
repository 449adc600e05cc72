"""What is to be heard, seen and open in a given state. Pure, so that nothing can be left ringing.

The loop compares the outputs before and after each step and tells the drivers the differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from firmware.phone.display import screens
from firmware.phone.machine import menu
from firmware.phone.machine.rules import (
    DIAL_TONE,
    END_TONE,
    ENDED_KEPT,
    ENDED_SHOWN,
    HOWL,
    PRE_DIAL,
    RING_LIMIT,
    Rules,
)
from firmware.phone.machine.state import Call, State
from firmware.phone.privacy import exposure
from firmware.phone.sip.headers import ANONYMOUS_URI
from firmware.phone.values import CallState, Direction, EndReason, Hook, Tone

_BUSY_TONE = {
    EndReason.BUSY,
    EndReason.PEER_HUNG_UP,
    EndReason.DECLINED,
    EndReason.NO_ANSWER,
    EndReason.HUNG_UP,
}
_SILENT_ENDS = {EndReason.CANCELLED, EndReason.REFUSED_BY_US}
_HINTS = {
    EndReason.NOT_REGISTERED: "Check the network",
    EndReason.NETWORK: "Check the network",
    EndReason.CERTIFICATE: "Ask your provider",
    EndReason.NO_COMMON_ENCRYPTION: "They cannot encrypt",
    EndReason.NOT_FOUND: "Check the number",
    EndReason.NO_ACCOUNT: "Dial a contact",
}


@dataclass(frozen=True)
class Outputs:
    """``voice``: microphone and earpiece are open and connected to the call."""

    tone: Tone | None = None
    ringing: bool = False
    voice: bool = False
    private: bool = True


def outputs(state: State, now: float) -> Outputs:
    live = state.live
    ringing = (
        live is not None
        and live.direction is Direction.IN
        and live.state is CallState.RINGING
        and not live.answering
        and state.hook is Hook.ON
    )
    voice = live is not None and live.voice and state.hook is Hook.OFF
    return Outputs(_tone(state, now), ringing, voice, exposure(state.switch).private)


def _tone(state: State, now: float) -> Tone | None:
    if state.hook is Hook.ON:
        return None
    live = state.live
    if live is not None:
        return Tone.RINGBACK if live.direction is Direction.OUT and live.state is CallState.RINGING else None
    if state.digits:
        return None
    last = state.last
    if last is not None:
        return _end_tone(last, now)
    lifted = now - state.hook_at
    if lifted < DIAL_TONE:
        return Tone.DIAL
    return Tone.CONGESTION if lifted < DIAL_TONE + HOWL else None


def _end_tone(call: Call, now: float) -> Tone | None:
    if call.reason in _SILENT_ENDS or now - call.since >= END_TONE:
        return None
    return Tone.BUSY if call.reason in _BUSY_TONE else Tone.CONGESTION


def screen(rules: Rules, state: State, now: float, wall: datetime) -> screens.Screen:
    """What the display shows in ``state``."""
    live = state.live
    if live is not None:
        return _live_screen(rules, state, live, now)
    if state.menu is not None:
        return menu.pages(rules, state, wall)
    if state.digits or (state.hook is Hook.OFF and state.last is None):
        return _dialling(rules, state)
    last = state.last
    if last is not None and last.reason and (state.hook is Hook.OFF or now - last.since < ENDED_SHOWN):
        return screens.Ended(
            last.peer.label, last.reason.value, last.seconds(now), _HINTS.get(last.reason, "")
        )
    return screens.Idle(
        clock=wall.strftime("%H:%M"),
        account=rules.identity if rules.domain else "",
        registration=state.registration,
        privacy=state.switch,
        missed=state.missed,
        notice=state.voice_trouble or state.store_trouble,
    )


def _dialling(rules: Rules, state: State) -> screens.Dialling:
    target = ""
    if state.digits:
        try:
            target = rules.resolve(state.digits).label
        except ValueError:
            target = "not in the contacts"
    return screens.Dialling(
        digits=state.digits,
        target="" if target == state.digits else target,
        they_see=rules.they_see(exposure(state.switch)),
        lifted=state.hook is Hook.OFF,
        notice=state.voice_trouble,
    )


def _live_screen(rules: Rules, state: State, call: Call, now: float) -> screens.Screen:
    lifted = state.hook is Hook.OFF
    if call.state is CallState.ACTIVE:
        return screens.InCall(
            peer=call.peer.label,
            direction=call.direction,
            seconds=call.seconds(now),
            security=call.media.security,
            privacy=state.switch,
            code=call.media.code,
            codec=call.media.codec,
            digits=call.digits,
            lifted=lifted,
            notice=state.voice_trouble,
        )
    if call.direction is Direction.IN:
        hidden = call.peer.uri.startswith(ANONYMOUS_URI)
        address = "" if hidden else call.peer.uri.removeprefix("sips:").removeprefix("sip:").split(";")[0]
        return screens.Ringing(call.peer.label, address, state.switch)
    progress = {CallState.DIALING: "Calling", CallState.RINGING: "Ringing"}.get(call.state, "Listen")
    they_see = rules.they_see(exposure(state.switch))
    return screens.Calling(call.peer.label, progress, they_see, state.switch, lifted, state.voice_trouble)


def deadline(rules: Rules, state: State, now: float, wall: datetime) -> float:
    """When, in monotonic seconds, something of this state changes by itself; at most a minute away."""
    times = [now + 60 - wall.second - wall.microsecond / 1e6]
    live = state.live
    if live is not None and live.answered_at is not None:
        times.append(live.answered_at + live.seconds(now) + 1)
    elif live is not None and live.state is CallState.RINGING:
        limit = rules.no_answer_timeout if live.direction is Direction.OUT else RING_LIMIT
        times.append(live.since + limit)
    if state.digits and live is None:
        times.append(state.keyed_at + (rules.digit_timeout if state.hook is Hook.OFF else PRE_DIAL))
    times += [
        state.hook_at + t for t in (DIAL_TONE, DIAL_TONE + HOWL) if state.hook is Hook.OFF and live is None
    ]
    times += menu.deadlines(state)
    times += [state.expiry_at] if state.expiry_at is not None else []
    for call in state.calls:
        if not call.live:
            times += [call.since + t for t in (ENDED_SHOWN, END_TONE, ENDED_KEPT)]
    return min(t for t in times if t > now)
