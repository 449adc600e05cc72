"""``python -m firmware.messages [CODE …]``: catalogues get what is new in the source; says what is missing.

A CODE (ISO 639-1) of a language that is not there begins its file.
"""

from __future__ import annotations

import sys

from firmware.messages.source import CATALOGUES, begun, brought_up_to_date, faults, template


def main(codes: list[str]) -> None:
    found = template()
    for code in codes:
        file = CATALOGUES / f"{code}.po"
        if not file.exists():
            file.write_text(begun(code, found))
    for file in sorted(CATALOGUES.glob("*.po")):
        file.write_text(brought_up_to_date(file, found))
        for fault in faults(file, found):
            print(fault)


if __name__ == "__main__":
    main(sys.argv[1:])
