"""A language in which every phrase stands in brackets: what stands outside of any was never marked."""

from __future__ import annotations

import gettext
import re

from firmware.phone.language.catalogue import Language
from firmware.phone.language.phrase import Phrase

OPEN, CLOSE = "⟦", "⟧"


class Pseudo(Language):
    def __init__(self) -> None:
        super().__init__("en", gettext.NullTranslations())

    def _words(self, text: Phrase) -> str:
        words = super()._words(text)
        if text.fixed or not words:
            return words
        parts = re.split(r"(\{\w+\})", words)
        return "".join(part if part.startswith("{") or not part else f"{OPEN}{part}{CLOSE}" for part in parts)


PSEUDO = Pseudo()


def unmarked(line: str) -> list[str]:
    """The words of ``line`` that no phrase said."""
    outside = re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", line)
    return re.findall(r"[^\W\d_]{2,}", outside)
