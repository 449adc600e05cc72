"""All that the telephone ever keeps: one table, each item with purpose, place and lifetime. Pure.

``sotto inventory``, the screen "What is stored" and a wipe follow from ITEMS. What is not in this table is
not kept; only ``storage`` writes to the state directory (``tests/test_architecture.py`` holds it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware.phone.audio.volume import Volumes
from firmware.phone.language.phrase import Phrase, counted, phrase
from firmware.phone.machine.rules import ENDED_KEPT, Rules
from firmware.phone.machine.state import State


@dataclass(frozen=True)
class Item:
    """``name`` is for programs, ``title`` for the display. ``lifetime`` and ``number`` depend on
    configuration and state; a number of None is not known to us.

    ``wiped``: a wipe erases it. ``file``: it is in the state directory.
    """

    name: str
    title: Phrase
    purpose: str
    place: str
    lifetime: Callable[[Rules], str]
    number: Callable[[Rules, State], int | None]
    wiped: bool = False
    file: bool = False


PLACE_NOT_KEPT = phrase("Place not kept")
"""The trouble of a disk that does not take the place."""


def _history_lifetime(rules: Rules) -> str:
    hours = rules.config.privacy.history_hours
    if not hours:
        return phrase("never kept ({option} = 0)", option="privacy.history_hours")
    return counted(
        "{number} hour; the last 100 calls at most", "{number} hours; the last 100 calls at most", hours
    )


ITEMS = (
    Item(
        "call in progress",
        phrase("Call in progress"),
        "to talk",
        "memory",
        lambda rules: phrase("until it ends"),
        lambda rules, state: len(state.lives),
    ),
    Item(
        "text of a call",
        phrase("Text of a call"),
        "what both typed, to be read while they do",
        "memory",
        lambda rules: phrase("until the call ends"),
        lambda rules, state: sum(bool(call.theirs or call.ours) for call in state.lives),
    ),
    Item(
        "ended calls",
        phrase("Ended calls"),
        "to show why a call ended",
        "memory",
        lambda rules: counted("{number} second", "{number} seconds", round(ENDED_KEPT)),
        lambda rules, state: sum(not call.live for call in state.calls),
        wiped=True,
    ),
    Item(
        "last number dialled, last caller",
        phrase("Last number dialled, last caller"),
        "for redial and call-back",
        "memory",
        lambda rules: (
            counted("{number} minute", "{number} minutes", rules.config.phone.redial_minutes)
            if rules.config.phone.redial_minutes
            else phrase("never kept ({option} = 0)", option="phone.redial_minutes")
        ),
        lambda rules, state: sum(recent is not None for recent in (state.dialled, state.caller)),
        wiped=True,
    ),
    Item(
        "missed calls",
        phrase("Missed calls"),
        "a number on the display; no names",
        "memory",
        lambda rules: phrase("until the handset is lifted"),
        lambda rules, state: state.missed,
        wiped=True,
    ),
    Item(
        "call history",
        phrase("Call history"),
        "to look up past calls",
        "encrypted file, each call with its own key",
        _history_lifetime,
        lambda rules, state: len(state.history),
        wiped=True,
        file=True,
    ),
    Item(
        "watchers you allowed",
        phrase("Watchers you allowed"),
        "who may see whether you are there",
        "encrypted file, each with its own key",
        lambda rules: phrase("until its end date"),
        lambda rules, state: len(state.grants),
        wiped=True,
        file=True,
    ),
    Item(
        "watchers you refused",
        phrase("Watchers you refused"),
        "not to ask you again",
        "memory",
        lambda rules: phrase("until the next start"),
        lambda rules, state: len(state.refused),
        wiped=True,
    ),
    Item(
        "watchers now",
        phrase("Watchers now"),
        "to tell them what they may see",
        "memory",
        lambda rules: phrase("until they leave; asked again every 5 minutes"),
        lambda rules, state: len(state.watchers),
    ),
    Item(
        "place you typed in",
        phrase("Place you typed in"),
        "told in an emergency call, in no other",
        "encrypted file, with a key of its own",
        lambda rules: phrase("until you change or erase it"),
        lambda rules, state: int(state.place is not None),
        wiped=True,
        file=True,
    ),
    Item(
        "secrets shared with contacts",
        phrase("Secrets shared with contacts"),
        "to know that a contact's telephone is the one of the last call (ZRTP)",
        "encrypted file, each contact's with a key of its own",
        lambda rules: phrase("until you erase them, or remove the contact"),
        lambda rules, state: state.secrets,
        wiped=True,
        file=True,
    ),
    Item(
        "protection of calls with your contacts",
        phrase("Protection of calls with your contacts"),
        "to warn you when a call has less, or the far end is another",
        "encrypted file, each with its own key",
        lambda rules: phrase("until you remove the contact or erase it"),
        lambda rules, state: len(state.reached),
        wiped=True,
        file=True,
    ),
    Item(
        "settings of the keypad",
        phrase("Settings of the keypad"),
        "melody, forwarding, do not disturb and the like, as you set them",
        "encrypted file, with a key of its own",
        lambda rules: phrase("until you change or erase them"),
        lambda rules, state: len(state.settings) + len(state.forwards) + int(state.undisturbed),
        wiped=True,
        file=True,
    ),
    Item(
        "PIN of the keypad lock",
        phrase("PIN of the keypad lock"),
        "to unlock the keypad; wrong ones are counted",
        "encrypted file, with a key of its own: an Argon2id hash and a number",
        lambda rules: phrase("until you remove it, or {option} is false", option="phone.lock"),
        lambda rules, state: int(bool(state.lock.pin)),
        file=True,
    ),
    Item(
        "volume",
        phrase("Volume"),
        "as loud as you set it last",
        "encrypted file, with a key of its own",
        lambda rules: phrase("until you erase it"),
        lambda rules, state: int(state.volumes != Volumes()),
        wiped=True,
        file=True,
    ),
    Item(
        "certificates for contacts",
        phrase("Certificates for contacts"),
        "by which a contact's telephone knows yours again, in calls that are not private",
        "encrypted file, each with a key of its own",
        lambda rules: phrase("until you erase them, or remove the contact"),
        lambda rules, state: state.certificates,
        wiped=True,
        file=True,
    ),
    Item(
        "passwords typed on the set-up page",
        phrase("Passwords of the set-up page"),
        "to log in with your accounts",
        "a file each, which the telephone alone can read; phone.toml names it",
        lambda rules: phrase("until you change them or remove the account"),
        lambda rules, state: None,
        file=True,
    ),
    Item(
        "contacts",
        phrase("Contacts"),
        "your phone book",
        "phone.toml, which the telephone only reads",
        lambda rules: phrase("until you remove them there"),
        lambda rules, state: len(rules.contacts),
    ),
    Item(
        "first start",
        phrase("Typed at the first start"),
        "your account and country, where phone.toml says nothing",
        "typed.toml, which only the telephone's user may read",
        lambda rules: phrase("until a factory reset"),
        lambda rules, state: int(getattr(rules.config.source, "name", "") == "typed.toml"),
        file=True,
    ),
    Item(
        "contacts of files and servers",
        phrase("Contacts of files and servers"),
        "to find people by name, and to show who calls",
        "encrypted file, with a key of its own",
        lambda rules: phrase("until they are read anew, you erase them, or remove their source"),
        lambda rules, state: len(state.book),
        wiped=True,
        file=True,
    ),
    Item(
        "last day",
        phrase("Last day"),
        "to judge certificates while the clock is behind",
        "encrypted file, with a key of its own",
        lambda rules: phrase("until the next day, or a factory reset"),
        lambda rules, state: None,
        file=True,
    ),
    Item(
        "log",
        phrase("Log"),
        "to find faults; names, numbers and keys are masked",
        "the system's journal, not ours",
        lambda rules: phrase("as the system's journal is set"),
        lambda rules, state: None,
    ),
)


def inventory(rules: Rules, state: State) -> list[dict[str, Any]]:
    """Every item as JSON's own values."""
    return [
        {
            "item": item.name,
            "purpose": item.purpose,
            "place": item.place,
            "lifetime": item.lifetime(rules),
            "number": item.number(rules, state),
            "wiped": item.wiped,
        }
        for item in ITEMS
    ]


def erasable(rules: Rules, state: State) -> dict[str, int]:
    """What a wipe would erase now: item and number."""
    return {item.name: item.number(rules, state) or 0 for item in ITEMS if item.wiped}
