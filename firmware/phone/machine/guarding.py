"""How a call is kept from being heard by others than was agreed: what stops it, which keys go on. Pure.

Keys::

    after a refusal for encryption (488)    #  try again with less, as the display says
    answered without encryption             #  go on with less in this call, as the display says
    a call that is stopped                  #  go on with it; hang up: do not
    an incoming call in clear               lift the handset, then 1 answers, # refuses
    in a call                               hold *: the code; there 1 same, 2 different, any other key: back

A question stands for ``ASK_GUARD`` before a key answers it. A ``*`` that is not held is sent as a digit when
it is released.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.machine import protection
from firmware.phone.machine.protection import Doubt
from firmware.phone.machine.rules import ASK_GUARD, MAX_DIGITS, Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.reached import Reached, found, with_one
from firmware.phone.values import CallState, Direction, EndReason, Hook, Keying, Security

HOLD = 1.0
"""Seconds that ``*`` is held in a call to see its code."""

GO_ON, SAME, DIFFERENT, ANSWER = "#", "1", "2", "1"

Result = tuple[State, tuple[do.Command, ...]]


def known(state: State, call: Call) -> Reached | None:
    """What is remembered of the far end; of somebody who may be anybody, nothing."""
    if call.peer.anonymous or call.peer.doubt:
        return None
    return found(state.reached, call.peer.uri)


def label(state: State, call: Call) -> Security:
    """What protects the call, as it may be told."""
    return protection.label(call.media, known(state, call), call.protection.compared)


def code(call: Call) -> str:
    """The comparison code, or ""."""
    return call.media.code or call.protection.code


def speaks(state: State, call: Call) -> bool:
    """Whether the call's sound is to be connected."""
    private = call.exposure.private
    return call.voice and protection.speaks(call.media, known(state, call), call.protection, private=private)


def doubts(state: State, call: Call) -> tuple[Doubt, ...]:
    """What stops the call's sound now, the worst first; () while it passes, or there are no keys yet."""
    if not call.voice or (call.media.bare and call.state is not CallState.ACTIVE):
        return ()
    return protection.open_doubts(
        call.media, known(state, call), call.protection, private=call.exposure.private
    )


def waits_for_answer(call: Call) -> bool:
    """Whether an incoming call in clear rings, which only a key of its own answers."""
    rings = call.direction is Direction.IN and call.state is CallState.RINGING and not call.answering
    return rings and call.protection.offered is Security.CLEAR


def may_go_on(rules: Rules, call: Call) -> bool:
    allow_clear = rules.config.media.allow_clear
    return protection.may_agree(call.media, call.protection, allow_clear=allow_clear)


def offered_after(rules: Rules, state: State, call: Call, reason: EndReason) -> Security | None:
    """The level at which the user may try again after the far end refused the call for its encryption.
    Whoever answered is not called again.
    """
    refused = reason is EndReason.NO_COMMON_ENCRYPTION and call.answered_at is None
    if call.direction is Direction.IN or not refused or state.hook is Hook.ON:
        return None
    return less(rules, call)


def less(rules: Rules, call: Call) -> Security | None:
    """The level below all that the call has tried, or None where no less is allowed."""
    return protection.next_offer(
        call.protection,
        secure_signalling=rules.line(call.account).transport == "tls",
        allow_clear=rules.config.media.allow_clear,
    )


def key(rules: Rules, state: State, call: Call, key: str, now: float) -> Result | None:
    """What a key does in a call where it is about protection; None when it is not."""
    guard = call.protection
    if call.waits and key == ANSWER and state.hook is Hook.OFF:
        if not _stood(guard.asked_at, now):
            return state, ()
        if not waits_for_answer(call):
            return state.with_call(replace(call, answering=True)), (do.AnswerCall(call.id),)
        agreed = replace(protection.consented(Security.CLEAR), offered=guard.offered)
        return state.with_call(replace(call, protection=agreed, answering=True)), (do.AnswerCall(call.id),)
    stopped = doubts(state, call)
    if Doubt.BARE in stopped:
        go_on = key == GO_ON and _stood(guard.asked_at, now)
        return _with_less(rules, state, call) if go_on else (state, ())
    if stopped:
        if key == GO_ON and may_go_on(rules, call) and _stood(guard.asked_at, now):
            agreed = protection.agreed_to(
                call.media, known(state, call), guard, private=call.exposure.private
            )
            return state.with_call(replace(call, protection=agreed, star_at=None)), ()
        return state, ()
    if guard.page:
        return _answered(rules, state, call, key)
    if key == "*" and call.state is CallState.ACTIVE and call.star_at is None:
        return state.with_call(replace(call, star_at=now)), ()
    return None


def _with_less(rules: Rules, state: State, call: Call) -> Result:
    """Go on with a call that was answered without encryption: nobody is called a second time."""
    level = less(rules, call)
    if level is None:
        return state, ()
    call = replace(call, protection=protection.consented(level), media=replace(call.media, bare=False))
    return state.with_call(call), (do.GoOnWith(call.id, level),)


def _stood(since: float | None, now: float) -> bool:
    return since is not None and now - since >= ASK_GUARD


