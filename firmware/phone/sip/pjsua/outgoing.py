"""Calls that we place: what each INVITE offers and tells, and in which way a refused one goes out again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pjsua2 as pj

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.privacy import EMERGENCY
from firmware.phone.sip import headers, pidf_lo
from firmware.phone.sip.base import Secrets
from firmware.phone.sip.finding.order import Hop
from firmware.phone.sip.pjsua import settings
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.certificates import CallCertificates
from firmware.phone.sip.pjsua.disclosing import disclosing
from firmware.phone.sip.pjsua.endpoint import PjEndpoint
from firmware.phone.sip.pjsua.guard import Crash
from firmware.phone.sip.pjsua.reaching import PjServers
from firmware.phone.sip.pjsua.registrar import PjAccount
from firmware.phone.sip.pjsua.zrtp import CLEAR, Known, Shared, Way
from firmware.phone.values import CallId, Direction, Party, Route

log = logging.getLogger("sottovoce.sip")

REFUSED_FOR_ENCRYPTION = (488, 606)


REFUSED_FOR_HELP = (400, 415, 420, 488, 500, 501, 606)
"""Of a call for help more answers may mean its encryption: it is tried, and never a reason to fail."""

UNAVAILABLE = 503

MADE_HERE = (0, 408, 503)
"""What the library says of a call that nobody has answered: no connection, or none in time."""

ELSEWHERE = (0, 408, 502, 503)
"""What the next server of the same name may do better, where nobody has answered (RFC 3263 section 4.3)."""

PATIENCE = 4.0
"""Seconds without any answer after which a call goes to the next server of the same name, and a call for help
by the next way too (timer B of RFC 3261 is 32 s)."""


@dataclass
class _Attempt:
    """What is tried now: ``command`` in the first of ``ways``, by ``transport`` instead of the account's;
    then the others, then ``routes``. ``first``: the command as it was, where it has lost its place. ``hop``:
    where it goes.
    """

    command: do.PlaceCall
    ways: list[Way]
    routes: tuple[Route, ...] = ()
    transport: str = ""
    since: float = 0.0
    first: do.PlaceCall | None = None
    hop: Hop | None = None


class Outgoing:
    """Places calls. Everything runs in the SIP thread. ``text``: their user wants real-time text."""

    text = False

    def __init__(
        self,
        config: Config,
        clock: Clock,
        post: Callable[[on.Event], None],
        crash: Crash,
        endpoint: PjEndpoint,
        accounts: Sequence[PjAccount],
        secrets: Secrets | None,
        certificates: CallCertificates,
        servers: PjServers,
    ) -> None:
        self._servers = servers
        self._config = config
        self._clock = clock
        self._post = post
        self._crash = crash
        self._endpoint = endpoint
        self._accounts = accounts
        self._secrets = secrets
        self._certificates = certificates
        self._profiles = [headers.Profile.of(config, one) for one in config.every]
        self._known = Known(clock)
        self._attempts: dict[CallId, _Attempt] = {}
        self._spare: dict[tuple[int, str], PjAccount] = {}

    def place(self, command: do.PlaceCall) -> PjCall:
        """The call that ``command`` asks for; it is over at once where it could not be placed."""
        return self._place(_Attempt(command, self._ways(command), command.routes))

    def again(self, call: PjCall) -> PjCall | None:
        """The next attempt of a call that is over; None where that was the last."""
        attempt = self._next_attempt(call)
        return self._place(attempt, may_speak=call.may_speak) if attempt is not None else None

    def late(self, call: PjCall, now: float) -> float | None:
        """Seconds until a call that nothing has answered goes to the next server, or a call for help out by
        its next way; None: never.
        """
        attempt = self._attempts.get(call.call_id)
        if attempt is None or call.heard or call.over or call.hung_up:
            return None
        if not attempt.routes and not (attempt.hop and self._servers.others(attempt.hop)):
            return None
        return max(0.0, attempt.since + PATIENCE - now)

    def _ways(self, command: do.PlaceCall) -> list[Way]:
        """How to agree keys, best first: one attempt each, the next only after 488 or 606."""
        return self._known.ways(command.uri, command.levels)

    def _place(self, attempt: _Attempt, may_speak: bool = False) -> PjCall:
        command, ways = attempt.command, attempt.ways
        private = command.exposure.private
        shared = Shared.of(self._secrets, self._config.contacts, command.uri, private=private)
        account = self._account(command.account, attempt.transport)
        call = PjCall(
            account,
            command.call_id,
            Direction.OUT,
            ways[0],
            self._post,
            self._crash,
            shared=shared,
        )
        call.clear = ways[0] == CLEAR
        call.texting.want(self.text)
        call.may_speak = may_speak
        attempt.since = self._clock.monotonic()
        attempt.hop = self._hop(command, attempt.transport)
        self._servers.ready(attempt.hop)
        self._attempts[command.call_id] = attempt
        self._endpoint.untrusted = ""
        prm = pj.CallOpParam(True)
        prm.opt.audioCount, prm.opt.videoCount, prm.opt.textCount = 1, 0, 0
        profile, own = self._profiles[command.account], own_address(self._endpoint, account)
        place = location(profile, command, own, self._clock)
        call.certificate = self._certificates.of(Party(command.uri), command.exposure)
        prm.txOption = disclosing(profile, command.exposure, own, place, command.replaces, account.privacy)
        call.place_waits, call.connected_before = place is not None, account.registered
        try:
            call.makeCall(command.uri, prm)
        except pj.Error as error:
            log.warning("the call could not be placed: %s", error.reason)
            call.over = True
            call.status = 503
        return call

    def _hop(self, command: do.PlaceCall, transport: str) -> Hop:
        account = self._config.every[command.account]
        return self._servers.hop_of(account, transport) if account else self._servers.hop_to(command.uri)

    def _account(self, number: int, transport: str) -> PjAccount:
        """The account; with another transport than its own one that is like it and does not register."""
        if not transport:
            return self._accounts[number]
        if (number, transport) not in self._spare:
            log.warning("a call for help goes out over %s", transport.upper())
            try:
                self._endpoint.have(transport)
            except pj.Error as error:
                log.warning("no transport for %s: %s", transport.upper(), error.reason)
                return self._accounts[number]
            original = self._accounts[number]
            nobody: Callable[..., None] = lambda *_: None  # noqa: E731
            spare = PjAccount(self._clock, False, nobody, nobody, self._crash, number, original.privacy)
            address = self._endpoint.address_of(transport)
            account = self._config.every[number]
            spare.create(settings.account(self._config, address, account, transport))
            self._spare[number, transport] = spare
        return self._spare[number, transport]

    def tidy(self) -> None:
        """No call is left: what only calls for help need is closed."""
        for spare in self._spare.values():
            spare.shutdown()
        if self._spare:
            self._endpoint.drop_spare()
        self._spare = {}

    def _next_attempt(self, call: PjCall) -> _Attempt | None:
        """How to try again when the call was refused for its encryption, or an emergency call perhaps for
        telling the place: it goes out without. What failed for any other reason goes by the next route.
        """
        attempt = self._attempts.pop(call.call_id, None)
        if attempt is None:
            return None
        command, left = attempt.command, attempt.ways[1:]
        if call.answered:
            self._known.learn(command.uri, call.keyings, call.media, command.levels)
        if call.hung_up or call.rang or call.answered:
            return None
        silent = not call.heard and call.status in ELSEWHERE
        if silent:
            call.account.doubt()
        if (silent or call.status == UNAVAILABLE) and attempt.hop and self._servers.failed(attempt.hop):
            return replace(attempt)
        helps = command.exposure.cause == EMERGENCY
        reached = call.heard or call.status not in MADE_HERE or not attempt.routes
        if reached and left and call.status in REFUSED_FOR_ENCRYPTION:
            return replace(attempt, ways=left)
        if reached and command.place is not None and pidf_lo.may_be_refused(call.status):
            log.warning("the emergency call was refused with the place in it; it is repeated without")
            self._post(on.PlaceRefused(call.call_id))
            bare = replace(command, place=None)
            return replace(attempt, command=bare, ways=self._ways(bare), first=attempt.first or command)
        if reached and left and helps and call.status in REFUSED_FOR_HELP:
            return replace(attempt, ways=left)
        return self._next_route(attempt)

    def _next_route(self, attempt: _Attempt) -> _Attempt | None:
        if not attempt.routes:
            return None
        route, *rest = attempt.routes
        command = replace(attempt.first or attempt.command, uri=route.uri, account=route.account)
        log.warning("the emergency call goes out by the next way (%d are left)", len(rest))
        self._post(on.CallRerouted(command.call_id, route.account, route.transport))
        return _Attempt(command, self._ways(command), tuple(rest), route.transport)


def own_address(endpoint: PjEndpoint, account: PjAccount) -> str:
    """ "host:port" where far ends reach us: with a provider at our end of the connection to it (RFC 5626:
    calls come back there), without one at our own port.
    """
    return (account.connection[0] if account.registers else "") or endpoint.address


def location(
    profile: headers.Profile, command: do.PlaceCall, own_address: str, clock: Clock
) -> pidf_lo.Location | None:
    """What an emergency call tells of the place; None for any other, whatever it was given."""
    if command.place is None or command.exposure.cause != EMERGENCY or command.exposure.private:
        return None
    entity = headers.party(headers.own_name_addr(profile, own_address)).uri
    return pidf_lo.location(command.place, entity, clock.wall())
