"""P4 and R3: what stays secret later, and what is secret between the two ends alone."""

from __future__ import annotations

from tests.berlin import judge
from tests.berlin.handshakes import Hello, hellos
from tests.berlin.levels_day import play as levels_day
from tests.berlin.model import NotYet, Seen, experiment
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage
from tests.rig import capture
from tests.rig.client_hello import X25519MLKEM768, of_openssl, openssl_version

SILENT_DB, AUDIBLE_DB = -65.0, -45.0
"""Levels in dBFS: of a line on which nothing is heard, and of one on which somebody speaks."""

NEXT = "the issue on end-to-end encryption"


@experiment("P4")
def signalling_has_forward_secrecy(stage: Stage) -> Seen:
    """The phone's TLS handshake with its server in the capture: the suite that was chosen, and each one
    offered, must exchange keys by ephemeral Diffie-Hellman.
    """
    day = stage.played(private_day)
    said = hellos(day.evidence["wire.pcap"], day.registrar[1], day.address)
    return _forward_secret(said, [day.evidence["wire.pcap"]])


@experiment("P4")
def media_keys_have_forward_secrecy(stage: Stage) -> Seen:
    """The handshakes of DTLS-SRTP in the capture, those that the phone began and those that it answered."""
    day = stage.played(private_day)
    said = hellos(day.evidence["wire.pcap"], 0, day.address)
    return _forward_secret(said, [day.evidence["wire.pcap"]])


@experiment("P4")
def silence_and_speech_look_alike(stage: Stage) -> Seen:
    """One call, first silence, then speech, by Opus: the lengths of the packets in each part."""
    day = stage.played(private_day)
    parts = {}
    for name, (start, end) in (("silence", day.silence), ("speech", day.speech)):
        parts[name] = judge.sizes(p for p in day.ours if start <= p.when <= end)
    seen = {
        name: ", ".join(f"{size} octets ({n})" for size, n in found.items()) for name, found in parts.items()
    }
    rates = [
        sum(found.values()) / (end - start)
        for found, (start, end) in zip(parts.values(), (day.silence, day.speech), strict=True)
    ]
    text = f"Silence: {seen['silence']}, {rates[0]:.0f} packets/s; "
    text += f"speech: {seen['speech']}, {rates[1]:.0f} packets/s."
    good = len(set(parts["silence"]) | set(parts["speech"])) == 1 and abs(rates[0] - rates[1]) < 5
    return Seen(good, text, [day.evidence["wire.pcap"]])


@experiment("P4")
def keys_are_erased_at_hang_up(stage: Stage) -> Seen:
    """The memory of the process is searched for the call's SRTP master keys, in the call and after it."""
    day = stage.played(private_day)
    text = f"Found {day.keys_in_call} times in the call, {day.keys_after} times after it."
    return Seen(day.keys_in_call > 0 and day.keys_after == 0, text)


@experiment("P4")
def post_quantum_hybrid_is_offered(stage: Stage) -> Seen:
    """The groups in the phone's ClientHello beside those of the system's own ``openssl s_client``, which
    nobody restricts: all of them, in the same order, and from OpenSSL 3.5 on X25519MLKEM768 first.
    """
    day = stage.played(private_day)
    said = hellos(day.evidence["wire.pcap"], day.registrar[1], day.address)
    offered = {hello.groups for hello in said if hello.client}
    version, library = openssl_version(), of_openssl().groups
    named = "OpenSSL " + ".".join(map(str, version))
    text = f"{named} offers {_listed(library)}; the phone {', '.join(map(_listed, offered)) or 'nothing'}."
    good = offered == {library}
    if version >= (3, 5):
        good = good and library[0] == X25519MLKEM768
    else:
        text += " The hybrid comes with OpenSSL 3.5 (Debian 13); this system's has none to offer."
    return Seen(good, text, [day.evidence["wire.pcap"]])


