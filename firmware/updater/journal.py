"""Where an update stands, kept over a power cut: one small file, replaced as a whole."""

from __future__ import annotations

import enum
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.updater import disk

log = logging.getLogger("sottovoce.update")

_FORMAT = 1
_KEPT_BAD = 20


class Phase(enum.Enum):
    """What is being done; each is written before it begins.

    ::

        idle ─► installing ─► activating ─► armed ══restart══► trial ─► idle
                                               the firmware may fall back ─► idle, or armed once more
    """

    IDLE = "idle"
    INSTALLING = "installing"
    ACTIVATING = "activating"
    ARMED = "armed"
    TRIAL = "trial"


@dataclass(frozen=True)
class Attempt:
    """The update that is under way. ``slot``: where it goes; ``tries``: how often it was made next to boot.
    ``before``: the version that ran when it was written.

    ``floor``: what the release forbids from then on; ``notes``: what changed, by language.
    """

    version: str
    sha256: str
    slot: str
    floor: str
    notes: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    before: str = "0.0.0"


@dataclass(frozen=True)
class Journal:
    """``place``: this telephone's random place in rollouts. ``floor``: the oldest version it still takes.

    ``seen``: the latest time at which the server's word was accepted; no clock before it is believed.
    ``bad``: why a bundle fell back, by its SHA-256. ``told``: the last result, in plain words.
    """

    place: float
    phase: Phase = Phase.IDLE
    attempt: Attempt | None = None
    floor: str = "0.0.0"
    seen: datetime = datetime.fromtimestamp(0, UTC)
    bad: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    def with_bad(self, sha256: str, why: str) -> Mapping[str, str]:
        return dict([*((k, v) for k, v in self.bad.items() if k != sha256), (sha256, why)][-_KEPT_BAD:])


def load(path: Path) -> Journal:
    """The journal, or a new one where there is none or it is not readable. Raises OSError of the disk."""
    try:
        return _read(json.loads(path.read_bytes()))
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError) as error:
        log.warning("the update journal is not readable (%s); a new one is begun", error)
    return Journal(place=secrets.randbelow(10**6) / 10**6)


def save(path: Path, journal: Journal) -> None:
    """Raises OSError."""
    value: dict[str, Any] = asdict(journal)
    value |= {"format": _FORMAT, "phase": journal.phase.value, "seen": journal.seen.isoformat()}
    disk.replace(path, json.dumps(value).encode())


def _read(value: dict[str, Any]) -> Journal:
    if value.pop("format") != _FORMAT:
        raise ValueError("another format")
    attempt = value.pop("attempt")
    return Journal(
        phase=Phase(value.pop("phase")),
        seen=datetime.fromisoformat(value.pop("seen")),
        attempt=None if attempt is None else Attempt(**attempt),
        **value,
    )
