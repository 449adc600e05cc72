"""Build pjsua2 and install it: python3 -m firmware.native.build_pjsua2 --venv .venv

The second run takes what the first one left, without the network, unless something that the wheel
is made of has changed.
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from firmware.native import pjproject, verify, wheel
from firmware.native.pjproject import Interpreter
from firmware.native.shell import RECIPE, NativeError, output, say
from firmware.native.source import Source, obtain, sha256_of

RECORD = "pjsua2_build.json"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where sources, wheels and logs are kept."""
    if chosen := environment.get("SOTTOVOCE_CACHE"):
        return Path(chosen) / "native"
    base = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "~")).expanduser() / ".cache"
    return Path(base) / "sottovoce" / "native"


def recipe_files(recipe: Path) -> list[Path]:
    """All that decides how the wheel comes out; the README does not."""
    kinds = {".py", ".patch", ".cpp", ".hpp", ".h", ".i", ".txt"}
    return sorted(path for path in recipe.rglob("*") if path.suffix in kinds and path.is_file())


def recipe_hash(recipe: Path) -> str:
    """One hash over the names and contents of the recipe."""
    total = hashlib.sha256()
    for path in recipe_files(recipe):
        total.update(f"{path.relative_to(recipe)} {sha256_of(path)}\n".encode())
    return total.hexdigest()


def cache_key(ingredients: Mapping[str, object]) -> str:
    """A short name for a wheel made of exactly these ingredients."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()[:16]


def find_python(venv: Path | None) -> Path:
    """The interpreter to build for.

    Raises:
        NativeError: There is no virtual environment at that place.
    """
    if venv is None:
        return Path(sys.executable)
    python = venv.absolute() / "bin" / "python"
    if not python.exists():
        raise NativeError(f"{venv} is no virtual environment: python3 -m venv {venv}")
    return python


def ask(python: Path) -> tuple[Interpreter, Path]:
    """Ask the interpreter what a module for it has to be like, and where it keeps its packages."""
    question = (
        "import json, sys, sysconfig as s; p = s.get_paths(); print(json.dumps([p['include'], "
        "s.get_config_var('EXT_SUFFIX'), f'cp{sys.version_info[0]}{sys.version_info[1]}', "
        "s.get_platform().replace('-', '_').replace('.', '_'), p['platlib']]))"
    )
    include, suffix, abi, system, site = json.loads(output([python, "-c", question]))
    return Interpreter(python, Path(include), suffix, abi, system), Path(site)


def missing_packages(wanted: Sequence[str], dpkg: str) -> list[str]:
    """Which of the wanted packages are not among the "package status version" lines of dpkg."""
    installed = {line.split()[0].partition(":")[0] for line in dpkg.splitlines() if " installed " in line}
    return [name for name in wanted if name not in installed]


def package_versions(wanted: Sequence[str], dpkg: str) -> dict[str, str]:
    """The versions of the packages that decide how the wheel comes out: libraries and the generator."""
    rows = [line.split() for line in dpkg.splitlines() if " installed " in line]
    versions = {row[0].partition(":")[0]: row[2] for row in rows}
    return {name: versions[name] for name in wanted if name == "swig" or name.endswith("-dev")}


def check_packages(python: Interpreter) -> dict[str, str]:
    """Make sure that all is there that the build needs; return the versions that matter.

    Raises:
        NativeError: Packages are missing; it says which.
    """
    wanted = (RECIPE / "packages.txt").read_text().split()
    if (python.include / "Python.h").is_file():
        wanted.remove("python3-dev")  # this Python brings its own headers
    dpkg = output(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\\n"])
    missing = missing_packages(wanted, dpkg)
    if missing:
        raise NativeError(f"packages are missing: apt-get install {' '.join(missing)}")
    if not (python.include / "Python.h").is_file():
        raise NativeError(f"{python.executable} has no headers: install the -dev package of this very Python")
    return package_versions(wanted, dpkg)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs away from the cache; wait while one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is running, waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _record(source: Source, key: str, ingredients: Mapping[str, object]) -> dict[str, object]:
    """What the SBOM will want to know of the wheel; it is kept beside the module."""
    patches = {patch.name: sha256_of(patch) for patch in pjproject.patches()}
    return {
        "key": key,
        "license": "GPL-3.0-or-later",
        "source": asdict(source),
        "patches": patches,
        **ingredients,
    }


def build(
    cache: Path, source: Source, python: Interpreter, key: str, record: Mapping[str, object], log: Path
) -> Path:
    """Build, verify and store the wheel; return where it is.

    Raises:
        NativeError: It cannot be built, or lacks something.
    """
    version = f"{source.pjproject_version}+sottovoce.g{key[:8]}"
    started = time.monotonic()
    wheels = cache / "wheels" / key
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="build-") as name:
        folder = Path(name)
        archive = cache / "source" / source.archive
        module = pjproject.compile_module(archive, folder, python, source.pjproject_version, log)
        say("verifying what was built …")
        verify.require(module, python.executable)
        (module / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
        packed = folder / f"pjsua2-{version}-{wheel.tag(python)}.whl"
        wheel.pack(module, packed, version, python)
        target = wheels / packed.name
        shutil.move(packed, wheels / "new")
        (wheels / "new").replace(target)
    say(f"built {target.name} in {time.monotonic() - started:.0f} s")
    return target


def make(venv: Path | None, cache: Path) -> tuple[Path, Path, Path]:
    """Return a wheel (cached or new), the interpreter that it is for, and where that keeps packages."""
    python, site = ask(find_python(venv))
    versions = check_packages(python)
    release = platform.freedesktop_os_release()
    log = cache / "logs" / f"{python.abi}-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with locked(cache):
        for left in cache.glob("build-*"):  # by a run that was killed
            shutil.rmtree(left)
        source = obtain(cache / "source", log)
        ingredients: dict[str, object] = {
            "recipe": recipe_hash(RECIPE),
            "source_sha256": source.sha256,
            "python": f"{python.abi}{python.suffix}",
            "machine": platform.machine(),
            "distribution": " ".join(
                release.get(name, "") for name in ("ID", "VERSION_ID", "VERSION_CODENAME")
            ),
            "packages": versions,
        }
        key = cache_key(ingredients)
        known = sorted((cache / "wheels" / key).glob("*.whl"))
        if known:
            return known[0], python.executable, site
        record = _record(source, key, ingredients)
        return build(cache, source, python, key, record, log), python.executable, site


def main(arguments: Sequence[str] | None = None) -> int:
    """Build if need be, install if asked to. Exit status 1 and one line if it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="build_pjsua2", description="Build pjsua2 from its signed Debian source."
    )
    parser.add_argument(
        "--venv", type=Path, help="install into this virtual environment (and build for its Python)"
    )
    options = parser.parse_args(arguments)
    try:
        built, python, site = make(options.venv, cache_folder(os.environ))
        if options.venv is None:
            say(f"the wheel is {built}")
        elif wheel.installed_version(site) == built.name.split("-")[1]:
            say(f"{built.name} is installed already")
        else:
            wheel.install(built, python, site)
            say(f"installed {built.name} into {options.venv}")
    except NativeError as error:
        print(f"native: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
