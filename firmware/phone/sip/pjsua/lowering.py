"""A call that was answered without encryption goes on with less than was offered, by consent (docs/adr/0003).

Nobody is called a second time: the dialog stays, and another offer is made in it (RFC 3261 section 14.1).
"""

from __future__ import annotations

import pjsua2 as pj

from firmware.phone.sip import sdp
from firmware.phone.sip.pjsua.zrtp import SDES, ZRTP
from firmware.phone.values import Security


class Lowering:
    """Of one call. ``waits``: the provider's level is offered by consent, and there are no keys yet.

    It knows nothing of its call but pjsua's numbers: a call is freed the moment that nobody names it, in the
    SIP thread, and a circle of names would leave that to chance.
    """

    def __init__(self) -> None:
        self.waits = False
        self._media_ended = False

    def begin(self, level: Security, call: int, index: int) -> bool:
        """Let the media of pjsua's ``call`` at ``index`` pass at ``level``: in clear at once, else when there
        are keys. False: it could not be done.
        """
        if level is Security.CLEAR:
            return bool(pj.zrtpClear(call, index))
        self.waits = bool(pj.zrtpYield(call, index, SDES))
        return self.waits

    def offers(self) -> bool:
        """Whether another offer has to be made; asked once. Media in clear run on, unless they have ended."""
        ended, self._media_ended = self._media_ended, False
        return self.waits or ended

    def agreed(self) -> None:
        """There are keys."""
        self.waits = False

    def taken(self, answer: str) -> bool:
        """The far end took the offer. False: without the audio in it, as some do who would not have it;
        its media have ended then.
        """
        self._media_ended = sdp.without_audio(answer)
        return not self._media_ended

    def refused(self, call: int, index: int | None) -> None:
        """The far end would not have that level either: back to waiting for ZRTP."""
        self.waits = False
        if index is not None:
            pj.zrtpYield(call, index, ZRTP)
