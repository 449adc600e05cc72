"""The languages there are, each one file of this folder, and how a phrase is said in them.

The files are gettext's own (GNU gettext manual, "PO Files"). English needs none: it is in the code.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from firmware.phone.language.phrase import Phrase, Value, filled, phrase_in

ENGLISH = "en"
FOLDER = Path(__file__).parent
CODES = (ENGLISH, *sorted(file.stem for file in FOLDER.glob("*.po")))
"""ISO 639-1."""

OWN_NAME = phrase_in("language", "English")
"""What people who speak it call the language."""

_GROUPED = 10_000
"""From here on digits stand in groups: 12,000. Below, half of the world writes none."""


class Language:
    """``catalogue`` has what is not English."""

    def __init__(self, code: str, catalogue: gettext.NullTranslations) -> None:
        self.code = code
        self._catalogue = catalogue
        self._comma = self.say(phrase_in("number", ","))

    @property
    def name(self) -> str:
        return self.say(OWN_NAME)

    def say(self, text: str) -> str:
        """``text`` in this language where it is a phrase; a name, or what others wrote, as it is."""
        if not isinstance(text, Phrase):
            return text
        return filled(self._words(text), {name: self._said(value) for name, value in text.values.items()})

    def _words(self, text: Phrase) -> str:
        if text.fixed:
            return text.msgid
        number = text.values.get("number")
        if text.plural and isinstance(number, int):
            return self._catalogue.ngettext(text.msgid, text.plural, number)
        if text.context:
            return self._catalogue.pgettext(text.context, text.msgid)
        return self._catalogue.gettext(text.msgid)

    def _said(self, value: Value) -> str:
        if isinstance(value, int):
            return str(value) if abs(value) < _GROUPED else f"{value:,}".replace(",", self._comma)
        return self.say(value)


@cache
def language(code: str) -> Language:
    """The language with this code. Raises KeyError when there is none."""
    if code not in CODES:
        raise KeyError(code)
    if code == ENGLISH:
        return Language(code, gettext.NullTranslations())
    # Imported here: a telephone that speaks English need not pay for it.
    import polib

    compiled = polib.pofile(str(FOLDER / f"{code}.po")).to_binary()
    return Language(code, gettext.GNUTranslations(io.BytesIO(compiled)))
