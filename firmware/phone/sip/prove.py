"""Proofs of who calls, as we make them: a PASSporT (RFC 8225) in the Identity header (RFC 8224). Pure.

What is signed: who calls (``orig``), who is called (``dest``), when (``iat``), and, where the INVITE offers
DTLS-SRTP, the fingerprints in its SDP (``mky``, RFC 8225 section 5.2.2): who puts a key of his own into it on
the way cannot sign that. Which messages are signed at all is decided in ``firmware/native/disclosure.cpp``.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firmware.phone.sip import authority, sdp, uri
from firmware.phone.sip.passport import number_of


@dataclass(frozen=True)
class Claims:
    """A PASSporT before it is signed. ``text`` is what the signature is over."""

    text: str
    info: str

    def identity(self, signature: str) -> str:
        """The value of the Identity header field (RFC 8224 section 4)."""
        return f"{self.text}.{signature};info=<{self.info}>;alg=ES256"


def claims(caller: str, called: str, body: str, info: str, now: datetime) -> Claims | None:
    """What is to be signed for a call, or None where nobody could check it.

    ``caller``, ``called``: the addresses in From and To; ``body``: of the INVITE; ``info``: the address of
    the certificate. A number without its country is signed as an address: only its domain knows whose it is.
    """
    orig, dest = _identity(caller), _identity(called)
    if orig is None or dest is None:
        return None
    payload: dict[str, Any] = {
        "dest": {name: [value] for name, value in dest.items()},
        "iat": int(now.timestamp()),
        "orig": orig,
    }
    keys = sorted(sdp.fingerprints(body))
    if keys:
        payload["mky"] = [{"alg": hash_name, "dig": digits} for hash_name, digits in keys]
    header = {"alg": "ES256", "typ": "passport", "x5u": info}
    return Claims(f"{_encoded(header)}.{_encoded(payload)}", info)


def speaks_for(certificate: bytes, caller: str) -> bool:
    """Whether a certificate may prove that ``caller`` calls (RFC 8226, RFC 5922)."""
    signer = authority.read(certificate)[0]
    identity = _identity(caller) or {}
    if number := identity.get("tn"):
        return signer.speaks_for_number(number)
    return signer.speaks_for_domain(uri.parse(caller).host)


def _identity(address: str) -> dict[str, str] | None:
    """The one way to write an address (RFC 8224 sections 8.3 and 8.5)."""
    try:
        who = uri.parse(address)
    except ValueError:
        return None
    digits = number_of(address)
    if digits and who.user.startswith("+"):
        return {"tn": digits}
    return {"uri": str(uri.SipUri("sip", who.user, who.host))} if who.user else None


def _encoded(part: dict[str, Any]) -> str:
    """RFC 8225 section 9: keys in order, no space; RFC 7515 section 2: base64url without padding."""
    plain = json.dumps(part, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()
