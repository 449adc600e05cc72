"""What the updater tells the telephone, and what its user wishes of the updater. Pure.

The updater is another program with another user: what it says is read as strictly as what comes from the
network. It can put words on the display and nothing else.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

MOST_FLAWS = 20
MOST_NOTICES = 10
LONGEST_NOTES = 4000
LONGEST = 300
"""Characters of notes, and of any other text."""


SUPPORT_WARNING = 90
"""Days before the end of support from which on it is a risk."""


class Stage(enum.Enum):
    """What the updater is doing."""

    IDLE = "idle"
    FETCHING = "fetching"
    WRITING = "writing"
    WAITING = "waiting"
    RESTARTING = "restarting"
    PROVING = "proving"


class News(enum.Enum):
    """What came of the last update, until the user has seen it."""

    NONE = "none"
    UPDATED = "updated"
    BACK = "back"


class Want(enum.Enum):
    """What the user may wish. SEEN: the news need not be shown again."""

    CHECK = "check"
    INSTALL = "install"
    POSTPONE = "postpone"
    SEEN = "seen"


@dataclass(frozen=True)
class Offered:
    """A release that is there. ``when`` it is installed, in plain words; ``notes``: what changes."""

    version: str
    security: bool
    octets: int
    notes: str
    when: str


@dataclass(frozen=True)
class KnownFlaw:
    """A flaw that the running version has."""

    id: str
    text: str


@dataclass(frozen=True)
class Noticed:
    """A security notice of the makers. ``affected``: the running version has what it tells of."""

    id: str
    published: date
    text: str
    remedy: str
    affected: bool


@dataclass(frozen=True)
class Updates:
    """``version``: of the slot that runs. ``mode``: what the settings say; ``server``: whether there is one.

    ``percent``: how far it is, of FETCHING and WRITING. ``result``: the last thing that was done or refused,
    ``news`` whether the user has yet to see it, about ``news_version``. ``notes``: what changed in the
    running version. ``notices``: the newest first. ``supported_until``: the last day with security updates.
    ``asked``: when the server last gave a good answer. ``answered``: the last wish that is done with.
    ``told``: whether it ever spoke.
    """

    version: str = ""
    mode: str = "automatic"
    server: bool = False
    stage: Stage = Stage.IDLE
    percent: int = 0
    offer: Offered | None = None
    postponed_until: datetime | None = None
    result: str = ""
    news: News = News.NONE
    news_version: str = ""
    notes: str = ""
    affected: tuple[KnownFlaw, ...] = ()
    supported_until: date | None = None
    asked: datetime | None = None
    answered: int = 0
    told: bool = False
    notices: tuple[Noticed, ...] = ()


@dataclass(frozen=True)
class Wish:
    """``number`` counts the wishes since the telephone's start; ``days``: of a postponement."""

    number: int
    want: Want
    days: int = 0


def as_json(updates: Updates) -> dict[str, Any]:
    """``updates`` as JSON's own values; ``parse`` takes it back."""
    offer = updates.offer
    return {
        "version": updates.version,
        "mode": updates.mode,
        "server": updates.server,
        "stage": updates.stage.value,
        "percent": updates.percent,
        "offer": None if offer is None else asdict(offer),
        "postponed_until": updates.postponed_until.isoformat() if updates.postponed_until else None,
        "result": updates.result,
        "news": updates.news.value,
        "news_version": updates.news_version,
        "notes": updates.notes,
        "affected": [asdict(flaw) for flaw in updates.affected],
        "supported_until": updates.supported_until.isoformat() if updates.supported_until else None,
        "asked": updates.asked.isoformat() if updates.asked else None,
        "answered": updates.answered,
        "notices": [asdict(one) | {"published": one.published.isoformat()} for one in updates.notices],
    }


def wish_json(wish: Wish | None) -> dict[str, Any] | None:
    return None if wish is None else {"number": wish.number, "want": wish.want.value, "days": wish.days}


def parse(told: object) -> Updates:
    """What the updater said. Raises ValueError for anything that ``as_json`` does not make."""
    if not isinstance(told, dict) or set(told) != set(_READ):
        raise ValueError(f"the updater's word has exactly {', '.join(_READ)}")
    found: dict[str, Any] = {}
    for key, read in _READ.items():
        try:
            found[key] = read(told[key])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{key}: {error}") from None
    return Updates(told=True, **found)


# --- readers: each raises ValueError -----------------------------------------------------------------


def _text(longest: int = LONGEST) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise ValueError(f"must be text of at most {longest} characters")
        return value

    return read


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise ValueError(f"must be a number from 0 to {most}")
        return value

    return read


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    found = datetime.fromisoformat(_text(40)(value))
    if found.tzinfo is None:
        raise ValueError("must say its time zone")
    return found


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(_text(10)(value))


def _the_day(value: object) -> date:
    return date.fromisoformat(_text(10)(value))


def _table(value: object, readers: dict[str, Callable[[object], Any]]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(readers):
        raise ValueError(f"must be a table of {', '.join(readers)}")
    return {key: read(value[key]) for key, read in readers.items()}


def _offer(value: object) -> Offered | None:
    return None if value is None else Offered(**_table(value, _OFFER))


def _notices(value: object) -> tuple[Noticed, ...]:
    if not isinstance(value, list) or len(value) > MOST_NOTICES:
        raise ValueError(f"must be a list of at most {MOST_NOTICES}")
    return tuple(Noticed(**_table(one, _NOTICE)) for one in value)


def _flaws(value: object) -> tuple[KnownFlaw, ...]:
    if not isinstance(value, list) or len(value) > MOST_FLAWS:
        raise ValueError(f"must be a list of at most {MOST_FLAWS}")
    return tuple(KnownFlaw(**_table(flaw, _FLAW)) for flaw in value)


_OFFER: dict[str, Callable[[object], Any]] = {
    "version": _text(20),
    "security": _flag,
    "octets": _number(2**40),
    "notes": _text(LONGEST_NOTES),
    "when": _text(),
}
_FLAW: dict[str, Callable[[object], Any]] = {"id": _text(60), "text": _text(500)}
_NOTICE: dict[str, Callable[[object], Any]] = {
    "id": _text(60),
    "published": _the_day,
    "text": _text(),
    "remedy": _text(),
    "affected": _flag,
}
_READ: dict[str, Callable[[object], Any]] = {
    "version": _text(20),
    "mode": _text(20),
    "server": _flag,
    "stage": Stage,
    "percent": _number(100),
    "offer": _offer,
    "postponed_until": _moment,
    "result": _text(),
    "news": News,
    "news_version": _text(20),
    "notes": _text(LONGEST_NOTES),
    "affected": _flaws,
    "supported_until": _day,
    "asked": _moment,
    "answered": _number(2**31),
    "notices": _notices,
}
