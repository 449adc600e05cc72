"""Who calls, from the raw INVITE, and how sure that is. Pure.

P-Asserted-Identity (RFC 3325) counts only where the message came from our own provider over its verified
connection; else From. Remote-Party-ID, an expired draft, never counts. Who asks for privacy (RFC 3323) or
calls under an anonymous address stays unknown here too, even where the provider would tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from firmware.phone.sip import headers, sdp, uri
from firmware.phone.sip.uri import unprintable
from firmware.phone.values import Party, Trust

LONGEST = 65_536
"""Characters of a message that are looked at."""

MOST_FIELDS = 200
LONGEST_FIELD = 10_000
LONGEST_NAME_ADDR = 2048
"""Characters of From or P-Asserted-Identity; a longer one names nobody."""

LONGEST_URI = 512

_COMPACT = {"f": "from", "t": "to", "y": "identity"}
"""RFC 3261 section 7.3.3, RFC 8224 section 4."""

_PRIVATE = frozenset({"id", "user"})
_NOBODY = frozenset({"anonymous", "unknown", "restricted", "unavailable", "withheld"})
_VALUES = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|<[^<>]*>|[^,\"<>])+")

ANONYMOUS = Party(headers.ANONYMOUS_URI, "Anonymous", anonymous=True)


@dataclass(frozen=True)
class Claim:
    """What a proof is compared with: who the message says calls whom, when, and with which keys."""

    identities: tuple[str, ...]
    caller: str
    called: str
    date: str
    keys: frozenset[sdp.Fingerprint] = frozenset()


Check = Callable[[Claim], tuple[bool, str]]
"""Whether the caller of a claim is proven, and why a proof is false ("" when it is not)."""


def caller(message: str, *, trusted: bool, domain: str = "", check: Check | None = None) -> Party:
    """The caller that an INVITE names.

    ``trusted``: it came over the verified connection to our provider. ``domain``: the provider's, where bare
    telephone numbers are at. ``check``: judges a proof of identity (``passport``); None: no list of signers.
    A message that names nobody, or two, is anonymous.
    """
    fields = _fields(message)
    return replace(_caller(fields, message, trusted, domain, check), sent_on=_sent_on(fields))


_SENT_ON = re.compile(r";\s*cause\s*=\s*\"?(302|404|408|480|486|487|503)\b", re.IGNORECASE)
"""Why a call was sent on (RFC 4458 section 2, RFC 7044 section 5.3)."""


def _sent_on(fields: dict[str, list[str]]) -> bool:
    """Whether somebody else had the call sent on to us: Diversion (RFC 5806), or History-Info (RFC 7044) with
    the cause of it. What leaves both out cannot be told from a call to us.
    """
    history = (unquote(entry) for entry in fields.get("history-info", []))
    return bool(fields.get("diversion")) or any(_SENT_ON.search(entry) for entry in history)


def _caller(
    fields: dict[str, list[str]], message: str, trusted: bool, domain: str, check: Check | None
) -> Party:
    said = fields.get("from", [])
    if len(said) != 1 or len(said[0]) > LONGEST_NAME_ADDR:
        return ANONYMOUS
    claimed = _readable(headers.party(said[0]), domain)
    asserted = _asserted(fields, domain) if trusted else None
    if _wants_privacy(fields) or _nobody(claimed.uri) or (asserted is not None and _nobody(asserted.uri)):
        return ANONYMOUS
    known = [party for party in (asserted, claimed) if party is not None]
    shown = replace(known[0], name=known[0].name or claimed.name)
    return shown if check is None else _proven(fields, message[:LONGEST], known, shown, check)


def _proven(
    fields: dict[str, list[str]], message: str, known: list[Party], shown: Party, check: Check
) -> Party:
    """``shown``, or whichever of the ``known`` is proven; with the doubt when a proof is false."""
    identities = tuple(fields.get("identity", []))
    if not identities:
        return shown
    called = headers.party(next(iter(fields.get("to", [])), "")).uri
    date = next(iter(fields.get("date", [])), "")
    keys = sdp.fingerprints(message)
    doubts = []
    for party in known:
        good, doubt = check(Claim(identities, party.uri, called, date, keys))
        if good:
            return replace(party, name=party.name or shown.name, trust=Trust.VERIFIED)
        doubts.append(doubt)
    return replace(shown, trust=Trust.CLAIMED, doubt=doubts[0]) if all(doubts) else shown


def _fields(message: str) -> dict[str, list[str]]:
    """The header fields by their full names in small letters, unfolded (RFC 3261 section 7.3)."""
    head = re.split("\r?\n\r?\n", message[:LONGEST], maxsplit=1)[0]
    unfolded = re.sub("\r?\n[ \t]+", " ", head)
    found: dict[str, list[str]] = {}
    # Not splitlines() and strip(): what they take for an end or for space may stand in a field that a proxy
    # passes on, and would put words into the provider's mouth.
    for line in re.split("\r?\n", unfolded)[1 : MOST_FIELDS + 1]:
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip(" \t").lower()
            value = re.sub(r"\s+", " ", value).strip()[:LONGEST_FIELD]
            found.setdefault(_COMPACT.get(name, name), []).append(value)
    return found


def _asserted(fields: dict[str, list[str]], domain: str) -> Party | None:
    """The identity that the provider asserts: at most one SIP address and one telephone number, else none."""
    texts = fields.get("p-asserted-identity", [])
    if any(len(text) > LONGEST_NAME_ADDR for text in texts):
        return None
    by_scheme: dict[str, Party] = {}
    for party in [headers.party(value) for text in texts for value in _split(text)]:
        scheme = party.uri.partition(":")[0].lower().replace("sips", "sip")
        if scheme not in ("sip", "tel") or scheme in by_scheme:
            return None
        by_scheme[scheme] = party
    named = by_scheme.get("sip") or by_scheme.get("tel")
    return None if named is None else replace(_readable(named, domain), trust=Trust.ASSERTED)


def _split(text: str) -> Iterator[str]:
    """The values of a field that may hold several, parted by commas outside quotes and brackets."""
    for match in _VALUES.finditer(text):
        if match[0].strip():
            yield match[0].strip()


def private(message: str) -> bool:
    """Whether a message asks that its sender stay unknown (RFC 3323, RFC 3325)."""
    return _wants_privacy(_fields(message))


def _wants_privacy(fields: dict[str, list[str]]) -> bool:
    values = {value.strip().lower() for text in fields.get("privacy", []) for value in re.split("[;,]", text)}
    return bool(values & _PRIVATE)


def _nobody(address: str) -> bool:
    """Whether an address says that it names nobody (RFC 3323 section 4.1.1.3, 3GPP TS 23.003)."""
    bare = re.sub("^(?:sips?|tel):", "", address.strip().lower())
    user, at, host = bare.partition("@")
    host = re.split("[:;?]", host if at else user, maxsplit=1)[0].removesuffix(".")
    if host == "invalid" or host.endswith(".invalid"):
        return True
    return not bare or (bool(at) and re.split("[:;]", user, maxsplit=1)[0] in _NOBODY)


def _readable(party: Party, domain: str) -> Party:
    """With a canonical address where it is one, a telephone number as one at ``domain``; else with what can
    be shown of it.
    """
    address = party.uri
    if address.lower().startswith("tel:") and domain:
        number = re.sub(r"[().\-\s]", "", address[4:].split(";")[0])
        address = f"sip:{number}@{domain}" if re.fullmatch(r"\+?[0-9]{1,32}", number) else address
    try:
        return replace(party, uri=str(uri.parse(address)))
    except ValueError:
        shown = "".join(char for char in address if not unprintable(char))
        return replace(party, uri=shown[:LONGEST_URI])
