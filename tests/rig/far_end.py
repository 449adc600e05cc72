"""Every octet that the far end of a call got, in clear: its TLS and its SRTP opened with its own secrets.

    places = far_end.received(wire, bob, registrar, phone)
    findings = oracle.search_all((place.name, place.octets) for place in places)

What comes over TLS is opened twice, by tshark with the far end's secrets and as kamailio notes what it sends:
``assert_whole`` holds that both agree, so that neither can have missed a message.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rig import capture, srtp
from tests.rig.baresip import Baresip
from tests.rig.capture import Capture, Packet
from tests.rig.kamailio import Message, Registrar
from tests.rig.phone import Phone

_DATA = re.compile(r"\t?[0-9a-f]+")
"""tshark's raw lines: those of node 1 are indented by a tab."""


@dataclass(frozen=True)
class Place:
    """Octets that the far end got."""

    name: str
    """What they are: ``TLS stream``, ``INVITE``, ``RTCP packet 7``."""
    kind: str
    """``tls``, ``sip``, ``rtp``, ``rtcp``, ``dtls``, ``stun`` or ``other``."""
    octets: bytes


def received(
    wire: Capture,
    bob: Baresip,
    registrar: Registrar,
    phone: Phone,
    keys: Sequence[srtp.Session] | None = None,
) -> list[Place]:
    """All that ``bob`` got of the phone's calls, in clear.

    Args:
        wire: stopped; it began before ``bob`` connected.
        keys: of the media, default: those of the DTLS handshakes.
    """
    packets = wire.packets()
    if keys is None:
        keys = capture.dtls_keys(packets, bob.key_log)
    streams = opened(wire.file, bob.key_log, registrar.tls_port)
    streams += opened(wire.file, bob.key_log, bob.sip_port + 1, by_server=False)
    found = [
        Place(f"TLS stream {number} to {bob.user}", "tls", octets) for number, octets in enumerate(streams)
    ]
    found += [
        Place(f"{message.first_line} [{message.cseq_method}]", "sip", message.text.encode())
        for message in messages(registrar, phone)
    ]
    ours = [packet for packet in packets if packet.transport == "udp" and packet.source[0] == phone.address]
    for number, packet in enumerate(ours):
        found += _media(number, packet, keys)
    return found


def messages(registrar: Registrar, phone: Phone) -> list[Message]:
    """What kamailio sent to anyone but the phone over TLS."""
    return registrar.messages(
        lambda message: (
            not message.received
            and message.transport == "tls"
            and not message.target.startswith(f"{phone.address}:")
        )
    )


SENDER_REPORT, SOURCE_DESCRIPTION, GOODBYE = 200, 202, 203
"""Types of RTCP packets (RFC 3550 section 12.1)."""


def rtcp_types(place: Place) -> set[int]:
    """The types of the packets in a decrypted compound RTCP packet; none for any other place."""
    found: set[int] = set()
    at = 0
    if place.kind != "rtcp" or not place.name.endswith("decrypted"):
        return found
    while at + 4 <= len(place.octets):
        found.add(place.octets[at + 1])
        at += 4 + 4 * int.from_bytes(place.octets[at + 2 : at + 4], "big")
    return found


def cname(place: Place) -> str:
    """The CNAME in a decrypted compound RTCP packet, empty if there is none."""
    at = 0
    while SOURCE_DESCRIPTION in rtcp_types(place) and at + 12 <= len(place.octets):
        if place.octets[at + 1] == SOURCE_DESCRIPTION and place.octets[at + 8] == 1:
            length = place.octets[at + 9]
            return place.octets[at + 10 : at + 10 + length].decode("ascii", "replace")
        at += 4 + 4 * int.from_bytes(place.octets[at + 2 : at + 4], "big")
    return ""


def assert_whole(places: Iterable[Place]) -> None:
    """Fail if a message that kamailio sent is not in what the far end's secrets opened, or none was."""
    everything = list(places)
    streams = b"\0".join(place.octets for place in everything if place.kind == "tls")
    noted = [place for place in everything if place.kind == "sip"]
    assert noted, "kamailio noted no message to the far end"
    missing = [place.name for place in noted if place.octets not in streams]
    assert not missing, f"not in the far end's TLS as opened: {missing}"


def opened(file: Path, key_log: Path, server_port: int, *, by_server: bool = True) -> list[bytes]:
    """What the server, or else the client, sent inside each TLS connection to ``server_port`` whose secrets
    were logged."""
    options = ["-r", str(file), "-o", f"tls.keylog_file:{key_log}", "-d", f"tcp.port=={server_port},tls"]
    hello = f"tls.handshake.type==1 && tcp.dstport=={server_port}"
    listed = tshark(*options, "-Y", hello, "-T", "fields", "-e", "tcp.stream")
    follow = [part for stream in sorted(set(listed.split())) for part in ("-z", f"follow,tls,raw,{stream}")]
    if not follow:
        return []
    found = []
    for block in tshark(*options, "-q", *follow).split("Follow: tls,raw")[1:]:
        lines = block.splitlines()
        servers_first = any(line.startswith("Node 0:") and line.endswith(f":{server_port}") for line in lines)
        by_first = servers_first is by_server
        said = [line for line in lines if _DATA.fullmatch(line) and line.startswith("\t") is not by_first]
        found.append(b"".join(bytes.fromhex(line.strip()) for line in said))
    return [octets for octets in found if octets]


def _media(number: int, packet: Packet, keys: Sequence[srtp.Session]) -> list[Place]:
    """The packet as it was, and as its keys open it."""
    found = [Place(f"{packet.kind} packet {number}", packet.kind, packet.payload)]
    for key in keys:
        clear = key.open_rtp(packet.payload) if packet.kind == "rtp" else None
        if packet.kind == "rtcp":
            clear = key.open_rtcp(packet.payload)
        if clear is not None:
            found.append(Place(f"{packet.kind} packet {number}, decrypted", packet.kind, clear))
            break
    return found


def tshark(*arguments: str) -> str:
    """What tshark prints."""
    argv = ["tshark", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
