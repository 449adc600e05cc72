"""Another address under a running telephone: register from there, then let the calls follow (RFC 6141)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

import pjsua2 as pj

from firmware.phone.clock import Clock
from firmware.phone.config import Config
from firmware.phone.sip.finding.moves import Moves, source
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.guard import Crash
from firmware.phone.sip.pjsua.reaching import PjServers
from firmware.phone.sip.pjsua.registrar import PjAccount

log = logging.getLogger("sottovoce.sip")

AGAIN = 1.0
"""Seconds until a re-INVITE that could not be sent is tried again."""

MOST_TRIES = 30


class Movers:
    """Runs in the SIP thread; ``run`` brings the kernel's news there. A phone that is bound to one address
    has no other.
    """

    def __init__(
        self,
        config: Config,
        servers: PjServers,
        crash: Crash,
        run: Callable[[Callable[[], None]], None],
        clock: Clock,
    ) -> None:
        self._bound = bool(config.sip.bind)
        self._servers = servers
        self._clock = clock
        self._moves = Moves(lambda: run(self._changed), crash)
        self._accounts: Sequence[PjAccount] = ()
        self._left: list[tuple[PjCall, str, int]] = []
        self._next = 0.0
        self._seen: dict[int, str] = {}

    def start(self, accounts: Sequence[PjAccount]) -> None:
        self._accounts = accounts
        if self._bound:
            return
        try:
            self._moves.start()
        except OSError as error:
            log.warning("the kernel does not tell of other addresses: %s", error.strerror)

    def close(self) -> None:
        self._moves.close()

    def _changed(self) -> None:
        """An address, a route or a cable has changed: what matters is from where our packets come now. Other
        news of the kernel shortens no back-off.
        """
        asked = False
        for account in self._accounts:
            if account.hop is None or account.leaving:
                continue
            target = self._servers.target(account.hop)
            now = source(target.address) if target else ""
            before = account.at if account.registered else self._seen.get(account.number, "")
            self._seen[account.number] = now
            if not now or now == before:
                continue
            if account.registered and not before:
                account.at = now
                continue
            if not asked:
                self._servers.network_changed()
                asked = True
            if account.registered:
                account.move()
            else:
                account.try_now()

    def registered(self, account: PjAccount, calls: Iterable[PjCall]) -> None:
        """An account is registered from its new address: its calls are told."""
        host = account.at
        self._left += [(call, host, MOST_TRIES) for call in calls if call.account is account and host]
        self._next = self._clock.monotonic()

    def due(self, now: float) -> float | None:
        return max(0.0, self._next - now) if self._left else None

    def keep_up(self, now: float) -> None:
        """Tell the calls, and those again that could not be told."""
        if not self._left or now < self._next:
            return
        left, self._left = self._left, []
        for call, host, tries in left:
            if call.over or not call.answered or not call.isActive() or call.hung_up:
                continue
            try:
                call.move(host)
            except pj.Error as error:
                log.info("a call could not be told of the new address: %s", error.reason)
                if tries > 1:
                    self._left.append((call, host, tries - 1))
        self._next = now + AGAIN
