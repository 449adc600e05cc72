"""How speech fares on a network that loses packets: one call at each share of loss, both ends judged."""

from __future__ import annotations

from tests.bench.bed import Bench
from tests.bench.figures import Beside, Row
from tests.rig import speech
from tests.rig.baresip import AUDIO_FORMAT
from tests.rig.lab import Kit, Lab
from tests.rig.lossy import Fault, Lossy
from tests.rig.mitm import Tap

SHARES = (0, 1, 5, 10, 20)
"""Per cent of the packets of each direction."""

CODEC = "opus"
SETTLE_S = 1.0
"""Of the loss before it is judged."""


def measure(bench: Bench) -> list[Row]:
    """Ours and a baresip in a call; what each hears of the other, through the same share of loss."""
    heard: dict[int, tuple[list[float], list[float]]] = {share: ([], []) for share in SHARES}
    for turn in range(bench.several(3, 1)):
        folder = bench.folder / f"loss-{turn}"
        with Lab(folder, Kit.create(folder / "kit")) as lab:
            bench.say(f"speech through loss: round {turn + 1}")
            for share, (ours, rival) in _round(lab, turn).items():
                heard[share][0].append(ours)
                heard[share][1].append(rival)
    return [_row(share, *found) for share, found in heard.items()]


def _round(lab: Lab, seed: int) -> dict[int, tuple[float, float]]:
    """PESQ of what ours and of what the rival hears, by the share of loss, in one call."""
    registrar = lab.registrar()
    lossy = lab.add(Lossy(1 + 10 * seed))
    tap = lab.add(Tap(registrar, lossy, lab.kit.authority.pem))
    says = lab.kit.far.file(*AUDIO_FORMAT[CODEC], seconds=120)
    bob = lab.baresip("bob", answer="auto", codecs=[CODEC], says=says)
    cables = lab.cables()
    phone = lab.phone(cables=cables, codecs=[CODEC], proxy=tap.uri, registrar=registrar)
    phone.wait_registered()
    found = {}
    with cables.speak(lab.kit.near.file(seconds=120)):
        phone.hook("up")
        phone.keys("102#")
        phone.wait_call("active", security="end-to-end")
        bob.wait_heard(1.5)
        for share in SHARES:
            lossy.fault = Fault(loss=share / 100)
            with cables.listen() as ear:
                ear.wait(SETTLE_S)
                begun = bob.heard()
                ear.wait(speech.PERIOD_S + 0.5)
                bob.wait_heard(begun + speech.PERIOD_S + 0.2)
                ours = speech.score(lab.kit.far, ear.last(speech.PERIOD_S + 0.2), 0)
            rival = speech.score(lab.kit.near, bob.recording(), begun)
            found[share] = (ours.pesq, rival.pesq)
        phone.hook("down")
    return found


def _row(share: int, ours: list[float], rival: list[float]) -> Row:
    return Row(
        f"loss-{share}",
        f"speech at {share} % of loss, {CODEC}",
        "PESQ-WB",
        "ITU-T P.862.2, 1.0 to 4.64 (more is better): what each end of one call hears of the other through a "
        "proxy that drops packets by chance, DTLS-SRTP. The rival decodes what ours has encoded, and ours "
        "what the rival has. The target is nine tenths of the rival's: two draws differ by as much.",
        Beside(0.9, more=True),
        ("min",),
        ours,
        rival,
    )
