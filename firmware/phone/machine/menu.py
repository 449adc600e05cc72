"""The menu: what others see, who watches, what is stored, the risks, about. Pure.

It opens when ``*`` is held for HOLD with the handset down; a short ``*`` stays a digit. ::

    list ──1…9──► item ──#──► list ──#──► closed      2 back, 8 or 0 on (round and round)
                  "What is stored":  * asks ──*──► erased      any other key: kept

A call, a lifted handset or LEFT_ALONE without a key closes it. What a page says is computed when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import presence
from firmware.phone.display import paging, screens
from firmware.phone.language.phrase import calendar_day, joined, moment, phrase, phrase_in
from firmware.phone.machine import finding, records, settings, setup, updates, watchers
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Menu, State
from firmware.phone.presence import Grant
from firmware.phone.privacy import exposure
from firmware.phone.risks import first_at_hand, risks
from firmware.phone.store import ITEMS
from firmware.phone.values import Direction, Hook, SwitchPosition

HOLD = 1.0
"""Seconds that ``*`` is held to open the menu."""

LEFT_ALONE = 30.0
"""Seconds without a key until the menu closes."""

UPDATES = "6"
"""The item where ``1`` installs."""

STORED = "3"
"""The item where ``*`` erases."""

RISKS = "4"
"""The item where ``*`` goes to the remedy of the heaviest risk that has one at the keypad."""

CONTACTS = "9"
"""The item where ``*`` reads files and servers anew."""

ERASE = (phrase("All calls, watchers, contacts, place?"), phrase("* erase"), phrase("# keep"))

_STEPS = {"2": -1, "8": 1, "0": 1}


def key(
    rules: Rules, state: State, event: on.Event, now: float
) -> tuple[State, tuple[do.Command, ...]] | None:
    """What a key does in the open menu; None when the event is not for the menu."""
    menu = state.menu
    if menu is None or not isinstance(event, on.KeyPressed):
        return None
    pressed = event.key
    menu = replace(menu, keyed_at=now)
    if menu.item.startswith(settings.ROOT):
        return settings.key(rules, state, menu, pressed, now)
    if not menu.item and pressed == settings.ROOT:
        return replace(state, menu=Menu(settings.ROOT, keyed_at=now)), ()
    if menu.item == STORED and pressed == "*":
        if menu.asked:
            state, commands = records.wiped(state)
            return replace(state, menu=replace(menu, asked=False, erased=True, page=0)), commands
        return replace(state, menu=replace(menu, asked=True, erased=False)), ()
    if menu.item == CONTACTS and pressed == finding.NEXT:
        return finding.pull(rules, replace(state, menu=replace(menu, page=0)))
    if menu.item == RISKS and pressed == "*":
        risk = first_at_hand(risks(rules, state, state.today or date.min))
        return replace(state, menu=menu if risk is None else Menu(risk.item, keyed_at=now)), ()
    if menu.asked:
        return replace(state, menu=replace(menu, asked=False)), ()
    wished = updates.key_in_menu(state, pressed, now) if menu.item == UPDATES else None
    if wished is not None:
        return wished
    if pressed == "#":
        return replace(state, menu=Menu(keyed_at=now) if menu.item else None), ()
    if menu.item:
        menu = replace(menu, page=menu.page + _STEPS.get(pressed, 0), erased=False)
    elif pressed in _items(rules):
        menu = Menu(item=pressed, keyed_at=now)
    else:
        menu = replace(menu, page=menu.page + _STEPS.get(pressed, 0))
    return replace(state, menu=menu), ()


def followed(state: State, event: on.Event, now: float) -> State:
    """``state`` after ``event`` with the menu opened or closed where that follows from it."""
    idle = state.live is None and state.hook is Hook.ON
    if not idle:
        return replace(state, menu=None, star_at=None) if state.menu or state.star_at is not None else state
    if isinstance(event, on.KeyPressed):
        alone = event.key == "*" and state.digits == "*" and state.menu is None
        return replace(state, star_at=now if alone else None)
    if isinstance(event, on.KeyReleased) and event.key == "*":
        return replace(state, star_at=None)
    if not isinstance(event, on.Tick):
        return state
    if state.star_at is not None and now - state.star_at >= HOLD:
        return replace(state, menu=Menu(keyed_at=now), star_at=None, digits="")
    if state.menu is not None and now - state.menu.keyed_at >= LEFT_ALONE and not setup.stays(state):
        return replace(state, menu=None)
    return state


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, the menu opens or closes by itself."""
    opens = [] if state.star_at is None else [state.star_at + HOLD]
    return opens if state.menu is None or setup.stays(state) else [state.menu.keyed_at + LEFT_ALONE]


