"""RAUC bundles without a service or root: checked and unpacked by RAUC's own program."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from firmware.phone.errors import UpdateError

TIME_LIMIT = 600.0
"""Seconds for one bundle on a slow board."""


def unpack(bundle: Path, folder: Path, keyring: Path, compatible: str) -> None:
    """Verify ``bundle``'s signature (by a code-signing certificate of ``keyring``) and its whole payload,
    then write its images to ``folder``, which must not exist.

    Raises UpdateError with RAUC's own reason, OSError when there is no RAUC.
    """
    with tempfile.TemporaryDirectory() as scratch:
        conf = Path(scratch) / "system.conf"
        conf.write_text(
            f"[system]\ncompatible={compatible}\nbootloader=noop\nbundle-formats=-plain\n"
            f"[keyring]\npath={keyring.resolve()}\ncheck-purpose=codesign\n"
        )
        asked = ["rauc", "-c", str(conf), "extract", str(bundle.resolve()), str(folder.resolve())]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise UpdateError("RAUC did not come to an end with the bundle; try again") from None
    if done.returncode != 0:
        raise UpdateError(f"RAUC refused the bundle: {_reason(done.stderr)}")


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return (lines[-1] if lines else "it gave no reason")[:200]
