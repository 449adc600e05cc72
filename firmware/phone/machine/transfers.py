"""Transfer of calls (RFC 3515, RFC 3891, RFC 5589): by us, of us, and to us. Pure.

By us: blind, the held far end is asked to call a number; attended, to call who is on our other line and
to take our place there. Both of our calls wait until it has said how that went: with success they end, else
they are there still.

Of us: nobody is called because a far end says so. The display asks; the call is placed as any other, shows no
more than the one before, and asks for no less protection. Emergency numbers are not called so.

To us: who names a call of ours by its identifiers, over our provider's connection, takes its place. The new
call is judged anew, must not be less protected than the old one, and its change of label is heard.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.machine import calls, finding, guarding, protection, several
from firmware.phone.machine.emergency import is_emergency
from firmware.phone.machine.protection import RANK, Protection
from firmware.phone.machine.rules import ASK_GUARD, Plan, Rules
from firmware.phone.machine.state import Call, Referral, State, Transfer
from firmware.phone.privacy import exposure
from firmware.phone.sip import uri
from firmware.phone.values import CallState, Direction, EndReason, Hook, Party, Security

LIMIT = 32.0
"""Seconds until a transfer of which nothing is heard is given up (timer F of RFC 3261 is as long)."""

LEFT = 3.0
"""Seconds that a failure may still be told in after the far end of the other call has hung up: without one it
has been replaced (RFC 5589 section 7.3), whatever the NOTIFYs say, or do not."""

YES, NO = "1", "#"
OK, DECLINED, RINGING = 200, 603, 180
FAILED = phrase("Transfer failed")

Result = tuple[State, tuple[do.Command, ...]]


# --- by us -------------------------------------------------------------------------------------------


def may(state: State) -> bool:
    """Whether the call in front can be transferred, or the held one to it."""
    live, other = state.live, state.other
    if live is None or state.locked or any(call.transfer is not None for call in state.lives):
        return False
    if other is None:
        return live.state in (CallState.ACTIVE, CallState.HELD) and not live.protection.emergency
    if any(call.protection.emergency for call in (live, other)):
        return False
    if live.answered_at is None:
        return live.direction is Direction.OUT and other.state is CallState.HELD
    return _pair(state) is not None


def _pair(state: State) -> tuple[Call, Call] | None:
    """Of our two answered calls the one that is asked, and the one whose address it is told."""
    both = [call for call in state.lives if call.answered_at is not None]
    if len(both) != 2:
        return None
    known = [call for call in reversed(both) if not call.peer.anonymous]
    ours = [call for call in known if call.direction is Direction.OUT] or known
    if not ours:
        return None
    return next(call for call in both if call is not ours[0]), ours[0]


def begin(rules: Rules, state: State, now: float) -> Result:
    """The function "transfer": to the other call where there is one, else to the number that is dialled."""
    live, other = state.live, state.other
    if live is None or not may(state):
        return state, ()
    if other is not None and live.answered_at is None:
        return _before_answer(state, live, other, now)
    if other is not None:
        return _attended(state, now)
    if live.state is CallState.HELD and state.digits:
        return blind(rules, state, now)
    state, commands = several.set_aside(state, now)
    return replace(state, transfers_to=True, digits=""), commands


def _attended(state: State, now: float) -> Result:
    pair = _pair(state)
    if pair is None:
        return state, ()
    asked, target = pair
    state, commands = several.set_aside(state, now)
    asked = replace(state.call(asked.id) or asked, transfer=Transfer(now, target.id))
    return state.with_call(asked), (*commands, do.TransferTo(asked.id, target.id))


def _before_answer(state: State, rings: Call, held: Call, now: float) -> Result:
    """The second call is not answered yet: it is given up, and the held one is sent there blindly."""
    state, commands = calls.end_call(state, rings, now)
    state, sent = _send(state, held, rings.peer.uri, now)
    return state, commands + sent


def blind(rules: Rules, state: State, now: float) -> Result:
    """Send the held call to the number that was dialled."""
    live = state.live
    if live is None or live.state is not CallState.HELD or live.transfer is not None:
        return state, ()
    try:
        plan = finding.plan(rules, state)
    except ValueError:
        return several.told(replace(state, digits=""), EndReason.NO_ACCOUNT.value, now), ()
    if plan.emergency:
        return finding.dial(rules, replace(state, transfers_to=False), now)
    return _send(replace(state, digits="", transfers_to=False), live, plan.party.uri, now)


def to(rules: Rules, state: State, target: str, now: float) -> Result:
    """``sotto call transfer TARGET``: the call in front goes there; held first, where it is not."""
    live = state.live
    if live is None:
        return state, ()
    state, commands = several.set_aside(state, now)
    held = state.call(live.id)
    if held is None or held.state is not CallState.HELD:
        return state, commands
    state, sent = _send(state, held, target, now)
    return state, commands + sent


def _send(state: State, held: Call, target: str, now: float) -> Result:
    return state.with_call(replace(held, transfer=Transfer(now))), (do.TransferCall(held.id, target),)


def progress(rules: Rules, state: State, event: on.TransferProgress, now: float) -> Result:
    """What the far end tells of the call that it was asked for (RFC 3515 section 2.4.5)."""
    call = state.call(event.call_id)
    if call is None or not call.live or call.transfer is None or event.status < OK:
        return state, ()
    if event.status >= 300:
        return _failed(state, call, now), ()
    return _done(state, call, call.transfer, now)


def _done(state: State, call: Call, transfer: Transfer, now: float) -> Result:
    """The two talk without us."""
    found = (call.id, transfer.other)
    commands: tuple[do.Command, ...] = ()
    for gone in [one for one in state.lives if one.id in found]:
        state = state.with_call(gone.over(EndReason.TRANSFERRED, now))
        commands += (do.EndCall(gone.id),)
    return state, commands


def _failed(state: State, call: Call, now: float) -> State:
    return several.told(state.with_call(replace(call, transfer=None)), FAILED, now)


def overdue(state: State, now: float) -> Result:
    """Nothing was heard for too long: with the handset down the call ends, else it is there again."""
    commands: tuple[do.Command, ...] = ()
    for call in state.lives:
        if call.transfer is None:
            continue
        if call.transfer.left_at is not None and now - call.transfer.left_at >= LEFT:
            state, ended = _done(state, call, call.transfer, now)
            commands += ended
            continue
        if now - call.transfer.at < LIMIT:
            continue
        state = _failed(state, call, now)
        if state.hook is Hook.ON:
            for gone in (call.id, call.transfer.other):
                left = state.call(gone) if gone is not None else None
                if left is not None and left.live:
                    state = state.with_call(left.over(EndReason.HUNG_UP, now))
                    commands += (do.EndCall(left.id),)
    return state, commands


def leaves(state: State, call: Call) -> bool:
    """Whether a call goes on without us after the handset was put down: until its transfer is decided."""
    asked = [one for one in state.lives if one.transfer is not None]
    return any(one.id == call.id or (one.transfer and one.transfer.other == call.id) for one in asked)


# --- of us -------------------------------------------------------------------------------------------


def asked(rules: Rules, state: State, event: on.TransferAsked, now: float) -> Result:
    """A REFER: refused, or the display asks."""
    call = state.call(event.call_id)
    refused = (do.TellReferrer(event.number, DECLINED),)
    fit = call is not None and call.live and call.answered_at is not None and not call.protection.emergency
    if not fit or state.referral is not None or state.hook is Hook.ON or len(state.lives) > 1:
        return state, refused
    try:
        plan = rules.plan(event.uri)
        emergency = plan.emergency or is_emergency(rules.country, uri.parse(plan.party.uri).user)
    except ValueError:
        return state, refused
    if emergency or state.locked or not rules.config.phone.transfers:
        return state, refused
    referral = Referral(event.call_id, event.number, plan.party, event.replaces, now)
    return replace(state, referral=referral, functions_at=None), ()


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """The answer to "connect you to …?"; None where nothing is asked."""
    referral = state.referral
    if referral is None or not isinstance(event, on.KeyPressed):
        return None
    if event.key not in YES + NO or now - referral.asked_at < ASK_GUARD:
        return state, ()
    if event.key == NO:
        return replace(state, referral=None), (do.TellReferrer(referral.number, DECLINED),)
    return _agreed(rules, state, referral, now)


def _agreed(rules: Rules, state: State, referral: Referral, now: float) -> Result:
    state = replace(state, referral=None)
    before = state.call(referral.call_id)
    if before is None or not before.live:
        return state, (do.TellReferrer(referral.number, DECLINED),)
    wanted = protection.wanted(rules.config.media.encryption)
    least = at_least(wanted.least, before.media.security)
    levels = tuple(level for level in wanted.levels if RANK[level] >= RANK[least])
    plan = Plan(referral.peer, restricted=before.exposure.private)
    agreed = replace(wanted, levels=levels, least=least)
    return calls.place(rules, state, plan, now, agreed, referral=referral)


def at_least(policy: Security, had: Security) -> Security:
    """The least protection of a call that takes the place of one with ``had``."""
    had = min(had, Security.END_TO_END, key=lambda level: RANK[level])
    return max(policy, had, key=lambda level: RANK[level])


def deadlines(state: State) -> list[float]:
    asked = [call.transfer for call in state.lives if call.transfer is not None]
    return [one.at + LIMIT for one in asked] + [
        one.left_at + LEFT for one in asked if one.left_at is not None
    ]


def followed(before: State, state: State, now: float) -> Result:
    """After every event: who asked us for a call is told how it is; a question without its call is over."""
    commands: tuple[do.Command, ...] = ()
    for call in state.lives:
        other = state.call(call.transfer.other) if call.transfer and call.transfer.other else None
        if call.transfer and call.transfer.left_at is None and other is not None and not other.live:
            state = state.with_call(replace(call, transfer=replace(call.transfer, left_at=now)))
    referral = state.referral
    asker = state.call(referral.call_id) if referral is not None else None
    if referral is not None and (asker is None or not asker.live or state.hook is Hook.ON):
        state = replace(state, referral=None)
        commands += (do.TellReferrer(referral.number, DECLINED),)
    for call in state.calls:
        was = before.call(call.id)
        if not call.referral or was is None or was.state is call.state:
            continue
        status = _told(was, call)
        commands += (do.TellReferrer(call.referral, status),) if status else ()
    return state, commands


def _told(was: Call, call: Call) -> int:
    """The status of a call for who asked for it, where there is news."""
    if call.state in (CallState.RINGING, CallState.EARLY):
        return RINGING
    if call.state is CallState.ACTIVE and was.answered_at is None:
        return OK
    return DECLINED if call.state is CallState.ENDED and was.answered_at is None else 0


# --- to us -------------------------------------------------------------------------------------------


def replaced(rules: Rules, state: State, event: on.CallReplaced, now: float) -> Result:
    """An INVITE took the place of a call of ours; it is answered, and nothing is heard of it yet."""
    old = state.call(event.old_id)
    if old is None or not old.live or old.state is not CallState.ACTIVE:
        return state, (do.EndCall(event.call_id),)
    contact = "" if event.peer.doubt or event.peer.anonymous else rules.name_of(event.peer.uri)
    least = at_least(protection.policy(rules.config.media.encryption), old.media.security)
    new = Call(
        event.call_id,
        Direction.IN,
        replace(event.peer, name=contact or event.peer.name),
        CallState.RINGING,
        now,
        answering=True,
        exposure=exposure(state.switch),
        protection=Protection(least=least, offered=event.offered),
    )
    conference = state.conference
    state = state.with_call(old.over(EndReason.TRANSFERRED, now)).with_call(new)
    state = replace(state, conference=False)
    commands: tuple[do.Command, ...] = (do.TellChange(new.id),)
    if conference and state.other is not None:
        state, held = several.set_aside(state, now, but=new.id)
        commands += held
    words = phrase("Now: {who}", who=phrase("Anonymous") if new.peer.anonymous else new.peer.label)
    return several.told(state, words, now), commands


def question(state: State, referral: Referral) -> tuple[str, str, str]:
    """What the display asks: title, text, keys."""
    call = state.call(referral.call_id)
    who = call.peer.label if call is not None else Party("").label
    address = referral.peer.uri.removeprefix("sips:").removeprefix("sip:").split(";")[0]
    name = f"{referral.peer.name}, {address}" if referral.peer.name else address
    asks = phrase("{who} wants to connect you to {name}", who=who, name=name)
    return phrase("Transfer?"), asks, phrase("1 call  # stay")


def label(state: State, call: Call) -> Security:
    """The label that the display shows: of a conference that of its weakest leg."""
    pair = several.mixed(state)
    if pair is None:
        return guarding.label(state, call)
    return protection.weakest(guarding.label(state, one) for one in pair)


def label_told(before: State, after: State) -> tuple[do.Command, ...]:
    """The sound of another label than before, where it is a conference that began or ended: what the display
    shows is no longer about the same ends.
    """
    was, now = before.live, after.live
    if before.conference is after.conference or was is None or now is None:
        return ()
    shown = label(before, was), label(after, now)
    if now.state is not CallState.ACTIVE or Security.NONE in shown or shown[0] is shown[1]:
        return ()
    return (do.TellChange(now.id),)
