"""What a phone on a desk meets: garbage, a registrar that dies, a sound device that is pulled out."""

from __future__ import annotations

import os
import random
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.rig import speech
from tests.rig.cables import Recording
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.rig.speech import GOOD, RATE

pytestmark = pytest.mark.live

SOUND_WORDS = "sound|audio|microphone|speaker|earpiece|handset|headset"


def malformed() -> Iterator[bytes]:
    """Messages that are not SIP, or hardly: RFC 4475 in spirit, and plain noise."""
    head = b"INVITE sip:alice@phone.test SIP/2.0\r\n"
    via = b"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK"
    rest = b"From: <sip:x@y>;tag=1\r\nTo: <sip:alice@phone.test>\r\nCall-ID: %d\r\nCSeq: 1 INVITE\r\n"
    yield b"\r\n\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: phone\r\n\r\n"
    yield head + b"\r\n"
    yield head + via + b"1\r\n" + rest % 1 + b"Content-Length: 99999999\r\n\r\n"
    yield head + via + b"2\r\n" + rest % 2 + b"Content-Length: -1\r\n\r\n"
    yield head + via + b"3\r\n" + rest % 3 + b"Max-Forwards: 300\r\nContent-Length: 0\r\n\r\n"
    yield (
        head
        + via
        + b"4\r\n"
        + rest.replace(b"1 INVITE", b"99999999999999 BYE") % 4
        + b"Content-Length: 0\r\n\r\n"
    )
    yield b"SIP/2.0 200 OK\r\n" + via + b"5\r\n" + rest % 5 + b"Content-Length: 0\r\n\r\n"
    yield b"SIP/2.0 99999 \xff\xfe\r\n" + via + b"6\r\n" + rest % 6 + b"Content-Length: 0\r\n\r\n"
    body = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 99999 UDP/TLS/RTP/SAVP 8 8 8\r\na=crypto:\r\n"
    form = b"Contact: <sip:x@127.0.0.1:9>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n"
    yield head + via + b"7\r\n" + rest % 7 + form % len(body) + body
    yield head + via + b"8\r\n" + rest % 8 + b"X-Long: " + b"a" * 60000 + b"\r\nContent-Length: 0\r\n\r\n"
    yield head + (via + b"9\r\n") * 500 + rest % 9 + b"Content-Length: 0\r\n\r\n"
    yield random.Random(5).randbytes(4000)
    yield b"\0" * 4000


def test_garbage_on_the_control_socket(lab: Lab) -> None:
    """Noise, endless lines, half a request, sudden ends and silence do not disturb the phone or its
    commands.
    """
    lab.registrar()
    phone = lab.phone()
    pieces = [
        random.Random(1).randbytes(65536),
        b"{" * 200000,
        b"[" * 100000 + b"\n",
        b'{"command": "status"',
        b'{"command": ' + b"9" * 5000 + b"}\n",
        b"\xff\xfe\0\0\n" * 100,
        b"\n" * 1000,
        b'{"command": "no such thing"}\n[]\nnull\n"x"\n1e999\n',
    ]
    for piece in pieces:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(phone.socket))
            with suppress(OSError):
                client.sendall(piece)
    idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    try:
        for client in idle:
            client.settimeout(1)
            with suppress(OSError):
                client.connect(str(phone.socket))
        assert phone.status()["registration"] == "registered"
    finally:
        for client in idle:
            client.close()
    assert phone.status()["registration"] == "registered"
    assert phone.process.alive


