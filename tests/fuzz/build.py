"""Builds the fuzzer of the media port: the SRTP transport of pjmedia and our ZRTP with AddressSanitizer, and
no more of the telephone than that needs.

It takes a minute; the result is kept in the cache of the native build, by the hash of what it is made of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from firmware.native import build_pjsua2, pjproject
from firmware.native.shell import RECIPE, NativeError, finish, output, run, start
from firmware.native.source import obtain

HERE = Path(__file__).resolve().parent
NAME = "media_port"

# PJ_POOL_DEBUG: each piece of a pool is a piece of the heap, so that its ends are watched.
DEFINES = [
    "-DNDEBUG",
    "-DPJ_AUTOCONF=1",
    "-DPJ_IS_BIG_ENDIAN=0",
    "-DPJ_IS_LITTLE_ENDIAN=1",
    "-DPJ_POOL_DEBUG=1",
    "-DPJMEDIA_EXTERNAL_SRTP=2",
    "-DPJMEDIA_SRTP_HAS_DEINIT=0",
    "-DPJMEDIA_SRTP_HAS_SHUTDOWN=1",
    *pjproject.SRTP_NAMES,
]
SANITIZED = ["-O1", "-g", "-fPIC", "-fsanitize=address,fuzzer-no-link"]
LIBRARIES = ["-lsrtp2", "-lssl", "-lcrypto", "-lbzrtp", "-lsqlite3", "-luuid", "-lm", "-lpthread"]
PARTS = ("pjlib", "pjlib-util", "pjnath", "pjmedia", "pjsip")
FROM_PJMEDIA = ("transport_srtp", "errno", "sdp")
OURS = ("zrtp", "zrtp_cache")


def fuzzer() -> Path:
    """The program, built if need be.

    Raises:
        NativeError: it cannot be built; why, in one line.
    """
    cache = build_pjsua2.cache_folder(os.environ)
    compiler = output(["clang", "--version"]).splitlines()[0]
    told = f"{build_pjsua2.recipe_hash(RECIPE)} {build_pjsua2.recipe_hash(HERE)} {compiler}"
    kept = cache / "fuzzers" / hashlib.sha256(told.encode()).hexdigest()[:16]
    with build_pjsua2.locked(cache / "fuzzers"):
        if not (kept / NAME).exists():
            kept.mkdir(parents=True, exist_ok=True)
            log = kept / "log"
            log.write_text("")
            source = obtain(cache / "source", log)
            with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
                made = _made(Path(folder), cache / "source" / source.archive, log)
                shutil.move(made, kept / NAME)
    return kept / NAME


def _made(folder: Path, archive: Path, log: Path) -> Path:
    root = pjproject.unpack(archive, folder, log)
    flags = " ".join([*SANITIZED, *pjproject.SRTP_NAMES, "-DNDEBUG", "-DPJ_POOL_DEBUG=1"])
    env = {**os.environ, "CC": "clang", "CXX": "clang++", "CFLAGS": flags, "CXXFLAGS": flags}
    env |= {"LDFLAGS": "-fsanitize=address", "ASAN_OPTIONS": "detect_leaks=0", "LC_ALL": "C"}
    options = [*pjproject.OPTIONS, "--disable-sound"]
    run(["./configure", *options], "configuring pjproject for the fuzzer", log, root, env)
    jobs = f"-j{os.cpu_count() or 1}"
    for part in ("pjlib", "pjlib-util"):
        run(["make", jobs, "-C", f"{part}/build", part], f"compiling {part} for the fuzzer", log, root, env)
    includes = [f"-I{RECIPE}", *(f"-I{root / part / 'include'}" for part in PARTS)]
    sources = [root / "pjmedia/src/pjmedia" / f"{name}.c" for name in FROM_PJMEDIA]
    sources += [RECIPE / f"{name}.cpp" for name in OURS] + [HERE / f"{NAME}.cpp"]
    objects = _compiled(sources, includes, log, root)
    archives = [*root.glob("pjlib-util/lib/*.a"), *root.glob("pjlib/lib/*.a")]
    link: list[str | Path] = [
        "clang++",
        "-fsanitize=address,fuzzer",
        "-Wl,--wrap=pj_gettickcount",
        *objects,
        *archives,
    ]
    run([*link, *LIBRARIES, "-o", NAME], "linking the fuzzer", log, root)
    return root / NAME


def _compiled(sources: Sequence[Path], includes: Sequence[str], log: Path, root: Path) -> list[str]:
    running = []
    for source in sources:
        compiler = "clang" if source.suffix == ".c" else "clang++"
        command: list[str | Path] = [
            compiler,
            *SANITIZED,
            *DEFINES,
            *includes,
            "-w",
            "-c",
            source,
            "-o",
            f"{source.stem}.o",
        ]
        running.append(start(command, log, root))
    try:
        for process in running:
            finish(process, "compiling the fuzzer", log)
    except NativeError:
        for process in running:
            process.kill()
            process.wait()
        raise
    return [f"{source.stem}.o" for source in sources]
