"""Pictures of the display for the pages: the golden images, enlarged behind dark glass. Never drawn by hand.

A page names one, ``![…](pictures/screens/idle-registered.png)``; ``--pictures`` draws all that pages name.
"""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image, ImageDraw

from firmware.documents.stage import ROOT, pages

GOLDEN = ROOT / "tests" / "golden"
FOLDER = ROOT / "docs" / "pictures" / "screens"
SCALE, BEZEL = 2, 8
GLASS, RIM, LIGHT = "#0b0d10", "#2a2e34", "#d8f3ff"

STYLE = "img[src*='pictures/screens'] { image-rendering: pixelated; margin: 4px 8px 4px 0; }\n"

_NAMED = re.compile(r"pictures/screens/([a-z0-9-]+)\.png")


def named(root: Path = ROOT) -> list[str]:
    """The golden images that pages show."""
    return sorted({name for page in pages(root) for name in _NAMED.findall((root / page).read_text())})


def painted(name: str) -> Image.Image:
    """The golden image ``name`` as it is shown.

    Raises:
        FileNotFoundError: there is no such golden image.
    """
    with Image.open(GOLDEN / f"{name}.png") as kept:
        lit = kept.convert("1").resize((kept.width * SCALE, kept.height * SCALE), Image.Resampling.NEAREST)
    size = (lit.width + 2 * BEZEL, lit.height + 2 * BEZEL)
    paper = Image.new("RGB", size, GLASS)
    box = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(paper).rectangle(box, fill=GLASS, outline=RIM, width=1)
    paper.paste(Image.new("RGB", lit.size, LIGHT), (BEZEL, BEZEL), lit)
    return paper.quantize(16).convert("RGB")


def write() -> list[Path]:
    """Draw what pages name, and remove what none names any more. Returns what was drawn."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = {FOLDER / f"{name}.png": name for name in named()}
    for stray in set(FOLDER.glob("*.png")) - wanted.keys():
        stray.unlink()
    for path, name in wanted.items():
        painted(name).quantize(16).save(path, optimize=True)
    return list(wanted)
