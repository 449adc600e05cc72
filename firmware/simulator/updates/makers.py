"""The makers of the releases that the page shows: their keys, bundles and repository, by the release tool."""

from __future__ import annotations

import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.release import bundle, ceremony, description
from firmware.release.keys import KeyFolder, ReleasePair
from firmware.release.repository import RepositoryFolder
from firmware.simulator.updates import image
from firmware.updater import notices
from firmware.updater.notices import Notices
from firmware.updater.release import encoded
from firmware.updater.slots import rauc_bundle
from firmware.updater.version import Version

BOARD = "simulator"
PROGRAMS = {"rauc": "rauc", "mksquashfs": "squashfs-tools"}
"""What bundles are made with, and the Debian package that has it."""

GOOD = "Calls are answered as before, and a little sooner. Shown by the simulator."
BAD = "Tidier code for codecs. (It has a mistake: no codec is offered.)"
SUPPORT = timedelta(days=5 * 365)


class Makers:
    """``folder`` holds keys (thrown away with it), bundles and what is served."""

    def __init__(self, folder: Path) -> None:
        self.served = folder / "served"
        self.public = folder / "public"
        self._folder = folder
        phrase = secrets.token_hex(16)
        self._keys = KeyFolder(folder / "keys", lambda name: phrase)
        self._repository = RepositoryFolder(self.served)

    def prepare(self, slot: Path, version: Version) -> None:
        """Hold the key ceremony; put ``version`` into ``slot``, as a factory does.

        Raises UpdateError, OSError.
        """
        missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
        if missing:
            raise UpdateError(f"Updates need {' and '.join(missing)}: apt-get install {' '.join(missing)}.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ceremony.hold(self._keys, self._repository, self.public, datetime.now(UTC))
        first = self._bundle(version, broken=False)
        rauc_bundle.unpack(first, slot, self.public / "bundle-keyring.pem", BOARD)

    def publish(self, version: Version, oldest: Version, broken: bool) -> None:
        """Make and publish a release. Raises UpdateError, OSError."""
        made = self._bundle(version, broken)
        now = datetime.now(UTC)
        about = self._folder / "release.toml"
        about.write_text(
            f'version = "{version}"\nfloor = "{oldest}"\nsupported_until = {(now + SUPPORT).date()}\n'
            f'rollout_hours = 0\n[notes]\nen = "{BAD if broken else GOOD}"\n'
        )
        release = description.read(about, {BOARD: made}, now)
        signed = self._keys.pair().sign(encoded(release))
        signers = ceremony.signers(self._keys, self._repository)
        self._repository.publish(release, [signed], {BOARD: made}, signers, now)

    def notify(self, found: Notices, pair: ReleasePair | None = None) -> None:
        """Publish security notices; ``pair``: signed by somebody else. Raises UpdateError, OSError."""
        signed = (pair or self._keys.pair()).sign(notices.encoded(found), notices.DOMAIN)
        signers = ceremony.signers(self._keys, self._repository)
        self._repository.notify(found, [signed], signers, datetime.now(UTC))

    def _bundle(self, version: Version, broken: bool) -> Path:
        root, made = self._folder / "root.img", self._folder / f"{version}.raucb"
        image.make(root, version, broken)
        leaf, keyring = (
            self._keys.certified(ceremony.LEAF),
            self._folder / "keys" / f"{ceremony.AUTHORITY}.crt",
        )
        bundle.make(made, {"root": root}, BOARD, version, leaf, keyring)
        return made
