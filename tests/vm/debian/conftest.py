"""Where there is no systemd as process 1, nothing in this folder is collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.debian.world import World
from tests.vm.devices import inside

booted = inside() and Path("/proc/1/comm").read_text().strip() == "systemd"
collect_ignore_glob = [] if booted else ["test_*.py"]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The network that the telephone finds."""
    made = World()
    made.start()
    yield made
    made.ended.set()
