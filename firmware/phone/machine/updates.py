"""Updates, as the user meets them: the notice before, what changed afterwards, and what is wished. Pure.

::

    offer    ──1──► now      ──2──► tomorrow     ──#──► as planned
    updated, back ──#──► seen

A notice stands on the idle display alone, and takes no digit from a number that is dialled: a key answers
only when no other follows it for SETTLE and the handset stays down. So 112 is 112, whatever is shown.
"""

from __future__ import annotations

import enum
import re
from dataclasses import replace
from datetime import date

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.language.phrase import calendar_day, joined, phrase
from firmware.phone.machine.rules import ASK_GUARD, ENDED_SHOWN, Rules
from firmware.phone.machine.state import State
from firmware.phone.updates import News, Noticed, Offered, Stage, Updates, Want, Wish
from firmware.phone.values import Hook

Result = tuple[State, tuple[do.Command, ...]]

SETTLE = 1.5
"""Seconds without another key after which a key answers the notice."""

WISH_LIMIT = 900.0
"""Seconds without a word of the updater after which a wish is forgotten: there is none, or it is broken."""

NOW, TOMORROW, SEEN = "1", "2", "#"
MOST_DAYS = 30
"""Days that an update can be put off by one wish; a security release gives less (judge)."""


class About(enum.Enum):
    """What a notice is about, the heaviest first."""

    BACK = "back"
    UPDATED = "updated"
    OFFER = "offer"


_KEYS = {About.BACK: SEEN, About.UPDATED: SEEN, About.OFFER: NOW + TOMORROW + SEEN}
_OF_NEWS = {News.BACK: About.BACK, News.UPDATED: About.UPDATED}


def told(rules: Rules, state: State, event: on.UpdaterTold, now: float) -> Result:
    """The updater speaks. A wish that it has answered is over."""
    done = state.wish is not None and event.updates.answered >= state.wish.number
    return replace(state, updates=event.updates, told_at=now, wish=None if done else state.wish), ()


def wished(rules: Rules, state: State, event: on.UpdateWished, now: float) -> Result:
    """The user wants something of the updater; the last wish counts."""
    return _wish(state, now, event.want, min(event.days, MOST_DAYS))


def _wish(state: State, now: float, want: Want, days: int = 0) -> Result:
    wish = Wish(state.wishes + 1, want, days)
    return replace(state, wish=wish, wishes=wish.number, told_at=now), (do.WakeUpdater(),)


def standing(state: State, now: float) -> About | None:
    """What the display has to say of updates now, or None: it says so only while the phone is idle."""
    last = state.last
    ended = last is not None and now - last.since < ENDED_SHOWN
    if state.live is not None or state.hook is Hook.OFF or state.menu is not None or state.locked or ended:
        return None
    found = _news(state)
    if found is not None and state.digits:
        stood = None if state.notice_at is None else state.keyed_at - state.notice_at
        if state.digits not in tuple(_KEYS[found]) or stood is None or stood < ASK_GUARD:
            return None
    return found


def _news(state: State) -> About | None:
    updates, offer = state.updates, state.updates.offer
    if state.wish is not None and state.wish.want is Want.SEEN:
        updates = replace(updates, news=News.NONE)
    if updates.news in _OF_NEWS:
        return _OF_NEWS[updates.news]
    waits = updates.stage is Stage.IDLE and updates.postponed_until is None and state.wish is None
    return About.OFFER if offer is not None and waits and offer.version != state.offer_seen else None


def settled(state: State, now: float) -> Result | None:
    """A key that was pressed to a notice and stayed alone answers it; None when there is none."""
    found = standing(state, now)
    if found is None or not state.digits or now - state.keyed_at < SETTLE:
        return None
    pressed, state = state.digits, replace(state, digits="", notice_at=None)
    if found is not About.OFFER:
        return _wish(state, now, Want.SEEN)
    offer = state.updates.offer
    state = replace(state, offer_seen=offer.version if offer else "")
    if pressed == NOW:
        return _wish(state, now, Want.INSTALL)
    if pressed == TOMORROW:
        return _wish(state, now, Want.POSTPONE, 1)
    return state, ()


def followed(before: State, state: State, now: float) -> Result:
    """After every event: since when a notice stands, and since when the telephone is left alone.

    An update that waits for that is told at once; a wish that nobody takes is forgotten.
    """
    if state.wish is not None and now - state.told_at >= WISH_LIMIT:
        state = replace(state, wish=None)
    shown = standing(state, now) is not None
    if shown and state.notice_at is None:
        state = replace(state, notice_at=now)
    elif not shown and state.notice_at is not None:
        state = replace(state, notice_at=None)
    if not (busy(before) or busy(state)):
        return state, ()
    waits = not busy(state) and state.updates.stage is Stage.WAITING
    return replace(state, busy_at=now), (do.WakeUpdater(),) if waits else ()


def busy(state: State) -> bool:
    """Whether a restart would take the telephone out of somebody's hands."""
    called = any(call.live for call in state.calls)
    return bool(called or state.hook is Hook.OFF or state.digits or state.menu is not None or _begun(state))


def _begun(state: State) -> bool:
    """Whether somebody is in the middle of the first start."""
    return state.first is not None and bool(state.first.way)


def deadlines(state: State) -> list[float]:
    """When, in monotonic seconds, a key pressed to a notice answers it, and a wish is forgotten."""
    answers = [state.keyed_at + SETTLE] if state.notice_at is not None and state.digits else []
    return answers if state.wish is None else [*answers, state.told_at + WISH_LIMIT]


