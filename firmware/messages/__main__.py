"""``python -m firmware.messages``: catalogues get what is new in the source; what is missing is said."""

from __future__ import annotations

from firmware.messages.source import CATALOGUES, brought_up_to_date, faults, template


def main() -> None:
    found = template()
    for file in sorted(CATALOGUES.glob("*.po")):
        file.write_text(brought_up_to_date(file, found))
        for fault in faults(file, found):
            print(fault)


if __name__ == "__main__":
    main()
