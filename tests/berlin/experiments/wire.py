"""P3 and R7: what an eavesdropper reads, and to whom the phone turns at all."""

from __future__ import annotations

from tests.berlin import judge
from tests.berlin.model import Seen, experiment
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage
from tests.berlin.strangers import clear_answer, wrong_certificate
from tests.rig import capture


@experiment("P3")
def a_capture_holds_nothing_readable(stage: Stage) -> Seen:
    """Every packet of the phone from start to end is captured and judged with the keys: signalling must be
    TLS, every media packet authentic SRTP, every control packet encrypted SRTCP, to the last goodbye.
    """
    day = stage.played(private_day)
    names = [day.who.user, day.who.number, day.peer.user, day.peer.number]
    bad = judge.readable(day.ours, day.keys, names)
    kinds = {kind: len(capture.of_kind(day.ours, kind)) for kind in ("rtp", "rtcp", "dtls")}
    text = f"{len(day.ours)} packets: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    text += "; none can be read." if not bad else f"; {len(bad)} can be read, first: {bad[0]}"
    good = not bad and kinds["rtp"] > 200 and kinds["rtcp"] > 0 and bool(day.keys)
    return Seen(good, text, [day.evidence["wire.pcap"], day.evidence["far-end.keys"]])


@experiment("P3")
def all_signalling_reached_the_registrar_over_tls(stage: Stage) -> Seen:
    """The registrar's own record of each message of the phone and its transport."""
    day = stage.played(private_day)
    transports = {message.transport for message in day.from_us}
    text = f"{len(day.from_us)} messages, over {', '.join(sorted(transports))}."
    return Seen(transports == {"tls"}, text, [day.evidence["sip.txt"]])


@experiment("P3")
def a_server_with_a_wrong_certificate_gets_no_octet(stage: Stage) -> Seen:
    """Servers with an expired certificate, one of another name and one of an unknown authority take the
    registrar's place; each counts the octets of SIP that it gets. One with the right certificate is the
    control.
    """
    met = stage.played(wrong_certificate)
    text = "; ".join(
        f"{name}: {octets} octets, the display says {said!r}" for name, octets, said in met.wrong
    )
    good = met.right > 0 and all(octets == 0 for _, octets, _ in met.wrong) and len(met.wrong) == 3
    return Seen(good, f"{text}; right certificate: {met.right} octets.", [met.evidence])


@experiment("P3")
def a_far_end_that_answers_in_clear_gets_no_speech(stage: Stage) -> Seen:
    """The far end answers the offer of encryption with media in clear; packets to it are counted."""
    met = stage.played(clear_answer)
    text = f"{met.packets} media packets left; the display said {met.said!r}."
    return Seen(met.packets == 0 and met.ended, text, [met.evidence])


@experiment("R7")
def only_declared_destinations(stage: Stage) -> Seen:
    """From start to end: the destination of every packet, and every connect, send and name lookup of the
    process. Declared are the registrar and, in a call, the far end's media ports; and the self-test's call
    goes to the phone itself: to what its own processes have bound.
    """
    day = stage.played(private_day)
    first, count = day.bob_ports
    declared = [day.registrar, *((day.registrar[0], port) for port in range(first, first + count))]
    strangers = judge.undeclared(day.ours, declared)
    itself = {(where, port) for what, where, port in day.turned_to if what == "bind"}
    strangers += sorted(
        f"{what} {where}:{port}"
        for what, where, port in day.turned_to
        if what in ("connect", "send") and (where, port) not in {*declared, *itself}
    )
    known_names = {day.registrar[0], "phone.test", day.address, "-", "127.0.0.1"}
    strangers += sorted(
        f"lookup of {where}"
        for what, where, _ in day.turned_to
        if what == "lookup" and where not in known_names
    )
    text = f"{len({p.target for p in day.ours})} destinations" + (
        ", all declared." if not strangers else f"; not declared: {', '.join(strangers)}."
    )
    seen = any(what == "connect" for what, _, _ in day.turned_to)
    return Seen(not strangers and seen, text, [day.evidence["egress.txt"], day.evidence["wire.pcap"]])


@experiment("R7")
def a_register_has_only_what_it_needs(stage: Stage) -> Seen:
    """Each REGISTER, field by field, as the registrar decrypted it."""
    day = stage.played(private_day)
    registers = [message for message in day.from_us if message.method == "REGISTER"]
    faults = sorted({fault for message in registers for fault in judge.register_faults(message)})
    file = stage.evidence("register", "register.txt")
    file.write_text("\n\n".join(map(str, registers)))
    fields = ", ".join(name for name, _ in registers[-1].headers) if registers else "none"
    text = f"{len(registers)} REGISTER, fields: {fields}. "
    text += "Nothing beyond the need." if not faults else f"Beyond the need: {', '.join(faults)}."
    return Seen(bool(registers) and not faults, text, [file])


@experiment("R7")
def every_message_has_a_generic_agent(stage: Stage) -> Seen:
    """User-Agent and Server of every message of the phone: no maker, model, version or host."""
    day = stage.played(private_day)
    agents = {message.header(name) for message in day.from_us for name in ("User-Agent", "Server")} - {""}
    bad = [agent for agent in agents if not judge.GENERIC_AGENT.fullmatch(agent)]
    text = f"Says of itself: {', '.join(sorted(agents)) or 'nothing'}."
    return Seen(not bad, text, [day.evidence["sip.txt"]])