def _answered(rules: Rules, state: State, call: Call, key: str) -> Result:
    """A key on the page with the code."""
    call = replace(call, protection=replace(call.protection, page=False))
    if key not in (SAME, DIFFERENT) or not comparable(call):
        return state.with_call(call), ()
    same = key == SAME
    contact = None if call.peer.anonymous or call.peer.doubt else rules.contact_of(call.peer.uri)
    if contact is not None:
        private = call.exposure.private or call.media.private
        new = protection.judged(call.media, known(state, call), contact.uri, same, private=private)
        state = replace(state, reached=with_one(state.reached, new))
    call = replace(call, protection=replace(call.protection, compared=same))
    return state.with_call(call), (do.CodeCompared(call.id, same),)


def comparable(call: Call) -> bool:
    """Whether there is a code that two people can compare."""
    rank = protection.RANK
    return bool(code(call)) and rank[call.media.security] >= rank[Security.END_TO_END]


def send_star(call: Call) -> tuple[Call, tuple[do.Command, ...]]:
    """The ``*`` that was not held becomes a digit."""
    if call.star_at is None:
        return call, ()
    digits = (call.digits + "*")[-MAX_DIGITS:]
    return replace(call, star_at=None, digits=digits), (do.SendDigit(call.id, "*"),)


def released(rules: Rules, state: State, event: on.KeyReleased, now: float) -> Result:
    live = state.live
    if live is None or event.key != "*" or live.star_at is None:
        return state, ()
    live, commands = send_star(live)
    return state.with_call(live), commands


def held(state: State, live: Call, now: float) -> State:
    """The page with the code opens when ``*`` has been held long enough."""
    if live.star_at is None or now - live.star_at < HOLD:
        return state
    return state.with_call(replace(live, star_at=None, protection=replace(live.protection, page=True)))


def computed(rules: Rules, state: State, event: on.CodeComputed, now: float) -> Result:
    """The code that was asked for; one over other keys than those in use is nobody's."""
    call = state.call(event.call_id)
    if call is None or (call.media.own_key, call.media.peer_key) != (event.own_key, event.peer_key):
        return state, ()
    return state.with_call(replace(call, protection=replace(call.protection, code=event.code))), ()


def follow(rules: Rules, before: State, after: State, now: float) -> Result:
    """After every event: what a change of a call's protection entails; what is remembered of it."""
    commands: tuple[do.Command, ...] = ()
    for live in after.lives:
        after, found = _followed(rules, before, after, live, now)
        commands += found
    return after, commands


def _followed(rules: Rules, before: State, after: State, live: Call, now: float) -> Result:
    if Doubt.BARE in doubts(after, live) and less(rules, live) is None:
        return after.with_call(live.over(EndReason.NO_COMMON_ENCRYPTION, now)), (do.EndCall(live.id),)
    was = before.call(live.id)
    live, commands = _keys_changed(was, live)
    after = after.with_call(live)
    named = label(after, live)
    changed = named is not Security.NONE and named is not live.protection.named
    by_itself = was is not None and live.media != was.media
    if changed and by_itself and live.answered_at is not None and live.protection.named is not Security.NONE:
        commands += (do.TellChange(live.id),)
    if changed:
        live = replace(live, protection=replace(live.protection, named=named))
    rings = live.waits and after.hook is Hook.OFF
    asks = doubts(after, live) or rings
    asked = (
        was is not None and was.protection.asked_at is not None and doubts(before, was) == doubts(after, live)
    )
    if bool(asks) is not (live.protection.asked_at is not None) or (asks and not asked):
        live = replace(live, protection=replace(live.protection, asked_at=now if asks else None, page=False))
    after = after.with_call(live)
    if was is not None and _about(was) == _about(live):
        return after, commands
    return _remembered(rules, after, live, named), commands


def _about(call: Call) -> tuple[object, ...]:
    """What decides whether there is something to remember."""
    return call.state, call.media, call.protection.agreed, call.protection.compared


def _keys_changed(was: Call | None, live: Call) -> tuple[Call, tuple[do.Command, ...]]:
    """New keys: what was compared no longer stands, and a code has to be computed."""
    media = live.media
    if was is None or protection.same_keys(was.media, media):
        return live, ()
    if media.security is Security.NONE:
        return live, ()
    live = replace(live, protection=replace(live.protection, compared=None, code="", page=False))
    if media.keying is not Keying.DTLS or not (media.own_key and media.peer_key):
        return live, ()
    return live, (do.CompareKeys(live.id, media.own_key, media.peer_key),)


def _remembered(rules: Rules, state: State, live: Call, named: Security) -> State:
    """The best level with a contact, once somebody speaks at it; never of a stranger, never less."""
    spoken = live.state is CallState.ACTIVE and speaks(state, live) and not live.protection.emergency
    stranger = live.peer.anonymous or live.peer.doubt
    contact = None if stranger or not spoken else rules.contact_of(live.peer.uri)
    if contact is None:
        return state
    private = live.exposure.private or live.media.private
    new = protection.raised(live.media, known(state, live), contact.uri, named, private=private)
    return state if new is None else replace(state, reached=with_one(state.reached, new))
