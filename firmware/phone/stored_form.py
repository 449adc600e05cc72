"""The form in which calls, grants, volumes and levels of protection are stored (JSON), and a place (its
text); of a bounded length. Pure.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from firmware.phone import place as places
from firmware.phone.audio.volume import Volumes
from firmware.phone.place import Place
from firmware.phone.presence import Grant
from firmware.phone.reached import Reached
from firmware.phone.values import CallRecord, Direction, KeptLock, Keying, Security

LONGEST = 1022
"""Octets of one record."""

_NOT_ONE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading something else than a record ends in: JSON has infinite numbers and any depth."""


def octets(kept: CallRecord | Grant | Reached) -> bytes:
    """As JSON, at most LONGEST octets: a name that is too long for that is left out, then the address cut."""
    match kept:
        case CallRecord():
            fields: dict[str, Any] = {
                "direction": kept.direction.value,
                "uri": kept.uri,
                "name": kept.name,
                "at": kept.at,
                "seconds": kept.seconds,
            }
        case Grant():
            until = kept.until.isoformat() if kept.until else None
            fields = {"uri": kept.uri, "shows": kept.shows, "until": until}
        case Reached():
            fields = {
                "uri": kept.uri,
                "level": kept.level.value,
                "keying": kept.keying.value,
                "zrtp": kept.zrtp,
                "peer_key": kept.peer_key,
                "differed": kept.differed,
            }
    while len(raw := json.dumps(fields, ensure_ascii=False).encode(errors="replace")) > LONGEST:
        if fields.get("name"):
            fields["name"] = ""
        else:
            fields["uri"] = fields["uri"][: len(fields["uri"]) // 2]
    return raw


def record(raw: bytes) -> CallRecord | None:
    """The record that ``raw`` is, or None for anything else."""
    try:
        fields = json.loads(raw)
        return CallRecord(
            Direction(fields["direction"]),
            str(fields["uri"]),
            str(fields["name"]),
            int(fields["at"]),
            int(fields["seconds"]),
        )
    except _NOT_ONE:
        return None


def grant(raw: bytes) -> Grant | None:
    try:
        fields = json.loads(raw)
        until = date.fromisoformat(fields["until"]) if fields["until"] else None
        if fields["shows"] not in ("open-closed", "in-call"):
            return None
        return Grant(str(fields["uri"]), fields["shows"], until)
    except _NOT_ONE:
        return None


def reached(raw: bytes) -> Reached | None:
    try:
        fields = json.loads(raw)
        return Reached(
            str(fields["uri"]),
            Security(fields["level"]),
            Keying(fields["keying"]),
            fields["zrtp"] is True,
            str(fields["peer_key"]),
            fields["differed"] is not False,
        )
    except _NOT_ONE:
        return None


def place_octets(place: Place) -> bytes:
    return place.text.encode()


def place(raw: bytes) -> Place | None:
    try:
        return places.parse(raw.decode())
    except ValueError:
        return None


def volumes_octets(volumes: Volumes) -> bytes:
    return json.dumps({"handset": volumes.handset, "ringer": volumes.ringer}).encode()


def volumes(raw: bytes) -> Volumes | None:
    try:
        fields = json.loads(raw)
        return Volumes(fields["handset"], fields["ringer"])
    except _NOT_ONE:
        return None


def lock_octets(lock: KeptLock) -> bytes:
    return json.dumps({"pin": lock.pin, "wrong": lock.wrong}).encode()


def lock(raw: bytes) -> KeptLock | None:
    try:
        fields = json.loads(raw)
        found = KeptLock(fields["pin"], fields["wrong"])
    except _NOT_ONE:
        return None
    whole = isinstance(found.pin, str) and type(found.wrong) is int and found.wrong >= 0
    return found if whole and found.pin.startswith("$argon2id$") else None
