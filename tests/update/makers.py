"""The makers of releases and their repository: keys, signatures and files, all real but the network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api import exceptions as tuf_errors

from firmware.release.keys import ReleasePair
from firmware.release.repository import RepositoryFolder, RoleKeys, Signers, new_root
from firmware.updater.fetch import OK, PARTIAL
from firmware.updater.release import Bundle, Release, encoded
from firmware.updater.trust import Repository
from firmware.updater.version import parse

BOARD = "test-board"
BASE = "https://updates.test/"
NOW = datetime.now(UTC).replace(microsecond=0)
"""TUF's client reads the system's clock itself."""


def new_pair() -> ReleasePair:
    return ReleasePair(Ed25519PrivateKey.generate(), MLDSA65PrivateKey.generate())


class Makers:
    """Three root keys, two for targets, one each for snapshot and timestamp, and a pair for the manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "served"
        self.root = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.targets = [CryptoSigner.generate_ed25519() for _ in range(2)]
        self.snapshot = CryptoSigner.generate_ed25519()
        self.timestamp = CryptoSigner.generate_ed25519()
        self.pair = new_pair()
        self.repository = RepositoryFolder(self.files)
        self.first_root = self.repository.put_root(new_root(self.role_keys(), NOW), self.root[:2])

    def role_keys(self, **others: Any) -> RoleKeys:
        keys = RoleKeys(
            root=[s.public_key for s in self.root],
            targets=[s.public_key for s in self.targets],
            snapshot=self.snapshot.public_key,
            timestamp=self.timestamp.public_key,
        )
        return replace(keys, **others)

    @property
    def signers(self) -> Signers:
        return Signers(self.targets, self.snapshot, self.timestamp)

    def bundle(self, version: str, content: bytes | None = None, board: str = BOARD) -> tuple[Bundle, Path]:
        """A bundle's file; its content is nothing that RAUC knows."""
        path = self.folder / f"{board}-{version}.raucb"
        path.write_bytes(content if content is not None else f"bundle {version} ".encode() * 5000)
        octets = path.read_bytes()
        digest = hashlib.sha256(octets).hexdigest()
        return Bundle(f"stable/{board}/phone-{version}.raucb", len(octets), digest), path

    def release(self, version: str, bundle: Bundle, **others: Any) -> Release:
        made = Release(
            version=parse(version),
            published=NOW - timedelta(days=1),
            floor=parse("1.0.0"),
            supported_until=date(2031, 12, 31),
            bundles={BOARD: bundle},
            notes={"en": f"What is new in {version}"},
        )
        return replace(made, **others)

    def publish(
        self, version: str, now: datetime = NOW, content: bytes | None = None, **others: Any
    ) -> Release:
        """A good release, published as it should be."""
        bundle, path = self.bundle(version, content)
        release = self.release(version, bundle, **others)
        self.put(release, {BOARD: path}, now)
        return release

    def put(
        self,
        release: Release,
        bundles: Mapping[str, Path],
        now: datetime = NOW,
        pairs: Sequence[ReleasePair] = (),
    ) -> None:
        signed = [pair.sign(encoded(release)) for pair in pairs or (self.pair,)]
        self.repository.publish(release, signed, bundles, self.signers, now)

    def snapshot_of(self) -> dict[Path, bytes]:
        """All that is served, to be put back by an attacker."""
        return {p: p.read_bytes() for p in self.files.rglob("*") if p.is_file()}


class Served:
    """Implements ``fetch.Source`` from a folder, and can be told to lie: ``lies`` maps a part of an address
    to what is sent in its place (octets, an exception, or an iterator of octets).
    """

    def __init__(self, files: Path) -> None:
        self._files = files
        self.asked: list[str] = []
        self.sent = 0
        self.lies: dict[str, Any] = {}
        self.ranges = True
        self.break_off_after: int | None = None

    def open(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        self.asked.append(url)
        for part, lie in self.lies.items():
            if part in url:
                if isinstance(lie, Exception):
                    raise lie
                return OK, iter([lie]) if isinstance(lie, bytes) else lie
        path = self._files / url.removeprefix(BASE)
        if not path.is_file():
            raise tuf_errors.DownloadHTTPError("the server answered 404", 404)
        octets = path.read_bytes()
        start = start if self.ranges else 0
        return (PARTIAL if start else OK), self._chunks(octets[start:])

    def _chunks(self, octets: bytes) -> Iterator[bytes]:
        for at in range(0, len(octets), 4096):
            if self.break_off_after is not None and self.sent >= self.break_off_after:
                self.break_off_after = None
                raise tuf_errors.DownloadError("the server broke off")
            chunk = octets[at : at + 4096]
            self.sent += len(chunk)
            yield chunk


def repository(makers: Makers, folder: Path, source: Served | None = None) -> Repository:
    """A telephone's view: the first root and the release keys are in its image."""
    source = source or Served(makers.files)
    return Repository(folder, BASE, makers.first_root, [makers.pair.public], source)
