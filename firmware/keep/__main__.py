"""``python -m firmware.keep``: take the proposal that the telephone has left, and make it phone.toml.

The telephone cannot write there itself. What it proposes is judged here anew, by another user: it has to be a
good configuration, and differ from the present one only in what may be changed on the page. So a telephone
that was broken into cannot weaken itself for good, nor open its own firewall.

Exit status: 0 written, 1 not, 3 there was none.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from firmware.phone import config as configuration
from firmware.phone.errors import ConfigError
from firmware.phone.setting_up.change import EDITABLE
from firmware.phone.setting_up.period import FOLDER, KEEP, PROPOSAL

LARGEST = 128 * 1024
WRITTEN, REFUSED, NONE = 0, 1, 3
BEFORE = "phone.toml.before"
"""The one before, beside it: for who wants it back."""

SECRET_TOO = {"account": {"password", "password_file"}}
"""What goes with an option that may be changed: the file in which the telephone keeps a new password."""

FIRST = {"account": {"accept_weaker"}}
"""What may besides be in the first phone.toml that ever says something: it takes up what was typed at the
first start, where somebody at the keypad agreed to what their provider does not protect."""


class Refused(Exception):
    """It is not written, and why."""


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.keep", description=__doc__)
    found.add_argument("--config", type=Path, default=Path("/etc/sottovoce/phone.toml"))
    found.add_argument("--proposal", type=Path, default=FOLDER / KEEP / PROPOSAL)
    found.add_argument("--passwords", type=Path, default=Path("/var/lib/sottovoce/passwords"))
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        proposed = taken(options.proposal)
        if proposed is None:
            return NONE
        if options.config.is_symlink():
            raise Refused("it is a link: the administrator's configuration counts")
        before = read(options.config)
        judge(before, proposed, options.config, options.passwords)
        write(options.config, before, proposed)
    except (Refused, OSError) as error:
        print(f"phone.toml stays as it is: {error}", file=sys.stderr)
        return REFUSED
    return WRITTEN


def taken(path: Path) -> str | None:
    """The proposal, which is gone then: it counts once. Raises Refused and OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        path.unlink()
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused("the proposal is no file")
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Refused("the proposal is too large")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused("the proposal is no text") from None


def read(path: Path) -> str:
    """The present one; one that is not there is empty. Raises OSError."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def judge(before: str, proposed: str, path: Path, passwords: Path) -> None:
    """Whether it may be written. Raises Refused."""
    try:
        was, now = tomllib.loads(before), tomllib.loads(proposed)
        configuration.judged(tomllib.loads(proposed), path, files=False)
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise Refused(str(error)) from None
    first = not was and not path.with_name(BEFORE).exists()
    if strange := differences(was, now, FIRST if first else {}):
        raise Refused(f"{strange[0]} cannot be changed on the set-up page")
    known = {one.get("password_file") for one in _tables(was, "account")}
    for account in _tables(now, "account"):
        named = account.get("password_file")
        if named not in known and Path(str(named)).parent != passwords:
            raise Refused("a new password is in another place than the telephone's own")


def differences(
    was: dict[str, Any], now: dict[str, Any], more: dict[str, set[str]] | None = None
) -> list[str]:
    """The options that differ and may not. ``more``: options that may, besides those of the page."""
    found = [name for name in {**was, **now} if name not in EDITABLE and was.get(name) != now.get(name)]
    for table, keys in EDITABLE.items():
        free = {*keys, *SECRET_TOO.get(table, ()), *(more or {}).get(table, ())}
        old, new = ([_rest(one, free) for one in _tables(document, table)] for document in (was, now))
        if any(entry and entry not in old for entry in new):
            found.append(table)
        single = table not in ("account", "contact")
        if single and (old or [{}]) != (new or [{}]):
            found.append(table)
    return found


def _tables(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = document.get(name, [])
    entries = found if isinstance(found, list) else [found]
    return [one for one in entries if isinstance(one, dict)]


def _rest(entry: dict[str, Any], free: set[str]) -> dict[str, Any]:
    """What may not be changed. Who agreed to what one provider does not protect agreed to no other's."""
    held = {"provider"} if entry.get("accept_weaker") and "accept_weaker" not in free else set()
    return {key: value for key, value in entry.items() if key not in free or key in held}


def write(path: Path, before: str, proposed: str) -> None:
    """Old or new, never half, and on the card when this returns. Raises OSError."""
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o640
    if before:
        _replace(path.with_name(BEFORE), before, mode)
    _replace(path, proposed, mode)


def _replace(path: Path, text: str, mode: int) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(new, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


if __name__ == "__main__":
    sys.exit(main())
