"""The telephone itself in a slot, asked as the updater asks it: one whose provider never answers, and one
without its microphone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from firmware.phone.cli import Client
from firmware.updater.telephone import Telephone

BEHAVIOURS = {"unregistered": "null", "deaf": "plughw:CARD=Nowhere"}
"""By behaviour the ALSA name of the microphone."""
_CONFIG = """
[account]
user = "alice"
domain = "phone.test"
password = "secret"
outbound_proxy = "sip:127.0.0.1:9;transport=tls;lr"
[sip]
bind = "127.0.0.1"
[audio]
playback = "null"
mixer = "null"
capture = "{}"
"""
_START = """
import sys
from firmware.phone import version
version.VERSION = sys.argv.pop(1)
from firmware.phone.__main__ import main
sys.exit(main())
"""


def wrong(behaviour: str, version: str, say: Callable[[str], None]) -> str:
    """Start the telephone of this slot; what the updater finds wrong with it, or ""."""
    folder = Path("/run/telephone")
    for path in (folder, folder / "state", folder / "door"):
        path.mkdir(mode=0o700, exist_ok=True)
    config, control = folder / "phone.toml", folder / "control"
    config.write_text(_CONFIG.format(BEHAVIOURS[behaviour]))
    config.chmod(0o600)
    words = [sys.executable, "-c", _START, version, "--config", str(config), "--board", "simulator"]
    words += [
        "--state-dir",
        str(folder / "state"),
        "--socket",
        str(control),
        "--updates",
        str(folder / "door"),
    ]
    telephone = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        found = Telephone(folder / "door/phone.sock").wrong(version)
        status = Client(control).ask("status", {})
        say(f"registration {status['result']['registration']}")
    finally:
        telephone.terminate()
        telephone.wait(20)
    return found
