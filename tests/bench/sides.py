"""The two sides with one face: our phone and the rival, each with a key pressed at a known moment.

Ours is pressed by one line to its control socket, as ``sotto sim key`` and the page do; the rival by one line
to its control port. The start of the ``sotto`` process is no part of a telephone and is left out.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from tests.bench.wire import End
from tests.rig import wavefile
from tests.rig.baresip import AUDIO_FORMAT, Baresip
from tests.rig.linphone import Linphone
from tests.rig.phone import Phone
from tests.rig.ports import LOOPBACK
from tests.rig.processes import RigError

LONGEST_CALL_S = 60
"""Seconds of silence that a baresip has to say; the end of it would end the call."""

PATIENCE = 10.0
"""Seconds to wait for an answer or a state."""


class Control:
    """One connection to the control socket of our phone."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def send(self, command: str, **args: Any) -> float:
        """Send one request; the moment just before."""
        line = json.dumps({"command": command, "args": args}).encode() + b"\n"
        now = time.time()
        self._socket.sendall(line)
        return now

    def read(self) -> dict[str, Any]:
        """The next line.

        Raises:
            RigError: the phone hung up.
        """
        line = self._lines.readline()
        if not line:
            raise RigError("the phone closed its control socket")
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, command: str, **args: Any) -> Any:
        """Send, and return the result.

        Raises:
            RigError: refused.
        """
        self.send(command, **args)
        return self.answer(command)

    def answer(self, command: str) -> Any:
        """The result of what was sent before."""
        answer = self.read()
        if not answer.get("ok"):
            raise RigError(f"{command} was refused: {answer.get('error')}")
        return answer["result"]

    def until(self, fits: Callable[[dict[str, Any]], bool], what: str) -> None:
        """After ``watch``: read events until one fits."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if fits(self.read()):
                return
        raise RigError(f"waited {PATIENCE:g} s in vain for {what}")


class Side(Protocol):
    """What a measurement needs of a phone that calls."""

    name: str
    end: End

    @property
    def pid(self) -> int: ...

    def prepare(self) -> None:
        """All that comes before the key that places the call."""

    def press(self) -> float:
        """Press that key; the moment just before, in seconds since the epoch."""
        ...

    def digit(self) -> float:
        """Press a digit in a call; the moment just before."""
        ...

    def wait_keys(self) -> None:
        """Wait until it has the keys of the call that it placed, as far as it tells."""

    def hang_up(self) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Ours:
    """Our phone, which dials ``number`` and then the key #."""

    name = "ours"

    def __init__(self, phone: Phone, number: str) -> None:
        self.phone = phone
        self.end = End(phone.address)
        self._number = number
        self._control: Control | None = None

    @property
    def pid(self) -> int:
        return self.phone.process.pid

    @property
    def control(self) -> Control:
        """The connection, made on first use."""
        if self._control is None:
            self._control = Control(self.phone.socket)
        return self._control

    def start(self) -> None:
        self.phone.start(ready=False)

    def stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        self.phone.stop()

    def prepare(self) -> None:
        self.control.ask("sim", what="hook", position="up")
        self.control.ask("sim", what="key", keys=list(self._number))

    def press(self) -> float:
        return self._key("#")

    def digit(self) -> float:
        return self._key("5")

    def _key(self, key: str) -> float:
        pressed = self.control.send("sim", what="key", keys=[key])
        self.control.answer("key")
        return pressed

    def wait_keys(self) -> None:
        """Nothing: it sends no packet before."""

    def hang_up(self) -> None:
        self.control.ask("sim", what="hook", position="down")


class Rival:
    """A baresip, which dials a SIP URI."""

    name = "rival"

    def __init__(self, phone: Baresip, target: str) -> None:
        self.phone = phone
        self.end = end_of(phone)
        self._target = target
        self._mark = 0

    @property
    def pid(self) -> int:
        return self.phone.process.pid

    def start(self) -> None:
        self.phone.start()

    def stop(self) -> None:
        self.phone.stop()

    def prepare(self) -> None:
        """Nothing: it is given the whole number with the key."""

    def press(self) -> float:
        self._mark = self.phone.mark()
        now = time.time()
        self.phone.dial(self._target)
        return now

    def digit(self) -> float:
        now = time.time()
        self.phone.send_dtmf("5")
        return now

    def wait_keys(self) -> None:
        self.phone.wait_encrypted(since=self._mark)

    def hang_up(self) -> None:
        self.phone.hangup()


class Second:
    """A linphone, which dials a SIP URI; the second rival."""

    name = "second"

    def __init__(self, phone: Linphone, target: str) -> None:
        self.phone = phone
        self.end = end_of_linphone(phone)
        self._target = target

    @property
    def pid(self) -> int:
        return self.phone.process.pid

    def start(self) -> None:
        self.phone.start()

    def stop(self) -> None:
        self.phone.stop()

    def prepare(self) -> None:
        """Nothing: it is given the whole number with the key."""

    def press(self) -> float:
        now = time.time()
        self.phone.dial(self._target)
        return now

    def digit(self) -> float:
        now = time.time()
        self.phone.send_dtmf("5")
        return now

    def wait_keys(self) -> None:
        self.phone.wait_secured()

    def hang_up(self) -> None:
        self.phone.hangup()


def end_of_linphone(phone: Linphone) -> End:
    """Where a linphone's media comes from."""
    first, count = phone.rtp_ports
    return End(LOOPBACK, range(first, first + count))


def end_of(phone: Baresip) -> End:
    """Where a baresip's media comes from."""
    first, count = phone.rtp_ports
    return End(phone.address, range(first, first + count))


def lean(phone: Baresip, codec: str) -> Baresip:
    """Without what only the rig's tests want: the filter that writes every frame to a file, and most of the
    file of silence that it speaks and keeps in memory as a whole.
    """
    config = phone.folder / "config"
    config.write_text(config.read_text().replace("module sndfile.so\n", ""))
    wavefile.silence(phone.folder / "silence.wav", *AUDIO_FORMAT[codec], LONGEST_CALL_S)
    return phone
