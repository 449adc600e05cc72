"""What is said of the board, on timelines of seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.health.judge import REST_S, Judge, Reading
from firmware.phone.values import Health


def weak_times(dips: set[int], until: int = 300) -> list[int]:
    """The seconds at which "weak" changes when the alarm is on in the seconds ``dips``."""
    judge, was, changed = Judge(), False, []
    for now in range(until):
        said = judge.look(Reading(weak=now in dips), now).weak
        if said is not was:
            changed.append(now)
            was = said
    return changed


def hot_times(degrees: dict[int, float], limit: int = 80, until: int = 400) -> list[int]:
    judge, was, changed, celsius = Judge(limit), False, [], 50.0
    for now in range(until):
        celsius = degrees.get(now, celsius)
        said = judge.look(Reading(celsius=celsius), now).hot
        if said is not was:
            changed.append(now)
            was = said
    return changed


def test_a_weak_supply_is_told_at_once_and_until_it_was_good_for_a_minute() -> None:
    assert weak_times({10}) == [10, 70]
    assert weak_times({10, 50}) == [10, 110], "a second dip begins the minute anew"
    assert weak_times(set()) == []


def test_heat_is_told_at_the_limit_and_until_it_was_well_below_for_a_minute() -> None:
    assert hot_times({20: 79.9}) == []
    assert hot_times({20: 80, 100: 75.1}) == [20], "not cool enough"
    assert hot_times({20: 80, 100: 75}) == [20, 159]
    assert hot_times({20: 80, 100: 75, 130: 76, 140: 74}) == [20, 199], "warmer again in between"


def test_without_a_limit_only_the_kernel_says_that_it_slows_down() -> None:
    judge = Judge()
    assert judge.look(Reading(celsius=110), 0) == Health()
    assert judge.look(Reading(slowed=True, celsius=60), 1) == Health(hot=True)
    assert judge.look(Reading(celsius=60), 61) == Health()


def test_without_a_sensor_nothing_is_said() -> None:
    assert Judge(80).look(Reading(), 1000) == Health()


@pytest.mark.parametrize("start", [0, 1, 1e6])
def test_the_first_reading_counts_whatever_the_time(start: float) -> None:
    assert Judge(80).look(Reading(weak=True, celsius=90), start) == Health(weak=True, hot=True)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(20, 110), st.integers(0, 90)), max_size=50))
def test_bad_news_is_never_held_back_nor_kept_beyond_its_time(
    readings: list[tuple[bool, bool, float, int]],
) -> None:
    judge, now, last = Judge(80), 0, {"weak": -1e9, "hot": -1e9}
    for weak, slowed, celsius, wait in readings:
        now += wait
        health = judge.look(Reading(weak, slowed, celsius), now)
        if weak:
            last["weak"] = now
        if slowed or celsius >= 80:
            last["hot"] = now
        assert health.weak is (now - last["weak"] < REST_S)
        assert health.hot or now - last["hot"] >= REST_S
