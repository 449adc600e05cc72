"""The decisions about watchers: who is let in, who may ask, what each of them sees. Pure.

A SUBSCRIBE of somebody granted is accepted; of somebody else it is refused with 403, unless the switch is
open and the user can be asked. What a watcher sees is no decision of its own: it follows from the state
(``seen``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import presence
from firmware.phone.language.phrase import calendar_day, joined, phrase
from firmware.phone.machine.rules import ASK_GUARD, ENDED_SHOWN, Rules
from firmware.phone.machine.state import State
from firmware.phone.presence import Grant, Sees, Watching
from firmware.phone.privacy import exposure
from firmware.phone.sip.uri import same_address
from firmware.phone.values import Hook, Party, SubscriptionId

FORBIDDEN, BAD_EVENT, SERVICE_UNAVAILABLE = 403, 489, 503
"""SIP status codes, RFC 3261 sections 21.4.4 and 21.5.4, RFC 6665 section 8.3.2."""

TODAY, LONGER, NO = "1", "2", "#"
KEYS = TODAY + LONGER + NO
"""The keys that answer "may they see when you are there?"."""

DAYS = {TODAY: 0, LONGER: 30}
"""For how many days after today a key grants."""

Result = tuple[State, tuple[do.Command, ...]]


def asked(rules: Rules, state: State, event: on.WatcherAsked, now: float) -> Result:
    """A SUBSCRIBE waits for its answer."""
    granted = _granted(rules, state, event.uri) if event.uri else None
    status = _why_not(state, event, granted)
    if status:
        return state, (do.RefuseWatcher(event.subscription, status),)
    watching = Watching(event.subscription, event.uri, now, asking=granted is None)
    state = replace(state, watchers=(*state.watchers, watching))
    return state, (do.GrantWatcher(event.subscription, waits=watching.asking),)


def _why_not(state: State, event: on.WatcherAsked, granted: Grant | None) -> int:
    """The status that refuses, or 0. Strangers learn no more than 403."""
    if event.event != presence.EVENT:
        return BAD_EVENT
    if granted is None and not _may_ask(state, event.uri):
        return FORBIDDEN
    theirs = [watching for watching in state.watchers if same_address(watching.uri, event.uri)]
    full = len(state.watchers) >= presence.MOST or len(theirs) >= presence.MOST_OF_ONE
    return SERVICE_UNAVAILABLE if full else 0


def _may_ask(state: State, who: str) -> bool:
    """Whether the user may be bothered with the question, once, and can answer it."""
    waiting = [watching.uri for watching in state.watchers if watching.asking]
    return (
        bool(who)
        and exposure(state.switch).presence
        and state.today is not None
        and len(waiting) < presence.MOST_WAITING
        and len(state.grants) < presence.MOST_GRANTED
        and len(state.refused) < presence.MOST_REFUSED
        and not _among(who, (*waiting, *state.refused))
    )


def _among(who: str, others: Iterable[str]) -> bool:
    return any(same_address(who, other) for other in others)


def _granted(rules: Rules, state: State, who: str) -> Grant | None:
    return presence.granted((*rules.grants, *state.grants), who, state.today)


def gone(rules: Rules, state: State, event: on.WatcherGone, now: float) -> Result:
    left = tuple(watching for watching in state.watchers if watching.id != event.subscription)
    return replace(state, watchers=left), ()


def day(rules: Rules, state: State, event: on.DayChanged, now: float) -> Result:
    """Another day: the grants of the keypad that are over are forgotten."""
    kept = tuple(grant for grant in state.grants if event.day is None or grant.holds(event.day))
    return replace(state, today=event.day, grants=kept), ()


def asking(state: State, now: float) -> Watching | None:
    """The watcher about whom the display asks: the first who waits, while the phone is idle."""
    last = state.last
    ended = last is not None and now - last.since < ENDED_SHOWN
    if state.live is not None or state.hook is Hook.OFF or state.digits or state.locked or ended:
        return None
    return next((watching for watching in state.watchers if watching.asking), None)


def decided(state: State, key: str, now: float) -> Result:
    """A key of ``KEYS`` was pressed while the display asks."""
    who = asking(state, now)
    today, asked_at = state.today, state.asked_at
    if who is None or today is None or asked_at is None or now - asked_at < ASK_GUARD:
        return state, ()
    state = replace(state, asked_at=None)
    if key == NO:
        left = tuple(watching for watching in state.watchers if watching.id != who.id)
        state = replace(state, watchers=left, refused=(*state.refused, who.uri))
        return state, (do.RefuseWatcher(who.id, FORBIDDEN),)
    grant = Grant(who.uri, until=today + timedelta(days=DAYS[key]))
    admitted = tuple(replace(w, asking=False) if w.id == who.id else w for w in state.watchers)
    return replace(state, watchers=admitted, grants=(*state.grants, grant)), ()


def follow(rules: Rules, state: State, now: float) -> Result:
    """After every event: end what is no longer allowed, and remember since when the display asks."""
    if not state.watchers:
        return (state if state.asked_at is None else replace(state, asked_at=None)), ()
    over = [watching for watching in state.watchers if _sees(rules, state, watching) is None]
    if over:
        state = replace(state, watchers=tuple(w for w in state.watchers if w not in over))
    if asking(state, now) is None:
        state = replace(state, asked_at=None)
    elif state.asked_at is None:
        state = replace(state, asked_at=now)
    return state, tuple(do.RefuseWatcher(watching.id, FORBIDDEN) for watching in over)


def _sees(rules: Rules, state: State, watching: Watching) -> Sees | None:
    shown = exposure(state.switch)
    if watching.asking:
        return Sees.PENDING if shown.presence else None
    live = state.live
    in_call = live is not None and live.answered_at is not None
    return presence.sees(_granted(rules, state, watching.uri), shown, state.today, in_call)


def seen(rules: Rules, state: State) -> tuple[tuple[SubscriptionId, Sees], ...]:
    """What each subscription is told in ``state``."""
    found = [(watching.id, _sees(rules, state, watching)) for watching in state.watchers]
    return tuple((number, sees) for number, sees in found if sees is not None)


def listed(rules: Rules, state: State) -> list[dict[str, Any]]:
    """Who watches now, for ``sotto status``."""
    told = []
    for watching in state.watchers:
        grant, sees = _granted(rules, state, watching.uri), _sees(rules, state, watching)
        told.append(
            {
                "uri": watching.uri,
                "shows": grant.shows if grant and not watching.asking else None,
                "sees": sees.value if sees else None,
                "until": grant.until.isoformat() if grant and grant.until else None,
            }
        )
    return told


_WORDS = {
    Sees.PENDING: phrase("asks, sees nothing"),
    Sees.CLOSED: phrase("sees: not there"),
    Sees.OPEN: phrase("sees: there"),
    Sees.IN_CALL: phrase("sees: in a call"),
}


def watcher_lines(rules: Rules, state: State, now: float) -> list[str]:
    """Who watches now, what each sees, since when and until when: one line for each subscription."""
    lines: list[str] = []
    for watching in state.watchers:
        sees, grant = _sees(rules, state, watching), _granted(rules, state, watching.uri)
        name = rules.name_of(watching.uri) or Party(watching.uri).label
        words, minutes = _WORDS[sees] if sees else "", int(now - watching.since) // 60
        line = phrase("{name} {sees}, for {minutes} min", name=name, sees=words, minutes=minutes)
        if grant and grant.until:
            line = joined((line, phrase("until {day}", day=calendar_day(grant.until))), ", ")
        lines.append(line)
    return lines or [phrase("Nobody watches you")]
