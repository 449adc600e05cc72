"""ZRTP (RFC 6189) as calls use it: what is offered, what is remembered of the far end, and what is read.

The protocol runs in C++ (``firmware/native/zrtp.cpp``). Why offers are as they are: docs/adr/0006.
"""

from __future__ import annotations

from collections.abc import Sequence

import pjsua2 as pj

from firmware.phone.clock import Clock
from firmware.phone.config import Contact
from firmware.phone.sip import sas, uri
from firmware.phone.sip.base import Secrets
from firmware.phone.values import Continuity, Keying, Media, Security

ZRTP, DTLS = pj.PJMEDIA_SRTP_KEYING_ZRTP, pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP
SDES = pj.PJMEDIA_SRTP_KEYING_SDES

Way = tuple[int, ...]
"""The keying methods of one INVITE, as pjmedia numbers them."""

EITHER: Way = (ZRTP, DTLS)
"""An offer of DTLS-SRTP (RFC 5763) that announces our Hello (RFC 6189 section 8): the answer chooses."""

ALONE: Way = (ZRTP,)
"""RTP/AVP that announces our Hello. Who knows nothing of ZRTP answers it in clear, and is refused then."""

CLEAR: Way = ()
"""No keys at all: for a call that its user wants so, or that asks for help."""


REFUSED_FOR = 3600.0
"""Seconds for which it is remembered that a far end refused to be called end to end."""


class Known:
    """Which far ends want ZRTP offered ``ALONE``, and which took SDES after they had refused better, as calls
    since the start have shown.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alone: dict[str, bool] = {}
        self._refused: dict[str, float] = {}

    def learn(self, address: str, way: Way, media: Media, levels: Sequence[Security]) -> None:
        """A call to ``address`` for one of ``levels``, placed in this ``way`` and answered, has had these
        ``media``."""
        if way == ALONE:
            self._alone[address] = media.keying is Keying.ZRTP
        if way == (SDES,) and Security.END_TO_END in levels and not self._refuses(address):
            self._refused[address] = self._clock.monotonic()

    def _refuses(self, address: str) -> bool:
        since = self._refused.get(address)
        return since is not None and self._clock.monotonic() - since < REFUSED_FOR

    def ways(self, address: str, levels: Sequence[Security]) -> list[Way]:
        """How to offer ``levels``, best first; the next only after 488 or 606, and before it rang.

        END_TO_END alone has a second try for those that know ZRTP and nothing else: ``ALONE``, once. Where
        another level follows, that is the second try; and the first, with whom it was just so.
        """
        alone = self._alone.get(address)
        if tuple(levels) == (Security.END_TO_END, Security.PROVIDER) and self._refuses(address):
            return [(SDES,), EITHER]
        found: list[Way] = []
        for level in levels:
            if level is Security.END_TO_END:
                found += [ALONE, EITHER] if alone else [EITHER]
            elif level is Security.PROVIDER:
                found.append((SDES,))
            elif level is Security.CLEAR:
                found.append(CLEAR)
        return [*found, ALONE] if found == [EITHER] and alone is None else found


class Shared:
    """The secrets that one call shares with its far end. Without a contact none are kept: our ZID is random
    and nothing links two such calls.
    """

    def __init__(self, secrets: Secrets | None = None, contact: str = "") -> None:
        self._secrets = secrets if contact else None
        self._contact = contact

    @classmethod
    def of(
        cls, secrets: Secrets | None, contacts: Sequence[Contact], address: str, *, private: bool
    ) -> Shared:
        """Those for a call with ``address``: none in private, and none with strangers."""
        if private:
            return cls()
        for contact in contacts:
            if uri.same_address(address, contact.uri):
                return cls(secrets, contact.uri)
        return cls()

    def give(self, call_id: int) -> None:
        """Before the media of pjsua's call are made."""
        kept = "" if self._secrets is None else self._secrets.find(self._contact) or "new"
        pj.zrtpRemember(call_id, kept)

    def take(self, call_id: int, index: int, *, private: bool = False) -> None:
        """Keep what the next call is to know; after the keys were agreed, and after a comparison. Nothing of
        a far end that is ``private``: it forgets them too.
        """
        if not private and self._secrets is not None and (record := pj.zrtpRecord(call_id, index)):
            self._secrets.keep(self._contact, record)

    def media(self, call_id: int, index: int, suite: str, codec: str) -> Media:
        """What ZRTP agreed; no keys: nothing that is secure."""
        state = pj.zrtpState(call_id, index)
        if not state.secure:
            return Media(codec=codec)
        level = Security.END_TO_END_VERIFIED if state.verified else Security.END_TO_END
        return Media(
            level,
            suite,
            codec,
            code=state.sas,
            words=sas.words(state.sas),
            keying=Keying.ZRTP,
            continuity=self._continuity(state),
        )

    def _continuity(self, state: pj.ZrtpState) -> Continuity:
        """RFC 6189 section 4.3.2. A telephone that is not known is as much of a change as one without the
        secret: who comes in between has a ZID of his own.
        """
        if self._secrets is None:
            return Continuity.UNKNOWN
        if state.known and not state.mismatch:
            return Continuity.SAME
        return Continuity.CHANGED if state.hadSecrets else Continuity.FIRST
