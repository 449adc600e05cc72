"""The power goes at any write of what is kept: the next start finds the old or the new, nothing in between.

What may be missing instead is said: of a place, where a wrong one would send help astray, and of the volume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import pin
from firmware.phone.audio.volume import Volumes
from firmware.phone.clock import FakeClock
from firmware.phone.personal import Personal
from firmware.phone.place import parse
from firmware.phone.presence import Grant
from firmware.phone.reached import Reached
from firmware.phone.storage import Storage
from firmware.phone.values import Direction, KeptLock, Party, Security
from tests.unit.store.test_vault import Cutter, PowerCut

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MOST_STEPS = 60
PIN = pin.hashed("1234")


def opened(folder: Path) -> tuple[Storage, list[on.Event]]:
    """A store whose work is done in this thread, and what it said at its start."""

    def crash(error: BaseException) -> None:
        raise error

    told: list[on.Event] = []
    store = Storage(folder, 24, FakeClock(NOW), crash)
    store._post = told.append
    store._open()
    store._tell()
    return store, told


def call(uri: str) -> do.Remember:
    return do.Remember(Direction.OUT, Party(uri), 7)


def grant(uri: str) -> Grant:
    return Grant(uri, "in-call", date(2027, 1, 1))


def reached(level: Security) -> Reached:
    return Reached("sip:bob@phone.test", level)


def settings(value: str) -> do.KeepPersonal:
    return do.KeepPersonal(Personal((("phone.language", value),)))


def day(number: int) -> Any:
    from firmware.phone.storage import _KeepDay

    return _KeepDay(number)


Look = Callable[[Storage, on.StoreChanged], Any]
CASES: dict[str, tuple[list[Any], Any, Look, list[Any]]] = {
    "a call": (
        [call("sip:a@p.test")],
        call("sip:b@p.test"),
        lambda store, told: {record.uri for record in told.history},
        [{"sip:a@p.test"}, {"sip:a@p.test", "sip:b@p.test"}],
    ),
    "a grant": (
        [do.KeepGrants((grant("sip:a@p.test"),))],
        do.KeepGrants((grant("sip:a@p.test"), grant("sip:b@p.test"))),
        lambda store, told: {one.uri for one in told.granted},
        [{"sip:a@p.test"}, {"sip:a@p.test", "sip:b@p.test"}],
    ),
    "a grant that ends": (
        [do.KeepGrants((grant("sip:a@p.test"), grant("sip:b@p.test")))],
        do.KeepGrants((grant("sip:a@p.test"),)),
        lambda store, told: {one.uri for one in told.granted},
        [{"sip:a@p.test", "sip:b@p.test"}, {"sip:a@p.test"}],
    ),
    "settings": (
        [settings("de")],
        settings("fr"),
        lambda store, told: dict(told.personal.values)["phone.language"],
        ["de", "fr"],
    ),
    "wrong PINs": (
        [do.KeepLock(KeptLock(PIN, 2))],
        do.KeepLock(KeptLock(PIN, 3)),
        lambda store, told: told.lock.wrong,
        [2, 3],
    ),
    "protection": (
        [do.KeepReached((reached(Security.PROVIDER),))],
        do.KeepReached((reached(Security.END_TO_END),)),
        lambda store, told: (
            {one.level for one in told.reached} & {Security.PROVIDER, Security.END_TO_END} != set()
        ),
        [True],
    ),
    "the last day": ([day(20781)], day(20782), lambda store, told: store.day, [20781, 20782]),
    "a place": (
        [do.KeepPlace(parse("country=DE;A3=Bonn"))],
        do.KeepPlace(parse("country=DE;A3=Berlin")),
        lambda store, told: told.place,
        [parse("country=DE;A3=Bonn"), parse("country=DE;A3=Berlin"), None],
    ),
    "the volume": (
        [do.KeepVolumes(Volumes(handset=3))],
        do.KeepVolumes(Volumes(handset=5)),
        lambda store, told: told.volumes,
        [Volumes(handset=3), Volumes(handset=5), Volumes()],
    ),
}


def cuts(folder: Path, before: list[Any], change: Any) -> Iterator[Path]:
    """A state directory for each step of ``change``, as the power left it."""
    for steps in range(MOST_STEPS):
        place = folder / str(steps)
        place.mkdir()
        store, _ = opened(place)
        for command in before:
            store._do(command)
        with pytest.MonkeyPatch.context() as patch:
            Cutter(patch, steps)
            try:
                store._do(change)
            except PowerCut:
                pass
            else:
                assert steps > 3, "the cutter saw no step"
                return
        yield place
    raise AssertionError("the change never ended")


@pytest.mark.parametrize("name", CASES)
def test_the_next_start_finds_the_old_or_the_new(tmp_path: Path, name: str) -> None:
    before, change, look, allowed = CASES[name]
    found = []
    for place in cuts(tmp_path, before, change):
        store, told = opened(place)
        present = next(event for event in told if isinstance(event, on.StoreChanged))
        found.append(look(store, present))
        assert found[-1] in allowed, f"after the step {place.name}"
        assert not present.trouble or present.trouble.startswith("Damaged"), "half of a key's zeros"
        store._do(change)
        again, told = opened(place)
        present = next(event for event in told if isinstance(event, on.StoreChanged))
        assert look(again, present) == allowed[min(1, len(allowed) - 1)], "it can be done again"
    if name not in ("a grant that ends", "protection"):  # a key is gone with its first half
        assert len({repr(one) for one in found}) > 1, "the cuts came before and after"
