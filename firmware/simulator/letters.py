"""A SIP message in plain words, line by line: what it tells, and what it keeps to itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

REQUESTS = {
    "INVITE": "May I talk with you?",
    "ACK": "I have read your answer.",
    "BYE": "I hang up.",
    "CANCEL": "Never mind, I hang up before you answer.",
    "PRACK": "I have heard that it rings.",
    "UPDATE": "Something about the call changes.",
    "SUBSCRIBE": "Tell me when you are there.",
    "NOTIFY": "You asked; here it is.",
    "REFER": "Please call somebody else.",
    "OPTIONS": "What can you do?",
}
ANSWERS = {
    100: "I have your message.",
    180: "It rings.",
    183: "It rings; you can hear it.",
    200: "Yes.",
    202: "Yes, later.",
    401: "Say who you are.",
    407: "Say who you are.",
    480: "Not now.",
    481: "I know of no such call.",
    486: "Busy.",
    487: "The call was taken back.",
    488: "Not like this: I do not talk without encryption.",
    603: "No.",
    606: "Not like this.",
    607: "Unwanted.",
}

ANONYMOUS = "anonymous.invalid"

HEADERS: dict[str, str] = {
    "max-forwards": "After so many stations it is thrown away.",
    "to": "Who is called.",
    "call-id": "A random number for this call: no name, no machine in it.",
    "cseq": "A counter, and the request that it belongs to.",
    "contact": "Where answers go: an address, and a random word where others put a name.",
    "user-agent": "The same for every maker, model and version.",
    "server": "The same for every maker, model and version.",
    "allow": "Which requests are understood: the same for every telephone of this kind.",
    "supported": "Which additions are understood: the same for every telephone of this kind.",
    "require": "Which additions the other end has to know.",
    "allow-events": "What one may ask to be told of: the same for every telephone of this kind.",
    "accept": "Which kinds of contents are read.",
    "accept-language": "Which languages are read.",
    "session-expires": "After so many seconds without a sign of life the call is over.",
    "min-se": "The shortest of such times.",
    "content-type": "What follows below the empty line.",
    "content-length": "How many octets follow below the empty line.",
    "record-route": "The one in between wants to see the rest of the call too.",
    "route": "By way of the one in between.",
    "reason": "Why it ends.",
    "rseq": "Which of the signs of ringing this is.",
    "rack": "Which sign of ringing has been heard.",
    "expires": "How long it holds, in seconds.",
    "event": "What is asked for.",
    "subscription-state": "Whether it goes on.",
    "retry-after": "Try again after so many seconds.",
    "warning": "A word why.",
    "p-preferred-identity": "Asks the provider to vouch for this name.",
    "identity": "A signature: who calls is proven.",
    "date": "When it was signed.",
    "refer-to": "Whom to call instead.",
    "replaces": "Which call it takes over.",
    "call-info": "A wish of who is in between: answer at once. Telephones that obey are bugs in a room.",
    "alert-info": "A wish of who is in between: ring in this way.",
    "geolocation": "Where the caller stands: in an emergency call alone.",
}

ATTRIBUTES: dict[str, str] = {
    "rtpmap": "A way to write speech, by its number.",
    "fmtp": "How that way is used; cbr=1: every packet is as long as the others, silence too.",
    "rtcp": "The port of the reports about the packets.",
    "rtcp-mux": "Reports and speech by one port.",
    "rtcp-fb": "Which reports are understood.",
    "sendrecv": "Both may talk.",
    "sendonly": "On hold: only one end sends.",
    "recvonly": "Only listens.",
    "inactive": "On hold: nobody sends.",
    "fingerprint": "The seal of the key for DTLS-SRTP. Who exchanges it is found out by the code.",
    "setup": "Who begins to agree on keys.",
    "zrtp-hash": "The seal of the first packet of ZRTP: who stands between is found out.",
    "crypto": "A key in the message: who carries the message can listen.",
    "maxptime": "The longest piece of speech in one packet, in ms.",
    "ptime": "How much speech is in one packet, in ms.",
    "ssrc": "A random number for this stream of packets, and a random name.",
    "tls-id": "A random number of this agreement on keys.",
    "ice-lite": "How ways through routers are found.",
    "mid": "The number of this stream.",
}

SDP: dict[str, str] = {
    "v": "Version of the description.",
    "o": "Who describes: neither name nor machine, an address alone.",
    "s": "No title.",
    "c": "The address for speech.",
    "t": "No date.",
    "b": "How much goes over the line.",
}


class Line(NamedTuple):
    """One line as it was sent, and what it says; ``told`` marks what names a person."""

    raw: str
    words: str
    told: bool = False


class Letter(NamedTuple):
    """A message: its first line in short, the same in plain words, and all lines."""

    title: str
    words: str
    lines: tuple[Line, ...]


def read(message: str) -> Letter:
    """``message`` explained. A line that nobody here knows has no words."""
    head, _, body = message.partition("\r\n\r\n")
    first, *headers = head.split("\r\n")
    title, words = _first(first)
    lines = [Line(first, words)]
    for header in headers:
        name, _, value = header.partition(":")
        special = _SPECIAL.get(name.lower())
        lines.append(special(header, value) if special else Line(header, HEADERS.get(name.lower(), "")))
    described = [Line(line, *_described(line)) for line in body.split("\r\n") if line]
    return Letter(title, words, (*lines, *((Line("", ""), *described) if described else ())))


def _first(line: str) -> tuple[str, str]:
    answer = re.match(r"SIP/2\.0 (\d{3}) ?(.*)", line)
    if answer is None:
        method = line.partition(" ")[0]
        return method, REQUESTS.get(method, "")
    code = int(answer[1])
    kind = {1: "It goes on.", 2: "Yes.", 3: "Look elsewhere.", 4: "No.", 5: "It does not work.", 6: "No."}
    return f"{code} {answer[2]}".strip(), ANSWERS.get(code, kind.get(code // 100, ""))


def _caller(raw: str, value: str) -> Line:
    if ANONYMOUS in value:
        return Line(raw, "Who calls: not told. The switch stands on private.")
    return Line(raw, "Who calls: told. The switch stands on open.", told=True)


def _callee(raw: str, value: str) -> Line:
    return Line(raw, "Who is called, as it was dialled.")


def _via(raw: str, value: str) -> Line:
    safe = "TLS" in value.split("/", 2)[-1][:6].upper()
    return Line(raw, "Where the answer goes" + ("; the way there is encrypted." if safe else "."))


def _privacy(raw: str, value: str) -> Line:
    return Line(raw, "Asks everybody on the way to keep the caller's name to himself.")


def _asserted(raw: str, value: str) -> Line:
    return Line(raw, "The provider vouches for this name.", told=True)


_SPECIAL: dict[str, Callable[[str, str], Line]] = {
    "from": _caller,
    "to": _callee,
    "via": _via,
    "privacy": _privacy,
    "p-asserted-identity": _asserted,
}


def _described(line: str) -> tuple[str, bool]:
    kind, _, value = line.partition("=")
    if kind == "a":
        return ATTRIBUTES.get(re.split(r"[:\s]", value)[0], ""), False
    if kind == "m":
        if "SAVP" in value:
            return "Speech, encrypted (SRTP); its port; the ways to write it, best first.", False
        return "Speech, not encrypted.", False
    return SDP.get(kind, ""), False
