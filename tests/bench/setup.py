"""From the key to the INVITE, and from the INVITE to protected speech both ways; registered phones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from tests.bench.bed import Bed, Bench
from tests.bench.figures import Beside, Row, Zero
from tests.bench.sides import Control, Ours, Side, end_of
from tests.bench.wire import End, clear_speech, first_speech, invite
from tests.rig.baresip import Baresip
from tests.rig.capture import Packet
from tests.rig.kamailio import Registrar

LINGER = 0.35
"""Seconds that a call goes on after the phones say that they have keys (both directions flow by then)."""

PAUSE = 0.25
"""Seconds between two calls."""

MS = 1000.0


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
    """In turns: ours, the rival, and (DTLS-SRTP) ours to ours."""
    dtls = encryption == "dtls"
    with Bed(bench, f"setup-{encryption}", encryption) as bed:
        callee, ours, rival = bed.callee(), bed.ours("alice"), bed.rival("carol")
        pair = bed.ours("dave", dials="alice") if dtls else None
        also = [pair] if pair else []
        sides: list[Side] = [ours, rival, *also]
        for side in sides:
            side.start()
        bed.wait_registered("alice", "carol", *(["dave"] if pair else []))
        wire = bed.capture([ours, *also], [callee, rival.phone])
        bed.rest()
        attempts = []
        for turn in range(1 + bench.several(12, 3)):
            bench.say(f"call set-up, {encryption.upper()}: round {turn}")
            attempts += [call(ours, callee, dtls), call(rival, callee, dtls)]
            attempts += [call_ours(pair, ours)] if pair else []
            if not turn:
                attempts.clear()  # the first call after a start is another figure
        wire.stop()
        packets = wire.packets()
        timings = [timing(attempt, packets, bed.registrar) for attempt in attempts]
    return rows(timings, encryption)


def rows(timings: Sequence[Timing], encryption: str) -> list[Row]:
    name = "DTLS-SRTP" if encryption == "dtls" else "SDES"
    of = {side: [t for t in timings if t.side == side] for side in ("ours", "rival", "pair")}
    tries = (len(of["ours"]), len(of["rival"]))
    again = max((t.invites for t in of["ours"]), default=0) > 1
    twice = " Ours offered DTLS-SRTP first and SDES after the callee's 488: that is in this figure." * again
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
            Beside(),
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
    if of["pair"]:
        found += [
            Row(
                "invite-speech-pair",
                "INVITE → protected speech both ways, ours to ours",
                "ms",
                f"As above, with {name}, but the callee is ours too and its handset is lifted by a program "
                "the moment it rings.",
                None,
                ("p95",),
                [t.invite_to_speech for t in of["pair"] if t.invite_to_speech is not None],
                [],
                (len(of["pair"]), 0),
            ),
        ]
    return found


def measure_dtls(bench: Bench) -> list[Row]:
    return measure(bench, "dtls")


def measure_sdes(bench: Bench) -> list[Row]:
    return measure(bench, "sdes")
