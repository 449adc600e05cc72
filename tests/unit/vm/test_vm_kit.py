"""The kit is made again when its content changes, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm import kit

PACKAGES = {"image": "linux-image-6.1.0-1-amd64=6.1.1-1", "busybox": "busybox-static=1"}


def test_the_key_is_that_of_the_content(tmp_path: Path) -> None:
    init = tmp_path / "init"
    init.write_text("#!/bin/sh")
    recipe = kit.Recipe(init=init)
    keys = [kit._key(PACKAGES, recipe), kit._key(dict(reversed(PACKAGES.items())), recipe)]
    assert keys[0] == keys[1]
    keys.append(kit._key(PACKAGES | {"image": "linux-image-6.1.0-2-amd64=6.1.2-1"}, recipe))
    keys.append(kit._key(PACKAGES, kit.Recipe(modules=("ext4",), init=init)))
    init.write_text("changed")
    keys.append(kit._key(PACKAGES, recipe))
    assert len(set(keys)) == 4


def test_a_machine_without_package_lists_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "_output", lambda argv: "")
    with pytest.raises(kit.VmError, match="apt-get update"):
        kit.ready_kit()
