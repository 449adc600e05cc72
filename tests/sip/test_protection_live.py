"""Protection in live calls: consent, downgrade, calls in clear, the code, and changes in mid-call."""

from __future__ import annotations

import itertools
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rig import ports, speech
from tests.rig.agent import Agent
from tests.rig.baresip import Baresip
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.provider import Provider, header
from tests.rig.speech import RATE
from tests.rig.wavefile import Samples

pytestmark = pytest.mark.live

CONTACT = '[[contact]]\nname = "Bob"\nuri = "sip:102@phone.test"\n'
GUARD_S = 1.2
"""A key that answers a question counts when the question has stood for a second."""

SILENT_DB, AUDIBLE_DB = -65.0, -45.0
BEEP_HZ = 1400


def press(phone: Phone, key: str) -> None:
    """Answer what the display asks, after it could be read."""
    time.sleep(GUARD_S)
    phone.keys(key)


def loudest_db(samples: Samples, piece: int = RATE // 2) -> float:
    """Level of the loudest half second in dBFS."""
    levels = [float(np.mean(samples[at : at + piece] ** 2)) for at in range(0, len(samples) - piece, piece)]
    return 10 * float(np.log10(max(levels) + 1e-12))


def at_pitch(samples: Samples, hertz: float) -> list[float]:
    """The seconds at which a sound of this pitch begins, by pieces of 50 ms."""
    piece = RATE // 20
    found: list[float] = []
    sounding = False
    for at in range(0, len(samples) - piece, piece):
        power = np.abs(np.fft.rfft(samples[at : at + piece] * np.hanning(piece))) ** 2
        near = round(hertz * piece / RATE)
        share = power[near - 1 : near + 2].sum() / (power.sum() + 1e-9)
        loud = float(np.mean(samples[at : at + piece] ** 2)) > 1e-5
        if share > 0.8 and loud and not sounding:
            found.append(at / RATE)
        sounding = share > 0.8 and loud
    return found


def offered(registrar: Registrar) -> list[str]:
    """The profile of the audio in each INVITE that the phone sent, without the repeats after a challenge."""
    return profiles(registrar.requests("INVITE"))


def profiles(invites: Sequence[Message]) -> list[str]:
    bodies = [message.body for message in invites]
    found = [match[1] for body in bodies if (match := re.search(r"m=audio \d+ (\S+)", body))]
    return list(dict.fromkeys(found))


def test_who_cannot_encrypt_end_to_end_is_called_after_consent(lab: Lab) -> None:
    """488, the offer on the display, one key, a call at the provider's level; it rang there once."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", encryption="sdes", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("cannot encrypt end to end. provider could listen. # call anyway")
    assert not registrar.responses("INVITE", 180), "it has not rung"
    press(phone, "#")
    call = phone.wait_call("active", security="provider")
    assert call["speaks"]
    phone.wait_screen("provider can listen")
    bob.wait_heard(1)
    assert offered(registrar) == ["UDP/TLS/RTP/SAVP", "RTP/AVP", "RTP/SAVP"]
    assert len(registrar.responses("INVITE", 180)) == 1, "it rang once"
    phone.hook("down")
    bob.wait_closed()


def test_who_took_sdes_after_refusing_better_is_offered_it_first(lab: Lab) -> None:
    """Where the policy allows it: one INVITE in the next call, which goes out as fast as any."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", encryption="sdes", answer="auto")
    phone = lab.phone(encryption="provider")
    for expected in (["UDP/TLS/RTP/SAVP", "RTP/SAVP"], ["RTP/SAVP"]):
        before = len(registrar.requests("INVITE"))
        mark = bob.mark()
        phone.hook("up")
        phone.keys("102#")
        phone.wait_call("active", security="provider")
        assert profiles(registrar.requests("INVITE")[before:]) == expected
        phone.hook("down")
        bob.wait_closed(since=mark)
        phone.wait_idle()


