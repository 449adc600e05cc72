"""Small downloads as a telephone makes them: by a patch, else whole, and never anything but the release."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tuf.api import exceptions as tuf_errors

from firmware.phone.errors import Unreachable, Untrusted
from firmware.release import patching
from firmware.updater import fetching
from firmware.updater.release import encoded
from firmware.updater.trust import Trusted, patch_name
from firmware.updater.version import parse
from tests.update.makers import BOARD, NOW, Makers, Served, repository

OLD = random.Random(1).randbytes(2_000_000)
NEW = OLD[:1_000_000] + b"one module" * 50 + OLD[1_000_400:]


class Phone:
    """A telephone that runs 1.0.0 with ``OLD``, and a repository with 1.1.0 and a patch to it."""

    def __init__(self, folder: Path, patch: bytes | None = None) -> None:
        self.folder = folder
        self.makers = Makers(folder)
        self.root = folder / "root.img"
        self.root.write_bytes(OLD)
        bundle, path = self.makers.bundle("1.1.0", NEW)
        file = folder / "made.patch"
        patching.make(file, {"root": self.root}, path)
        self.size = file.stat().st_size
        if patch is not None:
            file.write_bytes(patch)
        release = self.makers.release("1.1.0", bundle)
        signed = [self.makers.pair.sign(encoded(release))]
        others = {patch_name(bundle.target, parse("1.0.0")): file}
        self.makers.repository.publish(release, signed, {BOARD: path}, self.makers.signers, NOW, others)
        self.bundle = bundle
        self.source = Served(self.makers.files)
        self.trusted: Trusted = repository(self.makers, folder / "phone", self.source).newest()
        self.source.asked.clear()
        self.source.sent = 0

    def fetch(self, running: str = "1.0.0", whole: bool = False) -> bytes:
        path = fetching.fetch_bundle(
            self.source,
            self.trusted,
            self.bundle,
            parse(running),
            None if whole else lambda: {"root": self.root},
            self.folder / "fetched",
            lambda have, length: None,
        )
        assert [p.name for p in path.parent.iterdir()] == [path.name]
        return path.read_bytes()

    @property
    def asked(self) -> list[str]:
        """The kinds of files that were asked for."""
        return [url.rpartition(".")[2] for url in self.source.asked]


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


def test_a_patch_is_enough(phone: Phone) -> None:
    assert phone.fetch() == NEW
    assert phone.asked == ["patch"]
    assert phone.source.sent == phone.size < len(NEW) / 50


def test_it_is_not_made_again(phone: Phone) -> None:
    phone.fetch()
    phone.source.asked.clear()
    assert phone.fetch() == NEW
    assert not phone.asked


def test_what_was_made_was_changed_meanwhile(phone: Phone) -> None:
    phone.fetch()
    path = next((phone.folder / "fetched").iterdir())
    path.write_bytes(NEW[:-1] + b"x")
    assert phone.fetch() == NEW


def test_another_version_fetches_the_whole(phone: Phone) -> None:
    assert phone.fetch("1.0.1") == NEW
    assert phone.asked == ["raucb"]


def test_who_does_not_want_to_tell_fetches_the_whole(phone: Phone) -> None:
    assert phone.fetch(whole=True) == NEW
    assert phone.asked == ["raucb"]


def test_all_telephones_of_a_version_ask_the_same(phone: Phone) -> None:
    """Whatever else is on its disk, the server sees the same one file asked for."""
    phone.fetch()
    asked = list(phone.source.asked)
    (phone.folder / "fetched" / "rest of another release.raucb.part").write_bytes(b"x")
    next((phone.folder / "fetched").glob("*.raucb")).unlink()
    phone.source.asked.clear()
    phone.fetch()
    assert phone.source.asked == asked


def test_it_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    patch = random.Random(3).randbytes(50_000)  # of more than one chunk; it fits nothing
    phone = Phone(tmp_path, patch)
    phone.source.break_off_after = 20_000
    with pytest.raises(Unreachable):
        phone.fetch()
    assert phone.asked == ["patch"]
    assert phone.fetch() == NEW
    assert phone.asked == ["patch", "patch", "raucb"]
    assert phone.source.sent == len(patch) + len(NEW)


# --- attacks -----------------------------------------------------------------------------------------

LIES: dict[str, Any] = {
    "missing": tuf_errors.DownloadHTTPError("the server answered 404", 404),
    "broken off": tuf_errors.DownloadError("the server broke off"),
    "empty": b"",
    "other content": b"x",
    "endless": lambda: itertools.repeat(b"A" * 65536, 10**6),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_patch_that_is_not_the_signed_one(phone: Phone, lie: str) -> None:
    """The server, or somebody on the way, sends something else: nothing of it is opened."""
    told = LIES[lie]
    phone.source.lies[".patch"] = told() if callable(told) else told
    assert phone.fetch() == NEW
    assert phone.asked == ["patch", "raucb"]


def test_a_patch_of_the_right_size_but_other_content(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    phone.source.lies[".patch"] = b"x" * phone.size
    monkeypatch.setattr("firmware.updater.patch.apply", None)  # it does not come to that
    assert phone.fetch() == NEW


def test_a_server_that_always_breaks_off_early(phone: Phone) -> None:
    """It cannot have a telephone wait for a patch: the whole bundle is fetched."""

    def drip() -> Iterator[bytes]:
        yield b"x"
        raise tuf_errors.DownloadError("the server broke off")

    phone.source.lies[".patch"] = drip()
    assert phone.fetch() == NEW


@pytest.mark.parametrize("patch", [b"", b"not a patch", b"sottovoce patch 1\n\xff\xff\xff\xff"])
def test_a_signed_patch_that_is_none(tmp_path: Path, patch: bytes) -> None:
    """Even whoever has the keys of TUF's targets can only make telephones fetch the whole."""
    phone = Phone(tmp_path, patch)
    assert phone.fetch() == NEW


def test_a_signed_patch_to_something_else(tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(b"evil" * 1000)
    (tmp_path / "old").write_bytes(OLD)
    patching.make(tmp_path / "evil.patch", {"root": tmp_path / "old"}, tmp_path / "evil")
    phone = Phone(tmp_path / "phone", (tmp_path / "evil.patch").read_bytes())
    assert phone.fetch() == NEW


def test_a_signed_patch_longer_than_the_bundle(tmp_path: Path) -> None:
    phone = Phone(tmp_path, bytes(len(NEW)))
    assert phone.fetch() == NEW
    assert phone.asked == ["raucb"]


def test_what_runs_was_changed(phone: Phone) -> None:
    phone.root.write_bytes(OLD[:500_000] + b"x" + OLD[500_001:])
    assert phone.fetch() == NEW
    assert phone.asked == ["patch", "raucb"]


def test_what_runs_cannot_be_read(phone: Phone) -> None:
    phone.root.unlink()
    assert phone.fetch() == NEW


def test_a_good_patch_does_not_make_a_wrong_bundle_good(phone: Phone) -> None:
    """Patch and bundle both from a hostile server: refused, and nothing is left."""
    phone.source.lies[".patch"] = b"x" * phone.size
    phone.source.lies[".raucb"] = NEW[:-1] + b"x"
    with pytest.raises(Untrusted):
        phone.fetch()
    assert not list((phone.folder / "fetched").iterdir())


def test_a_bundle_that_is_under_way_is_gone_on_with(phone: Phone) -> None:
    phone.source.break_off_after = 1_000_000
    with pytest.raises(Unreachable):
        phone.fetch(whole=True)
    phone.source.asked.clear()
    assert phone.fetch() == NEW
    assert phone.asked == ["raucb"]
