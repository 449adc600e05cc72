"""The golden table of factory defaults, in the booted machine; and the state that it comes up in."""

from __future__ import annotations

import json

from tests.factory import check
from tests.vm.debian import guest
from tests.vm.debian.world import World

TOLERATED = {
    "kernel-locked-down": "two modules of the tests are not signed by Debian",
    "hardware-watchdog": "",
    "data-encrypted": "there is no card: data is in memory",
}
"""What this machine cannot have."""


def test_every_default_holds(world: World) -> None:
    for name in ("check.py", "defaults.toml"):
        guest.put(f"/run/vm/factory/{name}", (guest.HERE.parents[1] / "factory" / name).read_text())
    guest.wait(lambda: guest.show("sottovoce-phone", "ActiveState") == "active", 120, "the telephone to run")
    faults = json.loads(guest.run("python3", "-I", "/run/vm/factory/check.py", "--json", check=False))
    assert len(faults) == len(check.table()) >= 40
    assert {name: said for name, said in faults.items() if said and name not in TOLERATED} == {}


def test_no_unit_has_failed() -> None:
    assert guest.run("systemctl", "--failed", "--plain", "--no-legend").strip() == ""


def test_a_default_that_was_changed_is_found() -> None:
    """The check goes red: one setting of the kernel and one of a unit."""
    guest.run("sysctl", "-qw", "kernel.sysrq=1")
    guest.put("/run/systemd/system/sottovoce-phone.service.d/x.conf", "[Service]\nNoNewPrivileges=no\n")
    guest.run("systemctl", "daemon-reload")
    try:
        found = json.loads(guest.run("python3", "-I", "/run/vm/factory/check.py", "--json", check=False))
        assert found["no-sysrq"] == ["kernel.sysrq is 1, not 0"]
        assert found["phone-is-nobody"]
    finally:
        guest.run("sysctl", "-qw", "kernel.sysrq=0")
        guest.run("rm", "-r", "/run/systemd/system/sottovoce-phone.service.d")
        guest.run("systemctl", "daemon-reload")
