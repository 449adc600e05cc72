"""Fixtures of the tests with live agents: what is made once, and a lab for each test."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.rig.lab import Kit, Lab


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Certificates, voices and the key logger, made once."""
    return Kit.create(tmp_path_factory.mktemp("kit"))


@pytest.fixture
def lab(kit: Kit, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Servers and phones of this test, all ended after it."""
    with Lab(tmp_path_factory.mktemp("lab"), kit) as made:
        request.node.stash[_LAB] = made
        yield made


_LAB = pytest.StashKey[Lab]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what servers and phones say to the report of a test that failed, while they still run."""
    report = yield
    lab = item.stash.get(_LAB, None)
    if report.failed and call.when == "call" and lab is not None:
        report.sections.append(("servers and phones", lab.explain()))
    return report
