"""``python -m firmware.updater``: status, check, install, recover (at every start) and run (by the timer).

On a developer's machine ``flash`` is what a factory does with the first version, and ``boot`` what power-on
is to a telephone: the slot is picked, then recovered.

Exit status: 0 done, 1 refused or failed (the reason is printed), 2 a wrong configuration.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from firmware.phone.clock import SystemClock
from firmware.phone.errors import ConfigError, UpdateError
from firmware.synchronised import synchronised
from firmware.updater import settings as read_settings
from firmware.updater import signatures
from firmware.updater.fetch import HttpsSource
from firmware.updater.program import Program, alone
from firmware.updater.settings import Settings
from firmware.updater.slots import rauc_bundle
from firmware.updater.slots.base import SlotEngine
from firmware.updater.slots.directory import DirectorySlots, Firmware, version_of
from firmware.updater.slots.rauc import RaucSlots
from firmware.updater.slots.rauc_bus import RaucBus
from firmware.updater.slots.sector import SLOTS
from firmware.updater.telephone import DOOR, Telephone
from firmware.updater.times import ClockTimes
from firmware.updater.trust import Repository
from firmware.updater.updater import Parts, Updater

DONE, FAILED, WRONG = 0, 1, 2
RESTARTS = "restart the telephone now: the new version is booted on trial"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m firmware.updater", description="The telephone's updates.")
    top.add_argument("command", choices=["status", "check", "install", "recover", "run", "boot", "flash"])
    top.add_argument("bundle", type=Path, nargs="?", metavar="BUNDLE", help="for flash")
    top.add_argument("--config", type=Path, default=Path("/etc/sottovoce/update.toml"))
    top.add_argument("--folder", type=Path, default=Path("/var/lib/sottovoce-update"), help="what it keeps")
    top.add_argument(
        "--slots", type=Path, default=None, help="a folder for both slots; none: a board's, by RAUC"
    )
    top.add_argument(
        "--trust", type=Path, required=True, help="root.json, release-keys.json and bundle-keyring.pem"
    )
    top.add_argument("--board", required=True)
    top.add_argument("--floor", default="0.0.0", help="the oldest version that is ever installed")
    top.add_argument("--socket", type=Path, default=DOOR, help="the telephone's door")
    top.add_argument(
        "--trial", type=float, default=None, metavar="SECONDS", help="for a new version to work (120)"
    )
    top.add_argument(
        "--restart-file", type=Path, default=None, help="made when the machine is to be started anew"
    )
    top.add_argument(
        "--clock-is-right", action="store_true", help="on a machine whose clock somebody else looks after"
    )
    return top


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    args = parser().parse_args(arguments)
    try:
        with alone(args.folder):
            told = _run(args, read_settings.read(args.config))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    except UpdateError as error:
        print(f"updater: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"updater: {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr)
        return FAILED
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return DONE


def _run(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    if args.command == "flash":
        return _flash(args)
    if args.command == "boot":
        if args.slots is None:
            raise UpdateError("a board's own firmware boots it; boot is for slots that are folders")
        Firmware(args.slots).boot()
    restart = Restart(args.restart_file)
    updater = Updater(_parts(args, settings, restart))
    program = Program(updater, settings, SystemClock(), Telephone(args.socket), _show)
    match args.command:
        case "check":
            return program.check()
        case "install":
            return program.install() | {"restart": restart.asked}
        case "run" | "recover" | "boot":
            program.tell()  # that it is tried, where it is
            updater.recover()
            if args.command == "run" and not restart.asked:
                return program.run() | {"restart": restart.asked}
            program.tell()
    return program.status() | {"restart": restart.asked}


def _flash(args: argparse.Namespace) -> dict[str, Any]:
    """The first version into a folder for slots that has none."""
    if args.slots is None or args.bundle is None:
        raise UpdateError("flash is for slots that are folders: flash BUNDLE --slots FOLDER")
    slot = args.slots / SLOTS[0]
    if args.slots.exists() and any(args.slots.iterdir()):
        raise UpdateError(f"{args.slots} is not empty; what runs there is updated by install")
    args.slots.mkdir(mode=0o700, parents=True, exist_ok=True)
    rauc_bundle.unpack(args.bundle, slot, args.trust / "bundle-keyring.pem", args.board)
    return {"version": version_of(slot), "slot": SLOTS[0]}


class Restart:
    """Asks for a restart of the machine: on a telephone systemd waits for the file (systemd/README.md)."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.asked = False

    def __call__(self) -> None:
        self.asked = True
        print(RESTARTS, file=sys.stderr)
        if self._file is not None:
            self._file.touch(mode=0o644)


def _parts(args: argparse.Namespace, settings: Settings, restart: Restart) -> Parts:
    keys = signatures.read_keys((args.trust / "release-keys.json").read_bytes())
    root, keyring = (args.trust / "root.json").read_bytes(), args.trust / "bundle-keyring.pem"
    source = HttpsSource(settings.ca_file)
    slots = _slots(args, keyring)
    telephone = Telephone(args.socket)
    built = datetime.fromtimestamp((args.trust / "root.json").stat().st_mtime, UTC)
    return Parts(
        folder=args.folder,
        board=args.board,
        floor=args.floor,
        repository=Repository(args.folder, settings.url, root, keys, source),
        source=source,
        slots=slots,
        times=ClockTimes(SystemClock(), built, (lambda: True) if args.clock_is_right else synchronised),
        health=[lambda: telephone.wrong(slots.booted().version, args.trial)],
        restart=restart,
        images=None if settings.whole else slots.images,
    )


def _slots(args: argparse.Namespace, keyring: Path) -> SlotEngine:
    if args.slots is None:
        return RaucSlots(RaucBus())
    return DirectorySlots(
        args.slots,
        Firmware(args.slots).running(),
        args.board,
        lambda bundle, folder: rauc_bundle.unpack(bundle, folder, keyring, args.board),
    )


def _show(done: int, what: str) -> None:
    print(f"\r{done:3d} % {what:<30}", end="\n" if done == 100 else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
