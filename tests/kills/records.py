"""What must be on the disk after a kill, what may be, and what may not. Pure but for ``on_disk``."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from firmware.phone import stored_form
from firmware.phone.vault import Vault


@dataclass
class Expected:
    """The history by what the phone said: ``sure`` was told as kept, ``maybe`` was under way when it died.

    ``wiping``: it was told to erase all, and has not answered.
    """

    sure: Counter[str] = field(default_factory=Counter)
    maybe: Counter[str] = field(default_factory=Counter)
    wiping: bool = False

    def placed(self, uri: str) -> None:
        """A call to or from ``uri`` has begun: its record may be written any time."""
        self.maybe[uri] += 1

    def told(self, number: int) -> bool:
        """The phone says how many it keeps: whether these are all."""
        if number != (self.sure + self.maybe).total():
            return False
        self.sure, self.maybe = self.sure + self.maybe, Counter()
        return True

    def wiped(self) -> None:
        """It said that all is erased."""
        self.sure, self.maybe, self.wiping = Counter(), Counter(), False

    def faults(self, found: Counter[str]) -> list[str]:
        """What was lost or came back; what is there is what counts from now on."""
        lost = Counter() if self.wiping else self.sure - found
        back = found - (self.sure + self.maybe)
        told = [f"lost: {uri} ({n})" for uri, n in lost.items()]
        told += [f"nobody called, or it was erased: {uri} ({n})" for uri, n in back.items()]
        self.sure, self.maybe, self.wiping = found, Counter(), False
        return told


def on_disk(state: Path) -> Counter[str]:
    """The addresses in the history of a phone that does not run. Raises ValueError for a damaged one."""
    with tempfile.TemporaryDirectory(prefix="kills-") as made:
        copy = Path(made) / "state"
        shutil.copytree(state, copy)
        found, damaged = Vault(copy, "history").load()
    if damaged:
        raise ValueError("the history is damaged")
    records = [stored_form.record(raw) for raw in found.values()]
    return Counter(record.uri if record is not None else "unreadable" for record in records)
