"""Every language says everything that the source says, nothing that it does not, and in the same form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.messages.source import CATALOGUES, brought_up_to_date, catalogue, faults, template

FILES = sorted(CATALOGUES.glob("*.po"))
FOUND = template()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_missing_and_nothing_is_obsolete(file: Path) -> None:
    assert list(faults(file, FOUND)) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_is_as_the_tool_writes_it(file: Path) -> None:
    assert file.read_text() == brought_up_to_date(file, FOUND), "make messages"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_translation_has_the_values_of_its_phrase(file: Path) -> None:
    wrong = []
    for message in catalogue(file):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if not ids[0]:
            continue
        for string in strings:
            if string and values(string) != values(ids[-1]):
                wrong.append(f"{ids[0]!r}: {string!r}")
    assert wrong == []


def values(words: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", words))


def test_the_source_has_phrases() -> None:
    found = {message.id for message in FOUND}
    assert {"End to end", "Busy", ("{number} new message", "{number} new messages")} <= found


def test_each_fault_of_a_catalogue_is_found(tmp_path: Path) -> None:
    file = tmp_path / "de.po"
    head = 'msgid ""\nmsgstr ""\n"Language: de\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    file.write_text(head + '\nmsgid "Busy"\nmsgstr ""\n\nmsgid "No more"\nmsgstr "Nicht mehr"\n')
    said = " ".join(faults(file, FOUND))
    assert "'Busy' is not translated" in said
    assert "'No more' is not in the source any more" in said
    assert "'End to end' is not there" in said
