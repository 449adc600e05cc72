"""What SIP header fields say of people: reading theirs, and saying nothing of ours. Pure."""

from __future__ import annotations

import re

from firmware.phone.values import Party

ANONYMOUS_URI = "sip:anonymous@anonymous.invalid"
ANONYMOUS_FROM = f'"Anonymous" <{ANONYMOUS_URI}>'
"""RFC 3323 section 4.1.1.3."""

PRIVACY = "id"
"""What a Privacy header field asks of the provider: to keep our identity to itself (RFC 3325 section 9.3)."""

DISCLOSURE = "Sottovoce-Disclosure"
"""The field in which an INVITE tells ``firmware/native`` what its call may show; it never leaves."""

MAX_NAME = 64
"""Characters of a far end's display name that are kept."""

_NAME_ADDR = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>')


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
