"""The leak oracle: does any octet that the far end got tell who called, in whatever form?

    oracle = Oracle([Secret("user", "quorvex7k2m9p1"), Secret("MAC", octets=bytes.fromhex("02005e1000aa"))])
    for finding in oracle.search("INVITE that bob received", octets):
        print(finding)

Every needle (plain, reversed, hexadecimal, UTF-16, digests; letters in either case) is looked for in every
view of the octets (as they are, percent-decoded, without entities or quoted pairs, base64-decoded from any
place), so that forms within forms are found: base64 of UTF-16, a percent-encoded reversed name.

What may turn up by chance is kept out by construction: a secret of fewer than ``SHORTEST`` characters is
refused. Give the accounts, the host and the board of a test long random names (``identity``).
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

SHORTEST = 5
"""Characters of a secret; what is shorter stands in any text by chance."""

SHORTEST_OCTETS = 4

_NEAR = 24
"""Octets of context on each side of a finding."""

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\r?\n[ \t]?){6,}")
_QUOTED = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Secret:
    """What must not be told: a text, or octets such as those of a MAC address.

    Raises:
        ValueError: it is so short that it would be found by chance.
    """

    name: str
    """What it is, for a finding: ``user``, ``host name``."""
    text: str = ""
    octets: bytes = b""

    def __post_init__(self) -> None:
        if len(self.text) < SHORTEST and len(self.octets) < SHORTEST_OCTETS:
            raise ValueError(f"the secret {self.name!r} ({self.text!r}) is too short: it may occur by chance")


@dataclass(frozen=True)
class Finding:
    """One secret at one place."""

    secret: str
    """Its name."""
    form: str
    """How it was written: ``plain``, ``base64 of UTF-16LE``."""
    place: str
    """Where, as the searcher named it: a message, a packet."""
    field: str
    """The header field or SDP line in a SIP message, else empty."""
    offset: int
    """Of the first octet in the octets searched (of the encoded run for base64)."""
    near: str
    """The octets around it, unprintable ones as dots."""

    def __str__(self) -> str:
        field = f" ({self.field})" if self.field else ""
        return f"{self.secret}, {self.form}, in {self.place}{field} at octet {self.offset}: …{self.near}…"


@dataclass(frozen=True)
class _Needle:
    secret: str
    form: str
    octets: bytes
    any_case: bool


class Oracle:
    """Knows the secrets in all their forms."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self.secrets = tuple(secrets)
        found: dict[bytes, _Needle] = {}
        for secret in self.secrets:
            for needle in _needles(secret):
                found.setdefault(needle.octets, needle)
        self._needles = tuple(found.values())

    def search(self, place: str, octets: bytes) -> list[Finding]:
        """Every secret in ``octets``, each form once for each header field."""
        found: dict[tuple[str, str, str], Finding] = {}
        for view, start, seen in _views(octets):
            lowered = seen.lower()
            for needle in self._needles:
                at = (lowered if needle.any_case else seen).find(needle.octets)
                while at >= 0:
                    offset = start if view == "base64" else at
                    field = field_at(seen, at) if view != "base64" else field_at(octets, start)
                    near = _printable(seen[max(0, at - _NEAR) : at + len(needle.octets) + _NEAR])
                    form = needle.form if not view else f"{view} of {needle.form}"
                    one = Finding(needle.secret, form, place, field, offset, near)
                    found.setdefault((one.secret, one.form, one.field), one)
                    at = (lowered if needle.any_case else seen).find(needle.octets, at + 1)
        return _without_repeats(found.values())

    def search_all(self, places: Iterable[tuple[str, bytes]]) -> list[Finding]:
        """The findings of several places, given by name and octets."""
        return [finding for place, octets in places for finding in self.search(place, octets)]


def address_secrets(name: str, address: str) -> list[Secret]:
    """An IP address as text, as octets in either order, and as a whole number."""
    packed = ip_address(address).packed
    return [
        Secret(name, address),
        Secret(name, str(int.from_bytes(packed, "big"))),
        Secret(name, octets=packed),
    ]


