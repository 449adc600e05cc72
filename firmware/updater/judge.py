"""Which release this telephone takes, and when. Pure: two questions, asked one after the other.

``judge``: is this release for us, newer, and not known to be bad?
``moment``: may it be installed now, or what do we wait for?
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware.updater.release import Bundle, Release
from firmware.updater.version import Version

NOTICE = timedelta(hours=12)
"""How long the display must have told of an update with features before it is installed by itself. One that
closes holes does not wait for that."""

QUIET = timedelta(minutes=10)
"""How long no call must have been before a restart."""

SECURITY_SHARE = 0.25
"""A security release reaches all telephones in this part of the time that its rollout names."""

LONGEST_POSTPONEMENT = timedelta(days=7)
"""A user may put a security release off by no more; to forbid all updates is another thing, and said so."""


class Mode(enum.Enum):
    """What the user has chosen (``update.mode``)."""

    AUTOMATIC = "automatic"
    SECURITY_ONLY = "security"
    ASK = "ask"
    OFF = "off"


@dataclass(frozen=True)
class Device:
    """``version``: of the booted slot. ``floor``: nothing older is installed (image and last release).

    ``bad``: what fell back before, by the bundle's SHA-256. ``place``: a random number from 0 to 1, made here
    and never sent: this telephone's place in a rollout.
    """

    board: str
    version: Version
    floor: Version
    bad: Mapping[str, str]
    place: float


@dataclass(frozen=True)
class Offer:
    """A release that this telephone may install."""

    release: Release
    bundle: Bundle


@dataclass(frozen=True)
class Refusal:
    """``why``, in plain words. ``current``: there is simply nothing newer."""

    why: str
    current: bool = False


def judge(release: Release, device: Device) -> Offer | Refusal:
    """Whether ``release`` is one for this telephone. What is older, even signed, is never taken."""
    if release.version == device.version:
        return Refusal(f"{device.version} is the newest version", current=True)
    if release.version < device.version:
        return Refusal(
            f"the newest release is {release.version}, older than this telephone's {device.version}"
        )
    if release.version < device.floor:
        return Refusal(f"{release.version} is older than {device.floor}, the oldest version that is safe")
    bundle = release.bundles.get(device.board)
    if bundle is None:
        return Refusal(f"{release.version} has nothing for the board {device.board}")
    if bundle.sha256 in device.bad:
        return Refusal(f"{release.version} was tried and did not work: {device.bad[bundle.sha256]}")
    return Offer(release, bundle)


@dataclass(frozen=True)
class Moment:
    """``now``: by a clock that is right. ``quiet_for``: how long there has been no call; None: in a call.

    ``night``: it is the hour that the user gave for updates. ``wanted``: the user asked for it.
    ``postponed_until``: the user put it off. ``noticed_for``: how long the display has told of it; None:
    there is nobody to be told.
    """

    now: datetime
    quiet_for: timedelta | None
    night: bool
    wanted: bool = False
    postponed_until: datetime | None = None
    noticed_for: timedelta | None = None


@dataclass(frozen=True)
class Wait:
    """Not yet; ``why`` in plain words."""

    why: str


def turn(release: Release, place: float) -> datetime:
    """When the telephone with ``place`` in the rollout may take ``release``."""
    share = SECURITY_SHARE if release.security else 1.0
    return release.published + timedelta(hours=release.rollout_hours) * (place * share)


def moment(offer: Offer, mode: Mode, device: Device, at: Moment) -> Wait | None:
    """What to wait for before ``offer`` is installed; None: now. Nothing interrupts a call."""
    if at.quiet_for is None:
        return Wait("a call or a hand is on the telephone")
    release = offer.release
    if at.wanted:
        return None
    if mode is Mode.OFF:
        return Wait("updates are switched off")
    if mode is Mode.ASK or (mode is Mode.SECURITY_ONLY and not release.security):
        return Wait("it is not installed without being asked for")
    if at.postponed_until is not None and at.now < postponed(release, at.postponed_until):
        return Wait("it was put off")
    if at.now < turn(release, device.place):
        return Wait("it is not yet this telephone's turn")
    if at.noticed_for is not None and at.noticed_for < NOTICE and not release.security:
        return Wait("the display tells of it first")
    if at.quiet_for < QUIET:
        return Wait("there was a call a moment ago")
    if not at.night:
        return Wait("it is installed at night")
    return None


def when(
    offer: Offer, mode: Mode, device: Device, now: datetime, put_off: datetime | None, hours: tuple[int, int]
) -> str:
    """When ``offer`` will be installed, for the display."""
    release = offer.release
    if mode in (Mode.OFF, Mode.ASK) or (mode is Mode.SECURITY_ONLY and not release.security):
        return "When you say so"
    first = max(now, turn(release, device.place))
    if put_off is not None:
        first = max(first, postponed(release, put_off))
    begin, end = hours
    local = first.astimezone(now.tzinfo)
    day = "" if local.date() == now.date() else f"from {local:%Y-%m-%d} on, "
    return f"{day}at night, {begin} to {end} h".capitalize()


def postponed(release: Release, until: datetime) -> datetime:
    """Until when a release waits that was put off until ``until``."""
    return min(until, release.published + LONGEST_POSTPONEMENT) if release.security else until
