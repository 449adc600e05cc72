"""What runs in the machine: RAUC's service on a bus, the updater's recovery, and what it was told to do.

Every line that the host waits for begins with "sv: ". Exit status 3: the machine is to be started anew.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware.phone.errors import UpdateError
from firmware.updater import fetch
from firmware.updater.boot import partitions
from firmware.updater.judge import Offer
from firmware.updater.signatures import read_keys
from firmware.updater.slots.base import Progress
from firmware.updater.slots.rauc import RaucSlots, version_of
from firmware.updater.slots.rauc_bus import RaucBus
from firmware.updater.slots.system_conf import DATA, DISK, KEYRING, Boot, system_conf
from firmware.updater.trust import Repository
from firmware.updater.updater import Parts, Updater
from tests.update.machine import FixedTimes
from tests.update.makers import BASE, BOARD, Served
from tests.vm import slots as here
from tests.vm.slots import telephone as real_telephone

RESULTS = Path("/run/results")
SLOT = Path("/run/slot")
STATE = Path("/data/update")
RESTART = 3


def say(text: str) -> None:
    print(f"sv: {text}", flush=True)


class Near(Served):
    """The server of the tests, whose files the build machine shares."""

    def _chunks(self, octets: bytes) -> Iterator[bytes]:
        for at in range(0, len(octets), fetch.CHUNK):
            self.sent += len(octets[at : at + fetch.CHUNK])
            yield octets[at : at + fetch.CHUNK]


class Slots(RaucSlots):
    """Says when it begins to switch; ``tamper``: change the bundle once it was verified."""

    tamper = False
    source: Near

    def install(self, bundle: Path, progress: Progress) -> None:
        kinds = [url.rpartition(".")[2] for url in self.source.asked]
        say("fetched " + json.dumps({"kinds": kinds, "octets": self.source.sent}))
        say("phase write")
        if self.tamper:
            with bundle.open("r+b") as file:
                file.seek(bundle.stat().st_size // 3)
                octets = file.read(64)
                file.seek(-len(octets), os.SEEK_CUR)
                file.write(bytes(octet ^ 0xFF for octet in octets))
                os.fsync(file.fileno())
        super().install(bundle, lambda done, what: None)
        say("phase switch")

    def confirm(self) -> None:
        if not self.confirmed():
            say("phase commit")
        super().confirm()


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="sv: log: %(message)s")
    order = json.loads((RESULTS / "order.json").read_text())
    if order["do"] == "contract":
        return _contract(order["rauc"])
    _services()
    slots = Slots(RaucBus(), SLOT / "usr/lib/os-release")
    slots.source = source = Near(RESULTS / "work/makers/served")
    updater = Updater(_parts(slots, source, small=order["do"] == "small"))
    _tell("up", slots, updater)
    if _restarts(updater.recover):
        return RESTART
    _tell("recovered", slots, updater)
    if order["do"] == "rest":
        return 0
    slots.tamper = order["do"] == "tamper"
    if order["do"] == "full":
        _fill()
    try:
        if updater.journal.attempt is None:
            offer = updater.ask()
            if not isinstance(offer, Offer):
                say(f"refused {offer.why}")
                return 0
            say("phase download")
            source.asked.clear()
            source.sent = 0
            updater.prepare(offer, lambda done, what: None)
        if _restarts(updater.restart):
            return RESTART
    except (UpdateError, OSError) as error:
        say(f"failed {type(error).__name__}: {error}")
    return 0


class _Restart(Exception):
    pass


def _restarts(step: Callable[[], None]) -> bool:
    try:
        step()
    except _Restart:
        os.sync()
        say("phase restart")
        return True
    return False


def _parts(slots: Slots, source: Near, small: bool) -> Parts:
    root = (RESULTS / "trust/root.json").read_bytes()
    keys = read_keys((RESULTS / "trust/release-keys.json").read_bytes())

    def restart() -> None:
        raise _Restart

    return Parts(
        folder=STATE,
        board=BOARD,
        floor="1.0.0",
        repository=Repository(STATE, BASE, root, keys, source),
        source=source,
        slots=slots,
        times=FixedTimes(),
        health=[_health],
        restart=restart,
        images=slots.images if small else None,
    )


def _contract(rauc: str) -> int:
    """The contract of slot engines, on RAUC itself."""
    import pytest

    os.environ.update({here.RAUC: rauc, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"})
    words = ["-v", "--color=no", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-o", "timeout=180"]
    code = pytest.main([*words, f"--junitxml={RESULTS}/contract.xml", "tests/vm/slots/test_real_rauc.py"])
    say(f"contract {int(code)}")
    return 0


def _health() -> str:
    """A stand-in for the telephone: a process that lives, unless this slot's does not; and its word."""
    behaviour = (SLOT / "behaviour").read_text().strip()
    if behaviour in real_telephone.BEHAVIOURS:
        return real_telephone.wrong(behaviour, version_of(SLOT / "usr/lib/os-release"), say)
    telephone = subprocess.Popen(["false"] if behaviour == "crash" else ["sleep", "1000"])
    time.sleep(0.5)
    died = telephone.poll() is not None
    telephone.kill()
    telephone.wait()
    if died:
        return "the telephone did not start"
    return "no audio" if behaviour == "unhealthy" else ""


def _fill() -> None:
    left = os.statvfs("/data")
    with Path("/data/filled").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, (left.f_bavail - 256) * left.f_frsize)


def _tell(when: str, slots: Slots, updater: Updater) -> None:
    """Where it stands; ``whole``: the journal can be read."""
    Path("/data/filled").unlink(missing_ok=True)
    path = STATE / "journal.json"
    whole = not path.exists() or "phase" in json.loads(path.read_bytes())
    booted, journal = slots.booted(), updater.journal
    say(
        f"{when} "
        + json.dumps(
            {
                "slot": booted.slot,
                "version": booted.version,
                "phase": journal.phase.value,
                "told": journal.told,
                "bad": len(journal.bad),
                "whole": whole,
                "confirmed": slots.confirmed(),
            }
        )
    )


def _services() -> None:
    bus = "unix:path=/run/dbus/system_bus_socket"
    Path("/run/dbus").mkdir(exist_ok=True)
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus
    words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", f"--address={bus}"]
    _start(words)
    told = Path("/proc/cmdline").read_text()
    partitions.link(partitions.of_booted_disk(told, SLOT), Path(DISK))
    handler = Path("/run/boot-uboot")
    handler.write_text(f'#!/bin/sh\nexec {sys.executable} -I -m firmware.updater.boot uboot "$@"\n')
    handler.chmod(0o755)
    conf = system_conf(Boot.UBOOT, BOARD, handler="/run/boot-{flow}")
    Path("/run/system.conf").write_text(conf.replace(KEYRING, str(RESULTS / "trust/bundle-keyring.pem")))
    Path(DATA).mkdir(exist_ok=True)
    _start(["rauc", "-c", "/run/system.conf", "service"])
    bus_of_rauc = RaucBus()
    for _ in range(100):
        try:
            bus_of_rauc.slots()
        except UpdateError:
            time.sleep(0.05)
        else:
            return
    say("FAILED: RAUC's service does not answer: " + Path("/run/services.log").read_text()[-500:])
    sys.exit(1)


def _start(words: list[str]) -> None:
    with Path("/run/services.log").open("ab") as log:
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


if __name__ == "__main__":
    sys.exit(main())