def pages(rules: Rules, state: State, now: float, wall: datetime) -> screens.Pages:
    """The page that the open menu shows."""
    menu = state.menu or Menu()
    if menu.item == setup.ITEM:
        turned = menu.page - 1 if setup.pictured(state) else menu.page
        return paging.pages(setup.TITLE, setup.paragraphs(state, now), turned, setup.special(state))
    items = _items(rules)
    if menu.asked:
        return paging.pages(phrase("Erase?"), ERASE, 0)
    if menu.reset:
        return paging.pages(phrase("Factory reset"), settings.ASKS[menu.reset], 0)
    if menu.item.startswith(settings.ROOT):
        title, paragraphs, special = settings.paragraphs(rules, state, menu)
        return paging.pages(title, paragraphs, menu.page, special)
    if menu.item:
        title, paragraphs = items[menu.item].title, items[menu.item].text(rules, state, now, wall)
    else:
        title, paragraphs = phrase("Menu"), [joined((digit, item.name)) for digit, item in items.items()]
        paragraphs += [joined((settings.ROOT, phrase("Settings")))]
        paragraphs += [phrase("8, 2 turn the page"), phrase("# goes back")]
    near = menu.item == RISKS and first_at_hand(risks(rules, state, wall.date())) is not None
    special = "*" if near or menu.item in (STORED, CONTACTS) else ""
    return paging.pages(title, paragraphs, menu.page, special)


class Item(NamedTuple):
    """``name`` stands in the list, ``title`` over the pages, ``text`` makes their paragraphs."""

    name: str
    title: str
    text: Callable[[Rules, State, float, datetime], list[str]]


def _items(rules: Rules) -> dict[str, Item]:
    """The items by the key that chooses them."""
    items = {
        "1": Item(phrase("What they see"), phrase_in("title", "They see"), they_see),
        "2": Item(phrase("Who watches me"), phrase_in("title", "Watchers"), who_watches),
        STORED: Item(phrase("What is stored"), phrase_in("title", "Stored"), stored),
        RISKS: Item(phrase("Risks"), phrase_in("title", "Risks"), present_risks),
        "5": Item(phrase("About"), phrase_in("title", "About"), about),
        UPDATES: Item(phrase("Updates"), phrase_in("title", "Updates"), about_updates),
    }
    if rules.config.privacy.history_hours:
        items["7"] = Item(phrase("Calls kept"), phrase_in("title", "Calls"), history)
    if finding.sources(rules):
        items[CONTACTS] = Item(phrase("Contacts"), phrase_in("title", "Contacts"), contacts)
    return items


