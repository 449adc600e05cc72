"""The table of factory defaults against what is there. Python's standard library is all it needs.

``python3 check.py`` beside defaults.toml, as root in a booted machine: a line for each fault, exit status 1.

What can be asked: ``sysctl``; ``unit`` with ``property``; ``path`` or ``run`` with ``has`` or ``lacks``;
``missing`` path; ``mounted`` with ``options``; ``option`` of phone.toml; ``module`` that cannot be loaded;
``accounts`` without a password; ``listening``: the users who alone may have sockets that others could reach.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import os
import pwd
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/lib/sottovoce/.venv/bin/python"
CONFIG = Path("/etc/sottovoce/phone.toml")

Check = dict[str, Any]


def table() -> list[dict[str, Any]]:
    """The defaults, in the order of the file."""
    found: list[dict[str, Any]] = tomllib.loads((HERE / "defaults.toml").read_text())["default"]
    return found


def live_faults(default: dict[str, Any]) -> list[str]:
    """What of one default does not hold in the running system."""
    return [fault for check in default.get("live", []) if (fault := _live(check))]


def _live(check: Check) -> str:
    for name, ask in _LIVE.items():
        if name in check:
            try:
                return ask(check)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                return f"{check[name]}: cannot be asked: {error}"
    return f"nobody knows how to check {check}"


def _sysctl(check: Check) -> str:
    name = str(check["sysctl"])
    found = (Path("/proc/sys") / name.replace(".", "/")).read_text().strip()
    return "" if found == check["is"] else f"{name} is {found}, not {check['is']}"


def _unit(check: Check) -> str:
    words = ["systemctl", "show", f"--property={check['property']}", "--value", check["unit"]]
    found = _run(words).strip()
    return (
        "" if found == check["is"] else f"{check['unit']}: {check['property']} is {found}, not {check['is']}"
    )


def _text(check: Check, where: str, text: str) -> str:
    if "has" in check and check["has"] not in text:
        return f"{where} lacks {check['has']!r}"
    if "lacks" in check and check["lacks"] in text:
        return f"{where} has {check['lacks']!r}"
    return ""


def _path(check: Check) -> str:
    return _text(check, check["path"], Path(check["path"]).read_text())


def _ran(check: Check) -> str:
    return _text(check, " ".join(check["run"]), _run(check["run"]))


def _missing(check: Check) -> str:
    return f"{check['missing']} is there" if os.path.lexists(check["missing"]) else ""


def _mounted(check: Check) -> str:
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        _, place, _, options, *_ = line.split()
        if place == check["mounted"]:
            lacking = [option for option in check["options"] if option not in options.split(",")]
            return f"{place} is mounted without {', '.join(lacking)}" if lacking else ""
    return f"{check['mounted']} is no mount point"


def _option(check: Check) -> str:
    found: Any = _configuration()
    for part in check["option"].split("."):
        found = found.get(part, [] if part == "watcher" or part == "dns" else None)
    return "" if found == check["is"] else f"{check['option']} is {found}, not {check['is']}"


@functools.cache
def _configuration() -> dict[str, Any]:
    """What the telephone has in effect, as it says itself."""
    command = [PYTHON, "-I", "-m", "firmware.phone", "--dump-config"]
    return tomllib.loads(_run([*command, "--config", str(CONFIG)] if CONFIG.exists() else command))


def _module(check: Check) -> str:
    done = subprocess.run(["modprobe", check["module"]], capture_output=True, check=False)
    return f"the module {check['module']} was loaded" if done.returncode == 0 else ""


def _accounts(check: Check) -> str:
    """No entry of /etc/shadow has a password that could be typed."""
    lines = [line.split(":") for line in Path("/etc/shadow").read_text().splitlines()]
    loose = [name for name, password, *_ in lines if password[:1] not in ("!", "*")]
    return f"these accounts have a password: {', '.join(loose)}" if loose else ""


def _listening(check: Check) -> str:
    """Sockets on other addresses than loopback: TCP that listens, UDP without a far end."""
    found = []
    for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, status, _, _, _, user, *_ = line.split()
            address, _, port = local.rpartition(":")
            owner = pwd.getpwuid(int(user)).pw_name
            if status == state and not _loopback(address) and owner not in check["listening"]:
                found.append(f"{name} port {int(port, 16)} of {owner}")
    return f"open: {', '.join(found)}" if found else ""


def _loopback(text: str) -> bool:
    """As /proc/net writes it: words of 32 bits in the order of the machine."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return ipaddress.ip_address(raw).is_loopback


def _run(words: list[str]) -> str:
    environment = os.environ | {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False, timeout=60)
    if done.returncode != 0:
        raise ValueError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


_LIVE: dict[str, Callable[[Check], str]] = {
    "sysctl": _sysctl,
    "unit": _unit,
    "path": _path,
    "run": _ran,
    "missing": _missing,
    "mounted": _mounted,
    "option": _option,
    "module": _module,
    "accounts": _accounts,
    "listening": _listening,
}


def main() -> int:
    found = {default["id"]: live_faults(default) for default in table()}
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        for name, faults in found.items():
            print(
                f"{'FAULT' if faults else 'holds'}  {name}" + "".join(f"\n       {line}" for line in faults)
            )
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
