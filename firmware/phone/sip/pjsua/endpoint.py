"""pjsua2's endpoint: library start and end, transport, and what it reports of connections and sound."""

from __future__ import annotations

import logging
from collections.abc import Callable
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
        lost: Callable[[str, bool], None],
        agreed: Callable[[Signalling], None],
        sound_failed: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.crash = crash
        self._lost = lost
        self._agreed = agreed
        self._sound_failed = sound_failed
        self.untrusted = ""
        self.connected_from = ""
        self.connected_to = ""

    @guarded
    def onTransportState(self, prm: Any) -> None:
        if not pj.madeByUs(prm):
            return  # somebody came to our port, or left: no word about our provider
        if prm.state == pj.PJSIP_TP_STATE_CONNECTED and not prm.tlsInfo.isEmpty():
            self.connected_from = prm.tlsInfo.localAddr
            self.connected_to = prm.tlsInfo.remoteAddr
            agreed = pj.tlsAgreed()
            self._agreed(Signalling(agreed.version, agreed.suite, agreed.group))
        if prm.state != pj.PJSIP_TP_STATE_DISCONNECTED:
            return
        verdict = certificate_verdict(prm.tlsInfo.verifyStatus)
        if verdict:
            self.untrusted = verdict
        self._lost(verdict or trouble(prm.lastError), bool(verdict))

    @guarded
    def onMediaEvent(self, prm: Any) -> None:
        if prm.ev.type == pj.PJMEDIA_EVENT_AUD_DEV_ERROR:
            self._sound_failed("the sound device stopped")


class PjEndpoint:
    """``wake_fd``: a byte written there makes ``poll`` return. ``address``: "host:port" of the transport."""

    def __init__(
        self,
        config: Config,
        crash: Crash,
        lost: Callable[[str, bool], None],
        agreed: Callable[[Signalling], None],
        sound_failed: Callable[[str], None],
        sound: AudioSpec = SIMULATED,
    ) -> None:
        """``lost``: a connection of ours ended; why, "" where it is not known, and whether the server was not
        trusted. ``agreed``: what a new one is protected by.
        """
        self.pj = _Endpoint(crash, lost, agreed, sound_failed)
        self.pj.libCreate()
        self.pj.libInit(settings.endpoint(config.audio.hands_free, sound))
        pj.setContactUser(settings.contact_user())
        pj.setFlowOnly(config.account is not None)
        self._profile = headers.Profile.of(config)
        self.disclose(Exposure())
        self._wakeup = pj.Wakeup()
        kind, transport = settings.transport(config)
        if config.account is not None:
            pj.setTrustedTlsDomain("", config.account.domain)
        pj.setTlsPins(settings.pins(config))
        pj.setTlsListening(settings.listens(config))
        transport_id = self.pj.transportCreate(kind, transport)
        self.pj.libStart()
        self.wake_fd: int = self._wakeup.fd()
        info = self.pj.transportGetInfo(transport_id)
        self.address: str = info.localName
        settings.order_codecs(self.pj, config.media.codecs)

    @property
    def own_address(self) -> str:
        """ "host:port" where far ends reach us: with a provider at our end of the connection to it (RFC 5626:
        calls come back there), without one at our own port.
        """
        return (self.pj.connected_from or self.address) if self._profile.address else self.address

    @property
    def untrusted(self) -> str:
        """Why the last server was not trusted, or ""."""
        return self.pj.untrusted

    @untrusted.setter
    def untrusted(self, why: str) -> None:
        self.pj.untrusted = why

    def disclose(self, exposure: Exposure) -> None:
        """From now on let every message say of us what ``exposure`` allows, also those of running calls."""
        pj.setDisclosure(exposure.identity, self._profile.privacy_value, self._profile.preferred_identity)

    def poll(self, seconds: float) -> None:
        """Run pjsip until something happened, at most ``seconds``."""
        self.pj.libHandleEvents(max(1, int(seconds * 1000)))

    def close(self) -> None:
        """The engine has waited for the answers that it wants; the library would wait another second."""
        self._wakeup.close()
        self.pj.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)
