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
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.sip.pjsua.troubles import trouble
from firmware.phone.values import Registration, RegistrationState

log = logging.getLogger("sottovoce.sip")

OK = 200


class PjAccount(pj.Account):
    """One account, ``number`` from 0 on. Incoming calls go to ``arrived``, registration to ``post``.

    ``connection``: our end and the far end of the connection that was made to its server last, or "".
    ``privacy``: what it asks of its provider where that is not what the first one asks, else "".
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
    ) -> None:
        super().__init__()
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
            self._failed(reasons.registration_failure(prm.code), refused=prm.code in (401, 403, 404, 407))

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
        try:
            self.setRegistration(True)
        except pj.Error as error:
            self._failed(trouble(error.status))

    def due(self, now: float) -> float | None:
        """Seconds until the next attempt, or None when none is planned."""
        return None if self._due is None else max(0.0, self._due - now)

    def keep_up(self) -> None:
        """Try again when it is time."""
        if self._due is not None and self._clock.monotonic() >= self._due:
            self.register()

    def connection_lost(self, why: str, untrusted: bool) -> None:
        """The connection to the server ended, or never was. ``why``: in words, or "" where it is not known.

        ``untrusted``: the server's certificate was refused.
        """
        if not self.registers or self.leaving:
            return
        if self.registered and not untrusted:
            self._failed(phrase("The connection to the server was lost; trying again"))
        elif why:
            self._cause, self._untrusted = why, untrusted or self._untrusted
            self._failed(why)

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
        self._due = None
        if not self.registered:
            log.info("registered" if self.number == 0 else f"account {self.number + 1}: registered")
        self.registered = True
        self._post(on.RegistrationChanged(Registration(RegistrationState.REGISTERED), self.number))

    def _failed(self, reason: str, refused: bool = False) -> None:
        self.registered = False
        reason = self._cause or reason
        if self._due is None:
            delay = self._backoff.next(refused or self._untrusted)
            self._due = self._clock.monotonic() + delay
            which = "" if self.number == 0 else f"account {self.number + 1} "
            log.warning("%snot registered: %s (next try in %.0f s)", which, reason, delay)
        self._post(on.RegistrationChanged(Registration(RegistrationState.FAILED, reason), self.number))
