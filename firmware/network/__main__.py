"""``python -m firmware.network``: from the configuration to what may pass, for nft, resolved and chrony.

Run before the telephone, by a user who can read the configuration and no secret
(``sottovoce-network.service``).
Exit status: 0 done, 2 for a wrong configuration: then nothing is written, and nothing passes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from firmware.network import first, links, nft, services
from firmware.network.egress import declared
from firmware.phone import config as configuration
from firmware.phone import guest
from firmware.phone.config import Config
from firmware.phone.errors import ConfigError, ProvisioningError
from firmware.provisioning import ticket
from firmware.updater import settings


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.network", description=__doc__)
    found.add_argument("--config", type=Path, help="phone.toml; one that is not there is an empty one")
    found.add_argument("--update", type=Path, default=Path("/etc/sottovoce/update.toml"))
    found.add_argument("--period", type=Path, help="the folder that is there in a guest period")
    found.add_argument("--ticket", type=Path, default=Path("/etc/sottovoce/provision.toml"))
    found.add_argument("--typed", type=Path, help="what the telephone tells of a typed account")
    found.add_argument("--folder", type=Path, help="where to write to; without it the rules are printed")
    return found


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    path = options.config if options.config and options.config.exists() else None
    try:
        config = configuration.load(path, files=False)
        update = settings.read(options.update)
    except ConfigError as error:
        print("\n".join(error.faults), file=sys.stderr)
        return 2
    config = _typed(config, options.typed) if options.typed else config
    provisioned = _provisioned(options.ticket)
    if options.period is not None and options.period.is_dir():
        config, update, provisioned = guest.config(config), settings.Settings(), ""
    made = files(config, update, provisioned)
    if options.folder is None:
        print(made["egress.nft"], end="")
        return 0
    for name, text in made.items():
        _write(options.folder / name, text)
    return 0


def _typed(config: Config, told: Path) -> Config:
    """One that is strange lets nothing more through, and nothing less."""
    try:
        return first.effective(config, told)
    except first.Strange as error:
        print(f"what the telephone tells of its account is not taken: {error}", file=sys.stderr)
        return config


def _provisioned(path: Path) -> str:
    """Where the configuration is pulled from; a wrong ticket lets nothing more through, and nothing less."""
    if not path.exists():
        return ""
    try:
        return ticket.read(path).url
    except ProvisioningError as error:
        print(error, file=sys.stderr)
        return ""


def files(config: Config, update: settings.Settings, provisioned: str = "") -> dict[str, str]:
    """Name and content of what is written."""
    return {
        "egress.nft": nft.rules(declared(config, update, provisioned)),
        "resolved.conf": services.resolved(config),
        "time.sources": services.chrony(config),
        "iwd/main.conf": services.iwd(config),
        **links.files(config),
    }


def _write(path: Path, text: str) -> None:
    """Old or new, never half."""
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


if __name__ == "__main__":
    sys.exit(main())
