"""Fixtures of the tests in the virtual machine. Elsewhere nothing in this folder is collected."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.rig.certs import Authority
from tests.rig.lab import Kit, Lab
from tests.rig.speech import Talker
from tests.vm.devices import Bench, Witness, inside
from tests.vm.devices import bench as bench
from tests.vm.devices import witness as witness
from tests.vm.figures import Figures
from tests.vm.house import House

collect_ignore_glob = [] if inside() else ["test_*.py"]

GRANT = f"""
[[privacy.watcher]]
uri = "sip:carol@phone.test"
until = {date.today() + timedelta(7)}
"""


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Certificates and voices, made once. Nobody logs keys here."""
    folder = tmp_path_factory.mktemp("kit")
    authority = Authority.create(folder / "ca")
    return Kit(authority, authority.registrar(), Talker(folder, "near"), Talker(folder, "far"), Path())


@pytest.fixture(scope="session")
def figures() -> Figures:
    """What is measured, written to figures.json at once."""
    return Figures()


@pytest.fixture
def lab(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Servers and phones of one test."""
    with Lab(tmp_path_factory.mktemp("lab"), kit) as made:
        yield made


@pytest.fixture(scope="session")
def house(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Server, far phone, watcher and the phone on the machine's devices, for all tests: starts are slow."""
    with Lab(tmp_path_factory.mktemp("house"), kit) as made:
        yield House.move_in(made, Bench(), Witness(), GRANT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that use the house last: its phone has the lines from then on."""
    items.sort(key=lambda item: "house" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what servers and phones say to the report of a test that failed, while they still run."""
    report = yield
    used = getattr(item, "funcargs", {})
    lab = used["house"].lab if "house" in used else used.get("lab")
    if report.failed and call.when == "call" and lab is not None:
        report.sections.append(("servers and phones", lab.explain()))
    return report
