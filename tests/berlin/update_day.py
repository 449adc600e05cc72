"""A telephone takes an update over TLS, takes a broken one and undoes it, and is offered three that it must
not take. The release tool, RAUC's check, the updater and the telephone are the programs that ship; its slots
are folders.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.phone.version import VERSION
from firmware.simulator import pair
from firmware.simulator.certificates import ThrowAwayAuthority
from firmware.simulator.updates import image
from firmware.simulator.updates.makers import BOARD, Makers
from firmware.updater import version as versions
from firmware.updater.notices import Notice, Notices
from firmware.updater.slots.directory import Firmware, version_of
from firmware.updater.version import Version
from tests.berlin.stage import Stage
from tests.rig.processes import Process, wait_until
from tests.update.makers import new_pair
from tests.update.test_whole_way import Server

SCENE = "update-day"
TRIAL_S = 20
"""Seconds that a new version has to show that it works; a real telephone has two minutes."""
OFFERS = ("an older state of the server", "a changed release", "a redirect to plain HTTP")
"""What must not be taken."""
OLDEST = versions.parse("0.0.1")


@dataclass
class UpdateDay:
    """All that was observed: versions, what the updater said, what the server was asked."""

    first: str
    good: str
    broken: str
    kept: dict[str, Any] = field(default_factory=dict)
    tried: str = ""
    """What ran while the broken version was on trial."""
    back: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """What was offered, and the updater's words."""
    asked: list[str] = field(default_factory=list)
    """Each request with its header fields."""
    notices: dict[str, NoticeSeen] = field(default_factory=dict)
    """What was served, and what came of it."""
    evidence: Path = Path()


NOTICES = ("two notices of the makers", "one of somebody else", "an older one of the makers again")
TEXT, OTHER = "A stranger can make it ring without end.", "Old versions told the time."
REMEDY = "Until then: call screening."


@dataclass
class NoticeSeen:
    """``risks``: those of notices, after it; ``menu``: what its display says of updates; ``said``: the
    updater's log."""

    risks: list[dict[str, Any]]
    menu: str
    said: str


class _Desk:
    """One telephone with two slots; ``log`` is what the day says of itself."""

    def __init__(self, folder: Path) -> None:
        self.plan, _ = pair.prepare(folder, None, ThrowAwayAuthority())
        self.slots, self.folder = self.plan.folder / "slots", self.plan.folder
        self.slots.mkdir()
        self.log: list[str] = []

    def updater(self, command: str, trust: Path) -> tuple[int, dict[str, Any], str]:
        """The updater's program: exit status, what it printed, and its last line of complaint."""
        words = [sys.executable, "-m", "firmware.updater", command, "--clock-is-right", "--board", BOARD]
        words += ["--config", str(self.folder / "update.toml"), "--folder", str(self.folder / "kept")]
        words += ["--slots", str(self.slots), "--trust", str(trust), "--trial", str(TRIAL_S)]
        words += ["--socket", str(self.plan.updates / "phone.sock")]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=120, check=False, cwd=image.SOURCE
        )
        self.log += [f"$ updater {command}", done.stdout, done.stderr.rpartition("\r")[2]]
        said = done.stderr.strip().splitlines() or [""]
        return done.returncode, json.loads(done.stdout) if done.stdout else {}, said[-1]

    def sotto(self, *words: str) -> str:
        """What the telephone answers."""
        argv = [sys.executable, "-m", "firmware.phone.cli", "--socket", str(self.plan.socket), *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=image.SOURCE)
        return done.stdout

    def display(self) -> str:
        """All pages of the menu's item about updates, as the keys show them."""
        self.sotto("sim", "key", "*", "--hold", "1.3")
        self.sotto("sim", "key", "6")
        pages = []
        for _ in range(12):
            page = self.sotto("screen")
            if page in pages:
                break
            pages.append(page)
            self.sotto("sim", "key", "8")
        self.sotto("sim", "key", "#", "#")
        return " ".join(" ".join(pages).split())

    @contextmanager
    def on(self) -> Iterator[str]:
        """Power on: the slot that boots, its telephone's program, until the power goes. Its version."""
        slot = Firmware(self.slots).boot()
        version = version_of(self.slots / slot)
        root = self.folder / f"mounted-{slot}"
        image.mount(self.slots / slot / "root.img", root)
        self.log.append(f"--- power on: slot {slot}, {version}")
        argv = self.plan.argv([sys.executable, "-m", "firmware.phone"])
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        with Process("phone", argv, self.folder / "phone.log", environment, root, grace=6) as phone:
            wait_until(lambda: self.plan.socket.exists() or not phone.alive, 20, "the telephone to start")
            yield version


