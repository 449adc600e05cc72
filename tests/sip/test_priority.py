"""Marks for the network (DSCP): only where the configuration asks for them, and on the wire itself."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.utils import rdpcap

from firmware.phone.sip.pjsua.settings import CS3, EF
from tests.rig.lab import Lab


@pytest.mark.parametrize("asked", [False, True], ids=["unmarked", "marked"])
def test_speech_and_signalling_are_marked_where_it_was_asked_for(lab: Lab, asked: bool) -> None:
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    address = lab.address()
    wire = lab.capture(hosts=[address])
    phone = lab.phone(address=address, listens=False, extra=f"[network]\npriority = {str(asked).lower()}\n")
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    bob.accept()
    phone.wait_call("active", security="end-to-end")
    bob.wait_heard(0.5)
    phone.hook("down")
    phone.wait_idle()
    wire.stop()
    seen: dict[str, set[int]] = {"signalling": set(), "speech": set()}
    for packet in rdpcap(str(wire.file)):
        if IP not in packet or packet[IP].src != address:
            continue
        if TCP in packet and packet[TCP].dport == registrar.tls_port and bytes(packet[TCP].payload):
            seen["signalling"].add(packet[IP].tos >> 2)
        if UDP in packet:
            seen["speech"].add(packet[IP].tos >> 2)
    assert seen == {"signalling": {CS3 if asked else 0}, "speech": {EF if asked else 0}}