def test_malformed_sip_on_its_port(lab: Lab) -> None:
    """Whatever listens on the phone's SIP port, over TCP, TLS and UDP, survives; calls still come in."""
    lab.registrar()
    bob = lab.baresip("bob")
    phone = lab.phone()
    where = (phone.address, phone.sip_port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for message in malformed():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, suppress(OSError):
            datagram.sendto(message, where)
        with suppress(OSError), socket.create_connection(where, timeout=2) as plain:
            plain.sendall(message)
        with (
            suppress(OSError),
            socket.create_connection(where, timeout=2) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.sendall(message)
    assert phone.status()["registration"] == "registered"
    assert phone.status()["calls"] == []
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")


def test_malformed_sip_from_its_proxy(lab: Lab) -> None:
    """The server that it trusts sends rubbish down the connection."""
    for message in malformed():
        server = lab.tls_server(lab.kit.certificate, says=[message])
        phone = lab.phone(proxy=server.uri, registrar=None)
        server.wait_data(8)
        time.sleep(0.2)  # there is nothing to wait for: the phone shall do nothing
        assert phone.status()["calls"] == []
        assert phone.terminate()[0] == 0


def test_a_registrar_that_dies_and_returns(lab: Lab) -> None:
    """The phone says that it has no connection, tries again by itself and is registered soon after the
    return.
    """
    registrar = lab.registrar()
    phone = lab.phone()
    registrar.stop()
    status = phone.wait_status(lambda s: s["registration"] != "registered", 40, "the loss to be noticed")
    assert status["registration_reason"] or status["registration"] == "registering"
    tries = phone.wait_registration("failed", 20)
    assert tries["registration_reason"]
    registrar.start()
    registrar.wait_registered("alice", 40)
    phone.wait_registered()
    bob = lab.baresip("bob")
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")


def test_a_registrar_that_is_not_there_at_start(lab: Lab) -> None:
    """The phone starts all the same and registers when the registrar comes."""
    registrar = lab.registrar()
    registrar.stop()
    phone = lab.phone(proxy=registrar.uri)
    status = phone.wait_registration("failed", 20)
    assert status["registration_reason"]
    registrar.start()
    registrar.wait_registered("alice", 40)
    phone.wait_registered()


def test_a_sound_device_that_is_missing_at_start(lab: Lab) -> None:
    """The phone registers; a call without the device stays up and says so; then the device comes, and
    sound.
    """
    lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    cables = lab.cables()
    cables.stop()
    phone = lab.phone(cables=cables)
    assert phone.status()["registration"] == "registered"
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    phone.wait_screen(SOUND_WORDS)
    cables.start()
    with cables.listen() as heard:
        wait_for_voice(heard, 15)
        wait_good(lab, heard)
    phone.wait_call("active")
    bob.hangup()
    phone.wait_idle()


def test_a_missing_sound_device_is_told_before_a_call_wants_it(lab: Lab) -> None:
    """On the idle screen and in the status, until it is there; the microphone is not opened to look."""
    cables = lab.cables()
    cables.stop()
    phone = lab.phone(cables=cables, account=False)
    phone.wait_screen("no sound device", 4)
    assert '"ear"' in phone.status()["audio_trouble"]
    before, began = processor_seconds(phone), time.monotonic()
    wait_until(lambda: time.monotonic() - began > 4, 5, "four seconds without a device")
    assert processor_seconds(phone) - before < 0.1, "waiting for a device costs next to nothing"
    cables.start()
    phone.wait_status(lambda s: not s["audio_trouble"], 8, "the return of the device to be noticed")
    assert "sound" not in phone.screen().lower()
    assert cables.users() == (0, 0)


def test_a_sound_device_that_vanished_in_a_call_is_told_after_it(lab: Lab) -> None:
    """And no longer when it is back, though no call wants it."""
    lab.registrar()
    lab.baresip("bob", answer="auto")
    cables = lab.cables()
    phone = lab.phone(cables=cables)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    assert not phone.status()["audio_trouble"]
    cables.stop()
    phone.wait_screen(SOUND_WORDS, 8)
    phone.hook("down")
    phone.wait_status(lambda s: '"ear"' in s["audio_trouble"], 8, "the reason")
    phone.wait_screen("no sound device")
    cables.start()
    phone.wait_status(lambda s: not s["audio_trouble"], 8, "the return of the device to be noticed")


def test_a_sound_device_that_vanishes_in_a_call_and_comes_back(lab: Lab) -> None:
    """The call stays up, the display says what is wrong, and sound returns with the device, both ways."""
    lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    cables = lab.cables()
    phone = lab.phone(cables=cables)
    with cables.speak(lab.kit.near.file()):
        phone.hook("up")
        phone.keys("102#")
        phone.wait_call("active")
        with cables.listen() as heard:
            wait_for_voice(heard, 5)
    before = processor_seconds(phone)
    cables.stop()
    began = time.monotonic()
    phone.wait_screen(SOUND_WORDS, 8)
    wait_until(lambda: time.monotonic() - began > 3, 4, "three seconds without a device")
    assert processor_seconds(phone) - before < 0.5 * (time.monotonic() - began), (
        "no busy loop on a dead device"
    )
    phone.wait_call("active")
    assert not [event for event in bob.events if event["type"] == "CALL_CLOSED"]
    cables.start()
    with cables.speak(lab.kit.near.file()), cables.listen() as heard:
        wait_for_voice(heard, 15)
        wait_good(lab, heard)
        bob.wait_heard(bob.heard() + speech.PERIOD_S + 1)
    found = speech.score(
        lab.kit.near, speech.read(bob.recording())[-(speech.PERIOD_S * RATE + RATE // 2) :], 0
    )
    print(f"bob hears again: {found}")
    assert found.passes(GOOD["opus"])
    phone.hook("down")
    phone.wait_idle()


def wait_for_voice(heard: Recording, seconds: float) -> None:
    """Wait until the earpiece gives anything louder than -45 dBFS."""
    wait_until(
        lambda: abs(heard.last(0.5)).max(initial=0) > 0.02, seconds, "sound in the earpiece", every=0.1
    )


def wait_good(lab: Lab, heard: Recording, seconds: float = 2.5) -> None:
    """The far talker must be heard well for a whole period that begins so soon after the first sound.

    What piled up in the jitter buffer while no device asked for it must not delay all that follows: it
    took eight seconds of skips to catch up.
    """
    heard.wait(speech.PERIOD_S)
    end = heard.seconds + seconds
    while True:
        found = speech.score(lab.kit.far, heard.wait(1).last(speech.PERIOD_S + 0.5), 0)
        print(f"the phone's ear: {found}")
        if found.passes(GOOD["opus"]):
            return
        assert heard.seconds < end, f"not heard well within {seconds:g} s: {found}"


def processor_seconds(phone: Phone) -> float:
    """Processor time that the phone has used since its start."""
    with open(f"/proc/{phone.process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
