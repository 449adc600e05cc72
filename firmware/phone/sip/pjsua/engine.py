"""The SIP engine: one thread that runs pjsua2 and nothing else.

Commands wait in a queue; a byte on the wake-up descriptor makes the poll return. Without work the thread
sleeps in epoll until a packet or a timer comes: an idle phone burns no CPU.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import threading
from collections.abc import Callable

import pjsua2 as pj

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.board import SIMULATED, AudioSpec
from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.errors import SipError
from firmware.phone.privacy import Exposure
from firmware.phone.sip import bursts, headers, identity, proofs, refer, sdp, uri
from firmware.phone.sip.base import Secrets
from firmware.phone.sip.finding.order import Found, Hop
from firmware.phone.sip.pjsua import settings
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.certificates import CallCertificates
from firmware.phone.sip.pjsua.disclosing import ask, redirection
from firmware.phone.sip.pjsua.endpoint import PjEndpoint
from firmware.phone.sip.pjsua.guard import Crash
from firmware.phone.sip.pjsua.helptest import HelpTest
from firmware.phone.sip.pjsua.lamps import PjLamps
from firmware.phone.sip.pjsua.mixer import Mixer
from firmware.phone.sip.pjsua.moving import Movers
from firmware.phone.sip.pjsua.outgoing import Outgoing, own_address
from firmware.phone.sip.pjsua.proving import provers_of
from firmware.phone.sip.pjsua.reaching import PjServers
from firmware.phone.sip.pjsua.registrar import PjAccount
from firmware.phone.sip.pjsua.signals import Signals
from firmware.phone.sip.pjsua.voice import Voice, name_devices
from firmware.phone.sip.pjsua.watchers import PjWatchers
from firmware.phone.sip.pjsua.zrtp import SDES, Shared
from firmware.phone.timefloor import LOOK_S
from firmware.phone.values import CallId, Direction, EndReason, Party, Security, Signalling, Trust

log = logging.getLogger("sottovoce.sip")

LONGEST_POLL = 60.0
SECURING_POLL = 0.02
"""Seconds: the poll while a call's keys are being agreed, to see at once when they are."""

KEYS_LIMIT = 10.0
"""Seconds after which a call without keys is ended: nothing is ever sent in clear."""


