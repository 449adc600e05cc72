"""The repository as its makers see it: a folder of signed files that any web server serves.

::

    metadata/N.root.json  N.targets.json  N.snapshot.json  timestamp.json
    targets/stable/SHA256.release.json  SHA256.release.sig  BOARD/SHA256.NAME.raucb

Whatever is published is written in the order in which telephones read it backwards: timestamp.json last.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from firmware.phone.errors import UpdateError
from firmware.updater import disk, notices, signatures
from firmware.updater import release as releases
from firmware.updater.notices import Notices
from firmware.updater.release import Release
from firmware.updater.signatures import Signature
from firmware.updater.trust import MANIFEST, NOTICE_SIGNATURES, NOTICES, SIGNATURES
from firmware.updater.version import Version
from firmware.updater.version import parse as parse_version

LIFE = {
    "root": timedelta(days=5 * 365),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=7),
}
"""How long each role's word is good. The shorter, the sooner a telephone notices that it is held back; the
root's is long, because a telephone that lay in a cupboard for years must still find its way."""

_AS_TEXT = JSONSerializer(compact=False)


@dataclass(frozen=True)
class RoleKeys:
    """The public keys of the four roles. Root and targets need ``threshold`` of theirs, the others one."""

    root: Sequence[Key]
    targets: Sequence[Key]
    snapshot: Key
    timestamp: Key
    threshold: int = 2


@dataclass(frozen=True)
class Signers:
    """The private keys that a publication takes: targets' (offline), snapshot's and timestamp's (online)."""

    targets: Sequence[Signer]
    snapshot: Signer
    timestamp: Signer


def new_root(keys: RoleKeys, now: datetime, version: int = 1) -> Metadata[Root]:
    """The root's word on all keys, not signed yet. Raises UpdateError when a threshold cannot be met."""
    if not 1 <= keys.threshold <= min(len(keys.root), len(keys.targets)):
        raise UpdateError(f"{keys.threshold} signatures cannot come from fewer keys")
    root = Root(version=version, expires=_whole(now + LIFE["root"]), consistent_snapshot=True)
    roles = {
        "root": keys.root,
        "targets": keys.targets,
        "snapshot": [keys.snapshot],
        "timestamp": [keys.timestamp],
    }
    for role, members in roles.items():
        for key in members:
            root.add_key(key, role)
    root.roles["root"].threshold = root.roles["targets"].threshold = keys.threshold
    return Metadata(root)


