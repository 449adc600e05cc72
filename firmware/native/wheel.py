"""Pack the module into a wheel, and put a wheel into a virtual environment."""

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

from firmware.native.pjproject import Interpreter
from firmware.native.shell import NativeError, output

SUMMARY = "pjsua2, built from the signed Debian source of pjproject for Sottovoce"


def metadata(version: str) -> str:
    """What the wheel says about itself."""
    return (
        "Metadata-Version: 2.1\n"
        "Name: pjsua2\n"
        f"Version: {version}\n"
        f"Summary: {SUMMARY}\n"
        "License: GPL-3.0-or-later\n"
        "Classifier: License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)\n"
    )


def tag(python: Interpreter) -> str:
    """The tag of a wheel for this Python alone."""
    return f"{python.abi}-{python.abi}-{python.platform}"


def pack(module: Path, target: Path, version: str, python: Interpreter) -> None:
    """Write the wheel: the module's files, and the four files every wheel has."""
    info = f"pjsua2-{version}.dist-info"
    files = {file.name: file.read_bytes() for file in sorted(module.iterdir()) if file.name != "COPYING"}
    wheel = f"Wheel-Version: 1.0\nGenerator: sottovoce\nRoot-Is-Purelib: false\nTag: {tag(python)}\n"
    files[f"{info}/METADATA"] = metadata(version).encode()
    files[f"{info}/WHEEL"] = wheel.encode()
    files[f"{info}/licenses/COPYING"] = (module / "COPYING").read_bytes()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files[f"{info}/RECORD"] = record.getvalue().encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if ".so" in name else 0o644) << 16
            archive.writestr(entry, content)


def installed_version(site: Path) -> str | None:
    """The version of pjsua2 in a folder of installed packages, if there is one."""
    found = [path.name for path in site.glob("pjsua2-*.dist-info")]
    return found[0].removeprefix("pjsua2-").removesuffix(".dist-info") if len(found) == 1 else None


def install(wheel: Path, venv_python: Path, site: Path) -> None:
    """Install the wheel into the environment, whatever was there before.

    Raises:
        NativeError: pip refused.
    """
    if installed_version(site) is None:
        for stray in (*site.glob("_pjsua2*.so"), *site.glob("pjsua2.py")):
            stray.unlink()
    pip = [
        str(venv_python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--force-reinstall",
    ]
    try:
        output([*pip, "--disable-pip-version-check", "--root-user-action=ignore", wheel])
    except NativeError as error:
        raise NativeError(f"cannot install {wheel.name}: {error}") from error
