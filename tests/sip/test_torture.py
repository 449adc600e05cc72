"""RFC 4475 and RFC 5118: messages made to confuse a reader. The phone does as it may, and goes on."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from tests.rig import ports
from tests.rig.lab import Kit, Lab
from tests.rig.phone import Phone
from tests.rig.torture import RINGS, SILENCE, TORTURE, Outcome, Torture, Where

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def phone(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """One telephone for all messages, without a provider between: it takes calls from anybody."""
    with Lab(tmp_path_factory.mktemp("torture"), kit) as lab:
        yield lab.phone(account=False, transport="udp", registrar=None)


@pytest.mark.parametrize("message", TORTURE, ids=lambda message: f"{message.section}-{message.name}")
def test_torture(phone: Phone, message: Torture) -> None:
    """What comes back is among what may; then nothing rings, and the next question is answered as always."""
    process = phone.process.pid
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind((ports.LOOPBACK, 0))
        caller.connect((phone.address, phone.sip_port))
        at = _where(phone, caller, message.name)
        got = _outcome(caller, message.make(at))
        if got == RINGS:
            phone.wait_call("ringing", direction="in")
            phone.keys("#")
        assert got in message.may
        phone.wait_idle()
        healthy = next(each for each in TORTURE if each.name == "zeromf")
        assert _outcome(caller, healthy.make(_where(phone, caller, message.name + "after"))) in healthy.may
    assert phone.process.alive
    assert phone.process.pid == process


def _where(phone: Phone, caller: socket.socket, serial: str) -> Where:
    return Where(f"{phone.address}:{phone.sip_port}", f"{ports.LOOPBACK}:{caller.getsockname()[1]}", serial)


def _outcome(caller: socket.socket, message: bytes) -> Outcome:
    """What the phone did: the status of its answer, ``RINGS``, or ``SILENCE`` for 0.7 s."""
    while select.select([caller], [], [], 0)[0]:
        caller.recv(65536)  # what an earlier call still said
    caller.send(message)
    while select.select([caller], [], [], 0.7)[0]:
        status = int(caller.recv(65536).split(b" ", 2)[1])
        if status == 180:
            return RINGS
        if status != 100:
            return status
    return SILENCE
