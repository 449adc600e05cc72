"""A configuration on its way: a signed token in an encrypted one (a nested JWT, RFC 7519 section 5.2).

::

    JWE compact (RFC 7516)  alg dir, enc A256GCM, typ sottovoce-configuration+jwe
      JWS compact (RFC 7515)  alg Ed25519 (RFC 9864), jwk: who signed, typ sottovoce-configuration+jws
        claims: iss, sub, iat, exp (RFC 7519), serial, configuration, files, issuers

One algorithm for each, no compression, and a type for each layer (RFC 8725 sections 3.1, 3.6 and 3.11).
"""

from __future__ import annotations

import json
from typing import Any

from jwcrypto import jwe, jwk, jws
from jwcrypto.common import JWException

from firmware.phone.errors import ProvisioningError
from firmware.provisioning import code

LARGEST = 512 * 1024
"""Octets of a file on the server."""

SIGNED, ENCRYPTED = "sottovoce-configuration+jws", "sottovoce-configuration+jwe"
_SIGNATURE, _KEYS, _CIPHER = "Ed25519", "dir", "A256GCM"


def thumbprint(key: jwk.JWK) -> str:
    """What names a key (RFC 7638): SHA-256, base64url."""
    return str(key.thumbprint())


def seal(claims: dict[str, Any], secret: bytes, issuer: jwk.JWK) -> bytes:
    """The file for the telephone that has this secret, signed by the private key ``issuer``."""
    signed = jws.JWS(json.dumps(claims, ensure_ascii=False).encode())
    head = {"alg": _SIGNATURE, "typ": SIGNED, "jwk": json.loads(issuer.export_public())}
    signed.add_signature(issuer, alg=_SIGNATURE, protected=json.dumps(head))
    outer = json.dumps({"alg": _KEYS, "enc": _CIPHER, "typ": ENCRYPTED})
    token = jwe.JWE(signed.serialize(compact=True).encode(), protected=outer, algs=[_KEYS, _CIPHER])
    token.add_recipient(_symmetric(secret))
    return str(token.serialize(compact=True)).encode()


def unseal(content: bytes, secret: bytes, issuers: tuple[str, ...]) -> dict[str, Any]:
    """The claims, signed by one of ``issuers`` (thumbprints). Raises ``ProvisioningError``."""
    if len(content) > LARGEST:
        raise ProvisioningError("the file is larger than any configuration; nothing of it is used")
    claims: object = None
    try:
        token = jwe.JWE(algs=[_KEYS, _CIPHER])
        token.deserialize(_ascii(content))
        _typed(token.jose_header, ENCRYPTED, {"alg", "enc", "typ"})
        token.decrypt(_symmetric(secret))
        signed = jws.JWS()
        signed.allowed_algs = [_SIGNATURE]
        signed.deserialize(_ascii(token.payload))
        head = signed.jose_header
        _typed(head, SIGNED, {"alg", "typ", "jwk"})
        key = jwk.JWK(**head["jwk"])
        if key.has_private or key["kty"] != "OKP" or thumbprint(key) not in issuers:
            raise ProvisioningError(
                "somebody else than your administrator signed it; nothing of it is used. If the "
                "administrator has a new key, a new ticket is needed"
            )
        signed.verify(key, alg=_SIGNATURE)
        claims = json.loads(signed.payload)
    except (JWException, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProvisioningError(
            "it is not a configuration that was made for this telephone, or it was changed on the way; "
            "compare code and address with the paper"
        ) from error
    if not isinstance(claims, dict):
        raise ProvisioningError("it holds no configuration; make it again with sotto-release provision")
    return claims


def _typed(head: dict[str, Any], kind: str, fields: set[str]) -> None:
    """Nothing but what we write: no compression, no other keys, no extension."""
    if head.get("typ") != kind or set(head) != fields:
        raise ValueError(kind)


def _symmetric(secret: bytes) -> jwk.JWK:
    return jwk.JWK(kty="oct", k=jwk.base64url_encode(code.key(secret)))


def _ascii(content: bytes) -> str:
    text = content.decode("ascii")
    if not text.strip().replace(".", "").replace("-", "").replace("_", "").isalnum():
        raise ValueError("not compact")
    return text.strip()
