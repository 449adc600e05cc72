"""The two phones of the simulator: where each keeps its things, its configuration and its command line."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.simulator.certificates import ThrowAwayAuthority

SIPS_PORT = 5061
"""Where a telephone expects calls over TLS (RFC 3261 section 19.1.2)."""

OTHER_PORTS = range(14000, 31000, 2)
"""Where that port is taken on every address: below the kernel's ephemeral range."""


@dataclass(frozen=True)
class Plan:
    """One simulated phone. ``dials`` is the speed dial of the other one.

    Each has a loopback address of its own, as phones on a desk have: in a direct call the address is all that
    says who calls (a From carries no port).
    """

    key: str
    name: str
    folder: Path
    address: str
    port: int
    dials: int

    @property
    def config(self) -> Path:
        return self.folder / "phone.toml"

    @property
    def socket(self) -> Path:
        return self.folder / "control"

    @property
    def uri(self) -> str:
        return f"sip:{self.address}:{self.port};transport=tls"

    def argv(self, daemon: Sequence[str]) -> list[str]:
        """The command line of this phone's daemon."""
        return [
            *daemon,
            *("--config", str(self.config)),
            *("--board", "simulator"),
            *("--state-dir", str(self.folder / "state")),
            *("--socket", str(self.socket)),
        ]


def prepare(folder: Path, country: str | None) -> tuple[Plan, Plan]:
    """Write certificates and configurations of both phones into ``folder``, which is private to us."""
    (first, second), port = free_addresses()
    alice = Plan("alice", "Alice", folder / "alice", first, port, dials=2)
    bob = Plan("bob", "Bob", folder / "bob", second, port, dials=1)
    authority = ThrowAwayAuthority()
    authority.write(folder / "ca.pem")
    for plan, other in ((alice, bob), (bob, alice)):
        plan.folder.mkdir(mode=0o700)
        (plan.folder / "state").mkdir(mode=0o700)
        authority.issue(plan.key, plan.address, plan.folder / "cert.pem", plan.folder / "key.pem")
        plan.config.write_text(configuration(plan, other, folder / "ca.pem", country), encoding="utf-8")
    return alice, bob


def configuration(plan: Plan, other: Plan, ca: Path, country: str | None) -> str:
    """``phone.toml`` of one phone: direct calls without an account, all else as the phone comes."""
    lines = [
        "[sip]",
        f'bind = "{plan.address}"',
        f"port = {plan.port}",
        f'ca_file = "{ca}"',
        f'cert_file = "{plan.folder / "cert.pem"}"',
        f'key_file = "{plan.folder / "key.pem"}"',
        "[audio]",
        'playback = "null"',
        'capture = "null"',
        'mixer = "null"',
        *(["[phone]", f'country = "{country}"'] if country else []),
        "[[contact]]",
        f'name = "{other.name}"',
        f'uri = "{other.uri}"',
        f"speed_dial = {plan.dials}",
    ]
    return "\n".join(lines) + "\n"


def free_addresses() -> tuple[tuple[str, str], int]:
    """Two loopback addresses, and a port that is free on both for TCP and UDP."""
    for port in (*[SIPS_PORT] * 8, *random.sample(OTHER_PORTS, k=64)):
        network = f"127.0.{random.choice(range(1, 255))}"
        addresses = f"{network}.1", f"{network}.2"
        if all(_free(address, port) for address in addresses):
            return addresses, port
    raise OSError("no free port for two phones: end other programs and try again")


def _free(address: str, port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            try:
                trial.bind((address, port))
            except OSError:
                return False
    return True
