"""One call from the first key to its end: placing, answering, ending it, and what the far end does. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.machine import (
    emergency,
    forwarding,
    guarding,
    helping,
    names,
    protection,
    screening,
    several,
    starcodes,
)
from firmware.phone.machine.protection import Protection
from firmware.phone.machine.rules import ASK_GUARD, ENDED_KEPT, MOST_CALLS, RING_LIMIT, Plan, Rules
from firmware.phone.machine.state import Call, Referral, State
from firmware.phone.machine.table import Move
from firmware.phone.privacy import EMERGENCY, STAR_CODE, exposure
from firmware.phone.values import CallId, CallState, Direction, EndReason, Hook, Party, Route, Security

BUSY_HERE = 486
TEMPORARILY_UNAVAILABLE = 480
NOT_ACCEPTABLE_HERE = 488
"""SIP status codes, RFC 3261 sections 21.4.24, 21.4.18 and 21.4.26."""

ONLY_HELP = phrase("Emergency only")

Result = tuple[State, tuple[do.Command, ...]]


def dial(rules: Rules, state: State, now: float) -> Result:
    """Call whom the digits mean. A star code alone waits for its number."""
    number = starcodes.split(rules.country, state.digits).number
    if not number:
        return state, ()
    try:
        plan = rules.plan(state.digits, state.picked)
    except ValueError:
        unknown = Call(_next_id(state), Direction.OUT, Party(number), CallState.DIALING, now)
        state = replace(state, digits="", placed=state.placed + 1)
        return state.with_call(unknown.over(EndReason.NO_ACCOUNT, now)), ()
    return begin(rules, state, replace(plan, party=names.named(rules, state, plan.party)), now)


def begin(rules: Rules, state: State, plan: Plan, now: float) -> Result:
    """Place the call, where there is room for one more; there always is for help."""
    if not plan.emergency and not room(state):
        return several.told(replace(state, digits=""), EndReason.TOO_MANY.value, now), ()
    return place(rules, state, plan, now)


def room(state: State) -> bool:
    """Whether one more call may be placed; one for help always."""
    return len([call for call in state.lives if not call.waits]) < MOST_CALLS


def _next_id(state: State) -> CallId:
    """Outgoing calls have odd numbers; the SIP engine gives incoming ones even numbers."""
    return CallId(2 * state.placed + 1)


def place(
    rules: Rules,
    state: State,
    plan: Plan,
    now: float,
    agreed: Protection | None = None,
    referral: Referral | None = None,
    replaces: str = "",
) -> Result:
    """Send the INVITE; an emergency call's, and no other, tells the place that the user typed in. Who is
    spoken with is held. A locked telephone calls for help alone.

    ``agreed``: what the user has agreed to for this call, where that is not what the policy says.
    ``referral``: who asked for it; ``replaces``: the call that it is to take the place of.
    """
    if state.locked and not plan.emergency:
        return several.told(replace(state, digits="", transfers_to=False), ONLY_HELP, now), ()
    state, aside = several.set_aside(state, now)
    routes: tuple[Route, ...] = ()
    if plan.emergency:
        state, refused = helping.refused_beside(state)
        aside += refused
        plan, routes = _for_help(rules, state, plan)
    shown = exposure(state.switch, emergency=plan.emergency, restricted=plan.restricted)
    told = state.place if shown.cause == EMERGENCY else None
    call = Call(_next_id(state), Direction.OUT, plan.party, CallState.DIALING, now, exposure=shown)
    tried = agreed or protection.wanted(rules.config.media.encryption, emergency=plan.emergency)
    call = replace(call, tells_place=told is not None, protection=tried)
    call = replace(
        call, referral=referral.number if referral else 0, account=plan.account, number=plan.number
    )
    replaces = referral.replaces if referral else replaces
    state = replace(state, digits="", transfers_to=False, picked=None, placed=state.placed + 1)
    state = state.with_call(call)
    if plan.emergency:
        state = replace(state, muted=False, help_at=now)
    else:
        state = forwarding.dialled(rules, state, plan, now)
    address = routes[0].uri if routes else plan.party.uri
    sent = do.PlaceCall(call.id, address, shown, told, tried.levels, replaces, plan.account, routes[1:])
    return state, (*aside, sent)


def _for_help(rules: Rules, state: State, plan: Plan) -> tuple[Plan, tuple[Route, ...]]:
    """The call for help by its best account, named as it was dialled; and every way to place it."""
    user = plan.party.uri.removeprefix("sips:").removeprefix("sip:").partition("@")[0]
    plan = replace(plan, number=plan.number or user)
    ways = helping.routes(rules, state, plan.number, plan.account) or (Route(0, plan.party.uri),)
    digits = next(way for way in ways if way.account == ways[0].account and not way.uri.startswith("urn:"))
    return replace(plan, account=ways[0].account, party=replace(plan.party, uri=digits.uri)), ways


def offers(state: State) -> Call | None:
    """The ended call that the user may try again with less protection, while the display offers it."""
    last = state.last
    offer = last is not None and last.protection.offer is not None
    return last if offer and state.hook is Hook.OFF and not state.digits else None


def try_again(rules: Rules, state: State, refused: Call, now: float) -> Result:
    """The key that the display offers: the same call with the level it names, by the user's consent."""
    level = refused.protection.offer
    if level is None or now - refused.since < ASK_GUARD:
        return state, ()
    plan = Plan(refused.peer, restricted=refused.exposure.cause == STAR_CODE, account=refused.account)
    return place(rules, dismissed(state), plan, now, protection.consented(level))


