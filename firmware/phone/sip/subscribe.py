"""Who sent a SUBSCRIBE, and whom it wants to watch, read from the message. Pure, and nobody when in doubt.

Stricter than the grammar: what another reader of the same message might take for somebody else is nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from firmware.phone.sip import uri

_COMPACT = {"from": "f", "to": "t", "event": "o"}
_BRACKETS = re.compile(r'^(?:"(?:[^"\\]|\\.)*"|[^"<>]*)\s*<([^<>]*)>([^<>"]*)$', re.DOTALL)


@dataclass(frozen=True)
class Subscribe:
    """``watcher``: the canonical address of who asks, or "" when they are anonymous or cannot be told.

    ``entity``: whom they want to watch, as they wrote it; ``event``: the event package.
    """

    watcher: str
    entity: str
    event: str


def read(message: str) -> Subscribe:
    """What a SUBSCRIBE says that came from our own provider over the connection we registered by.

    The provider's P-Asserted-Identity counts if there is one, else From (RFC 3325 section 9.1). A watcher who
    asks not to be named (Privacy, RFC 3323 section 4.2) is anonymous.
    """
    fields = _fields(message)
    event = _only(fields.get("event", [])).split(";")[0].strip(" \t").lower()
    event = "" if uri.unprintable(event) else event
    entity = _address(_only(fields.get("to", [])))
    if re.search(r"\r(?!\n)|\0", message):
        return Subscribe("", entity, event)
    privacy = {word.strip().lower() for value in fields.get("privacy", []) for word in value.split(";")}
    if privacy - {"none", "critical", ""}:
        return Subscribe("", entity, event)
    asserted = fields.get("p-asserted-identity")
    named = _asserted(asserted) if asserted else _address(_only(fields.get("from", [])))
    return Subscribe(_named(named), entity, event)


def _fields(message: str) -> dict[str, list[str]]:
    """The header fields by their long names in small letters, folded lines joined."""
    head = re.split(r"\r?\n\r?\n", message, maxsplit=1)[0]
    # Not splitlines() and strip(): they take for an end or for space what may stand in a field of a stranger.
    lines = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]+", " ", head))[1:]
    long = {short: name for name, short in _COMPACT.items()}
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip(" \t").lower()
        found.setdefault(long.get(name, name), []).append(value.strip(" \t"))
    return found


def _only(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ""


def _address(value: str) -> str:
    """The URI of one name-addr or addr-spec, "" when it is not clearly one."""
    match = _BRACKETS.match(value)
    if match:
        return match[1].strip(" \t")
    return "" if re.search(r'[<>"]', value) else value.split(";")[0].strip(" \t")


def _asserted(values: list[str]) -> str:
    """The one SIP address that is asserted; a telephone number beside it does not count (RFC 3325 9.1)."""
    single = [_address(part) for value in values for part in _parts(value)]
    if "" in single:
        return ""
    return _only([address for address in single if not address.lower().startswith("tel:")])


def _parts(value: str) -> list[str]:
    """A list cut at its commas, but not at those in quotes or brackets."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+', value) or [""]


def _named(address: str) -> str:
    """The canonical address without its parameters; "" when it names nobody in particular."""
    try:
        who = uri.parse(address)
    except ValueError:
        return ""
    hidden = not who.user or who.user.lower() == "anonymous" or who.host.endswith(".invalid")
    return "" if hidden else str(replace(who, params=()))
