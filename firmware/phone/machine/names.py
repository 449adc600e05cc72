"""Who has an address: by phone.toml first, then by the contacts of files and servers. Pure.

Of the latter only names, groups and that they are no strangers count: what was reached with somebody, and the
secrets shared with them, are kept for contacts of phone.toml alone.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.values import Party


def name_of(rules: Rules, state: State, address: str) -> str:
    """The name for an address, or ""."""
    own = rules.name_of(address)
    if own:
        return own
    entry = state.book.who(address, rules.country)
    return entry.name if entry else ""


def named(rules: Rules, state: State, party: Party) -> Party:
    """``party`` with its name from the phone book, where it has none."""
    return party if party.name else replace(party, name=name_of(rules, state, party.uri))


def group_of(rules: Rules, state: State, address: str) -> str:
    contact = rules.contact_of(address)
    if contact is not None:
        return contact.group
    entry = state.book.who(address, rules.country)
    return entry.group if entry else ""
