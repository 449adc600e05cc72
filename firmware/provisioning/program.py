"""One try to get the newest configuration: ask, judge, take, and say how it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from firmware.phone.errors import ProvisioningError
from firmware.provisioning import code, kept, sealed, take
from firmware.provisioning.fetch import Fetch, fetch
from firmware.provisioning.judge import judged
from firmware.provisioning.ticket import Ticket

NOTHING_NEW = "nothing is new"


def pull(ticket: Ticket, folder: Path, state: Path, now: datetime, ask: Fetch = fetch) -> bool:
    """Whether another configuration than before is in place now.

    Raises ``ProvisioningError``: what was in use is in use, and the words are kept.
    """
    known = kept.read(state, ticket.name)
    try:
        changed, known = _pull(ticket, folder, state, known, now, ask)
    except ProvisioningError as error:
        kept.write(
            state, replace(kept.read(state, ticket.name), result=f"not taken: {error}", asked=_moment(now))
        )
        raise
    words = f"number {known.serial} is in use" if changed else NOTHING_NEW
    kept.write(state, replace(known, result=words, asked=_moment(now)))
    return changed


def _pull(
    ticket: Ticket, folder: Path, state: Path, known: kept.Kept, now: datetime, ask: Fetch
) -> tuple[bool, kept.Kept]:
    here = take.digest_here(folder)
    whole = bool(known.digest) and here == known.digest
    answer = ask(ticket, known.etag if whole else "")
    if answer.content is None:
        return False, known
    claims = sealed.unseal(answer.content, ticket.secret, known.issuers or (ticket.issuer,))
    offer = judged(claims, code.name(ticket.secret), known, now)
    if whole and offer.digest == here:
        fresh = replace(known, serial=offer.serial, etag=answer.etag, issuers=offer.issuers)
        kept.write(state, fresh)
        return False, fresh
    return True, replace(take.take(offer, folder, state, known, ticket.accept_weaker), etag=answer.etag)


def _moment(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