class PjsuaEngine:
    """Implements ``sip.base.SipEngine``. ``crash`` is told of an exception in the SIP thread.

    ``secrets``: where those shared with contacts are kept; ``certificates``: those that contacts know us by.
    None: nowhere. ``sound``: the board's. ``floor``: the time that it is not before (``timefloor``).
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        crash: Crash,
        secrets: Secrets | None = None,
        certificates: Secrets | None = None,
        sound: AudioSpec = SIMULATED,
        floor: Callable[[], int] = lambda: 0,
    ) -> None:
        self._floor, self._floor_at = floor, 0.0
        self._certificates = CallCertificates(config.contacts, certificates)
        self._config = config
        self._sound = sound
        self._clock = clock
        self._crash = crash
        self._todo: collections.deque[do.SipCommand | Callable[[], None] | None] = collections.deque()
        self._calls: dict[CallId, PjCall] = {}
        self._given_up: list[PjCall] = []
        self._arrived: list[tuple[PjCall, Party, Security]] = []
        self._secrets = secrets
        self._exposure = Exposure()
        self._keys_due: dict[CallId, float] = {}
        self._incoming = 0
        self._text = False
        self._check = proofs.check_of(config, clock)
        self._ready: threading.Event = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._wake_fd = -1

    # --- any thread ----------------------------------------------------------------------------------

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post
        self._thread = threading.Thread(target=self._run, name="sip", daemon=True)
        self._thread.start()
        self._ready.wait()
        failure = self._failure
        if isinstance(failure, pj.Error | OSError):
            raise SipError(failure.reason if isinstance(failure, pj.Error) else str(failure)) from failure
        if failure is not None:
            raise failure

    def execute(self, command: do.SipCommand) -> None:
        self._hand_over(command)

    def ping(self, answer: Callable[[], None]) -> None:
        self._hand_over(answer)

    def stop(self, timeout: float) -> None:
        if self._thread is None:
            return
        self._stop_by = self._clock.monotonic() + timeout
        self._hand_over(None)
        self._thread.join(timeout + 0.5)
        if self._thread.is_alive():
            log.warning("the SIP engine did not end in time; what it still had to say is lost")
        self._thread = None

    def _hand_over(self, command: do.SipCommand | Callable[[], None] | None) -> None:
        self._todo.append(command)
        if self._wake_fd >= 0:
            with contextlib.suppress(BlockingIOError):  # a wake-up is on its way already
                os.write(self._wake_fd, b"!")

    # --- the SIP thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._open()
        except BaseException as error:  # noqa: BLE001 - handed on: start() raises it
            self._failure = error
            return
        finally:
            self._ready.set()
        try:
            while self._work():
                self._endpoint.poll(self._longest_wait())
                self._settle()
            self._close()
        except BaseException as error:  # noqa: BLE001 - handed on: the process ends loudly
            self._crash(error)

    def _open(self) -> None:
        self._keep_time()
        audio = self._config.audio
        name_devices(audio.playback, audio.capture)
        self._endpoint = PjEndpoint(
            self._config,
            self._crash,
            self._connection_lost,
            self._server_agreed,
            self._sound_failed,
            self._sound,
        )
        self._wake_fd = self._endpoint.wake_fd
        self._servers = PjServers(
            self._config, self._clock, self._crash, self._look_up, self._hand_over, self._found
        )
        self._movers = Movers(self._config, self._servers, self._crash, self._hand_over, self._clock)
        self._provers = provers_of(self._config, self._clock, self._crash)
        self._voice = Voice(
            self._endpoint.pj,
            audio.playback,
            audio.capture,
            self._clock,
            self._post,
            self._drop_late_sound,
            None if audio.hands_free else self._sound.sidetone,
        )
        self._signals = Signals(self._endpoint.pj, bursts.waiting(self._config.phone.country))
        self._mixer = Mixer(self._endpoint.pj)
        self._open_accounts()
        self._outgoing = Outgoing(
            self._config,
            self._clock,
            self._post,
            self._crash,
            self._endpoint,
            self._accounts,
            self._secrets,
            self._certificates,
            self._servers,
        )
        self._lamps = PjLamps(self._account_for, self._post, self._crash)
        self._watchers = PjWatchers(self._accounts[0].getId(), self._post, self._crash)
        self._help_test = HelpTest(self._config, self._accounts[0], self._post, self._crash, self._clock)
        for account in self._accounts:
            account.register()
        self._movers.start(self._accounts)

    def _keep_time(self) -> None:
        """Let the next connection judge certificates by what is known of the time."""
        now = self._clock.monotonic()
        if now >= self._floor_at:
            self._floor_at = now + LOOK_S
            pj.setTimeFloor(self._floor())

    def _open_accounts(self) -> None:
        """Every account, each with a Contact of its own; without any the one of direct calls."""
        self._accounts: list[PjAccount] = []
        first = headers.Profile.of(self._config).privacy_value
        for number, account in enumerate(self._config.every):
            value = headers.Profile.of(self._config, account).privacy_value
            privacy = value if value != first else ""
            registers = account is not None and account not in self._config.helpers
            made = PjAccount(
                self._clock,
                registers,
                self._arrive,
                self._post,
                self._crash,
                number,
                privacy,
                self._servers,
                self._servers.hop_of(account) if account is not None else None,
                lambda moved: self._movers.registered(moved, self._calls.values()),
            )
            transport = self._config.transport_of(account) if account else self._config.sip.transport
            address = self._endpoint.address_of(transport)
            made.create(settings.account(self._config, address, account), number == 0)
            if account is not None:
                pj.setAccountContactUser(made.getId(), settings.contact_user())
            self._accounts.append(made)

    def _look_up(self, hop: Hop) -> Found:
        """In the finder's thread. A phone whose server is an address never loads the resolver's library."""
        from firmware.phone.sip.finding.names import Names

        loopback = self._config.sip.bind.startswith(("127.", "::1"))
        return Names(self._config.network.resolver, loopback).find(hop)

    def _found(self, hop: Hop) -> None:
        for account in self._accounts:
            account.found(hop)

    def _account_for(self, address: str) -> PjAccount:
        """The account of the domain that an address names; the first for any other."""
        host = uri.parse(address).host
        found = (n for n, account in enumerate(self._config.accounts) if account.domain == host)
        return self._accounts[next(found, 0)]

    def _work(self) -> bool:
        """Carry out what is waiting. False when the last order was to stop."""
        while self._todo:
            command = self._todo.popleft()
            if command is None:
                return False
            if callable(command):
                command()
            else:
                self._carry_out(command)
        return True

    def _carry_out(self, command: do.SipCommand) -> None:
        match command:
            case do.SetExposure(exposure):
                self._exposure = exposure
                self._endpoint.disclose(exposure)
            case do.OpenVoice():
                self._voice.open(True)
            case do.CloseVoice():
                self._voice.open(False)
            case do.SetReceiveGain(decibels):
                self._voice.gain(decibels)
            case do.PlaceCall():
                self._keep(self._outgoing.place(command))
            case do.RemindClear(reminds):
                self._signals.remind(reminds)
            case do.TellLight(lit):
                self._signals.tell_light(lit)
            case do.SignalWaiting(waits):
                self._signals.wait(waits)
            case do.Mute(muted):
                self._mixer.muted = muted
                self._connect_audio()
            case do.AllowText(on=allowed):
                self._text = self._outgoing.text = allowed
                for one in self._calls.values():
                    one.texting.want(allowed)
            case do.MixCalls(calls):
                self._mixer.mixed = calls
                self._connect_audio()
            case do.TellReferrer(number, status):
                pj.referProgress(number, status)
            case do.WatchLamps(uris):
                self._lamps.watch(uris)
            case do.TestHelp(exposure):
                self._help_test.begin(exposure, own_address(self._endpoint, self._accounts[0]))
            case do.GrantWatcher() | do.RefuseWatcher() | do.NotifyWatcher():
                self._watchers.carry_out(command)
            case _:
                call = self._calls.get(command.call_id)
                if call is not None and not call.over:
                    self._tell(call, command)

    def _keep(self, call: PjCall) -> None:
        call.replace, call.clock = self._take_place, self._clock.monotonic
        call.texting.want(self._text)
        self._calls[call.call_id] = call

    def _tell(self, call: PjCall, command: do.SipCommand) -> None:
        prm = pj.CallOpParam()
        try:
            match command:
                case do.AlertCaller():
                    prm.statusCode = 180
                    ask(prm.txOption, call.account.privacy)
                    call.answer(prm)
                case do.AnswerCall():
                    prm.statusCode = 200
                    ask(prm.txOption, call.account.privacy)
                    call.answer(prm)
                case do.RefuseCall(status=status):
                    prm.statusCode = status
                    call.hangup(prm)
                case do.EndCall():
                    call.hung_up = True
                    call.hangup(prm)
                case do.ForwardCall(uri=uri):
                    call.hangup(redirection(uri))
                case do.HoldCall():
                    call.holding.want(True, self._clock.monotonic())
                    self._connect_audio()
                case do.ResumeCall():
                    call.holding.want(False, self._clock.monotonic())
                case do.TransferCall(uri=uri):
                    call.xfer(uri, pj.CallOpParam(True))
                case do.TransferTo(other=other):
                    call.xferReplaces(self._calls[other], pj.CallOpParam(True))
                case do.SendDigit(digit=digit):
                    call.dialDtmf(digit)
                case do.SendText(text=text):
                    call.texting.type(text)
                case do.CodeCompared(same=same):
                    call.compared(same)
                case do.GoOnWith(level=level):
                    call.go_on_with(level)
                case do.LetSpeak(allowed=allowed):
                    call.may_speak = allowed
                    self._connect_audio()
                case do.TellChange():
                    self._signals.tell_change()
        except pj.Error as error:
            # The far end may have ended the call in the same moment; its own event tells the rest.
            log.info("%s: %s", type(command).__name__, error.reason)
            self._not_transferred(call, command)
        except KeyError:
            self._not_transferred(call, command)  # the other call is over meanwhile

    def _not_transferred(self, call: PjCall, command: do.SipCommand) -> None:
        if isinstance(command, do.TransferCall | do.TransferTo):
            self._post(on.TransferProgress(call.call_id, pj.PJSIP_SC_SERVICE_UNAVAILABLE))

    # --- incoming calls ------------------------------------------------------------------------------

    def _arrive(self, account: PjAccount, pj_id: int, message: str, source: str) -> None:
        self._arrived.append(self._incoming_call(account, pj_id, message, source))

    def _take_place(self, old: PjCall, message: str, source: str) -> PjCall | None:
        """An INVITE names a call of ours by its identifiers (RFC 3891). That is no proof: who calls must be
        vouched for, by our provider over its own connection or by a signature (section 3 of the RFC). The
        new call speaks when its own protection has been judged.
        """
        caller = self._caller(old.account, message, source)
        known = caller.trust is not Trust.CLAIMED and not caller.doubt
        if not known or not self._trusted(old.account, source) or sdp.offered(message) is Security.CLEAR:
            return None
        call, party, offered = self._incoming_call(old.account, pj.PJSUA_INVALID_ID, message, source)
        self._post(on.CallReplaced(old.call_id, call.call_id, party, offered))
        return call

    def _incoming_call(
        self, account: PjAccount, pj_id: int, message: str, source: str
    ) -> tuple[PjCall, Party, Security]:
        self._incoming += 2
        keyings = settings.keyings(self._config.media.encryption)
        call_id = CallId(self._incoming)
        party = self._caller(account, message, source)
        address = "" if party.anonymous else party.uri
        private = self._exposure.private
        shared = Shared.of(self._secrets, self._config.contacts, address, private=private)
        call = PjCall(account, call_id, Direction.IN, keyings, self._post, self._crash, pj_id, shared)
        call.certificate = self._certificates.of(party, self._exposure)
        offered = sdp.offered(message)
        if offered is Security.CLEAR and self._config.media.allow_clear:
            call.clear = True
            call.keyings = (SDES,)  # finds that none are offered, and is dropped
        self._keep(call)
        return call, party, offered

    def _caller(self, account: PjAccount, message: str, source: str) -> Party:
        """Who calls; our provider's word counts where it came over the connection that it was verified on."""
        own = self._config.every[account.number]
        domain = own.domain if own is not None else ""
        trusted = self._trusted(account, source)
        return identity.caller(message, trusted=trusted, domain=domain, check=self._check)

    def _trusted(self, account: PjAccount, source: str) -> bool:
        """Whether a message came over the connection on which the account's provider has proven who it is."""
        own = self._config.every[account.number]
        return (
            own is not None
            and self._config.transport_of(own) == "tls"
            and account.registered
            and source == account.connection[1]
        )

    def _announce(self) -> None:
        """Let those calls ring that are still there after pjsua judged their offer."""
        arrived, self._arrived = self._arrived, []
        for call, party, offered in arrived:
            if call.over or not call.isActive():
                continue
            self._post(on.IncomingCall(call.call_id, party, offered, call.account.number))

    # --- after each poll -----------------------------------------------------------------------------

    def _settle(self) -> None:
        self._announce()
        self._keep_time()
        now = self._clock.monotonic()
        for call in list(self._calls.values()):
            if call.over or not call.isActive():
                self._bury(call)
                continue
            call.look_at_media()
            self._watch_keys(call, now)
            call.holding.keep_up(now, call.tell_hold)
            call.keep_texting(now)
            self._ask_transfer(call)
            self._hurry(call, now)
        self._given_up = [call for call in self._given_up if not call.over and call.isActive()]
        if not self._calls and not self._given_up:
            self._outgoing.tidy()
        self._help_test.keep_up(now)
        self._connect_audio()
        self._tell_address()
        for account in self._accounts:
            account.keep_up()
        self._movers.keep_up(now)
        self._voice.keep_up()

    def _hurry(self, call: PjCall, now: float) -> None:
        """A call that nothing answers goes to the next server, or by the next way; a late answer is ended."""
        if self._outgoing.late(call, now) != 0.0:
            return
        call.post = lambda event: None
        self._given_up.append(call)
        with contextlib.suppress(pj.Error):
            call.hangup(pj.CallOpParam())
        call.status = pj.PJSIP_SC_REQUEST_TIMEOUT
        following = self._outgoing.again(call)
        if following is not None:
            self._keep(following)

    def _tell_address(self) -> None:
        """Let the preview know under which address far ends will see us."""
        for account in self._accounts:
            now = own_address(self._endpoint, account)
            if now != account.told_address:
                account.told_address = now
                self._post(on.OwnAddress(now, account.number))

    def _ask_transfer(self, call: PjCall) -> None:
        """Tell of a REFER; one that names nobody clearly is refused."""
        if not call.referred:
            return
        number, found = pj.referTaken(call.getId()), refer.read(call.referred)
        call.referred = ""
        if found is None:
            pj.referProgress(number, pj.PJSIP_SC_DECLINE)
            return
        self._post(on.TransferAsked(call.call_id, number, found.uri, found.replaces))

    def _watch_keys(self, call: PjCall, now: float) -> None:
        waits = (call.has_media or call.broken) and not call.secured(call.media) and not call.media.bare
        if not waits:
            self._keys_due.pop(call.call_id, None)
        elif call.broken or now >= self._keys_due.setdefault(call.call_id, now + KEYS_LIMIT):
            log.warning("no keys could be agreed; the call is ended")
            call.failure = EndReason.KEYS_DIFFER if call.keys_differ() else EndReason.NO_KEYS
            call.hangup(pj.CallOpParam())

    def _connect_audio(self) -> None:
        """Connect the calls that may speak, and no other; say whether one has something to send."""
        self._mixer.settle(self._calls.values())
        self._voice.in_call(any(call.secured(call.media) for call in self._calls.values()))

    def _bury(self, call: PjCall) -> None:
        """A call is over: try again in another way where there is one, else tell why."""
        del self._calls[call.call_id]
        self._keys_due.pop(call.call_id, None)
        attempt = self._outgoing.again(call)
        if attempt is not None:
            self._keep(attempt)
            return
        self._post(on.CallFailed(call.call_id, call.reason(bool(self._endpoint.untrusted))))

    def _longest_wait(self) -> float:
        now = self._clock.monotonic()
        waits = [LONGEST_POLL]
        holds = [call.holding.due(now) for call in self._calls.values()]
        texts = [call.texting_due(now) for call in self._calls.values() if not call.over and call.isActive()]
        waits += [due for due in (account.due(now) for account in self._accounts) if due is not None]
        late = [self._outgoing.late(call, now) for call in self._calls.values()]
        waits += [
            due
            for due in (
                self._voice.due(now),
                self._help_test.due(now),
                self._movers.due(now),
                *late,
                *holds,
                *texts,
            )
            if due is not None
        ]
        if self._keys_due or self._arrived or any(call.over for call in self._calls.values()):
            waits.append(SECURING_POLL)
        return min(waits)

    def _connection_lost(self, accounts: list[int], why: str, untrusted: bool) -> None:
        for account in self._accounts:
            if account.getId() in accounts:
                account.connection_lost(why, untrusted)

    def _server_agreed(self, accounts: list[int], signalling: Signalling, ends: tuple[str, str]) -> None:
        for account in self._accounts:
            if account.getId() in accounts:
                account.connection = ends
                self._post(on.ServerAgreed(signalling, account.number))

    def _sound_failed(self, why: str) -> None:
        self._voice.failed(why)

    def _drop_late_sound(self) -> None:
        """Speech that piled up while no device asked for it would delay all that follows."""
        for call in self._calls.values():
            index = call.audio_index()
            if index is not None:
                pj.dropLateSound(call.getId(), index)

    # --- the end -------------------------------------------------------------------------------------

    def _close(self) -> None:
        """BYE, CANCEL, un-REGISTER, wait for the answers within the time given, then close."""
        self._movers.close()
        for call in self._calls.values():
            self._tell(call, do.EndCall(call.call_id))
        self._watchers.leave()
        self._lamps.close()
        for account in self._accounts:
            account.leave()
        self._help_test.close()
        while self._clock.monotonic() < self._stop_by:
            self._endpoint.poll(SECURING_POLL)
            for call in [call for call in self._calls.values() if call.over]:
                del self._calls[call.call_id]
            if all(account.left for account in self._accounts) and not self._calls:
                break
        self._wake_fd = -1
        self._calls.clear()
        self._given_up.clear()
        self._outgoing.tidy()
        self._watchers.close()
        pj.referForget()
        self._signals.close()
        for prover in self._provers:
            prover.close()
        self._servers.close()
        for account in self._accounts:
            account.shutdown()
        self._endpoint.close()
