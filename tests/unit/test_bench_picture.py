"""The picture of the figures, and targets that name a factor of the rival."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.figures import Beside, Row
from tests.bench.picture import BAD, GOOD, svg


def row(key: str, ours: list[float], rival: list[float], target: Beside | None = None) -> Row:
    return Row(key, f"{key} < & >", "ms", "", target, (), ours, rival)


@pytest.mark.parametrize(
    ("target", "ours", "met"),
    [
        (Beside(1.0), 1.0, True),
        (Beside(1.0), 1.01, False),
        (Beside(0.25), 0.2, True),
        (Beside(0.9, more=True), 0.95, True),
        (Beside(0.9, more=True), 0.85, False),
    ],
)
def test_targets_beside_the_rival(target: Beside, ours: float, met: bool) -> None:
    assert row("a", [ours], [1.0], target).met is met


def test_every_ratio_is_a_bar_and_the_curve_has_all_shares() -> None:
    rows = [row("quick", [1.0], [4.0], Beside(1.0)), row("slow", [30.0], [1.0], Beside(1.0))]
    rows += [row("alone", [1.0], [])]
    rows += [row(f"loss-{share}", [4.0 - share / 10], [3.9 - share / 10]) for share in (0, 1, 5, 10, 20)]
    drawn = ElementTree.fromstring(svg(rows))  # noqa: S314 - we drew it
    space = "{http://www.w3.org/2000/svg}"
    bars = [one.get("fill") for one in drawn.iter(f"{space}rect")][1:]
    assert bars == [GOOD, BAD]
    lines = [one.get("points", "") for one in drawn.iter(f"{space}polyline")]
    assert [len(points.split()) for points in lines] == [5, 5]
    heights = [float(point.split(",")[1]) for point in lines[0].split()]
    assert heights == sorted(heights), "worse with more loss"


def test_without_a_rival_there_is_still_a_picture() -> None:
    ElementTree.fromstring(svg([row("alone", [1.0], [])]))  # noqa: S314 - we drew it
