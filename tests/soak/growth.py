"""Whether something grows from call to call. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

KEPT = 0.2
"""The share of a run at its beginning that is not judged: caches fill, pools find their size."""

PER_CALL: Mapping[str, float] = {"memory_kib": 4.0, "descriptors": 0.0, "threads": 0.0}
"""How much each may grow from one call to the next."""

IN_ALL: Mapping[str, float] = {"memory_kib": 512.0, "descriptors": 1.0, "threads": 1.0}
"""What is no growth yet, however short the run: what the memory of single calls differs by, a descriptor that
was just open.
"""

DRIFT_MS = 60.0
"""How much later one may hear at the end of a call than at its beginning: three packets of 20 ms."""


@dataclass(frozen=True)
class Sample:
    """The telephone at rest after one call."""

    call: int
    seconds: float
    """Since the start of the run."""
    memory_kib: float
    """Proportional set size."""
    descriptors: float
    threads: float


@dataclass(frozen=True)
class Drift:
    """How much the delay of what one hears grew within one call."""

    call: int
    seconds: float
    """Between its beginning and its end."""
    growth_ms: float


def slope(values: Sequence[float]) -> float:
    """Growth a step: the median of the slopes between any two points (Theil and Sen)."""
    pairs = [
        (values[last] - values[first]) / (last - first)
        for first in range(len(values))
        for last in range(first + 1, len(values))
    ]
    return statistics.median(pairs) if pairs else 0.0


def thinned(samples: Sequence[Sample], most: int = 500) -> list[Sample]:
    """At most so many of them, evenly spread."""
    step = -(-len(samples) // most) or 1
    return list(samples[::step])


def faults(samples: Sequence[Sample], drifts: Sequence[Drift]) -> list[str]:
    """What grows, in words; empty: nothing does."""
    judged = thinned(samples[int(len(samples) * KEPT) :])
    found = []
    for name, limit in PER_CALL.items():
        if len(judged) < 3:
            return ["too few calls to judge; let it run longer"]
        calls = judged[-1].call - judged[0].call
        grown = slope([asdict(sample)[name] for sample in judged]) * (len(judged) - 1)
        if grown > max(limit * calls, IN_ALL[name]):
            found.append(f"{name.replace('_', ' ')} grew by {grown:.1f} in {calls} calls")
    for drift in drifts:
        if drift.growth_ms > DRIFT_MS:
            found.append(f"call {drift.call}: {drift.growth_ms:+.0f} ms of delay in {drift.seconds:.0f} s")
    return found
