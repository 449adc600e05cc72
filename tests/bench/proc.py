"""What the kernel says of a process and its children: processor time, wake-ups, memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What was used in a window of time, as rates."""

    cpu: float
    """Processor seconds a second."""
    wakeups: float
    """Times a second that a thread went to sleep of its own accord, and so was woken."""


@dataclass(frozen=True)
class Memory:
    """In MiB."""

    pss: float
    """Pages shared with other processes count in shares."""
    rss: float


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for task in _tasks(pid):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += family(int(child))
    return found


def _tasks(pid: int) -> Iterator[Path]:
    try:
        yield from Path(f"/proc/{pid}/task").iterdir()
    except OSError:
        return


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole family since its start.

    /proc/PID/stat counts in steps of 10 ms, too coarse for an idle phone; /proc/PID/task/*/schedstat has
    nanoseconds of the same times, but of living threads alone. So the larger of the two is taken.
    """
    return max(_stat_seconds(pid), _schedstat_seconds(pid))


def _stat_seconds(pid: int) -> float:
    total = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:13]))
    return total / TICKS


def _schedstat_seconds(pid: int) -> float:
    total = 0
    for member in family(pid):
        for task in _tasks(member):
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (OSError, IndexError):
                continue
    return total / 1e9


def wakeups(pid: int) -> int:
    """Voluntary context switches of all living threads of the family."""
    total = 0
    for member in family(pid):
        for task in _tasks(member):
            try:
                lines = (task / "status").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return total


def memory(pid: int) -> Memory:
    """Of the whole family, now."""
    pss = rss = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            words = line.split()
            pss += int(words[1]) if words[0] == "Pss:" else 0
            rss += int(words[1]) if words[0] == "Rss:" else 0
    return Memory(pss / 1024, rss / 1024)


def window(pids: Mapping[str, int], seconds: float) -> dict[str, Usage]:
    """What each family uses in the same window of time."""
    start = time.monotonic()
    before = {name: (cpu_seconds(pid), wakeups(pid)) for name, pid in pids.items()}
    time.sleep(seconds)
    after = {name: (cpu_seconds(pid), wakeups(pid)) for name, pid in pids.items()}
    took = time.monotonic() - start
    return {
        name: Usage((after[name][0] - cpu) / took, (after[name][1] - woken) / took)
        for name, (cpu, woken) in before.items()
    }
