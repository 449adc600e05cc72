"""A place that the user typed in: a civic address, checked. Pure.

It is told in an emergency call and nowhere else; nothing ever finds out a place by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.phone.suggest import suggestion

NAMES = (
    *(
        "country",
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
        "A6",
        "PRM",
        "PRD",
        "RD",
        "STS",
        "POD",
        "POM",
        "RDSEC",
        "RDBR",
    ),
    *("RDSUBBR", "HNO", "HNS", "LMK", "LOC", "FLR", "NAM", "PC", "BLD", "UNIT", "ROOM", "SEAT", "PLC", "PCN"),
    *("POBOX", "ADDCODE"),
)
"""The elements of a civic address in the order of their schema (RFC 5139 section 5)."""

LONGEST_VALUE = 100
"""Characters of one field."""

LONGEST = 900
"""Octets of a whole place, as text."""

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
    "BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
    "ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT "
    "HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
    "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
    "SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
    "UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
)

COUNTRIES = frozenset(_CODES.split())
"""ISO 3166-1."""

EXAMPLE = "country=DE;A3=Berlin;RD=Musterstraße;HNO=5;LOC=2nd floor"

_BY_LOWER = {name.lower(): name for name in NAMES}


@dataclass(frozen=True)
class Place:
    """``fields``: name and value of each, in the order of NAMES. Its repr does not tell them."""

    fields: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def text(self) -> str:
        """As ``parse`` reads it."""
        return ";".join(f"{name}={value}" for name, value in self.fields)


def parse(text: str) -> Place:
    """The place that ``text`` ("NAME=VALUE;NAME=VALUE") tells.

    Raises ValueError, in words for a person that do not repeat the place.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        given, equals, value = part.partition("=")
        name = _BY_LOWER.get(given.strip().lower(), "")
        if not equals:
            raise ValueError(f"a field has no =; write the place as {EXAMPLE!r}")
        if not name:
            close = suggestion(given.strip(), NAMES)
            raise ValueError(f"a field is not known{close}; the fields are {', '.join(NAMES)} (RFC 5139)")
        if name in found:
            raise ValueError(f"{name} is there twice; write it once")
        found[name] = _checked(name, " ".join(value.split()))
    if "country" not in found or len(found) < 2:
        raise ValueError(f"country and at least one more field are needed, such as {EXAMPLE!r}")
    place = Place(tuple((name, found[name]) for name in NAMES if name in found))
    if len(place.text.encode()) > LONGEST:
        raise ValueError(f"the place is too long; at most {LONGEST} octets are kept")
    return place


def _checked(name: str, value: str) -> str:
    if not value:
        raise ValueError(f"{name} is empty; leave it out or fill it in")
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"{name} is too long; at most {LONGEST_VALUE} characters are taken")
    if not value.isprintable():
        raise ValueError(f"{name} has signs that cannot be printed; type it in again")
    if name == "country":
        value = value.upper()
        if value not in COUNTRIES:
            raise ValueError('country is none of ISO 3166; write its two letters, such as "DE"')
    return value
