"""Codes dialled before a number that say for this one call whether the called party sees who calls. Pure.

Every country knows the codes of the fixed network after ETSI (ETS 300 738 and its national forms, ``*31#``
and ``#31#``; ``*31*`` where the code runs into the number) and of the North American numbering plan (``*67``
and ``*82``). Beware: mobile telephones (3GPP TS 22.030) have ``#31#`` and ``*31#`` the other way round.

The other national ones are those that public documents confirm: Australia 1831 and 1832 (the regulator
ACMA), Great Britain 141 and 1470, Ireland 141 and 142 (the operators), Italy ``*67#``, Japan 184 and 186
(NTT), New Zealand 0197 (Telecom).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Presentation(enum.Enum):
    """What a code asks for."""

    RESTRICT = "restrict"
    PERMIT = "permit"


_RESTRICT, _PERMIT = Presentation.RESTRICT, Presentation.PERMIT

EVERYWHERE = {"*31#": _RESTRICT, "*31*": _RESTRICT, "*67": _RESTRICT, "#31#": _PERMIT, "*82": _PERMIT}

CODES: dict[str, dict[str, Presentation]] = {
    "AU": {"1831": _RESTRICT, "1832": _PERMIT},
    "GB": {"141": _RESTRICT, "1470": _PERMIT},
    "IE": {"141": _RESTRICT, "142": _PERMIT},
    "IT": {"*67#": _RESTRICT},
    "JP": {"184": _RESTRICT, "186": _PERMIT},
    "NZ": {"0197": _RESTRICT},
}
"""ISO 3166 country -> its own codes, besides those of EVERYWHERE."""


@dataclass(frozen=True)
class Dialled:
    """Dialled digits, taken apart: what the code before the number asks for, and the number."""

    presentation: Presentation | None
    number: str

    @property
    def restricted(self) -> bool:
        return self.presentation is Presentation.RESTRICT

    @property
    def permits(self) -> bool:
        return self.presentation is Presentation.PERMIT


def codes(country: str) -> dict[str, Presentation]:
    """The codes that work in a country; ``country`` may be unknown ("")."""
    return EVERYWHERE | CODES.get(country, {})


def split(country: str, digits: str) -> Dialled:
    """``digits`` without the codes before the number. Of several codes a restricting one wins."""
    known = codes(country)
    found: Presentation | None = None
    while code := max((code for code in known if digits.startswith(code)), key=len, default=""):
        found = _RESTRICT if _RESTRICT in (found, known[code]) else known[code]
        digits = digits[len(code) :]
    return Dialled(found, digits)


def continues(country: str, digits: str) -> bool:
    """Whether ``digits`` are the whole or the beginning of a code, so that a ``#`` in them does not dial."""
    rest = split(country, digits).number
    return not rest or any(code.startswith(rest) for code in codes(country))
