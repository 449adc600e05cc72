"""The kernel's modules that a board needs, with all that these need. The rest is not on the phone at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from firmware.image import trees
from firmware.image.shell import ImageError
from firmware.image.workshop import Workshop


def release(root: Path) -> str:
    """Of the one kernel in ``root``. Raises ImageError when there is none, or more than one."""
    found = [path.name for path in (root / "usr/lib/modules").iterdir()]
    if len(found) != 1:
        raise ImageError(f"one kernel is wanted, and there are {len(found)}: {', '.join(found)}")
    return found[0]


def module_name(path: str) -> str:
    """``kernel/fs/ext4/ext4.ko.xz`` is ``ext4``; - and _ are the same to the kernel."""
    return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")


def dependencies(modules_dep: str) -> dict[str, list[str]]:
    """Path of each module to the paths that it needs, out of the file ``modules.dep``."""
    rows = [line.split(":", 1) for line in modules_dep.splitlines() if ":" in line]
    return {path: needs.split() for path, needs in rows}


def wanted(
    depends: Mapping[str, Sequence[str]], patterns: Iterable[str], builtin: Iterable[str] = ()
) -> set[str]:
    """Paths that the patterns choose, and what they need; nothing for what is ``builtin`` (paths too).

    A pattern with a slash is compared with the path below ``kernel/``, one without with the module's name.
    One that ends with ``?`` need not choose anything: kernels of other boards have it.
    Raises ImageError for another pattern that chooses nothing: the kernel has it no more, or it is misspelt.
    """
    chosen: set[str] = set()
    inside = {module_name(path) for path in builtin}
    for asked in patterns:
        pattern = asked.removesuffix("?")
        if "/" in pattern:
            found = {path for path in depends if fnmatch(path.removeprefix("kernel/"), pattern)}
        else:
            found = {path for path in depends if module_name(path) == pattern.replace("-", "_")}
        if not found and pattern == asked and pattern.replace("-", "_") not in inside:
            raise ImageError(f"the kernel has no module {pattern}: see modules in board/")
        chosen |= found
    return chosen | {needed for path in chosen for needed in depends[path]}


def load_order(depends: Mapping[str, Sequence[str]], names: Iterable[str]) -> list[str]:
    """Paths of the named modules with what they need, in the order in which they can be loaded."""
    order: list[str] = []
    for name in names:
        for path in [path for path in depends if module_name(path) == name.replace("-", "_")]:
            order += [one for one in [*reversed(depends[path]), path] if one not in order]
    return order


def index(shop: Workshop, root: Path) -> Mapping[str, list[str]]:
    """Have depmod write its files anew; what each module needs."""
    which = release(root)
    shop.run(["depmod", "-b", "/in/root", which], "listing the kernel's modules", places={"/in/root": root})
    return dependencies((root / "usr/lib/modules" / which / "modules.dep").read_text())


def keep(shop: Workshop, root: Path, patterns: Iterable[str]) -> Mapping[str, list[str]]:
    """Remove every module that the patterns and their needs do not name; what those that stay need."""
    folder = root / "usr/lib/modules" / release(root)
    builtin = (folder / "modules.builtin").read_text().split()
    kept = wanted(index(shop, root), patterns, builtin)
    for path in [*(folder / "kernel").rglob("*.ko*")]:
        if str(path.relative_to(folder)) not in kept:
            path.unlink()
    for path in sorted((folder / "kernel").rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    trees.remove_matching(folder, ["build", "source"])
    return index(shop, root)
