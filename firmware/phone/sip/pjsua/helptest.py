"""A test call to the emergency service (RFC 6881 section 15): placed, answered by a machine, ended.

It shows of the caller what the privacy switch lets every call show, tells no place and carries no speech: its
sound is connected to nothing.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

import pjsua2 as pj

from firmware.phone import events as on
from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.machine import emergency
from firmware.phone.privacy import Exposure
from firmware.phone.sip import headers
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.disclosing import disclosing
from firmware.phone.sip.pjsua.guard import Crash
from firmware.phone.sip.pjsua.registrar import PjAccount
from firmware.phone.sip.pjsua.zrtp import EITHER
from firmware.phone.values import CallId, Direction

log = logging.getLogger("sottovoce.sip")

LIMIT = 8.0
"""Seconds until nobody is expected to answer any more."""

LOOK = 0.05
"""Seconds between two looks at the call."""

NUMBER = CallId(0)
"""No call of the telephone has it: outgoing ones begin with 1, incoming ones with 2."""


class HelpTest:
    """Runs in the SIP thread; one at a time. ``post`` gets HelpTested."""

    def __init__(
        self,
        config: Config,
        account: PjAccount,
        post: Callable[[on.Event], None],
        crash: Crash,
        clock: Clock,
    ) -> None:
        self._profile = headers.Profile.of(config)
        self._account = account
        self._post = post
        self._crash = crash
        self._clock = clock
        self._call: PjCall | None = None
        self._until = 0.0

    def begin(self, exposure: Exposure, own_address: str) -> None:
        if self._call is not None:
            return
        call = PjCall(self._account, NUMBER, Direction.OUT, EITHER, lambda event: None, self._crash)
        prm = pj.CallOpParam(True)
        prm.opt.audioCount, prm.opt.videoCount, prm.opt.textCount = 1, 0, 0
        prm.txOption = disclosing(self._profile, exposure, own_address)
        self._call, self._until = call, self._clock.monotonic() + LIMIT
        try:
            call.makeCall(emergency.TEST, prm)
        except pj.Error as error:
            log.warning("the test call could not be placed: %s", error.reason)
            call.over, call.status = True, 503

    def due(self, now: float) -> float | None:
        """Seconds until the call is to be looked at; None: there is none."""
        return None if self._call is None else LOOK

    def keep_up(self, now: float) -> None:
        """Tell what came of it, once that is known."""
        call = self._call
        if call is None:
            return
        late = now >= self._until
        if call.over or call.answered or late:
            self._call = None
            self._end(call)
            self._post(on.HelpTested(200 if call.answered else 0 if late else call.status))

    def close(self) -> None:
        """Before the library ends."""
        if self._call is not None:
            self._end(self._call)
            self._call = None

    def _end(self, call: PjCall) -> None:
        if not call.over:
            with contextlib.suppress(pj.Error):
                call.hangup(pj.CallOpParam())
