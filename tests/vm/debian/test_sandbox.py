"""What each unit can still do, tried inside of its sandbox: all that is not named here is refused."""

from __future__ import annotations

import json
import re

import pytest

from tests.vm.debian import guest
from tests.vm.debian.probe import TRIED

ALWAYS = {"open a local socket"}
INTERNET = {"open an internet socket", "listen on the network"}
CAN: dict[str, set[str]] = {
    "phone": {
        "write to its state",
        "read the configuration",
        "list the telephone's state",
        "open a netlink socket",
        "open the telephone's control socket",
        "open the GPIO chip",
        "open the display's bus",
        "open a sound card",
        "open the mixer",
        *ALWAYS,
        *INTERNET,
    },
    "network": {"read the configuration"},
    "firewall": {"open a netlink socket"},
    # Root is the owner of other processes too, though it can neither trace nor read them.
    "first-boot": {"read the key of this telephone", "see other processes", "kill process 1", *ALWAYS},
    # As above; it stops and starts units, and is alone in the unit that may.
    "guest": {"see other processes", "kill process 1", *ALWAYS, *INTERNET},
    "health": {
        "write to its state",
        "read the configuration",
        "list the updater's state",
        "open the system's bus",  # RAUC is spoken to over it
        "read a slot",
        *ALWAYS,
    },
    "update": {
        "write to its state",
        "read the configuration",
        "list the updater's state",
        "open an internet socket",
        "open the system's bus",
        "read a slot",
        *ALWAYS,
    },
    "provision": {"read the configuration", "open an internet socket", *ALWAYS},
    # The socket at which it listens was opened by systemd.
    "setup": {*ALWAYS},
    "setup-gate": {"open a netlink socket"},
    "keep": {"read the configuration", "write to /etc/sottovoce"},
    # Root, as the first ones; it stops and starts units.
    "reconfigure": {"see other processes", "kill process 1", *ALWAYS},
    "clock": {"read the kernel's clock"},
}
SCORES = {"phone": 1.3, "firewall": 1.1, "setup-gate": 1.1, "guest": 1.6}
"""The most that systemd-analyze security may say; 1.0 for the others. systemd/README.md explains each."""


@pytest.mark.usefixtures("world")  # the updater's unit waits two minutes for a network
@pytest.mark.parametrize("unit", guest.UNITS)
def test_it_can_do_what_it_needs_and_nothing_else(unit: str) -> None:
    guest.wait(lambda: guest.show("sottovoce-phone", "ActiveState") == "active", 120, "the telephone to run")
    _slot()
    found = guest.probe(unit)
    assert set(found) == set(TRIED)
    done = {name for name, how in found.items() if how == "done"}
    assert done == CAN[unit], {name: found[name] for name in done ^ CAN[unit]}


def _slot() -> None:
    """A partition as udev gives it to the updater, and the link to it, as they are on a board."""
    guest.run("mkdir", "-p", "/run/sottovoce-boot")
    guest.run("ln", "-sfn", "/dev/vdb", "/run/sottovoce-boot/root_b")
    guest.run("chgrp", "sottovoce-update", "/dev/vdb")
    guest.run("chmod", "0640", "/dev/vdb")


@pytest.mark.parametrize("unit", guest.UNITS)
def test_its_exposure(unit: str) -> None:
    said = guest.run("systemd-analyze", "security", "--no-pager", f"sottovoce-{unit}.service", check=False)
    (found,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert float(found) <= SCORES.get(unit, 1.0), said


def test_without_a_sandbox_the_same_things_can_be_done() -> None:
    """Or the tests above would prove nothing."""
    guest.put("/run/vm/probe.py", (guest.HERE / "probe.py").read_text())
    found = json.loads(guest.run(guest.PYTHON, "-I", "/run/vm/probe.py"))
    assert {name: found[name] for name in FREE if found[name] != "done"} == {}


FREE = (
    "read the kernel's clock",
    "adjust the clock",
    "read /etc/shadow",
    "read the key of this telephone",
    "read another process",
    "see other processes",
    "read the journal",
    "map writable code",
    "make data executable",
    "make a file set-user-id",
    "become root",
    "raise its priority",
    "run in real time",
    "lock all memory",
    "catch page faults",
    "make a network namespace",
    "restart the machine",
    "use a keyring",
    "kill process 1",
    "open a raw socket",
    "open a packet socket",
    "open a netlink socket",
    "open the disk",
    "open the console",
    "open the clock",
    "open the I2C bus's other side",
    "start 100 threads",
    "change its root",
)
"""What root can do outside of every sandbox, as this machine is."""
