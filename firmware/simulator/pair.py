"""The two phones of the simulator: where each keeps its things, its configuration and its command line."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.simulator.certificates import ThrowAwayAuthority

ADDRESS = "127.0.0.1"
PORTS = range(14000, 31000, 2)
"""Below the kernel's ephemeral range, so that no outgoing connection takes a phone's port between two starts."""


@dataclass(frozen=True)
class Plan:
    """One simulated phone. ``dials`` is the speed dial of the other one."""

    key: str
    name: str
    folder: Path
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
        return f"sip:{self.key}@{ADDRESS}:{self.port};transport=tls"

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
    ports = free_ports(2)
    alice = Plan("alice", "Alice", folder / "alice", ports[0], dials=2)
    bob = Plan("bob", "Bob", folder / "bob", ports[1], dials=1)
    authority = ThrowAwayAuthority()
    authority.write(folder / "ca.pem")
    for plan, other in ((alice, bob), (bob, alice)):
        plan.folder.mkdir(mode=0o700)
        (plan.folder / "state").mkdir(mode=0o700)
        authority.issue(plan.key, plan.folder / "cert.pem", plan.folder / "key.pem")
        plan.config.write_text(configuration(plan, other, folder / "ca.pem", country), encoding="utf-8")
    return alice, bob


def configuration(plan: Plan, other: Plan, ca: Path, country: str | None) -> str:
    """``phone.toml`` of one phone: direct calls without an account, all else as the phone comes."""
    lines = [
        "[sip]",
        f'bind = "{ADDRESS}"',
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


def free_ports(count: int) -> list[int]:
    """``count`` ports free for TCP and UDP, each with the port above it."""
    found: list[int] = []
    for port in random.sample(PORTS, k=200):
        if _free(port) and _free(port + 1):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports on {ADDRESS}: end other programs and try again")


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            try:
                trial.bind((ADDRESS, port))
            except OSError:
                return False
    return True
