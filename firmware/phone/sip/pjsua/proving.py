"""Signs who calls (RFC 8224), for those INVITEs that ``firmware/native/disclosure.cpp`` lets name the caller.

The private key stays in C: it is read, used and wiped in ``firmware/native/identity.cpp``.
"""

from __future__ import annotations

import base64
import logging

import pjsua2 as pj
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware.phone.clock import Clock
from firmware.phone.config import Account, Config
from firmware.phone.errors import SipError
from firmware.phone.sip import authority, prove, uri
from firmware.phone.sip.pjsua.guard import Crash, guarded

log = logging.getLogger("sottovoce.sip")


class PjProver(pj.Prover):
    """Runs in the SIP thread. Raises SipError when key and certificate are not a pair, or cannot be read."""

    def __init__(self, account: Account, clock: Clock, crash: Crash) -> None:
        try:
            super().__init__(str(account.identity_key))
        except pj.Error as error:
            raise SipError(f"account.identity_key: {error.reason}; name the right file") from None
        self.crash = crash
        self._clock = clock
        self._address = account.address
        self._url = account.identity_url
        assert account.identity_cert is not None  # noqa: S101 - the configuration has all three or none
        self._signer = authority.read(account.identity_cert.read_bytes())[0]
        public = self._signer.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if base64.b64encode(public).decode() != self.publicKey():
            self.close()
            raise SipError(
                "account.identity_key is not the key of account.identity_cert; name a pair of files"
            )

    @guarded
    def prove(self, caller: str, called: str, body: str) -> str:
        """The Identity header's value for an INVITE as it leaves, or ""; "" too for another account's."""
        if not uri.same_address(self._address, caller):
            return ""
        now = self._clock.wall()
        if not self._signer.valid(now):
            log.warning("the call is not signed: account.identity_cert is not valid today; get a new one")
            return ""
        claims = prove.claims(caller, called, body, self._url, now)
        return claims.identity(self.sign(claims.text)) if claims else ""


def provers_of(config: Config, clock: Clock, crash: Crash) -> list[PjProver]:
    """The provers of those accounts that have a certificate."""
    return [PjProver(account, clock, crash) for account in config.accounts if account.identity_cert]
