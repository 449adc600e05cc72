"""A guest period's only trace: a folder in memory (/run), which is there for as long as the period lasts.

What the period keeps lies in it, and goes with it; so does all of it when the power fails. The owner's state
directory is not opened meanwhile. systemd looks at the folder too, to change what the network knows
(``sottovoce-guest.path``).
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

FOLDER = Path("/run/sottovoce-guest")
"""What the system made for it (systemd/sottovoce-guest.tmpfiles)."""

NAME = "guest"


class Period:
    """``folder``: the one that is there during a guest period."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, socket: Path) -> Period:
        """Where the system made a place for it, else beside the control socket."""
        return cls((FOLDER if os.access(FOLDER, os.W_OK) else socket.parent) / NAME)

    @property
    def running(self) -> bool:
        return self.folder.is_dir()

    def trouble(self) -> str:
        """Why a period could not begin, or ""."""
        return "" if os.access(self.folder.parent, os.W_OK) else os.strerror(errno.EACCES)

    def begin(self) -> None:
        """Raises OSError."""
        self.folder.mkdir(mode=0o700)

    def end(self) -> None:
        """Forget all of it. What cannot be erased leaves the period running. Raises OSError."""
        if self.running:
            shutil.rmtree(self.folder)
