"""Keys that never leave a token: PKCS#11 (a YubiKey's PIV slot 9c, a smart card, softhsm2).

The module that talks to the token is named by the environment variable PYKCS11LIB. The key (ECDSA on P-256
or P-384) is made on the token by its own tools; here it is only used. Beside a key folder's files its public
half stands in ``NAME.token``, with where it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import HSMSigner, Signature, Signer, SSlibKey

from firmware.phone.errors import UpdateError

_HELP = "plug it in, and name its PKCS#11 module in the environment variable PYKCS11LIB"


_TROUBLE: tuple[type[Exception], ...] = (ValueError, UnsupportedLibraryError)
try:
    from pkcs11.exceptions import PKCS11Error

    _TROUBLE += (PKCS11Error,)
except ImportError:  # the library is needed with tokens alone
    pass


class _OnToken(HSMSigner):
    def sign(self, payload: bytes) -> Signature:
        try:
            return super().sign(payload)
        except _TROUBLE as error:
            raise UpdateError(f"the token did not sign ({error or type(error).__name__}); {_HELP}") from error


def adopt(path: Path, label: str, pin: Callable[[], str]) -> Signer:
    """Write to ``path`` where the key of the token called ``label`` is, and return its signer.

    Raises UpdateError when there is no such token or key, or the path is taken.
    """
    try:
        uri, public = HSMSigner.import_(token_label=label, secrets_handler=lambda secret: pin())
        with path.open("x") as file:
            json.dump({"uri": uri, "keyid": public.keyid, "key": public.to_dict()}, file)
    except FileExistsError:
        raise UpdateError(f"{path} is there already; no key is replaced that way") from None
    except _TROUBLE as error:
        raise UpdateError(f"the token {label!r} cannot be used ({error}); {_HELP}") from error
    return signer(path, pin)


def signer(path: Path, pin: Callable[[], str]) -> Signer:
    """The signer that ``path`` tells of. Raises UpdateError, as its ``sign`` does without the token."""
    try:
        kept = json.loads(path.read_text())
        public = SSlibKey.from_dict(kept["keyid"], kept["key"])
        return _OnToken.from_priv_key_uri(kept["uri"], public, lambda secret: pin())
    except (OSError, KeyError, ValueError, UnsupportedLibraryError) as error:
        raise UpdateError(f"{path} cannot be used: {error}; {_HELP}") from error
