"""Sound cards are named, never numbered: a number belongs to whichever card was found first.

With a USB handset and the board's own card the two change places from one start to the next, and the
microphone would be another than the one meant.
"""

from __future__ import annotations

import re
from pathlib import Path

CARDS = Path("/proc/asound")

_NUMBERED = re.compile(
    r"^(?:plug)?(?:hw|dmix|dsnoop|front|sysdefault|default|iec958|hdmi|surround\d+|dsp)"
    r":(?:\s*\{\s*)?(?:CARD\s*[= ]\s*)?[\"']?\d+[\"']?(?:\s*[,}\s].*)?$",
    re.IGNORECASE,
)


def names(folder: Path = CARDS) -> list[str]:
    """The names of the cards that are there now, as ALSA gives them."""
    return sorted(file.read_text().strip() for file in folder.glob("card*/id"))


def by_name(pcm: str, folder: Path = CARDS) -> str:
    """``pcm``, an ALSA name. Raises ``ValueError``, for a person, if it names a card by its number."""
    if not _NUMBERED.match(pcm.strip()):
        return pcm
    there = names(folder)
    said = f"here are {', '.join(there)}" if there else "aplay -l lists them, no card is here now"
    example = there[0] if there else "Handset"
    remedy = f'write its name: {said}, as in "plughw:CARD={example}"'
    raise ValueError(f"names a card by its number, which changes; {remedy}")
