"""Compile pjproject and the Python module: unpack, patch, configure, make, wrap, link."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.native.shell import RECIPE, NativeError, finish, output, run, say, start

# Debian's libsrtp2 knows its AEAD ciphers by these names, whatever it is built with.
SRTP_NAMES = [
    "-Dsrtp_aes_gcm_128_openssl=srtp_aes_gcm_128",
    "-Dsrtp_aes_gcm_256_openssl=srtp_aes_gcm_256",
]
HARDENED = ["-fPIC", "-DNDEBUG", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"]
LINK = ["-Wl,-z,relro,-z,now", "-Wl,--as-needed"]
OPTIONS = [
    "--with-external-srtp", "--with-external-speex", "--enable-libsamplerate", "--enable-epoll",
    "--enable-libwebrtc-aec3", "--disable-libwebrtc", "--disable-gsm-codec", "--disable-ilbc-codec",
    "--disable-g7221-codec", "--disable-libyuv", "--disable-video", "--disable-ffmpeg", "--disable-v4l2",
    "--disable-openh264", "--disable-sdl", "--disable-vpx", "--disable-upnp",
]  # fmt: skip
SOURCES = (
    "sottovoce",
    "disclosure",
    "gate",
    "challenge",
    "watchers",
    "zrtp",
    "zrtp_cache",
    "loudness",
    "tls",
    "identity",
    "refer",
    "finding",
    "text",
)
"""What is ours beside the wrapped library, each a .cpp here."""
LIBRARIES = ("-lbzrtp", "-lsqlite3", "-lcrypto")
"""What ours needs beside what pjproject links to."""

# The Debian archive is stripped of this file; nothing in it is used.
STRIPPED = "pjmedia/src/pjmedia-audiodev/bdimad_dev.c"


@dataclass(frozen=True)
class Interpreter:
    """The Python that the module is for."""

    executable: Path
    include: Path
    suffix: str
    abi: str
    platform: str
    triplet: str = ""
    """Of the machine that it runs on, such as aarch64-linux-gnu, where that is another than this one."""

    def tool(self, name: str) -> str:
        """The compiler of that name for this Python's machine."""
        return f"{self.triplet}-{name}" if self.triplet else name


def patches() -> list[Path]:
    """The patches, in the order in which they apply."""
    return sorted((RECIPE / "patches").glob("*.patch"))


def failing_hunk(text: str) -> str:
    """Say in a few words what patch could not do."""
    file = ""
    for line in text.splitlines():
        named = re.match(r"(?:checking|patching) file '?([^']+?)'?$", line)
        file = named.group(1) if named else file
        if "FAILED" in line or "can't find file" in line:
            return f"{line.strip().rstrip('.')}, {file}" if file else line.strip()
    return "it is malformed"


