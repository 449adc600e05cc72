"""Guest mode at the keypad: how a period begins and ends. Pure.

::

    at rest, not locked    hold *: the menu; hold on for HOLD: a guest period begins, or the one that is ends

What a guest period is, is not decided here: the telephone starts anew with another configuration (``guest``)
and another folder (``period``). In one the privacy switch counts as private, whatever it says.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.language.phrase import phrase
from firmware.phone.machine import setup
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Hook, SwitchPosition

HOLD = 4.0
"""Seconds that ``*`` is held at rest."""

STAR = "*"

NOTICE = phrase("Guest. End: hold * 4 s")
BEGINS, ENDS = phrase("Guest mode begins"), phrase("Guest mode ends")

Result = tuple[State, tuple[do.Command, ...]]


def followed(rules: Rules, before: State, state: State, event: on.Event, now: float) -> Result:
    """``state`` after ``event``, with the period begun or ended where the key was held for long."""
    rests = state.live is None and state.hook is Hook.ON and not state.locked
    if isinstance(event, on.KeyPressed):
        alone = rests and event.key == STAR and not before.digits and before.menu is None
        return replace(state, guest_at=now if alone else None), ()
    if state.guest_at is None:
        return state, ()
    if not rests or isinstance(event, on.KeyReleased):
        return replace(state, guest_at=None), ()
    if isinstance(event, on.Tick) and now - state.guest_at >= HOLD:
        state = replace(state, guest_at=None, menu=None, digits="")
        if rules.guest:
            return replace(state, news=ENDS, news_at=now), (do.EndGuest(),)
        state, ended = setup.over(state, setup.ENDED_HERE, now)
        return replace(state, news=BEGINS, news_at=now), (*ended, do.BeginGuest())
    return state, ()


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, the key has been held for long."""
    return [] if state.guest_at is None else [state.guest_at + HOLD]


def position(rules: Rules, read: SwitchPosition) -> SwitchPosition:
    """What the privacy switch counts as."""
    return SwitchPosition.GUEST if rules.guest else read


def refused(rules: Rules, state: State, event: on.GuestRefused, now: float) -> Result:
    """It could not begin: that is said where the disk's faults are."""
    return replace(state, store_trouble=event.trouble, news="", digits=""), ()


def card(rules: Rules, state: State, event: on.CardSeen, now: float) -> Result:
    """Whether the network sees the number that the card was made with."""
    return replace(state, own_card=event.own), ()


def notice(rules: Rules) -> str:
    """A line for the idle display, or ""."""
    return NOTICE if rules.guest else ""
