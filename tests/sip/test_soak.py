"""A short soak (``make soak`` runs long ones): call after call, nothing grows."""

from __future__ import annotations

import pytest

from tests.rig.lab import Lab
from tests.soak import calls
from tests.soak.growth import Drift, Sample, faults

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

CALLS, LONG, LONG_S = 8, 3, 20


def test_nothing_grows(lab: Lab) -> None:
    """Eight calls, one of them longer: memory, descriptors and threads stay, and so does the delay."""
    told = list(
        calls.run(calls.line(lab, LONG_S), lambda made: made < CALLS, lambda call: LONG_S * (call == LONG))
    )
    print("\n".join(map(str, told)))
    samples = [each for each in told if isinstance(each, Sample)]
    drifts = [each for each in told if isinstance(each, Drift)]
    assert len(samples) == CALLS
    assert len(drifts) == 1
    assert faults(samples, drifts) == []
