"""The two phones of the simulator: where each keeps its things, its configuration and its command line."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.simulator.certificates import ThrowAwayAuthority

ADDRESS = "127.0.0.1"

USUAL_PORTS = (5060, 5061)
"""Where telephones expect calls. A From carries no port (RFC 3261 table 1), so the called phone finds
the caller's name only where the contact's port goes without saying."""

OTHER_PORTS = range(14000, 31000)
"""Where the usual ones are taken: below the kernel's ephemeral range. Calls work, callers have no name."""


@dataclass(frozen=True)
class Plan:
    """One simulated phone. ``dials`` is the speed dial of the other one; ``door``: the port at which the one
    in between takes calls for it, 0 for nobody in between.
    """

    key: str
    name: str
    folder: Path
    port: int
    dials: int
    door: int = 0

    @property
    def config(self) -> Path:
        return self.folder / "phone.toml"

    @property
    def socket(self) -> Path:
        return self.folder / "control"

    @property
    def updates(self) -> Path:
        """The folder of the updater's door."""
        return self.folder / "updates"

    @property
    def setup(self) -> Path:
        """The folder of the set-up page's door."""
        return self.folder / "setup"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def uri(self) -> str:
        return f"sip:{ADDRESS}:{self.door or self.port};transport=tls"

    def argv(self, daemon: Sequence[str]) -> list[str]:
        """The command line of this phone's daemon."""
        return [
            *daemon,
            *("--config", str(self.config)),
            *("--board", "simulator"),
            *("--state-dir", str(self.state)),
            *("--socket", str(self.socket)),
            *("--updates", str(self.updates)),
            *("--setup", str(self.setup)),
        ]


def prepare(
    folder: Path, country: str | None, authority: ThrowAwayAuthority | None = None, between: bool = False
) -> tuple[Plan, Plan]:
    """Write certificates and configurations of both phones into ``folder``, which is private to us.

    ``between``: calls go by doors of their own, at which somebody in between listens.
    """
    doors = free_ports()
    ports = free_ports(OTHER_PORTS) if between else doors
    alice = Plan("alice", "Alice", folder / "alice", ports[0], 2, doors[0] if between else 0)
    bob = Plan("bob", "Bob", folder / "bob", ports[1], 1, doors[1] if between else 0)
    authority = authority or ThrowAwayAuthority()
    authority.write(folder / "ca.pem")
    for plan, other in ((alice, bob), (bob, alice)):
        furnish(plan, other, folder / "ca.pem", country, authority)
    return alice, bob


def third(folder: Path, other: Plan, country: str | None, authority: ThrowAwayAuthority) -> Plan:
    """A third phone, which nobody sees: it calls ``other``."""
    carol = Plan("carol", "Carol", folder / "carol", free_ports(OTHER_PORTS)[0], dials=1)
    furnish(carol, other, folder / "ca.pem", country, authority)
    return carol


def furnish(plan: Plan, other: Plan, ca: Path, country: str | None, authority: ThrowAwayAuthority) -> None:
    """Folders, certificate and configuration of one phone."""
    plan.folder.mkdir(mode=0o700)
    (plan.folder / "state").mkdir(mode=0o700)
    plan.updates.mkdir(mode=0o700)
    plan.setup.mkdir(mode=0o700)
    authority.issue(plan.key, plan.folder / "cert.pem", plan.folder / "key.pem")
    plan.config.write_text(configuration(plan, other, ca, country), encoding="utf-8")


def configuration(plan: Plan, other: Plan, ca: Path, country: str | None, language: str = "") -> str:
    """``phone.toml`` of one phone: direct calls without an account, all else as the phone comes.

    But a call from the other phone is heard, although that one's switch stands on private at first.
    """
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
        "[privacy]",
        'anonymous_callers = "ring"',
        *(["[phone]"] if country or language else []),
        *([f'country = "{country}"'] if country else []),
        *([f'language = "{language}"'] if language else []),
        "[[contact]]",
        f'name = "{other.name}"',
        f'uri = "{other.uri}"',
        f"speed_dial = {plan.dials}",
    ]
    return "\n".join(lines) + "\n"


def free_ports(first: Sequence[int] = USUAL_PORTS) -> tuple[int, int]:
    """Two TCP ports on which nobody listens, of ``first`` if they are free."""
    candidates = (*(first if first is USUAL_PORTS else ()), *random.sample(OTHER_PORTS, k=200))
    found = [port for port in candidates if _free(port)]
    if len(found) < len(USUAL_PORTS):
        raise OSError(f"no two free ports on {ADDRESS}: end other programs and try again")
    return found[0], found[1]


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that ended do not count
        try:
            trial.bind((ADDRESS, port))
        except OSError:
            return False
    return True
