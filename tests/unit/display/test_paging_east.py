"""Lines of East Asian text: two columns a letter, broken anywhere but before a stop or behind a bracket."""

from __future__ import annotations

from firmware.phone.display.fonts import Face
from firmware.phone.display.layout import wrap
from firmware.phone.display.paging import columns, wrapped


def test_a_letter_takes_two_columns() -> None:
    assert columns("ab端到") == 6
    assert wrapped("端到端加密", 6) == ["端到端", "加密"]


def test_no_stop_begins_a_line_and_no_bracket_ends_one() -> None:
    assert wrapped("端到端，加密", 6) == ["端到", "端，加", "密"]
    assert wrapped("端到（加密）", 6) == ["端到", "（加", "密）"]


def test_words_in_letters_stay_whole() -> None:
    assert wrapped("经 TLS 加密", 6) == ["经 TLS", "加密"]
    assert wrapped("one two", 6) == ["one", "two"]


def test_pixels_break_at_the_same_places() -> None:
    face = Face(12)
    lines = wrap("对方看到：Alice Archer（紧急）", face, 60)
    assert all(face.width(line) <= 60 for line in lines)
    assert "".join(lines).replace(" ", "") == "对方看到：AliceArcher（紧急）"
    assert not any(line.endswith("（") or line.startswith("）") for line in lines)
