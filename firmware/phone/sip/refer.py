"""Whom a REFER names (RFC 3515), and how Replaces names a call (RFC 3891). Pure; nobody when in doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from firmware.phone.sip import uri

LONGEST = 1024
"""Characters of a Refer-To value that are looked at."""

_WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_CALL_ID = r"[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]+"
_REPLACES = re.compile(rf"({_CALL_ID}(?:@{_CALL_ID})?)((?:;(?:to-tag={_WORD}|from-tag={_WORD}|early-only))+)")


@dataclass(frozen=True)
class Referred:
    """``uri``: whom to call, canonical. ``replaces``: the call to take the place of, or ""."""

    uri: str
    replaces: str = ""


def read(refer_to: str) -> Referred | None:
    """What a Refer-To value names: one SIP address, and beside it a Replaces at most. None: refused.

    Any other header that it would have us send, and a method other than INVITE, is refused.
    """
    if len(refer_to) > LONGEST or uri.unprintable(refer_to):
        return None
    match = re.fullmatch(r'\s*(?:"[^"]*"|[^"<>]*)<([^<>]+)>\s*(?:;[^<>]*)?', refer_to)
    address, _, fields = (match[1] if match else refer_to.strip()).partition("?")
    address = re.sub(";method=INVITE", "", address, flags=re.IGNORECASE)
    try:
        target = str(uri.parse(address))
    except ValueError:
        return None
    replaces = ""
    for field in filter(None, fields.split("&")):
        name, _, value = field.partition("=")
        value = unquote(value)
        if name.lower() == "replaces" and not replaces and valid(value):
            replaces = value
        elif (name.lower(), value.lower()) != ("require", "replaces"):
            return None
    return Referred(target, replaces)


def valid(replaces: str) -> bool:
    """Whether ``replaces`` names a call as RFC 3891 section 6.1 writes it, with both tags, once each."""
    match = _REPLACES.fullmatch(replaces)
    if match is None or len(replaces) > LONGEST:
        return False
    names = [part.partition("=")[0] for part in match[2].split(";") if part]
    return names.count("to-tag") == names.count("from-tag") == 1 and names.count("early-only") <= 1
