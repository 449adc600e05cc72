"""Secure RTP as an observer who has the keys: does a packet authenticate, and what is in it?

RFC 3711 (SRTP), RFC 6188 (AES-256), RFC 7714 (AEAD GCM), RFC 4568 (keys in SDP), RFC 5764 (keys from DTLS).
Written from those texts for the tests alone: nothing of the product, nor of libsrtp, is used, so that both
can be judged.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass(frozen=True)
class Suite:
    """One crypto suite."""

    name: str
    key: int
    """Length of the master key in octets."""
    salt: int
    """Length of the master salt in octets."""
    tag: int
    """Length of an RTP packet's authentication tag in octets."""
    aead: bool


SUITES = {
    suite.name: suite
    for suite in (
        Suite("AES_CM_128_HMAC_SHA1_80", 16, 14, 10, False),
        Suite("AES_CM_128_HMAC_SHA1_32", 16, 14, 4, False),
        Suite("AES_256_CM_HMAC_SHA1_80", 32, 14, 10, False),
        Suite("AES_256_CM_HMAC_SHA1_32", 32, 14, 4, False),
        Suite("AEAD_AES_128_GCM", 16, 12, 16, True),
        Suite("AEAD_AES_256_GCM", 32, 12, 16, True),
    )
}

DTLS_PROFILES = {
    1: "AES_CM_128_HMAC_SHA1_80",
    2: "AES_CM_128_HMAC_SHA1_32",
    7: "AEAD_AES_128_GCM",
    8: "AEAD_AES_256_GCM",
}
"""Numbers of the use_srtp extension."""

_RTCP_TAG = 10


def _keystream(key: bytes, start: int, length: int) -> bytes:
    """AES in counter mode from a 128 bit counter block."""
    stream = Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16, "big"))).encryptor()
    return stream.update(bytes(length))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


@dataclass
class Session:
    """One direction's keys, from one master key and salt."""

    suite: Suite
    master_key: bytes
    master_salt: bytes
    origin: str
    """Where the keys were found, for messages."""
    _highest: dict[int, int] = field(default_factory=dict)
    """Highest packet index by SSRC."""

    def __post_init__(self) -> None:
        if (len(self.master_key), len(self.master_salt)) != (self.suite.key, self.suite.salt):
            raise ValueError(f"{self.suite.name}: key and salt have the wrong length")
        self.keys = [self._derive(label) for label in range(6)]

    def _derive(self, label: int) -> bytes:
        """RFC 3711 4.3: labels 0 to 2 encryption, authentication, salt for RTP; 3 to 5 for RTCP."""
        length = (self.suite.key, 20, self.suite.salt)[label % 3]
        salt = int.from_bytes(self.master_salt.ljust(14, b"\0"), "big")
        return _keystream(self.master_key, (salt ^ label << 48) << 16, length)

    def open_rtp(self, packet: bytes) -> bytes | None:
        """The clear payload of an SRTP packet, None if it does not authenticate."""
        header = rtp_header_length(packet)
        if header is None or len(packet) < header + self.suite.tag:
            return None
        sequence, ssrc = struct.unpack_from("!H", packet, 2)[0], struct.unpack_from("!I", packet, 8)[0]
        for index in self._indexes(ssrc, sequence):
            clear = self._open(0, packet, header, packet[header:], ssrc, index)
            if clear is not None:
                self._highest[ssrc] = max(index, self._highest.get(ssrc, 0))
                return clear
        return None

    def protect_rtp(self, packet: bytes) -> bytes:
        """An SRTP packet from an RTP packet; those of one source must come in their order."""
        header = rtp_header_length(packet)
        if header is None:
            raise ValueError("no RTP packet")
        sequence, ssrc = struct.unpack_from("!H", packet, 2)[0], struct.unpack_from("!I", packet, 8)[0]
        index = self._indexes(ssrc, sequence)[0]
        self._highest[ssrc] = max(index, self._highest.get(ssrc, 0))
        known, clear = packet[:header], packet[header:]
        if self.suite.aead:
            nonce = self._nonce(0, ssrc, struct.pack("!IH", index >> 16, index & 0xFFFF))
            return known + AESGCM(self.keys[0]).encrypt(nonce, clear, known)
        secret = known + self._decrypt_cm(0, clear, ssrc, index)
        signed = secret + struct.pack("!I", index >> 16)
        return secret + hmac.digest(self.keys[1], signed, hashlib.sha1)[: self.suite.tag]

    def open_rtcp(self, packet: bytes) -> bytes | None:
        """The clear compound packet of an encrypted SRTCP packet, None if it does not authenticate."""
        trailer = 4 if self.suite.aead else 4 + _RTCP_TAG
        if len(packet) < 8 + trailer:
            return None
        place = len(packet) - trailer
        word = struct.unpack_from("!I", packet, place)[0]
        if not word >> 31:  # E flag: 0 is authenticated, but in clear
            return None
        ssrc, index = struct.unpack_from("!I", packet, 4)[0], word & 0x7FFFFFFF
        if self.suite.aead:
            body = self._open_aead(3, packet[:8] + packet[place:], packet[8:place], ssrc, index, rtcp=True)
        else:
            tag = hmac.digest(self.keys[4], packet[: place + 4], hashlib.sha1)[:_RTCP_TAG]
            if not hmac.compare_digest(tag, packet[place + 4 :]):
                return None
            body = self._decrypt_cm(3, packet[8:place], ssrc, index)
        return None if body is None else packet[:8] + body

    def _indexes(self, ssrc: int, sequence: int) -> list[int]:
        """The packet indexes that a sequence number may mean, likeliest first (RFC 3711 3.3.1)."""
        highest = self._highest.get(ssrc)
        if highest is None:
            return [sequence, sequence + 0x10000]
        near = (highest & ~0xFFFF) | sequence
        rounds = sorted((near - 0x10000, near, near + 0x10000), key=lambda index: abs(index - highest))
        return [index for index in rounds if index >= 0][:2]

    def _open(
        self, label: int, packet: bytes, header: int, rest: bytes, ssrc: int, index: int
    ) -> bytes | None:
        if self.suite.aead:
            return self._open_aead(label, packet[:header], rest, ssrc, index, rtcp=False)
        signed, tag = packet[: -self.suite.tag], packet[-self.suite.tag :]
        made = hmac.digest(self.keys[1], signed + struct.pack("!I", index >> 16), hashlib.sha1)
        if not hmac.compare_digest(made[: self.suite.tag], tag):
            return None
        return self._decrypt_cm(label, signed[header:], ssrc, index)

    def _decrypt_cm(self, label: int, data: bytes, ssrc: int, index: int) -> bytes:
        salt = int.from_bytes(self.keys[label + 2], "big")
        start = (salt << 16) ^ (ssrc << 64) ^ (index << 16)
        return _xor(data, _keystream(self.keys[label], start, len(data)))

    def _open_aead(
        self, label: int, known: bytes, data: bytes, ssrc: int, index: int, rtcp: bool
    ) -> bytes | None:
        tail = struct.pack("!HI", 0, index) if rtcp else struct.pack("!IH", index >> 16, index & 0xFFFF)
        nonce = self._nonce(label, ssrc, tail)
        try:
            return AESGCM(self.keys[label]).decrypt(nonce, data, known)
        except InvalidTag:
            return None

    def _nonce(self, label: int, ssrc: int, tail: bytes) -> bytes:
        """RFC 7714 sections 8.1 and 9.1."""
        return _xor(b"\0\0" + struct.pack("!I", ssrc) + tail, self.keys[label + 2])


