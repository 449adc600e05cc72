"""The role of a slot engine: it writes slots and says which one boots. Its contract is in tests/update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Progress = Callable[[int, str], None]
"""Called with per cent done and what is being done, in plain words."""


Images = Callable[[], Mapping[str, Path]]
"""Where the images of the slot that runs can be read, by slot class; a device may be longer than that."""


@dataclass(frozen=True)
class Booted:
    """The slot that runs now and the version that it holds."""

    slot: str
    version: str


class SlotEngine(Protocol):
    """Two slots. Nothing but ``install`` writes to a slot, and never to the one that runs.

    Every method may raise UpdateError (refused or failed, in plain words) or OSError.
    """

    def booted(self) -> Booted:
        """What runs now, read from the slot itself."""
        ...

    def spare(self) -> str:
        """The slot that does not run."""
        ...

    def install(self, bundle: Path, progress: Progress) -> None:
        """Check ``bundle``'s own signature and write it to the spare slot, which cannot boot meanwhile.

        Refused on trial: then the spare slot is the only one that is known to boot.
        """
        ...

    def activate(self, slot: str) -> None:
        """Have ``slot`` booted next, on trial: if it does not confirm itself the other one boots again."""
        ...

    def armed(self) -> bool:
        """Whether the next boot is a trial that has not begun."""
        ...

    def confirm(self) -> None:
        """The slot that runs stays: it is booted from now on."""
        ...

    def confirmed(self) -> bool:
        """Whether the slot that runs is the one that is always booted."""
        ...

    def retire(self) -> None:
        """The spare slot is never booted again until it is written anew: what it holds is too old."""
        ...

    def images(self) -> Mapping[str, Path]:
        """Where the images of the slot that runs can be read, by slot class; see ``Images``."""
        ...

    def check(self) -> str:
        """Re-read the whole running slot against its checksums; what is wrong, in plain words, or ""."""
        ...
