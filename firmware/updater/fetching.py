"""How a bundle comes: by a patch of what runs where there is one, else whole. Both end at TUF's one hash.

Whatever is wrong with a patch, the whole bundle is fetched in its place; only a patch that came for a good
part before the network failed is waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from firmware.phone.errors import Unreachable, UpdateError
from firmware.updater import fetch, patch
from firmware.updater.release import Bundle
from firmware.updater.slots.base import Images
from firmware.updater.trust import Trusted
from firmware.updater.version import Version

log = logging.getLogger("sottovoce.update")

WORTH = 8
"""A patch that broke off is gone on with later when this try brought an eighth of it: so no server can have a
telephone come back for it more often than that."""

Progress = Callable[[int, int], None]


def fetch_bundle(
    source: fetch.Source,
    trusted: Trusted,
    bundle: Bundle,
    running: Version,
    images: Images | None,
    folder: Path,
    progress: Progress,
) -> Path:
    """The file of ``bundle`` in ``folder``, whole, with TUF's hash. Without ``images`` no patch is fetched.

    What is left of other bundles goes. Raises Unreachable, Untrusted, OSError.
    """
    url = trusted.url(bundle)
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.iterdir():
        if not old.name.startswith(bundle.sha256):
            old.unlink()
    path = folder / f"{bundle.sha256}.raucb"
    begun = path.with_name(path.name + ".part")
    if images is not None and not path.exists() and not begun.exists():
        _from_patch(source, trusted, bundle, running, images, path, progress)
    fetch.download(source, url, path, bundle.length, bundle.sha256, progress)
    return path


def _from_patch(
    source: fetch.Source,
    trusted: Trusted,
    bundle: Bundle,
    running: Version,
    images: Images,
    path: Path,
    progress: Progress,
) -> None:
    """Make ``path`` by a patch; when that fails it is not there. Raises Unreachable when it came far."""
    piece = trusted.patch(bundle, running)
    if piece is None or piece.length >= bundle.length:
        return
    file = path.with_suffix(".patch")
    part = file.with_name(file.name + ".part")
    had = _size(part)
    try:
        here = images()
        fetch.download(source, piece.url, file, piece.length, piece.sha256, progress)
        patch.apply(file, here, path, bundle.length, bundle.sha256)
    except (UpdateError, OSError) as error:
        if isinstance(error, Unreachable) and _size(part) - had > piece.length // WORTH:
            raise
        log.warning("the small download did not work (%s); the whole bundle is fetched", error)
        part.unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
