"""Keeps the account registered: tries, waits with back-off and jitter, says why when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from firmware.phone import events as on
from firmware.phone.clock import Clock
from firmware.phone.language.phrase import phrase
from firmware.phone.sip import message_summary, reasons
from firmware.phone.sip.backoff import Backoff
from firmware.phone.sip.finding.moves import source
from firmware.phone.sip.finding.order import Hop
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.sip.pjsua.keepalive import KeepAlive
from firmware.phone.sip.pjsua.reaching import PjServers
from firmware.phone.sip.pjsua.troubles import trouble
from firmware.phone.values import Registration, RegistrationState

log = logging.getLogger("sottovoce.sip")

OK = 200

ELSEWHERE = (0, 408, 502, 503)
"""What another server may do better (RFC 3263 section 4.3): no connection, no answer, or no time."""

PATIENCE = 4.0
"""Seconds without an answer after which another server is tried, if there is one."""

AT_ONCE = 0.1
"""Seconds: the library has to be told first that the last attempt is over."""


class PjAccount(pj.Account):
    """One account, ``number`` from 0 on. Incoming calls go to ``arrived``, registration to ``post``.

    ``connection``: our end and the far end of the connection that was made to its server last, or "".
    ``privacy``: what it asks of its provider where that is not what the first one asks, else "".
    ``servers`` knows where ``hop`` leads. ``moved``: registered again from another address. ``at``: our own
    address on the way to the server, when it registered last.
    """

    def __init__(
        self,
        clock: Clock,
        registers: bool,
        arrived: Callable[[PjAccount, int, str, str], None],
        post: Callable[[on.Event], None],
        crash: Crash,
        number: int = 0,
        privacy: str = "",
        servers: PjServers | None = None,
        hop: Hop | None = None,
        moved: Callable[[PjAccount], None] = lambda account: None,
    ) -> None:
        super().__init__()
        self.hop = hop
        self._servers = servers
        self._moved = moved
        self._moving = self._closing = False
        self._looking = False
        self._sent_at: float | None = None
        self._keep_alive = KeepAlive()
        self.at = ""
        self.crash = crash
        self.number = number
        self.privacy = privacy
        self.connection = ("", "")
        self.told_address = ""
        self._clock = clock
        self.registers = registers
        self._arrived = arrived
        self._post = post
        self._backoff = Backoff()
        self._due: float | None = None
        self._cause = ""
        self._untrusted = False
        self.registered = False
        self.leaving = False
        self.left = False

    @guarded
    def onIncomingCall(self, prm: Any) -> None:
        self._arrived(self, prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @guarded
    def onRegState(self, prm: Any) -> None:
        if self.leaving:
            self.left = True
            return
        if prm.code == OK and prm.expiration > 0:
            self._succeeded()
        else:
            refused = prm.code in (401, 403, 404, 407)
            self._failed(reasons.registration_failure(prm.code), refused, prm.code in ELSEWHERE)

    @guarded
    def onMwiInfo(self, prm: Any) -> None:
        self._post(on.MessagesChanged(message_summary.read(prm.rdata.wholeMsg)))

    def register(self) -> None:
        """Try to register now."""
        self._due = None
        if not self.registers:
            return
        self._post(on.RegistrationChanged(Registration(RegistrationState.REGISTERING), self.number))
        self._cause, self._untrusted = "", False
        if self._servers is not None and self.hop is not None and not self._servers.ready(self.hop):
            self._looking = True
            return
        self._send()

    def _send(self) -> None:
        self._sent_at = self._clock.monotonic()
        try:
            self.setRegistration(True)
        except pj.Error as error:
            self._failed(trouble(error.status))

    def found(self, hop: Hop) -> None:
        """What a name stands for was asked, and somebody said something, or nobody did."""
        if not self._looking or self._servers is None or hop != self.hop or self.leaving:
            return
        self._looking = False
        if self._servers.ready(hop):
            self._send()
        else:
            self._failed(self._servers.why(hop))

    def due(self, now: float) -> float | None:
        """Seconds until something has to be done, or None when nothing is planned."""
        dues = (self._due, self._impatient_at(), self._keep_alive.due if self.registered else None)
        planned = [at for at in dues if at is not None]
        return max(0.0, min(planned) - now) if planned else None

    def _impatient_at(self) -> float | None:
        """When another server is tried, because the present one is silent."""
        if self._sent_at is None or self._servers is None or self.hop is None:
            return None
        return self._sent_at + PATIENCE if self._servers.others(self.hop) else None

    def keep_up(self) -> None:
        """Try again when it is time; find out whether the connection still is one."""
        now = self._clock.monotonic()
        if self._due is not None and now >= self._due:
            self.register()
        impatient = self._impatient_at()
        if impatient is not None and now >= impatient:
            self._sent_at = now
            pj.closeFlow(self.getId())  # what waits there fails, and that is told
        if self.registered and not self.leaving and not self._keep_alive.alive(self.getId(), now):
            log.warning("the connection to the server is dead; it is made anew")
            pj.closeFlow(self.getId())

    def doubt(self) -> None:
        """The server did not do what it should: find out now whether it still is there."""
        if self.registered:
            self._keep_alive.hurry(self._clock.monotonic())

    def try_now(self) -> None:
        """The network is another one: there is no reason to wait."""
        if self.registers and not self.leaving and self._due is not None:
            self._backoff.reset()
            self._due = self._clock.monotonic()

    def move(self) -> None:
        """Our address is another one: register from there; then the calls follow."""
        if not self.registers or self.leaving:
            return
        log.warning("the address of this telephone has changed; it registers again")
        self._moving = True
        self._backoff.reset()
        self._sent_at = None
        self._closing = True
        pj.closeFlow(self.getId())
        self._closing = self.registered = False
        self._due = self._clock.monotonic() + AT_ONCE
        self._post(on.RegistrationChanged(Registration(RegistrationState.REGISTERING), self.number))

    def connection_lost(self, why: str, untrusted: bool) -> None:
        """The connection to the server ended, or never was. ``why``: in words, or "" where it is not known.

        ``untrusted``: the server's certificate was refused.
        """
        if not self.registers or self.leaving or self._closing:
            return
        if self.registered and not untrusted:
            self._sent_at = self._clock.monotonic()
            self._failed(phrase("The connection to the server was lost; trying again"), elsewhere=True)
        elif why:
            self._cause, self._untrusted = why, untrusted or self._untrusted
            self._failed(why, elsewhere=True)

    def leave(self) -> None:
        """Un-register (RFC 3261 section 10.2.2); ``left`` is set when the answer is there."""
        self.leaving = True
        self._due = None
        self.left = not self.registered
        if self.registered:
            try:
                self.setRegistration(False)
            except pj.Error:
                self.left = True

    def _succeeded(self) -> None:
        self._backoff.reset()
        self._due = self._sent_at = None
        if self._servers is not None and self.hop is not None:
            self._servers.worked(self.hop)
        if not self.registered:
            self._keep_alive.begin(self._clock.monotonic(), pj.flowKeep(self.getId()))
            target = self._servers.target(self.hop) if self._servers and self.hop else None
            self.at = source(target.address) if target else ""
            log.info("registered" if self.number == 0 else f"account {self.number + 1}: registered")
        self.registered = True
        self._post(on.RegistrationChanged(Registration(RegistrationState.REGISTERED), self.number))
        if self._moving:
            self._moving = False
            self._moved(self)

    def _failed(self, reason: str, refused: bool = False, elsewhere: bool = False) -> None:
        """``elsewhere``: another server may do better. It is tried at once, and the user not bothered."""
        self.registered = False
        reason = self._cause or reason
        tried, self._sent_at = self._sent_at is not None, None
        if elsewhere and tried and self._servers and self.hop and self._servers.failed(self.hop):
            self._due = self._clock.monotonic() + AT_ONCE
            registering = Registration(RegistrationState.REGISTERING, reason)
            self._post(on.RegistrationChanged(registering, self.number))
            return
        if self._due is None:
            delay = self._backoff.next(refused or self._untrusted)
            self._due = self._clock.monotonic() + delay
            which = "" if self.number == 0 else f"account {self.number + 1} "
            log.warning("%snot registered: %s (next try in %.0f s)", which, reason, delay)
        self._post(on.RegistrationChanged(Registration(RegistrationState.FAILED, reason), self.number))
