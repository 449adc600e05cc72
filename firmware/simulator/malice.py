"""What a provider could do who means no good, and what the telephones do. Pure but for random seals."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

KEYS = ("a=crypto:", "a=fingerprint:", "a=setup:", "a=zrtp-hash:", "a=tls-id:")


class Deed(NamedTuple):
    """``name`` for the button, ``does`` and ``meets`` in plain words, ``change`` the deed itself."""

    name: str
    does: str
    meets: str
    change: Callable[[str], str]


def honest(message: str) -> str:
    """As it came."""
    return message


def bare(message: str) -> str:
    """No encryption is offered any more."""
    return _described(message, lambda body: "".join(_bare(line) for line in body.splitlines(keepends=True)))


def _bare(line: str) -> str:
    if line.startswith(KEYS):
        return ""
    return re.sub(r"^(m=audio \d+) \S+", r"\1 RTP/AVP", line)


def own_keys(message: str) -> str:
    """Other seals of keys: whose keys those are would listen."""

    def changed(body: str) -> str:
        body = re.sub(r"(a=zrtp-hash:\S+) [0-9a-fA-F]+", lambda m: f"{m[1]} {secrets.token_hex(32)}", body)
        made = secrets.token_bytes(32).hex(":").upper()
        return re.sub(r"(?i)(a=fingerprint:sha-256) [0-9a-f:]+", rf"\1 {made}", body)

    return _described(message, changed)


def answer_at_once(message: str) -> str:
    """Asks the telephone to open its microphone by itself (RFC 5373, and what makers use beside it)."""
    if not message.startswith("INVITE "):
        return message
    first, _, rest = message.partition("\r\n")
    asks = (
        "Call-Info: <sip:127.0.0.1>;answer-after=0",
        "Alert-Info: <http://127.0.0.1/>;info=alert-autoanswer",
        "Answer-Mode: Auto",
    )
    return "\r\n".join((first, *asks, rest))


def _described(message: str, change: Callable[[str], str]) -> str:
    """An INVITE with its description changed, and its length told anew."""
    head, end, body = message.partition("\r\n\r\n")
    if not message.startswith("INVITE ") or not body:
        return message
    body = change(body)
    head = re.sub(r"(?im)^(Content-Length|l) *: *\d+", f"Content-Length: {len(body.encode())}", head)
    return head + end + body


DEEDS: dict[str, Deed] = {
    "honest": Deed(
        "is honest", "passes every message on as it came", "knows who calls whom, and hears nothing.", honest
    ),
    "bare": Deed(
        "takes out the encryption",
        "takes every key out of the invitation",
        "The other telephone does not even ring. This one says so, and asks before it does with less.",
        bare,
    ),
    "keys": Deed(
        "puts in keys of its own",
        "puts seals of other keys into the invitation",
        "The keys do not fit the seals: not a word is heard, and after some seconds the display says so.",
        own_keys,
    ),
    "answer": Deed(
        "asks to listen to the room",
        "asks the called telephone to answer by itself",
        "It only rings: the microphone stays closed until a hand lifts the handset.",
        answer_at_once,
    ),
}
"""By the word that the page says."""
