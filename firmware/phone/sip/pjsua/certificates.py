"""Which certificate a call shows in DTLS-SRTP: the contact's own, or one that is made for it alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pjsua2 as pj

from firmware.phone.config import Contact
from firmware.phone.privacy import EMERGENCY, Exposure
from firmware.phone.sip import uri
from firmware.phone.sip.base import Secrets
from firmware.phone.values import Party

log = logging.getLogger("sottovoce.sip")


class CallCertificates:
    """Runs in the SIP thread. ``kept`` None: nothing is kept, so each call has one of its own."""

    def __init__(self, contacts: Sequence[Contact], kept: Secrets | None) -> None:
        self._contacts = contacts
        self._kept = kept

    def of(self, far_end: Party, exposure: Exposure) -> pj.DtlsIdentity | None:
        """None: a new one. One that stays tells that two calls are from one telephone: only a contact may
        know, and only while the call shows by the user's own wish who we are.
        """
        contact = self._contact(far_end)
        if self._kept is None or contact is None or exposure.private or exposure.cause == EMERGENCY:
            return None
        pem = self._kept.find(contact.uri)
        if pem:
            try:
                return pj.DtlsIdentity(pem)
            except pj.Error as error:
                log.error(
                    "the certificate for a contact cannot be used (%s); a new one is made", error.reason
                )
        made = pj.DtlsIdentity()
        self._kept.keep(contact.uri, made.pem())
        return made

    def _contact(self, far_end: Party) -> Contact | None:
        """A caller whose proof is false is no contact, whoever the message names."""
        if far_end.anonymous or far_end.doubt:
            return None
        return next((one for one in self._contacts if uri.same_address(one.uri, far_end.uri)), None)
