"""The kernel and first root of the virtual machine: Debian's own kernel, unpacked and never installed.

Made once for each content (packages' versions, sources of the modules, ``init``, this file) and kept in
``~/.cache/sottovoce/vm``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

MODULES = ("virtio_pci", "virtio_rng", "9pnet_virtio", "9p", "overlay", "i2c-dev", "snd-aloop", "snd-dummy")
"""Debian's, in the order in which they are loaded; those that they need come before them."""
OWN_MODULES = ("gpio_wires", "i2c_witness")
OPTIONS = {
    "snd-aloop": "index=0,1 id=Handset,Ringer enable=1,1 pcm_substreams=1,1",
    "snd-dummy": "index=2 id=Knobs pcm_devs=1 pcm_substreams=1",
}
"""Handset and ringer are cables with two ends; the mixer, which those lack, is on a card of its own."""


@dataclass(frozen=True)
class Recipe:
    """What a first root has: modules in their order, own ones besides, options, and its ``init``."""

    modules: tuple[str, ...] = MODULES
    own: tuple[str, ...] = OWN_MODULES
    options: Mapping[str, str] = field(default_factory=lambda: OPTIONS)
    init: Path = HERE / "init"


class VmError(Exception):
    """The virtual machine cannot be made or did not work. One line: what is wrong and what to do."""


@dataclass(frozen=True)
class Kit:
    """What QEMU starts."""

    kernel: Path
    initrd: Path


def cache_folder() -> Path:
    """Where kits are kept, beside the wheels of firmware/native."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sottovoce" / "vm"


def ready_kit(recipe: Recipe | None = None) -> Kit:
    """The kit of today's content, from the cache or made now. Raises ``VmError``."""
    recipe = recipe or Recipe()
    packages = _packages()
    key = _key(packages, recipe)
    folder = cache_folder() / key
    kit = Kit(folder / "vmlinuz", folder / "initrd")
    cache_folder().mkdir(parents=True, exist_ok=True)
    with _locked(cache_folder() / "lock"):
        if kit.initrd.exists():
            return kit
        for left in cache_folder().glob("making-*"):  # by a run that was killed
            shutil.rmtree(left)
        print(f"vm: making the kernel kit from {packages['image']}", flush=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="making-") as name:
            made = _make(Path(name), packages, recipe)
            made.rename(folder)
    return kit


def _packages() -> dict[str, str]:
    """Role and name=version of each package, as the machine's package lists have them."""
    image = _depends("linux-image-amd64", r"linux-image-\S+-amd64")
    headers = image.replace("image", "headers")
    names = {
        "image": image,
        "headers": headers,
        "common": _depends(headers, r"linux-headers-\S+-common\S*"),
        "kbuild": _depends(headers, r"linux-kbuild-\S+"),
        "busybox": "busybox-static",
    }
    return {role: f"{name}={_version(name)}" for role, name in names.items()}


def _depends(package: str, pattern: str) -> str:
    found = re.search(rf"Depends: ({pattern})", _output(["apt-cache", "depends", package]))
    if not found:
        raise VmError(f"apt-cache knows no {package}; this needs Debian 12 or 13 on amd64 and apt-get update")
    return found.group(1)


def _version(package: str) -> str:
    found = re.search(
        r"^Version: (\S+)", _output(["apt-cache", "show", "--no-all-versions", package]), re.MULTILINE
    )
    if not found:
        raise VmError(f"apt-cache knows no version of {package}; call apt-get update")
    return found.group(1)


def _key(packages: dict[str, str], recipe: Recipe) -> str:
    asked = [packages, recipe.modules, recipe.own, dict(recipe.options)]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for source in sorted([*(HERE / "kernel").iterdir(), recipe.init, HERE / "kit.py"]):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(work: Path, packages: dict[str, str], recipe: Recipe) -> Path:
    """Download, unpack, compile, pack; the finished folder within ``work``."""
    debs, image, tree = work / "debs", work / "image", work / "tree"
    for folder in (debs, image, tree):
        folder.mkdir()
    _run(["apt-get", "-q", "download", *packages.values()], debs)
    for role, package in packages.items():
        name = package.partition("=")[0]
        _run(["dpkg-deb", "-x", next(debs.glob(f"{name}_*.deb")), image if role == "image" else tree], work)
    (kernel,) = (image / "boot").glob("vmlinuz-*")
    release = kernel.name.removeprefix("vmlinuz-")
    for one, other in (("lib", "usr/lib"), ("usr/lib", "lib")):  # kmod and the package may differ in this
        if not (image / one).exists():
            (image / one).parent.mkdir(exist_ok=True)
            (image / one).symlink_to(image / other)
    _run(["depmod", "-b", image, release], work)
    own = _compile(work, tree, release, recipe.own) if recipe.own else ()
    made = work / "made"
    made.mkdir()
    shutil.copy(kernel, made / "vmlinuz")
    _pack(work / "root", tree, image, release, own, made / "initrd", recipe)
    return made


def _compile(work: Path, tree: Path, release: str, names: Sequence[str]) -> Sequence[Path]:
    """Our modules, against the headers of exactly this kernel."""
    headers = tree / "usr/src" / f"linux-headers-{release}"
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{tree}/usr/src/"))
    source = shutil.copytree(HERE / "kernel", work / "modules")
    _run(["make", "-C", headers, f"M={source}", "modules"], work)
    made = [source / f"{name}.ko" for name in names]
    _run(["strip", "--strip-debug", *made], work)
    return made


def _pack(
    root: Path, tree: Path, base: Path, release: str, own: Sequence[Path], target: Path, recipe: Recipe
) -> None:
    """The first root: busybox, the modules, the list in which order they are loaded, and ``init``."""
    for folder in ("bin", "modules", "proc", "sys", "dev", "below", "above", "sysroot"):
        (root / folder).mkdir(parents=True)
    busybox = next(path for path in (tree / "bin/busybox", tree / "usr/bin/busybox") if path.exists())
    shutil.copy(busybox, root / "bin/busybox")
    order: list[str] = []
    for name in recipe.modules:
        said = _output(["modprobe", "-d", base, "-S", release, "--show-depends", name])
        for file in re.findall(r"^insmod (\S+)", said, re.MULTILINE):
            module = _plain(Path(file), root / "modules")
            options = recipe.options.get(name, "") if module.stem.replace("_", "-") == name else ""
            line = f"{module.name} {options}".strip()
            if line not in order:
                order.append(line)
    for module in own:
        shutil.copy(module, root / "modules")
        order.append(module.name)
    (root / "modules/order").write_text("\n".join(order) + "\n")
    shutil.copy(recipe.init, root / "init")
    (root / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    archive = subprocess.run(
        [busybox, "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), capture_output=True, check=True
    )
    target.write_bytes(archive.stdout)


def _plain(module: Path, folder: Path) -> Path:
    """The module without compression, in ``folder``."""
    if module.suffix == ".xz":
        made = folder / module.stem
        made.write_bytes(lzma.decompress(module.read_bytes()))
    else:
        made = folder / module.name
        shutil.copy(module, made)
    return made


def _output(argv: Sequence[str | Path]) -> str:
    environment = os.environ | {"LC_ALL": "C"}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
    except OSError as error:
        raise VmError(f"cannot run {argv[0]}: {error.strerror}; call make test-vm") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise VmError(f"{' '.join(map(str, argv))}: {last}; after apt-get update call it again")
    return done.stdout


def _run(argv: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(
        argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise VmError(f"{argv[0]} failed while the virtual machine's kernel was made:\n{tail}")
