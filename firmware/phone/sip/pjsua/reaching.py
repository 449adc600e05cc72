"""Which server each request goes to: the targets of ``sip.finding``, handed to pjsip one at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pjsua2 as pj

from firmware.phone.clock import Clock
from firmware.phone.config import Account, Config
from firmware.phone.sip import uri
from firmware.phone.sip.finding.finder import Finder
from firmware.phone.sip.finding.order import Found, Hop, Target
from firmware.phone.sip.finding.server import Server
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.sip.servers import server_of, without_tls_port

log = logging.getLogger("sottovoce.sip")

MOST_SERVERS = 64
"""Names known at one time: of accounts, of contacts, and of what far ends name in their messages."""


class PjServers(pj.Finder):
    """Runs in the SIP thread. ``look`` blocks and is called in a thread of its own; ``run`` brings what it
    says into the SIP thread. ``found``: what a name stands for is known now, or that it is not.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        crash: Crash,
        look: Callable[[Hop], Found],
        run: Callable[[Callable[[], None]], None],
        found: Callable[[Hop], None],
    ) -> None:
        super().__init__()
        self.crash = crash
        self._config = config
        self._clock = clock
        self._found = found
        self._servers: dict[tuple[str, int, str], Server] = {}
        self._told: dict[Hop, Target | None] = {}
        self._finder = Finder(look, lambda hop, said: run(lambda: self._answered(hop, said)), crash)
        self._own = tuple(filter(None, config.every))
        for account in self._own:
            self._server(self.hop_of(account))

    def hop_of(self, account: Account, instead: str = "") -> Hop:
        """Where the requests of an account go; ``instead``: by another transport than its own."""
        server = server_of(account)
        if instead:
            return Hop.of(without_tls_port(server, instead), instead)
        sharing = (one for one in self._own if server_of(one) == server)
        ports = sorted({port for one in sharing for port in one.ports})
        return Hop.of(server, self._config.transport_of(account), tuple(ports))

    def hop_to(self, address: str) -> Hop:
        """Where a request to an address goes without any account."""
        to = uri.parse(address)
        return Hop.of(to, to.transport or self._config.sip.transport)

    @guarded
    def onWanted(self, host: str, port: int, transport: str) -> None:
        hop = Hop(host, port, transport)
        server = self._servers.get((host, port, transport))
        if server is None:
            try:
                uri.host_name(host)
            except ValueError:
                pj.setServer(host, port, transport, "")  # no name at all: nobody is asked
                return
            server = self._server(hop)
        self._told.pop(server.hop, None)
        self._ask(server)
        if server.targets:
            self._tell(server)

    def ready(self, hop: Hop) -> bool:
        """Whether a request may leave now. If not, ``found`` tells when, or that nothing was found."""
        server = self._server(hop)
        self._ask(server)
        self._tell(server)
        return bool(server.targets)

    def why(self, hop: Hop) -> str:
        """Why no server is known, in words."""
        return self._server(hop).why

    def target(self, hop: Hop) -> Target | None:
        return self._server(hop).target(self._clock.monotonic())

    def others(self, hop: Hop) -> bool:
        """Whether another one is there to be tried."""
        return self._server(hop).others(self._clock.monotonic())

    def failed(self, hop: Hop) -> bool:
        """The present server did not do it. True: from now on requests go to the next one."""
        server = self._server(hop)
        others = server.failed(self._clock.monotonic())
        if others:
            log.warning("a server does not answer; the next one is tried")
        self._tell(server)
        return others

    def worked(self, hop: Hop) -> None:
        server = self._server(hop)
        server.worked()
        self._ask(server)

    def network_changed(self) -> None:
        """What was known of the old network is asked for again before it is used."""
        for server in self._servers.values():
            server.ask_again()

    def close(self) -> None:
        self._finder.close()
        super().close()

    def _server(self, hop: Hop) -> Server:
        key = (hop.host.strip("[]"), hop.port, hop.transport)
        if key not in self._servers:
            own = len(self._own)
            while len(self._servers) >= MOST_SERVERS:
                forgotten = self._servers.pop(list(self._servers)[own])
                self._told.pop(forgotten.hop, None)
                pj.setServer(forgotten.hop.host, forgotten.hop.port, forgotten.hop.transport, "")
            self._servers[key] = Server(hop)
        return self._servers[key]

    def _ask(self, server: Server) -> None:
        if server.stale(self._clock.monotonic()) or not server.targets:
            self._finder.ask(server.hop)

    def _answered(self, hop: Hop, said: Found) -> None:
        server = self._server(hop)
        server.answered(said, self._clock.monotonic())
        if said.silent and server.targets:
            log.warning("the name server does not answer; what it said last still counts")
        if not server.targets:
            self._told.pop(hop, None)
        self._tell(server, waiting=True)
        self._found(hop)

    def _tell(self, server: Server, waiting: bool = False) -> None:
        """Hand the present target over. ``waiting``: without any, what waits for it fails."""
        hop = server.hop
        if hop.literal is not None:
            return
        target = server.target(self._clock.monotonic())
        if target is None and not waiting:
            return
        if target != self._told.get(hop) or waiting:
            pj.setServer(hop.host, hop.port, hop.transport, str(target or ""))
            self._told[hop] = target
