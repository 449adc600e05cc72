"""What the control socket asks for in calls: as the keys would, and refused with the reason. Pure."""

from __future__ import annotations

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.machine import functions, guarding, several, transfers
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.values import CallState, Feature

Result = tuple[State, tuple[do.Command, ...]]

LOCKED = "the telephone is locked; unlock it at the keypad: *, the PIN, #"


def ringing(state: State) -> Call | None:
    """The call that could be answered."""
    return next((call for call in state.lives if call.waits), None)


def why_not(state: State, event: on.Event) -> str:
    """Why a request of the control socket cannot be carried out now, for a person; "" when it can."""
    live = state.live
    if isinstance(event, on.DialAsked):
        return _why_not_dial(state, event)
    rings = ringing(state)
    if isinstance(event, on.AnswerAsked) and rings is None:
        return "no call is ringing; there is nothing to answer"
    if isinstance(event, on.AnswerAsked) and rings is not None and guarding.waits_for_answer(rings):
        return "the call is not encrypted; only a key of the telephone answers it: lift the handset, press 1"
    if state.locked and isinstance(event, on.PullAsked | on.WipeAsked | on.PlaceTyped):
        return LOCKED
    if isinstance(event, on.PullAsked):
        return "the contacts are being read already; wait a moment" if state.pulling else ""
    if isinstance(event, on.HangUpAsked) and live is None:
        return "there is no call to hang up"
    return _why_not_feature(state, event) if isinstance(event, on.FeatureAsked) else ""


def _why_not_dial(state: State, event: on.DialAsked) -> str:
    live = state.live
    if not event.uri:
        return "no number given; say whom to call"
    if state.locked and not event.emergency:
        return LOCKED
    if live is None or event.emergency:
        return ""
    if live.state is not CallState.HELD:
        return "a call is in progress; hang up or hold it first"
    if state.other is not None or live.transfer is not None:
        return "there are two calls already; end one first"
    return ""


def _why_not_feature(state: State, event: on.FeatureAsked) -> str:
    live = state.live
    if live is None or live.waits:
        return "there is no call; call somebody or answer first"
    if guarding.doubts(state, live) or state.referral is not None:
        return "the display asks something first; answer it with the keys of the telephone"
    if live.transfer is not None:
        return "the call is being transferred; wait"
    if state.locked and event.feature is Feature.TRANSFER:
        return LOCKED
    fit = {
        Feature.HOLD: live.state is CallState.ACTIVE and not state.conference,
        Feature.RESUME: live.state is CallState.HELD,
        Feature.SWAP: state.other is not None and live.answered_at is not None and not state.conference,
        Feature.END_TAKE: state.other is not None or state.waiting is not None,
        Feature.CONFERENCE: several.may_mix(state),
        Feature.TRANSFER: transfers.may(state) and bool(event.target or state.other),
        Feature.MUTE: live.state is CallState.ACTIVE,
        Feature.UNMUTE: state.muted,
    }
    return "" if fit[event.feature] else f"there is nothing to {event.feature.value} now; see: sotto status"


def feature(rules: Rules, state: State, event: on.FeatureAsked, now: float) -> Result:
    """Carry out what ``why_not`` has nothing against."""
    if _why_not_feature(state, event):
        return state, ()
    match event.feature:
        case Feature.HOLD:
            return functions.hold(rules, state, now)
        case Feature.RESUME:
            return functions.resume(rules, state, now)
        case Feature.SWAP:
            return functions.swap(rules, state, now)
        case Feature.END_TAKE:
            return functions.end_and_take(rules, state, now)
        case Feature.CONFERENCE:
            return several.mix(state, now)
        case Feature.TRANSFER if event.target:
            return transfers.to(rules, state, event.target, now)
        case Feature.TRANSFER:
            return transfers.begin(rules, state, now)
        case Feature.MUTE | Feature.UNMUTE:
            muted = event.feature is Feature.MUTE
            return (state, ()) if state.muted is muted else functions.mute(rules, state, now)
    return state, ()
