"""Calls that we place: what each INVITE offers and tells, and in which way a refused one goes out again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pjsua2 as pj

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.privacy import EMERGENCY
from firmware.phone.sip import headers, pidf_lo
from firmware.phone.sip.base import Secrets
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.certificates import CallCertificates
from firmware.phone.sip.pjsua.disclosing import disclosing
from firmware.phone.sip.pjsua.endpoint import PjEndpoint
from firmware.phone.sip.pjsua.guard import Crash
from firmware.phone.sip.pjsua.registrar import PjAccount
from firmware.phone.sip.pjsua.zrtp import CLEAR, Known, Shared, Way
from firmware.phone.values import CallId, Direction, Party

log = logging.getLogger("sottovoce.sip")

REFUSED_FOR_ENCRYPTION = (488, 606)


class Outgoing:
    """Places calls. Everything runs in the SIP thread."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        post: Callable[[on.Event], None],
        crash: Crash,
        endpoint: PjEndpoint,
        account: PjAccount,
        secrets: Secrets | None,
        certificates: CallCertificates,
    ) -> None:
        self._config = config
        self._clock = clock
        self._post = post
        self._crash = crash
        self._endpoint = endpoint
        self._account = account
        self._secrets = secrets
        self._certificates = certificates
        self._profile = headers.Profile.of(config)
        self._known = Known()
        self._levels: dict[CallId, tuple[do.PlaceCall, list[Way]]] = {}

    def place(self, command: do.PlaceCall) -> PjCall:
        """The call that ``command`` asks for; it is over at once where it could not be placed."""
        return self._place(command, self._ways(command))

    def again(self, call: PjCall) -> PjCall | None:
        """The next attempt of a call that is over; None where that was the last."""
        attempt = self._next_attempt(call)
        return self._place(*attempt, may_speak=call.may_speak) if attempt is not None else None

    def _ways(self, command: do.PlaceCall) -> list[Way]:
        """How to agree keys, best first: one attempt each, the next only after 488 or 606."""
        return self._known.ways(command.uri, command.levels)

    def _place(self, command: do.PlaceCall, ways: list[Way], may_speak: bool = False) -> PjCall:
        private = command.exposure.private
        shared = Shared.of(self._secrets, self._config.contacts, command.uri, private=private)
        call = PjCall(
            self._account,
            command.call_id,
            Direction.OUT,
            ways[0],
            self._post,
            self._crash,
            shared=shared,
        )
        call.clear = ways[0] == CLEAR
        call.may_speak = may_speak
        self._levels[command.call_id] = (command, ways[1:])
        self._endpoint.untrusted = ""
        prm = pj.CallOpParam(True)
        prm.opt.audioCount, prm.opt.videoCount, prm.opt.textCount = 1, 0, 0
        place = location(self._profile, command, self._endpoint.own_address, self._clock)
        call.certificate = self._certificates.of(Party(command.uri), command.exposure)
        prm.txOption = disclosing(
            self._profile, command.exposure, self._endpoint.own_address, place, command.replaces
        )
        call.place_waits, call.connected_before = place is not None, self._account.registered
        try:
            call.makeCall(command.uri, prm)
        except pj.Error as error:
            log.warning("the call could not be placed: %s", error.reason)
            call.over = True
            call.status = 503
        return call

    def _next_attempt(self, call: PjCall) -> tuple[do.PlaceCall, list[Way]] | None:
        """How to try again when the call was refused for its encryption, or an emergency call perhaps for
        telling the place: it goes out without.
        """
        command, left = self._levels.pop(call.call_id, (None, []))
        if command is not None and call.answered:
            self._known.learn(command.uri, call.keyings, call.media)
        if command is None or call.hung_up or call.rang or call.answered:
            return None
        if left and call.status in REFUSED_FOR_ENCRYPTION:
            return command, left
        if command.place is None or not pidf_lo.may_be_refused(call.status):
            return None
        log.warning("the emergency call was refused with the place in it; it is repeated without")
        self._post(on.PlaceRefused(call.call_id))
        return replace(command, place=None), self._ways(command)


def location(
    profile: headers.Profile, command: do.PlaceCall, own_address: str, clock: Clock
) -> pidf_lo.Location | None:
    """What an emergency call tells of the place; None for any other, whatever it was given."""
    if command.place is None or command.exposure.cause != EMERGENCY or command.exposure.private:
        return None
    entity = headers.party(headers.own_name_addr(profile, own_address)).uri
    return pidf_lo.location(command.place, entity, clock.wall())
