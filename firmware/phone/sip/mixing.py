"""Which sounds go where, for the calls of a moment. Pure.

The bridge knows ports. Each call has one; the ear and the mouth are those of the sound device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Links(NamedTuple):
    """What is connected to the port of one call. ``ear``: it is heard here; ``mouth``: it hears us;
    ``far``: the ports of the calls that hear it too."""

    port: int
    ear: bool = False
    mouth: bool = False
    far: tuple[int, ...] = ()


class Voiced(NamedTuple):
    """One call that has a port. ``speaks``: its sound may be connected."""

    call: int
    port: int
    speaks: bool


def links(calls: Iterable[Voiced], mixed: Iterable[int], *, muted: bool) -> Mapping[int, Links]:
    """The links of each call. Only calls that may speak are connected, those of ``mixed`` with each other."""
    calls, mixed = list(calls), set(mixed)
    found = {}
    for one in calls:
        if not one.speaks:
            found[one.call] = Links(one.port)
            continue
        others = [o.port for o in calls if o.call != one.call and o.speaks and {o.call, one.call} <= mixed]
        found[one.call] = Links(one.port, ear=True, mouth=not muted, far=tuple(others))
    return found