def they_see(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    shown = exposure(state.switch)
    found: list[str] = []
    if state.switch is SwitchPosition.UNREADABLE:
        found.append(phrase("The switch cannot be read: private"))
    else:
        found.append(phrase("Switch: open") if shown.identity else phrase("Switch: private"))
    for number, account in enumerate(rules.config.accounts or (None,)):
        found.append(phrase("People in a call see: {what}", what=rules.they_see(shown, account=number)))
        if shown.identity and account:
            found.append(account.address.removeprefix("sip:"))
    if state.place is not None:
        found.append(phrase("Emergency calls tell your place"))
    granted, none = phrase("Watchers see: what you granted"), phrase("Watchers see: nothing")
    found.append(granted if shown.presence else none)
    return found


def who_watches(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    """Who watches now, then who may see our presence, what of it, and until when."""
    day = presence.today(wall)
    granted = [_granted(rules, grant) for grant in (*rules.grants, *state.grants) if grant.holds(day)]
    if not granted and not state.watchers:
        return [phrase("Nobody may see whether you are there.")]
    closed = [] if exposure(state.switch).presence else [phrase("Private: they see nothing now.")]
    return [
        *closed,
        *watchers.watcher_lines(rules, state, now),
        *([phrase("Allowed:")] if granted else []),
        *granted,
    ]


def _granted(rules: Rules, grant: Grant) -> str:
    name = rules.name_of(grant.uri) or grant.uri.removeprefix("sips:").removeprefix("sip:")
    what = phrase("open or closed") if grant.shows == "open-closed" else phrase("open, closed, in a call")
    until = phrase("until {day}", day=calendar_day(grant.until)) if grant.until else phrase("no end")
    return joined((joined((name, what), ": "), until), ", ")


def stored(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    head = [state.store_trouble] if state.store_trouble else []
    if not head and state.menu is not None and state.menu.erased:
        head = [phrase("Erased.")]
    lines = []
    for item in ITEMS:
        number = item.number(rules, state)
        counted_item = (
            item.title if number is None else phrase("{item}: {number}", item=item.title, number=number)
        )
        lines.append(phrase("{item} ({lifetime})", item=counted_item, lifetime=item.lifetime(rules)))
    return [*head, *lines, phrase("Press * to erase.")]


def present_risks(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    found = risks(rules, state, wall.date())
    near, told = first_at_hand(found), list[str]()
    for risk in found:
        told += [joined(("!", risk.text)), joined(("→", risk.remedy))]
        told += [phrase("Press *: go there")] if risk is near else []
    return told


def about(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    versions = dict(rules.versions)
    own = versions.pop("sottovoce", "")
    over = ", ".join(dict.fromkeys(line.transport.upper() for line in rules.lines))
    return [
        f"Sottovoce {own}".strip(),
        *updates.standing_lines(state.updates, wall.date()),
        phrase("Free software, without warranty: GPL-3.0-or-later"),
        phrase("Calls: SIP (RFC 3261) over {transport}", transport=over),
        phrase("Speech: SRTP (RFC 3711), DTLS keys (RFC 5763)"),
        phrase("Codecs: {codecs}", codecs=", ".join(rules.config.media.codecs)),
        *(f"{name} {version}" for name, version in versions.items()),
    ]


def about_updates(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    return updates.lines(state, wall.date())


def contacts(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    """How many there are, from where and since when, and what is wrong."""
    found = [phrase("Reading …")] if state.pulling else []
    found += [joined(("!", trouble)) for trouble in state.book_troubles]
    for source in state.book.sources:
        number = phrase("{item}: {number}", item=source.name, number=len(source.entries))
        if source.pulled:
            when = moment(source.pulled.astimezone(wall.tzinfo))
            number = phrase("{item} ({lifetime})", item=number, lifetime=when)
        found.append(number)
    found += [phrase("Left out: {fault}", fault=fault) for fault in state.book_faults]
    find = phrase("Find a name: type its letters' keys, then *")
    return [*found, find, phrase("* reads all anew")]


def history(rules: Rules, state: State, now: float, wall: datetime) -> list[str]:
    """The calls of the history, the last first."""
    found: list[str] = []
    for call in sorted(state.history, key=lambda call: -call.at):
        when = moment(datetime.fromtimestamp(call.at, wall.tzinfo))
        who = call.name or call.uri.removeprefix("sips:").removeprefix("sip:").split(";")[0]
        length = f"{call.seconds // 60}:{call.seconds % 60:02}"
        if call.direction is Direction.IN:
            found.append(phrase("{when} from {who}, {length}", when=when, who=who, length=length))
        else:
            found.append(phrase("{when} to {who}, {length}", when=when, who=who, length=length))
    return found or [phrase("No calls.")]
