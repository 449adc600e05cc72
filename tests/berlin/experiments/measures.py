"""R2 and R4: how the phone is closed against the network, and what it is before anybody set anything."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from firmware.image.places import DATA
from tests.berlin.fixed_root import flashed, on_a_fixed_root, written
from tests.berlin.model import Seen, experiment
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage, python
from tests.rig.phone import ROOT, Phone

HIGHEST_EXPOSURE = 2.0
"""systemd's own score of a unit, 0 to 10; it calls everything below 5 "OK"."""

DEFAULTS = Path(__file__).parents[1] / "defaults.toml"


@experiment("R2")
def nothing_listens(stage: Stage) -> Seen:
    """A scan of all 65535 TCP and all 65535 UDP ports of the registered phone's address, and the process'
    own sockets by the kernel's tables.
    """
    day = stage.played(private_day)
    listening = [where for where in day.sockets if where.startswith("tcp")]
    text = f"TCP open: {day.tcp_open or 'none'}; UDP that does not refuse: {day.udp_open or 'none'}; "
    text += f"sockets of the process: {', '.join(day.sockets) or 'none'}."
    file = stage.evidence("scan", "ports.txt")
    file.write_text(text + "\n")
    return Seen(not day.tcp_open and not day.udp_open and not listening, text, [file])


@experiment("R2")
def the_unit_is_sandboxed(stage: Stage) -> Seen:
    """systemd judges the unit's exposure offline."""
    units = sorted((ROOT / "systemd").glob("*.service"))
    scores, evidence = {}, []
    for unit in units:
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        file = stage.evidence("units", f"{unit.stem}.txt")
        file.write_text(done.stdout + done.stderr)
        evidence.append(file)
        match = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        scores[unit.name] = float(match[1]) if match else 10.0
    text = ", ".join(f"{name}: {score}" for name, score in scores.items())
    good = bool(scores) and max(scores.values()) <= HIGHEST_EXPOSURE
    return Seen(good, f"{text} (0 is best, {HIGHEST_EXPOSURE:g} the most that we allow).", evidence)


@experiment("R2")
def each_surface_in_the_threat_model_has_a_test(stage: Stage) -> Seen:
    """The threat model's table: the test that it names for each surface must exist."""
    file = ROOT / "docs" / "threat-model.md"
    rows = [line.split("|") for line in file.read_text().splitlines() if line.startswith("| ")]
    named = {row[1].strip(): re.findall(r"`(tests/[^`]+)`", row[-2]) for row in rows[1:]}
    without = [surface for surface, tests in named.items() if not tests and "native/README" not in str(rows)]
    missing = [test for tests in named.values() for test in tests if not _there(test)]
    text = f"{len(named)} surfaces, {sum(map(len, named.values()))} tests named"
    text += f"; not there: {', '.join(missing)}." if missing else ", all there."
    return Seen(len(named) > 8 and not missing and not without, text)


@experiment("R2")
def it_runs_on_a_root_that_it_cannot_write(stage: Stage) -> Seen:
    """A telephone is started where everything but its state and its socket's folder is mounted read-only; it
    keeps something, and files are to be written elsewhere under its own root.
    """
    phone = Phone(stage.folder("fixed-root"), stage.kit.authority, account=False)
    on_a_fixed_root(phone)
    with phone:
        kept = phone.sotto("place", "--set", "country=DE;A3=Berlin").exit == 0
        places = written(phone)
        file = stage.evidence("fixed-root", "mounts.txt")
        file.write_text(Path(f"/proc/{phone.process.pid}/mounts").read_text())
    text = f"It ran and {'kept' if kept else 'did not keep'} what it was told. "
    text += f"Could be written: {', '.join(places) or 'nothing but its state'}."
    return Seen(kept and not places, text, [file])


@experiment("R2")
def the_root_that_is_flashed_is_read_only_and_checked(stage: Stage) -> Seen:
    """The program that mounts the root and the mounts of the image are read; of each image that was made here
    every block of both roots is hashed and compared with what its kernel is told (the tests of the image
    change a block and see the other slot boot).
    """
    found = flashed()
    file = stage.evidence("fixed-root", "first-root.txt")
    file.write_text((DATA / "init").read_text())
    wrong = f" Wrong: {'; '.join(found.faults)}." if found.faults else ""
    return Seen(not found.faults, found.text + wrong, [file])


@experiment("R4")
def every_default_is_the_strongest(stage: Stage) -> Seen:
    """A configuration with nothing but an account, value by value, against the table of defaults. A default
    that is not the strongest value needs a reason there, and every option must be in the table.
    """
    config = stage.folder("defaults") / "phone.toml"
    config.write_text('[account]\nuser = "somebody"\ndomain = "phone.example"\npassword = "anything"\n')
    config.chmod(0o600)
    done = python("-m", "firmware.phone", "--board", "simulator", "--config", str(config), "--dump-config")
    file = stage.evidence("defaults", "defaults.toml")
    file.write_text(done.stdout)
    faults, exceptions = default_faults(done.stdout, tomllib.loads(DEFAULTS.read_text()))
    text = (
        f"{len(options(done.stdout))} options; exceptions with a reason: {', '.join(exceptions) or 'none'}."
    )
    text += f" Wrong: {'; '.join(faults)}." if faults else ""
    table = stage.evidence("defaults", "table.toml")
    table.write_text(DEFAULTS.read_text())
    return Seen(done.returncode == 0 and not faults, text, [file, table])


@experiment("R4")
def an_untouched_phone_is_private(stage: Stage) -> Seen:
    """The status of a phone that was just started and never touched."""
    status = stage.played(private_day).first_status
    text = f"Privacy is {status['privacy']}, by {status['privacy_cause']}."
    return Seen(status["privacy"] == "private", text)


def options(dumped: str) -> dict[str, Any]:
    """``section.key`` -> value of a dumped configuration; None where it is not set."""
    found: dict[str, Any] = {}
    section = ""
    for line in dumped.splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.fullmatch(r"# (\w+) is not set: .*", line):
            found[f"{section}.{match[1]}"] = None
        elif match := re.match(r"# no (\[+[\w.]+\]+)", line):
            found[match[1]] = None
        elif match := re.match(r"(\w+) = (.*)", line):
            found[f"{section}.{match[1]}"] = tomllib.loads(f"x = {match[2]}")["x"]
    return found


def default_faults(dumped: str, table: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What is wrong with the defaults by the table, and the exceptions that have a reason.

    A line of the table: ``"section.key" = {default = …, strongest = …, reason = "…"}``; a default that is
    left out is "not set".
    """
    present = options(dumped)
    faults = [f"{name} is not in the table" for name in present if name not in table]
    faults += [f"{name} is no option" for name in table if name not in present]
    exceptions = []
    for name, line in table.items():
        wanted = line.get("default")
        if name in present and present[name] != wanted:
            faults.append(f"{name} is {present[name]!r}, not {wanted!r}")
        if "strongest" in line and line["strongest"] != wanted:
            exceptions.append(name)
            if not line.get("reason", "").strip():
                faults.append(f"{name} is weaker than {line['strongest']!r} without a reason")
    return faults, exceptions


def _there(test: str) -> bool:
    return (ROOT / test).exists() or bool(list(ROOT.glob(f"{test}*")))