def unpack(archive: Path, folder: Path, log: Path) -> Path:
    """Unpack the archive, complete it, and apply the patches. Returns its root.

    Raises:
        NativeError: The archive cannot be read or a patch does not apply.
    """
    root = folder / "pjproject"
    root.mkdir()
    run(
        ["tar", "-xJf", archive, "--strip-components=1", "-C", root], f"unpacking {archive.name}", log, folder
    )
    (root / STRIPPED).touch()
    shutil.copy(RECIPE / "config_site.h", root / "pjlib/include/pj/config_site.h")
    for patch in patches():
        command = [
            "patch",
            "-p1",
            "--forward",
            "--batch",
            "--fuzz=0",
            "--no-backup-if-mismatch",
            "-i",
            str(patch),
        ]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        with log.open("a") as out:
            out.write(f"\n$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        if done.returncode != 0:
            reason = failing_hunk(done.stdout + done.stderr)
            raise NativeError(
                f"{patch.name} no longer applies ({reason}): adapt it to this pjproject, see {log}"
            )
    return root


def _environment(root: Path, python: Interpreter) -> dict[str, str]:
    cross = {"CC": python.tool("gcc"), "CXX": python.tool("g++")} if python.triplet else {}
    flags = " ".join(["-O2", *HARDENED, f"-ffile-prefix-map={root}=."])
    return {
        **os.environ,
        **cross,
        # An error to Debian 13's compiler, so Debian 12's is to find it too.
        "CFLAGS": f"{flags} -Werror=implicit-function-declaration {' '.join(SRTP_NAMES)}",
        "CXXFLAGS": flags,
        "LDFLAGS": " ".join(LINK),
        "LC_ALL": "C",
    }


def _variables(root: Path, names: Sequence[str]) -> list[str]:
    """The words of variables that configure left in build.mak."""
    rule = "include build.mak\nprint:\n\t@echo " + " ".join(f"$({name})" for name in names) + "\n"
    (root / "print.mak").write_text(rule)
    return output(["make", "-s", "-C", root, "-f", "print.mak", "print"]).split()


def _wrap(root: Path, python: Interpreter, log: Path) -> list[subprocess.Popen[bytes]]:
    """Generate the C++ around the library and start compiling it: that takes as long as all the rest."""
    work = root / "wrapper"
    work.mkdir()
    for file in (RECIPE / "sottovoce.i", *RECIPE.glob("*.[ch]pp")):
        shutil.copy(file, work)
    parts = ["pjlib", "pjlib-util", "pjnath", "pjmedia", "pjsip"]
    includes = [
        f"-I{work}",
        f"-I{root / 'pjsip-apps/src/swig'}",
        *(f"-I{root / part / 'include'}" for part in parts),
    ]
    swig = [
        "swig",
        *includes,
        "-c++",
        "-python",
        "-threads",
        "-w302,312,325",
        "-o",
        "pjsua2_wrap.cpp",
        "sottovoce.i",
    ]
    run(swig, "generating the Python module", log, work)
    defines = [flag for flag in _variables(root, ["APP_CXXFLAGS"]) if flag.startswith(("-D", "-std"))]
    compiler = [
        python.tool("g++"),
        "-O1",
        *HARDENED,
        *defines,
        f"-ffile-prefix-map={root}=.",
        f"-I{python.include}",
        *includes,
    ]
    env = {**os.environ, "LC_ALL": "C"}
    names = ("pjsua2_wrap", *SOURCES)
    return [start([*compiler, "-c", f"{name}.cpp", "-o", f"{name}.o"], log, work, env) for name in names]


def compile_module(archive: Path, folder: Path, python: Interpreter, version: str, log: Path) -> Path:
    """Build the module for this Python. Returns the folder that holds it, ready to be imported.

    Raises:
        NativeError: A step failed.
    """
    root = unpack(archive, folder, log)
    env = _environment(root, python)
    say(f"configuring pjproject {version} …")
    # Without --with-ssl (no prefix) a cross build would leave TLS out.
    host = [f"--host={python.triplet}", "--with-ssl="] if python.triplet else []
    run(["./configure", *OPTIONS, *host], "configuring pjproject", log, root, env)
    jobs = os.cpu_count() or 1
    say(f"compiling pjproject {version} and its Python module (about 2 minutes on two fast cores) …")
    wrapper = _wrap(root, python, log)
    try:
        run(["make", f"-j{jobs}", "lib"], "compiling pjproject", log, root, env)
        for process in wrapper:
            finish(process, "compiling the Python module", log)
    finally:
        for process in wrapper:
            process.kill()
            process.wait()
    say("linking …")
    module = folder / "module"
    module.mkdir()
    libraries = _variables(root, ["PJ_LDXXFLAGS", "PJ_LDXXLIBS"])
    target = module / f"_pjsua2{python.suffix}"
    objects = [f"wrapper/{name}.o" for name in ("pjsua2_wrap", *SOURCES)]
    link = [
        python.tool("g++"),
        "-shared",
        *LINK,
        "-Wl,-s",
        "-o",
        str(target),
        *objects,
        *libraries,
        *LIBRARIES,
    ]
    run(link, "linking the Python module", log, root)
    shutil.copy(root / "wrapper/pjsua2.py", module)
    shutil.copy(root / "COPYING", module)
    return module
