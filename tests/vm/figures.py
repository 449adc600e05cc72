"""Figures of the machine, kept in figures.json as they are measured."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.vm.devices import results


class Figures:
    """A name, a unit, and percentiles. The machine is 10^9 instructions a second; see docs/adr/0008."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, float | int | str]] = {}

    def spread(self, name: str, unit: str, values: Sequence[float]) -> tuple[float, float]:
        """Keep p50 and p99 of many values (the largest of fewer than a hundred); returns both."""
        ordered = sorted(values)
        p50, p99 = (ordered[min(len(ordered) - 1, round(share * len(ordered)))] for share in (0.5, 0.99))
        self._keep(name, {"unit": unit, "p50": round(p50, 3), "p99": round(p99, 3), "count": len(values)})
        return p50, p99

    def one(self, name: str, unit: str, value: float, **beside: float) -> None:
        """Keep one value, and what belongs to it."""
        self._keep(name, {"unit": unit, "value": round(value, 3), **beside})

    def _keep(self, name: str, figure: dict[str, float | int | str]) -> None:
        self._kept[name] = figure
        (results() / "figures.json").write_text(json.dumps(self._kept, indent=2) + "\n")
