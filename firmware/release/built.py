"""What ``make image`` says about the images that it left (``image.json`` beside them)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.phone.version import VERSION
from firmware.updater.version import Version, parse

FILE = "image.json"


def read(folder: Path, board: str, version: str | None) -> tuple[str, Version]:
    """For which telephones RAUC takes the images in ``folder`` (compatible), and their version.

    Without ``image.json`` that is ``board`` and ``version``. Raises UpdateError when the images are not those
    that it describes, or not what is asked for: the version that a telephone shows is the one in its root.
    """
    try:
        said = json.loads((folder / FILE).read_bytes())
        found = str(said["board"]), str(said["version"]), str(said["compatible"])
        digests = {str(name): str(digest) for name, digest in said["sha256"].items()}
    except FileNotFoundError:
        return board, parse(version or VERSION)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UpdateError(f"{folder / FILE} is not readable ({error!r}); make the image anew") from error
    if found[0] != board or version not in (None, found[1]):
        raise UpdateError(f"{folder} holds {found[1]} for {found[0]}, not what was asked for")
    for name in ("root.img", "boot.img"):
        if (folder / name).is_file() and _sha256(folder / name) != digests.get(name):
            raise UpdateError(f"{folder / name} was changed after it was made; make the image anew")
    return found[2], parse(found[1])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
