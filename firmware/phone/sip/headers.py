"""What SIP header fields say of people: reading theirs, and saying nothing of ours. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.phone.values import Party

ANONYMOUS_URI = "sip:anonymous@anonymous.invalid"
ANONYMOUS_FROM = f'"Anonymous" <{ANONYMOUS_URI}>'
"""RFC 3323 section 4.1.1.3."""

MAX_NAME = 64
"""Characters of a far end's display name that are kept."""

_NAME_ADDR = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>')


@dataclass(frozen=True)
class Anonymous:
    """An INVITE of a caller who is not to be known: From, and the headers to add."""

    from_uri: str
    contact: str
    headers: tuple[tuple[str, str], ...]


def anonymous(address: str, transport: str) -> Anonymous:
    """What RFC 3323 section 4.1 and RFC 3325 section 9.3 ask for: a Contact without a user, too.

    ``address``: "host:port" where we are reached over ``transport`` ("tls", "tcp", "udp").
    """
    contact = f"<sip:{address};transport={transport}>"
    return Anonymous(ANONYMOUS_FROM, contact, (("Privacy", "id"),))


def party(name_addr: str) -> Party:
    """The far end from a From or To value (RFC 3261 section 20.10), its name made harmless to show."""
    match = _NAME_ADDR.match(name_addr)
    if match is None:
        return Party(name_addr.strip().split(">")[0].lstrip("<"))
    quoted, plain, uri = match.groups()
    name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain or ""
    printable = "".join(char for char in name if char.isprintable()).strip()
    if uri.lower().startswith(ANONYMOUS_URI):
        printable = "Anonymous"
    return Party(uri, printable[:MAX_NAME])
