"""What was typed at the first start: it counts as phone.toml as long as phone.toml itself says nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from firmware.phone import config as configuration
from firmware.phone.config import Config
from firmware.phone.errors import ConfigError
from firmware.phone.machine.first_state import Provider

log = logging.getLogger("sottovoce.typed")

FILE, DONE = "typed.toml", "typed.done"
"""In the state directory: a phone.toml, and an empty file once the person has seen that it works."""


def untouched(config: Config) -> bool:
    """Whether there is a phone.toml that says nothing, as one is flashed."""
    return config.source is not None and replace(config, source=None) == Config()


def effective(config: Config, state_dir: Path) -> Config:
    """``config``, or what was typed where it says nothing. A typed one that is damaged counts as none."""
    file = state_dir / FILE
    if not untouched(config) or not file.exists():
        return config
    try:
        return configuration.load(file)
    except ConfigError as error:
        log.error("what was typed at the first start cannot be used: %s", "; ".join(error.faults))
        return config


def to_test(config: Config, state_dir: Path) -> bool:
    """Whether it was typed, and nobody has seen yet that it works."""
    return config.source == state_dir / FILE and not (state_dir / DONE).exists()


def providers() -> tuple[Provider, ...]:
    """What the first start offers: any provider, then those of the profiles."""
    from firmware.phone.providers.profile import every
    from firmware.phone.providers.told import weaker

    return (
        Provider(),
        *(
            Provider(one.word, one.name, tuple(one.ask), bool(weaker(one)), one.transport != "tls")
            for one in every()
        ),
    )
