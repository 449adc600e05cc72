"""How long ``make run`` takes when all is set up: from the start of the simulator to its address."""

from __future__ import annotations

import os
import sys
import time

from tests.bench.bed import Bench
from tests.bench.figures import Limit, Row
from tests.rig import ports
from tests.rig.phone import ROOT
from tests.rig.processes import Process, RigError

ADDRESS = r"http://127\.0\.0\.1:\d+/"
LIMIT_S = 10.0


def measure(bench: Bench) -> list[Row]:
    times = []
    env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    for turn in range(bench.several(3, 1)):
        bench.say(f"simulator: start {turn + 1}")
        argv = [sys.executable, "-m", "firmware.simulator", "--port", str(ports.one())]
        log = bench.folder / f"simulator-{turn}.log"
        with Process("simulator", argv, log, env, ROOT, grace=10) as simulator:
            start = time.monotonic()
            simulator.wait_for(ADDRESS, 30)
            times.append(time.monotonic() - start)
            code = simulator.stop()
        if code != 0:
            raise RigError(f"the simulator ended with {code}\n{simulator.tail()}")
    return [
        Row(
            "simulator",
            "start of the simulator → its address",
            "s",
            "make run on a machine that is set up: two phones are up and the page is served (looked at every "
            "20 ms; make's own look at what is set up comes before).",
            Limit(LIMIT_S),
            ("max",),
            times,
        )
    ]
