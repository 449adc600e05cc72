"""Which release is trusted, and newest: TUF's client, then the manifest's own signature, then its content.

Expired, rolled back, mixed, forged and too weakly signed metadata TUF refuses; its words become ours here.
"""

from __future__ import annotations

import logging
import os
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater, UpdaterConfig

from firmware.phone.errors import Unreachable, Untrusted, UpdateError
from firmware.updater import disk, notices, signatures
from firmware.updater import release as releases
from firmware.updater.fetch import MetadataFetcher, Source
from firmware.updater.notices import Notices
from firmware.updater.release import Bundle, Release
from firmware.updater.signatures import ReleaseKey
from firmware.updater.version import Version

log = logging.getLogger("sottovoce.update")

MANIFEST = "stable/release.json"
SIGNATURES = "stable/release.sig"
NOTICES = "stable/notices.json"
NOTICE_SIGNATURES = "stable/notices.sig"

_LIMITS = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=0,
    root_max_length=256 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=64 * 1024,
    targets_max_length=512 * 1024,
)

_WORDS: tuple[tuple[type[Exception], type[UpdateError], str], ...] = (
    (
        tuf_errors.ExpiredMetadataError,
        Untrusted,
        "the update server's word has run out: updates may be held back on purpose, or its makers were late",
    ),
    (
        tuf_errors.BadVersionNumberError,
        Untrusted,
        "the update server offers an older state than it had: a roll-back",
    ),
    (tuf_errors.UnsignedMetadataError, Untrusted, "the update server's word is not signed by those who must"),
    (
        tuf_errors.LengthOrHashMismatchError,
        Untrusted,
        "the update server mixes files that do not belong together",
    ),
    (tuf_errors.DownloadLengthMismatchError, Untrusted, "the update server sends more than it may"),
    (tuf_errors.SlowRetrievalError, Unreachable, "the update server is too slow"),
    (tuf_errors.DownloadHTTPError, Unreachable, "the update server does not have what it should"),
    (tuf_errors.DownloadError, Unreachable, "the update server cannot be reached"),
    (tuf_errors.RepositoryError, Untrusted, "the update server's word is not readable"),
)


@dataclass(frozen=True)
class Piece:
    """A file for which TUF vouches: where it is, its octets, its SHA-256 in hex."""

    url: str
    length: int
    sha256: str


@dataclass(frozen=True)
class Trusted:
    """The newest release and from where its bundles are fetched. ``piece`` finds any other file of it."""

    release: Release
    manifest: bytes
    signed_by: str
    urls: dict[str, str]
    piece: Callable[[str], Piece | None] = lambda name: None

    def url(self, bundle: Bundle) -> str:
        """Where ``bundle`` is. Raises Untrusted when TUF does not vouch for exactly this one."""
        try:
            return self.urls[f"{bundle.target} {bundle.length} {bundle.sha256}"]
        except KeyError:
            raise Untrusted(
                f"the release names {bundle.target}, for which the server has no signed word"
            ) from None

    def patch(self, bundle: Bundle, running: Version) -> Piece | None:
        """What makes ``bundle`` of the images of the version that runs; None: there is no such patch."""
        return self.piece(patch_name(bundle.target, running))


def patch_name(target: str, running: Version) -> str:
    """The name in the repository of the patch from ``running`` to the bundle called ``target``."""
    return f"{target.removesuffix('.raucb')}.from-{running}.patch"


