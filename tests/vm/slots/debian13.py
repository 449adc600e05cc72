"""RAUC as the image has it: that of Debian 13, with its libraries, unpacked beside this machine's own."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from tests.vm.debian.root import KEYRING, SUITE, archive, run
from tests.vm.kit import cache_folder

_LOADER = "ld-linux-x86-64.so.2"
_LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")


def ready_rauc() -> str:
    """Its command line, on any Debian. Raises VmError when the archive does not give it."""
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    tree = cache_folder() / f"rauc-{key}"
    if not tree.exists():
        print("slots: fetching RAUC of Debian 13", flush=True)
        mirror, security = archive()
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="making-rauc-") as name:
            made = Path(name) / "tree"
            run(
                *("mmdebstrap", "--variant=extract", "--quiet", f"--keyring={KEYRING}", "--include=rauc"),
                *(SUITE, made, f"deb {mirror} {SUITE} main", f"deb {security} {SUITE}-security main"),
            )
            made.rename(tree)
    folders = ":".join(str(tree / folder) for folder in _LIBRARIES)
    loader = next(file for file in (tree / "lib64", tree / "usr/lib64") if file.is_dir()) / _LOADER
    return f"{loader} --library-path {folders} {tree / 'usr/bin/rauc'}"