def test_less_than_last_time_is_stopped_before_any_sound(lab: Lab) -> None:
    """Bob was reached end to end; now he has SDES alone. He gets silence, packet for packet, until the
    user goes on. What was reached outlives a restart."""
    lab.registrar()
    bob = lab.baresip("bob", codecs=["pcma"], answer="auto")
    cables = lab.cables()
    phone = lab.phone(cables=cables, encryption="provider", extra=CONTACT)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", security="end-to-end", speaks=True)
    phone.hook("down")
    phone.wait_idle()
    bob.stop()
    phone.stop()
    files = [file.read_bytes() for file in phone.state.iterdir()]
    assert files
    assert not any(b"102" in octets for octets in files)
    phone.start()
    phone.wait_registered()
    bob = lab.baresip("bob", codecs=["pcma"], answer="auto", encryption="sdes")
    with cables.speak(lab.kit.near.file()), cables.listen() as ear:
        phone.hook("up")
        phone.keys("102#")
        phone.wait_screen("less protected.*before: end to end. now: provider can listen")
        call = phone.wait_call("active", speaks=False)
        assert call["warning"] == "Less protected"
        bob.wait_heard(3)
        assert loudest_db(speech.read(bob.recording())) < SILENT_DB, "the far end hears nothing"
        tones = at_pitch(ear.samples(), 950) + at_pitch(ear.samples(), BEEP_HZ)
        assert tones, "and the user hears the warning, not the far end"
        assert cables.users()[1] == 0, "the microphone is closed"
        paced(bob, 2.0)
        phone.keys("#")
        phone.wait_call("active", speaks=True, security="provider")
        before = bob.heard()
        bob.wait_heard(before + 3)
        heard = speech.read(bob.recording())[round(before * RATE) :]
        assert loudest_db(heard) > AUDIBLE_DB, "then he hears"
    phone.hook("down")


def paced(bob: Baresip, seconds: float) -> None:
    """Packets come at their pace."""
    before, start = bob.heard(), time.monotonic()
    bob.wait_heard(before + seconds)
    assert time.monotonic() - start < seconds + 1


def dialogs(registrar: Registrar) -> set[str]:
    """The calls that began with an INVITE and rang: their Call-IDs."""
    return {header(message.text, "Call-ID") for message in registrar.responses("INVITE", 180)}


def test_a_call_in_clear_by_consent_beeps_for_the_user_alone(lab: Lab) -> None:
    """It rings once, is answered once, and goes on in the same dialog: SDES refused, then RTP/AVP for this
    call, a beep every ten seconds; the next is as safe as ever."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", codecs=["pcma"], encryption="none", answer="auto", says=None)
    cables = lab.cables()
    phone = lab.phone(cables=cables, allow_clear=True)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("they answered without it. provider could listen")
    call = phone.wait_call("active", security="none", speaks=False)
    assert call["warning"] == "No common encryption"
    wire = lab.capture(of=phone)
    press(phone, "#")
    phone.wait_screen("anybody on the way could listen")
    wire.stop()
    media = [packet for packet in wire.packets() if packet.source[0] == phone.address]
    assert not [packet for packet in media if packet.kind in ("rtp", "rtcp")], "nothing has left yet"
    press(phone, "#")
    call = phone.wait_call("active", security="clear", speaks=True)
    assert (call["suite"], call["keying"], call["code"]) == (None, None, None)
    time.sleep(0.5)  # the warning tone of the question ends
    with cables.listen() as ear:
        phone.wait_screen("not encrypted")
        ear.wait(21.5)
        beeps = at_pitch(ear.samples(), BEEP_HZ)
    print(f"beeps at {beeps}")
    assert len(beeps) >= 2
    assert all(abs(later - sooner - 10) < 0.3 for sooner, later in itertools.pairwise(beeps))
    assert loudest_db(speech.read(bob.recording())) < SILENT_DB, "the far end does not hear them"
    assert len(dialogs(registrar)) <= 1, "it rang once"
    assert len({header(message.text, "Call-ID") for message in registrar.requests("INVITE")}) == 2
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    bob.stop()
    lab.baresip("bob", answer="auto")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", security="end-to-end")


def bare(lab: Lab, **options: Any) -> tuple[Agent, Phone]:
    """A far end that knows calls in clear alone has answered, and the display asks."""
    agent = lab.add(Agent(lab.folder, lab.kit.far, user="carol", method="none"))
    registrar = lab.registrar(udp=True, routes={"carol": agent.uri})
    agent.proxy = (registrar.address, registrar.port)
    phone = lab.phone(registrar=registrar, codecs=["pcma"], **options)
    phone.wait_registered()
    phone.hook("up")
    phone.keys("103#")
    phone.wait_screen("they answered without it. provider could listen")
    return agent, phone


def rang(agent: Agent) -> int:
    """How often: INVITEs outside of a dialog that it did not refuse."""
    new = [text for text in agent.got if text.startswith("INVITE") and ";tag=" not in header(text, "To")]
    return sum("RTP/AVP" in text for text in new)


def test_who_refuses_sdes_too_is_asked_about_in_the_same_call(lab: Lab) -> None:
    """The second INVITE of the dialog is answered 486: it goes on in clear after another key."""
    agent, phone = bare(lab, allow_clear=True)
    time.sleep(1)
    assert not agent.leg.heard
    assert not agent.leg.clear
    press(phone, "#")
    phone.wait_screen("anybody on the way could listen")
    press(phone, "#")
    phone.wait_call("active", security="clear", speaks=True)
    agent.leg.wait_heard(1)
    assert agent.leg.clear, "RTP that anybody can read, by consent"
    assert rang(agent) == 1
    phone.hook("down")
    agent.wait_state("over")


def test_without_allow_clear_it_ends_in_words_and_rings_once(lab: Lab) -> None:
    agent, phone = bare(lab)
    press(phone, "#")
    phone.wait_screen("no common encryption.*they cannot encrypt")
    agent.wait_state("over")
    press(phone, "#")
    time.sleep(1)
    assert rang(agent) == 1
    assert not agent.leg.heard
    assert not agent.leg.clear
    phone.hook("down")
    phone.wait_idle()
    invites = len([text for text in agent.got if text.startswith("INVITE")])
    phone.hook("up")
    phone.keys("103#")
    phone.wait_screen("provider could listen. # call anyway")
    later = [text for text in agent.got if text.startswith("INVITE")][invites:]
    assert ["UDP/TLS" in text for text in later] == [True], "the next call does not ring there at all"


def test_who_could_have_encrypted_gets_keys_in_the_same_call(lab: Lab) -> None:
    """A baresip for which SDES is optional takes RTP/AVP without keys: after consent it has them."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", codecs=["pcma"], encryption="sdes-optional", answer="auto")
    phone = lab.phone()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_screen("they answered without it. provider could listen")
    press(phone, "#")
    phone.wait_call("active", security="provider", speaks=True)
    bob.wait_heard(1)
    assert len(dialogs(registrar)) == 1
    phone.hook("down")
    bob.wait_closed()


