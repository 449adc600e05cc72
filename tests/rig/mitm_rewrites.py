"""What a hostile proxy does to a session description without being able to listen."""

from __future__ import annotations

import re
import secrets

from tests.rig.provider import header, response

KEY_LINES = ("a=crypto:", "a=fingerprint:", "a=setup:", "a=zrtp-hash:")


def without(body: str, *names: str) -> str:
    """All lines but those that begin so."""
    return "".join(line for line in body.splitlines(keepends=True) if not line.startswith(names))


def in_clear(body: str) -> str:
    """``RTP/AVP`` whatever it was, the keys left in place."""
    return re.sub(r"(?m)^(m=audio \d+) \S+", r"\1 RTP/AVP", body)


def stripped(body: str) -> str:
    """``RTP/AVP`` and no keys of any kind."""
    return without(in_clear(body), *KEY_LINES)


def without_hash(body: str) -> str:
    """``a=zrtp-hash`` is gone and all else stays."""
    return without(body, "a=zrtp-hash:")


def other_hash(body: str) -> str:
    """``a=zrtp-hash`` of somebody else."""
    return re.sub(r"a=zrtp-hash:1.10 [0-9a-f]+", f"a=zrtp-hash:1.10 {secrets.token_hex(32)}", body)


def other_fingerprints(body: str) -> str:
    """The fingerprint of a certificate that nobody has."""
    made = secrets.token_bytes(32).hex(":").upper()
    return re.sub(r"(?i)(a=fingerprint:sha-256) [0-9a-f:]+", rf"\1 {made}", body)


def other_suite(body: str) -> str:
    """The first key line of SDES names a suite that nobody offered."""
    return re.sub(r"a=crypto:(\d+) \S+", r"a=crypto:\1 AES_CM_128_HMAC_SHA1_32", body, count=1)


class RefusesEndToEnd:
    """488 for every INVITE that does not hand it the keys (SDES)."""

    def __init__(self) -> None:
        self.refused = 0

    def __call__(self, message: str, way: str) -> str:
        if not message.startswith("INVITE") or header(message, "To").find(";tag=") >= 0:
            return message
        if "a=crypto:" in message and not any(line in message for line in KEY_LINES[1:]):
            return message
        if way == "down":
            return message
        self.refused += 1
        return response(message, "488 Not Acceptable Here", tag="tap")
