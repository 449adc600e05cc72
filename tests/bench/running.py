"""What a running phone costs: processor time, wake-ups and memory, registered and idle, and in a call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from tests.bench.bed import Bed, Bench
from tests.bench.figures import Beside, Limit, Row
from tests.bench.proc import Memory, Usage, memory, window
from tests.bench.setup import MS
from tests.bench.sides import Side, end_of
from tests.bench.wire import first_event

ONE_PERCENT = 0.6
"""Processor seconds a minute that are 1 % of a core."""

QUARTER = 0.25
"""Of linphone's processor time at rest: it polls."""

FEW = 5.0
"""Wake-ups a second of a telephone that waits and does not poll."""

WARM_UP = 2.0
"""Seconds after registering or after the keys of a call before the window begins."""

DIGIT_GAP = 0.35
"""Seconds between two digits: baresip sends one for 100 ms or so, pjmedia for 200."""

Windows = list[dict[str, Usage]]


def idle(bench: Bench) -> list[Row]:
    """Both phones registered and left alone, in the same windows."""
    with Bed(bench, "idle") as bed:
        ours, rival, second = bed.ours("alice"), bed.rival("carol"), bed.second("dave")
        for side in (ours, rival, second):
            side.start()
        bed.wait_registered("alice", "carol", "dave")
        time.sleep(WARM_UP)
        windows: Windows = []
        pids = {"ours": ours.pid, "rival": rival.pid, "second": second.pid}
        for turn in range(bench.several(2, 1)):
            bench.say(f"idle: window {turn + 1}")
            windows.append(window(pids, bench.several(30, 10)))
        used = {name: memory(pid) for name, pid in pids.items()}
    return [
        Row(
            "idle-cpu",
            "processor time, registered and idle",
            "s/min",
            "User and system time of the process and its children; 0.6 s a minute are 1 % of a core. Both in "
            "the same windows of 30 s (quick: 10 s).",
            Limit(ONE_PERCENT),
            (),
            [usage["ours"].cpu * 60 for usage in windows],
            [usage["rival"].cpu * 60 for usage in windows],
        ),
        Row(
            "idle-wakeups",
            "wake-ups, registered and idle",
            "1/s",
            "Voluntary context switches of all threads: what polls shows here.",
            Limit(FEW),
            (),
            [usage["ours"].wakeups for usage in windows],
            [usage["rival"].wakeups for usage in windows],
        ),
        *memory_rows("idle", "registered and idle", used),
        *idle_linphone(windows, used),
    ]


def idle_linphone(windows: Windows, used: Mapping[str, Memory]) -> list[Row]:
    """The same windows beside the second rival."""
    return [
        Row(
            "idle-cpu-linphone",
            "processor time, registered and idle, beside linphone",
            "s/min",
            "In the same windows; the rival is linphone-daemon, with sound cables that nothing uses.",
            Beside(QUARTER),
            (),
            [usage["ours"].cpu * 60 for usage in windows],
            [usage["second"].cpu * 60 for usage in windows],
        ),
        Row(
            "idle-wakeups-linphone",
            "wake-ups, registered and idle, beside linphone",
            "1/s",
            "In the same windows.",
            None,
            (),
            [usage["ours"].wakeups for usage in windows],
            [usage["second"].wakeups for usage in windows],
        ),
        Row(
            "memory-idle-pss-linphone",
            "memory (PSS), registered and idle, beside linphone",
            "MiB",
            "Resident pages, shared ones in shares. Ours shares Python with the bench.",
            Beside(1.0),
            (),
            [used["ours"].pss],
            [used["second"].pss],
        ),
    ]


def memory_rows(key: str, when: str, used: Mapping[str, Memory]) -> list[Row]:
    return [
        Row(
            f"memory-{key}-pss",
            f"memory (PSS), {when}",
            "MiB",
            "Resident pages, shared ones in shares. Ours shares Python with the bench; in the call the "
            "rival's share holds a megabyte of silence to send.",
            None,
            (),
            [used["ours"].pss],
            [used["rival"].pss],
        ),
        Row(
            f"memory-{key}-rss",
            f"memory (RSS), {when}",
            "MiB",
            "All resident pages, shared ones in full.",
            None,
            (),
            [used["ours"].rss],
            [used["rival"].rss],
        ),
    ]


def call_opus(bench: Bench) -> list[Row]:
    return in_call(bench, "opus")


def call_pcma(bench: Bench) -> list[Row]:
    return in_call(bench, "pcma")


def beside_opus(bench: Bench) -> list[Row]:
    return beside_linphone(bench, "opus")


def beside_pcma(bench: Bench) -> list[Row]:
    return beside_linphone(bench, "pcma")


