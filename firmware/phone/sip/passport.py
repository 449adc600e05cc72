"""Whether a caller is proven: the Identity header of an INVITE (STIR, RFC 8224 and 8225), checked offline.

Pure: the time is given in, the certificates come from ``authority``, nothing is fetched. What is checked, in
this order, and what each failure counts as:

- form: one signed token, full or compact, of bounded size; ``typ`` passport, ``alg`` ES256, no ``crit``,
  ``ppt`` absent or ``shaken`` (RFC 8588). Another ``ppt`` cannot be judged here: UNKNOWN. Else: FALSE.
- signer: the certificate of our list that the proof names (``x5u``, compared only); if the list knows no such
  address, every certificate of the list is tried. Signed by none of them: UNKNOWN, we know nothing of the
  signer. Named, but not signed by it: FALSE.
- certificate valid now: else UNKNOWN, for the list may be old.
- ``iat`` at most 60 s from now (RFC 8224 section 6.2), ``orig`` the caller that the message names, ``dest``
  one of our own addresses and numbers (not the To of the message, which whoever replays a proof chooses):
  else FALSE, or UNKNOWN where this phone does not know its own number.
- the keys of the call: each fingerprint in the SDP is among those that were signed (``mky``, RFC 8225 section
  5.2.2), and where some were signed the SDP has one: else FALSE, somebody on the way put in keys of his own.
  Without ``mky``, which RFC 8224 section 4.1 asks for beside fingerprints, UNKNOWN: who calls is proven, not
  with whom the keys are agreed. ``shaken`` is about numbers alone and needs none.
- the certificate may speak for the caller: for a number its TNAuthList holds it or names a service provider,
  for an address the domain is in its subject alternative names (RFC 8226, RFC 5922): else FALSE.

``UNKNOWN`` says nothing for or against the caller, who then has only claimed to be somebody. ``FALSE`` means
that a proof was shown which does not hold: the caller counts as a stranger, whoever the message names.
A proof can be replayed to this telephone for 60 s by somebody who reads it on the way.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import jwt

from firmware.phone.sip import sdp, uri
from firmware.phone.sip.authority import Authority

FRESH = 60
"""Seconds that a proof may be old, or ahead of our clock."""

LONGEST = 8192
"""Characters of an Identity header."""

MOST_CALLED = 32
"""Numbers and addresses in one ``dest``."""

MOST_KEYS = 32
"""Fingerprints in one ``mky``."""

_TYPES = (None, "shaken")
_SHAPE = re.compile(r"([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)((?:\s*;.*)?)", re.DOTALL)
_PARAM = re.compile(r";\s*([A-Za-z0-9_-]+)\s*=\s*(?:\"([^\"]*)\"|<([^>]*)>|([^\s;]+))")
_NUMBER = re.compile(r"\+?[0-9(][0-9() .-]*")
_SIGNATURE = jwt.api_jws.PyJWS(algorithms=["ES256"])


class Proof(enum.Enum):
    NONE = "none"
    GOOD = "good"
    UNKNOWN = "unknown"
    FALSE = "false"


@dataclass(frozen=True)
class Verdict:
    """``why``: why the proof is not good, in plain words; "" when it is, or when there is none."""

    proof: Proof
    why: str = ""


@dataclass(frozen=True)
class Checker:
    """``authorities``: who may vouch. ``own``: our addresses and numbers, as ``sip:…`` or digits."""

    authorities: tuple[Authority, ...]
    own: tuple[str, ...]

    def verdict(
        self,
        identities: Sequence[str],
        caller: str,
        called: str,
        date: str,
        now: datetime,
        keys: frozenset[sdp.Fingerprint] = frozenset(),
    ) -> Verdict:
        """Judge the Identity headers of a message that says ``caller`` calls ``called`` at ``date``.

        ``keys``: the fingerprints in its SDP. The best of several counts, for each may be for another reader
        (RFC 8224 section 4); at most four.
        """
        found = [self._judge(text, caller, called, date, now, keys) for text in identities[:4]]
        for proof in (Proof.GOOD, Proof.FALSE, Proof.UNKNOWN):
            for verdict in found:
                if verdict.proof is proof:
                    return verdict
        return Verdict(Proof.NONE)

    def _judge(
        self, text: str, caller: str, called: str, date: str, now: datetime, keys: frozenset[sdp.Fingerprint]
    ) -> Verdict:
        try:
            token = _token(text, caller, called, date, keys)
            authority = self._signer(token)
            if authority is None:
                return Verdict(Proof.UNKNOWN, "signed by somebody who is not on your list")
            if not authority.valid(now):
                return Verdict(Proof.UNKNOWN, "signed with a certificate that is not valid today")
            self._check(token.claims, authority, caller, now)
            _check_keys(token, keys)
        except _Unknown as unknown:
            return Verdict(Proof.UNKNOWN, str(unknown))
        except ValueError as wrong:
            return Verdict(Proof.FALSE, str(wrong))
        return Verdict(Proof.GOOD)

    def _signer(self, token: _Token) -> Authority | None:
        named = [one for one in self.authorities if one.x5u and one.x5u == token.header.get("x5u")]
        for authority in named or self.authorities:
            try:
                _SIGNATURE.decode_complete(token.text, authority.key, algorithms=["ES256"])
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError:
                raise ValueError("the proof cannot be read") from None
            return authority
        if named:
            raise ValueError("the signature is wrong")
        return None

    def _check(self, claims: dict[str, Any], authority: Authority, caller: str, now: datetime) -> None:
        issued = claims.get("iat")
        if not isinstance(issued, int) or abs(int(now.timestamp()) - issued) > FRESH:
            raise ValueError("the proof is too old, or the clock is wrong")
        dest = claims.get("dest")
        if not isinstance(dest, dict) or not self._for_us(dest):
            raise ValueError("the proof was made for another number")
        orig = claims.get("orig")
        number, address = _one(orig, "tn"), _one(orig, "uri")
        if bool(number) == bool(address):
            raise ValueError("the proof names no caller")
        _same_caller(number, address, caller)
        if number and not authority.speaks_for_number(_digits(number)):
            raise ValueError("the signer may not speak for this number")
        if address and not authority.speaks_for_domain(_host(address)):
            raise ValueError("the signer may not speak for this address")

    def _for_us(self, dest: dict[str, Any]) -> bool:
        """Raises _Unknown when it names numbers alone and we do not know our own."""
        numbers, addresses = _many(dest.get("tn", [])), _many(dest.get("uri", []))
        own_numbers = {number for one in self.own if (number := number_of(one))}
        if not self.own or (numbers and not addresses and not own_numbers):
            raise _Unknown("this phone does not know its own number; write account.numbers")
        if any(_digits(number) in own_numbers for number in numbers) or any(
            uri.same_address(address, one) for address in addresses for one in self.own
        ):
            return True
        if any(map(self._may_lead_here, addresses)):
            raise _Unknown("the proof was made for a short number, which may lead here")
        return False

    def _may_lead_here(self, address: str) -> bool:
        """Whether it is a number without its country at our own provider, who may have led it to us."""
        local = bool(number_of(address)) and "+" not in address
        return local and _host(address) in {_host(one) for one in self.own if one.startswith("sip")}


class _Unknown(Exception):
    """The proof cannot be judged, for or against."""


@dataclass(frozen=True)
class _Token:
    """A PASSporT in its full form, and what its first two parts say."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]


