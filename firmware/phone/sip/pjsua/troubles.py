"""From the library's numbers to words: what is wrong with a server's certificate, or with the way to it."""

from __future__ import annotations

import pjsua2 as pj

from firmware.phone.sip import reasons
from firmware.phone.sip.reasons import Flaw, Trouble

_FLAWS = {
    pj.PJ_SSL_CERT_EUNTRUSTED: Flaw.UNTRUSTED,
    pj.PJ_SSL_CERT_EISSUER_NOT_FOUND: Flaw.UNTRUSTED,
    pj.PJ_SSL_CERT_ECHAIN_TOO_LONG: Flaw.UNTRUSTED,
    pj.TLS_SELF_SIGNED: Flaw.SELF_SIGNED,
    pj.PJ_SSL_CERT_EVALIDITY_PERIOD: Flaw.EXPIRED,
    pj.TLS_NOT_YET_VALID: Flaw.NOT_YET_VALID,
    pj.PJ_SSL_CERT_EIDENTITY_NOT_MATCH: Flaw.WRONG_NAME,
    pj.TLS_WEAK_KEY: Flaw.WEAK_KEY,
    pj.PJ_SSL_CERT_EINVALID_PURPOSE: Flaw.WRONG_PURPOSE,
    pj.TLS_NOT_PINNED: Flaw.NOT_PINNED,
    pj.PJ_SSL_CERT_EREVOKED: Flaw.REVOKED,
    pj.TLS_REVOCATION_UNKNOWN: Flaw.REVOCATION_UNKNOWN,
}

_TROUBLES = {
    pj.TLS_TOO_OLD: Trouble.TOO_OLD,
    pj.TLS_NO_SUITE: Trouble.NO_SUITE,
    pj.TLS_NO_TLS: Trouble.NO_TLS,
    pj.TLS_REFUSED: Trouble.REFUSED,
    pj.TLS_TIMEOUT: Trouble.TIMEOUT,
    pj.TLS_UNREACHABLE: Trouble.UNREACHABLE,
    pj.TLS_UNKNOWN_NAME: Trouble.UNKNOWN_NAME,
    pj.TLS_BROKEN_OFF: Trouble.BROKEN_OFF,
}


def certificate_verdict(verify_status: int) -> str:
    """Plain words for pjlib's verification flags; "" when the certificate is good."""
    if not verify_status:
        return ""
    flaws = Flaw.OTHER
    for bit, flaw in _FLAWS.items():
        if verify_status & bit:
            flaws |= flaw
    if verify_status & pj.TLS_NOT_YET_VALID:
        flaws &= ~Flaw.EXPIRED
    return reasons.certificate_failure(flaws)


def trouble(status: int) -> str:
    """Plain words for why a connection came to nothing; "" for a status of success."""
    found = _TROUBLES.get(pj.tlsTrouble(status))
    return found.value if found else ""
