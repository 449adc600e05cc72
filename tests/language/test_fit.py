"""Every screen holds its words in every language: what English does not cut is cut in no other."""

from __future__ import annotations

import pytest

from firmware.phone.display.screens import PLAIN, Look
from firmware.phone.language.catalogue import CODES
from tests.golden.samples import SAMPLES
from tests.language.cuts import of

MADE_TO_BE_CUT = "pages-wide"

ENGLISH = {name: of(screen, PLAIN) for name, screen in SAMPLES.items() if name != MADE_TO_BE_CUT}


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_cut_that_is_whole_in_english(code: str) -> None:
    wrong = []
    for name, plain in ENGLISH.items():
        found = of(SAMPLES[name], Look(code))
        if len(found.cut) > len(plain.cut):
            wrong.append(f"{name}: {found.cut} is cut")
        if len(found.over) > len(plain.over):
            wrong.append(f"{name}: {found.over} has no room")
    assert not wrong, "\n".join(wrong)
