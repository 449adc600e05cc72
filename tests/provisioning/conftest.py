"""The scene of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provisioning.scene import Scene, Server
from tests.rig.certs import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "authority")


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[Server]:
    (tmp_path / "fleet").mkdir()
    server = Server(tmp_path / "fleet" / "served", authority)
    yield server
    server.stop()


@pytest.fixture
def scene(tmp_path: Path, server: Server, authority: Authority) -> Scene:
    return Scene(tmp_path, server.url, authority)
