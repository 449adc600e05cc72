"""The targets of one hop, and which of them is the one to use now. Pure.

::

    found: A B C ──► A ──failed──► B ──failed──► C ──failed──► nobody is left: wait (back-off), then A again
                     ▲             │
                     └── worked ───┴── stays until it fails, or is no longer among the answers
"""

from __future__ import annotations

from firmware.phone.sip.finding.order import Found, Hop, Target

SHUNNED = 120.0
"""Seconds for which one that failed is tried only after the others."""


class Server:
    """Told what was seen; ``target`` says where to go. Times are monotonic seconds."""

    def __init__(self, hop: Hop) -> None:
        self.hop = hop
        self.why = ""
        literal = hop.literal
        self._targets: tuple[Target, ...] = (literal,) if literal else ()
        self._until = float("inf") if literal else 0.0
        self._shunned: dict[Target, float] = {}
        self._current: Target | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        return self._targets

    def stale(self, now: float) -> bool:
        """Whether it should be asked for (again)."""
        return now >= self._until

    def answered(self, found: Found, now: float) -> None:
        """The resolver said something. What it does not say leaves the last good answer as it was."""
        self._until = now + found.seconds
        self.why = found.why
        if found.targets or not (found.silent or self._targets):
            self._targets = found.targets
        if self._current not in self._targets:
            self._current = None

    def ask_again(self) -> None:
        """The network is another one: what was true before may not be."""
        if self.hop.literal is None:
            self._until = 0.0
        self._shunned.clear()

    def target(self, now: float) -> Target | None:
        """Where to go now; None where nothing is known."""
        if self._current is None:
            good = [one for one in self._targets if self._shunned.get(one, 0.0) <= now]
            self._current = next(iter(good or self._targets), None)
        return self._current

    def others(self, now: float) -> bool:
        """Whether there is somebody else to try, should the present one fail."""
        current = self.target(now)
        return any(one != current and self._shunned.get(one, 0.0) <= now for one in self._targets)

    def failed(self, now: float) -> bool:
        """The present target did not do it. True: ``target`` is another one now; False: all have been tried,
        and the next round begins with the first.
        """
        others = self.others(now)
        if self._current is not None:
            self._shunned[self._current] = now + SHUNNED
        self._current = None
        if not others:
            self._shunned.clear()
            if self.hop.literal is None:
                self._until = min(self._until, now)
        return others

    def worked(self) -> None:
        """The present target answered as it should."""
        if self._current is not None:
            self._shunned.pop(self._current, None)
