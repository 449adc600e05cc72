"""The key ceremony, and what comes after it: a key that is revoked and replaced."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from tuf.api.metadata import Metadata, Root

from firmware.phone.errors import UpdateError
from firmware.release.certificates import new_authority, new_leaf
from firmware.release.keys import KeyFolder
from firmware.release.repository import LIFE, RepositoryFolder, RoleKeys, Signers, new_root
from firmware.updater.signatures import write_keys

ROOT = ("root-1", "root-2", "root-3")
TARGETS = ("targets-1", "targets-2")
THRESHOLD = 2

AUTHORITY, LEAF = "bundle-authority", "bundle-leaf"

IMAGE_FILES = ("root.json", "release-keys.json", "bundle-keyring.pem")
"""What the image holds: all of it public."""


def hold(keys: KeyFolder, repository: RepositoryFolder, public: Path, now: datetime) -> None:
    """Make all keys, publish the first root, write to ``public`` what the image needs.

    Raises UpdateError when there are keys already, OSError.
    """
    made = {name: keys.make(name).public_key for name in (*ROOT, *TARGETS, "snapshot", "timestamp")}
    pair = keys.make_pair()
    authority = new_authority(now)
    keys.keep_certified(AUTHORITY, authority)
    keys.keep_certified(LEAF, new_leaf(authority, now))
    roles = RoleKeys(
        root=[made[name] for name in ROOT],
        targets=[made[name] for name in TARGETS],
        snapshot=made["snapshot"],
        timestamp=made["timestamp"],
        threshold=THRESHOLD,
    )
    root = repository.put_root(new_root(roles, now), [keys.signer(name) for name in ROOT])
    public.mkdir(parents=True, exist_ok=True)
    contents = (
        root,
        write_keys([pair.public]),
        authority.certificate.public_bytes(Encoding.PEM),
    )
    for name, octets in zip(IMAGE_FILES, contents, strict=True):
        (public / name).write_bytes(octets)


def signers(keys: KeyFolder, repository: RepositoryFolder) -> Signers:
    """Whoever signs a publication, by the newest root: replaced keys have other names than the first."""
    root = repository.root()
    return Signers(
        [keys.signer(name) for name in _members(keys, root, "targets")],
        keys.signer(_members(keys, root, "snapshot")[0]),
        keys.signer(_members(keys, root, "timestamp")[0]),
    )


def replace(keys: KeyFolder, repository: RepositoryFolder, name: str, now: datetime) -> str:
    """Revoke the key ``name`` and put a new one in its place, by a new root that the old root keys sign.

    What is published is signed again by whoever may sign now. Returns the new key's name. Raises UpdateError
    when ``name`` is no key of the newest root, or when too few root keys are there to sign.
    """
    old = repository.root()
    role = _role_of(name)
    if name not in _members(keys, old, role):
        raise UpdateError(f"{name} is no key of the newest root")
    new_name = next_name(keys, name)
    new_key = keys.make(new_name)
    root = Metadata[Root](Root.from_dict(old.signed.to_dict()))
    root.signed.version += 1
    root.signed.revoke_key(keys.public_id(name), role)
    root.signed.add_key(new_key.public_key, role)
    root.signed.expires = (now + LIFE["root"]).replace(microsecond=0)
    sign_with = [keys.signer(member) for member in _members(keys, old, "root") if member != name]
    if role == "root":
        sign_with.append(new_key)
    repository.put_root(root, sign_with)
    if repository.published():
        repository.sign_again(signers(keys, repository), now)
    return new_name


def _role_of(name: str) -> str:
    return re.split(r"[-.]", name)[0]


def next_name(keys: KeyFolder, name: str) -> str:
    """The name of the key that replaces ``name``: root-1 is followed by root-1.2, that by root-1.3."""
    stem = name.split(".")[0]
    known = keys.names()
    return next(f"{stem}.{n}" for n in range(2, 1000) if f"{stem}.{n}" not in known)


def _members(keys: KeyFolder, root: Metadata[Root], role: str) -> list[str]:
    """The names of the keys that are here and that ``root`` lets sign as ``role``."""
    if role not in root.signed.roles:
        return []
    allowed = set(root.signed.roles[role].keyids)
    return [name for name in keys.names() if _role_of(name) == role and keys.public_id(name) in allowed]
