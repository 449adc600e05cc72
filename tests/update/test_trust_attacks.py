"""Each attack on the repository, by its name: refused, with words, and nothing but the cache is touched."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from firmware.phone.errors import Unreachable, Untrusted, UpdateError
from firmware.release.repository import RoleKeys, new_root
from firmware.updater import fetch
from firmware.updater.release import encoded
from firmware.updater.signatures import read_signatures, write_signatures
from firmware.updater.trust import MANIFEST, SIGNATURES
from tests.update.makers import BOARD, NOW, Makers, Served, new_pair, repository


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    made = Makers(tmp_path)
    made.publish("1.1.0")
    return made


def put_back(files: dict[Path, bytes], suffix: str = "") -> None:
    for path, octets in files.items():
        if path.name.endswith(suffix):
            path.write_bytes(octets)


def test_the_newest_release_is_trusted(makers: Makers, tmp_path: Path) -> None:
    trusted = repository(makers, tmp_path / "phone").newest()
    assert str(trusted.release.version) == "1.1.0"
    assert trusted.signed_by == makers.pair.public.id
    bundle = trusted.release.bundles[BOARD]
    assert trusted.url(bundle).endswith(f"targets/stable/{BOARD}/{bundle.sha256}.phone-1.1.0.raucb")


def test_asking_again_costs_two_requests(makers: Makers, tmp_path: Path) -> None:
    source = Served(makers.files)
    phone = repository(makers, tmp_path / "phone", source)
    phone.newest()
    source.asked.clear()
    phone.newest()
    names = [url.rpartition("/")[2] for url in source.asked]
    assert names == ["2.root.json", "timestamp.json"]


@pytest.mark.parametrize("name", ["release.json", "release.sig"])
def test_what_was_kept_of_the_release_is_not_believed_when_it_changed(
    makers: Makers, tmp_path: Path, name: str
) -> None:
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    kept = tmp_path / "phone" / name
    good = kept.read_bytes()
    kept.write_bytes(good.replace(b"1", b"2"))
    assert str(phone.newest().release.version) == "1.1.0"
    assert kept.read_bytes() == good


def test_forged_metadata(makers: Makers, tmp_path: Path) -> None:
    path = makers.files / "metadata/timestamp.json"
    word = json.loads(path.read_bytes())
    word["signed"]["version"] = 99
    path.write_text(json.dumps(word))
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


def test_wrong_key(makers: Makers, tmp_path: Path) -> None:
    """A stranger signs everything, root left as it is."""
    (tmp_path / "stranger").mkdir()
    stranger = Makers(tmp_path / "stranger")
    stranger.publish("9.0.0")
    for path in (stranger.files / "metadata").iterdir():
        if "root" not in path.name:
            (makers.files / "metadata" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


def sign_targets(makers: Makers, signers: list[CryptoSigner], base: Targets | None = None) -> None:
    """Targets, snapshot and timestamp anew, with targets signed by ``signers`` alone."""
    folder = makers.files / "metadata"
    newest = max(folder.glob("*.targets.json"), key=lambda p: int(p.name.split(".")[0]))
    signed = base or Metadata[Targets].from_bytes(newest.read_bytes()).signed
    signed.version += 1
    word = Metadata(signed)
    for signer in signers:
        word.sign(signer, append=True)
    (folder / f"{signed.version}.targets.json").write_bytes(word.to_bytes())
    makers.repository.refresh(makers.snapshot, makers.timestamp, NOW, signed.version)


@pytest.mark.parametrize("how", ["one of two", "the same twice", "a stranger's second"])
def test_too_few_signatures(makers: Makers, tmp_path: Path, how: str) -> None:
    first = makers.targets[0]
    second = {"the same twice": [first], "a stranger's second": [CryptoSigner.generate_ed25519()]}
    sign_targets(makers, [first, *second.get(how, [])])
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


@pytest.mark.parametrize("days", [8, 31, 366])
def test_expired(makers: Makers, tmp_path: Path, days: int) -> None:
    """Nothing new for long: timestamp, then snapshot, then targets have run out."""
    makers.publish("1.2.0", now=NOW - timedelta(days=days))
    with pytest.raises(Untrusted, match="has run out"):
        repository(makers, tmp_path / "phone").newest()


def test_rolled_back(makers: Makers, tmp_path: Path) -> None:
    old = makers.snapshot_of()
    makers.publish("1.2.0")
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    put_back(old)
    with pytest.raises(Untrusted, match="roll-back"):
        phone.newest()


def test_rolled_back_with_a_stolen_timestamp_key(makers: Makers, tmp_path: Path) -> None:
    folder = makers.files / "metadata"
    old = (folder / "1.snapshot.json").read_bytes()
    makers.publish("1.2.0")
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    stamp = Metadata(
        Timestamp(
            version=99, expires=NOW + timedelta(days=7), snapshot_meta=MetaFile.from_data(1, old, ["sha256"])
        )
    )
    stamp.sign(makers.timestamp)
    (folder / "timestamp.json").write_bytes(stamp.to_bytes())
    with pytest.raises(Untrusted, match="roll-back"):
        phone.newest()


def test_rolled_back_with_stolen_online_keys(makers: Makers, tmp_path: Path) -> None:
    makers.publish("1.2.0")
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    makers.repository.refresh(makers.snapshot, makers.timestamp, NOW, targets=1)
    with pytest.raises(Untrusted, match="roll-back"):
        phone.newest()


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_mixed(makers: Makers, tmp_path: Path, role: str) -> None:
    """An older file under the newer one's name."""
    folder = makers.files / "metadata"
    old = (folder / f"1.{role}.json").read_bytes()
    makers.publish("1.2.0")
    (folder / f"2.{role}.json").write_bytes(old)
    with pytest.raises(Untrusted, match=r"do not belong together|more than it may"):
        repository(makers, tmp_path / "phone").newest()


