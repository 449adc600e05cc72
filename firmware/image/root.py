"""The tree that becomes the root: what is left out, our programs, users, units, byte code, one date.

It does what Debian's maintainer scripts would do as far as a phone needs that; none of them runs.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from firmware.image import trees
from firmware.image.board import ImageBoard
from firmware.image.packages import names
from firmware.image.places import BOARDS, DATA, PROJECT
from firmware.image.shell import ImageError, run
from firmware.image.workshop import Workshop
from firmware.release.ceremony import IMAGE_FILES
from firmware.updater.slots.system_conf import KEYRING, Boot, system_conf

HOME = "usr/lib/sottovoce/.venv"
SITE = f"{HOME}/lib/python3.13/site-packages"
TRUST = "usr/lib/sottovoce/trust"
NOT_ON_A_PHONE = {"image", "messages", "native", "release", "simulator", "wiring", "__pycache__"}
"""Folders of firmware/ that are tools of the developer's machine."""
LAST = (
    f"{SITE}/firmware",
    f"{SITE}/board",
    "usr/lib/sottovoce/version",
    "usr/lib/sottovoce/sbom.cdx.json",
    "usr/lib/os-release",
)
"""What is other in every version."""
_EMPTY = ("data", "dev", "proc", "run", "sys", "tmp", "var", "mnt", "root", "boot")
_LINKS = {
    "etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
    "etc/mtab": "../proc/self/mounts",
    "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
    "usr/lib/firmware/regulatory.db": "regulatory.db-debian",
    "usr/lib/firmware/regulatory.db.p7s": "regulatory.db.p7s-debian",
    "usr/bin/sotto": "../lib/sottovoce/.venv/bin/sotto",
}
_LINKS_FIRST = "[Service]\nExecStartPre=/usr/lib/sottovoce/boot-{} links\n"
_SOTTO = """#!/usr/lib/sottovoce/.venv/bin/python
import sys
from firmware.phone.cli import main
sys.exit(main())
"""


def leave_out(tree: Path, lists: Path, firmware: Sequence[str]) -> None:
    """Remove packages and files that a phone does not have.

    Args:
        lists: a folder with a file of names for each package.
        firmware: patterns of the device firmware that stays.
    """
    for path in [*trees.entries(tree / "usr/lib/firmware")] if (tree / "usr/lib/firmware").is_dir() else []:
        name = str(path.relative_to(tree / "usr/lib/firmware"))
        if not path.is_dir() and not any(fnmatch(name, pattern) for pattern in firmware):
            path.unlink()
    gone = set(names((DATA / "left-out.txt").read_text()))
    kept: set[str] = set()
    dropped: list[str] = []
    for file in sorted(lists.iterdir()):
        listed = [name.lstrip("./").rstrip("/") for name in file.read_text().splitlines()]
        if file.name in gone:
            dropped += listed
        else:
            kept.update(listed)
    # Packages name /lib and /usr/lib, which are one folder.
    kept |= {f"usr/{name}" for name in kept}
    trees.remove_listed(tree, dropped, kept)
    trees.remove_matching(tree, names((DATA / "left-out-files.txt").read_text()))


def install(
    tree: Path, board: ImageBoard, wheels: Sequence[Path], shop: Workshop, version: str, trust: Path | None
) -> None:
    """Put everything of ours into ``tree``.

    ``trust``: the folder of ``sotto-release ceremony --public``, whose releases this phone takes; without
    it none.

    Raises ImageError when a file is missing in it.
    """
    for name in _EMPTY:
        trees.remove(tree / name)
        (tree / name).mkdir()
    (tree / "tmp").chmod(0o1777)
    (tree / "root").chmod(0o700)
    _programs(tree, wheels)
    (tree / TRUST).mkdir(parents=True)
    trees.copy(DATA / "root", tree)
    if (board.folder / "root").is_dir():
        trees.copy(board.folder / "root", tree)
    run([sys.executable, PROJECT / "systemd/install", tree], "installing the units")
    names_it = f"SOTTOVOCE_BOARD={board.phone}\nSOTTOVOCE_COMPATIBLE={board.compatible}\n"
    trees.write(tree / "usr/lib/sottovoce/board.env", names_it)
    _updates(tree, board, trust)
    trees.write(tree / "usr/lib/sottovoce/version", f"{version}\n")
    trees.write(
        tree / "usr/lib/os-release",
        f'NAME=Sottovoce\nID=sottovoce\nID_LIKE=debian\nPRETTY_NAME="Sottovoce {version}"\n'
        f"VERSION_ID={version}\nIMAGE_ID=sottovoce-{board.name}\nIMAGE_VERSION={version}\n",
    )
    trees.write(tree / "etc/machine-id", "")
    for name, target in _LINKS.items():
        trees.remove(tree / name)
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(target)
    _certificates(tree)
    _settle(tree, shop)


