"""All that is in the machine for a call: kamailio, baresip, a watcher, and the phone on the devices."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.rig import speech, wavefile
from tests.rig.baresip import AUDIO_FORMAT, Baresip
from tests.rig.kamailio import Registrar
from tests.rig.lab import Lab
from tests.rig.speech import PERIOD_S, Talker
from tests.rig.watcher import Subscription, Watcher
from tests.rig.wavefile import Samples
from tests.vm.desk import RATE, Desk
from tests.vm.devices import Bench, Witness

CODEC = "g722"
"""Wide band, and cheap for a slow processor."""

SPOKEN_S = 60


@dataclass(frozen=True)
class House:
    """Who is there. ``seen``: what carol is told of presence; ``near``: speech for the mouthpiece."""

    lab: Lab
    registrar: Registrar
    bob: Baresip
    phone: Desk
    seen: Subscription
    near: Path

    @classmethod
    def move_in(cls, lab: Lab, bench: Bench, witness: Witness, extra: str) -> House:
        registrar = lab.registrar()
        said = lab.kit.far.file(*AUDIO_FORMAT[CODEC], SPOKEN_S)
        bob = lab.baresip("bob", codecs=[CODEC], key_logger=None, says=said)
        phone = lab.add(
            Desk(
                bench,
                witness,
                lab.folder,
                lab.kit.authority,
                registrar=registrar,
                address=lab.address(),
                extra=extra,
            )
        )
        phone.wait_registered(30)
        phone.privacy("open")
        carol = lab.add(Watcher(registrar, "carol"))
        seen = carol.subscribe("alice")
        seen.wait("open", 15)
        return cls(lab, registrar, bob, phone, seen, lab.kit.near.file(RATE, 1, SPOKEN_S))

    @contextmanager
    def call(self, answered: bool = True) -> Iterator[None]:
        """A call from the phone to bob that is up, or rings; it ends by putting the handset back."""
        for old in self.bob.folder.glob("dump-*"):  # the next recording is this call's
            old.unlink()
        mark = self.bob.mark()
        self.phone.hook("up")
        self.phone.keys("102#")
        self.bob.wait_incoming(20, mark)
        if answered:
            self.bob.accept()
            self.phone.wait_call("active", 20)
        try:
            yield
        finally:
            self.phone.hook("down")
            self.bob.wait_closed(20, mark)
            self.phone.wait_idle(20)

    def quality(self, who: Talker, heard: Samples) -> float:
        """PESQ of the last seconds of a recording at ``RATE``. STOI takes too long to load here."""
        import pesq

        _, original = wavefile.read(who.file(RATE, 1, PERIOD_S))
        part = heard[-PERIOD_S * RATE :]
        original = original[: len(part)]
        turned = np.roll(original, speech.shift(original, part))
        return float(pesq.pesq(RATE, turned, part, "wb"))

    def flip(self, position: str, seen: str) -> float:
        """Move the privacy switch; after how many seconds the watcher saw ``seen``."""
        count = len(self.seen.notifies)
        began = time.monotonic()
        self.phone.privacy(position)
        return self.seen.wait(seen, 15, after=count).when - began

    def see(self, seen: str) -> None:
        """Have the switch where the watcher sees ``open`` or ``closed``."""
        if self.seen.sees != seen:
            self.flip("open" if seen == "open" else "private", seen)
