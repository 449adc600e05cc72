"""Figures: samples of ours and of the rival, their statistics, and whether a target is met. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BESIDE = 1.5
"""A figure beside the rival's counts as missed from this many times the rival's median on."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """Linear between the two nearest ranks; of one sample that one."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True)
class Limit:
    """The named statistic of ours has to stay below ``value``."""

    value: float
    statistic: str = "median"

    def words(self, unit: str) -> str:
        name = "" if self.statistic == "median" else f"{self.statistic} "
        return f"{name}< {self.value:g} {unit}"


@dataclass(frozen=True)
class Beside:
    """Ours may be at most so many times the rival's median; ``more``: at least, for what is to be large."""

    times: float = BESIDE
    more: bool = False

    def words(self, unit: str) -> str:
        return f"{'≥' if self.more else '≤'} {self.times:g} × rival"


@dataclass(frozen=True)
class Zero:
    """No sample of ours may be above zero."""

    def words(self, unit: str) -> str:
        return "0, always"


Target = Limit | Beside | Zero


@dataclass
class Row:
    """One figure.

    ``shown``: the statistics printed beside the median; ``tries``: how often it was tried, where a try may
    fail; ``meaning``: one line for the reader.
    """

    key: str
    title: str
    unit: str
    meaning: str
    target: Target | None = None
    shown: tuple[str, ...] = ()
    ours: list[float] = field(default_factory=list)
    rival: list[float] = field(default_factory=list)
    tries: tuple[int, int] | None = None

    @property
    def ratio(self) -> float | None:
        """Median of ours through the rival's."""
        if not self.ours or not self.rival or statistics.median(self.rival) <= 0:
            return None
        return statistics.median(self.ours) / statistics.median(self.rival)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None: there is none, or nothing to judge."""
        if self.target is None or not self.ours:
            return None
        if isinstance(self.target, Zero):
            return max(self.ours) <= 0
        if isinstance(self.target, Limit):
            return statistic(self.ours, self.target.statistic) < self.target.value
        if not self.rival:
            return None
        ours, wanted = statistics.median(self.ours), self.target.times * statistics.median(self.rival)
        return ours >= wanted if self.target.more else ours <= wanted

    @property
    def target_words(self) -> str:
        return self.target.words(self.unit) if self.target else ""

    def lost(self) -> str:
        """How many tries gave no sample, in words; empty when none was lost."""
        if self.tries is None:
            return ""
        pairs = zip(("ours", "rival"), self.tries, (self.ours, self.rival), strict=True)
        found = [
            f"{who}: {tries - len(got)} of {tries} lost" for who, tries, got in pairs if tries > len(got)
        ]
        return ", ".join(found)

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "meaning": self.meaning,
            "target": self.target_words or None,
            "met": self.met,
            "ratio": self.ratio,
            "lost": self.lost() or None,
            "ours": summary(self.ours),
            "rival": summary(self.rival),
        }


def statistic(samples: Sequence[float], name: str) -> float:
    """``median``, ``min``, ``max``, or ``p95`` and the like."""
    if name == "median":
        return statistics.median(samples)
    if name in ("min", "max"):
        return min(samples) if name == "min" else max(samples)
    return percentile(samples, float(name.removeprefix("p")))


def summary(samples: Sequence[float]) -> dict[str, Any] | None:
    """All statistics, and the samples themselves as long as they are few."""
    if not samples:
        return None
    found: dict[str, Any] = {"n": len(samples), "min": min(samples)}
    found |= {name: statistic(samples, name) for name in ("median", "p95", "p99", "max")}
    if len(samples) <= 100:
        found["samples"] = list(samples)
    return found