def _updates(tree: Path, board: ImageBoard, trust: Path | None) -> None:
    """RAUC's configuration, the handler for the board's boot firmware, and whom to trust."""
    flow = Boot(board.boot)
    trees.write(tree / "etc/rauc/system.conf", system_conf(flow, board.compatible))
    trees.copy(DATA / "boot-handler", tree / f"usr/lib/sottovoce/boot-{flow.value}", 0o755)
    trees.write(tree / "usr/lib/systemd/system/rauc.service.d/50-links.conf", _LINKS_FIRST.format(flow.value))
    if trust is None:
        return
    for name in IMAGE_FILES:
        if not (trust / name).is_file():
            raise ImageError(f"{trust} lacks {name}: sotto-release ceremony --public FOLDER writes it")
        trees.copy(trust / name, tree / TRUST / name, 0o644)
    trees.copy(trust / IMAGE_FILES[-1], tree / KEYRING.removeprefix("/"), 0o644)


def _programs(tree: Path, wheels: Sequence[Path]) -> None:
    """A folder like that which "python -m venv" makes, with the wheels and our programs in it."""
    site = tree / SITE
    site.mkdir(parents=True)
    for wheel in wheels:
        shutil.unpack_archive(wheel, site, "zip")
    for path in trees.entries(site):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for extra in ("*.dist-info/RECORD", "**/tests", "*.data"):
        trees.remove_matching(site, [extra])
    for source in sorted((PROJECT / "firmware").iterdir()):
        if source.name not in NOT_ON_A_PHONE:
            trees.copy(source, site / "firmware" / source.name)
    trees.copy(BOARDS / "headers", site / "board/headers")
    for board in sorted(BOARDS.glob("*/board.toml")):
        trees.copy(board, site / "board" / board.parent.name / "board.toml")
    trees.write(
        tree / HOME / "pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.13\n"
    )
    (tree / HOME / "bin").mkdir()
    (tree / HOME / "bin/python").symlink_to("/usr/bin/python3.13")
    trees.write(tree / HOME / "bin/sotto", _SOTTO, 0o755)
    trees.write(
        tree / "usr/lib/sottovoce/python", '#!/bin/sh\nexec /usr/lib/sottovoce/.venv/bin/python "$@"\n', 0o755
    )


def _certificates(tree: Path) -> None:
    """What update-ca-certificates writes for libraries that want one file."""
    found = sorted((tree / "usr/share/ca-certificates").rglob("*.crt"))
    if not found:
        raise ImageError("the package ca-certificates holds no certificate")
    trees.write(tree / "etc/ssl/certs/ca-certificates.crt", "".join(file.read_text() for file in found))


def _settle(tree: Path, shop: Workshop) -> None:
    """Users, enabled units and byte code, by the programs that know how."""
    places = {"/in/root": tree}
    shop.run(["systemd-sysusers", "--root=/in/root"], "making the users", places=places)
    for left in ("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/.pwd.lock"):
        trees.remove(tree / left)
    shop.run(["systemctl", "--root=/in/root", "preset-all"], "enabling the units", places=places)
    target = tree / "etc/systemd/system/default.target"
    trees.remove(target)
    target.symlink_to("/usr/lib/systemd/system/multi-user.target")
    compile_all = ["python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    compile_all += ["-s", "/in/root", "-p", "/", f"/in/root/{SITE}", "/in/root/usr/lib/python3.13"]
    shop.run(compile_all, "compiling Python's byte code", places=places, env={"PYTHONHASHSEED": "0"})


def copies(tree: Path, board: ImageBoard, files: Mapping[str, str], target: Path) -> dict[str, Path]:
    """Copies of files for a partition, taken before anything is left out.

    Args:
        files: name on the partition to where it comes from: a pattern in ``tree``, or in the board's own
            folder when it begins with ``./``.

    Raises:
        ImageError: There is none, or more than one.
    """
    found = {}
    for name, source in files.items():
        top = board.folder if source.startswith("./") else tree
        matches = sorted(top.glob(source.removeprefix("./")))
        if len(matches) != 1:
            raise ImageError(f"{board.folder / 'image.toml'}: {source}: {len(matches)} files are called so")
        found[name] = target / name.replace("/", "_")
        shutil.copyfile(matches[0], found[name])
    return found
