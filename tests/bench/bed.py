"""The bed of a measurement: one registrar, the phones at it, a capture; all ended with the ``with``."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bench.sides import Ours, Rival, Second, lean
from tests.rig.baresip import Baresip
from tests.rig.cables import Cables
from tests.rig.capture import Capture
from tests.rig.certs import Authority, Certificate
from tests.rig.kamailio import NUMBERS, Registrar
from tests.rig.lab import Lab
from tests.rig.linphone import Linphone
from tests.rig.phone import Phone

CALLEE = "bob"
"""The baresip that answers by itself."""

SETTLE = 1.0
"""Seconds of rest after the phones have registered."""


@dataclass(frozen=True)
class Bench:
    """What every measurement is given."""

    folder: Path
    authority: Authority
    certificate: Certificate
    quick: bool
    say: Callable[[str], None]

    def several(self, full: int, quick: int) -> int:
        """How often, by the kind of run."""
        return quick if self.quick else full


class Bed:
    """One registrar and phones."""

    _count = 0

    def __init__(self, bench: Bench, name: str, encryption: str = "dtls", codec: str = "pcma") -> None:
        """``encryption``: "dtls", "sdes" or "zrtp", what both phones agree on."""
        Bed._count += 1
        self.folder = bench.folder / f"{Bed._count}-{name}"
        self.folder.mkdir()
        self.encryption = encryption
        self.codec = codec
        self._bench = bench
        self._stack = ExitStack()
        self.registrar = Registrar(self.folder, bench.certificate)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.registrar)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ours(
        self,
        user: str = "alice",
        dials: str = CALLEE,
        env: Mapping[str, str] | None = None,
        sound: bool = False,
    ) -> Ours:
        """Our phone, not started. It ends with the bed. ``sound``: with cables of its own, else no device."""
        options: dict[str, Any] = {}
        if sound:
            cables = self._stack.enter_context(Cables(self.folder, f"cables-{user}"))
            options = {"playback": "ear", "capture": "mic", "alsa_config": cables.alsa_config}
        policy = "provider" if self.encryption == "sdes" else "end-to-end"
        phone = Phone(
            self.folder,
            self._bench.authority,
            registrar=self.registrar,
            user=user,
            address=Lab.address(),
            codecs=[self.codec],
            encryption=policy,
            env=env,
            **options,
        )
        self._stack.callback(shutil.rmtree, phone.socket.parent, ignore_errors=True)
        side = Ours(phone, NUMBERS[dials])
        self._stack.callback(side.stop)
        return side

    def rival(self, user: str = "carol", dials: str = CALLEE) -> Rival:
        """A baresip that calls, not started. It ends with the bed."""
        side = Rival(self._baresip(user, "manual"), dials)
        self._stack.callback(side.stop)
        return side

    def second(self, user: str = "dave", dials: str = CALLEE) -> Second:
        """A linphone that calls, not started, with sound on cables of its own. It ends with the bed."""
        side = Second(self._linphone(user, answers=False), dials)
        self._stack.callback(side.stop)
        return side

    def linphone_callee(self) -> Linphone:
        """The linphone that answers by itself, registered."""
        phone = self._linphone(CALLEE, answers=True)
        self._stack.enter_context(phone)
        self.wait_registered(CALLEE)
        return phone

    def _linphone(self, user: str, answers: bool) -> Linphone:
        cables = self._stack.enter_context(Cables(self.folder, f"cables-{user}"))
        return Linphone(
            self.folder,
            user,
            registrar=self.registrar,
            authority=self._bench.authority,
            codecs=[self.codec],
            encryption=self.encryption,
            cables=cables,
            answers=answers,
        )

    def callee(self, user: str = CALLEE) -> Baresip:
        """A baresip that answers by itself, registered."""
        phone = self._baresip(user, "auto")
        self._stack.enter_context(phone)
        self.wait_registered(user)
        return phone

    def _baresip(self, user: str, answer: str) -> Baresip:
        phone = Baresip(
            self.folder,
            user,
            registrar=self.registrar,
            authority=self._bench.authority,
            codecs=[self.codec],
            encryption=self.encryption,
            answer=answer,
        )
        return lean(phone, self.codec)

    def wait_registered(self, *users: str) -> None:
        for user in users:
            self.registrar.wait_registered(user, 15)

    def capture(self, ours: Sequence[Ours] = (), rivals: Sequence[Baresip | Linphone] = ()) -> Capture:
        """A capture of the SIP connections and of these phones' media, running."""
        options: dict[str, Any] = {
            "hosts": [side.phone.address for side in ours],
            "port_numbers": [self.registrar.tls_port],
            "port_ranges": [phone.rtp_ports for phone in rivals],
        }
        return self._stack.enter_context(Capture(self.folder, **options))

    def rest(self) -> None:
        time.sleep(SETTLE)
