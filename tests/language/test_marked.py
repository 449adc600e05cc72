"""No English word reaches the display that could not be said in another language."""

from __future__ import annotations

import re

import pytest

from firmware.phone.display.screens import Pages, Screen
from firmware.phone.display.text import clean, cleaned
from firmware.phone.display.words import Words, said
from firmware.phone.language.phrase import joined, phrase
from tests.golden.samples import SAMPLES
from tests.language.pseudo import PSEUDO, unmarked

NAMES = re.compile(
    r"Bob|Baker|Alice|Archer|Carol|Clerk|Dr|Wilhelmina|Freifrau|von|Müller|Lüdenscheidt|Your|bank|Jürgen|"
    r"Größenwahn|Şahin|WWW+|ЩЩ+|数字|[Α-ώЀ-ӿ]+|alice|bob|carol|phone|test|example|org|mueller|luedenscheidt|"
    r"kanzlei|sip|people|vcf|CardDAV|dav|UDP|TLS|Sottovoce|pjsua|opus|pcma|pcmu|knaB|artist|bandit|"
    r"https|toml|lock|English|[km]mmm|wwww|jidc|jd9p|czso|pmb|gt|ufe|xq|jd|mmmm"
)
"""What the samples call people, hosts, files and libraries; and comparison codes."""

FROM_OUTSIDE = (
    {"settings-options", "settings-self-test", "settings-network"}
    | {
        "idle-locked-trouble",
        "idle-failed",
        "idle-everything",
        "idle-resting-trouble",
        "menu-contacts-trouble",
    }
    | {
        "menu-contacts-faults",
        *(name for name in SAMPLES if name.startswith(("update-", "menu-updates", "call-text"))),
    }
)
"""Screens with texts of servers, programs, far ends or a release's makers: these are shown as they came."""


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in FROM_OUTSIDE])
def test_every_word_of_a_screen_is_a_phrase(name: str) -> None:
    found = [word for line in texts(SAMPLES[name]) for word in unmarked(line) if not NAMES.fullmatch(word)]
    assert found == []


def texts(screen: Screen) -> list[str]:
    """What a screen says, before any line is broken."""
    if isinstance(screen, Pages) and screen.paragraphs:
        return [clean(PSEUDO.say(text), 500) for text in (screen.title, *screen.paragraphs)]
    return said(cleaned(screen, PSEUDO), Words(PSEUDO))


def test_an_unmarked_word_is_found() -> None:
    assert unmarked(PSEUDO.say(phrase("{who} calls", who=phrase("Anonymous")))) == []
    assert unmarked(PSEUDO.say(joined((phrase("Anonymous"), "calls")))) == ["calls"]
