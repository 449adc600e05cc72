"""The phrases that stand in the source, found by Babel."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).parents[1] / "phone"
CATALOGUES = SOURCE / "language"

_KEYWORDS = {"phrase": None, "phrase_in": ((1, "c"), 2), "counted": (1, 2)}
_COMMENT = "For translators:"
_IDLE = tuple(
    f'"{name}' for name in ("Project", "Report", "POT", "PO-", "Last-", "Language-Team", "MIME", "Generated")
)
"""Header fields that nobody reads, and that would change with each run."""


def template(source: Path = SOURCE) -> Catalog:
    """Every phrase of the source, untranslated."""
    found = Catalog(project="Sottovoce", charset="utf-8")
    rows = extract_from_dir(
        source, [("**.py", "python")], keywords=_KEYWORDS, comment_tags=(_COMMENT,), strip_comment_tags=True
    )
    for _, _, msgid, comments, context in rows:
        found.add(msgid, auto_comments=comments, context=context)
    return found


def catalogue(file: Path) -> Catalog:
    """A language's file. ``pofile.PoFileError`` when it is none."""
    with file.open("rb") as octets:
        return read_po(octets, locale=file.stem, abort_invalid=True)


def brought_up_to_date(file: Path, found: Catalog) -> str:
    """The text of ``file`` with what is new in the source, still empty, and without what is gone."""
    return _text(catalogue(file), found)


def begun(code: str, found: Catalog) -> str:
    """The text of a new language's file: every phrase, still empty. UnknownLocaleError for no language."""
    return _text(Catalog(locale=code, fuzzy=False), found)


def _text(kept: Catalog, found: Catalog) -> str:
    kept.header_comment = f"# {kept.locale.english_name}." if kept.locale else ""
    kept.update(found, no_fuzzy_matching=True, update_creation_date=False)
    octets = io.BytesIO()
    write_po(octets, kept, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    lines = octets.getvalue().decode().split("\n")
    end = lines.index("")
    return "\n".join([line for line in lines[:end] if not line.startswith(_IDLE)] + lines[end:])


def faults(file: Path, found: Catalog) -> Iterator[str]:
    """What is missing in a language's file, or is in it for nothing: one line each."""
    said = {(message.context, message.id): message for message in catalogue(file) if message.id}
    wanted = {(message.context, message.id): message for message in found if message.id}
    for key in sorted(wanted.keys() - said.keys(), key=str):
        yield f"{file.name}: {key[1]!r} is not there: make messages"
    for key in sorted(said.keys() - wanted.keys(), key=str):
        yield f"{file.name}: {key[1]!r} is not in the source any more: make messages"
    for key in sorted(said.keys() & wanted.keys(), key=str):
        strings = said[key].string
        if not all([strings] if isinstance(strings, str) else strings or [""]):
            yield f"{file.name}: {key[1]!r} is not translated: write its msgstr"
