"""A newcomer's first mistake in phone.toml, and its correction by the telephone's own words alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

MISTAKES = {
    "password": "passwort",
    'domain = "': 'domian = "',
    "[[contact]]": "[[contacts]]",
    "speed_dial = 2": 'speed_dial = "two"',
}
"""What the example says, and what is typed instead."""

Check = Callable[[], tuple[int, str]]
"""Runs ``--check``: exit code and what it prints."""


def corrected(text: str, said: str) -> str:
    """``text`` as somebody mends it who reads the message and knows nothing else."""
    for line in said.splitlines():
        if near := re.search(r': (?:[\w.\[\]]+\.)?(\w+): unknown \w+; did you mean "(\w+)"\?', line):
            return re.sub(rf"\b{near[1]}\b", near[2], text, count=1)
        if kind := re.search(r"\.(\w+): [^:]*from (\d+)", line):
            return re.sub(rf"(?m)^{kind[1]} = .*$", f"{kind[1]} = {kind[2]}", text, count=1)
    return text


def walk(file: Path, example: str, wrong: str, right: str, check: Check) -> list[str]:
    """Make one mistake, read, mend, until it is right; three tries. Returns what was said on the way.

    Raises AssertionError when the words do not lead there.
    """
    assert right in example
    text = example.replace(right, wrong, 1)
    said: list[str] = []
    for _ in range(3):
        file.write_text(text)
        file.chmod(0o600)
        code, words = check()
        if code == 0:
            assert said, "the mistake was not noticed"
            return said
        said.append(words)
        text = corrected(text, words)
    raise AssertionError(f"three tries, and still wrong: {said}")
