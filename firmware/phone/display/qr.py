"""An address as a QR code (ISO/IEC 18004), in modules. Pure."""

from __future__ import annotations

from functools import lru_cache

LONGEST = 120
"""Octets of an address: more modules than 64 would not fit on the display."""

Modules = tuple[tuple[bool, ...], ...]


@lru_cache(maxsize=4)
def modules(url: str) -> Modules:
    """Rows of modules, True where it is dark, without the quiet zone; none for one that would be too fine.

    Scheme and host count in either case (RFC 3986 section 6.2.2.1), and capitals take less room.
    """
    if not 0 < len(url.encode(errors="replace")) <= LONGEST:
        return ()
    import segno  # when it is needed: most telephones never show one

    made = segno.make(url.upper(), error="l", micro=False)
    return tuple(tuple(bool(module) for module in row) for row in made.matrix)
