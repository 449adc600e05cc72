"""Which dialled digits call for help, by country: data and one question. Pure.

Sources: the numbers that each country's administration has given to the ITU (E.129 national numbering), and
for 112 the European Electronic Communications Code, article 109. 112 and 911 count in every country: people
dial the number of their home.
"""

from __future__ import annotations

EVERYWHERE = frozenset({"112", "911"})

NUMBERS: dict[str, frozenset[str]] = {
    country: frozenset(numbers.split())
    for country, numbers in {
        "AT": "122 133 140 144",
        "AU": "000 106",
        "BE": "100 101",
        "BR": "190 192 193",
        "CA": "911",
        "CH": "117 118 144 1414",
        "CN": "110 119 120 122",
        "DE": "110",
        "DK": "112",
        "ES": "061 062 080 085 091 092",
        "FI": "112",
        "FR": "15 17 18 114 191 196",
        "GB": "999",
        "GR": "100 108 166 199",
        "HK": "999",
        "IE": "999",
        "IN": "100 101 102 108",
        "IT": "113 115 118 1530",
        "JP": "110 118 119",
        "KR": "112 119",
        "MX": "911",
        "NL": "112",
        "NO": "110 113",
        "NZ": "111",
        "PL": "997 998 999",
        "PT": "112",
        "SE": "112",
        "SG": "995 999",
        "US": "911",
        "ZA": "10111 10177",
    }.items()
}
"""ISO 3166 country -> its own numbers, besides those of EVERYWHERE."""


def is_emergency(country: str, digits: str) -> bool:
    """Whether exactly these dialled digits call an emergency service. ``country`` may be unknown ("")."""
    return digits in EVERYWHERE or digits in NUMBERS.get(country, frozenset())
