"""Joins the configuration's list of signers with the reading of callers: what the engine asks for each call.

Apart from ``identity`` so that a phone without a list need not load the cryptography.
"""

from __future__ import annotations

from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.sip.identity import Check, Claim


def check_of(config: Config, clock: Clock) -> Check | None:
    """How to judge callers' proofs, or None without a list of signers.

    Raises ValueError or OSError when the file is not any more what it was when the configuration was read.
    """
    file = config.privacy.caller_certificates
    if file is None:
        return None
    from firmware.phone.sip import authority, passport

    own = tuple(name for account in config.accounts for name in (account.address, *account.numbers))
    checker = passport.Checker(authority.read(file.read_bytes()), own)

    def check(claim: Claim) -> tuple[bool, str]:
        verdict = checker.verdict(
            claim.identities, claim.caller, claim.called, claim.date, clock.wall(), claim.keys
        )
        return (
            verdict.proof is passport.Proof.GOOD,
            verdict.why if verdict.proof is passport.Proof.FALSE else "",
        )

    return check
