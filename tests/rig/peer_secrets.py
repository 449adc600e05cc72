"""Compiles ``keylog.c``: the library that makes a test peer log the secrets of its DTLS and TLS sessions."""

from __future__ import annotations

import subprocess
from pathlib import Path


def key_logger(folder: Path) -> Path:
    """Compile the library into ``folder`` (half a second) and return it."""
    made = folder / "keylog.so"
    source = Path(__file__).with_name("keylog.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made
