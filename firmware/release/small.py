"""The patches of a release: from earlier versions, so that telephones fetch a fraction of the bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.release import patching
from firmware.release.repository import RepositoryFolder
from firmware.updater.release import Release
from firmware.updater.slots import rauc_bundle
from firmware.updater.slots.directory import images_of
from firmware.updater.trust import patch_name

WORTH = 2
"""A patch is published when it is at most one such part of the bundle."""


def patches(
    repository: RepositoryFolder,
    release: Release,
    bundles: Mapping[str, Path],
    keyring: Path,
    most: int,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Path]:
    """Patches to ``release`` from the newest ``most`` earlier versions of each board, written to ``folder``:
    name in the repository to file. What cannot be patched is told by ``say`` and left out.

    Raises OSError.
    """
    made: dict[str, Path] = {}
    for board, bundle in release.bundles.items():
        earlier = [old for old in repository.earlier(board) if old[0] < release.version]
        for version, old in earlier[:most]:
            file = folder / f"{board}-{version}.patch"
            try:
                with tempfile.TemporaryDirectory(dir=folder) as scratch:
                    slot = Path(scratch) / "slot"
                    rauc_bundle.unpack(old, slot, keyring, board)
                    octets = patching.make(file, images_of(slot), bundles[board])
            except UpdateError as error:
                say(f"{board}: no patch from {version}: {error}")
                continue
            if octets * WORTH > bundle.length:
                say(f"{board}: no patch from {version}: it would be {octets} of {bundle.length} octets")
                continue
            say(f"{board}: patch from {version}: {octets} octets, {100 * octets / bundle.length:.1f} %")
            made[patch_name(bundle.target, version)] = file
    return made
