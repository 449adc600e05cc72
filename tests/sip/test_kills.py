"""Crash-only: a phone that is killed at any moment is private, complete and registered again.

Ten of the kills of ``make kills``, and the judge alone.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.kills.day import day, run
from tests.kills.records import Expected
from tests.rig.lab import Lab


@pytest.mark.live
@pytest.mark.timeout(120)
def test_ten_kills(lab: Lab) -> None:
    made = day(lab, 20261124)
    for found in run(made, 10):
        print(f"{found.kills}: {found.calls} calls, registered after {found.registered_s[-1]:.2f} s")
    assert found.faults == []
    assert found.kills == 10
    assert found.calls > 10
    assert found.hidden
    assert found.shown


def test_the_judge_sees_what_is_lost_and_what_comes_back() -> None:
    expected = Expected()
    for uri in ("a", "b"):
        expected.placed(uri)
    assert not expected.told(1)
    assert expected.told(2)
    expected.placed("c")
    assert expected.faults(Counter("ab")) == [], "c was under way"
    assert expected.faults(Counter("abc")) == ["nobody called, or it was erased: c (1)"]
    assert expected.faults(Counter("ab")) == ["lost: c (1)"]
    expected.wiping = True
    assert expected.faults(Counter("a")) == [], "half erased"
    expected.wiped()
    assert expected.faults(Counter("a")) == ["nobody called, or it was erased: a (1)"]
