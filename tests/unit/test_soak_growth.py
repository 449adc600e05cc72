"""What the soak takes for growth, and what not."""

from __future__ import annotations

import pytest

from tests.soak.growth import Drift, Sample, faults, slope


def run(
    calls: int, *, leak_kib: float = 0, descriptors: float = 0, threads: float = 0, noise_kib: float = 100
) -> list[Sample]:
    """A run whose memory is noisy and may leak so much a call, after caches have filled."""
    return [
        Sample(
            call,
            call * 8.0,
            30000 + min(call, calls * 0.15) * 50 + leak_kib * call + noise_kib * (-1) ** call,
            40 + int(descriptors * call),
            9 + int(threads * call),
        )
        for call in range(1, calls + 1)
    ]


@pytest.mark.parametrize("calls", [8, 100, 3000])
def test_flat(calls: int) -> None:
    assert faults(run(calls), [Drift(3, 600, -80)]) == []


@pytest.mark.parametrize("calls", [100, 3000])
def test_leaks(calls: int) -> None:
    assert faults(run(calls, leak_kib=10), [])[0].startswith("memory kib grew by")
    assert "descriptors" in faults(run(calls, descriptors=0.1), [])[0]
    assert "threads" in faults(run(calls, threads=0.1), [])[0]


def test_a_delay_that_grows() -> None:
    assert faults(run(8), [Drift(4, 600, 65)]) == ["call 4: +65 ms of delay in 600 s"]


def test_too_short() -> None:
    assert "too few" in faults(run(2), [])[0]


def test_slope_forgets_outliers() -> None:
    values = [2.0 * step for step in range(20)]
    values[7] = 1e9
    assert slope(values) == pytest.approx(2.0, rel=0.1)
