"""The loop's latency, on a quiet machine and beside a process that never sleeps."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack

from tests.bench.bed import Bench
from tests.bench.figures import Limit, Row
from tests.rig.phone import ROOT
from tests.rig.processes import Process, RigError

P99_MS = 20.0
EDGE_P99_MS = 20.0 + 15.0
"""The debounce time that the boards ask for, and what may come on top."""


def measure(bench: Bench) -> list[Row]:
    quiet = work(bench, busy=False)
    busy = work(bench, busy=True)
    return [
        Row(
            "loop-quiet",
            "key event → its command, in a call",
            "ms",
            "A real loop in a call, keys posted from another thread, to the moment when the driver gets the "
            "command; every key changes the display, which is drawn meanwhile.",
            Limit(P99_MS, "p99"),
            ("p99", "max"),
            quiet["loop"],
        ),
        Row(
            "loop-busy",
            "the same beside a busy process",
            "ms",
            "With one process beside it that never sleeps.",
            Limit(P99_MS, "p99"),
            ("p99", "max"),
            busy["loop"],
        ),
        Row(
            "edge-event",
            "GPIO edge → key event",
            "ms",
            "From a contact that closes (the real matrix driver on pretended lines) to its KeyPressed; 20 ms "
            "of it are the debounce that board.toml asks for, and scans come every 5 ms.",
            Limit(EDGE_P99_MS, "p99"),
            ("p99", "max"),
            quiet["edge_event"],
        ),
        Row(
            "edge-command",
            "GPIO edge → its command, debounce and all",
            "ms",
            "The whole way from the contact to the command that sends the digit.",
            None,
            ("p99", "max"),
            quiet["edge_command"],
        ),
        Row(
            "edge-command-busy",
            "the same beside a busy process, from the edge",
            "ms",
            "With one process beside it that never sleeps.",
            None,
            ("p99", "max"),
            busy["edge_command"],
        ),
        Row(
            "switch-closed",
            "privacy switch leaves open → all that leaves is private",
            "ms",
            "From the contact that opens (the real driver on pretended lines) to the command that makes "
            "every message from then on anonymous and every watcher see closed.",
            Limit(P99_MS, "p99"),
            ("p99", "max"),
            quiet["switch_closed"],
        ),
    ]


def work(bench: Bench, busy: bool) -> dict[str, list[float]]:
    """Run the child process."""
    name = "busy" if busy else "quiet"
    bench.say(f"loop latency, {name}")
    env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    out = bench.folder / f"loop-{name}.log"
    counts = ["--keys", str(bench.several(2400, 2000)), "--edges", str(bench.several(100, 25))]
    argv = [sys.executable, "-m", "tests.bench.loopwork", *counts]
    with ExitStack() as stack:
        if busy:
            burner = [sys.executable, "-c", "while True: pass"]
            stack.enter_context(Process("busy", burner, bench.folder / "busy.log", env))
        child = stack.enter_context(Process("loop", argv, out, env, ROOT))
        if child.wait(60):
            raise RigError(f"the loop's process failed\n{child.tail()}")
        found: dict[str, list[float]] = json.loads(child.output().splitlines()[-1])
        return found
