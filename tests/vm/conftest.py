"""Fixtures of the tests in the virtual machine. Elsewhere nothing in this folder is collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.certs import Authority
from tests.rig.lab import Kit, Lab
from tests.rig.speech import Talker
from tests.sip.conftest import lab as lab
from tests.sip.conftest import pytest_runtest_makereport as pytest_runtest_makereport
from tests.vm.desk import Desk
from tests.vm.devices import Bench, Witness, inside
from tests.vm.devices import bench as bench
from tests.vm.devices import witness as witness

collect_ignore_glob = [] if inside() else ["test_*.py"]


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Certificates and voices, made once. Nobody logs keys here."""
    folder = tmp_path_factory.mktemp("kit")
    authority = Authority.create(folder / "ca")
    return Kit(authority, authority.registrar(), Talker(folder, "near"), Talker(folder, "far"), Path())


@pytest.fixture
def desk(lab: Lab, bench: Bench, witness: Witness) -> Iterator[Callable[..., Desk]]:
    """Makes the phone on the machine's devices and starts it."""

    def make(**options: Any) -> Desk:
        options.setdefault("address", lab.address())
        return lab.add(Desk(bench, witness, lab.folder, lab.kit.authority, **options))

    yield make