def answer(state: State, call: Call, now: float) -> Result:
    """Answer an incoming call, once; who is spoken with is held."""
    if not call.waits:
        return state, ()
    state, aside = several.set_aside(state, now)
    state = replace(state, digits="", transfers_to=False)
    return state.with_call(replace(call, answering=True)), (*aside, do.AnswerCall(call.id))


def end_live(state: State, now: float) -> Result:
    """End the call in front: CANCEL or BYE, or 486 for one that rings here."""
    live = state.live
    return end_call(state, live, now) if live is not None else (state, ())


def end_call(state: State, call: Call, now: float) -> Result:
    if call.waits:
        ended = call.over(EndReason.REFUSED_BY_US, now)
        return state.with_call(ended), (do.RefuseCall(call.id, BUSY_HERE),)
    reason = EndReason.HUNG_UP if call.answered_at is not None else EndReason.CANCELLED
    return state.with_call(call.over(reason, now)), (do.EndCall(call.id),)


def end_all(state: State, now: float) -> Result:
    """The handset is put down: every call ends that was taken or placed. One that waits rings now; one that
    is being transferred is left until that is decided.
    """
    commands: tuple[do.Command, ...] = ()
    left = {call.id for call in state.lives if transferred(state, call)}
    for call in state.lives:
        if call.waits and not guarding.waits_for_answer(call):
            continue
        if call.id in left:
            state, held = several.hold(state, call, now)
            commands += held
        else:
            state, ended = end_call(state, call, now)
            commands += ended
    return state, commands


def transferred(state: State, call: Call) -> bool:
    """Whether a transfer that this call takes part in is not decided yet."""
    asked = [one for one in state.lives if one.transfer is not None]
    return any(one is call or (one.transfer and one.transfer.other == call.id) for one in asked)


def incoming(rules: Rules, state: State, event: on.IncomingCall, now: float) -> Result:
    """An INVITE: refused, or it rings, with the bell or without."""
    if state.call(event.call_id) is not None:
        return state, ()
    contact = "" if event.peer.doubt or event.peer.anonymous else names.name_of(rules, state, event.peer.uri)
    peer = replace(event.peer, sent_on=event.peer.sent_on and not state.expects_help)
    screened = screening.screened(rules.screening, peer, bool(contact))
    if screened.refuse is not None:
        return state, (do.RefuseCall(event.call_id, screened.refuse),)
    sent_on = forwarding.at_once(rules, state, busy=busy(rules, state, event))
    if sent_on:
        return forwarding.told(state, now), (do.ForwardCall(event.call_id, sent_on),)
    if state.undisturbed and not state.expects_help:
        return replace(state, missed=state.missed + 1), (do.RefuseCall(event.call_id, BUSY_HERE),)
    if busy(rules, state, event):
        return state, (do.RefuseCall(event.call_id, BUSY_HERE),)
    if event.offered is Security.CLEAR and not rules.config.media.allow_clear:
        return state, (do.RefuseCall(event.call_id, NOT_ACCEPTABLE_HERE),)
    peer = replace(event.peer, name=contact or event.peer.name)
    call = Call(
        event.call_id,
        Direction.IN,
        peer,
        CallState.RINGING,
        now,
        silent=screened.silent,
        exposure=exposure(state.switch),
        protection=Protection(least=protection.policy(rules.config.media.encryption), offered=event.offered),
        account=event.account,
    )
    state = forwarding.rang(rules, state, peer, now, event.account)
    if state.live is not None:
        return replace(state, functions_at=None).with_call(call), (do.AlertCaller(call.id),)
    digits = state.digits if emergency.begins(rules.country, state.digits) else ""
    return replace(dismissed(state), digits=digits).with_call(call), (do.AlertCaller(call.id),)


