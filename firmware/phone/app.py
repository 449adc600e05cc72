"""The composition root: builds drivers, SIP engine, display and loop; starts them in order, stops in reverse.

Nothing else in the house knows which concrete drivers are in use.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio import countries
from firmware.phone.audio.base import Audio
from firmware.phone.audio.fake import FakeAudio
from firmware.phone.board import Board
from firmware.phone.clock import SystemClock
from firmware.phone.config import Config
from firmware.phone.control import Control
from firmware.phone.display.base import Display
from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.painter import Painter
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from firmware.phone.keypad.base import Keypad
from firmware.phone.keypad.fake import FakeKeypad
from firmware.phone.lights.base import Lights
from firmware.phone.lights.fake import FakeLights
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.requests import Requests
from firmware.phone.simulated import Simulated
from firmware.phone.sip.base import Secrets, SipEngine
from firmware.phone.storage import Storage
from firmware.phone.switches.base import Switches
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.values import Loudspeaker
from firmware.phone.version import versions

log = logging.getLogger("sottovoce.app")

STOP_LIMIT = 2.0
"""Seconds for BYE and un-REGISTER on the way out; systemd and the user wait no longer."""

NO_SOUND = "null"


class Hands:
    """The drivers, and which of them carries out which command (``loop.Drivers``)."""

    def __init__(
        self,
        sip: SipEngine,
        audio: Audio,
        painter: Painter,
        keypad: Keypad,
        switches: Switches,
        lights: Lights,
        storage: Storage,
    ) -> None:
        self.sip = sip
        self.audio = audio
        self.painter = painter
        self.keypad = keypad
        self.switches = switches
        self.lights = lights
        self.storage = storage

    def carry_out(self, command: do.Command) -> None:
        match command:
            case do.Show(screen):
                self.painter.show(screen)
            case do.PlayTone(tone):
                self.audio.tone(tone)
            case do.OpenVoice():
                self.audio.lend(True)
                self.sip.execute(command)
            case do.CloseVoice():
                self.sip.execute(command)
                self.audio.lend(False)
            case do.Ring(on=ring):
                self.audio.ring(ring)
            case do.SetLight(light, pattern):
                self.lights.show(light, pattern)
            case do.Remember() | do.KeepGrants() | do.KeepPlace() | do.Expire() | do.Wipe():
                self.storage.carry_out(command)
            case _:
                self.sip.execute(command)


class Phone:
    """One telephone, put together from its configuration and its board.

    ``run`` works until SIGTERM or SIGINT. It raises ConfigError, SipError or HardwareError when the phone
    cannot start, and whatever a thread died of.
    """

    def __init__(self, config: Config, board: Board, state_dir: Path, socket: Path) -> None:
        self._notifier = Notifier()
        clock = SystemClock()
        crash: Callable[[BaseException], None] = lambda error: self.loop.crash(error)  # noqa: E731
        contacts = frozenset(contact.uri for contact in config.contacts)
        storage = Storage(state_dir, config.privacy.history_hours, clock, crash, contacts)
        sip = _sip(config, clock, crash, storage.secrets, storage.certificates)
        gpio = Gpio(socket.parent, board.gpio.chip)
        keypad, switches, lights = _keypad(board, gpio), _switches(board, gpio), _lights(board, gpio)
        painter = Painter(
            _display(board), lambda trouble: self.loop.post(on.DisplayChanged(trouble)), crash=crash
        )
        audio = _audio(config, board, lambda of, trouble: self.loop.post(on.SoundChanged(of, trouble)))
        self.hands = Hands(sip, audio, painter, keypad, switches, lights, storage)
        found = versions()
        rules = Rules.of(config, tuple(found.items()))
        self.loop = Loop(rules, clock, self.hands, self._notifier)
        simulated = None
        if isinstance(keypad, FakeKeypad) and isinstance(switches, FakeSwitches):
            simulated = Simulated(keypad, switches)
        requests = Requests(board.name, found, simulated, storage.settle)
        requests.serve(self.loop)
        self._control = Control(socket, self.loop, requests, crash)
        threading.excepthook = lambda args: crash(args.exc_value or RuntimeError(str(args.exc_type)))

    def run(self) -> None:
        with contextlib.ExitStack() as stack:
            self._start(stack)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.loop.stop())
            self._notifier.ready()
            log.info("ready")
            self.loop.run()
            self._notifier.stopping()
            log.info("stopping")

    def _start(self, stack: contextlib.ExitStack) -> None:
        """Start in order; ``stack`` stops in reverse."""
        hands, post = self.hands, self.loop.post
        hands.painter.start()
        stack.callback(hands.painter.stop)
        hands.storage.start(post)
        stack.callback(hands.storage.stop)
        hands.audio.start()
        stack.callback(hands.audio.stop)
        with _tolerated():
            hands.lights.start()
            stack.callback(hands.lights.stop)
        self._control.start()
        stack.callback(self._control.stop)
        hands.sip.start(post)
        stack.callback(hands.sip.stop, STOP_LIMIT)
        for start, stop in (
            (hands.switches.start, hands.switches.stop),
            (hands.keypad.start, hands.keypad.stop),
        ):
            with _tolerated():
                start(post)
                stack.callback(stop)


@contextlib.contextmanager
def _tolerated() -> Iterator[None]:
    """A missing keypad or switch must not keep incoming calls from ringing; an unread switch is private."""
    try:
        yield
    except HardwareError as error:
        log.error("%s", error)


def _sip(
    config: Config,
    clock: SystemClock,
    crash: Callable[[BaseException], None],
    secrets: Secrets,
    certificates: Secrets,
) -> SipEngine:
    from firmware.phone.sip.pjsua.engine import PjsuaEngine

    return PjsuaEngine(config, clock, crash, secrets, certificates)


def _keypad(board: Board, gpio: Gpio) -> Keypad:
    if board.keypad.kind == "simulated":
        return FakeKeypad()
    from firmware.phone.keypad.gpio import GpioKeypad

    return GpioKeypad(board.keypad, gpio)


def _switches(board: Board, gpio: Gpio) -> Switches:
    if board.switches.kind == "simulated":
        return FakeSwitches()
    from firmware.phone.switches.gpio import GpioSwitches

    return GpioSwitches(board.switches, gpio)


def _lights(board: Board, gpio: Gpio) -> Lights:
    if board.lights.kind == "simulated":
        return FakeLights()
    from firmware.phone.lights.gpio import GpioLights

    return GpioLights(board.lights, gpio)


def _display(board: Board) -> Display:
    spec = board.display
    if spec.kind in ("simulated", "none"):
        return FakeDisplay()
    from firmware.phone.display.oled import OledDisplay

    return OledDisplay(spec.kind, bus=spec.bus, address=spec.address, rotate=spec.rotate)


def _audio(config: Config, board: Board, on_trouble: Callable[[Loudspeaker, str], None]) -> Audio:
    audio = config.audio
    if audio.playback == audio.ringer == NO_SOUND:
        return FakeAudio()
    from firmware.phone.audio.alsa import AlsaAudio

    spec = board.audio
    return AlsaAudio(
        audio.playback,
        audio.ringer,
        audio.mixer,
        config.phone.country if config.phone.country in countries.COUNTRIES else countries.DEFAULT,
        period_ms=spec.period_ms,
        periods=spec.periods,
        on_trouble=on_trouble,
    )
