"""It is not earlier than this: image, last good day, and a clock that may lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.phone.clock import FakeClock
from firmware.phone.storage import Storage
from firmware.phone.timefloor import DAY, TimeFloor

MADE = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def day_of(moment: datetime) -> int:
    return int(moment.timestamp() // DAY)


class Bed:
    def __init__(self, wall: datetime, last: datetime | None, synchronised: bool) -> None:
        self.clock = FakeClock(wall)
        self.kept: list[int] = []
        self.synchronised = synchronised
        self.last = 0 if last is None else day_of(last)
        self.floor = TimeFloor(
            self.clock, lambda: self.last, self.kept.append, MADE.timestamp, lambda: self.synchronised
        )

    def seconds(self) -> datetime:
        return datetime.fromtimestamp(self.floor.seconds(), UTC)


@pytest.mark.parametrize(
    ("wall", "last", "synchronised", "wanted"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), None, False, MADE),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW, False, NOW.replace(hour=0)),
        (NOW, MADE - timedelta(days=99), False, MADE),
        (NOW, datetime(2099, 1, 1, tzinfo=UTC), True, MADE),
        (datetime(1980, 1, 1, tzinfo=UTC), None, True, MADE),
    ],
    ids=["first start", "later start", "new image", "a day that was a lie", "a time service that lies"],
)
def test_the_floor(wall: datetime, last: datetime | None, synchronised: bool, wanted: datetime) -> None:
    assert Bed(wall, last, synchronised).seconds() == wanted


def test_a_day_is_kept_when_a_time_service_tells_it_and_once() -> None:
    bed = Bed(NOW, None, synchronised=False)
    bed.seconds()
    assert bed.kept == [], "nobody has set this clock"
    bed.synchronised = True
    bed.seconds()
    bed.seconds()
    assert bed.kept == [day_of(NOW)]
    bed.clock.advance(DAY)
    bed.seconds()
    assert bed.kept == [day_of(NOW), day_of(NOW) + 1]


def test_a_day_that_was_a_lie_is_put_right_and_none_before_the_image_is_kept() -> None:
    bed = Bed(NOW, datetime(2099, 1, 1, tzinfo=UTC), synchronised=True)
    bed.seconds()
    assert bed.kept == [day_of(NOW)]
    bed.synchronised = False
    assert bed.seconds() == NOW.replace(hour=0)
    early = Bed(MADE - timedelta(days=400), None, synchronised=True)
    early.seconds()
    assert early.kept == []


def storage(folder: Path) -> Storage:
    def crash(error: BaseException) -> None:
        raise error

    made = Storage(folder, 0, FakeClock(NOW), crash)
    made.start(lambda event: None)
    return made


def test_the_last_day_outlives_a_restart(tmp_path: Path) -> None:
    before = storage(tmp_path)
    for day in (20781, 20782):
        before.keep_day(day)
    assert before.settle() == ""
    before.stop()
    after = storage(tmp_path)
    assert after.day == 20782
    after.stop()
    assert b"20782" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