def busy(rules: Rules, state: State, event: on.IncomingCall) -> bool:
    """Whether one more caller is told "busy": nobody waits who cannot be taken with a key.

    The ring that a caller hears who waits is that of a telephone at rest: it tells nothing (docs/adr/0004).
    """
    calls = state.lives
    if not calls:
        return state.hook is Hook.OFF
    alone = len(calls) == 1 and calls[0].answered_at is not None and calls[0].transfer is None
    waits = rules.config.phone.call_waiting and alone and not calls[0].protection.emergency
    return not waits or event.offered is Security.CLEAR


def moved(move: Move) -> Callable[[Rules, State, Any, float], Result]:
    """The handler of what moves a call in the table of legal moves."""

    def handler(rules: Rules, state: State, event: Any, now: float) -> Result:
        call = state.call(event.call_id)
        if call is not None and call.waits and call is not state.live:
            return state, ()  # nobody has taken it
        moved = call.moved(move, now) if call else None
        return (state.with_call(moved) if moved else state), ()

    return handler


def media(rules: Rules, state: State, event: on.MediaChanged, now: float) -> Result:
    """What protects the call, as read from its running transport."""
    call = state.call(event.call_id)
    if call is None or not call.live:
        return state, ()
    return state.with_call(replace(call, media=event.media)), ()


def failed(rules: Rules, state: State, event: on.CallFailed, now: float) -> Result:
    """The far end or the network ended the call."""
    call = state.call(event.call_id)
    if call is None or not call.live:
        return state, ()
    missed = event.reason is EndReason.MISSED
    state = replace(state, missed=state.missed + 1) if missed else state
    offer = guarding.offered_after(rules, state, call, event.reason)
    call = replace(call, protection=replace(call.protection, offer=offer))
    return state.with_call(call.over(event.reason, now)), ()


def place_sent(rules: Rules, state: State, event: on.PlaceSent, now: float) -> Result:
    """The first time counts: an INVITE is repeated when the provider asks for a proof."""
    call = state.call(event.call_id)
    if call is None or call.place_at is not None:
        return state, ()
    return state.with_call(replace(call, place_at=now)), ()


def place_refused(rules: Rules, state: State, event: on.PlaceRefused, now: float) -> Result:
    """The far end would not take an INVITE with the place: it goes out without."""
    call = state.call(event.call_id)
    return (state.with_call(replace(call, tells_place=False)) if call else state), ()


def overdue(rules: Rules, state: State, now: float) -> Result:
    """Nobody answered, here or there, for too long."""
    commands: tuple[do.Command, ...] = ()
    for call in state.lives:
        state, given_up = _overdue(rules, state, call, now)
        commands += given_up
    return state, commands


def _overdue(rules: Rules, state: State, live: Call, now: float) -> Result:
    waited = now - live.since
    sent_on = forwarding.after(rules, state, live, waited)
    if sent_on:
        state = forwarding.told(state.with_call(live.over(EndReason.FORWARDED, now)), now)
        return state, (do.ForwardCall(live.id, sent_on),)
    if (
        live.direction is Direction.OUT
        and live.state is CallState.RINGING
        and waited >= rules.no_answer_timeout
    ):
        return state.with_call(live.over(EndReason.NO_ANSWER, now)), (do.EndCall(live.id),)
    if live.direction is Direction.IN and live.state is CallState.RINGING and waited >= RING_LIMIT:
        state = replace(state, missed=state.missed + 1)
        missed = live.over(EndReason.MISSED, now)
        return state.with_call(missed), (do.RefuseCall(live.id, TEMPORARILY_UNAVAILABLE),)
    return state, ()


def forgotten(state: State, now: float) -> State:
    """Ended calls go after ENDED_KEPT: no record is kept."""
    kept = tuple(call for call in state.calls if call.live or now - call.since < ENDED_KEPT)
    return state if len(kept) == len(state.calls) else replace(state, calls=kept)


def dismissed(state: State) -> State:
    """The screen of the last ended call has been left."""
    last = state.last
    return replace(state, ended_seen=last.id) if last else state
