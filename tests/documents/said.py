"""What the documents say that a program can try: commands, options, codes, files, words of the display."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

from firmware.documents.stage import ROOT, pages

GENERATED = {
    Path("docs/configuration.md"): "written from the table of options, and held against it by its own test",
    Path("docs/factory-defaults.md"): "written from tests/factory/defaults.toml",
}
RECORDS = ("CHANGELOG.md", "docs/adr/", "docs/figures.md")
"""Pages that tell how it was at their time."""

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_DISPLAY = re.compile(r"“([^”]+)”")
SHELL = ("", "sh", "bash", "shell", "console")


class Said(NamedTuple):
    """``text`` as it stands on ``page``."""

    page: str
    text: str


@functools.cache
def documents() -> dict[str, str]:
    """The pages that tell what is: their text by their name."""
    return {
        str(page): (ROOT / page).read_text()
        for page in pages()
        if page not in GENERATED and not str(page).startswith(RECORDS)
    }


@functools.cache
def spans() -> tuple[Said, ...]:
    """Every piece of code within a sentence."""
    return tuple(
        Said(page, span) for page, text in documents().items() for span in _SPAN.findall(_FENCE.sub("", text))
    )


@functools.cache
def shell_lines() -> tuple[Said, ...]:
    """Every line of the blocks that are typed into a shell, remarks left out."""
    found = []
    for page, text in documents().items():
        for block in _FENCE.finditer(text):
            if block["language"] in SHELL:
                joined = block["body"].replace("\\\n", " ")
                found += [
                    Said(page, line.partition(" #")[0].strip())
                    for line in joined.splitlines()
                    if line.strip()
                ]
    return tuple(found)


@functools.cache
def blocks(language: str) -> tuple[Said, ...]:
    """The blocks of ``language``, whole."""
    return tuple(
        Said(page, "\n".join(line.removeprefix(block["indent"]) for line in block["body"].splitlines()))
        for page, text in documents().items()
        for block in _FENCE.finditer(text)
        if block["language"] == language
    )


@functools.cache
def commands(program: str) -> tuple[Said, ...]:
    """Every use of ``program``, in sentences and in blocks, from its name on."""
    found = re.compile(
        rf"(?:^|[;&|(] ?|\bexec )(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?({re.escape(program)}(?: .*)?)$"
    )
    return tuple(
        Said(said.page, match[1].partition("; ")[0])
        for said in (*spans(), *shell_lines())
        if (match := found.search(said.text))
    )


@functools.cache
def shown() -> tuple[Said, ...]:
    """The words that stand in “such quotes”: what the display says."""
    return tuple(Said(page, words) for page, text in documents().items() for words in _DISPLAY.findall(text))