class Repository:
    """``base_url``: of the repository. ``root``: the root metadata of the image; ``keys``: its release keys.

    ``folder`` keeps what was accepted: it is what makes a roll-back visible.
    """

    def __init__(
        self, folder: Path, base_url: str, root: bytes, keys: Sequence[ReleaseKey], source: Source
    ) -> None:
        self._folder = folder
        self._base = base_url.rstrip("/") + "/"
        self._root = root
        self._keys = keys
        self._fetcher = MetadataFetcher(source)

    def newest(self) -> Trusted:
        """Ask the server. Raises Unreachable, Untrusted, or UpdateError for a manifest that is wrong."""
        try:
            updater = self._refreshed()
            manifest = self._target(updater, MANIFEST, releases.LONGEST)
            signed = self._target(updater, SIGNATURES, releases.LONGEST)
            signer = signatures.verify(manifest, signatures.read_signatures(signed), self._keys)
            release = releases.parse(manifest)
            urls = self._urls(updater, release)
            self._take_notices(updater)
            return Trusted(release, manifest, signer, urls, lambda name: self._piece(updater, name))
        except (tuf_errors.RepositoryError, tuf_errors.DownloadError) as error:
            raise _in_words(error) from error

    def last(self) -> Release | None:
        """The release that was accepted last, from what is kept: its makers' signature is checked again, its
        freshness is not. None when there is none that holds.
        """
        try:
            manifest = (self._folder / posixpath.basename(MANIFEST)).read_bytes()
            signed = (self._folder / posixpath.basename(SIGNATURES)).read_bytes()
            signatures.verify(manifest, signatures.read_signatures(signed), self._keys)
            return releases.parse(manifest)
        except (OSError, UpdateError):
            return None

    def notices(self) -> Notices | None:
        """The security notices that were taken last; their makers' signature is checked again. None when
        there are none that hold.
        """
        try:
            said = (self._folder / posixpath.basename(NOTICES)).read_bytes()
            signed = (self._folder / posixpath.basename(NOTICE_SIGNATURES)).read_bytes()
            return self._judged(said, signed)
        except (OSError, UpdateError):
            return None

    def _judged(self, said: bytes, signed: bytes) -> Notices:
        signatures.verify(said, signatures.read_signatures(signed), self._keys, notices.DOMAIN)
        return notices.parse(said)

    def _take_notices(self, updater: Updater) -> None:
        """Keep the server's security notices, where they are their makers' and newer than those that are
        kept. What is forged or old is refused and logged; it keeps nobody from updates.
        """
        files = {name: updater.get_targetinfo(name) for name in (NOTICES, NOTICE_SIGNATURES)}
        pieces = [info for info in files.values() if info is not None]
        if len(pieces) < len(files) or all(self._is_kept(info) for info in pieces):
            return
        try:
            said, signed = map(self._content, pieces)
            found, kept = self._judged(said, signed), self.notices()
            if kept is not None and found.number < kept.number:
                raise Untrusted(f"number {found.number} is older than {kept.number}: a replay")
            if kept is not None and found.number == kept.number and found != kept:
                raise Untrusted(f"two have the number {found.number}")
        except (UpdateError, tuf_errors.RepositoryError, tuf_errors.DownloadError) as error:
            log.error("security notices were refused: %s", error)
            return
        for name, octets in ((NOTICE_SIGNATURES, signed), (NOTICES, said)):
            disk.replace(self._folder / posixpath.basename(name), octets)

    def _is_kept(self, info: TargetFile) -> bool:
        return _unless_changed(self._folder / posixpath.basename(info.path), info) is not None

    def _content(self, info: TargetFile) -> bytes:
        if info.length > notices.LONGEST:
            raise Untrusted(f"{info.path} is longer than it may be")
        octets = self._fetcher.download_bytes(self._url(info), info.length)
        info.verify_length_and_hashes(octets)
        return octets

    def _refreshed(self) -> Updater:
        folder = self._folder / "metadata"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            updater = Updater(
                str(folder),
                self._base + "metadata/",
                target_base_url=self._base + "targets/",
                fetcher=self._fetcher,
                config=_LIMITS,
                bootstrap=self._root,
            )
            updater.refresh()
        finally:
            _make_durable(folder)
        return updater

    def _target(self, updater: Updater, name: str, longest: int) -> bytes:
        info = updater.get_targetinfo(name)
        if info is None:
            raise Untrusted(f"the update server has no signed word for {name}")
        if info.length > longest:
            raise Untrusted(f"{name} is longer than it may be")
        kept = self._folder / posixpath.basename(name)
        octets = _unless_changed(kept, info)
        if octets is None:
            octets = self._fetcher.download_bytes(self._url(info), info.length)
            info.verify_length_and_hashes(octets)
            disk.replace(kept, octets)
        return octets

    def _urls(self, updater: Updater, release: Release) -> dict[str, str]:
        """TUF's word on each bundle, as far as the manifest says the same."""
        infos = [updater.get_targetinfo(bundle.target) for bundle in release.bundles.values()]
        return {
            f"{info.path} {info.length} {info.hashes.get('sha256')}": self._url(info)
            for info in infos
            if info is not None
        }

    def _piece(self, updater: Updater, name: str) -> Piece | None:
        info = updater.get_targetinfo(name)
        if info is None or "sha256" not in info.hashes:
            return None
        return Piece(self._url(info), info.length, info.hashes["sha256"])

    def _url(self, info: TargetFile) -> str:
        folder, name = posixpath.split(info.path)
        return f"{self._base}targets/{folder}/{info.hashes.get('sha256', 'none')}.{name}"


def _unless_changed(kept: Path, info: TargetFile) -> bytes | None:
    """What was fetched before, when it is still what TUF says."""
    try:
        octets = kept.read_bytes()
        info.verify_length_and_hashes(octets)
    except (OSError, tuf_errors.LengthOrHashMismatchError):
        return None
    return octets


def _in_words(error: Exception) -> UpdateError:
    for kind, ours, words in _WORDS:
        if isinstance(error, kind):
            return ours(f"{words} ({type(error).__name__}); nothing was installed")
    return Unreachable(f"the update server cannot be asked ({error})")


def _make_durable(folder: Path) -> None:
    """TUF's client renames into place without fsync: a power cut could leave files of no length."""
    for path in [*folder.rglob("*.json"), folder]:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
