"""From the key to the INVITE, and from the INVITE to protected speech both ways; registered phones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tests.bench.bed import Bed, Bench
from tests.bench.figures import Beside, Row, Zero
from tests.bench.sides import Control, Ours, Side, end_of, end_of_linphone
from tests.bench.wire import End, clear_speech, first_speech, invite
from tests.rig.baresip import Baresip
from tests.rig.capture import Packet
from tests.rig.kamailio import Registrar
from tests.rig.linphone import Linphone

LINGER = 0.35
"""Seconds that a call goes on after the phones say that they have keys (both directions flow by then)."""

PAUSE = 0.25
"""Seconds between two calls."""

MS = 1000.0

S = TypeVar("S")


@dataclass(frozen=True)
class Attempt:
    """One call: whose key, when pressed, when over, and the two ends of its media."""

    side: str
    pressed: float
    over: float
    ends: tuple[End, End]


@dataclass(frozen=True)
class Timing:
    """What the wire says of one call, in ms; None: it did not happen."""

    side: str
    key_to_invite: float | None
    invite_to_speech: float | None
    invites: int
    clear: int


def call(side: Side, callee: Baresip, dtls: bool) -> Attempt:
    """Call the baresip that answers by itself, wait for the keys, hang up."""
    side.prepare()
    mark = callee.mark()
    pressed = side.press()
    callee.wait_established(since=mark)
    if dtls:
        callee.wait_encrypted(since=mark)
        side.wait_keys()
    time.sleep(LINGER)
    over = time.time()
    side.hang_up()
    callee.wait_closed(since=mark)
    time.sleep(PAUSE)
    return Attempt(side.name, pressed, over, (side.end, end_of(callee)))


def call_linphone(side: Side, callee: Linphone) -> Attempt:
    """Call the linphone that answers by itself, wait for the keys at both, hang up."""
    side.prepare()
    mark = callee.mark()
    pressed = side.press()
    callee.wait_call("StreamsRunning", since=mark)
    side.wait_keys()
    callee.wait_secured()
    time.sleep(LINGER)
    over = time.time()
    side.hang_up()
    callee.wait_call("Released", since=mark)
    time.sleep(PAUSE)
    return Attempt(side.name, pressed, over, (side.end, end_of_linphone(callee)))


def call_ours(side: Ours, callee: Ours) -> Attempt:
    """Call another phone of ours, where the handset is lifted as soon as it rings."""
    with closing(Control(callee.phone.socket)) as watch:
        watch.send("watch")
        side.prepare()
        pressed = side.press()
        watch.until(lambda event: event["event"] == "incoming-call", "a call at our own phone")
        callee.control.ask("sim", what="hook", position="up")
        watch.until(_protected, "keys at our own phone")
        time.sleep(LINGER)
        over = time.time()
        side.hang_up()
        watch.until(lambda event: event["event"] == "call-failed", "the end of the call")
    callee.hang_up()
    time.sleep(PAUSE)
    return Attempt("pair", pressed, over, (side.end, callee.end))


def _protected(event: dict[str, object]) -> bool:
    calls = event.get("calls")
    return isinstance(calls, list) and any(
        one["state"] == "active" and one["security"] != "none" for one in calls
    )


def timing(attempt: Attempt, packets: Sequence[Packet], registrar: Registrar) -> Timing:
    """Read one call off the wire. Kamailio knows by which connection it came, the capture when."""
    since, until = attempt.pressed, attempt.over
    came = [m for m in registrar.requests("INVITE") if since <= m.when <= until]
    if not came:
        return Timing(attempt.side, None, None, 0, 0)
    left = invite(packets, came[0].source, registrar.tls_port, since, until)
    starts = [first_speech(packets, end, since, until) for end in attempt.ends]
    flows = [start for start in starts if start is not None]
    both = None if left is None or len(flows) < 2 else (max(flows) - left) * MS
    clear = clear_speech(packets, attempt.ends[0], since, until)
    key = None if left is None else (left - since) * MS
    return Timing(attempt.side, key, both, len(came), clear)


def measure(bench: Bench, encryption: str) -> list[Row]:
    """In turns: ours, baresip and linphone, all to a baresip; each has called once before."""
    dtls = encryption == "dtls"
    with Bed(bench, f"setup-{encryption}", encryption) as bed:
        callee, ours, rival, second = bed.callee(), bed.ours("alice"), bed.rival("carol"), bed.second("dave")
        sides: list[Side] = [ours, rival, second]
        for side in sides:
            side.start()
        bed.wait_registered("alice", "carol", "dave")
        wire = bed.capture([ours], [callee, rival.phone, second.phone])
        bed.rest()
        attempts = []
        for turn in range(1 + bench.several(12, 3)):
            bench.say(f"call set-up, {encryption.upper()}: round {turn}")
            attempts += [call(side, callee, dtls) for side in turned(sides, turn)]
            if not turn:
                attempts.clear()  # the first call after a start is another figure
        wire.stop()
        packets = wire.packets()
        timings = [timing(attempt, packets, bed.registrar) for attempt in attempts]
    return rows(timings, encryption)


def turned(sides: Sequence[S], turn: int) -> Sequence[S]:
    """The order of a round: another side begins each, so that none always has the same one before it."""
    first = turn % len(sides)
    return [*sides[first:], *sides[:first]]


def rows(timings: Sequence[Timing], encryption: str) -> list[Row]:
    name = "DTLS-SRTP" if encryption == "dtls" else "SDES"
    of = {side: [t for t in timings if t.side == side] for side in ("ours", "rival", "second")}
    tries = (len(of["ours"]), len(of["rival"]))
    again = max((t.invites for t in of["ours"]), default=0) > 1
    twice = (
        " Ours offered more first and SDES after the callee's 488: that is in this figure (2 ms), and that "
        "the callee's 200 then waits 40 ms behind its own 180, for the proxy's delayed ACK (Nagle there)."
    ) * again
    if encryption == "sdes" and not again:
        twice = (
            " In the first call, which is not counted, the callee refused more than SDES: for an hour it is "
            "offered SDES first."
        )
    found = [
        Row(
            f"key-invite-{encryption}",
            f"key press → INVITE, {name}",
            "ms",
            "From the octets of the key at the phone's control socket (ours: the key #, the number is there; "
            "rival: dial) to the TLS record with the INVITE, by the kernel's time stamp on the loopback "
            "interface; the same for both. A real key adds its debounce.",
            Beside(),
            ("p95",),
            [t.key_to_invite for t in of["ours"] if t.key_to_invite is not None],
            [t.key_to_invite for t in of["rival"] if t.key_to_invite is not None],
            tries,
        ),
        Row(
            f"invite-speech-{encryption}",
            f"INVITE → protected speech both ways, TLS + {name}",
            "ms",
            "From the first INVITE on the wire to the later of the two directions' first RTP packet with 20 "
            f"ms of G.711 and an authentication tag; both call a baresip that answers at once, warm.{twice}",
            Beside(1.0),
            ("p95",),
            [t.invite_to_speech for t in of["ours"] if t.invite_to_speech is not None],
            [t.invite_to_speech for t in of["rival"] if t.invite_to_speech is not None],
            tries,
        ),
        Row(
            f"clear-{encryption}",
            f"speech that the caller sends in clear, {name}",
            "packets",
            "RTP packets of a call with 20 ms of G.711 and no tag, sent by the caller (not the callee).",
            Zero(),
            ("max",),
            [float(t.clear) for t in of["ours"]],
            [float(t.clear) for t in of["rival"]],
        ),
    ]
    found += beside_linphone(encryption, name, of["ours"], of["second"])
    return found


def _pair(pair: Sequence[Timing]) -> Row:
    return Row(
        "invite-speech-pair",
        "INVITE → protected speech both ways, ours to ours (ZRTP)",
        "ms",
        "As above, but the callee is ours too and its handset is lifted by a program the moment it rings.",
        None,
        ("p95",),
        [t.invite_to_speech for t in pair if t.invite_to_speech is not None],
        [],
        (len(pair), 0),
    )


def beside_linphone(
    encryption: str, name: str, ours: Sequence[Timing], second: Sequence[Timing], callee: str = "a baresip"
) -> list[Row]:
    """The same beside the second rival, in the same run."""
    return [
        Row(
            f"invite-speech-{encryption}-linphone",
            f"INVITE → protected speech both ways, TLS + {name}, beside linphone",
            "ms",
            "From the first INVITE on the wire to the later of the two directions' first RTP packet with 20 "
            f"ms of G.711 and an authentication tag; the rival is linphone here, and both call {callee} that "
            "answers at once, warm.",
            Beside(1.0),
            ("p95",),
            [t.invite_to_speech for t in ours if t.invite_to_speech is not None],
            [t.invite_to_speech for t in second if t.invite_to_speech is not None],
            (len(ours), len(second)),
        )
    ]


def measure_zrtp(bench: Bench) -> list[Row]:
    """In turns: ours and linphone, both to a linphone; baresip is built without ZRTP. And ours to ours."""
    with Bed(bench, "setup-zrtp", "zrtp") as bed:
        callee, ours, second = bed.linphone_callee(), bed.ours("alice"), bed.second("dave")
        pair = bed.ours("erin", dials="alice")
        for side in (ours, second, pair):
            side.start()
        bed.wait_registered("alice", "dave", "erin")
        wire = bed.capture([ours, pair], [callee, second.phone])
        bed.rest()
        attempts = []
        for turn in range(1 + bench.several(12, 3)):
            bench.say(f"call set-up, ZRTP: round {turn}")
            kinds = [
                partial(call_linphone, ours, callee),
                partial(call_linphone, second, callee),
                partial(call_ours, pair, ours),
            ]
            attempts += [kind() for kind in turned(kinds, turn)]
            if not turn:
                attempts.clear()  # the first call after a start is another figure
        wire.stop()
        packets = wire.packets()
        timings = [timing(attempt, packets, bed.registrar) for attempt in attempts]
    of = {side: [t for t in timings if t.side == side] for side in ("ours", "second", "pair")}
    found = beside_linphone("zrtp", "ZRTP", of["ours"], of["second"], "a linphone")
    return [*found, _pair(of["pair"])]


def measure_dtls(bench: Bench) -> list[Row]:
    return measure(bench, "dtls")


def measure_sdes(bench: Bench) -> list[Row]:
    return measure(bench, "sdes")
