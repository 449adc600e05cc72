"""The reader of captures by which the machine's tests judge what the telephone sent."""

from __future__ import annotations

import io
import socket
import struct

import pytest

from tests.vm.debian.packets import Packet, read
from tests.vm.debian.world import options

CARD = bytes.fromhex("0252540000aa")
HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def capture(*frames: bytes) -> bytes:
    file = io.BytesIO()
    file.write(HEAD)
    for frame in frames:
        file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    return file.getvalue()


def ethernet(kind: int, body: bytes) -> bytes:
    return bytes(6) + CARD + struct.pack("!H", kind) + body


def test_every_kind_of_packet_is_told() -> None:
    v4 = bytes([0x45]) + bytes(8) + bytes([17]) + bytes(6) + socket.inet_aton("192.0.2.1")
    v6 = bytes([0x60]) + bytes(5) + bytes([0]) + bytes(17) + socket.inet_pton(socket.AF_INET6, "ff02::16")
    hop = bytes([58, 0]) + bytes(6) + bytes([143, 0])
    found = list(
        read(
            capture(
                ethernet(0x0806, bytes(28)),
                ethernet(0x0800, v4 + struct.pack("!HH", 68, 67)),
                ethernet(0x86DD, v6 + hop),
                ethernet(0x88CC, bytes(10)),
            )
        )
    )
    card = "02:52:54:00:00:aa"
    assert found == [
        Packet(card, "arp"),
        Packet(card, "udp", "192.0.2.1", 67, 68),
        Packet(card, "icmp6", "ff02::16", kind=143),
        Packet(card, "ethernet 88cc"),
    ]


def test_half_a_packet_at_the_end_is_left_out_and_another_file_refused() -> None:
    whole = capture(ethernet(0x0806, bytes(28)))
    assert len(list(read(whole[:-1]))) == 0
    with pytest.raises(ValueError, match="no capture"):
        list(read(b"\x0a\x0d\x0d\x0a" + bytes(40)))


def test_options_of_dhcp() -> None:
    packet = bytes(240) + bytes([0, 53, 1, 1, 12, 2]) + b"ab" + b"\xff"
    assert options(packet) == {53: b"\1", 12: b"ab"}