def name_secrets(name: str, text: str) -> list[Secret]:
    """A name of several words as a whole and each word of it."""
    words = text.split()
    return [Secret(name, text), *(Secret(f"{name}, a part", word) for word in words if len(words) > 1)]


def field_at(octets: bytes, offset: int) -> str:
    """The header field or SDP line of SIP that holds the octet; empty for anything else."""
    start = octets.rfind(b"\n", 0, offset) + 1
    line = octets[start : start + 400].split(b"\r\n", 1)[0]
    if b"SIP/2.0" not in octets:
        return ""
    if match := _FIELD.match(line):
        return match[1].decode()
    return f"SDP {line[:2].decode()}" if _SDP.match(line) else "first line" if b"SIP/2.0" in line else ""


_FIELD = re.compile(rb"([A-Za-z][\w-]*)[ \t]*:")
_SDP = re.compile(rb"[a-z]=")


def _needles(secret: Secret) -> Iterator[_Needle]:
    if secret.octets:
        yield _Needle(secret.name, "octets", secret.octets, False)
        yield _Needle(secret.name, "octets, reversed", secret.octets[::-1], False)
        yield from _hexadecimal(secret.name, "hexadecimal", secret.octets)
        return
    for text in _spellings(secret.text):
        for form, written in (("plain", text), ("reversed", text[::-1])):
            for label, codec in _CODECS:
                try:
                    octets = written.encode(codec)
                except UnicodeEncodeError:
                    continue
                name = " ".join(part for part in (form if form != "plain" else "", label) if part) or "plain"
                yield _Needle(secret.name, name, octets.lower(), True)
                yield from _hexadecimal(secret.name, f"hexadecimal of {name}", octets)
    for kind in ("md5", "sha1", "sha256"):
        digest = hashlib.new(kind, secret.text.encode(), usedforsecurity=False).digest()
        yield _Needle(secret.name, f"{kind} digest", digest, False)
        yield _Needle(secret.name, f"{kind} digest", digest.hex().encode(), True)


_CODECS: Sequence[tuple[str, str]] = (
    ("", "utf-8"),
    ("Latin-1", "latin-1"),
    ("UTF-16LE", "utf-16-le"),
    ("UTF-16BE", "utf-16-be"),
)


def _spellings(text: str) -> set[str]:
    """The cases and normal forms that ASCII's case folding alone would not find."""
    cases = {text, text.lower(), text.upper()}
    return {unicodedata.normalize(form, case) for form in ("NFC", "NFD") for case in cases}


def _hexadecimal(name: str, form: str, octets: bytes) -> Iterator[_Needle]:
    for gap in ("", ":", "-", " "):
        written = octets.hex(gap) if gap else octets.hex()
        yield _Needle(name, form, written.encode(), True)
    yield _Needle(name, form, octets.hex(".", 2).encode(), True)


def _views(octets: bytes) -> Iterator[tuple[str, int, bytes]]:
    """The octets as they are and decoded: name, where they began, octets."""
    yield "", 0, octets
    if b"%" in octets:
        yield "percent-encoding", 0, unquote_to_bytes(octets)
    if b"&" in octets and b";" in octets:
        text = octets.decode("latin-1")
        yield "entities", 0, html.unescape(text).encode("utf-8", "replace")
    if b"\\" in octets:
        yield "quoted pairs", 0, _QUOTED.sub(rb"\1", octets)
    for run in _BASE64.finditer(octets):
        letters = re.sub(rb"\s", b"", run[0]).replace(b"-", b"+").replace(b"_", b"/")
        for shift in range(4):
            yield "base64", run.start(), _decoded(letters[shift:])


def _decoded(letters: bytes) -> bytes:
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _without_repeats(found: Iterable[Finding]) -> list[Finding]:
    """Without those of a decoding that only shows again what stands there plainly."""
    everything = list(found)
    plain = {(one.secret, one.field, one.form) for one in everything}
    return [
        one
        for one in everything
        if " of " not in one.form
        or one.form.startswith("hexadecimal")
        or one.form.startswith("base64")
        or (one.secret, one.field, one.form.split(" of ", 1)[1]) not in plain
    ]


def _printable(octets: bytes) -> str:
    return "".join(chr(octet) if 32 <= octet < 127 else "." for octet in octets)
