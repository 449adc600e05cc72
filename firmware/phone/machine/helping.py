"""Calls for help: how they are dialled in every state, counted down, and which ways they take. Pure.

::

    112 typed, handset lifted ──3 s, counted down on the display──► the call     hanging up before: nothing
                              ──#──────────────────────────────────► the call, at once
    it rings here: 1 1 2, then lift: the call, not the one that rings
    in a call: hold 0, 9: the calls are held, then 1 1 2
    112 comes to nothing by one account ──► the next account ──► … ──► each account by the other transports

What is dialled as an emergency number goes as one from every state; nothing that is kept (a lock, do not
disturb, forwarding, the privacy switch) is looked at on this way.
"""

from __future__ import annotations

import math
from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.machine import emergency, knob, several
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.privacy import EMERGENCY, exposure
from firmware.phone.sip import uri
from firmware.phone.values import CallState, Hook, RegistrationState, Route, SwitchPosition

COUNTDOWN = 3.0
"""Seconds from the last key of an emergency number to the call: time to hang up when it was not meant."""

BUSY_HERE = 486
"""RFC 3261 section 21.4.24."""

SOON = 0.05
"""Seconds until a call is looked at again that should have left."""

STOP = phrase("Hang up to stop")

UNDER_WAY = -1

_NOT_YET_ANSWERED = (CallState.DIALING, CallState.RINGING, CallState.EARLY)

TRANSPORTS = ("tls", "tcp", "udp")
"""What is tried when the account's own way leads nowhere, in this order: encryption first, never a must."""

Result = tuple[State, tuple[do.Command, ...]]


def is_help(rules: Rules, state: State) -> bool:
    """Whether the digits typed so far, as they are, call for help."""
    if not state.digits:
        return False
    try:
        return rules.plan(state.digits, state.picked).emergency
    except ValueError:
        return False


def due_at(rules: Rules, state: State) -> float:
    """When, in monotonic seconds, the digits are dialled with the handset lifted."""
    return state.keyed_at + (COUNTDOWN if is_help(rules, state) else rules.digit_timeout)


def countdown(rules: Rules, state: State, now: float) -> str:
    """What the display counts down before a call for help, or ""."""
    if state.hook is not Hook.OFF or not is_help(rules, state):
        return ""
    left = max(1, math.ceil(state.keyed_at + COUNTDOWN - now))
    return phrase("Calls in {seconds} s", seconds=left)


def deadlines(rules: Rules, state: State, now: float) -> list[float]:
    """When the countdown shows another second; and that it ends, should that moment have been missed."""
    if state.hook is not Hook.OFF or not is_help(rules, state):
        return []
    seconds = [state.keyed_at + second for second in range(1, int(COUNTDOWN) + 1)]
    return [*seconds, max(seconds[-1], now + SOON)]


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """While it rings and the handset is down: keys that begin an emergency number are kept, for lifting the
    handset then calls help. None: the key is not about that.
    """
    live = state.live
    if not isinstance(event, on.KeyPressed) or live is None or not live.waits or state.hook is Hook.OFF:
        return None
    typed = state.digits + event.key
    turns = event.key in knob.TURNS and not state.digits
    if turns or not emergency.begins(rules.country, typed):
        return None
    return replace(state, digits=typed, keyed_at=now), ()


def refused_beside(state: State) -> Result:
    """Who rings while help is called is told "busy": the line is for the call."""
    commands: tuple[do.Command, ...] = ()
    for call in [call for call in state.lives if call.waits]:
        state = replace(
            state, calls=tuple(one for one in state.calls if one is not call), missed=state.missed + 1
        )
        commands += (do.RefuseCall(call.id, BUSY_HERE),)
    return state, commands


def routes(rules: Rules, state: State, number: str, first: int) -> tuple[Route, ...]:
    """Every way to the emergency service, the best first: each account as it is configured, those that are
    registered first and ``first`` before its equals; then each by the other transports. In guest mode the
    owner's accounts come before the one that is thrown away: help may not know that one.
    """
    lines, guests = rules.every, len(rules.lines) if rules.helpers else 0

    def rank(account: int) -> tuple[bool, bool, bool, int]:
        registered = state.connection(account).registration.state is RegistrationState.REGISTERED
        return account < guests, not registered, account != first, account

    order = sorted((n for n, line in enumerate(lines) if line.domain), key=rank)
    found: list[Route] = []
    for account in order:
        name = emergency.urn(rules.country, number) if lines[account].urn else ""
        found += [Route(account, name)] * bool(name)
        found.append(Route(account, _address(rules, account, number)))
    for transport in TRANSPORTS:
        found += [
            Route(account, _address(rules, account, number), transport)
            for account in order
            if lines[account].transport != transport
        ]
    return tuple(found)


def _address(rules: Rules, account: int, number: str) -> str:
    return str(uri.SipUri("sip", uri.escape(number), uri.host_name(rules.line(account).domain)))


def rerouted(rules: Rules, state: State, event: on.CallRerouted, now: float) -> Result:
    """The next way is tried: what they see is what that account tells. An answered call has its way."""
    call = state.call(event.call_id)
    if call is None or call.exposure.cause != EMERGENCY or call.state not in _NOT_YET_ANSWERED:
        return state, ()
    call = replace(call, account=event.account, transport=event.transport, state=CallState.DIALING)
    call = replace(call, tells_place=state.place is not None, place_at=None)
    return state.with_call(call), ()


def aside(rules: Rules, state: State, now: float) -> Result:
    """Hold 0, then 9, in a call: every call is held, and the next digits dial."""
    return several.set_aside(state, now)


def told(rules: Rules, state: State, call: Call) -> str:
    """After a call for help: that it told who calls, and that it was for this once."""
    if call.exposure.cause != EMERGENCY:
        return ""
    identity = rules.line(call.account).identity
    if state.switch is not SwitchPosition.OPEN:
        return phrase("They saw {name}. Private again.", name=identity)
    return phrase("They saw {name}.", name=identity)


# --- the test call -----------------------------------------------------------------------------------


def test_asked(rules: Rules, state: State, event: on.HelpTestAsked, now: float) -> Result:
    """Nobody is called: a machine at the provider's answers, or nobody. It shows no more than the switch lets
    every call show. Not in the middle of a call.
    """
    if not rules.domain or state.lives or state.help_status == UNDER_WAY:
        return state, ()
    return replace(state, help_status=UNDER_WAY), (do.TestHelp(exposure(state.switch)),)


def tested(rules: Rules, state: State, event: on.HelpTested, now: float) -> Result:
    return replace(state, help_status=event.status), ()


def test_words(state: State) -> str:
    """What came of the test call, in words; "" when the provider takes it."""
    status = state.help_status
    if status is None or status == UNDER_WAY:
        return (
            "not tried: there is no account, or a call is in progress"
            if status is None
            else "not answered yet"
        )
    if 200 <= status < 300:
        return ""
    if status in (0, 408, 503):
        return "the provider did not answer"
    return "the provider takes no test calls; emergency calls go out as digits"
