"""How each country's call progress sounds: data only. Pure.

Sources: ITU-T E.180/Q.35 (recommended values), its supplement on the tones of national networks, and the
North American precise audible tone plan (supplement 3 of the E.300 series) for levels in US. E.180 recommends
a nominal level of -10 dBm0; where a country is listed with several variants, the one in the present
digital network is taken. The ringer has the cadence of the country's ringing tone, so that a phone here
sounds as its neighbours do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """

    frequencies: tuple[int, ...]
    cadence: tuple[Burst, ...] = ()
    modulation: int = 0
    level: float = -10.0
    alternate_ms: int = 0


_STUTTER = (Burst(500, 60),)
"""Told from every dial tone and every busy tone by its short gaps."""
WARNING = ToneSpec((950, 1400), (Burst(440, 160), Burst(440, 960)), alternate_ms=110)
"""A call is stopped: two tones in turn, like nothing that a network sends, the same in every country."""


@dataclass(frozen=True)
class Country:
    dial: ToneSpec
    ringback: ToneSpec
    busy: ToneSpec
    congestion: ToneSpec

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
            case Tone.DIAL_BLIND:
                return replace(self.dial, cadence=_STUTTER)
            case Tone.WARNING:
                return WARNING

    @property
    def ringer(self) -> ToneSpec:
        """A two-tone warble, a fourth apart, where small loudspeakers and ageing ears are still good."""
        return ToneSpec((660, 880), self.ringback.cadence, level=-3.0, alternate_ms=50)


def _tone(*frequencies: int, on_off: str = "", modulation: int = 0, level: float = -10.0) -> ToneSpec:
    """``on_off``: "400 200 400 2000" = on, off, on, off; continuous when left out."""
    times = [int(ms) for ms in on_off.split()]
    cadence = tuple(Burst(on, off) for on, off in zip(times[::2], times[1::2], strict=True))
    return ToneSpec(frequencies, cadence, modulation, level)


DEFAULT = "default"

COUNTRIES: dict[str, Country] = {
    DEFAULT: Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1000 4000"),
        busy=_tone(425, on_off="500 500"),
        congestion=_tone(425, on_off="250 250"),
    ),
    "AT": Country(
        dial=_tone(420),
        ringback=_tone(420, on_off="1000 5000"),
        busy=_tone(420, on_off="400 400"),
        congestion=_tone(420, on_off="200 200"),
    ),
    "AU": Country(
        dial=_tone(413, 438),
        ringback=_tone(413, 438, on_off="400 200 400 2000"),
        busy=_tone(425, on_off="375 375"),
        # told from busy by every second burst, which is 10 dB quieter
        congestion=ToneSpec((425,), (Burst(375, 375), Burst(375, 375, quieter_db=10.0))),
    ),
    "CH": Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1000 4000"),
        busy=_tone(425, on_off="500 500"),
        congestion=_tone(425, on_off="200 200"),
    ),
    "DE": Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1000 4000"),
        busy=_tone(425, on_off="480 480"),
        congestion=_tone(425, on_off="240 240"),
    ),
    "ES": Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1500 3000"),
        busy=_tone(425, on_off="200 200"),
        congestion=_tone(425, on_off="200 200 200 200 200 600"),
    ),
    "FR": Country(
        dial=_tone(440),
        ringback=_tone(440, on_off="1500 3500"),
        busy=_tone(440, on_off="500 500"),
        congestion=_tone(440, on_off="250 250"),  # none is listed; E.180: quicker than busy
    ),
    "GB": Country(
        dial=_tone(350, 440),
        ringback=_tone(400, 450, on_off="400 200 400 2000"),
        busy=_tone(400, on_off="375 375"),
        congestion=_tone(400, on_off="400 350 225 525"),
    ),
    "IT": Country(
        dial=_tone(425, on_off="200 200 600 1000"),
        ringback=_tone(425, on_off="1000 4000"),
        busy=_tone(425, on_off="500 500"),
        congestion=_tone(425, on_off="200 200"),
    ),
    "JP": Country(
        dial=_tone(400),
        ringback=_tone(400, on_off="1000 2000", modulation=16),
        busy=_tone(400, on_off="500 500"),
        congestion=_tone(400, on_off="500 500"),
    ),
    "NL": Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1000 4000"),
        busy=_tone(425, on_off="500 500"),
        congestion=_tone(425, on_off="250 250"),
    ),
    "SE": Country(
        dial=_tone(425),
        ringback=_tone(425, on_off="1000 5000"),
        busy=_tone(425, on_off="250 250"),
        congestion=_tone(425, on_off="250 750"),
    ),
    # the plan gives -13, -19 and -24 dBm0 for each of the two frequencies: 3 dB more together
    "US": Country(
        dial=_tone(350, 440, level=-10.0),
        ringback=_tone(440, 480, on_off="2000 4000", level=-16.0),
        busy=_tone(480, 620, on_off="500 500", level=-21.0),
        congestion=_tone(480, 620, on_off="250 250", level=-21.0),
    ),
}


def country(code: str) -> Country:
    """The tones of a country by its ISO 3166-1 code in either case, or of "default".

    Raises:
        KeyError: not in ``COUNTRIES``; the configuration refuses such a code before it comes here.
    """
    return COUNTRIES[code if code == DEFAULT else code.upper()]