def play(stage: Stage) -> UpdateDay:
    folder = stage.folder(SCENE)
    major, minor, patch = versions.parse(VERSION)
    good, broken, forged = (Version(major, minor, patch + more) for more in (1, 2, 3))
    day = UpdateDay(VERSION, str(good), str(broken), evidence=stage.evidence(SCENE, "updater.txt"))
    desk, makers = _Desk(folder), Makers(folder / "makers")
    trust, served = makers.public, makers.served
    makers.prepare(desk.slots / "a", versions.parse(VERSION))
    server = Server(served, stage.kit.authority)
    config = desk.folder / "update.toml"
    config.write_text(f'url = "{server.url}"\nca_file = "{stage.kit.authority.pem}"\n')
    try:
        makers.publish(good, OLDEST, broken=False)
        old = _served(served)
        with desk.on():
            desk.updater("install", trust)
        with desk.on():
            day.kept = desk.updater("recover", trust)[1]
            makers.publish(broken, OLDEST, broken=True)
            desk.updater("install", trust)
        with desk.on() as day.tried:
            desk.updater("recover", trust)
        with desk.on():
            day.back = desk.updater("recover", trust)[1]
            _notify(day, desk, makers)
            new = _served(served)
            for name in OFFERS:
                day.refused[name] = _offer(name, desk, server, old, makers, forged)
                _put(new)
    finally:
        server.stop()
        day.asked = [f"{path} {headers}" for path, headers in server.asked]
        day.evidence.write_text("\n".join([*desk.log, "--- the server was asked:", *day.asked]) + "\n")
    return day


def _notify(day: UpdateDay, desk: _Desk, makers: Makers) -> None:
    """A notice that concerns what runs and one that does not; then one that somebody forged with the keys of
    the server, and one that was good once.
    """
    running, today = versions.parse(day.kept["version"]), datetime.now(UTC).date()
    old = Notice("SV-1", today, OLDEST, OLDEST, OTHER, "Nothing.")
    new = Notice("SV-2", today, OLDEST, None, TEXT, REMEDY)
    forged = Notice("SV-9", today, OLDEST, None, "Call this number at once.", "Now.")
    later = Version(running.major + 1, 0, 0)
    gone = replace(new, fixed_in=later, text="All is well again.")
    for name, found, keys in (
        (NOTICES[0], Notices(2, (new, old)), None),
        (NOTICES[1], Notices(3, (forged,)), new_pair()),
        (NOTICES[2], Notices(1, (gone,)), None),
    ):
        makers.notify(found, keys)
        desk.updater("check", makers.public)
        risks = json.loads(desk.sotto("risks", "--json") or "[]")
        about = [risk for risk in risks if risk["risk"].startswith("notice")]
        day.notices[name] = NoticeSeen(about, desk.display(), desk.log[-1])


def _offer(
    name: str, desk: _Desk, server: Server, old: dict[Path, bytes], makers: Makers, following: Version
) -> str:
    """Serve something that must not be taken. The updater's words; "" when it took it."""
    if name == OFFERS[0]:
        _put(old)
    elif name == OFFERS[1]:
        makers.publish(following, OLDEST, broken=False)
        for file in makers.served.rglob("*.release.json"):
            file.write_bytes(file.read_bytes().replace(b"sooner", b"later!"))
    else:
        server.moved = "http://127.0.0.1:9"
    try:
        exit_, told, said = desk.updater("install", makers.public)
    finally:
        server.moved = ""
    return said if exit_ == 1 and not told else ""


def _served(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _put(files: dict[Path, bytes]) -> None:
    for path, octets in files.items():
        path.write_bytes(octets)
