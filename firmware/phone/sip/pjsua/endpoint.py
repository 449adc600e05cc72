"""pjsua2's endpoint: library start and end, transport, and what it reports of connections and sound."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from firmware.phone.board import SIMULATED, AudioSpec
from firmware.phone.config import Config
from firmware.phone.privacy import Exposure
from firmware.phone.sip import headers, reasons
from firmware.phone.sip.pjsua import settings
from firmware.phone.sip.pjsua.guard import Crash, guarded

log = logging.getLogger("sottovoce.sip")

_EXPIRED = pj.PJ_SSL_CERT_EVALIDITY_PERIOD
_WRONG_NAME = pj.PJ_SSL_CERT_EIDENTITY_NOT_MATCH
_UNTRUSTED = pj.PJ_SSL_CERT_EUNTRUSTED | pj.PJ_SSL_CERT_EISSUER_NOT_FOUND | pj.PJ_SSL_CERT_ECHAIN_TOO_LONG


def certificate_verdict(verify_status: int) -> str:
    """Plain words for pjlib's verification flags; "" when the certificate is good."""
    if not verify_status:
        return ""
    flaws = 0
    flaws |= reasons.CERT_EXPIRED if verify_status & _EXPIRED else 0
    flaws |= reasons.CERT_WRONG_NAME if verify_status & _WRONG_NAME else 0
    flaws |= reasons.CERT_UNTRUSTED if verify_status & _UNTRUSTED else 0
    return reasons.certificate_failure(flaws)


class _Endpoint(pj.Endpoint):
    def __init__(
        self, crash: Crash, lost: Callable[[str], None], sound_failed: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.crash = crash
        self._lost = lost
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
        if prm.state != pj.PJSIP_TP_STATE_DISCONNECTED:
            return
        verdict = certificate_verdict(prm.tlsInfo.verifyStatus)
        if verdict:
            self.untrusted = verdict
        self._lost(verdict)

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
        lost: Callable[[str], None],
        sound_failed: Callable[[str], None],
        sound: AudioSpec = SIMULATED,
    ) -> None:
        self.pj = _Endpoint(crash, lost, sound_failed)
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
        pj.setTlsListening(settings.listens(config))
        transport_id = self.pj.transportCreate(kind, transport)
        self.pj.libStart()
        self.wake_fd: int = self._wakeup.fd()
        info = self.pj.transportGetInfo(transport_id)
        self.address: str = info.localName
        settings.order_codecs(self.pj, config.media.codecs)

    @property
    def reached_at(self) -> str:
        """ "host:port" under which the far end of our connection knows us (RFC 5626: it comes back there)."""
        return self.pj.connected_from or self.address

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
        self._wakeup.close()
        self.pj.libDestroy()
