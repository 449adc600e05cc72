"""Errors by whose fault they are. Each message says what is wrong and what to do next."""

from __future__ import annotations


class SottovoceError(Exception):
    """The root of all errors that this project raises on purpose."""


class ConfigError(SottovoceError):
    """The configuration or the board file is wrong. ``faults`` holds one line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class HardwareError(SottovoceError):
    """A device is missing, busy or broken."""


class SipError(SottovoceError):
    """The SIP engine refused or failed."""


class UpdateError(SottovoceError):
    """An update was refused or failed."""


class ProvisioningError(SottovoceError):
    """A configuration from afar was not taken, or not made; the one in use stays."""


class Unreachable(UpdateError):
    """The update server could not be asked, or broke off; to be tried again."""


class Untrusted(UpdateError):
    """What the update server gave is not what it must be: nothing of it is used."""
