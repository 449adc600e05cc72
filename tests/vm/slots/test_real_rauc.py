"""RAUC itself by the contract of slot engines, and what only the real service can show."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.update.slots_contract import SlotsContract, nothing
from tests.vm.slots import RAUC
from tests.vm.slots.real_rauc import RealRaucRig


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealRaucRig]:
    made = RealRaucRig(tmp_path)
    try:
        yield made
    finally:
        made.stop()


class TestRauc(SlotsContract):
    @pytest.fixture
    def rig(self, real: RealRaucRig) -> RealRaucRig:
        return real


def test_a_bundle_of_the_updaters_own_user(real: RealRaucRig) -> None:
    """RAUC may take it: its first owner can go on reading it, to try it again; nobody else can write it."""
    bundle = real.bundle("1.2.0")
    bundle.chmod(0o640)
    os.chown(bundle, 65534, 65534)
    real.engine().install(bundle, nothing)
    found = bundle.stat()
    assert found.st_uid in (0, 65534)
    assert (found.st_gid, found.st_mode & 0o777) == (65534, 0o640)


def test_which_rauc_it_is() -> None:
    said = subprocess.run(
        [*shlex.split(os.environ[RAUC]), "--version"], capture_output=True, text=True, check=True
    )
    print(said.stdout)
    assert said.stdout.startswith("rauc ")
