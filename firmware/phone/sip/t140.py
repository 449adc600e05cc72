"""Real-time text as it travels: RFC 4103, with redundancy by RFC 2198 and the signs of ITU-T T.140. Pure.

Times are monotonic seconds. A packet carries its own characters and those of the two packets before it, so
that two lost in a row cost nothing; what is lost for good leaves U+FFFD.
"""

from __future__ import annotations

from dataclasses import dataclass

INTERVAL = 0.3
"""Seconds between two packets (RFC 4103 section 5.1)."""

GENERATIONS = 2
"""How often each character is repeated (section 4.2)."""

PATIENCE = 1.0
"""Seconds for which a missing packet is waited for (section 5.4)."""

LOST = "\ufffd"
"""Where text was lost (T.140 addendum 1)."""

ERASE = "\b"
"""Erases the character before it (T.140 section 8.2.1)."""

NEW_LINE = "\u2028"

LONGEST_BLOCK = 512
"""Octets of one block; RFC 2198 has room for 1023."""

RED, MARK, RESTART = 1, 2, 4
"""Flags of a packet received (patch 0072)."""

_OLDEST = 0x3FFF
_HALF, _ROUND = 0x8000, 0x10000
_MOST_WAITING = 32


@dataclass(frozen=True)
class Packet:
    """One to be sent. ``age``: milliseconds since the one before, for the time stamp; ``redundant``: its
    payload is of the type "red"; ``marked``: the first one after silence.
    """

    payload: bytes
    age: int
    redundant: bool
    marked: bool


def _header(payload_type: int, block: bytes, age: int) -> bytes:
    """Of a redundant block (RFC 2198 section 3); one that is too old is sent empty (RFC 4103 section 4.1)."""
    word = 1 << 31 | payload_type << 24 | min(age, _OLDEST) << 10 | len(block)
    return word.to_bytes(4, "big")


class Sender:
    """Cuts what is typed into packets."""

    def __init__(self) -> None:
        self._text = ""
        self._before: list[tuple[bytes, float]] = []
        self._sent_at: float | None = None
        self._silent = True

    def add(self, text: str) -> None:
        """Characters that were typed."""
        self._text += text

    def due(self) -> float | None:
        """When ``packet`` has something to give; None: nothing waits."""
        if not self._text and not any(block for block, _ in self._before):
            return None
        return 0.0 if self._sent_at is None else self._sent_at + INTERVAL

    def packet(self, now: float, payload_type: int, *, redundancy: bool) -> Packet | None:
        """The next one, where it is time. ``payload_type``: that of T.140 itself. ``sent`` must follow."""
        due = self.due()
        if due is None or now < due:
            return None
        if not redundancy:
            self._before = []
            if not self._text:
                self._silent = True
                return None
        block = self._next_block()
        age = 0 if self._sent_at is None else round(1000 * (now - self._sent_at))
        if not redundancy:
            return Packet(block, age, redundant=False, marked=self._silent)
        headers, blocks = b"", b""
        for old, at in self._before:
            since = round(1000 * (now - at))
            kept = old if since <= _OLDEST else b""
            headers += _header(payload_type, kept, since if since <= _OLDEST else 0)
            blocks += kept
        payload = headers + bytes([payload_type]) + blocks + block
        return Packet(payload, age, redundant=True, marked=self._silent)

    def sent(self, now: float) -> None:
        """The packet has left. One that could not is made again."""
        block = self._next_block()
        self._text = self._text[len(block.decode()) :]
        self._before = [*self._before, (block, now)][-GENERATIONS:]
        self._sent_at = now
        self._silent = not any(old for old, _ in self._before)
        if self._silent:
            self._before = []

    def _next_block(self) -> bytes:
        block = self._text
        while len(block.encode()) > LONGEST_BLOCK:
            block = block[: len(block) * 3 // 4]
        return block.encode()


def blocks(flags: int, payload: bytes) -> list[bytes] | None:
    """The blocks of a packet, oldest first, its own last; None for one that breaks RFC 2198."""
    if not flags & RED:
        return [payload]
    lengths, at = [], 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            return None
        lengths.append(int.from_bytes(payload[at : at + 4], "big") & 0x3FF)
        at += 4
    at += 1
    if at + sum(lengths) > len(payload):
        return None
    found = []
    for length in lengths:
        found.append(payload[at : at + length])
        at += length
    return [*found, payload[at:]]


class Receiver:
    """Puts text together again, in its order, each character once."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, bytes] = {}
        self._since: float | None = None

    def due(self) -> float | None:
        """When to ask ``late``; None: nothing is missing."""
        return None if self._since is None else self._since + PATIENCE

    def take(self, sequence: int, flags: int, payload: bytes, now: float) -> str:
        """A packet came: the text that is complete by it. What breaks the rules is none."""
        found = blocks(flags, payload)
        if found is None:
            return ""
        lost = ""
        if self._next is None or (flags & RESTART and self._ahead(sequence) >= _HALF):
            lost = self._give_up() if self._next is not None else ""
            self._next = (sequence - len(found) + 1) % _ROUND
        for back, block in enumerate(reversed(found)):
            place = (sequence - back) % _ROUND
            if self._ahead(place) < _HALF:
                self._waiting.setdefault(place, block)
        text = lost + self._drained()
        if not self._waiting:
            self._since = None
        elif len(self._waiting) > _MOST_WAITING:
            text += self._give_up()
        elif self._since is None:
            self._since = now
        return text

    def late(self, now: float) -> str:
        """What is there is taken, with a sign for what is missing, once that was waited for."""
        due = self.due()
        return self._give_up() if due is not None and now >= due else ""

    def _ahead(self, place: int) -> int:
        return 0 if self._next is None else (place - self._next) % _ROUND

    def _drained(self) -> str:
        text = b""
        while self._next is not None and self._next in self._waiting:
            text += self._waiting.pop(self._next)
            self._next = (self._next + 1) % _ROUND
        return text.decode("utf-8", "replace")

    def _give_up(self) -> str:
        """One sign for each gap."""
        text = ""
        while self._waiting:
            self._next = min(self._waiting, key=self._ahead)
            text += LOST + self._drained()
        self._since = None
        return text


def shown(text: str, more: str, most: int) -> str:
    """What stands on a display after ``more`` came to ``text``: its last ``most`` characters. Erasing erases;
    controls of T.140, which end with ST or with one letter, are left out.
    """
    skips = ""
    for sign in more:
        if skips:
            if sign == "\x9c" or (skips == "\x1b" and sign.isalpha()):
                skips = ""
        elif sign in "\x1b\x98\x9b":
            skips = "\x98" if sign == "\x98" else "\x1b"
        elif sign == ERASE:
            text = text[:-1]
        elif sign in "\r\n\u2028\u2029":
            text += "\n" if not text.endswith("\n") else ""
        elif sign.isprintable():
            text += sign
    return text[-most:]
