"""Blinking, on timelines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.lights.patterns import lit, next_change
from firmware.phone.values import Pattern

moments = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("pattern", "drawn"),
    [
        (Pattern.OFF, "________________"),
        (Pattern.ON, "‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾"),
        (Pattern.SLOW, "‾‾‾‾____‾‾‾‾____"),
        (Pattern.FAST, "‾_‾_‾_‾_‾_‾_‾_‾_"),
    ],
)
def test_the_diagram(pattern: Pattern, drawn: str) -> None:
    """One sign for a quarter of a second."""
    assert "".join("‾" if lit(pattern, step * 250 + 249) else "_" for step in range(16)) == drawn


@given(st.lists(st.sampled_from(Pattern), max_size=4), moments)
def test_nothing_changes_before_the_next_change(patterns: list[Pattern], now: int) -> None:
    due = next_change(patterns, now)
    if due is None:
        assert not {Pattern.SLOW, Pattern.FAST} & set(patterns)
        return
    assert now < due <= now + 1000
    assert [lit(p, due - 1) for p in patterns] == [lit(p, now) for p in patterns]
    assert any(lit(p, due) is not lit(p, now) for p in patterns)


@given(moments)
def test_no_light_flashes_three_times_in_a_second(start: int) -> None:
    for pattern in Pattern:
        flashes = sum(
            lit(pattern, now) and not lit(pattern, now - 1) for now in range(start + 1, start + 1001)
        )
        assert flashes <= 2
