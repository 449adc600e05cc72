"""Subscriptions to our presence in pjsua2: what arrives becomes events, what the machine decides is sent."""

from __future__ import annotations

from collections.abc import Callable

import pjsua2 as pj

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import presence
from firmware.phone.presence import Sees
from firmware.phone.sip import subscribe
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.values import SubscriptionId

OK, ACCEPTED = 200, 202
"""RFC 3261 section 21.2, RFC 3265 section 3.1.6.1: 202 says that the user has yet to decide."""

REJECTED, PROBATION = "rejected", "probation"
"""Why a subscription ends (RFC 6665 section 4.1.3): do not ask again; ask again later."""


class PjWatchers(pj.Watchers):
    """Runs in the SIP thread. Nobody is let in and nobody is told anything but by a command."""

    def __init__(self, account_id: int, post: Callable[[on.Event], None], crash: Crash) -> None:
        super().__init__(account_id, presence.MOST)
        self.crash = crash
        self._post = post
        self._entities: dict[int, str] = {}
        self._answered: set[int] = set()

    @guarded
    def onSubscribe(self, number: int, message: str, own_connection: bool) -> None:
        asked = subscribe.read(message)
        self._entities[number] = asked.entity
        watcher = asked.watcher if own_connection else ""
        self._post(on.WatcherAsked(SubscriptionId(number), watcher, asked.event))

    @guarded
    def onGone(self, number: int) -> None:
        self._forget(number)
        self._post(on.WatcherGone(SubscriptionId(number)))

    def carry_out(self, command: do.GrantWatcher | do.RefuseWatcher | do.NotifyWatcher) -> None:
        """A command for a subscription that is over meanwhile changes nothing."""
        number = command.subscription
        if number not in self._entities:
            return
        match command:
            case do.GrantWatcher(waits=waits):
                self._answered.add(number)
                self.accept(number, ACCEPTED if waits else OK)
            case do.NotifyWatcher(sees=sees):
                body = presence.document(self._entities[number], sees)
                self.notify(number, sees is not Sees.PENDING, body)
            case do.RefuseWatcher(status=status):
                self._end(number, status, REJECTED)

    def leave(self) -> None:
        """On the way out: every watcher sees closed, and asks again later."""
        for number in list(self._entities):
            self._end(number, pj.PJSIP_SC_TEMPORARILY_UNAVAILABLE, PROBATION)

    def _end(self, number: int, status: int, reason: str) -> None:
        entity, answered = self._entities[number], number in self._answered
        self._forget(number)
        if answered:
            self.end(number, reason, presence.document(entity, Sees.CLOSED))
        else:
            self.refuse(number, status)

    def _forget(self, number: int) -> None:
        self._entities.pop(number, None)
        self._answered.discard(number)
