"""What the first start knows at one moment. Pure; its decisions are in ``first``."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from firmware.phone.machine.tapping import Tapped


@dataclass(frozen=True)
class Provider:
    """A profile, as far as the first start needs it. ``asks``: the options that the user has to give.

    ``weaker``: it has values that need a consent; ``in_clear``: signalling without TLS is among them.
    """

    word: str = ""
    name: str = ""
    asks: tuple[str, ...] = ("user", "password", "domain")
    weaker: bool = False
    in_clear: bool = False


class Step(enum.Enum):
    LANGUAGE = 1
    COUNTRY = 2
    NETWORK = 3
    ACCOUNT = 4
    PROVIDER = 5
    USER = 6
    LOGIN = 7
    PASSWORD = 8
    DOMAIN = 9
    CONSENT = 10
    NOTICE = 11
    KEEPING = 12
    TEST = 13


@dataclass(frozen=True)
class First:
    """``at``: which of the choices, or which page. ``way``: the steps back. ``typed``: the options so far.
    ``consent``: what is weaker may be filled in. ``cable``, ``address``: of the network; None: not known.
    """

    step: Step = Step.LANGUAGE
    at: int = 0
    way: tuple[Step, ...] = ()
    country: str = ""
    provider: Provider = Provider()
    typed: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tapped: Tapped = Tapped()
    consent: bool = False
    account: bool = False
    cable: bool | None = None
    address: bool | None = None
    said: str = ""