def number_of(address: str) -> str:
    """The telephone number in a ``sip:``, ``tel:`` or bare form, as digits (RFC 8224 section 8.3), or ""."""
    bare = re.sub(r"^(?:sips?|tel):", "", address.strip(), flags=re.IGNORECASE)
    user = re.split("[@;]", bare, maxsplit=1)[0]
    return _digits(user) if _NUMBER.fullmatch(user) else ""


def _check_keys(token: _Token, keys: frozenset[sdp.Fingerprint]) -> None:
    signed = token.claims.get("mky")
    if signed is None:
        if keys and token.header.get("ppt") is None:
            raise _Unknown("the proof says nothing of the keys of this call")
        return
    entries = signed if isinstance(signed, list) else [signed]
    proven = {
        sdp.fingerprint(entry["alg"], entry["dig"])
        for entry in entries[:MOST_KEYS]
        if _one(entry, "alg") and _one(entry, "dig")
    }
    if not keys or not keys <= proven:
        raise ValueError("somebody has changed the keys of this call on the way")


def _token(text: str, caller: str, called: str, date: str, keys: frozenset[sdp.Fingerprint]) -> _Token:
    """Raises ValueError for what is no PASSporT, _Unknown for a sort that is not known here."""
    match = _SHAPE.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        raise ValueError("the proof cannot be read")
    header, claims, signature, rest = match.groups()
    params = {name.lower(): "".join(values) for name, *values in _PARAM.findall(rest)}
    if not header and not claims:
        header, claims = _rebuilt(params, caller, called, date, keys)
    token = _Token(f"{header}.{claims}.{signature}", _decoded(header), _decoded(claims))
    if token.header.get("alg") != "ES256" or params.get("alg", "ES256") != "ES256":
        raise ValueError("the proof is not signed in the way that is asked for")
    if token.header.get("typ") != "passport" or "crit" in token.header:
        raise ValueError("the proof cannot be read")
    if token.header.get("ppt") not in _TYPES or params.get("ppt") != token.header.get("ppt"):
        raise _Unknown("a sort of proof that is not known here")
    if "info" in params and params["info"] != token.header.get("x5u"):
        raise ValueError("the proof contradicts itself about its signer")
    return token


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise ValueError("the proof cannot be read") from None
    if not isinstance(found, dict):
        raise ValueError("the proof cannot be read")
    return found


