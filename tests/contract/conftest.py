"""Fixtures of the contract suite."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.contract.rpi_gpio import RpiGpio


@pytest.fixture
def rpi_gpio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RpiGpio]:
    """``import RPi.GPIO`` gives a fake board."""
    library = RpiGpio()
    package = ModuleType("RPi")
    package.GPIO = library  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", library)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    monkeypatch.setenv("RPI_LGPIO_CHIP", "0")
    yield library
    library.end()
    assert library.raised == []