def test_speech_passes_both_ways_in_clear(lab: Lab) -> None:
    """An incoming call in clear rings as one, is not answered by lifting nor by software, and then works."""
    lab.registrar()
    bob = lab.baresip("bob", codecs=["pcma"], encryption="none")
    cables = lab.cables()
    phone = lab.phone(cables=cables, allow_clear=True)
    bob.dial("alice")
    phone.wait_screen("unencrypted call.*bob")
    assert phone.sotto("answer").exit == 1
    phone.hook("up")
    phone.wait_screen("not encrypted.*1 answer")
    phone.wait_call("ringing", direction="in")
    press(phone, "1")
    phone.wait_call("active", security="clear", speaks=True)
    with cables.speak(lab.kit.near.file()), cables.listen() as ear:
        ear.wait(3)
        before = bob.heard()
        bob.wait_heard(before + 3)
        assert loudest_db(speech.read(bob.recording())) > AUDIBLE_DB
        assert loudest_db(ear.samples()) > AUDIBLE_DB
    bob.hangup()
    phone.wait_idle()


def test_two_of_our_telephones_show_the_same_code(lab: Lab) -> None:
    """Both people hold the star, compare and confirm; the next call of these two certificates is verified."""
    lab.registrar()
    alice = lab.phone("alice", extra=CONTACT)
    bob = lab.phone("bob")
    alice.hook("up")
    alice.keys("102#")
    bob.wait_call("ringing", direction="in")
    bob.hook("up")
    seen = []
    for phone in (alice, bob):
        call = phone.wait_status(
            lambda status: any(call["state"] == "active" and call["code"] for call in status["calls"]),
            8,
            "a code",
        )["calls"][-1]
        phone.do("sim", "key", "*", "--hold", "1.3")
        text = phone.wait_screen("same 2 different")
        assert all(group in text for group in call["code"].split())
        seen.append(call["code"])
        assert call["security"] == "end-to-end"
    assert seen[0] == seen[1]
    for phone in (alice, bob):
        phone.keys("1")
        phone.wait_call("active", security="end-to-end-verified")
        phone.wait_screen("end to end, verified")
    bob.do("sim", "key", "*", "--hold", "1.3")
    bob.keys("2")
    bob.wait_call("active", security="provider", speaks=False)
    alice.hook("down")


CERTIFICATE_DAYS = "1"