def endless(octets: bytes = b"A" * 65536) -> Iterator[bytes]:
    return itertools.repeat(octets, 100_000)


@pytest.mark.parametrize(
    "name", ["2.root.json", "timestamp.json", "snapshot.json", "targets.json", "release.json"]
)
def test_endless_data(makers: Makers, tmp_path: Path, name: str) -> None:
    source = Served(makers.files)
    source.lies[name] = endless()
    with pytest.raises(Untrusted, match=r"more than it may|not readable"):
        repository(makers, tmp_path / "phone", source).newest()


def test_slow_data(makers: Makers) -> None:
    """A server that drips is given up after METADATA_TIME, however steadily it does."""
    source = Served(makers.files)
    source.lies["timestamp.json"] = itertools.repeat(b"A", 10**9)
    seconds = itertools.count(0, 1.0)
    fetcher = fetch.MetadataFetcher(source, lambda: float(next(seconds)))
    with pytest.raises(tuf_errors.SlowRetrievalError):
        list(fetcher.fetch("https://updates.test/metadata/timestamp.json"))
    assert next(seconds) < fetch.METADATA_TIME + 5


def test_a_server_that_is_away(makers: Makers, tmp_path: Path) -> None:
    source = Served(makers.files)
    source.lies["metadata"] = tuf_errors.DownloadError("the server cannot be reached")
    with pytest.raises(Unreachable, match="cannot be reached"):
        repository(makers, tmp_path / "phone", source).newest()


def test_wrong_manifest_hash(makers: Makers, tmp_path: Path) -> None:
    path = next((makers.files / "targets/stable").glob("*.release.json"))
    octets = bytearray(path.read_bytes())
    octets[-10] ^= 1
    path.write_bytes(octets)
    with pytest.raises(Untrusted, match="do not belong together"):
        repository(makers, tmp_path / "phone").newest()


def test_a_release_that_tuf_signed_and_its_makers_did_not(makers: Makers, tmp_path: Path) -> None:
    """All of TUF's keys stolen: the manifest's own signature stands."""
    bundle, path = makers.bundle("6.6.6")
    release = makers.release("6.6.6", bundle)
    makers.put(release, {BOARD: path}, pairs=[new_pair()])
    with pytest.raises(UpdateError, match="not signed by its makers"):
        repository(makers, tmp_path / "phone").newest()


@pytest.mark.parametrize("scheme", ["ed25519", "mldsa65"])
def test_signature_of_one_scheme_only(makers: Makers, tmp_path: Path, scheme: str) -> None:
    """Whoever can forge one kind of signature still lacks the other."""
    bundle, path = makers.bundle("6.6.6")
    release = makers.release("6.6.6", bundle)
    good, forged = makers.pair.sign(encoded(release)), new_pair().sign(encoded(release))
    mixed = {"ed25519": forged.ed25519, "mldsa65": forged.mldsa65} | {scheme: getattr(good, scheme)}
    signature = type(good)(makers.pair.public.id, mixed["ed25519"], mixed["mldsa65"])
    makers.repository.publish(release, [signature], {BOARD: path}, makers.signers, NOW)
    with pytest.raises(UpdateError, match="not signed by its makers"):
        repository(makers, tmp_path / "phone").newest()


