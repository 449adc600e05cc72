"""What a telephone at rest can be asked for: redial, call back, do not disturb, forwarding, the mailbox, and
taking a call that rings at a colleague's. Pure.

The codes are those of the fixed network (ETSI EN 300 and its national forms)::

    *21*number#  always   *61*number#  no answer   *67*number#  busy   #21#  #61#  #67#  off
    *26#  do not disturb  #26#  off
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import Phrase, counted, phrase, phrase_in
from firmware.phone.machine import calls, forwarding, several
from firmware.phone.machine.rules import Plan, Rules
from firmware.phone.machine.state import Recent, State
from firmware.phone.privacy import exposure
from firmware.phone.values import Forward, Lamp, Party, Pattern, RegistrationState

Result = tuple[State, tuple[do.Command, ...]]

FORWARDS = {"21": Forward.ALWAYS, "61": Forward.NO_ANSWER, "67": Forward.BUSY}
_CODE = re.compile(r"([*#])(21|61|67|26)(?:\*([0-9]{1,32}))?#")
MAILBOX = "1"


class Function(NamedTuple):
    """What a key does: ``name`` for the display, ``carry_out`` for the state."""

    name: str
    carry_out: Callable[[Rules, State, float], Result]


def functions(rules: Rules, state: State) -> dict[str, Function]:
    """What hold 0 offers at rest, by the keys."""
    found: dict[str, Function] = {}
    if state.locked:
        return found
    if state.dialled is not None:
        found["1"] = Function(phrase_in("key", "redial"), lambda r, s, now: _again(r, s, s.dialled, now))
    if state.caller is not None:
        found["2"] = Function(phrase_in("key", "call back"), lambda r, s, now: _again(r, s, s.caller, now))
    found["3"] = Function(
        phrase_in("key", "ring") if state.undisturbed else phrase_in("key", "quiet"), undisturbed
    )
    if forwarding.target(rules, state, Forward.ALWAYS) is not None:
        found["4"] = Function(
            phrase_in("key", "forward off"), lambda r, s, now: _forward(r, s, Forward.ALWAYS, "", now)
        )
    elif rules.config.phone.forward_always:
        found["4"] = Function(phrase_in("key", "forward"), lambda r, s, now: _as_configured(r, s, now))
    if rules.config.phone.mailbox:
        found["5"] = Function(phrase_in("key", "messages"), mailbox)
    if ringing(state):
        found["6"] = Function(phrase_in("key", "pick up"), pick_up)
    if rules.more:
        found["7"] = Function(phrase_in("key", "account"), next_account)
    return found


def next_account(rules: Rules, state: State, now: float) -> Result:
    """The next call goes by the next account, after the last by the first again."""
    following = ((state.picked or 0) + 1) % len(rules.lines)
    return replace(state, picked=following), ()


def _again(rules: Rules, state: State, recent: Recent | None, now: float) -> Result:
    if recent is None:
        return state, ()
    plan = Plan(recent.peer, restricted=recent.restricted, account=recent.account)
    return calls.place(rules, calls.dismissed(state), plan, now)


def undisturbed(rules: Rules, state: State, now: float) -> Result:
    state = replace(state, undisturbed=not state.undisturbed)
    return several.told(
        state, phrase("Do not disturb") if state.undisturbed else phrase("Calls ring again"), now
    ), ()


def mailbox(rules: Rules, state: State, now: float) -> Result:
    try:
        plan = rules.plan(rules.config.phone.mailbox)
    except ValueError:
        return several.told(state, phrase("No mailbox number"), now), ()
    return calls.place(rules, calls.dismissed(state), plan, now)


def speed_dial(rules: Rules, state: State, pressed: str, now: float) -> Result:
    """A digit was held at rest: its contact is called; a colleague whose telephone rings is helped out.

    Without a contact, 1 is the mailbox, and any other stays a digit.
    """
    contact = next((one for one in rules.contacts if one.speed_dial == int(pressed)), None)
    if contact is None and pressed == MAILBOX and rules.config.phone.mailbox:
        return mailbox(rules, state, now)
    if contact is None:
        return replace(state, digits=state.digits + pressed), ()
    plan = rules.plan(pressed)
    rings = next((lamp for lamp in ringing(state) if rules.name_of(lamp.uri) == contact.name), None)
    return calls.place(rules, calls.dismissed(state), plan, now, replaces=rings.dialog if rings else "")


def ringing(state: State) -> tuple[on.LampChanged, ...]:
    """The colleagues' telephones that ring, whose call can be taken."""
    return tuple(lamp for lamp in state.lamps if lamp.lamp is Lamp.RINGING and lamp.dialog)


