"""The resting view: it moves, nothing of it is cut off, and no pixel is lit for long."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from firmware.phone.display.resting import STAY_MIN, offset, place
from firmware.phone.display.screens import Idle
from firmware.phone.display.views import draw, lines
from firmware.phone.values import Registration, RegistrationState, SwitchPosition

IDLE = Idle("10:24", "Alice", Registration(RegistrationState.REGISTERED), SwitchPosition.PRIVATE)
FAILED = Registration(RegistrationState.FAILED, "No connection to provider")
PLACES = 24 * 60 // STAY_MIN


def test_every_place_is_within_the_room() -> None:
    for room_x, room_y in ((0, 0), (1, 0), (50, 8), (127, 63), (-3, -1)):
        for number in range(PLACES):
            x, y = offset(number, room_x, room_y)
            assert 0 <= x <= max(0, room_x)
            assert 0 <= y <= max(0, room_y)


def test_the_view_moves_every_few_minutes_and_only_then() -> None:
    assert place(0) == place(STAY_MIN - 1) != place(STAY_MIN)
    places = [offset(number, 50, 20) for number in range(PLACES)]
    assert all(one != next_one for one, next_one in itertools.pairwise(places))


@pytest.mark.parametrize(
    "screen",
    [
        IDLE,
        replace(IDLE, notice="No sound device"),
        replace(IDLE, registration=FAILED, notice="No sound device", missed=3),
        replace(IDLE, privacy=SwitchPosition.UNREADABLE),
    ],
)
def test_nothing_is_cut_off_wherever_it_stands(screen: Idle) -> None:
    lit = {int(np.asarray(draw(replace(screen, resting=number))).sum()) for number in range(PLACES)}
    assert len(lit) == 1


def test_no_pixel_is_lit_for_long() -> None:
    """A day of the resting view, its clock going: the pixel that is lit longest, beside the same at rest."""
    moving = np.zeros((64, 128))
    still = np.zeros((64, 128))
    for minute in range(0, 24 * 60, 5):
        now = replace(IDLE, clock=f"{minute // 60:02}:{minute % 60:02}")
        still += np.asarray(draw(now))
        moving += np.asarray(draw(replace(now, resting=place(minute))))
    assert still.max() == PLACES
    assert moving.max() < 0.45 * PLACES


def test_what_is_wrong_is_still_said() -> None:
    resting = replace(IDLE, resting=1, registration=FAILED, notice="No sound device", missed=3)
    assert lines(resting) == ["Private", "3 missed", "10:24", "No connection to provider", "No sound device"]
    assert lines(replace(IDLE, resting=1)) == ["Private", "10:24"]
