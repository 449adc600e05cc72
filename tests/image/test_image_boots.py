"""The virtual board's image in QEMU, from an empty card on. In order: each test goes on from the last."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.datakey import record
from firmware.image.disk import sizes, starts
from tests.image.conftest import ACCOUNT
from tests.image.machine import Machine, MachineError

pytestmark = pytest.mark.timeout(1500)

LISTENING = """
import pathlib
for kind, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
    for line in pathlib.Path("/proc/net/" + kind).read_text().splitlines()[1:]:
        words = line.split()
        address, port = words[1].rsplit(":", 1)
        loop = address in ("0100007F", "3500007F", "3600007F", "00000000000000000000000001000000")
        if words[3] == state and not loop and port != "0000":
            print(kind, address, int(port, 16))
"""


@pytest.fixture(scope="module")
def machine(new_machine: Callable[..., Machine]) -> Machine:
    """With no network beyond QEMU's own."""
    network = ("-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n,romfile=")
    return new_machine(*network)


def test_an_empty_card_becomes_a_telephone(machine: Machine) -> None:
    machine.boot()
    machine.settled()
    machine.run(f"printf %s '{ACCOUNT}' >/etc/sottovoce/phone.toml; chown 0:913 /etc/sottovoce/phone.toml")
    machine.run("chmod 640 /etc/sottovoce/phone.toml; systemctl restart sottovoce-phone", 300)
    machine.until("systemctl show -p ActiveState sottovoce-phone", "=active")
    assert "on simulator" in machine.run("sotto status")


def test_nothing_can_be_written_but_data_and_memory(machine: Machine) -> None:
    said = machine.run("cat /proc/mounts")
    writable = {tuple(line.split()[1:4]) for line in said.splitlines() if line.split()[3].startswith("rw")}
    kinds = {kind for _, kind, _ in writable}
    assert "squashfs" not in kinds
    disks = {(where, options) for where, kind, options in writable if kind == "ext4"}
    assert {where for where, _ in disks} == {
        "/data",
        "/etc/sottovoce",
        "/var/lib/chrony",
        "/var/lib/iwd",
        "/var/lib/sottovoce",
        "/var/lib/sottovoce-update",
        "/var/lib/systemd",
    }
    for _, options in disks:
        assert {"noexec", "nosuid", "nodev"} <= set(options.split(","))
    with pytest.raises(MachineError, match="Read-only"):
        machine.run("touch /usr/bin/new")


def test_no_program_listens_to_the_network(machine: Machine) -> None:
    found = machine.run(f"python3 -c '{LISTENING}'").splitlines()
    # The firewall refuses these too; DHCP's own port is the one that is left.
    assert all(line.split()[0].startswith("udp") and line.endswith(" 68") for line in found), found
    assert "policy drop" in machine.run("nft list chain inet sottovoce input")


def test_there_is_no_way_in_and_no_tool_to_build_with(machine: Machine) -> None:
    names = ["login", "agetty", "sshd", "apt", "dpkg", "perl", "gcc", "cc", "pip", "su", "sudo", "passwd"]
    found = machine.run(f"for name in {' '.join(names)}; do command -v $name; done; true")
    assert found == ""
    assert machine.run("systemctl list-units --no-legend '*getty*' '*ssh*'; true") == ""


def test_the_root_is_checked_by_the_kernel(machine: Machine, made: Path) -> None:
    table = machine.run("dmsetup table root")
    assert json.loads((made / "image.json").read_text())["root_hash"] in table
    assert "restart_on_corruption" in table
    assert "[integrity]" in machine.run("cat /sys/kernel/security/lockdown")


def test_it_can_read_aloud(machine: Machine) -> None:
    """The voice with all that it needs, in German: half a second and more of 16 bits at 22050 Hz."""
    said = machine.run("echo eins zwei drei | espeak-ng -v de --stdin --stdout | wc -c")
    assert int(said) > 22050


def test_after_a_power_cut_it_is_the_same_telephone(machine: Machine) -> None:
    machine.run("sync; echo kept >/data/phone/mark; sync")
    machine.cut()
    machine.boot()
    assert machine.run("cat /data/phone/mark /etc/sottovoce/phone.toml").startswith("kept\n[account]")
    machine.until("systemctl show -p ActiveState sottovoce-phone", "=active")


def _raw(machine: Machine, partition: str, count: int) -> bytes:
    """The first octets of a partition, as who takes the card out reads them."""
    words = ["sfdisk", "--json", str(machine.disk)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows = {row["name"]: row["start"] for row in json.loads(said)["partitiontable"]["partitions"]}
    with machine.disk.open("rb") as disk:
        disk.seek(rows[partition] * 512)
        return disk.read(count)


def test_what_is_kept_is_encrypted(machine: Machine) -> None:
    """ext4 begins with its superblock, a kilobyte into it: there inside, and not on the card."""
    inside = base64.b64decode(machine.run("head -c 4096 /dev/mapper/data | base64 -w 0"))
    outside = _raw(machine, "data", 4096)
    assert inside[1080:1082] == b"\x53\xef"
    assert outside[1080:1082] != b"\x53\xef"
    assert len(set(outside)) > 250, "random to who has no key"


def test_a_factory_reset_destroys_the_key_in_less_than_a_second(machine: Machine) -> None:
    key = record.read_octets(_raw(machine, "bootstate", 1 << 20))
    assert key is not None
    said = machine.run("/usr/lib/sottovoce/.venv/bin/python -I -m firmware.datakey destroy")
    assert float(re.findall(r"destroyed in ([0-9.]+) s", said)[0]) < 1
    machine.cut()
    left = _raw(machine, "bootstate", 1 << 20)
    assert record.read_octets(left) is None
    assert key not in left
    machine.boot()
    assert machine.run("cat /etc/sottovoce/phone.toml") == ""
    assert "mark" not in machine.run("ls /data/phone").split()
    machine.until("systemctl show -p ActiveState sottovoce-phone", "=active")


def test_a_changed_block_is_refused_and_the_other_slot_boots(machine: Machine) -> None:
    machine.cut()
    at = starts(sizes().partitions)["root_a"] + 8192
    with machine.disk.open("r+b") as disk:
        disk.seek(at)
        was = disk.read(4096)
        disk.seek(at)
        disk.write(bytes(octet ^ 1 for octet in was))
        # Wherever it is read: the whole file system's first megabytes.
        for block in range(1, 400):
            disk.seek(at + block * 65536)
            octet = disk.read(1)
            disk.seek(at + block * 65536)
            disk.write(bytes([octet[0] ^ 1]))
    machine.boot(900)
    assert "rauc.slot=b" in machine.run("cat /proc/cmdline")
    machine.until("systemctl show -p ActiveState sottovoce-phone", "=active")
