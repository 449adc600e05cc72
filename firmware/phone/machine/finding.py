"""Names of the phone book, found by keys before a call, and how the book is read anew. Pure.

While digits are typed, the names that they spell stand beside the number. ``*`` goes to the next of them,
after the last back to the number itself; what is chosen is called as the number would be. So a ``*`` behind
two digits or more is no key of a number while a name matches.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import MATCHES
from firmware.phone.machine import calls
from firmware.phone.machine.rules import Plan, Rules
from firmware.phone.machine.state import State
from firmware.phone.values import CallState

LEAST = 2
"""Digits from which names are looked for: one alone is a speed dial."""

NEXT = "*"

Result = tuple[State, tuple[do.Command, ...]]


class Match(NamedTuple):
    name: str
    target: str


def matches(rules: Rules, state: State) -> list[Match]:
    """The addresses of those whose names the digits spell, the contacts of phone.toml first."""
    digits = state.digits
    if len(digits) < LEAST or not digits.isdigit() or state.locked:
        return []
    found = [*rules.own_book.find(digits), *state.book.find(digits)]
    every = [Match(one.name, target) for one in found for target in one.targets]
    return list(dict.fromkeys(every))[:MATCHES]


def chosen(rules: Rules, state: State) -> Match | None:
    digits, number = state.chosen
    if not number or digits != state.digits:
        return None
    found = matches(rules, state)
    return found[number - 1] if number <= len(found) else None


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """The key that goes to the next name; None: it is not that key, or there is no name to go to."""
    if not isinstance(event, on.KeyPressed) or event.key != NEXT:
        return None
    live = state.live
    if live is not None and (live.state is not CallState.HELD or live.transfer is not None):
        return None
    found = matches(rules, state)
    if not found:
        return None
    digits, number = state.chosen
    following = (number + 1) % (len(found) + 1) if digits == state.digits else 1
    return replace(state, chosen=(state.digits, following), keyed_at=now), ()


def plan(rules: Rules, state: State) -> Plan:
    """Who is chosen, else whom the digits mean. Raises ValueError as ``Rules.plan`` does."""
    match = chosen(rules, state)
    if match is None:
        return rules.plan(state.digits, state.picked)
    return rules.plan_of(match.name, match.target, state.picked)


def dial(rules: Rules, state: State, now: float) -> Result:
    """Call who is chosen, else whom the digits mean."""
    if chosen(rules, state) is None:
        return calls.dial(rules, state, now)
    try:
        meant = plan(rules, state)
    except ValueError:
        return calls.dial(rules, state, now)
    return calls.begin(rules, replace(state, chosen=("", 0)), meant, now)


# --- reading files and servers -----------------------------------------------------------------------


def loaded(rules: Rules, state: State, event: on.BookLoaded, now: float) -> Result:
    """Files are read again at each start; servers only when somebody asks."""
    state = replace(state, book=event.book)
    return pull(rules, state, files_only=True) if rules.config.book.files else (state, ())


def asked(rules: Rules, state: State, event: on.PullAsked, now: float) -> Result:
    return pull(rules, state)


def pull(rules: Rules, state: State, files_only: bool = False) -> Result:
    if state.pulling or not sources(rules):
        return state, ()
    return replace(state, pulling=True), (do.PullBook(state.book.sources, files_only),)


def pulled(rules: Rules, state: State, event: on.BookPulled, now: float) -> Result:
    """What was kept of a source that gave nothing is in the new book too: nothing is lost. Contacts that
    come after all was erased are not taken."""
    if not state.pulling:
        return state, ()
    state = replace(
        state, book=event.book, pulling=False, book_troubles=event.troubles, book_faults=event.faults
    )
    return state, (do.KeepBook(event.book.sources),)


def sources(rules: Rules) -> bool:
    """Whether there is anything to pull."""
    book = rules.config.book
    return bool(book.files or book.carddavs or book.ldaps)