def test_signature_of_something_else(makers: Makers, tmp_path: Path) -> None:
    """The same keys' signature of the manifest without the words that come before it."""
    bundle, path = makers.bundle("6.6.6")
    release = makers.release("6.6.6", bundle)
    octets = encoded(release)
    signature = type(makers.pair.sign(b""))(
        makers.pair.public.id, makers.pair.ed25519.sign(octets), makers.pair.mldsa65.sign(octets)
    )
    makers.repository.publish(release, [signature], {BOARD: path}, makers.signers, NOW)
    with pytest.raises(UpdateError, match="not signed by its makers"):
        repository(makers, tmp_path / "phone").newest()


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"{}", b'{"format": 1, "signatures": [1]}', b"\xff" * 100, b"[" * 60000]
)
def test_a_signature_file_that_is_none(makers: Makers, octets: bytes) -> None:
    with pytest.raises(UpdateError, match="not readable"):
        read_signatures(octets)


def test_signatures_are_read_as_written(makers: Makers) -> None:
    signature = makers.pair.sign(b"x")
    assert read_signatures(write_signatures([signature])) == (signature,)


# --- keys change -------------------------------------------------------------------------------------


def rotate(makers: Makers, version: int, signers: list[CryptoSigner], keys: RoleKeys | None = None) -> None:
    root = new_root(keys or makers.role_keys(), NOW, version)
    for signer in signers:
        root.sign(signer, append=True)
    (makers.files / f"metadata/{version}.root.json").write_bytes(root.to_bytes())


def test_root_with_one_old_signature(makers: Makers, tmp_path: Path) -> None:
    rotate(makers, 2, [makers.root[0]])
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


def test_root_of_new_keys_that_no_old_one_signed(makers: Makers, tmp_path: Path) -> None:
    new = [CryptoSigner.generate_ed25519() for _ in range(3)]
    rotate(makers, 2, new, makers.role_keys(root=[s.public_key for s in new]))
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


def test_root_that_the_new_keys_did_not_sign(makers: Makers, tmp_path: Path) -> None:
    new = [CryptoSigner.generate_ed25519() for _ in range(3)]
    rotate(makers, 2, makers.root, makers.role_keys(root=[s.public_key for s in new]))
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


def test_revoked_key(makers: Makers, tmp_path: Path) -> None:
    """The targets' keys are replaced; what the old ones sign from then on is refused."""
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    stolen = makers.targets
    makers.targets = [CryptoSigner.generate_ed25519() for _ in range(2)]
    makers.repository.put_root(new_root(makers.role_keys(), NOW, 2), makers.root[:2])
    makers.publish("1.2.0")
    assert str(phone.newest().release.version) == "1.2.0"
    folder = makers.files / "metadata"
    word = Metadata[Targets].from_bytes((folder / "2.targets.json").read_bytes())
    word.signed.version = 3
    word.signatures.clear()
    for signer in stolen:
        word.sign(signer, append=True)
    (folder / "3.targets.json").write_bytes(word.to_bytes())
    makers.repository.refresh(makers.snapshot, makers.timestamp, NOW, 3)
    with pytest.raises(Untrusted, match="not signed by those who must"):
        phone.newest()


def test_a_stolen_timestamp_key_that_ran_ahead_is_recovered_from(makers: Makers, tmp_path: Path) -> None:
    """Fast-forward: the highest version; the honest one is refused until the key is replaced."""
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    folder = makers.files / "metadata"
    word = Metadata[Timestamp].from_bytes((folder / "timestamp.json").read_bytes())
    honest = (folder / "timestamp.json").read_bytes()
    word.signed.version = 2**31
    word.signatures.clear()
    word.sign(makers.timestamp)
    (folder / "timestamp.json").write_bytes(word.to_bytes())
    phone.newest()
    (folder / "timestamp.json").write_bytes(honest)
    with pytest.raises(Untrusted, match="roll-back"):
        phone.newest()
    makers.timestamp = CryptoSigner.generate_ed25519()
    makers.repository.put_root(new_root(makers.role_keys(), NOW, 2), makers.root[:2])
    makers.publish("1.2.0")
    assert str(phone.newest().release.version) == "1.2.0"


def test_root_chain_of_ten(makers: Makers, tmp_path: Path) -> None:
    """A telephone that slept through ten changes of root keys, one at a time, finds its way."""
    for version in range(2, 12):
        old = list(makers.root)
        makers.root = [*makers.root[1:], CryptoSigner.generate_ed25519()]
        makers.repository.put_root(new_root(makers.role_keys(), NOW, version), [*old, makers.root[-1]])
    makers.publish("1.2.0")
    assert str(repository(makers, tmp_path / "phone").newest().release.version) == "1.2.0"


