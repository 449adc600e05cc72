"""The certificates that contacts know us by: one for each, sealed, gone with the contact and with a wipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock
from firmware.phone.storage import Storage
from firmware.phone.vault import Vault
from tests.unit.store.scan import hits
from tests.unit.store.test_storage import START

BOB, CAROL = "sip:bob@phone.test", "sip:carol@phone.test"
PEM = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n{}\n"


class Rig:
    def __init__(self, folder: Path, *contacts: str) -> None:
        self.events: list[on.Event] = []
        self.crashes: list[BaseException] = []
        self.storage = Storage(folder, 0, FakeClock(START), self.crashes.append, contacts)
        self.storage.start(self.events.append)
        self.kept = self.storage.certificates

    def told(self) -> int:
        assert self.storage.settle() == ""
        numbers = [event.number for event in self.events if isinstance(event, on.CertificatesKept)]
        return numbers[-1] if numbers else 0

    def stop(self) -> None:
        self.storage.stop()
        assert self.crashes == []


def test_it_is_there_again_after_a_restart(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB, CAROL)
    assert rig.kept.find(BOB) == ""
    for contact, pem in ((BOB, "b"), (CAROL, "c")):
        rig.kept.keep(contact, PEM.format(pem))
        assert rig.kept.find(contact) == PEM.format(pem), "at once"
    assert rig.told() == 2
    rig.stop()
    again = Rig(tmp_path, CAROL, BOB)
    assert [again.kept.find(one) for one in (BOB, CAROL)] == [PEM.format(one) for one in "bc"]
    assert again.told() == 2
    again.stop()


def test_nothing_can_be_read_on_the_disk(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB)
    rig.kept.keep(BOB, PEM.format("TheKeyItself"))
    assert rig.told() == 1
    rig.stop()
    assert (tmp_path / "certificates.records").stat().st_size > 500
    for secret in ("TheKeyItself", "bob@phone", "PRIVATE", "CERTIFICATE-"):
        assert not hits(tmp_path, secret), secret


def test_who_is_no_contact_any_more_is_forgotten(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB, CAROL)
    rig.kept.keep(BOB, PEM.format("b"))
    rig.kept.keep(CAROL, PEM.format("c"))
    rig.stop()
    without = Rig(tmp_path, CAROL)
    assert without.told() == 1
    without.stop()
    again = Rig(tmp_path, BOB, CAROL)
    assert again.kept.find(BOB) == ""
    assert again.kept.find(CAROL) == PEM.format("c")
    again.stop()


def test_a_stranger_has_none(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB)
    rig.kept.keep("sip:eve@phone.test", PEM.format("e"))
    assert rig.kept.find("sip:eve@phone.test") == ""
    assert rig.told() == 0
    rig.stop()
    assert not (tmp_path / "certificates.records").exists()


def test_a_wipe_takes_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB)
    rig.kept.keep(BOB, PEM.format("b"))
    assert rig.told() == 1
    rig.storage.carry_out(do.Wipe())
    assert rig.told() == 0
    assert rig.kept.find(BOB) == ""
    assert not (tmp_path / "certificates.keys").exists()
    rig.kept.keep(BOB, PEM.format("new"))
    assert rig.told() == 1
    rig.stop()


def test_a_new_one_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB)
    for pem in ("one", "two"):
        rig.kept.keep(BOB, PEM.format(pem))
    assert rig.told() == 1
    rig.stop()
    again = Rig(tmp_path, BOB)
    assert again.kept.find(BOB) == PEM.format("two")
    again.stop()


def test_damage_is_said_and_the_rest_stays(tmp_path: Path) -> None:
    rig = Rig(tmp_path, BOB)
    rig.kept.keep(BOB, PEM.format("b"))
    rig.stop()
    file = tmp_path / "certificates.records"
    raw = bytearray(file.read_bytes())
    raw[200] ^= 1
    file.write_bytes(raw)
    again = Rig(tmp_path, BOB)
    assert again.kept.find(BOB) == ""
    assert any(
        "Damaged list of certificates" in event.trouble
        for event in again.events
        if isinstance(event, on.StoreChanged)
    )
    again.stop()


def test_a_full_disk_costs_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate serves until the next start; the trouble is said."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    rig = Rig(tmp_path, BOB)
    monkeypatch.setattr(Vault, "add", full)
    rig.kept.keep(BOB, PEM.format("b"))
    assert "Certificate not kept: No space left" in rig.storage.settle()
    assert rig.kept.find(BOB) == PEM.format("b")
    rig.stop()
