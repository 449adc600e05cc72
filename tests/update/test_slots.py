"""Slot engines by their contract, and what only RAUC's can meet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.phone.errors import UpdateError
from firmware.updater.__main__ import main
from firmware.updater.signatures import write_keys
from firmware.updater.slots import rauc, rauc_bus
from firmware.updater.slots.rauc_bus import RaucBus
from tests.update.makers import BOARD, Makers
from tests.update.slot_rigs import FakeRaucRig, FolderRig, Rig
from tests.update.slots_contract import SlotsContract, nothing


class TestFolders(SlotsContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:
        return FolderRig(tmp_path)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeRaucRig]:
    made = FakeRaucRig(tmp_path)
    try:
        yield made
    finally:
        made.stop()


class TestRaucsInterface(SlotsContract):
    @pytest.fixture
    def rig(self, fake: FakeRaucRig) -> Rig:
        return fake


def test_the_service_ends_while_it_writes(fake: FakeRaucRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rauc_bus, "SILENCE", 0.1)
    fake.rauc.dies = True
    with pytest.raises(UpdateError, match="ended before it had written"):
        fake.engine().install(fake.bundle("1.2.0"), nothing)
    fake.start()
    assert fake.engine().booted().version == "1.1.0"


def test_no_bus(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="cannot be reached: No such file"):
        RaucBus(f"unix:path={tmp_path}/none").slots()


def test_no_rauc_on_the_bus(fake: FakeRaucRig) -> None:
    fake.rauc.close()
    with pytest.raises(UpdateError, match="RAUC refused"):
        fake.engine().booted()


def test_the_program_with_a_boards_slots(
    fake: FakeRaucRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder for slots: RAUC's on the system's bus, and the version that the booted root names."""
    (tmp_path / "makers").mkdir()
    makers = Makers(tmp_path / "makers")
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "root.json").write_bytes(makers.first_root)
    (trust / "release-keys.json").write_bytes(write_keys([makers.pair.public]))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", fake.address)
    monkeypatch.setattr(rauc.RaucSlots.__init__, "__defaults__", (tmp_path / "os-release",))
    words = ["--config", "none", "--folder", str(tmp_path / "state"), "--trust", str(trust), "--board", BOARD]
    assert main(["status", *words]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "1.1.0"
    assert main(["boot", *words]) == 1
    assert "a board's own firmware boots it" in capsys.readouterr().err


def test_a_bundle_that_rauc_has_taken_can_be_read_again(fake: FakeRaucRig) -> None:
    """RAUC may give it to root, and the group's right stays as it was: else it could never be tried again."""
    bundle = fake.bundle("1.2.0")
    bundle.chmod(0o600)
    fake.engine().install(bundle, nothing)
    assert bundle.stat().st_mode & 0o777 == 0o640


def test_a_slot_whose_checksum_nobody_knows(fake: FakeRaucRig) -> None:
    """As the image was written to the card: only what RAUC wrote can be compared."""
    fake.rauc.status["a"] = {}
    assert fake.engine().check() == "nobody knows what root.0 should hold"


def test_an_unknown_slot(fake: FakeRaucRig) -> None:
    with pytest.raises(UpdateError, match="knows no slot c"):
        fake.engine().activate("c")


@pytest.mark.parametrize("text", [None, "", "VERSION_ID=1\n"])
def test_a_root_that_names_no_version(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "os-release").write_text(text)
    with pytest.raises(UpdateError, match="os-release"):
        rauc.version_of(tmp_path / "os-release")