def fingerprint(folder: Path) -> tuple[Path, Path, str]:
    """A key, a certificate, and what SDP says of it."""
    key, cert = folder / "far.key", folder / "far.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=far", "-days", CERTIFICATE_DAYS, "-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", "req", "-x509", *curve, *names], check=True, capture_output=True)
    said = subprocess.run(
        ["openssl", "x509", "-in", str(cert), "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return key, cert, "sha-256 " + said.strip().partition("=")[2]


@pytest.mark.parametrize("known", [True, False])
def test_a_change_in_mid_call_changes_label_and_sound(lab: Lab, known: bool) -> None:
    """A far end that agreed on keys between the ends (DTLS-SRTP) turns to keys in SDP: the label follows in
    200 ms. With a contact nothing is heard any more until the user goes on; with anybody else, whom the
    policy lets speak so, a signal sounds in the earpiece."""
    provider = lab.add(Provider())
    cables = lab.cables()
    extra = '[[contact]]\nname = "Bob"\nuri = "sip:bob@phone.test"\n' if known else ""
    phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider", cables=cables, extra=extra)
    phone.wait_registered()
    key, cert, said = fingerprint(lab.folder)
    port = ports.block(2)
    body = re.sub(r"m=audio \d+", f"m=audio {port}", provider.description(profile="UDP/TLS/RTP/SAVP"))
    body += f"a=fingerprint:{said}\r\na=setup:active\r\n"
    invite = provider.invite(body=body)
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    provider.ack(invite, final)
    to = re.search(r"m=audio (\d+)", final)
    assert to
    argv = ["openssl", "s_client", "-dtls1_2", "-quiet", "-use_srtp", "SRTP_AES128_CM_SHA1_80"]
    argv += ["-key", str(key), "-cert", str(cert), "-bind", f"127.0.0.1:{port}"]
    argv += ["-connect", f"{phone.address}:{to[1]}"]
    with (
        cables.listen() as ear,
        phone.watch() as seen,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as handshake,
    ):
        try:
            phone.wait_call("active", security="end-to-end", keying="DTLS-SRTP", speaks=True)
            less = provider.inside(final, "INVITE", body=provider.description(crypto="1", version=2))
            start = time.monotonic()
            provider.raw(less)
            seen.wait_for('"security": "provider"', 3)
            took = time.monotonic() - start
            provider.ack(less, provider.wait("SIP/2.0 200"))
            print(f"the label changed {1000 * took:.0f} ms after the re-INVITE")
            assert took < 0.2 + 0.1, "0.1 s of them are those of the test"
            ear.wait(1.5)
        finally:
            handshake.kill()
    heard = ear.samples()
    if known:
        phone.wait_screen("less protected.*before: end to end. now: provider can listen")
        phone.wait_call("active", security="provider", speaks=False)
        assert at_pitch(heard, 950) or at_pitch(heard, BEEP_HZ), "the warning"
        press(phone, "#")
    else:
        assert both_at(heard, 950, 1900), "the signal"
    phone.wait_call("active", security="provider", speaks=True)
    provider.raw(provider.inside(final, "BYE"))
    phone.wait_idle()


def test_better_keys_in_mid_call_change_the_label(lab: Lab) -> None:
    """A far end that began with keys in SDP turns to keys between the ends (DTLS-SRTP)."""
    provider = lab.add(Provider())
    phone = lab.phone(transport="tcp", proxy=provider.uri, encryption="provider")
    phone.wait_registered()
    key, cert, said = fingerprint(lab.folder)
    port = ports.block(2)
    invite = provider.invite(body=re.sub(r"m=audio \d+", f"m=audio {port}", provider.description(crypto="1")))
    provider.raw(invite)
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    final = provider.wait("SIP/2.0 200")
    provider.ack(invite, final)
    phone.wait_call("active", security="provider", speaks=True)
    better = provider.description(profile="UDP/TLS/RTP/SAVP", version=2)
    better = re.sub(r"m=audio \d+", f"m=audio {port}", better)
    better += f"a=fingerprint:{said}\r\na=setup:active\r\n"
    change = provider.inside(final, "INVITE", body=better)
    provider.raw(change)
    agreed = provider.wait("SIP/2.0 200")
    provider.ack(change, agreed)
    to = re.search(r"m=audio (\d+)", agreed)
    assert to
    argv = ["openssl", "s_client", "-dtls1_2", "-quiet", "-use_srtp", "SRTP_AES128_CM_SHA1_80"]
    argv += ["-key", str(key), "-cert", str(cert), "-bind", f"127.0.0.1:{port}"]
    argv += ["-connect", f"{phone.address}:{to[1]}"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as handshake:
        try:
            phone.wait_call("active", security="end-to-end", keying="DTLS-SRTP", speaks=True)
        finally:
            handshake.kill()
    provider.raw(provider.inside(final, "BYE"))
    phone.wait_idle()


def both_at(samples: Samples, low: int, high: int) -> bool:
    """Whether two pitches sounded together, and nothing else."""
    piece = RATE // 20
    for at in range(0, len(samples) - piece, piece):
        power = np.abs(np.fft.rfft(samples[at : at + piece] * np.hanning(piece))) ** 2
        shares = [power[n - 1 : n + 2].sum() / (power.sum() + 1e-9) for n in (low // 20, high // 20)]
        if min(shares) > 0.2 and sum(shares) > 0.8 and float(np.mean(samples[at : at + piece] ** 2)) > 1e-5:
            return True
    return False
