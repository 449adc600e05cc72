"""What is booted next, whatever the boot firmware: pure, and the same rules for all back ends.

``order`` holds the slots that have proven themselves; the first of them boots. ``trial`` boots once before
all of them: the firmware takes the name out first. A slot in neither never boots: it is being written, was
never proven, or is too old to be booted again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from firmware.phone.errors import UpdateError
from firmware.updater.slots.sector import SLOTS


@dataclass(frozen=True)
class BootState:
    """``used``: firmware that counts has begun to boot the first slot since it was last kept (``good``)."""

    order: tuple[str, ...] = ("a", "b")
    trial: str | None = None
    used: bool = False

    def __post_init__(self) -> None:
        named = {*self.order, *([self.trial] if self.trial else [])}
        if not self.order or len(set(self.order)) != len(self.order) or not named <= set(SLOTS):
            raise UpdateError("the boot loader's order of slots makes no sense")

    @property
    def next(self) -> str:
        return self.trial or self.order[0]

    def boots(self, slot: str) -> bool:
        """Whether ``slot`` may ever boot, as things stand."""
        return slot in self.order or slot == self.trial


class BootFlow(Protocol):
    """One kind of boot firmware. Each may raise UpdateError or OSError; a power cut in ``write`` leaves the
    old state or the new.
    """

    def read(self) -> BootState:
        """What the firmware will do; where nothing is readable, what it then does."""
        ...

    def write(self, state: BootState) -> None: ...


def known(slot: str) -> str:
    """``slot``. Raises UpdateError when it is none."""
    if slot not in SLOTS:
        raise UpdateError(f"{slot[:20]!r} is no slot; there are {' and '.join(SLOTS)}")
    return slot


def activated(state: BootState, slot: str) -> BootState:
    """``slot`` boots next: on trial, if it is not the one that boots anyway."""
    return replace(state, trial=None if known(slot) == state.order[0] else slot, used=False)


def good(state: BootState, slot: str, running: str) -> BootState:
    """``slot`` stays the one that boots. Only the slot that runs can have been proven."""
    if known(slot) != running:
        raise UpdateError(f"slot {slot} does not run, so nobody knows whether it works")
    return BootState((slot, *(other for other in state.order if other != slot)))


def bad(state: BootState, slot: str) -> BootState:
    """``slot`` does not boot any more. Refused for the last one that can be trusted to boot."""
    order = tuple(other for other in state.order if other != known(slot))
    if not order:
        raise UpdateError(f"only slot {slot} is known to boot; keep the one that runs first")
    return replace(state, order=order, trial=None if state.trial == slot else state.trial)
