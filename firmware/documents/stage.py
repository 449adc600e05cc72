"""What the site is made of: every page of the repository at its own place, so that links hold in both."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PAGES = (
    "README.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/**/*.md",
    "board/*/*.md",
    "systemd/README.md",
    "firmware/*/README.md",
)
"""Where pages are. A new file in docs/ is a page of the site without more ado."""

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def pages(root: Path = ROOT) -> list[Path]:
    """All pages, relative to ``root``."""
    return sorted({path.relative_to(root) for pattern in PAGES for path in root.glob(pattern)})


def links(text: str) -> list[str]:
    """Where the links and pictures of a page lead, code left out."""
    return _LINK.findall(_SPAN.sub("", _FENCE.sub("", text)))


def local(page: Path, text: str) -> Iterator[tuple[str, Path]]:
    """The links to files of the repository: as written, and the file relative to the root."""
    for link in links(text):
        name = link.partition("#")[0]
        if name and not re.match(r"[a-z][a-z0-9+.-]*:", name):
            yield link, _plain(page.parent / name)


def _plain(path: Path) -> Path:
    """``path`` without ``..``, which ``Path`` keeps. One that leaves the root keeps what leads out."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


def stage(folder: Path, root: Path = ROOT) -> list[Path]:
    """Lay pages, and the files that they link to, into ``folder``, emptied before. Returns the pages."""
    shutil.rmtree(folder, ignore_errors=True)
    found = pages(root)
    wanted = set(found)
    for page in found:
        wanted |= {path for _, path in local(page, (root / page).read_text()) if (root / path).is_file()}
    for path in sorted(wanted):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, folder / path)
    _list_decisions(folder / "docs" / "adr")
    return found


def _list_decisions(folder: Path) -> None:
    """On the site the first page of the decisions lists them; in the repository the folder does."""
    rows = [f"- [{title(path.read_text())}]({path.name})" for path in sorted(folder.glob("0*.md"))]
    if rows:
        with (folder / "README.md").open("a") as first:
            first.write("\n" + "\n".join(rows) + "\n")


def title(text: str) -> str:
    """The first heading of a page; code and links in it read as plain words."""
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return re.sub(r"`|\[|\]\([^)]*\)|\]", "", found[1]).strip() if found else "Untitled"
