"""Who may see whether somebody is at this phone, and what they see. Pure, and closed when in doubt.

Nothing is ever published (RFC 3903). A watcher who is not granted sees nothing at all; one who is granted
sees no more than the grant, the privacy switch and the day allow (RFC 3856 section 6.6).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from xml.sax.saxutils import quoteattr

from firmware.phone.privacy import Exposure
from firmware.phone.sip import uri as sip_uri
from firmware.phone.values import SubscriptionId

EVENT = "presence"
"""The one event package that is served. "dialog" (RFC 4235) would tell more of the same: whom one calls."""

MOST = 32
"""Subscriptions at one time; one more is refused with 503."""

MOST_OF_ONE = 4
"""Subscriptions of one watcher (several devices); one more is refused with 503."""

MOST_WAITING = 4
"""Watchers who wait for the user's word; others are refused until one is decided."""

MOST_GRANTED = 32
"""Grants given at the keypad."""

MOST_REFUSED = 64
"""Watchers refused at the keypad. After so many nobody may ask any more, until the next start."""

EARLIEST = date(2026, 1, 1)
"""A clock that shows a day before this one was never set."""

Shows = Literal["open-closed", "in-call"]


class Sees(enum.Enum):
    """What a watcher is told. ``PENDING``: nothing yet, the user has not decided (RFC 6665 section 4.1.3)."""

    PENDING = "pending"
    CLOSED = "closed"
    OPEN = "open"
    IN_CALL = "in-call"


@dataclass(frozen=True)
class Grant:
    """One watcher's permission. ``until``: its last day; None is without end."""

    uri: str
    shows: Shows = "open-closed"
    until: date | None = None

    def holds(self, today: date | None) -> bool:
        """Whether it is in force. Without a day that can be right, one with an end is not."""
        return self.until is None or (today is not None and today <= self.until)


@dataclass(frozen=True)
class Watching:
    """A subscription. ``since``: monotonic seconds; ``asking``: it waits for the user's word."""

    id: SubscriptionId
    uri: str
    since: float
    asking: bool = False


def today(wall: datetime) -> date | None:
    """The day, or None when the clock was never set."""
    return wall.date() if wall.date() >= EARLIEST else None


def granted(grants: Iterable[Grant], watcher: str, day: date | None) -> Grant | None:
    """The grant of ``watcher`` that is in force on ``day``: of several the one that shows most."""
    found = [grant for grant in grants if grant.holds(day) and sip_uri.same_address(grant.uri, watcher)]
    return max(found, key=lambda grant: grant.shows == "in-call", default=None)


def sees(grant: Grant | None, exposure: Exposure, day: date | None, in_call: bool) -> Sees | None:
    """What the watcher with ``grant`` sees; None is nothing, not even a subscription."""
    if grant is None or not grant.holds(day):
        return None
    if not exposure.presence:
        return Sees.CLOSED
    return Sees.IN_CALL if in_call and grant.shows == "in-call" else Sees.OPEN


def document(entity: str, seen: Sees) -> str:
    """The presence document (PIDF, RFC 3863; on-the-phone, RFC 4480), or "" when there is nothing to tell.

    ``entity`` is the address as the watcher wrote it: we name no other. No time, no note, no contact.
    """
    if seen is Sees.PENDING:
        return ""
    basic = "closed" if seen is Sees.CLOSED else "open"
    spaces, person = "", ""
    if seen is Sees.IN_CALL:
        spaces = (
            ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
        )
        activities = "<rpid:activities><rpid:on-the-phone/></rpid:activities>"
        person = f'<dm:person id="person">{activities}</dm:person>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<presence xmlns="urn:ietf:params:xml:ns:pidf"{spaces} entity={quoteattr(entity)}>'
        f'<tuple id="phone"><status><basic>{basic}</basic></status></tuple>{person}</presence>\n'
    )
