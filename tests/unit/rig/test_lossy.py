"""What the bad network does to packets."""

from __future__ import annotations

import random
import socket

import pytest

from tests.rig.lossy import LATE_S, Fault, Leg


def leg() -> Leg:
    nowhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nowhere.close()
    return Leg(nowhere, nowhere, ("127.0.0.1", 9), random.Random(7))


def moments(fault: Fault, packets: int = 4000) -> list[list[float]]:
    one = leg()
    return [one.when(fault, number * 0.02) for number in range(packets)]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.1, 0.2])
def test_so_many_are_lost(share: float) -> None:
    lost = sum(not due for due in moments(Fault(loss=share)))
    assert lost / 4000 == pytest.approx(share, abs=0.015)


def test_delay_and_jitter_keep_the_order() -> None:
    late = [due[0] - number * 0.02 for number, due in enumerate(moments(Fault(delay_s=0.1, jitter_s=0.04)))]
    assert min(late) >= 0.1
    assert max(late) < 0.145
    arrivals = [due[0] for due in moments(Fault(delay_s=0.1, jitter_s=0.2))]
    assert arrivals == sorted(arrivals)


def test_some_are_overtaken_and_some_come_twice() -> None:
    overtaken = [
        due for number, due in enumerate(moments(Fault(reordered=0.1))) if due[0] > number * 0.02 + 0.01
    ]
    assert len(overtaken) == pytest.approx(400, abs=80)
    assert LATE_S > 0.02, "at least one other comes before"
    twice = [due for due in moments(Fault(doubled=0.1)) if len(due) == 2]
    assert len(twice) == pytest.approx(400, abs=80)


def test_the_same_draws_each_time() -> None:
    fault = Fault(loss=0.1, reordered=0.1, doubled=0.1)
    assert moments(fault) == moments(fault)