def rtp_header_length(packet: bytes) -> int | None:
    """Octets before the payload, with contributing sources and extension; None if this cannot be RTP."""
    if len(packet) < 12 or packet[0] >> 6 != 2:
        return None
    length = 12 + 4 * (packet[0] & 15)
    if packet[0] & 16:
        if len(packet) < length + 4:
            return None
        length += 4 + 4 * int(struct.unpack_from("!H", packet, length + 2)[0])
    return length if length <= len(packet) else None


def from_sdp(bodies: Iterable[str]) -> list[Session]:
    """The keys of all ``a=crypto`` lines (RFC 4568) in these session descriptions."""
    found: dict[bytes, Session] = {}
    for body in bodies:
        for line in body.splitlines():
            words = line.removeprefix("a=crypto:").split()
            if not line.startswith("a=crypto:") or words[1] not in SUITES:
                continue
            suite = SUITES[words[1]]
            material = b64decode(words[2].removeprefix("inline:").split("|")[0] + "==")
            key, salt = material[: suite.key], material[suite.key :][: suite.salt]
            found[material] = Session(suite, key, salt, f"SDP {suite.name}")
    return list(found.values())


def from_dtls(
    client_random: bytes, server_random: bytes, cipher: int, profile: int, master_secret: bytes
) -> list[Session]:
    """Both directions' keys of a DTLS 1.2 handshake (RFC 5764 4.2 with the exporter of RFC 5705)."""
    suite = SUITES[DTLS_PROFILES[profile]]
    digest = "sha384" if cipher in _SHA384 else "sha256"
    seed = b"EXTRACTOR-dtls_srtp" + client_random + server_random
    wanted, block, chain = 2 * (suite.key + suite.salt), b"", seed
    while len(block) < wanted:
        chain = hmac.digest(master_secret, chain, digest)
        block += hmac.digest(master_secret, chain + seed, digest)
    keys, salts = block[: 2 * suite.key], block[2 * suite.key : wanted]
    return [
        Session(suite, keys[: suite.key], salts[: suite.salt], f"DTLS {suite.name}, client"),
        Session(suite, keys[suite.key :], salts[suite.salt :], f"DTLS {suite.name}, server"),
    ]


_SHA384 = {0x009D, 0x009F, 0xC024, 0xC028, 0xC02C, 0xC030}
"""Cipher suites of TLS 1.2 whose pseudo-random function uses SHA-384; all others use SHA-256."""
