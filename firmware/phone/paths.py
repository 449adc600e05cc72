"""Where the daemon's socket and state are unless the command line says otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def runtime_dir() -> Path:
    """systemd's RuntimeDirectory=, else the user's runtime folder, else a private one under /run or /tmp."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        if os.environ.get(name):
            base = Path(os.environ[name])
            return base if name == "RUNTIME_DIRECTORY" else base / "sottovoce"
    return Path("/run/sottovoce") if os.geteuid() == 0 else Path(f"/tmp/sottovoce-{os.geteuid()}")  # noqa: S108


def default_socket() -> Path:
    return runtime_dir() / "control.sock"


def default_state_dir() -> Path:
    """systemd's StateDirectory=, else the user's state folder."""
    if os.environ.get("STATE_DIRECTORY"):
        return Path(os.environ["STATE_DIRECTORY"])
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(home) / "sottovoce"
