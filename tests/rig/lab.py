"""One test's set of servers and phones, started as the test asks for them, ended in reverse when it is over.

    def test_call(lab):
        registrar = lab.registrar()
        bob, phone = lab.baresip("bob", codecs=["g722"]), lab.phone()

Every part starts at once and is ready when it is returned; ``explain`` gathers what they all have to say.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from tests.rig.baresip import AUDIO_FORMAT, Baresip
from tests.rig.cables import Cables
from tests.rig.capture import Capture
from tests.rig.certs import Authority, Certificate
from tests.rig.kamailio import Registrar
from tests.rig.linphone import Linphone
from tests.rig.peer_secrets import key_logger
from tests.rig.phone import Phone
from tests.rig.sipp import Sipp
from tests.rig.speech import Talker
from tests.rig.tls_server import TlsServer


@dataclass(frozen=True)
class Kit:
    """What is made once for all tests of a run."""

    authority: Authority
    certificate: Certificate
    """The registrar's."""
    near: Talker
    """Speaks into our phone."""
    far: Talker
    """Speaks at the other end."""
    key_logger: Path

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Certificates, voices and the key logger, made in ``folder``."""
        authority = Authority.create(folder / "ca")
        return cls(
            authority,
            authority.registrar(),
            Talker(folder, "near"),
            Talker(folder, "far"),
            key_logger(folder),
        )


class Part(Protocol):
    """A part of the lab."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def explain(self) -> str:
        """What it has to say about a failure."""


P = TypeVar("P", bound=Part)


class Lab:
    """Makes and starts the parts of a test; a context manager."""

    _phones = 0

    def __init__(self, folder: Path, kit: Kit) -> None:
        """``folder`` gets everything that the parts write."""
        self.folder = folder
        self.kit = kit
        self._stack = ExitStack()
        self._parts: list[Part] = []
        self._registrar: Registrar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def explain(self) -> str:
        """All logs, for a failure."""
        return "\n\n".join(part.explain() for part in self._parts)

    def add(self, part: P) -> P:
        """Start a part of any kind and end it with the test."""
        self._parts.append(part)
        self._stack.enter_context(part)
        return part

    def registrar(self, **options: Any) -> Registrar:
        """A kamailio, where those made after it register."""
        self._registrar = Registrar(self.folder, options.pop("certificate", self.kit.certificate), **options)
        return self.add(self._registrar)

    def baresip(self, user: str = "bob", **options: Any) -> Baresip:
        """A baresip that says the far talker's sentences, registered; it logs its secrets."""
        codec = options.setdefault("codecs", ["opus"])[0]
        options.setdefault("says", self.kit.far.file(*AUDIO_FORMAT[codec]))
        options.setdefault("registrar", self._registrar)
        options.setdefault("key_logger", self.kit.key_logger)
        phone = self.add(Baresip(self.folder, user, authority=self.kit.authority, **options))
        if options["registrar"] is not None and options.get("register", True):
            phone.wait_registered()
        return phone

    def linphone(self, user: str = "bob", **options: Any) -> Linphone:
        """A linphone, registered."""
        options.setdefault("registrar", self._registrar)
        phone = self.add(Linphone(self.folder, user, authority=self.kit.authority, **options))
        if options["registrar"] is not None:
            phone.wait_registered()
        return phone

    def phone(self, user: str = "alice", *, cables: Cables | None = None, **options: Any) -> Phone:
        """The phone under test on an address of its own, registered if there is a registrar."""
        options.setdefault("address", self.address())
        options.setdefault("registrar", self._registrar)
        if cables is not None:
            options |= {"playback": "ear", "capture": "mic", "alsa_config": cables.alsa_config}
        phone = self.add(
            Phone(self.folder, options.pop("authority", self.kit.authority), user=user, **options)
        )
        if options["registrar"] is not None and options.get("account", True) and "proxy" not in options:
            phone.wait_registered()
        return phone

    def cables(self, name: str = "alice") -> Cables:
        """Sound cables for one phone."""
        return self.add(Cables(self.folder, name))

    def capture(self, *, of: Phone | None = None, **options: Any) -> Capture:
        """A capture, of all that comes from and goes to a phone or of given hosts and ports."""
        if of is not None:
            options["hosts"] = [*options.get("hosts", ()), of.address]
        if self._registrar is not None:
            options.setdefault("port_numbers", [self._registrar.tls_port])
        return self.add(Capture(self.folder, **options))

    def sipp(self, scenario: str, **options: Any) -> Sipp:
        """A SIPp that runs one scenario."""
        return self.add(Sipp(self.folder, scenario, **options))

    def tls_server(self, certificate: Certificate, **options: Any) -> TlsServer:
        """A TLS server that only listens."""
        return self.add(TlsServer(certificate, **options))

    @classmethod
    def address(cls) -> str:
        """A loopback address that no other phone of this machine's test runs has (as good as)."""
        cls._phones += 1
        process = os.getpid()
        return f"127.{20 + process % 200}.{process // 200 % 250}.{1 + cls._phones % 250}"
