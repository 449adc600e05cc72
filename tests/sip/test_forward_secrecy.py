"""Who captured a call and gets the server's TLS key afterwards can open none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig import far_end
from tests.rig.lab import Lab

pytestmark = pytest.mark.live

INVITE = "sip.Method == INVITE"


def opened(file: Path, *options: str) -> list[str]:
    """The numbers of the frames in which tshark reads an INVITE, with these options."""
    return far_end.tshark(
        "-r", str(file), *options, "-Y", INVITE, "-T", "fields", "-e", "frame.number"
    ).split()


def test_the_servers_key_opens_no_capture(lab: Lab) -> None:
    """With the far end's secrets tshark reads the INVITE; with the private key of the server it does not."""
    registrar = lab.registrar()
    wire = lab.capture(port_numbers=[registrar.tls_port])
    bob = lab.baresip("bob", encryption="sdes")
    phone = lab.phone(encryption="provider")
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active", security="provider")
    wire.stop()
    decode = ("-d", f"tcp.port=={registrar.tls_port},tls", "-d", f"tls.port=={registrar.tls_port},sip")
    assert opened(wire.file, *decode, "-o", f"tls.keylog_file:{bob.key_log}"), "the capture holds the call"
    key = lab.kit.certificate.key
    assert opened(wire.file, *decode, "-o", f'uat:rsa_keys:"{key}",""') == []
