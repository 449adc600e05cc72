"""What protection was reached with contacts: kept, sealed, never forgotten by halves, wiped."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import stored_form
from firmware.phone.clock import FakeClock
from firmware.phone.reached import MOST, Reached
from firmware.phone.storage import Storage
from firmware.phone.values import Keying, Security
from firmware.phone.vault import SLOTS, Vault
from tests.unit.store.scan import hits
from tests.unit.store.test_storage import START, running

NUMBER = "+4930901820"
KEY = "sha-256 " + ":".join(["AB"] * 32)
BOB = Reached(
    f"sip:{NUMBER}@phone.test",
    Security.END_TO_END_VERIFIED,
    Keying.DTLS,
    zrtp=True,
    peer_key=KEY,
    differed=True,
)
LESS = Reached(BOB.uri, Security.END_TO_END, Keying.ZRTP)


def loaded(folder: Path) -> on.StoreChanged:
    events: list[on.Event] = []
    storage = Storage(folder, 0, FakeClock(START), lambda error: None)
    storage.start(events.append)
    storage.stop()
    first = events[0]
    assert isinstance(first, on.StoreChanged)
    return first


def test_it_outlives_a_restart_and_cannot_be_read(tmp_path: Path) -> None:
    with running(tmp_path / "state", hours=0) as rig:
        assert rig.do(do.KeepReached((BOB,))) == ""
        assert not hits(rig.folder, NUMBER)
        assert not hits(rig.folder, "end-to-end")
    assert loaded(tmp_path / "state").reached == (BOB,)


def test_what_changed_takes_the_place_of_what_was(tmp_path: Path) -> None:
    with running(tmp_path / "state", hours=0) as rig:
        assert rig.do(do.KeepReached((LESS,)), do.KeepReached((BOB,))) == ""
        assert len(Vault(rig.folder, "levels").load()[0]) == 1
    assert loaded(tmp_path / "state").reached == (BOB,)


def test_a_wipe_destroys_it(tmp_path: Path) -> None:
    with running(tmp_path / "state", hours=0) as rig:
        rig.do(do.KeepReached((BOB,)), do.Wipe())
        assert not list(rig.folder.glob("levels*"))
    assert loaded(tmp_path / "state").reached == ()


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path / "state", hours=0) as rig:
        rig.do(do.KeepReached((LESS,)))
        monkeypatch.setattr(Vault, "add", _fails)
        assert "Protection not kept" in rig.do(do.KeepReached((BOB,)))
        assert "Protection not kept" in rig.now.trouble
    assert loaded(tmp_path / "state").reached == (LESS,), "what there was is still there"


def _fails(self: Vault, record: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_the_vault_holds_as_many_as_the_list() -> None:
    assert MOST <= SLOTS


@pytest.mark.parametrize("known", [BOB, LESS, Reached("sip:a@b.test", Security.PROVIDER, Keying.SDES)])
def test_its_form(known: Reached) -> None:
    assert stored_form.reached(stored_form.octets(known)) == known


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'{"uri": "x"}',
        stored_form.octets(LESS).replace(b"end-to-end", b"perfect"),
        b"\xff",
    ],
)
def test_something_else_is_nothing(raw: bytes) -> None:
    assert stored_form.reached(raw) is None