@experiment("R3")
def an_independent_phone_is_called_end_to_end(stage: Stage) -> Seen:
    """A call with baresip by DTLS-SRTP: keys agreed between the two ends, no key in any SDP, every packet
    authentic.
    """
    day = stage.played(private_day)
    keys_in_sdp = [m.first_line for m in day.messages if "a=crypto" in m.body]
    bad = judge.readable(day.ours, day.keys)
    rtp = len(capture.of_kind(day.ours, "rtp"))
    shown = f"the status says {day.call['security']}, {day.call['suite']}, {day.call['codec']}"
    text = f"{rtp} packets of speech, {len(bad)} not authentic, {len(keys_in_sdp)} keys in SDP; {shown}."
    good = day.call["security"].startswith("end-to-end") and rtp > 200 and not bad and not keys_in_sdp
    return Seen(good, text, [day.evidence["sip.txt"], day.evidence["wire.pcap"]])


@experiment("R3")
def both_phones_show_the_same_code(stage: Stage) -> Seen:
    """Two telephones of ours call each other; both people hold the star, read the code on the display, and
    confirm it: only then is the call called verified.
    """
    day = stage.played(levels_day)
    text = f"Codes: {' and '.join(day.codes)}; after the key: {', '.join(day.confirmed)}."
    read = [
        all(group in shown for group in code.split())
        for code, shown in zip(day.codes, day.shown, strict=True)
    ]
    good = len(day.codes) == 2 and len(set(day.codes)) == 1 and all(read)
    return Seen(good and set(day.confirmed) == {"end-to-end-verified"}, text, [*day.evidence.values()][:2])


@experiment("R3")
def less_than_before_is_stopped_before_anything_is_heard(stage: Stage) -> Seen:
    """A contact is reached end to end, and next time has no more than keys in SDP, which the policy would
    allow: somebody speaks into the microphone, the far end's recording is measured, then a key goes on.
    """
    day = stage.played(levels_day)
    text = f"First {day.first['security']}; then {day.stopped['security']}: the far end heard "
    text += f"{day.heard_stopped:.0f} dBFS, after the key {day.heard_after:.0f} dBFS. Display: {day.warned}."
    good = day.first["security"].startswith("end-to-end") and not day.stopped["speaks"]
    good = good and day.heard_stopped < SILENT_DB < AUDIBLE_DB < day.heard_after
    return Seen(good and "Less protected" in day.warned, text, [day.evidence["stopped.png"]])


@experiment("P3")
def nothing_is_offered_in_clear_without_consent(stage: Stage) -> Seen:
    """A far end that encrypts nothing is called with the default configuration: what is offered, and what
    the display says.
    """
    day = stage.played(levels_day)
    text = f"Offered: {', '.join(day.profiles)}. Display: {day.refused}."
    good = bool(day.profiles) and all("SAVP" in asked or "ZRTP" in asked for asked in day.profiles)
    return Seen(good and "encrypt" in day.refused.lower(), text, [day.evidence["refused.png"]])


@experiment("R3")
def a_call_by_zrtp(stage: Stage) -> Seen:
    """The offer is looked at for ZRTP (RFC 6189)."""
    day = stage.played(private_day)
    if not any("a=zrtp-hash" in m.body for m in day.from_us):
        raise NotYet(f"ZRTP is not built; it comes with {NEXT}.")
    return Seen(True, "ZRTP is offered.", [day.evidence["sip.txt"]])


def _forward_secret(said: list[Hello], evidence: list[object]) -> Seen:
    """Judge what was offered by us and what was chosen."""
    chosen = sorted({hello.suite_names[0] for hello in said if not hello.client})
    weak = sorted({name for hello in said for name in judge.weak_suites(hello.suites, hello.names)})
    versions = ", ".join(sorted({hello.version for hello in said if not hello.client}))
    text = f"Chosen: {', '.join(chosen) or 'nothing'} ({versions}). "
    text += (
        f"Offered or chosen without forward secrecy: {', '.join(weak)}." if weak else "All offers have it."
    )
    return Seen(bool(chosen) and not weak, text, evidence)  # type: ignore[arg-type]


def _listed(groups: tuple[int, ...]) -> str:
    return " ".join(f"{group:#06x}" for group in groups)
