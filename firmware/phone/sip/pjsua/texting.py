"""The real-time text of one call (RFC 4103): when it is offered, whether it is protected as the speech is,
and its packets. Runs in the SIP thread.

A call begins with speech alone. Text is offered by a re-INVITE once the speech has its keys and may be heard,
with the same manner of keying and no other; so nobody learns of it in an INVITE, and what is refused costs no
call.
"""

from __future__ import annotations

from collections.abc import Callable

import pjsua2 as pj

from firmware.phone.sip import t140
from firmware.phone.values import Keying, Media, Security

OFFERED_AFTER, OFFERED_AFTER_THEIRS = 0.3, 2.0
"""Seconds after the speech is safe: of who placed the call, and of who took it and would meet their offer."""

AGAIN = 3.0
MOST_OFFERS = 2

TOLD_EVERY = 0.1
"""Seconds between two events with text that came, however fast it does."""

LONGEST = 600
"""Characters that are kept until then; of more, the last."""


class Texting:
    """``wanted``: the user wants text. ``up``: it is agreed on, and as well protected as the speech.

    It knows nothing of its call but pjsua's number, as ``Lowering``.
    """

    def __init__(self, placed_by_us: bool) -> None:
        self.wanted = False
        self.up = False
        self._wait = OFFERED_AFTER if placed_by_us else OFFERED_AFTER_THEIRS
        self._safe_since: float | None = None
        self._offers = 0
        self._offer_at = 0.0
        self._sender = t140.Sender()
        self._receiver = t140.Receiver()
        self._came = ""
        self._told_at = 0.0
        self._send_at = 0.0

    def type(self, text: str) -> None:
        """Characters for the far end; without text they are none."""
        if self.up:
            self._sender.add(text)

    def offers(self, safe: bool, agreed: bool, now: float) -> bool:
        """Whether a re-INVITE with text is due, or without what is not wanted any more. ``safe``: the speech
        has its keys, is let pass and flows both ways; ``agreed``: there is text, or it is held. It counts as
        made.
        """
        self._safe_since = (self._safe_since if self._safe_since is not None else now) if safe else None
        if agreed or not self.wanted:
            return agreed and not self.wanted and safe and self._once_off()
        if not safe or self._offers >= MOST_OFFERS:
            return False
        if now < max(self._offer_at, (self._safe_since or now) + self._wait):
            return False
        self._offers += 1
        self._offer_at = now + AGAIN
        return True

    def _once_off(self) -> bool:
        """Text that is not wanted any more is taken back once; wanted again, it is offered again."""
        first, self._offers = self._offers != MOST_OFFERS + 1, MOST_OFFERS + 1
        return first

    @property
    def used(self) -> bool:
        """Whether it is wanted, or was in this call."""
        return self.wanted or self.up or self._offers > 0

    def want(self, wanted: bool) -> None:
        """The user switches it on, or off."""
        if wanted is not self.wanted:
            self.wanted, self._offers, self._offer_at = wanted, 0, 0.0

    def due(self, safe: bool, agreed: bool, now: float) -> float | None:
        """Seconds until there is something to do."""
        times: list[float | None] = []
        if self.up:
            sends = self._sender.due()
            times = [self._receiver.due(), self._told_at + TOLD_EVERY if self._came else None]
            times.append(None if sends is None else max(sends, self._send_at))
        if agreed and not self.wanted and safe and self._offers <= MOST_OFFERS:
            times.append(now)
        if safe and self.wanted and not agreed and self._offers < MOST_OFFERS:
            since = now if self._safe_since is None else self._safe_since
            times.append(max(self._offer_at, since + self._wait))
        found = [time for time in times if time is not None]
        return max(0.0, min(found) - now) if found else None

    def took(self, sequence: int, octets: bytes, now: float) -> None:
        """A packet came: its flags and its payload."""
        if self.up and octets:
            self._came += self._receiver.take(sequence, octets[0], octets[1:], now)
            self._came = self._came[-LONGEST:]

    def keep_up(
        self, call: int, index: int | None, media: Media, now: float, told: Callable[[str], None]
    ) -> None:
        """Send what is due, and tell of what came. ``index``: where text flows among the media of pjsua's
        ``call``; None: nowhere, or the speech may not.
        """
        self.up = self.wanted and index is not None and protected(call, index, media)
        if not self.up or index is None:
            self._came = ""
            return
        self._came += self._receiver.late(now)
        if self._came and now >= self._told_at + TOLD_EVERY:
            text, self._came, self._told_at = self._came, "", now
            told(text)
        if now < self._send_at:
            return
        types = pj.textTypes(call, index)
        packet = self._sender.packet(now, types.text, redundancy=types.red != 0)
        if packet is None:
            return
        self._send_at = now + t140.INTERVAL
        payload = packet.payload.hex()
        if pj.textSend(call, index, packet.redundant, packet.marked, packet.age, payload):
            self._sender.sent(now)


def protected(call: int, index: int, media: Media) -> bool:
    """Whether the text of pjsua's ``call`` at ``index`` has the protection of its speech, ``media``: by the
    same manner of keying, and between the same two ends.
    """
    found = pj.mediaSecurity(call, index)
    if media.security is Security.CLEAR:
        return not found.srtpActive
    if not found.srtpActive or media.security is Security.NONE:
        return False
    match media.keying:
        case Keying.DTLS:
            ends = (media.own_key, media.peer_key)
            theirs = (found.localFingerprint, found.remoteFingerprint)
            return found.keying == "DTLS" and "" not in ends and ends == theirs
        case Keying.ZRTP:  # a further stream of the session of the speech (RFC 6189 section 4.4.3)
            return bool(found.keying == "ZRTP" and pj.zrtpState(call, index).secure)
        case Keying.SDES:
            return bool(found.keying == "SDES")
    return False
