"""``python -m firmware.phone``: read the arguments, then hand over to ``app``.

Exit status: 0 after SIGTERM, 1 when the phone cannot start or a part of it died, 2 for a wrong configuration.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from pathlib import Path
from typing import NoReturn

from firmware.phone import config as configuration
from firmware.phone import typed
from firmware.phone.board import Board, load_board
from firmware.phone.errors import ConfigError, SottovoceError
from firmware.phone.heap import keep_small
from firmware.phone.log import learn, setup
from firmware.phone.paths import default_socket, default_state_dir

log = logging.getLogger("sottovoce")

TURN_S = 0.0002
"""Seconds that one thread may run Python while another waits. Python's own 5 ms are longer than the way from
a key to the INVITE, on which the display is drawn and the key answered beside."""


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.phone", description="The telephone.")
    found.add_argument("--config", type=Path, help="phone.toml; without it all defaults (direct calls only)")
    found.add_argument("--board", default="raspberry-pi", metavar="NAME|FILE", help="what it runs on")
    found.add_argument("--state-dir", type=Path, default=None, help="what is kept over a restart")
    found.add_argument("--socket", type=Path, default=None, help="where the sotto command finds us")
    found.add_argument("--updates", type=Path, default=None, metavar="FOLDER", help="the updater's door")
    found.add_argument("--setup", type=Path, default=None, metavar="FOLDER", help="the set-up page's door")
    found.add_argument(
        "--typed",
        type=Path,
        default=typed.FOLDER,
        metavar="FOLDER",
        help="where the firewall's rules learn of an account typed at the first start",
    )
    found.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    found.add_argument("--check", action="store_true", help="check configuration and board, then exit")
    found.add_argument(
        "--dump-config", action="store_true", help="print the effective configuration, secrets masked"
    )
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    setup(options.log_level)
    keep_small()
    sys.setswitchinterval(TURN_S)
    try:
        config = configuration.load(options.config)
        board = load_board(options.board)
        state_dir = options.state_dir or default_state_dir()
        if not (options.dump_config or options.check):
            _settle(config, state_dir)
        config = typed.effective(config, state_dir)
        if not (options.dump_config or options.check):
            _tell(config, state_dir, options.typed)
        if options.dump_config:
            print(configuration.dump(config), end="")
            return 0
        if options.check:
            print("\n".join(("The configuration is good.", *config.profiled)))
            return 0
        learn(config)
        for note in config.profiled:
            log.info("%s", note)
        for weakening in configuration.weakenings(config):
            log.warning("%s", weakening)
        return _run(config, board, options)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return 2
    except SottovoceError as error:
        print(f"The telephone cannot start: {error}", file=sys.stderr)
        return 1


def _settle(config: configuration.Config, state_dir: Path) -> None:
    try:
        typed.settle(config, state_dir)
    except OSError as error:
        log.error("what was typed at the first start, and is in phone.toml now, stays here too: %s", error)


def _tell(config: configuration.Config, state_dir: Path, folder: Path) -> None:
    try:
        typed.tell(config, state_dir, folder)
    except OSError as error:
        log.error("the firewall does not learn where the provider is: %s", error)


def _run(config: configuration.Config, board: Board, options: argparse.Namespace) -> int:
    from firmware.phone import guest
    from firmware.phone.app import Phone
    from firmware.phone.door import folder_of
    from firmware.phone.period import Period
    from firmware.phone.setting_up.period import folder_of as setup_folder_of

    socket = options.socket or default_socket()
    if options.socket is None:
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        state_dir, updates = options.state_dir or default_state_dir(), folder_of(options.updates)
        period, setup = Period.beside(socket), setup_folder_of(options.setup)
        if period.running:
            log.info("guest mode")
            config, state_dir, updates, setup = guest.config(config), period.folder, None, None
            learn(config)
        phone = Phone(config, board, state_dir, socket, options.config, updates, period, setup)
        phone.run()
        phone.turn()
    except SottovoceError:
        raise
    except BaseException:
        log.critical("a part of the telephone failed; it stops and has to be started again", exc_info=True)
        _leave(1)
    if threading.active_count() > 1:
        _leave(0)
    return 0


def _leave(status: int) -> NoReturn:
    """End without Python's own end, which tears down what a thread that is late still stands on: one that
    comes back from C++ then (SIP, sound) is unwound through its destructors, and that aborts the process.
    """
    logging.shutdown()
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
