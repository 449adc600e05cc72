"""Shared by all tests: the repository is importable, so that ``tests.rig`` and ``firmware`` are found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

LIVE = ("tests/sip/", "tests/browser/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Live tests speak in real time: what a busy machine spoiled is tried twice more, and named."""
    for item in items:
        if item.nodeid.startswith(LIVE):
            item.add_marker(pytest.mark.flaky(reruns=2))
