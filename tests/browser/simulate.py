"""The simulator with the stand-in in place of the daemon: ``python -m tests.browser.simulate PORT``."""

from __future__ import annotations

import asyncio
import sys

from firmware.simulator.app import Settings, run

STAND_IN = (sys.executable, "-m", "tests.browser.standin")

if __name__ == "__main__":
    asyncio.run(run(Settings(port=int(sys.argv[1]), daemon=STAND_IN, between=False)))
