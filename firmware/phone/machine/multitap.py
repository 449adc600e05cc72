"""Letters on the twelve keys, typed by pressing one several times (ITU-T E.161, ETSI ES 202 130). Pure."""

from __future__ import annotations

import functools

_LATIN = {
    "1": ".,?!'-1@:/()",
    "2": "abc2",
    "3": "def3",
    "4": "ghi4",
    "5": "jkl5",
    "6": "mno6",
    "7": "pqrs7",
    "8": "tuv8",
    "9": "wxyz9",
    "0": " 0+=&",
}
_MORE = {
    "cs": {"2": "áč", "3": "ďéě", "4": "í", "6": "ňó", "7": "řš", "8": "ťúů", "9": "ýž"},
    "da": {"2": "æå", "6": "ø"},
    "de": {"2": "ä", "6": "ö", "7": "ß", "8": "ü"},
    "es": {"1": "¿¡", "2": "á", "3": "é", "4": "í", "6": "ñó", "8": "úü"},
    "fr": {"2": "àâçæ", "3": "éèêë", "4": "îï", "6": "ôœ", "8": "ùûü"},
    "it": {"2": "à", "3": "èé", "4": "ì", "6": "ò", "8": "ù"},
    "nl": {"3": "ëé", "4": "ï", "6": "ö", "8": "ü"},
    "pl": {"2": "ąć", "3": "ę", "5": "ł", "6": "ńó", "7": "ś", "9": "źż"},
    "pt": {"2": "áàâãç", "3": "éê", "4": "í", "6": "óôõ", "8": "ú"},
    "sv": {"2": "åä", "6": "ö"},
}
"""Letters of a language beside those of all."""

_INSTEAD = {
    "el": {
        "2": "αβγά", "3": "δεζέ", "4": "ηθιήίϊΐ", "5": "κλμ",
        "6": "νξοό", "7": "πρσς", "8": "τυφύϋΰ", "9": "χψωώ",
    },
    "ru": {
        "2": "абвг", "3": "деёжз", "4": "ийкл", "5": "мноп",
        "6": "рсту", "7": "фхцч", "8": "шщъы", "9": "ьэюя",
    },
}  # fmt: skip
"""Letters of another alphabet; the Latin ones come after them."""


@functools.lru_cache
def letters(language: str) -> dict[str, str]:
    """What each key types, in the order in which pressing it again goes through them."""
    found = {}
    for key, latin in _LATIN.items():
        before = _INSTEAD.get(language, {}).get(key, "")
        found[key] = before + latin + _MORE.get(language, {}).get(key, "")
    return found


def letter(language: str, key: str, taps: int) -> str:
    """The one that ``key`` types when it was pressed ``taps`` times in a row."""
    row = letters(language)[key]
    return row[(taps - 1) % len(row)]
