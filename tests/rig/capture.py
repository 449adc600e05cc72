"""What an eavesdropper on the wire sees: tcpdump on the loopback interface, and a judgement of every packet.

    with Capture(tmp_path, hosts=[phone.address], port_numbers=[registrar.tls_port]) as capture:
        …
    packets = capture.packets()
    keys = dtls_keys(packets, bob.key_log) + srtp.from_sdp(m.body for m in registrar.messages())
    assert_nothing_clear(sent_by(packets, phone.address), keys, words=["alice"])

"Nothing clear" is exact, not a guess by entropy: with the keys that the independent peer logged, every RTP
packet must authenticate as SRTP and every RTCP packet as encrypted SRTCP, from the first to the last.
"""

from __future__ import annotations

import signal
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import ports, srtp
from tests.rig.processes import Process, wait_until

SIP_WORDS = (b"SIP/2.0", b"INVITE ", b"REGISTER ", b"sip:", b"sips:", b"a=rtpmap", b"v=0\r\no=")
"""What no packet may hold in clear."""


@dataclass(frozen=True)
class Packet:
    """One TCP segment with data, or one UDP datagram."""

    when: float
    """Seconds since the epoch."""
    transport: str
    """``tcp`` or ``udp``."""
    source: tuple[str, int]
    target: tuple[str, int]
    payload: bytes

    @property
    def kind(self) -> str:
        """What a UDP payload is by its first octet (RFC 7983, RFC 5761): stun, zrtp, dtls, rtp, rtcp or
        other.
        """
        return kind(self.payload)

    def __str__(self) -> str:
        ends = f"{self.source[0]}:{self.source[1]} -> {self.target[0]}:{self.target[1]}"
        return f"{self.when:.3f} {self.transport} {ends} {len(self.payload)} octets {self.payload[:24].hex()}"


def kind(payload: bytes) -> str:
    """The protocol of a UDP payload on a media port."""
    if len(payload) < 4:
        return "other"
    first = payload[0]
    if first <= 3 and payload[4:8] == b"\x21\x12\xa4\x42":
        return "stun"
    if 16 <= first <= 19 and payload[4:8] == b"ZRTP":
        return "zrtp"
    if 20 <= first <= 63:
        return "dtls"
    if 128 <= first <= 191:
        return "rtcp" if 192 <= payload[1] <= 223 else "rtp"
    return "other"


