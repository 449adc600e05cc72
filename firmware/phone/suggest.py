""" "Did you mean …?" for words that people type. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: ``; did you mean "x"?``, or nothing when none is near."""
    by_form = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower()[:64], by_form, n=1, cutoff=0.6)
    return f'; did you mean "{by_form[near[0]]}"?' if near else ""
