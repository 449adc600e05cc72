"""The truth table of the privacy switch, and when a level is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.switches.levels import Steady, closes, privacy_position
from firmware.phone.values import Hook, SwitchPosition

PRIVATE, OPEN, UNREADABLE = SwitchPosition.PRIVATE, SwitchPosition.OPEN, SwitchPosition.UNREADABLE
STEADY = 0.05


@pytest.mark.parametrize(
    ("private_low", "open_low", "position"),
    [(True, False, PRIVATE), (False, True, OPEN), (False, False, UNREADABLE), (True, True, UNREADABLE)],
)
def test_truth_table(private_low: bool, open_low: bool, position: SwitchPosition) -> None:
    assert privacy_position(private_low, open_low) is position


@pytest.mark.parametrize(
    "fault", ["private wire broken", "open wire broken", "common broken", "lines joined"]
)
@pytest.mark.parametrize("thrown_open", [False, True])
def test_one_fault_never_opens(fault: str, thrown_open: bool) -> None:
    """A switch at private with any one fault is not read as open; at open it is open as before or closed."""
    private_low, open_low = not thrown_open, thrown_open
    if fault in ("private wire broken", "common broken"):
        private_low = False
    if fault in ("open wire broken", "common broken"):
        open_low = False
    if fault == "lines joined":
        private_low = open_low = private_low or open_low
    position = privacy_position(private_low, open_low)
    assert position is not OPEN or (thrown_open and fault == "private wire broken")


@pytest.mark.parametrize("stuck", [True, False])
@pytest.mark.parametrize("line", ["private", "open"])
def test_a_short_to_ground_or_to_supply_at_private_never_opens(line: str, stuck: bool) -> None:
    levels = {"private": True, "open": False} | {line: stuck}
    assert privacy_position(levels["private"], levels["open"]) is not OPEN


@pytest.mark.parametrize("new", [PRIVATE, UNREADABLE])
def test_open_ends_at_the_first_look(new: SwitchPosition) -> None:
    level = Steady(OPEN, STEADY, closes)
    assert level.look(new, 0.0)
    assert level.value is new


def test_private_is_believed_at_once() -> None:
    level = Steady(UNREADABLE, STEADY, closes)
    assert level.look(PRIVATE, 0.0)


@pytest.mark.parametrize("old", [PRIVATE, UNREADABLE])
def test_open_is_believed_when_it_was_steady(old: SwitchPosition) -> None:
    level = Steady(old, STEADY, closes)
    assert not level.look(OPEN, 1.0)
    assert level.due == pytest.approx(1.05)
    assert not level.look(OPEN, 1.049)
    assert level.value is old
    assert level.look(OPEN, 1.051)
    assert (level.value, level.due) == (OPEN, None)


def test_on_its_way_from_private_to_open_it_is_never_unreadable() -> None:
    level = Steady(PRIVATE, STEADY, closes)
    assert not level.look(UNREADABLE, 0.0)
    assert not level.look(OPEN, 0.004)
    assert level.look(OPEN, 0.06)


def test_a_wire_that_breaks_at_private_is_unreadable_when_that_was_steady() -> None:
    level = Steady(PRIVATE, STEADY, closes)
    assert not level.look(UNREADABLE, 0.0)
    assert level.look(UNREADABLE, 0.051)


def test_a_bounce_starts_the_time_again() -> None:
    level = Steady(PRIVATE, STEADY, closes)
    level.look(OPEN, 0.0)
    level.look(PRIVATE, 0.04)
    assert level.due is None
    level.look(OPEN, 0.045)
    assert not level.look(OPEN, 0.06)
    assert level.look(OPEN, 0.096)


def test_a_bounce_between_two_looks_starts_the_time_again() -> None:
    level = Steady(Hook.ON, STEADY)
    level.look(Hook.OFF, 0.0)
    assert not level.look(Hook.OFF, 0.051, moved=True)
    assert not level.look(Hook.OFF, 0.1)
    assert level.look(Hook.OFF, 0.102)


def test_a_hook_needs_to_be_steady_both_ways() -> None:
    level = Steady(Hook.ON, STEADY)
    assert not level.look(Hook.OFF, 0.0)
    assert level.look(Hook.OFF, 0.06)
    assert not level.look(Hook.ON, 0.07)
    assert level.look(Hook.ON, 0.13)


looks = st.lists(st.tuples(st.floats(0, 0.1), st.sampled_from(SwitchPosition), st.booleans()), max_size=50)


@given(looks)
def test_open_is_never_said_unless_it_read_open_for_the_steady_time(
    steps: list[tuple[float, SwitchPosition, bool]],
) -> None:
    level = Steady(UNREADABLE, STEADY, closes)
    now, open_since = 0.0, None
    for wait, read, moved in steps:
        now += wait
        if read is not OPEN:
            open_since = None
        elif open_since is None or (moved and level.value is not OPEN):
            open_since = now
        level.look(read, now, moved)
        if level.value is OPEN:
            assert read is OPEN
            assert open_since is not None
            assert now - open_since >= STEADY - 1e-9
