"""The documents as a site: built without a network, each page in it, nothing from elsewhere."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from firmware.documents import stage
from firmware.documents.__main__ import build
from firmware.documents.nav import nav
from firmware.documents.stage import ROOT, links, local, pages

FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe|source|video|audio)[^>]+(?:src|href)=["']?(?:https?:)?//"""
)
STYLE_FOREIGN = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?:https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``make docs`` builds it, by a program that cannot reach any network."""
    folder = tmp_path_factory.mktemp("site")

    def refuse(*given: Any, **named: Any) -> None:
        raise AssertionError(f"the build asked the network: {given} {named}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        build(folder / "site", folder / "pages")
    return folder / "site"


def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    index = (site / "index.html").read_text()
    for page in pages():
        name = "index.html" if page.name == "README.md" else f"{page.stem}.html"
        built = page.parent / name
        assert (site / built).is_file(), built
        here = "." if str(built) == "index.html" else str(built)
        assert f'href="{here}"' in index or str(page) == "README.md", f"{page} is in no section"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert not FOREIGN.search(text), path
        assert 'class="mermaid"' not in text, "the theme would load its drawer from elsewhere"
    for path in site.rglob("*.css"):
        assert not STYLE_FOREIGN.search(path.read_text()), path


def test_the_first_page_has_the_picture_and_the_decisions_are_listed(site: Path) -> None:
    assert "docs/pictures/page.png" in (site / "index.html").read_text()
    assert (site / "docs/pictures/page.png").is_file()
    listed = (site / "docs/adr/index.html").read_text()
    for decision in (ROOT / "docs/adr").glob("0*.md"):
        assert f'href="{decision.stem}.html"' in listed


def anchors(text: str) -> set[str]:
    """The headings of a page as GitHub names them."""
    titles = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def link_faults(page: Path, text: str) -> list[str]:
    """Links to files or headings that are not there, as they are read in the repository."""
    faults = []
    for link, path in local(page, text):
        if not (ROOT / path).exists():
            faults.append(f"{page}: {link}: there is no {path}")
        elif "#" in link and path.suffix == ".md":
            heading = link.partition("#")[2]
            if heading not in anchors((ROOT / path).read_text()):
                faults.append(f"{page}: {link}: there is no such heading")
    own = [link for link in links(text) if link.startswith("#")]
    return faults + [f"{page}: {link}" for link in own if link[1:] not in anchors(text)]


def test_every_link_leads_somewhere() -> None:
    found = [(page, (ROOT / page).read_text()) for page in pages()]
    assert sum(len(links(text)) for _, text in found) > 60
    assert [fault for page, text in found for fault in link_faults(page, text)] == []


@pytest.mark.parametrize("link", ["nothing.md", "manual.md#nothing", "#nothing", "../board/none/wiring.md"])
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    assert link_faults(Path("docs/new.md"), f"# New\n\nSee [it]({link}).\n")


def test_a_new_page_is_in_the_navigation_without_more_ado() -> None:
    order = nav([Path("README.md"), Path("docs/guest.md")], ["# Sottovoce", "# `Guest` mode"])
    assert order == [{"Home": "README.md"}, {"More": [{"Guest mode": "docs/guest.md"}]}]


def test_a_picture_that_is_not_there_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mkdocs.exceptions import Abort

    laid = stage.stage

    def broken(folder: Path) -> list[Path]:
        found = laid(folder)
        with (folder / "README.md").open("a") as page:
            page.write("\n![missing](docs/pictures/nothing.png)\n")
        return found

    monkeypatch.setattr("firmware.documents.__main__.stage", broken)
    with pytest.raises(Abort):
        build(tmp_path / "site", tmp_path / "pages")
