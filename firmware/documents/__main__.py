"""``python -m firmware.documents``: build the site of the documents, or draw their pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.documents import pictures
from firmware.documents.nav import nav
from firmware.documents.stage import ROOT, stage

STAGE, SITE = ROOT / "build" / "documents", ROOT / "build" / "site"


def build(site: Path = SITE, folder: Path = STAGE) -> None:
    """Stage the pages in ``folder`` and build the site.

    Raises:
        mkdocs.exceptions.Abort: a link leads nowhere, or a page is in no section (mkdocs has said which).
    """
    from mkdocs.commands.build import build as make
    from mkdocs.config import load_config

    pages = stage(folder)
    texts = [(folder / page).read_text() for page in pages]
    order = nav(pages, texts)
    (folder / "pages.css").write_text(pictures.STYLE)
    make(
        load_config(
            str(ROOT / "mkdocs.yml"),
            docs_dir=str(folder),
            site_dir=str(site),
            nav=order,
            extra_css=["pages.css"],
            strict=True,
        )
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m firmware.documents", description=__doc__)
    parser.add_argument(
        "--pictures", action="store_true", help="draw the pictures of the display anew, build nothing"
    )
    parser.add_argument("--out", type=Path, default=SITE, metavar="FOLDER", help="of the site (build/site)")
    given = parser.parse_args(argv)
    if given.pictures:
        for path in pictures.write():
            print(path.relative_to(ROOT))
        return 0
    build(given.out.absolute())
    print(f"{given.out}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
