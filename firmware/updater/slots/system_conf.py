"""RAUC's ``system.conf`` for a board: which partitions are slots, which handler knows its firmware.

Pure. RAUC writes slots and checks bundles; it never activates what it wrote by itself, since the updater's
journal has to say so first. The keys are those that RAUC 1.8 and later know.
"""

from __future__ import annotations

import enum
import re

from firmware.phone.errors import UpdateError

KEYRING = "/etc/rauc/keyring.pem"
DISK = "/run/sottovoce-boot"
"""Links to the partitions of the disk that was booted, by name; made by ``boot-… links`` before RAUC starts,
root's alone. A second disk with the same names, put in by somebody, is not looked at."""
HANDLER = "/usr/lib/sottovoce/boot-{flow}"
DATA = "/data/rauc"

_BOARD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Boot(enum.Enum):
    """The boot firmware of a board; each is a back end in ``firmware.updater.boot``."""

    UBOOT = "uboot"
    TRYBOOT = "tryboot"
    EFI = "efi"


def system_conf(boot: Boot, compatible: str, *, disk: str = DISK, handler: str = HANDLER) -> str:
    """The file's text. ``compatible``: the board's name, which each bundle has to name too.

    ``disk`` and ``handler`` are elsewhere only in tests. Raises UpdateError for a name that is none.
    """
    if not _BOARD.fullmatch(compatible):
        raise UpdateError(f"{compatible[:40]!r} is no board's name; write small letters, digits and hyphens")
    slots = "".join(_slot(index, slot, disk) for index, slot in enumerate("ab"))
    return (
        f"[system]\ncompatible={compatible}\nbootloader=custom\nactivate-installed=false\n"
        f"bundle-formats=verity\ndata-directory={DATA}\nmountprefix=/run/rauc\n\n"
        f"[keyring]\npath={KEYRING}\ncheck-purpose=codesign\n\n"
        f"[handlers]\nbootloader-custom-backend={handler.format(flow=boot.value)}\n{slots}"
    )


def _slot(index: int, slot: str, disk: str) -> str:
    return (
        f"\n[slot.root.{index}]\ndevice={disk}/root_{slot}\ntype=raw\nbootname={slot}\n"
        f"\n[slot.boot.{index}]\ndevice={disk}/boot_{slot}\ntype=raw\nparent=root.{index}\n"
    )
