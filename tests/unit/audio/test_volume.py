"""The law of the volume: what each step means, and how a mixer and our own gain share it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.audio.volume import LOUDEST, Volumes, decibels, shared
from firmware.phone.values import Loudspeaker

HANDSET, RINGER = Loudspeaker.HANDSET, Loudspeaker.RINGER


def test_the_handset_goes_12_db_up_and_down_by_3_db() -> None:
    steps = [decibels(HANDSET, step) for step in range(LOUDEST + 1)]
    assert steps == [-12, -9, -6, -3, 0, 3, 6, 9, 12]
    assert decibels(HANDSET, Volumes().handset) == 0


def test_the_ringer_goes_from_minus_18_to_plus_6_db() -> None:
    assert [decibels(RINGER, step) for step in (0, Volumes().ringer, LOUDEST)] == [-18, 0, 6]


def test_turning_ends_at_both_ends_and_turns_one_alone() -> None:
    volumes = Volumes()
    for _ in range(20):
        volumes = volumes.turned(HANDSET, 1)
    assert volumes == Volumes(handset=LOUDEST)
    for _ in range(20):
        volumes = volumes.turned(RINGER, -1)
    assert volumes == Volumes(handset=LOUDEST, ringer=0)


@pytest.mark.parametrize("step", [-1, 9, 4.0, True, "4", None])
def test_what_is_no_step_is_refused(step: object) -> None:
    with pytest.raises(ValueError, match="no volume"):
        Volumes(handset=step)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no volume"):
        Volumes(ringer=step)  # type: ignore[arg-type]


@given(st.floats(-18, 12), st.floats(-60, 0), st.floats(0, 60))
def test_mixer_and_gain_together_make_what_is_wanted(wanted: float, low: float, room: float) -> None:
    high = low + room
    level, gain = shared(wanted, low, high)
    nominal, nothing = shared(0.0, low, high)
    assert low <= level <= high
    assert nothing == 0
    assert level - nominal + gain == pytest.approx(wanted)


def test_a_mixer_with_enough_room_does_it_all() -> None:
    assert [shared(step, -40, 0) for step in (-12.0, 0.0, 12.0)] == [(-24, 0), (-12, 0), (0, 0)]