def _rebuilt(
    params: dict[str, str], caller: str, called: str, date: str, keys: frozenset[sdp.Fingerprint]
) -> tuple[str, str]:
    """The two parts that the compact form leaves out (RFC 8225 section 7, RFC 8224 section 4.1.2)."""
    if "ppt" in params:
        raise _Unknown("a sort of proof that is not known here")
    try:
        issued = int(parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):  # a year of twenty digits is no ValueError
        raise ValueError("the proof has no date") from None
    header = {"alg": "ES256", "typ": "passport", "x5u": params.get("info", "")}
    dest, orig = _identity(called), _identity(caller)
    claims: dict[str, Any] = {"dest": {name: [value] for name, value in dest.items()}}
    claims |= {"iat": issued, "orig": orig}
    if keys:
        claims["mky"] = [{"alg": hash_name, "dig": digits} for hash_name, digits in sorted(keys)]
    return _encoded(header), _encoded(claims)


def _identity(address: str) -> dict[str, str]:
    number = number_of(address)
    return {"tn": number} if number else {"uri": address}


def _encoded(part: dict[str, Any]) -> str:
    plain = json.dumps(part, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def _same_caller(number: str, address: str, caller: str) -> None:
    """Raises ValueError when the proof is somebody else's; _Unknown when numbers cannot be compared."""
    wrong = "the proof belongs to another caller"
    if address:
        if not uri.same_address(address, caller):
            raise ValueError(wrong)
        return
    said, proven = number_of(caller), _digits(number)
    if said == proven:
        return
    national = said.lstrip("0")
    if said and "+" not in caller and national and proven.endswith(national):
        raise _Unknown("the caller's number is written without its country")
    raise ValueError(wrong)


def _one(identity: object, name: str) -> str:
    value = identity.get(name) if isinstance(identity, dict) else None
    return value if isinstance(value, str) else ""


def _many(values: object) -> list[str]:
    texts = values if isinstance(values, list) else []
    return [text for text in texts[:MOST_CALLED] if isinstance(text, str)]


def _digits(number: str) -> str:
    return re.sub("[^0-9]", "", number)


def _host(address: str) -> str:
    try:
        return uri.parse(address).host
    except ValueError:
        return ""
