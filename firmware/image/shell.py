"""One way to fail, to speak, and to run a program."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_BEGAN = time.monotonic()
_TAIL = 15
"""Lines of a failed program that are shown."""


class ImageError(Exception):
    """The image cannot be made. The message says what is wrong and what to do."""


def say(text: str) -> None:
    """Print one line of progress with the seconds since the start."""
    print(f"image [{time.monotonic() - _BEGAN:4.0f} s] {text}", flush=True)


def run(
    argv: Sequence[str | Path], what: str, *, env: Mapping[str, str] | None = None, given: bytes | None = None
) -> str:
    """What the program printed. Raises ImageError with its last lines when it fails or is not there."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", **(env or {})},
            check=False,
        )
    except OSError as error:
        raise ImageError(
            f"{what}: cannot run {argv[0]}: {error.strerror}; call make image, which installs it"
        ) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        raise ImageError(f"{what} failed:\n" + "\n".join(said[-_TAIL:]))
    return done.stdout.decode(errors="replace")
