"""Private keys in files, each under a pass phrase, 0600: made once at a key ceremony.

A key's file has its role's name: ``root-1.pem`` to ``root-3.pem`` (each for another person, offline),
``targets-1.pem`` and ``targets-2.pem``, ``snapshot.pem``, ``timestamp.pem`` (online), ``release-ed25519.pem``
and ``release-mldsa65.pem`` (the manifest's own pair), ``bundle-authority.pem`` (offline) and
``bundle-leaf.pem`` (RAUC's, each with its certificate in ``.crt``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Signer, SSlibKey

from firmware.phone.errors import UpdateError
from firmware.release import tokens
from firmware.release.certificates import Certified
from firmware.updater.signatures import DOMAIN, ReleaseKey, Signature

SHORTEST_PHRASE = 12
"""Characters: the files may be copied, and then only the pass phrase stands."""

_ID = ".keyid"
"""Ends the name of the file with a key's id in TUF's metadata."""

PassPhrase = Callable[[str], str]
"""Gives the pass phrase for a key, by its name."""


_Private = Ed25519PrivateKey | MLDSA65PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class ReleasePair:
    """The two private keys that sign a manifest together."""

    ed25519: Ed25519PrivateKey
    mldsa65: MLDSA65PrivateKey

    @property
    def public(self) -> ReleaseKey:
        return ReleaseKey(
            self.ed25519.public_key().public_bytes_raw(), self.mldsa65.public_key().public_bytes_raw()
        )

    def sign(self, manifest: bytes, domain: bytes = DOMAIN) -> Signature:
        signed = domain + manifest
        return Signature(self.public.id, self.ed25519.sign(signed), self.mldsa65.sign(signed))


class KeyFolder:
    """The key files in ``folder``; ``phrase`` is asked for each pass phrase, once, and for tokens' PINs.

    ``on_tokens``: the labels of the tokens that hold the keys of these names, for the making of keys.
    """

    def __init__(self, folder: Path, phrase: PassPhrase, on_tokens: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._phrase = phrase
        self._tokens = on_tokens or {}
        self._known: dict[str, str] = {}

    def make(self, name: str) -> Signer:
        """A new Ed25519 key for TUF, or the key of the token that ``name`` is to have.

        Raises UpdateError when there is one of this name.
        """
        if name in self._tokens:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            signer = tokens.adopt(self._token(name), self._tokens[name], lambda: self._phrase(name))
        else:
            key = Ed25519PrivateKey.generate()
            self._write(name, key)
            signer = CryptoSigner(key)
        (self._folder / f"{name}{_ID}").write_text(signer.public_key.keyid + "\n")
        return signer

    def make_pair(self, name: str = "release") -> ReleasePair:
        pair = ReleasePair(Ed25519PrivateKey.generate(), MLDSA65PrivateKey.generate())
        self._write(f"{name}-ed25519", pair.ed25519)
        self._write(f"{name}-mldsa65", pair.mldsa65)
        return pair

    def make_plain(self, name: str) -> Ed25519PrivateKey:
        """A new Ed25519 key that TUF has nothing to do with. Raises UpdateError when there is one."""
        key = Ed25519PrivateKey.generate()
        self._write(name, key)
        return key

    def plain(self, name: str) -> Ed25519PrivateKey:
        """Raises UpdateError when the key is not there or the pass phrase is wrong."""
        key = self._read(name)
        if not isinstance(key, Ed25519PrivateKey):
            raise UpdateError(f"{self._path(name)} holds another kind of key than Ed25519")
        return key

    def signer(self, name: str) -> Signer:
        """Raises UpdateError when the key is not there or the pass phrase is wrong."""
        if self._token(name).exists():
            return tokens.signer(self._token(name), lambda: self._phrase(name))
        key = self._read(name)
        if not isinstance(key, Ed25519PrivateKey):
            raise UpdateError(f"{self._path(name)} holds another kind of key than Ed25519")
        return CryptoSigner(key, SSlibKey.from_crypto(key.public_key()))

    def pair(self, name: str = "release") -> ReleasePair:
        ed25519, mldsa65 = self._read(f"{name}-ed25519"), self._read(f"{name}-mldsa65")
        if not isinstance(ed25519, Ed25519PrivateKey) or not isinstance(mldsa65, MLDSA65PrivateKey):
            raise UpdateError(f"{self._folder} holds other kinds of release keys than Ed25519 and ML-DSA-65")
        return ReleasePair(ed25519, mldsa65)

    def names(self) -> list[str]:
        """The keys for TUF that are here."""
        return sorted(path.name.removesuffix(_ID) for path in self._folder.glob(f"*{_ID}"))

    def public_id(self, name: str) -> str:
        """A key's id in TUF's metadata, for which no pass phrase is needed. Raises UpdateError."""
        try:
            return (self._folder / f"{name}{_ID}").read_text().strip()
        except OSError as error:
            raise UpdateError(f"there is no key {name} in {self._folder}; {self.names()} are") from error

    def keep_certified(self, name: str, made: Certified) -> None:
        self._write(name, made.key)
        (self._folder / f"{name}.crt").write_bytes(made.certificate.public_bytes(Encoding.PEM))

    def certified(self, name: str) -> Certified:
        key = self._read(name)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UpdateError(f"{self._path(name)} holds another kind of key than ECDSA")
        try:
            return Certified(key, x509.load_pem_x509_certificate((self._folder / f"{name}.crt").read_bytes()))
        except (OSError, ValueError) as error:
            raise UpdateError(f"the certificate {name}.crt beside the key cannot be read: {error}") from error

    def _token(self, name: str) -> Path:
        return self._folder / f"{name}.token"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pem"

    def _phrase_for(self, name: str) -> bytes:
        if name not in self._known:
            self._known[name] = self._phrase(name)
        return self._known[name].encode()

    def _write(self, name: str, key: _Private) -> None:
        phrase = self._phrase_for(name)
        if len(phrase) < SHORTEST_PHRASE:
            raise UpdateError(f"the pass phrase for {name} is too short; take {SHORTEST_PHRASE} characters")
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(phrase))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise UpdateError(f"{self._path(name)} is there already; no key is overwritten") from None
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, name: str) -> object:
        path = self._path(name)
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise UpdateError(
                f"the key {path} cannot be read ({error.strerror}); put in its medium"
            ) from error
        try:
            return load_pem_private_key(pem, self._phrase_for(name))
        except (ValueError, TypeError):
            del self._known[name]
            raise UpdateError(f"the pass phrase for {name} is wrong, or {path} is damaged") from None
