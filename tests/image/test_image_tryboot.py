"""The image's kernel and first root on a Raspberry Pi 3 of QEMU, whose firmware has the same mailbox: our
module is loaded, then the kernel is closed, and a restart with the one-shot flag tells the firmware so.

QEMU knows no Raspberry Pi 5; what its own firmware makes of the flag is tried on a board only.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from firmware.image import assemble, workshop
from firmware.image.board import ImageBoard
from firmware.image.disk import sizes, starts
from firmware.image.initramfs import cpio
from firmware.image.places import DATA, cache_folder
from firmware.updater.boot.tryboot import FLAG

LIMIT_S = 60
_BEFORE = "\nread -r words </proc/cmdline\n"
_TRIED = """
exec >/dev/kmsg 2>&1
busybox mount -t securityfs securityfs /sys/kernel/security
echo "tried: locked down $(busybox cat /sys/kernel/security/lockdown)"
echo "tried: signed only $(busybox cat /sys/module/module/parameters/sig_enforce)"
busybox rmmod sottovoce_tryboot
busybox insmod /modules/own/sottovoce_tryboot.ko && echo "tried: loaded" || echo "tried: refused"
"""
_ORDER = """
echo "tried: the restart"
/restart
"""
_RESTART = f"""
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{{
    long magic = LINUX_REBOOT_MAGIC1;
    return (int)syscall(SYS_reboot, magic, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART2, "{FLAG}");
}}
"""
TAG = "00038064"
"""SET_REBOOT_FLAGS, which QEMU's firmware does not have and says so."""


@pytest.fixture(scope="module")
def files(board: ImageBoard, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kernel, first root and the device tree of a Raspberry Pi 3; a program that restarts as systemd does."""
    if "tryboot" not in board.own_modules:
        pytest.skip("this board starts otherwise")
    folder = tmp_path_factory.mktemp("tryboot")
    at = starts(sizes().partitions)["boot_a"]
    for name in ("kernel", "initrd"):
        image = f"{made / f'sottovoce-{board.name}.img'}@@{at}"
        subprocess.run(["mcopy", "-n", "-i", image, f"::{name}", folder / name], check=True)
    tree = assemble.unpacked(board, cache_folder(), "") / "tree"
    (dtb,) = tree.glob("usr/lib/modules/*/dtb/broadcom/bcm2837-rpi-3-b.dtb")
    shutil.copy(dtb, folder / "dtb")
    (folder / "restart.c").write_text(_RESTART)
    shop = workshop.ready(cache_folder(), 0, "")
    words = ["aarch64-linux-gnu-gcc", "-static", "-O", "-o", "/in/restart", "/in/restart.c"]
    shop.run(words, "compiling a restart", places={"/in": folder})
    return folder


def started(files: Path, more: str) -> tuple[str, str]:
    """What the machine says on its console, and what QEMU says of its mailbox; it ends by restarting."""
    tree = files / "more"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    text = (DATA / "init").read_text()
    assert _BEFORE in text
    (tree / "init").write_text(text.replace(_BEFORE, more + _BEFORE))
    shutil.copy(files / "restart", tree)
    for path in tree.iterdir():
        path.chmod(0o755)
    octets = (files / "initrd").read_bytes()
    (files / "both").write_bytes(octets + b"\0" * (-len(octets) % 4) + cpio(tree, 0))
    log = files / "mailbox"
    (files / "pl011").unlink(missing_ok=True)
    argv: list[str | Path] = ["qemu-system-aarch64", "-M", "raspi3b", "-no-reboot", "-display", "none"]
    argv += ["-kernel", files / "kernel", "-initrd", files / "both", "-dtb", files / "dtb"]
    argv += ["-append", "console=ttyAMA0 loglevel=6", "-monitor", "none"]
    argv += ["-serial", f"file:{files}/pl011"]
    argv += ["-d", "unimp", "-D", log]
    end, said = time.monotonic() + LIMIT_S, ""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as qemu:
        try:
            # This machine of QEMU cannot be restarted: Linux gives up, after it has told the firmware.
            while qemu.poll() is None and "Reboot failed" not in said and time.monotonic() < end:
                time.sleep(0.5)
                said = (files / "pl011").read_text(errors="replace") if (files / "pl011").exists() else ""
        finally:
            qemu.kill()
    return said, log.read_text()


def test_the_flag_reaches_the_firmware_and_the_door_is_closed_behind_the_module(files: Path) -> None:
    said, mailbox = started(files, _TRIED.replace("busybox rmmod sottovoce_tryboot\n", "") + _ORDER)
    assert "tried: locked down none [integrity]" in said, said[-3000:]
    assert "tried: signed only Y" in said
    assert "tried: the restart" in said
    assert TAG in mailbox.lower()


def test_nothing_unsigned_comes_in_after_it(files: Path) -> None:
    """The same module, taken out and put in again."""
    said, mailbox = started(files, _TRIED + _ORDER)
    assert "tried: refused" in said, said[-3000:]
    assert "tried: the restart" in said
    assert TAG not in mailbox.lower(), "without the module the firmware is told nothing"
