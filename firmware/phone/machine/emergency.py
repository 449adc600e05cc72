"""Which dialled digits call for help, by country: data and one question. Pure.

Sources: the short numbers of libphonenumber (compared by a test, so that a newer one is noticed) and the
emergency numbers of Android's telephony service; for 112 the European Electronic Communications Code,
article 109. A number with a ``?`` is in neither of them: it is kept, because taking one for an ordinary
number would be worse. 112 and 911 count in every country: people dial the number of their home. Left out,
though listed: 114 of DK (the police when there is no hurry), and those of 150 to 159 in CZ that nobody has.
"""

from __future__ import annotations

EVERYWHERE = frozenset({"112", "911"})

_TABLE: dict[str, str] = {
    "AL": "127 128 129",
    "AR": "100 101 107",
    "AT": "122 133 144 140?",
    "AU": "000 106",
    "BA": "122 123 124",
    "BE": "100 101",
    "BG": "150 160 166",
    "BR": "128 190 192 193",
    "CA": "",
    "CH": "117 118 144 1414?",
    "CL": "131 132 133",
    "CN": "110 119 120 122?",
    "CY": "199",
    "CZ": "150 155 156 158",
    "DE": "110",
    "DK": "",
    "EE": "110",
    "ES": "085 088 061? 062? 080? 091? 092?",
    "FI": "",
    "FR": "15 17 18 114? 191? 196?",
    "GB": "999",
    "GR": "100 166 199 108?",
    "HK": "992 999",
    "HR": "93 94 192 193 194",
    "HU": "104 105 107",
    "ID": "110 113 118 119",
    "IE": "999",
    "IL": "100 101 102",
    "IN": "100 101 102 108 1298 2611",
    "IS": "",
    "IT": "113 115 118 1530?",
    "JP": "110 119 118?",
    "KR": "119",
    "LI": "117 118 144",
    "LT": "01 02 03 011 022 033 101 102 103",
    "LU": "113",
    "LV": "01 02 03 110 113",
    "MD": "901 902 903",
    "ME": "122 123 124",
    "MK": "192 193 194",
    "MT": "",
    "MX": "060 065 066 068 080",
    "MY": "999",
    "NL": "",
    "NO": "110 113",
    "NZ": "111",
    "PH": "117",
    "PL": "997 998 999",
    "PT": "115",
    "RO": "",
    "RS": "92 93 94 192 193 194",
    "RU": "01 02 03 101 102 103",
    "SE": "90000",
    "SG": "993 995 999",
    "SI": "113",
    "SK": "150 155 158",
    "TH": "191 199 1669",
    "TR": "110 155",
    "TW": "110 119",
    "UA": "01 02 03 101 102 103",
    "US": "",
    "VE": "171",
    "ZA": "10111 10177",
}

NUMBERS = {country: frozenset(cell.replace("?", "").split()) for country, cell in _TABLE.items()}
"""ISO 3166 country -> its own numbers, besides those of EVERYWHERE."""

UNCONFIRMED = {
    country: frozenset(number.rstrip("?") for number in cell.split() if number.endswith("?"))
    for country, cell in _TABLE.items()
}


SERVICES: dict[str, dict[str, str]] = {
    "": {"112": "sos", "911": "sos"},
    "AT": {"122": "sos.fire", "133": "sos.police", "144": "sos.ambulance"},
    "AU": {"000": "sos"},
    "BE": {"100": "sos", "101": "sos.police"},
    "CH": {"117": "sos.police", "118": "sos.fire", "144": "sos.ambulance"},
    "DE": {"110": "sos.police"},
    "FR": {"15": "sos.ambulance", "17": "sos.police", "18": "sos.fire"},
    "GB": {"999": "sos"},
    "IE": {"999": "sos"},
    "IT": {"113": "sos.police", "115": "sos.fire", "118": "sos.ambulance"},
    "JP": {"110": "sos.police"},
    "NO": {"110": "sos.fire", "113": "sos.ambulance"},
    "NZ": {"111": "sos"},
    "PL": {"997": "sos.police", "998": "sos.fire", "999": "sos.ambulance"},
}
"""Which service a number is known to call (RFC 5031 section 4.2), by country; "": everywhere. A number that
is not here has no name, and goes as digits alone: another service than the one dialled is no help."""

URN = "urn:service:"
TEST = "urn:service:test.sos"
"""A test call (RFC 6881 section 15): a machine answers it."""


def urn(country: str, digits: str) -> str:
    """The name of the service that an emergency number calls, or "" where it is not known for sure."""
    service = SERVICES.get(country, {}).get(digits) or SERVICES[""].get(digits, "")
    return f"{URN}{service}" if service else ""


def begins(country: str, digits: str) -> bool:
    """Whether an emergency number is these digits, or begins with them."""
    numbers = EVERYWHERE | NUMBERS.get(country, frozenset())
    return bool(digits) and any(number.startswith(digits) for number in numbers)


def is_emergency(country: str, digits: str) -> bool:
    """Whether exactly these dialled digits call an emergency service. ``country`` may be unknown ("")."""
    return digits in EVERYWHERE or digits in NUMBERS.get(country, frozenset())
