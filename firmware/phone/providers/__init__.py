"""What is known of providers, as data: one file for each, which an account names (``account.provider``).

A file fills what the user did not write. What is known of it, and whether anybody tried it, stands in it.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The words that ``account.provider`` takes."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))
