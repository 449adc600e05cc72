"""The Python packages for the board's processor: pip's wheels where there are some, the rest compiled.

pjsua2 and the packages without a wheel are compiled in the workshop for the other processor; nothing is
emulated but the proof that pjsua2 starts. Kept by content.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

from firmware.image.debian import SUITE
from firmware.image.packages import read_lock
from firmware.image.places import PROJECT, made_whole
from firmware.image.shell import ImageError, run, say
from firmware.image.workshop import LOCK, Workshop
from firmware.native import verify
from firmware.native.build_pjsua2 import RECORD, recipe_hash
from firmware.native.build_pjsua2 import cache_folder as native_cache
from firmware.native.pjproject import patches
from firmware.native.shell import RECIPE, NativeError
from firmware.native.source import Source, obtain, sha256_of

TRIPLET = "aarch64-linux-gnu"
PYTHON = "3.13"
_REQUIREMENTS = PROJECT / "requirements/run.txt"
_PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(17, 42)] + ["manylinux2014_aarch64"]
_NOT_ON_A_PHONE = ("setuptools",)
_CROSS = {
    "_PYTHON_SYSCONFIGDATA_NAME": f"_sysconfigdata__{TRIPLET}",
    "_PYTHON_HOST_PLATFORM": "linux-aarch64",
    "CC": f"{TRIPLET}-gcc",
    "LDSHARED": f"{TRIPLET}-gcc -shared",
    "CFLAGS": "-O2 -g0 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=/tmp=.",
    "LDFLAGS": "-Wl,-z,relro,-z,now",
    "PYPI": "1",  # lgpio: with its own C library, which Debian lacks
}


def _compilers() -> str:
    """Those packages of the workshop that decide how something is compiled."""
    chosen = re.compile(r"binutils|cpp|g\+\+|gcc|lib|make|python3|swig")
    return "\n".join(str(package) for package in read_lock(LOCK) if chosen.match(package.name))


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]


def ready(cache: Path, shop: Workshop) -> list[Path]:
    """Every wheel that a phone needs, pjsua2 among them."""
    found = [*_packages(cache, shop).glob("*.whl"), *_pjsua2(cache, shop).glob("*.whl")]
    return sorted(file for file in found if not file.name.startswith(_NOT_ON_A_PHONE))


def prove(cache: Path, shop: Workshop, tree: Path) -> None:
    """Start the compiled pjsua2 once in the board's own root, emulated, and ask it what it has.

    Raises ImageError when it does not start or lacks something.
    """
    folder = _pjsua2(cache, shop)
    proven = folder / "proven"
    if proven.exists():
        return
    say("starting pjsua2 in the board's root, emulated …")
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        module, python = Path(scratch) / "module", Path(scratch) / "python"
        (wheel,) = folder.glob("*.whl")
        shutil.unpack_archive(wheel, module, "zip")
        binds = {"/dev": f"{scratch}/root/dev", str(module): f"{scratch}/root/mnt"}
        run(["cp", "-a", "--reflink=auto", tree, f"{scratch}/root"], "copying the board's root")
        shutil.copy("/usr/bin/qemu-aarch64-static", f"{scratch}/root/qemu")
        (Path(scratch) / "root/mnt").mkdir(exist_ok=True)
        steps = [f"mount --rbind {source} {target}" for source, target in binds.items()]
        steps.append(f"mount -t proc proc {scratch}/root/proc")
        steps.append(f'PYTHONPATH=/mnt exec chroot {scratch}/root /qemu /usr/bin/python{PYTHON} "$@"')
        python.write_text(
            "#!/bin/sh\nexec unshare --mount --propagation private /bin/sh -ec '"
            + "\n".join(steps)
            + '\' sh "$@"\n'
        )
        python.chmod(0o755)
        try:
            verify.require(module, python)
        except NativeError as error:
            raise ImageError(str(error)) from error
    proven.touch()


def _packages(cache: Path, shop: Workshop) -> Path:
    folder = cache / f"wheels-{_key(_REQUIREMENTS.read_text(), _compilers(), _CROSS)}"
    if not folder.is_dir():
        say("fetching the Python packages for the board, pinned by hash …")
        with made_whole(folder) as fresh:
            _download(fresh)
            for source in sorted(fresh.glob("*.tar.gz")):
                say(f"compiling {source.name.removesuffix('.tar.gz')} for the board …")
                pip = [
                    "python3",
                    "-m",
                    "pip",
                    "wheel",
                    "--quiet",
                    "--no-index",
                    "--no-deps",
                    "--no-build-isolation",
                ]
                pip += ["--no-cache-dir", "-w", "/out", f"/out/{source.name}"]
                shop.run(pip, f"compiling {source.name}", places={"/out": fresh}, env=_CROSS)
                source.unlink()
    return folder


def _download(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--no-build-isolation", "--require-hashes", "-r", str(_REQUIREMENTS), "--dest", str(folder)]
    pip += ["--python-version", PYTHON, "--implementation", "cp"]
    pip += [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
    run(
        [*pip, *(f"--platform={name}" for name in _PLATFORMS)],
        "fetching the Python packages",
        env={"PYPI": "1"},
    )


def _record(source: Source, key: str) -> dict[str, object]:
    """What the module was made of, as that of another machine has it (firmware/native/build_pjsua2.py)."""
    return {
        "key": key,
        "license": "GPL-3.0-or-later",
        "source": asdict(source),
        "patches": {patch.name: sha256_of(patch) for patch in patches()},
        "recipe": recipe_hash(RECIPE),
        "source_sha256": source.sha256,
        "machine": TRIPLET.partition("-")[0],
        "distribution": f"debian {SUITE}",
        "packages": {
            package.name.partition(":")[0]: package.version
            for package in read_lock(LOCK)
            if package.name.endswith("-dev:arm64")
        },
    }


def _with_record(wheel: Path, target: Path, record: dict[str, object]) -> None:
    """The wheel with its record in it, dated as its other files are."""
    shutil.copy(wheel, target)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(RECORD), json.dumps(record, indent=2, sort_keys=True) + "\n")


def _pjsua2(cache: Path, shop: Workshop) -> Path:
    log = cache / "source.log"
    source = obtain(native_cache(os.environ) / "source", log)
    key = _key("2", recipe_hash(RECIPE), source.sha256, _compilers())
    folder = cache / f"pjsua2-{key}"
    if not folder.is_dir():
        say("compiling pjsua2 for the board (4 minutes on two cores) …")
        with made_whole(folder) as fresh, tempfile.TemporaryDirectory(dir=cache) as scratch:
            work, code = Path(scratch) / "work", Path(scratch) / "code/firmware"
            work.mkdir()
            shutil.copytree(RECIPE, code / "native", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(RECIPE.parent / "__init__.py", code)
            shutil.copy(native_cache(os.environ) / "source" / source.archive, scratch)
            build = [
                "python3",
                "-m",
                "firmware.native.cross",
                "--triplet",
                TRIPLET,
                "--folder",
                "/build/work",
            ]
            build += ["--archive", f"/build/{source.archive}"]
            build += ["--version", f"{source.pjproject_version}+sottovoce.g{key[:8]}"]
            try:
                shop.run(build, "compiling pjsua2", places={"/build": Path(scratch)}, cwd="/build/code")
            except ImageError:
                if (work / "log").exists():
                    shutil.copy(work / "log", cache / "pjsua2.log")
                raise
            for wheel in work.glob("*.whl"):
                _with_record(wheel, fresh / wheel.name, _record(source, key))
    return folder
