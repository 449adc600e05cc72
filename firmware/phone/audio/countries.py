"""How each country's call progress sounds: the tones of ``national`` as values. Pure.

E.180 recommends a nominal level of -10 dBm0; where a country is listed with several variants, the one in the
present digital network is taken. The ringer has the cadence of the country's ringing tone, so that a phone
here sounds as its neighbours do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from firmware.phone.audio.national import COLUMNS, TABLE
from firmware.phone.values import Tone


@dataclass(frozen=True)
class Burst:
    """One stretch of sound and the silence after it, in ms. ``quieter_db`` lowers this burst alone."""

    on_ms: int
    off_ms: int
    quieter_db: float = 0.0


@dataclass(frozen=True)
class ToneSpec:
    """What a tone is made of.

    ``frequencies``: whole Hz, sounded together; or one after the other when ``alternate_ms`` is set.
    ``modulation``: Hz of the amplitude modulation, 0 = none (E.180 writes "400x16" for 400 Hz by 16 Hz).
    ``level``: dBm0, the power of the whole sound while it is on.
    ``cadence``: bursts, repeated for ever; empty = continuous.
    ``lead``: bursts that sound once, before the rest.
    """

    frequencies: tuple[int, ...]
    cadence: tuple[Burst, ...] = ()
    modulation: int = 0
    level: float = -10.0
    alternate_ms: int = 0
    lead: tuple[Burst, ...] = ()


SILENCE = (Burst(0, 1000),)
"""A cadence without sound: what follows a tone that is heard once."""

_STUTTER = (Burst(500, 60),)
"""Told from every dial tone and every busy tone by its short gaps."""
_MESSAGES = (Burst(100, 100),) * 10
"""Before the dial tone, when messages wait: the recall dial tone of North America (Telcordia GR-506)."""
_CONFIRMED = (Burst(100, 100),) * 3
"""The confirmation tone of North America, heard once; in other countries with the frequencies of theirs."""
WARNING = ToneSpec((950, 1400), (Burst(440, 160), Burst(440, 960)), alternate_ms=110)
"""A call is stopped: two tones in turn, like nothing that a network sends, the same in every country."""


@dataclass(frozen=True)
class Country:
    """``special``: the special dial tone, where the country has one that is known by its frequencies.

    ``sources``: the letters of ``national``; ``unconfirmed``: the tones that only one of them has.
    """

    dial: ToneSpec
    ringback: ToneSpec
    busy: ToneSpec
    congestion: ToneSpec
    waiting: ToneSpec
    special: ToneSpec | None = None
    sources: str = ""
    unconfirmed: frozenset[str] = frozenset()

    def tone(self, tone: Tone) -> ToneSpec:
        match tone:
            case Tone.DIAL:
                return self.dial
            case Tone.RINGBACK:
                return self.ringback
            case Tone.BUSY:
                return self.busy
            case Tone.CONGESTION:
                return self.congestion
            case Tone.CALL_WAITING:
                return self.waiting
            case Tone.MESSAGE_WAITING:
                return self.special or replace(self.dial, lead=_MESSAGES)
            case Tone.CONFIRMATION:
                return replace(self.dial, lead=_CONFIRMED, cadence=SILENCE)
            case Tone.DIAL_BLIND:
                return replace(self.dial, cadence=_STUTTER)
            case Tone.WARNING:
                return WARNING

    @property
    def ringer(self) -> ToneSpec:
        """A two-tone warble, a fourth apart, where small loudspeakers and ageing ears are still good."""
        return ToneSpec((660, 880), self.ringback.cadence, level=-3.0, alternate_ms=50)


DEFAULT = "default"

_FREQUENCIES = re.compile(r"(?P<together>[0-9+]+)(?:x(?P<modulation>[0-9]+))?(?:@(?P<level>-[0-9]+))?")
_BURST = re.compile(r"(?:-(?P<quieter>[0-9]+):)?(?P<on>[0-9]+)/(?P<off>[0-9]+)")


def _tone(cell: str) -> ToneSpec:
    """The tone that a cell of the table writes. Raises ValueError for anything else."""
    first, *rest = cell.removesuffix("?").split()
    head, bursts = _FREQUENCIES.fullmatch(first), [_BURST.fullmatch(word) for word in rest]
    if head is None:
        raise ValueError(f"{cell!r} is no tone")
    cadence = []
    for burst in bursts:
        if burst is None:
            raise ValueError(f"{cell!r} has a burst that is none")
        cadence.append(Burst(int(burst["on"]), int(burst["off"]), float(burst["quieter"] or 0)))
    together = tuple(int(frequency) for frequency in head["together"].split("+"))
    return ToneSpec(together, tuple(cadence), int(head["modulation"] or 0), float(head["level"] or -10))


def _row(line: str) -> tuple[str, Country]:
    code, *cells, sources = line.split("|")
    tones = {name: _tone(cell) for name, cell in zip(COLUMNS, cells, strict=True) if cell}
    single = len(sources) == 1
    doubtful = frozenset(
        name for name, cell in zip(COLUMNS, cells, strict=True) if cell and (single or cell.endswith("?"))
    )
    return code.replace("--", DEFAULT), Country(**tones, sources=sources, unconfirmed=doubtful)


COUNTRIES: dict[str, Country] = dict(map(_row, TABLE.split("\n")[1:-1]))


def country(code: str) -> Country:
    """The tones of a country by its ISO 3166-1 code in either case, or of "default".

    Raises:
        KeyError: not in ``COUNTRIES``; the configuration refuses such a code before it comes here.
    """
    return COUNTRIES[code if code == DEFAULT else code.upper()]