def test_a_chain_of_roots_with_a_missing_link(makers: Makers, tmp_path: Path) -> None:
    for version in (2, 3):
        old = list(makers.root)
        makers.root = [*makers.root[2:], *(CryptoSigner.generate_ed25519() for _ in range(2))]
        makers.repository.put_root(new_root(makers.role_keys(), NOW, version), [*old, *makers.root])
    makers.timestamp = CryptoSigner.generate_ed25519()
    makers.repository.put_root(new_root(makers.role_keys(), NOW, 4), makers.root)
    makers.publish("1.2.0")
    (makers.files / "metadata/3.root.json").unlink()
    with pytest.raises(Untrusted, match="not signed by those who must"):
        repository(makers, tmp_path / "phone").newest()


# --- the manifest and what it names ------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "../../etc/passwd.raucb",
        "/etc/shadow.raucb",
        "stable/../../x.raucb",
        "stable/./x.raucb",
        "stable//x.raucb",
        "stable/.x.raucb",
        "stable/a\\..\\x.raucb",
        "stable/x.raucb\n",
        "stable/x y.raucb",
        "x.raucb",
        "stable/x.sh",
        "https://elsewhere.test/stable/x.raucb",
    ],
)
def test_path_traversal_in_target_names(makers: Makers, target: str) -> None:
    bundle, _ = makers.bundle("1.2.0")
    with pytest.raises(UpdateError, match="target"):
        encoded(makers.release("1.2.0", type(bundle)(target, bundle.length, bundle.sha256)))


def test_a_bundle_that_tuf_does_not_vouch_for(makers: Makers, tmp_path: Path) -> None:
    """The manifest's keys stolen, TUF's not: the manifest names a bundle that no target of TUF's is."""
    bundle, _ = makers.bundle("1.2.0")
    other = type(bundle)(bundle.target, bundle.length, "0" * 64)
    release = makers.release("1.2.0", other)
    manifest, signed = encoded(release), write_signatures([makers.pair.sign(encoded(release))])
    targets = Targets(version=2, expires=NOW + timedelta(days=1))
    for name, octets in ((MANIFEST, manifest), (SIGNATURES, signed)):
        targets.targets[name] = TargetFile.from_data(name, octets, ["sha256"])
        digest = targets.targets[name].hashes["sha256"]
        (makers.files / "targets/stable" / f"{digest}.{name.rpartition('/')[2]}").write_bytes(octets)
    targets.targets[bundle.target] = TargetFile.from_data(bundle.target, b"something else", ["sha256"])
    targets.version = 1
    sign_targets(makers, makers.targets, targets)
    trusted = repository(makers, tmp_path / "phone").newest()
    with pytest.raises(Untrusted, match="no signed word"):
        trusted.url(other)


def test_the_cache_of_metadata_was_cut_short(makers: Makers, tmp_path: Path) -> None:
    """A power cut left files of no length: they are fetched again."""
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    for path in (tmp_path / "phone/metadata").rglob("*.json"):
        if not path.is_symlink():
            path.write_bytes(b"")
    assert str(phone.newest().release.version) == "1.1.0"


def test_publication_is_refused_without_enough_signatures(makers: Makers) -> None:
    before = makers.snapshot_of()
    bundle, path = makers.bundle("1.2.0")
    release = makers.release("1.2.0", bundle)
    few: Any = type(makers.signers)(makers.targets[:1], makers.snapshot, makers.timestamp)
    with pytest.raises(UpdateError, match="enough"):
        makers.repository.publish(release, [makers.pair.sign(encoded(release))], {BOARD: path}, few, NOW)
    assert makers.snapshot_of() == before


def test_publication_of_another_file_is_refused(makers: Makers, tmp_path: Path) -> None:
    bundle, path = makers.bundle("1.2.0")
    release = makers.release("1.2.0", bundle)
    path.write_bytes(b"changed meanwhile")
    with pytest.raises(UpdateError, match="is not the bundle"):
        makers.put(release, {BOARD: path})


def test_the_snapshot_that_names_no_targets(makers: Makers, tmp_path: Path) -> None:
    snap = Metadata(Snapshot(version=9, expires=NOW + timedelta(days=7), meta={"other.json": MetaFile(1)}))
    snap.sign(makers.snapshot)
    folder = makers.files / "metadata"
    (folder / "9.snapshot.json").write_bytes(snap.to_bytes())
    stamp = Metadata(
        Timestamp(
            version=9,
            expires=NOW + timedelta(days=7),
            snapshot_meta=MetaFile.from_data(9, snap.to_bytes(), ["sha256"]),
        )
    )
    stamp.sign(makers.timestamp)
    (folder / "timestamp.json").write_bytes(stamp.to_bytes())
    with pytest.raises(UpdateError):
        repository(makers, tmp_path / "phone").newest()