def pick_up(rules: Rules, state: State, now: float) -> Result:
    """Take the call that rings at a colleague's telephone: an INVITE that replaces it (RFC 3891)."""
    rings = ringing(state)
    if not rings:
        return state, ()
    plan = Plan(rules.resolve(rings[0].uri), account=rules.account_for(rings[0].uri))
    return calls.place(rules, calls.dismissed(state), plan, now, replaces=rings[0].dialog)


def code(rules: Rules, state: State, now: float) -> Result | None:
    """What the digits with the ``#`` just pressed switch; None: they are no code of these."""
    match = _CODE.fullmatch(state.digits + "#")
    if match is None or state.live is not None or state.locked:
        return None
    sign, which, number = match.groups()
    if which == "26":
        if number:
            return None
        state = replace(state, undisturbed=sign == "#")
        return undisturbed(rules, replace(state, digits=""), now)
    if sign == "#":
        return None if number else _forward(rules, replace(state, digits=""), FORWARDS[which], "", now)
    return _forward(rules, replace(state, digits=""), FORWARDS[which], number, now) if number else None


def _forward(rules: Rules, state: State, when: Forward, number: str, now: float) -> Result:
    others = tuple(one for one in state.forwards if one[0] is not when)
    changed = replace(state, forwards=(*others, (when, number)))
    found = forwarding.target(rules, changed, when)
    if number and found is None:
        return several.told(state, phrase("Not in the contacts"), now), ()
    return several.told(changed, _switched(when, found), now), ()


def _switched(when: Forward, target: Party | None) -> Phrase:
    who = target.label if target else phrase_in("forward", "off")
    match when:
        case Forward.ALWAYS:
            return phrase("Forward always: {who}", who=who)
        case Forward.BUSY:
            return phrase("Forward busy: {who}", who=who)
        case Forward.NO_ANSWER:
            return phrase("Forward no answer: {who}", who=who)


def _as_configured(rules: Rules, state: State, now: float) -> Result:
    others = tuple(one for one in state.forwards if one[0] is not Forward.ALWAYS)
    found = forwarding.target(rules, replace(state, forwards=others), Forward.ALWAYS)
    return several.told(replace(state, forwards=others), _switched(Forward.ALWAYS, found), now), ()


# --- what the network tells --------------------------------------------------------------------------


def messages(rules: Rules, state: State, event: on.MessagesChanged, now: float) -> Result:
    return replace(state, messages=event.messages), ()


def lamp(rules: Rules, state: State, event: on.LampChanged, now: float) -> Result:
    """A colleague's telephone: only those that we asked."""
    others = tuple(one for one in state.lamps if one.uri != event.uri)
    asked = event.uri in watched(rules, state)
    return replace(state, lamps=(*others, event) if asked else others), ()


def watched(rules: Rules, state: State) -> tuple[str, ...]:
    """The contacts whose telephones are asked: each of them learns that we ask, so none in private."""
    if not exposure(state.switch).identity:
        return ()
    return tuple(
        contact.uri
        for contact in rules.contacts
        if contact.busy_lamp
        and state.connection(rules.account_for(contact.uri)).registration.state
        is RegistrationState.REGISTERED
    )


_SHOWS = {Lamp.RINGING: Pattern.FAST, Lamp.BUSY: Pattern.ON}


def lamp_lights(rules: Rules, state: State) -> tuple[Pattern, ...]:
    """What the lights beside the keys do, in the order of the contacts with ``busy_lamp``: what is not asked,
    or not known, is dark."""
    known = {one.uri: one.lamp for one in state.lamps}
    lamps = [known.get(contact.uri) for contact in rules.contacts if contact.busy_lamp]
    return tuple(_SHOWS.get(lamp, Pattern.OFF) if lamp else Pattern.OFF for lamp in lamps)


def followed(rules: Rules, state: State) -> State:
    """After every event: what is not asked any more is not known any more."""
    if not state.lamps:
        return state
    asked = watched(rules, state)
    return replace(state, lamps=tuple(lamp for lamp in state.lamps if lamp.uri in asked))


def notice(rules: Rules, state: State) -> str:
    """One line for the idle display, "" when there is nothing to tell: while it is locked, nobody's name."""
    if state.locked:
        return ""
    rings = ringing(state)
    if rings:
        return phrase("Hold 0: rings at {who}", who=rules.name_of(rings[0].uri))
    switched = forwarding.words(rules, state)
    if switched:
        return switched
    found = state.messages
    if state.picked is not None:
        return phrase("Next call: {account}", account=rules.name_of_account(state.picked))
    if found is None or not found.waiting:
        return ""
    count = phrase("New messages")
    if found.new:
        count = counted("{number} new message", "{number} new messages", found.new)
    return phrase("{messages}: hold 1", messages=count) if rules.config.phone.mailbox else count
