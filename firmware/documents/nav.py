"""The order of the site's pages. One that is not named here stands in the section of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from firmware.documents.stage import title

Nav = list[dict[str, object]]

SECTIONS: dict[str, tuple[str, ...]] = {
    "For who phones": ("docs/quick-start.md", "docs/manual.md", "docs/wiring.md"),
    "For who looks after telephones": (
        "docs/administrator.md",
        "docs/configuration.md",
        "docs/updates.md",
        "docs/image.md",
        "docs/factory-defaults.md",
    ),
    "For who builds on it": (
        "docs/porting.md",
        "docs/languages.md",
        "docs/hardware-tests.md",
        "docs/release-checklist.md",
    ),
    "Safety": ("docs/threat-model.md", "docs/regulations.md", "SECURITY.md"),
}
"""What each reader finds first, by section. A page that is not here goes to the section of its folder."""

MORE = "More"
FOLDERS = {
    "docs/adr": "Decisions",
    "board": "Boards",
    "firmware": "Inside",
    "systemd": "Inside",
    "docs": MORE,
    "": MORE,
}
"""Folders whose pages are a section of their own, the innermost first."""


def nav(pages: Sequence[Path], texts: Sequence[str]) -> Nav:
    """The navigation for ``pages``, whose ``texts`` give the titles: each page once."""
    titles = {str(page): title(text) for page, text in zip(pages, texts, strict=True)}
    left = dict(titles)
    left.pop("README.md", None)
    sections: dict[str, list[dict[str, str]]] = {}
    for name, wanted in SECTIONS.items():
        sections[name] = [{left.pop(page): page} for page in wanted if page in left]
    for page, words in left.items():
        folder = next(folder for folder in FOLDERS if not folder or page.startswith(folder + "/"))
        sections.setdefault(FOLDERS[folder], []).append({words: page})
    last = sections.pop(MORE, [])
    home: Nav = [{"Home": "README.md"}] if "README.md" in titles else []
    named: Nav = [{name: found} for name, found in [*sections.items(), (MORE, last)] if found]
    return home + named
