"""Calls to and from a baresip through kamailio, in turn; what the telephone holds after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.proc import memory
from tests.rig import speech
from tests.rig.baresip import AUDIO_FORMAT, Baresip
from tests.rig.cables import Cables, Recording
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.soak.growth import Drift, Sample

CODEC = "pcma"
HEARD = 0.7
"""STOI that says: this is his voice."""
JUDGED_S = 3.0


@dataclass(frozen=True)
class Line:
    """Who speaks with whom."""

    lab: Lab
    phone: Phone
    bob: Baresip
    cables: Cables


def line(lab: Lab, longest_s: float) -> Line:
    """Two telephones at a registrar; bob answers at once and can speak for ``longest_s``."""
    lab.registrar()
    says = lab.kit.far.file(*AUDIO_FORMAT[CODEC], seconds=int(longest_s) + 30)
    bob = lab.baresip("bob", answer="auto", codecs=[CODEC], says=says)
    cables = lab.cables()
    return Line(lab, lab.phone(cables=cables, codecs=[CODEC]), bob, cables)


def run(on: Line, goes_on: Callable[[int], bool], long_s: Callable[[int], float]) -> Iterator[Sample | Drift]:
    """Call for as long as ``goes_on`` says of the number of calls made, and tell of each.

    Args:
        long_s: seconds for which this call is held to see whether its delay grows; 0: a short call.

    Raises:
        AssertionError: he was not heard.
        RigError: a call did not come about or did not end.
    """
    began, number = time.monotonic(), 0
    while goes_on(number):
        number += 1
        if number % 2 == 1:
            on.phone.privacy("open" if number % 4 == 1 else "private")
        with on.cables.listen() as ear:
            yield from _call(on, ear, number, long_s(number))
        yield _sample(on.phone, number, time.monotonic() - began)
        for left in on.bob.folder.glob("*.wav"):
            left.unlink(missing_ok=True)  # its recordings, which nobody needs, would fill the disk


def _call(on: Line, ear: Recording, number: int, seconds: float) -> Iterator[Drift]:
    outgoing = number % 2 == 1
    if outgoing:
        on.phone.hook("up")
        on.phone.keys("102#")
    else:
        on.bob.dial("alice")
        on.phone.wait_call("ringing", direction="in")
        on.phone.hook("up")
    on.phone.wait_call("active")
    ear.wait(JUDGED_S + 1)
    likeness = speech.intelligible(on.lab.kit.far, ear.last(JUDGED_S + 0.5), 0.5, JUDGED_S)
    if likeness < HEARD:
        raise AssertionError(f"call {number}: he was not heard (STOI {likeness:.2f})")
    if seconds:
        yield _drift(on, ear, number, seconds)
    if outgoing:
        on.phone.hook("down")
    else:
        on.bob.hangup()
        on.phone.wait_call("ended", direction="in")
        on.phone.hook("down")
    on.phone.wait_idle()


def _drift(on: Line, ear: Recording, number: int, seconds: float) -> Drift:
    """Where he is in his sentences by what is heard, now and later, against the recorder's clock."""
    original = on.lab.kit.far.original()
    places = []
    for wait in (speech.PERIOD_S, seconds):
        heard = ear.wait(wait).samples()
        start = len(heard) - len(original)
        places.append((start, -speech.shift(original, heard[start:])))
    (first_at, first), (last_at, last) = places
    grown = ((last_at - first_at) - (last - first)) % len(original)
    grown -= len(original) if grown > len(original) / 2 else 0
    return Drift(number, (last_at - first_at) / speech.RATE, grown * 1000 / speech.RATE)


def _sample(phone: Phone, number: int, seconds: float) -> Sample:
    process = Path(f"/proc/{phone.process.pid}")
    return Sample(
        number,
        seconds,
        memory(phone.process.pid).pss * 1024,
        len(list((process / "fd").iterdir())),
        len(list((process / "task").iterdir())),
    )
