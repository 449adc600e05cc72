"""What protection a call asks for, what it has, and whether that is enough for its sound. Pure.

Four levels, each better than the one before: clear, provider, end to end, end to end and verified. A call's
sound passes only while the level read from its running transport is one that the policy allows or the user
has agreed to in this call, and nothing is known that speaks against it (``Doubt``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from firmware.phone.reached import Reached
from firmware.phone.values import Continuity, Encryption, Keying, Media, Security

RANK = {
    Security.NONE: 0,
    Security.CLEAR: 1,
    Security.PROVIDER: 2,
    Security.END_TO_END: 3,
    Security.END_TO_END_VERIFIED: 4,
}
"""The levels, worst first. NONE: no keys yet, and nothing that could be heard."""

EMERGENCY_LEVELS = (Security.END_TO_END, Security.PROVIDER, Security.CLEAR)
"""A call for help goes out protected where that can be, and goes out."""


class Doubt(enum.Enum):
    """Why a call's protection is not what it should be; the worst first."""

    DIFFERED = "the codes differed"
    LESS = "less than is allowed, or than was reached before"
    CHANGED = "the far end is not the one of earlier calls"
    HIDDEN = "the far end wants not to be known again, so it may be anybody"
    UNPROVEN = "the far end was verified once and is not now"
    BARE = "the far end answered without encryption"


@dataclass(frozen=True)
class Protection:
    """What is known and agreed about the protection of one call.

    ``levels``: what its INVITE may try; ``least``: with less the user must agree. ``emergency``: nothing
    stops it. ``agreed``: the doubts that the user went on with, each at the level that the call had then.

    ``compared``: whether the people who compared the code found it the same; None: they did not compare.
    ``code``: the comparison code where the telephone computes it itself (DTLS-SRTP); ``page``: it is shown.

    ``offered``: of an incoming call, the best that it can have. ``offer``: the level at which the user may
    try again after the far end refused the call. ``asked_at``: since when the display asks something.
    """

    levels: tuple[Security, ...] = ()
    least: Security = Security.END_TO_END
    emergency: bool = False
    agreed: frozenset[tuple[Doubt, Security]] = frozenset()
    compared: bool | None = None
    code: str = ""
    page: bool = False
    offered: Security = Security.END_TO_END
    offer: Security | None = None
    asked_at: float | None = None
    named: Security = Security.NONE


def policy(encryption: Encryption) -> Security:
    """The least protection of a call for which the user need not agree to anything."""
    return Security.PROVIDER if encryption is Encryption.PROVIDER else Security.END_TO_END


def wanted(encryption: Encryption, *, emergency: bool = False) -> Protection:
    """What a call that is about to be placed tries, best first."""
    least = policy(encryption)
    if emergency:
        return Protection(EMERGENCY_LEVELS, Security.CLEAR, emergency=True)
    levels = (Security.END_TO_END, Security.PROVIDER)
    return Protection(tuple(level for level in levels if RANK[level] >= RANK[least]), least)


def consented(level: Security) -> Protection:
    """What a call tries after the user has agreed to ``level`` for it, and to nothing else."""
    return Protection((level,), level, agreed=frozenset({(Doubt.LESS, level)}))


def next_offer(tried: Protection, *, secure_signalling: bool, allow_clear: bool) -> Security | None:
    """What the user may try after the far end refused all of ``tried``, or None.

    The provider's level is worth nothing where the signalling itself can be read (RFC 4568 section 9).
    """
    if not tried.levels or tried.emergency:
        return None
    worst = min(RANK[level] for level in tried.levels)
    if worst > RANK[Security.PROVIDER] and secure_signalling:
        return Security.PROVIDER
    return Security.CLEAR if worst > RANK[Security.CLEAR] and allow_clear else None


def label(media: Media, known: Reached | None, compared: bool | None) -> Security:
    """What a call may be called. Where somebody may stand between the ends it is never "end to end".

    Verified is a far end whose code was compared in this call, or one that proves to be the one that was
    verified: by the secrets kept since then (ZRTP), or by the certificate seen then (DTLS-SRTP).
    """
    if RANK[media.security] < RANK[Security.END_TO_END]:
        return media.security
    if compared is not None:
        return Security.END_TO_END_VERIFIED if compared else Security.PROVIDER
    changed = media.continuity is Continuity.CHANGED and not media.private
    if (known is not None and known.differed) or changed:
        return Security.PROVIDER
    return Security.END_TO_END_VERIFIED if _proven(media, known) else Security.END_TO_END