class RepositoryFolder:
    """``folder`` is what the web server serves. Raises OSError of the disk."""

    def __init__(self, folder: Path) -> None:
        self._metadata = folder / "metadata"
        self._targets = folder / "targets"

    # --- root ----------------------------------------------------------------------------------------

    def put_root(self, root: Metadata[Root], signers: Iterable[Signer]) -> bytes:
        """Sign and publish ``root``: the old keys must sign a new one as well as the new. Returns its octets.

        Raises UpdateError when the signatures do not suffice.
        """
        for signer in signers:
            root.sign(signer, append=True)
        version = root.signed.version
        before = self.root() if version > 1 else root
        for judge in (before, root):
            _verify(judge, "root", root)
        octets = root.to_bytes(_AS_TEXT)
        self._put(self._metadata / f"{version}.root.json", octets)
        return octets

    def root(self) -> Metadata[Root]:
        """The newest root. Raises UpdateError when there is none."""
        found = sorted(self._metadata.glob("*.root.json"), key=lambda p: int(p.name.split(".")[0]))
        if not found:
            raise UpdateError(f"{self._metadata} holds no root; hold the key ceremony first")
        return Metadata[Root].from_bytes(found[-1].read_bytes())

    # --- a release -----------------------------------------------------------------------------------

    def publish(
        self,
        release: Release,
        signed: Sequence[Signature],
        bundles: Mapping[str, Path],
        signers: Signers,
        now: datetime,
        others: Mapping[str, Path] | None = None,
    ) -> None:
        """Publish ``release``: ``bundles`` gives the file of each board's bundle, ``others`` what else
        belongs to it, by its name. Raises UpdateError when a file is not what the release says, or a
        signature is wanting; then nothing is changed.
        """
        others = others or {}
        for board, bundle in release.bundles.items():
            made = TargetFile.from_file(bundle.target, str(bundles[board]), ["sha256"])
            if (made.length, made.hashes["sha256"]) != (bundle.length, bundle.sha256):
                raise UpdateError(f"{bundles[board]} is not the bundle that the release names for {board}")
        manifest = releases.encoded(release)
        texts = {MANIFEST: manifest, SIGNATURES: signatures.write_signatures(signed)}
        files = {name: TargetFile.from_data(name, octets, ["sha256"]) for name, octets in texts.items()}
        files |= {
            b.target: TargetFile.from_file(b.target, str(bundles[board]), ["sha256"])
            for board, b in release.bundles.items()
        }
        files |= {name: TargetFile.from_file(name, str(path), ["sha256"]) for name, path in others.items()}
        files |= self._noticed()
        targets = Targets(targets=files)
        self._signed_targets(targets, signers)  # before anything is written
        for board, b in release.bundles.items():
            self._put_file(_served(self._targets, files[b.target]), bundles[board])
        for name, path in others.items():
            self._put_file(_served(self._targets, files[name]), path)
        for name, octets in texts.items():
            self._put(_served(self._targets, files[name]), octets)
        self._put_targets(targets, signers, now)

    def notices(self) -> Notices | None:
        """The security notices that are published; None: none."""
        file = self._noticed().get(NOTICES)
        return None if file is None else notices.parse(_served(self._targets, file).read_bytes())

    def notify(self, found: Notices, signed: Sequence[Signature], signers: Signers, now: datetime) -> None:
        """Publish security notices beside the release that is there. Raises UpdateError when there is none,
        or a signature is wanting; then nothing is changed.
        """
        if not self.published():
            raise UpdateError("nothing has been published yet; publish a release first")
        targets = self._newest_targets()
        octets = {NOTICES: notices.encoded(found), NOTICE_SIGNATURES: signatures.write_signatures(signed)}
        files = {name: TargetFile.from_data(name, content, ["sha256"]) for name, content in octets.items()}
        targets.targets.update(files)
        self._signed_targets(targets, signers)  # before anything is written
        for name, content in octets.items():
            self._put(_served(self._targets, files[name]), content)
        self._put_targets(targets, signers, now)

    def _noticed(self) -> dict[str, TargetFile]:
        """The files of the notices that are published; a new release does not take them away."""
        if not self.published():
            return {}
        there = self._newest_targets().targets
        return {name: there[name] for name in (NOTICES, NOTICE_SIGNATURES) if name in there}

    def _newest_targets(self) -> Targets:
        newest = self._metadata / f"{self._next('targets') - 1}.targets.json"
        return Metadata[Targets].from_bytes(newest.read_bytes()).signed

    def earlier(self, board: str) -> list[tuple[Version, Path]]:
        """Every version that was published for ``board``, with its bundle where that is still here; the
        newest first.
        """
        found: dict[Version, Path] = {}
        words = sorted(self._metadata.glob("*.targets.json"), key=lambda p: int(p.name.split(".")[0]))
        for word in words:
            for name, file in Metadata[Targets].from_bytes(word.read_bytes()).signed.targets.items():
                form = re.fullmatch(rf"stable/{re.escape(board)}/phone-(.+)\.raucb", name)
                if form and _served(self._targets, file).is_file():
                    found[parse_version(form[1])] = _served(self._targets, file)
        return sorted(found.items(), reverse=True)

    def published(self) -> bool:
        """Whether there is a release."""
        return (self._metadata / "timestamp.json").is_file()

    def sign_again(self, signers: Signers, now: datetime) -> None:
        """The same release with new signatures, after a key was replaced. Raises UpdateError."""
        self._put_targets(self._newest_targets(), signers, now)

    def _put_targets(self, targets: Targets, signers: Signers, now: datetime) -> None:
        targets.version, targets.expires = self._next("targets"), _whole(now + LIFE["targets"])
        word = self._signed_targets(targets, signers)
        self._put(self._metadata / f"{targets.version}.targets.json", word.to_bytes(_AS_TEXT))
        self.refresh(signers.snapshot, signers.timestamp, now, targets.version)

    def _signed_targets(self, targets: Targets, signers: Signers) -> Metadata[Targets]:
        word = Metadata(targets)
        for signer in signers.targets:
            word.sign(signer, append=True)
        _verify(self.root(), "targets", word)
        return word

    def refresh(self, snapshot: Signer, timestamp: Signer, now: datetime, targets: int | None = None) -> None:
        """Sign snapshot and timestamp anew, which the online keys do on a timer: else their word runs out."""
        root = self.root()
        version = targets if targets is not None else self._next("targets") - 1
        if not version:
            raise UpdateError("nothing has been published yet; publish a release first")
        snap = Metadata(
            Snapshot(
                version=self._next("snapshot"),
                expires=_whole(now + LIFE["snapshot"]),
                meta={"targets.json": self._meta(f"{version}.targets.json", version)},
            )
        )
        snap.sign(snapshot)
        _verify(root, "snapshot", snap)
        name = f"{snap.signed.version}.snapshot.json"
        self._put(self._metadata / name, snap.to_bytes(_AS_TEXT))
        stamp = Metadata(
            Timestamp(
                version=self._stamped() + 1,
                expires=_whole(now + LIFE["timestamp"]),
                snapshot_meta=self._meta(name, snap.signed.version),
            )
        )
        stamp.sign(timestamp)
        _verify(root, "timestamp", stamp)
        self._put(self._metadata / "timestamp.json", stamp.to_bytes(_AS_TEXT))

    def told(self) -> str:
        """What is published and until when it is good, a line each. Raises UpdateError when nothing is."""
        files = [
            self._metadata / f"{self._next(role) - 1}.{role}.json" for role in ("root", "targets", "snapshot")
        ]
        lines = []
        for path in [*files, self._metadata / "timestamp.json"]:
            if not path.is_file():
                raise UpdateError("nothing has been published yet; publish a release first")
            signed = json.loads(path.read_bytes())["signed"]
            lines.append(
                f"{signed['_type']:<10} version {signed['version']:<4} good until {signed['expires']}"
            )
            if signed["_type"] == "targets":
                lines += [f"           {name}" for name in sorted(signed["targets"])]
        return "\n".join(lines)

    def _meta(self, name: str, version: int) -> MetaFile:
        return MetaFile.from_data(version, (self._metadata / name).read_bytes(), ["sha256"])

    def _next(self, role: str) -> int:
        return 1 + max((int(p.name.split(".")[0]) for p in self._metadata.glob(f"*.{role}.json")), default=0)

    def _stamped(self) -> int:
        try:
            return int(json.loads((self._metadata / "timestamp.json").read_bytes())["signed"]["version"])
        except FileNotFoundError:
            return 0

    def _put(self, path: Path, octets: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, octets)
        path.chmod(0o644)  # a web server of another user reads it

    def _put_file(self, path: Path, source: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        shutil.copyfile(source, new)
        new.chmod(0o644)
        os.replace(new, path)


def _verify(
    root: Metadata[Root],
    role: str,
    word: Metadata[Root] | Metadata[Targets] | Metadata[Snapshot] | Metadata[Timestamp],
) -> None:
    try:
        root.signed.verify_delegate(role, word.signed_bytes, word.signatures)
    except (UnsignedMetadataError, ValueError) as error:
        raise UpdateError(
            f"{role} is not signed by enough of the keys that the root names: {error}"
        ) from error


def _served(targets: Path, file: TargetFile) -> Path:
    folder, _, name = file.path.rpartition("/")
    return targets / folder / f"{file.hashes['sha256']}.{name}"


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
