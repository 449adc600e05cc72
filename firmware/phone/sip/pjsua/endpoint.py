"""pjsua2's endpoint: library start and end, transport, and what it reports of connections and sound."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pjsua2 as pj

from firmware.phone.board import SIMULATED, AudioSpec
from firmware.phone.config import Config
from firmware.phone.privacy import Exposure
from firmware.phone.sip import headers
from firmware.phone.sip.pjsua import settings
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.sip.pjsua.troubles import certificate_verdict, trouble
from firmware.phone.values import Signalling

log = logging.getLogger("sottovoce.sip")


class _Endpoint(pj.Endpoint):
    def __init__(
        self,
        crash: Crash,
        lost: Callable[[list[int], str, bool], None],
        agreed: Callable[[list[int], Signalling, tuple[str, str]], None],
        sound_failed: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.crash = crash
        self._lost = lost
        self._agreed = agreed
        self._sound_failed = sound_failed
        self.untrusted = ""

    @guarded
    def onTransportState(self, prm: Any) -> None:
        if not pj.madeByUs(prm):
            return  # somebody came to our port, or left: no word about our provider
        accounts = list(pj.accountsAt(prm))
        if prm.state == pj.PJSIP_TP_STATE_CONNECTED and not prm.tlsInfo.isEmpty():
            agreed = pj.tlsAgreed()
            ends = (prm.tlsInfo.localAddr, prm.tlsInfo.remoteAddr)
            until = _last_day(prm.tlsInfo.remoteCertInfo)
            self._agreed(accounts, Signalling(agreed.version, agreed.suite, agreed.group, until), ends)
        if prm.state != pj.PJSIP_TP_STATE_DISCONNECTED:
            return
        verdict = certificate_verdict(prm.tlsInfo.verifyStatus)
        if verdict:
            self.untrusted = verdict
        self._lost(accounts, verdict or trouble(prm.lastError), bool(verdict))

    @guarded
    def onMediaEvent(self, prm: Any) -> None:
        if prm.ev.type == pj.PJMEDIA_EVENT_AUD_DEV_ERROR:
            self._sound_failed("the sound device stopped")


def _last_day(certificate: Any) -> date | None:
    """Until when a certificate is good, by UTC; None where it does not say."""
    seconds = certificate.validityEnd.sec
    return datetime.fromtimestamp(seconds, UTC).date() if 0 < seconds < _YEAR_9999 else None


_YEAR_9999 = 253370764800
"""No later date can be said by Python; a certificate that is good for ever says one (RFC 5280 4.1.2.5)."""


class PjEndpoint:
    """``wake_fd``: a byte written there makes ``poll`` return. ``address``: "host:port" of the transport."""

    def __init__(
        self,
        config: Config,
        crash: Crash,
        lost: Callable[[list[int], str, bool], None],
        agreed: Callable[[list[int], Signalling, tuple[str, str]], None],
        sound_failed: Callable[[str], None],
        sound: AudioSpec = SIMULATED,
    ) -> None:
        """``lost``: a connection of ours ended; of which accounts (by pjsua's numbers), why, "" where it is
        not known, and whether the server was not trusted. ``agreed``: what protects a new one, and its ends.
        """
        self.pj = _Endpoint(crash, lost, agreed, sound_failed)
        self.pj.libCreate()
        self.pj.libInit(settings.endpoint(config.audio.hands_free, sound))
        pj.setContactUser(settings.contact_user())
        pj.setFlowOnly(config.account is not None)
        self._config = config
        self._profile = headers.Profile.of(config)
        self.disclose(Exposure())
        self._wakeup = pj.Wakeup()
        pj.setTrustedTlsDomain("", "")
        pj.setTlsPins(pj.StringVector())
        for account in filter(None, config.every):
            hop = settings.next_hop(config, account)
            pj.setTrustedTlsDomain(hop, account.domain)
            pj.setTlsPins(settings.pins(account), hop)
        pj.setTlsListening(settings.listens(config))
        self._transports = {
            name: self.pj.transportCreate(*settings.transport(config, name))
            for name in settings.transports(config)
        }
        if config.account is not None and not config.sip.bind:
            self._add_ipv6(config)
        self.pj.libStart()
        self.wake_fd: int = self._wakeup.fd()
        self._more: list[int] = []
        self.address = self.address_of(settings.transports(config)[0])
        settings.order_codecs(self.pj, config.media.codecs)

    def _add_ipv6(self, config: Config) -> None:
        """So that a server can be reached by IPv6 too; nobody is called there."""
        pj.setTlsListening(False)
        for name in settings.transports(config):
            try:
                self.pj.transportCreate(*settings.transport(config, name, ipv6=True))
            except pj.Error as error:
                log.info("no IPv6 for %s: %s", name.upper(), error.reason)
        pj.setTlsListening(settings.listens(config))

    def address_of(self, transport: str) -> str:
        """ "host:port" of our end of a transport."""
        return str(self.pj.transportGetInfo(self._transports[transport]).localName)

    def have(self, transport: str) -> None:
        """Make a transport that no account uses, for a call for help. Raises pj.Error."""
        if transport in self._transports:
            return
        made = self.pj.transportCreate(*settings.transport(self._config, transport))
        self._transports[transport] = made
        self._more.append(made)

    def drop_spare(self) -> None:
        """Close what ``have`` has made: the call for help is over."""
        for made in self._more:
            self._transports = {name: one for name, one in self._transports.items() if one != made}
            try:
                self.pj.transportClose(made)
            except pj.Error as error:
                log.info("a transport was closed already: %s", error.reason)
        self._more = []

    @property
    def untrusted(self) -> str:
        """Why the last server was not trusted, or ""."""
        return self.pj.untrusted

    @untrusted.setter
    def untrusted(self, why: str) -> None:
        self.pj.untrusted = why

    def disclose(self, exposure: Exposure) -> None:
        """From now on let every message say of us what ``exposure`` allows, also those of running calls."""
        told = any(account.preferred_identity for account in self._config.accounts)
        pj.setDisclosure(exposure.identity, self._profile.privacy_value, told)

    def poll(self, seconds: float) -> None:
        """Run pjsip until something happened, at most ``seconds``."""
        self.pj.libHandleEvents(max(1, int(seconds * 1000)))

    def close(self) -> None:
        """The engine has waited for the answers that it wants; the library would wait another second."""
        self._wakeup.close()
        self.pj.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)