def _proven(media: Media, known: Reached | None) -> bool:
    if media.keying is Keying.ZRTP and media.continuity is Continuity.SAME:
        return media.security is Security.END_TO_END_VERIFIED or (known is not None and known.zrtp)
    if known is None or not known.peer_key:
        return False
    return media.keying is Keying.DTLS and media.peer_key == known.peer_key


def doubts(
    media: Media, known: Reached | None, protection: Protection, *, private: bool = False
) -> tuple[Doubt, ...]:
    """What speaks against the sound of a call that has keys, or has none by consent; the worst first.

    ``private``: the far end does not learn who we are, so neither side can know the other again; that the
    far end is not verified is then no news.
    """
    if protection.emergency:
        return ()
    if media.security is Security.NONE:
        return (Doubt.BARE,) if media.bare else ()
    rank, found = RANK[media.security], []
    reached = RANK[known.level] if known else 0
    need = max(RANK[protection.least], min(reached, RANK[Security.END_TO_END]))
    if protection.compared is False or (protection.compared is None and known is not None and known.differed):
        found.append(Doubt.DIFFERED)
    if rank < need or rank == RANK[Security.CLEAR]:
        found.append(Doubt.LESS)
    if rank < RANK[Security.END_TO_END] or protection.compared:
        return tuple(found)
    unproven = reached > RANK[Security.END_TO_END] and not private and not _proven(media, known)
    if media.private and (media.continuity is Continuity.CHANGED or unproven):
        # Whoever stands between can say so too: it is a stop as before, in other words.
        found.append(Doubt.HIDDEN)
    elif media.continuity is Continuity.CHANGED:
        found.append(Doubt.CHANGED)
    elif unproven:
        found.append(Doubt.UNPROVEN)
    return tuple(found)


def open_doubts(
    media: Media, known: Reached | None, protection: Protection, *, private: bool = False
) -> tuple[Doubt, ...]:
    """The doubts that the user has not agreed to at this level."""
    found = doubts(media, known, protection, private=private)
    return tuple(doubt for doubt in found if (doubt, media.security) not in protection.agreed)


def speaks(media: Media, known: Reached | None, protection: Protection, *, private: bool = False) -> bool:
    """Whether a call's sound may be connected. An emergency call's always."""
    if protection.emergency:
        return True
    return media.security is not Security.NONE and not open_doubts(media, known, protection, private=private)


def may_agree(media: Media, protection: Protection, *, allow_clear: bool) -> bool:
    """Whether the user may go on with what the call has: without encryption only where that is configured."""
    return media.security is not Security.CLEAR or allow_clear


def agreed_to(
    media: Media, known: Reached | None, protection: Protection, *, private: bool = False
) -> Protection:
    """``protection`` after the user went on with what the display told."""
    found = doubts(media, known, protection, private=private)
    return replace(protection, agreed=protection.agreed | {(doubt, media.security) for doubt in found})


def raised(
    media: Media, known: Reached | None, uri: str, named: Security, *, private: bool
) -> Reached | None:
    """What to remember of the contact at ``uri`` after a call whose sound passed with the label ``named``;
    None: nothing new. What is remembered never sinks.

    A private call proves nothing for the next one: neither end will know the other again.
    """
    before = RANK[known.level] if known else 0
    level = Security.END_TO_END if private and RANK[named] > RANK[Security.END_TO_END] else named
    if RANK[level] <= max(before, RANK[Security.CLEAR]):
        return None
    zrtp = level is Security.END_TO_END_VERIFIED and media.keying is Keying.ZRTP
    if known is None:
        return Reached(uri, level, media.keying, zrtp)
    return replace(known, level=level, keying=media.keying, zrtp=known.zrtp or zrtp)


def judged(media: Media, known: Reached | None, uri: str, same: bool, *, private: bool) -> Reached:
    """What to remember after the code was compared: a failure stays until a comparison succeeds."""
    known = known or Reached(uri, Security.END_TO_END, media.keying)
    if not same:
        return replace(known, differed=True)
    if private:
        return replace(known, differed=False)
    verified = replace(known, level=Security.END_TO_END_VERIFIED, keying=media.keying, differed=False)
    if media.keying is Keying.DTLS:
        return replace(verified, peer_key=media.peer_key)
    return replace(verified, zrtp=True)


def weakest(levels: Iterable[Security]) -> Security:
    """The label of a conference: that of its weakest leg."""
    return min(levels, key=lambda level: RANK[level], default=Security.NONE)


def same_keys(one: Media, other: Media) -> bool:
    """Whether what was compared in ``one`` still stands in ``other``."""
    return (one.keying, one.code, one.own_key, one.peer_key) == (
        other.keying,
        other.code,
        other.own_key,
        other.peer_key,
    )