# --- what is shown -----------------------------------------------------------------------------------


def screen(state: State, found: About) -> screens.Notice:
    updates = state.updates
    if found is About.BACK:
        back = phrase(
            "{new} did not work here; {old} is back.", new=updates.news_version, old=updates.version
        )
        text = joined((back, _reason(updates)))
        return screens.Notice(phrase("Update undone"), text, phrase("# ok"), grave=True)
    if found is About.UPDATED:
        return screens.Notice(
            phrase("Now {version}", version=updates.news_version),
            updates.notes or phrase("Updated."),
            phrase("# ok  menu 6: more"),
        )
    offer = updates.offer or Offered("", False, 0, "", "")
    title = phrase("Update {version}", version=offer.version)
    if offer.security:
        title = phrase("Security update {version}", version=offer.version)
    text = joined((joined((_planned(offer), "."), ""), offer.notes))
    return screens.Notice(title, text, _CHOSEN.get(state.digits, KEYS), offer.security)


_NIGHT = re.compile(r"(?:From (\d{4}-\d\d-\d\d) on, )?at night, (\d+) to (\d+) h", re.IGNORECASE)


def _planned(offer: Offered) -> str:
    """When it will be installed. The updater is another program and says it in English; what is none of its
    two sentences is shown as it came."""
    if offer.when == "When you say so":
        return phrase("When you say so")
    found = _NIGHT.fullmatch(offer.when)
    if found is None:
        return offer.when
    day, begin, end = found.groups()
    if day is None:
        return phrase("At night, {begin} to {end} h", begin=begin, end=end)
    try:
        first = calendar_day(date.fromisoformat(day))
    except ValueError:
        return offer.when
    return phrase("From {day} on, at night, {begin} to {end} h", day=first, begin=begin, end=end)


KEYS = phrase("1 now 2 tomorrow # ok")
_CHOSEN = {NOW: phrase("Now …"), TOMORROW: phrase("Tomorrow …"), SEEN: phrase("As planned …")}


def _reason(updates: Updates) -> str:
    """Why it did not work: what the updater has in brackets."""
    _, _, inside = updates.result.partition("(")
    reason = inside.rpartition(")")[0]
    return reason[:1].upper() + reason[1:]


def notice(state: State) -> str:
    """One line for the idle display, "" when there is nothing to say."""
    updates, offer = state.updates, state.updates.offer
    match updates.stage:
        case Stage.FETCHING | Stage.WRITING:
            return phrase("Update: {percent} %", percent=updates.percent)
        case Stage.WAITING:
            return phrase("Update waits for quiet")
        case Stage.RESTARTING:
            return phrase("Restarting …")
        case Stage.PROVING:
            return phrase("Trying the update …")
    if state.wish is not None and state.wish.want in (Want.CHECK, Want.INSTALL):
        return phrase("Looking for updates …")
    if updates.affected and offer is None:
        return phrase("A known flaw: menu 6")
    if any(one.affected for one in updates.notices) and offer is None:
        return phrase("Security notice: menu 6")
    return phrase("Update {version}: menu 6", version=offer.version) if offer is not None else ""


def lines(state: State, today: date) -> list[str]:
    """All about updates, for the menu."""
    updates, offer = state.updates, state.updates.offer
    if not updates.told:
        return [phrase("The updater has not spoken yet. No updates come.")]
    found: list[str] = [notice(state)] if updates.stage is not Stage.IDLE else []
    if offer is not None:
        offered = phrase("Update {version}: {when}.", version=offer.version, when=_planned(offer))
        if offer.security:
            offered = phrase(
                "Security update {version}: {when}.", version=offer.version, when=_planned(offer)
            )
        found += [offered, phrase("Press 1: install it now."), offer.notes]
    if updates.postponed_until is not None:
        when = updates.postponed_until.astimezone()
        until = joined((calendar_day(when), f"{when:%H:%M}"))
        found.append(phrase("Put off until {when}.", when=until))
    if not updates.server:
        found.append(phrase("No update server is set: no updates come."))
    elif updates.mode == "off":
        found.append(phrase("Updates are switched off."))
    found += standing_lines(updates, today)
    found += [phrase("Last: {result}.", result=updates.result)] if updates.result else []
    found += (
        [phrase("New in {version}: {notes}", version=updates.version, notes=updates.notes)]
        if updates.notes
        else []
    )
    return [line for line in found if line]


def standing_lines(updates: Updates, today: date) -> list[str]:
    """How this version stands: known flaws, and until when it is looked after."""
    found: list[str] = [
        phrase("This version is affected: {flaw}", flaw=flaw.text) for flaw in updates.affected
    ]
    for one in updates.notices:
        found += [notice_words(one), *([one.remedy] if one.affected else [])]
    until = updates.supported_until
    if until is not None:
        ended = phrase("Security updates ended on {day}.", day=calendar_day(until))
        found.append(
            ended if today > until else phrase("Security updates until {day}.", day=calendar_day(until))
        )
    return found


def notice_words(one: Noticed) -> str:
    """A security notice, and whether it concerns this version: yes or no."""
    if one.affected:
        return phrase("{text} Your version is affected: yes.", text=one.text)
    return phrase("{text} Your version is affected: no.", text=one.text)


def key_in_menu(state: State, pressed: str, now: float) -> Result | None:
    """``1`` in the menu's item: install what is offered."""
    if pressed != NOW or state.updates.offer is None:
        return None
    return _wish(replace(state, menu=None), now, Want.INSTALL)
