"""Somebody to look for: an account, a machine and a board whose names occur nowhere by chance.

who = Identity.random()
registrar = lab.registrar(**who.account())
phone = lab.phone(who.user, **who.phone(folder))
oracle = Oracle(who.secrets())
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rig.kamailio import NUMBERS, USERS
from tests.rig.oracle import Secret, address_secrets, name_secrets

ROOT = Path(__file__).resolve().parents[2]

PRODUCT = ("sottovoce", "pjsip", "pjmedia", "pjproject", "pjsua")
"""Words of the model: maker and library."""


@dataclass(frozen=True)
class Identity:
    """Who one is and on what; all of it is unknown to the far end of a private call."""

    user: str
    number: str
    """What others dial to reach this person, so that they need not know the user's name."""
    display_name: str
    auth_user: str
    password: str
    host_name: str
    machine_user: str
    model: str
    """The board's title."""

    @classmethod
    def random(cls) -> Identity:
        """New names, ten letters and four digits each: no two runs have the same."""
        return cls(
            user=_word(),
            number="3" + "".join(random.choices("123456789", k=10)),
            display_name=f"{_word().title()} {_word().title()}",
            auth_user=_word(),
            password=_word(),
            host_name=_word(),
            machine_user=_word(),
            model=_word(),
        )

    def phone(self, folder: Path) -> dict[str, Any]:
        """Arguments of ``Phone``: the account, a board and a machine with these names."""
        board = folder / "board.toml"
        source = (ROOT / "board" / "simulator" / "board.toml").read_text()
        board.write_text(source.replace('title = "Simulator"', f'title = "{self.model}"'))
        names = {"RIG_HOST_NAME": self.host_name, "RIG_MACHINE_USER": self.machine_user}
        names |= {"USER": self.machine_user, "LOGNAME": self.machine_user, "HOSTNAME": self.host_name}
        return {
            "auth_user": self.auth_user,
            "display_name": self.display_name,
            "board": board,
            "env": names | {"RIG_EGRESS": str(egress(folder))} | {"LD_PRELOAD": str(false_machine(folder))},
        }

    def traces(self) -> list[Secret]:
        """What a phone that talked with this person must not keep."""
        return [Secret("user", self.user), Secret("number", self.number)]

    def secrets(self, version: str, addresses: Mapping[str, str] | None = None) -> list[Secret]:
        """All that the far end must not learn.

        Args:
            version: of the firmware.
            addresses: what each is -> IP address; only where a relay hides them.
        """
        found = [
            Secret("user", self.user),
            *name_secrets("display name", self.display_name),
            Secret("digest user", self.auth_user),
            Secret("password", self.password),
            Secret("host name", self.host_name),
            Secret("user of the machine", self.machine_user),
            Secret("model", self.model),
            *(Secret("product", word) for word in PRODUCT),
            Secret("version", version),
            *machine_secrets(),
        ]
        for name, address in (addresses or {}).items():
            found += address_secrets(name, address)
        return found


def accounts(who: Identity, *peers: Identity) -> dict[str, Any]:
    """Arguments of ``Registrar``: these people beside alice, bob, carol and dave.

    ``who`` logs in as ``auth_user``, the peers under their own names.
    """
    people = (who, *peers)
    return {
        "users": {**USERS, **{person.user: person.password for person in people}},
        "numbers": {**NUMBERS, **{person.user: person.number for person in people}},
        "logins": {who.user: who.auth_user},
    }


def machine_secrets() -> list[Secret]:
    """The real machine's identifiers: machine id and the MAC address of each interface that has one."""
    found = []
    for file in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"), *_INTERFACES.glob("*/address")):
        text = file.read_text().strip() if file.is_file() else ""
        octets = bytes.fromhex(text.replace(":", ""))
        if any(octets):
            found.append(Secret("machine id" if "machine-id" in file.name else "MAC", octets=octets))
    return found


_INTERFACES = Path("/sys/class/net")


def egress(folder: Path) -> Path:
    """Where a phone that was started in ``folder`` notes each address and each name that it turned to."""
    return folder / "egress"


def false_machine(folder: Path) -> Path:
    """Compile ``false_machine.c`` into ``folder`` and return the library."""
    made = folder / "false_machine.so"
    source = Path(__file__).with_name("false_machine.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", made, source, "-ldl"], check=True)
    return made


def _word() -> str:
    letters = "".join(random.choices("bcdfghjklmnpqrstvwxz", k=10))
    return letters + "".join(random.choices("23456789", k=4))