def beside_linphone(bench: Bench, codec: str) -> list[Row]:
    """Ours and a linphone, each with sound cables and in a call with a baresip, in the same windows."""
    with Bed(bench, f"beside-{codec}", codec=codec) as bed:
        callees = bed.callee(), bed.callee("erin")
        ours, second = bed.ours("alice", sound=True), bed.second("dave", "erin")
        sides: list[Side] = [ours, second]
        for side in sides:
            side.start()
        bed.wait_registered("alice", "dave")
        bed.rest()
        bench.say(f"in a call beside linphone, {codec}")
        for side, callee in zip(sides, callees, strict=True):
            mark = callee.mark()
            side.prepare()
            side.press()
            callee.wait_encrypted(since=mark)
        time.sleep(WARM_UP)
        pids = {"ours": ours.pid, "rival": second.pid}
        windows: Windows = [window(pids, bench.several(15, 5)) for _ in range(bench.several(2, 1))]
        used = {name: memory(pid) for name, pid in pids.items()}
        for side in sides:
            side.hang_up()
    return [
        Row(
            f"call-cpu-{codec}-linphone",
            f"processor time in a call, {codec}, beside linphone",
            "% of a core",
            "Each in a DTLS-SRTP call with a baresip of its own, in the same window, silence both ways, over "
            "PulseAudio's null sinks: ours by ALSA's plugin, the rival by its own driver.",
            Beside(1.0),
            (),
            [usage["ours"].cpu * 100 for usage in windows],
            [usage["rival"].cpu * 100 for usage in windows],
        ),
        Row(
            f"memory-call-{codec}-linphone",
            f"memory (PSS), in a call, {codec}, beside linphone",
            "MiB",
            "In the same calls.",
            Beside(1.0),
            (),
            [used["ours"].pss],
            [used["rival"].pss],
        ),
    ]


def in_call(bench: Bench, codec: str) -> list[Row]:
    """Ours and a baresip at the two ends of one call: the same packets, the same window."""
    with Bed(bench, f"call-{codec}", codec=codec) as bed:
        callee, ours = bed.callee(), bed.ours("alice")
        ours.start()
        bed.wait_registered("alice")
        wire = bed.capture([ours], [callee])
        bed.rest()
        bench.say(f"in a call, {codec}")
        ours.prepare()
        mark = callee.mark()
        ours.press()
        callee.wait_encrypted(since=mark)
        time.sleep(WARM_UP)
        pids = {"ours": ours.pid, "rival": callee.process.pid}
        windows: Windows = [window(pids, bench.several(10, 5)) for _ in range(bench.several(2, 1))]
        used = {name: memory(pid) for name, pid in pids.items()}
        pressed: dict[str, list[float]] = {"ours": [], "rival": []}
        for _ in range(bench.several(20, 5) if codec == "pcma" else 0):
            pressed["ours"].append(ours.digit())
            time.sleep(DIGIT_GAP)
            now = time.time()
            callee.send_dtmf("5")
            pressed["rival"].append(now)
            time.sleep(DIGIT_GAP)
        ours.hang_up()
        callee.wait_closed(since=mark)
        wire.stop()
        packets = wire.packets()
        ends = {"ours": ours.end, "rival": end_of(callee)}
    delays = {
        name: [first_event(packets, ends[name], at, at + DIGIT_GAP) for at in moments]
        for name, moments in pressed.items()
    }
    differ = {
        "opus": "ours encodes 16 kHz mono at complexity 5, the rival 48 kHz stereo at its default",
        "pcma": "ours runs its bridge at 16 kHz and resamples, the rival works at 8 kHz",
    }[codec]
    found = [
        Row(
            f"call-cpu-{codec}",
            f"processor time in a call, {codec}",
            "% of a core",
            "The two ends of one DTLS-SRTP call, silence both ways, in the same window. No sound device: "
            "ours clocks by pjmedia's null device, the rival reads silence from a file and plays "
            f"into a bridge; {differ}.",
            Beside(),
            (),
            [usage["ours"].cpu * 100 for usage in windows],
            [usage["rival"].cpu * 100 for usage in windows],
        ),
        Row(
            f"call-wakeups-{codec}",
            f"wake-ups in a call, {codec}",
            "1/s",
            "Voluntary context switches of all threads; a packet every 20 ms each way makes 100.",
            None,
            (),
            [usage["ours"].wakeups for usage in windows],
            [usage["rival"].wakeups for usage in windows],
        ),
    ]
    if codec == "pcma":
        found += [*memory_rows("call", "in a call, pcma", used), digit_row(pressed, delays)]
    return found


def digit_row(pressed: Mapping[str, Sequence[float]], delays: Mapping[str, Sequence[float | None]]) -> Row:
    times = {
        name: [(found - at) * MS for at, found in zip(pressed[name], delays[name], strict=True) if found]
        for name in pressed
    }
    return Row(
        "digit-packet",
        "digit pressed in a call → its first packet",
        "ms",
        "From the octets of the key at the control socket to the first protected telephone-event (RFC 4733) "
        "on the wire; up to 20 ms are the wait for the next packet.",
        Beside(),
        ("p95", "max"),
        times["ours"],
        times["rival"],
        (len(pressed["ours"]), len(pressed["rival"])),
    )