class Capture:
    """A tcpdump on the loopback interface; a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        hosts: Sequence[str] = (),
        port_numbers: Sequence[int] = (),
        port_ranges: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Capture what comes from or goes to any of the hosts or ports.

        Args:
            folder: the capture and tcpdump's log go here.
            port_ranges: pairs of first port and number of ports.
        """
        self.file = folder / "wire.pcap"
        self._mark = ports.one()
        chosen = [f"host {host}" for host in hosts]
        chosen += [f"port {port}" for port in [*port_numbers, self._mark]]
        chosen += [f"portrange {first}-{first + count - 1}" for first, count in port_ranges]
        argv = ["tcpdump", "-i", "lo", "-n", "-U", "--immediate-mode", "-B", "16384", "-s", "0"]
        argv += ["-Z", "root", "-w", str(self.file), " or ".join(chosen)]
        self.process = Process("tcpdump", argv, folder / "tcpdump.log", stop_signal=signal.SIGINT)

    def __enter__(self) -> Self:
        self.process.start()
        self.process.wait_for("listening on", 5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def explain(self) -> str:
        """How much was captured, for a failure."""
        return f"--- capture {self.file}: {len(self.packets())} packets ---\n{self.process.tail(5)}"

    def stop(self) -> None:
        """End it once all that was sent up to now is in the file."""
        if not self.process.alive:
            return
        before = self._marks()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as marker:
            marker.sendto(b"mark", (ports.LOOPBACK, self._mark))
        wait_until(lambda: self._marks() > before, 5, "tcpdump to catch up", every=0.05)
        self.process.stop()

    def packets(self) -> list[Packet]:
        """All packets captured up to now."""
        return [packet for packet in read(self.file) if self._mark != packet.target[1]]

    def _marks(self) -> int:
        return sum(1 for packet in read(self.file) if self._mark == packet.target[1])


def read(file: Path) -> list[Packet]:
    """IPv4 over Ethernet from a pcap file (microseconds, little endian); packets without data left out."""
    octets, place, found = file.read_bytes(), 24, []
    while place + 16 <= len(octets):
        seconds, fraction, length, _ = struct.unpack_from("<IIII", octets, place)
        frame = octets[place + 16 : place + 16 + length]
        place += 16 + length
        if len(frame) < length or frame[12:14] != b"\x08\x00":
            continue
        packet = _internet(seconds + fraction / 1e6, frame[14:])
        if packet is not None and packet.payload:
            found.append(packet)
    return found


def _internet(when: float, datagram: bytes) -> Packet | None:
    start, total = (datagram[0] & 15) * 4, struct.unpack_from("!H", datagram, 2)[0]
    protocol, body = datagram[9], datagram[start : total or None]
    if protocol not in (6, 17):
        return None
    begin = 8 if protocol == 17 else (body[12] >> 4) * 4
    source, target = struct.unpack_from("!HH", body)
    return Packet(
        when,
        "udp" if protocol == 17 else "tcp",
        (socket.inet_ntoa(datagram[12:16]), source),
        (socket.inet_ntoa(datagram[16:20]), target),
        body[begin:],
    )


def sent_by(packets: Iterable[Packet], address: str) -> list[Packet]:
    """Those that come from this address."""
    return [packet for packet in packets if packet.source[0] == address]


def of_kind(packets: Iterable[Packet], *kinds: str) -> list[Packet]:
    """The UDP packets of these kinds."""
    return [packet for packet in packets if packet.transport == "udp" and packet.kind in kinds]


def dtls_keys(packets: Iterable[Packet], key_log: Path) -> list[srtp.Session]:
    """The SRTP keys of every DTLS handshake in the capture whose secret one of the ends logged."""
    secrets = {}
    for line in key_log.read_text().splitlines() if key_log.exists() else []:
        label, random, secret = line.split()
        if label == "CLIENT_RANDOM":
            secrets[bytes.fromhex(random)] = bytes.fromhex(secret)
    clients: dict[tuple[tuple[str, int], tuple[str, int]], bytes] = {}
    found: dict[tuple[bytes, bytes], list[srtp.Session]] = {}
    for packet in of_kind(packets, "dtls"):
        for message, body in _handshakes(packet.payload):
            if message == 1:
                clients[packet.source, packet.target] = body[2:34]
            elif message == 2 and (packet.target, packet.source) in clients:
                client, server = clients[packet.target, packet.source], body[2:34]
                cipher, profile = _server_hello(body)
                if client in secrets and profile:
                    found[client, server] = srtp.from_dtls(client, server, cipher, profile, secrets[client])
    return [session for pair in found.values() for session in pair]


def _handshakes(datagram: bytes) -> Iterable[tuple[int, bytes]]:
    """Type and body of the unencrypted, unfragmented handshake messages of a DTLS datagram."""
    place = 0
    while place + 13 <= len(datagram):
        content, epoch = datagram[place], struct.unpack_from("!H", datagram, place + 3)[0]
        length = struct.unpack_from("!H", datagram, place + 11)[0]
        record = datagram[place + 13 : place + 13 + length]
        place += 13 + length
        if content == 22 and epoch == 0 and len(record) > 12 and record[1:4] == record[9:12]:
            yield record[0], record[12:]


def _server_hello(body: bytes) -> tuple[int, int]:
    """Cipher suite, and SRTP profile of the use_srtp extension (0: none)."""
    place = 35 + body[34]
    cipher = struct.unpack_from("!H", body, place)[0]
    place += 5
    while place + 4 <= len(body):
        name, length = struct.unpack_from("!HH", body, place)
        if name == 14:
            return cipher, struct.unpack_from("!H", body, place + 6)[0]
        place += 4 + length
    return cipher, 0


def findings(
    packets: Iterable[Packet], keys: Sequence[srtp.Session], words: Iterable[str] = ()
) -> list[tuple[str, Packet]]:
    """Every packet that an eavesdropper can read, with what is wrong with it.

    Args:
        packets: in the order of time.
        keys: of all streams in them.
        words: names that no packet may hold, beside ``SIP_WORDS``.
    """
    forbidden = [*SIP_WORDS, *(word.encode() for word in words)]
    found = []
    for packet in packets:
        for word in forbidden:
            if word in packet.payload:
                found.append((f"{word.decode()!r} in clear", packet))
        if packet.transport != "udp":
            continue
        if packet.kind == "rtp" and not any(key.open_rtp(packet.payload) is not None for key in keys):
            found.append(("RTP that is not authentic SRTP", packet))
        elif packet.kind == "rtcp" and not any(key.open_rtcp(packet.payload) is not None for key in keys):
            found.append(("RTCP that is not authentic, encrypted SRTCP", packet))
        elif packet.kind == "other":
            found.append(("UDP of an unknown kind", packet))
    return found


def assert_nothing_clear(
    packets: Sequence[Packet], keys: Sequence[srtp.Session], words: Iterable[str] = ()
) -> None:
    """Fail if any packet can be read, and name the first ones."""
    bad = findings(packets, keys, words)
    if bad:
        kinds = {text: sum(1 for other, _ in bad if other == text) for text, _ in bad}
        first = "\n".join(f"  {text}: {packet}" for text, packet in bad[:8])
        raise AssertionError(f"clear on the wire ({len(keys)} keys known): {kinds}, first:\n{first}")


def rtcp_texts(packets: Iterable[Packet], keys: Sequence[srtp.Session]) -> list[bytes]:
    """The decrypted compound RTCP packets, to look for names in them that even the peer should not get."""
    opened = (key.open_rtcp(packet.payload) for packet in of_kind(packets, "rtcp") for key in keys)
    return [clear for clear in opened if clear is not None]
