"""``python -m firmware.network.identity``: another number for each network card in a guest period.

Run by ``sottovoce-guest.service`` while nothing uses the network: each card is put down, its addresses and
all that new ones would be made of go, and it gets another number (without it the rest of RFC 7844 hides
nothing), after the period the one that it was made with.
Exit status: 0 done, 1 when in a guest period a card kept its number: then the network has to stay off.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.network.identity import cards, renumber


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m firmware.network.identity", description=__doc__)
    found.add_argument(
        "--period", type=Path, required=True, help="the folder that is there in a guest period"
    )
    return found


def main(argv: list[str] | None = None) -> int:
    guest = parser().parse_args(argv).period.is_dir()
    failed = [card for card in cards() if not renumber(card, guest=guest)]
    for card in failed:
        print(f"{card}: its number could not be changed; the network may know it again", file=sys.stderr)
    return 1 if failed and guest else 0


if __name__ == "__main__":
    sys.exit(main())
