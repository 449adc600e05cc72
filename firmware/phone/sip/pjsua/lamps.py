"""What the telephones of chosen contacts do: subscriptions to dialog events (RFC 4235) in pjsua2."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from firmware.phone import events as on
from firmware.phone.sip import dialog_info
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.values import Lamp

log = logging.getLogger("sottovoce.sip")


class PjLamp(pj.Buddy):
    """One subscription. What is not told, or cannot be read, is dark."""

    def __init__(self, uri: str, post: Callable[[on.Event], None], crash: Crash) -> None:
        super().__init__()
        self.uri = uri
        self.crash = crash
        self._post = post

    @guarded
    def onBuddyEvSubDlgEventState(self, prm: Any) -> None:
        happened = prm.e.body
        if prm.e.type == pj.PJSIP_EVENT_TSX_STATE and happened.tsxState.type == pj.PJSIP_EVENT_RX_MSG:
            found = dialog_info.read(happened.tsxState.src.rdata.wholeMsg)
            if found is not None:
                self._post(on.LampChanged(self.uri, *found))


class PjLamps:
    """Runs in the SIP thread. ``account_for``: the account that an address is asked by."""

    def __init__(
        self, account_for: Callable[[str], pj.Account], post: Callable[[on.Event], None], crash: Crash
    ) -> None:
        self._account_for = account_for
        self._post = post
        self._crash = crash
        self._lamps: dict[str, PjLamp] = {}

    def watch(self, uris: tuple[str, ...]) -> None:
        """Ask these telephones, and no others."""
        for uri in set(self._lamps) - set(uris):
            self._end(uri)
        for uri in uris:
            if uri not in self._lamps:
                self._begin(uri)

    def _begin(self, uri: str) -> None:
        lamp = PjLamp(uri, self._post, self._crash)
        config = pj.BuddyConfig()
        config.uri = uri
        config.subscribe_dlg_event = True
        try:
            lamp.create(self._account_for(uri), config)
        except pj.Error as error:
            log.warning("a colleague's telephone cannot be asked: %s", error.reason)
            return
        self._lamps[uri] = lamp

    def _end(self, uri: str) -> None:
        lamp = self._lamps.pop(uri)
        try:
            lamp.subscribeDlgEvent(False)
        except pj.Error as error:
            log.info("a colleague's telephone was not told that we no longer ask: %s", error.reason)
        self._post(on.LampChanged(uri, Lamp.DARK))

    def close(self) -> None:
        """Before the library ends."""
        self.watch(())
