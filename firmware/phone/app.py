"""The composition root: builds drivers, SIP engine, display and loop; starts them in order, stops in reverse.

Nothing else in the house knows which concrete drivers are in use.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import network
from firmware.phone.audio import countries
from firmware.phone.audio.base import Audio
from firmware.phone.audio.fake import FakeAudio
from firmware.phone.audio.volume import Volumes
from firmware.phone.board import Board
from firmware.phone.book.puller import Puller
from firmware.phone.checking import Checking
from firmware.phone.clock import SystemClock
from firmware.phone.comparing import Comparing
from firmware.phone.config import Config
from firmware.phone.control import Control
from firmware.phone.display.base import Display
from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.painter import Painter
from firmware.phone.door import Door
from firmware.phone.errors import HardwareError
from firmware.phone.gpio import Gpio
from firmware.phone.health.base import BoardHealth
from firmware.phone.health.fake import FakeHealth
from firmware.phone.keypad.base import Keypad
from firmware.phone.keypad.fake import FakeKeypad
from firmware.phone.lights.base import Lights
from firmware.phone.lights.fake import FakeLights
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.requests import Requests
from firmware.phone.setting_up.configuration import Configuration
from firmware.phone.setting_up.door import SetupDoor
from firmware.phone.setting_up.passwords import Passwords
from firmware.phone.setting_up.period import Period
from firmware.phone.simulated import Simulated
from firmware.phone.sip.base import SipEngine
from firmware.phone.storage import Storage
from firmware.phone.switches.base import Switches
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.trying import Trying, self_call
from firmware.phone.values import Loudspeaker, Part
from firmware.phone.version import versions
from firmware.phone.voice.base import Voice
from firmware.phone.voice.espeak import EspeakVoice
from firmware.phone.voice.fake import FakeVoice

log = logging.getLogger("sottovoce.app")

STOP_LIMIT = 2.0
"""Seconds for BYE and un-REGISTER on the way out; systemd and the user wait no longer."""

NO_SOUND = "null"
STUCK = "stuck: {}; free the key, or look what lies on it"


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
        health: BoardHealth,
        comparing: Comparing,
        puller: Puller,
        checking: Checking,
        voice: Voice,
        wake_updater: Callable[[], None] = lambda: None,
        test_self: Callable[[], None] = lambda: None,
        start_anew: Callable[[], None] = lambda: None,
        period: Period | None = None,
    ) -> None:
        self.period = period or Period(None, lambda: "")
        self.wake_updater = wake_updater
        self.test_self = test_self
        self.start_anew = start_anew
        self.sip = sip
        self.audio = audio
        self.painter = painter
        self.keypad = keypad
        self.switches = switches
        self.lights = lights
        self.storage = storage
        self._volumes = Volumes()
        self.health = health
        self.comparing = comparing
        self.puller = puller
        self.checking = checking
        self.voice = voice

    def carry_out(self, command: do.Command) -> None:
        match command:
            case do.Show(screen, look):
                self.painter.show(screen, look)
            case do.PlayTone(tone):
                self.audio.tone(tone)
            case do.OpenVoice():
                self.audio.lend(True)
                self._tell_gain()
                self.sip.execute(command)
            case do.CloseVoice():
                self.sip.execute(command)
                self.audio.lend(False)
            case do.SetVolumes(volumes):
                self._volumes = volumes
                self._tell_gain()
            case do.Ring(on=ring, melody=melody):
                self.audio.ring(ring, melody)
            case do.SetLight(light, pattern):
                self.lights.show(light, pattern)
            case (
                do.Remember()
                | do.KeepGrants()
                | do.KeepPlace()
                | do.KeepReached()
                | do.KeepVolumes()
                | do.KeepBook()
                | do.KeepLock()
                | do.KeepPersonal()
                | do.FactoryReset()
                | do.Expire()
                | do.Wipe()
            ):
                self.storage.carry_out(command)
            case do.WakeUpdater():
                self.wake_updater()
            case do.CompareKeys():
                self.comparing.carry_out(command)
            case do.Say():
                self.voice.say(command)
            case do.Speak(samples, aloud):
                self.audio.speak(samples, aloud)
            case do.TestSelf():
                self.test_self()
            case do.StartAnew():
                self.start_anew()
            case do.BeginSetup() | do.KeepSetup() | do.EndSetup():
                self.period.carry_out(command)
            case do.CheckPin() | do.MakePin():
                self.checking.carry_out(command)
            case do.PullBook():
                self.puller.carry_out(command)
            case _:
                self.sip.execute(command)

    def _tell_gain(self) -> None:
        """Turn the mixer to the voice, and have the engine do what it cannot."""
        self.sip.execute(do.SetReceiveGain(self.audio.volumes(self._volumes)))


class Phone:
    """One telephone, put together from its configuration and its board.

    ``run`` works until SIGTERM or SIGINT. It raises ConfigError, SipError or HardwareError when the phone
    cannot start, and whatever a thread died of.
    """

    def __init__(
        self,
        config: Config,
        board: Board,
        state_dir: Path,
        socket: Path,
        config_path: Path | None = None,
        updates: Path | None = None,
        setup: Path | None = None,
    ) -> None:
        """``config_path``: where ``config`` was read, for the call to itself. ``updates``: the folder of the
        updater's door; None: there is no updater. ``setup``: that of the page for setting up.
        """
        self._notifier = Notifier()
        clock = SystemClock()
        crash: Callable[[BaseException], None] = lambda error: self.loop.crash(error)  # noqa: E731
        contacts = frozenset(contact.uri for contact in config.contacts)
        puller = Puller(config, clock, crash)
        hours, lock = config.privacy.history_hours, config.phone.lock
        storage = Storage(state_dir, hours, clock, crash, contacts, puller.names, lock)
        sip = _sip(config, board, clock, crash, storage)
        gpio = Gpio(socket.parent, board.gpio.chip)
        keypad, switches, lights = self._keypad(board, gpio), _switches(board, gpio), _lights(board, gpio)
        painter = Painter(
            _display(board, config, gpio),
            lambda trouble: self.loop.post(on.DisplayChanged(trouble)),
            crash=crash,
        )
        audio = _audio(config, board, lambda of, trouble: self.loop.post(on.SoundChanged(of, trouble)))
        health, comparing = _health(board), Comparing(crash)
        found = versions()
        bind = config.sip.bind
        trying = Trying(
            self_call(config_path), lambda: network.trouble(bind), lambda: _microphone(config.audio.capture)
        )
        self._door = None if updates is None else Door(updates, found["sottovoce"], trying.begin)
        self._settings = Configuration(config_path, Passwords(state_dir))
        self._setup = None if setup is None else SetupDoor(setup, self._settings, crash)
        self.hands = Hands(
            sip,
            audio,
            painter,
            keypad,
            switches,
            lights,
            storage,
            health,
            comparing,
            puller,
            Checking(crash),
            FakeVoice() if isinstance(audio, FakeAudio) else EspeakVoice(crash),
            self._wake_updater,
            lambda: self._test_self(trying),
            lambda: self.loop.stop(),
            Period(setup, lambda: network.own_address(bind)),
        )
        rules = Rules.of(config, tuple(found.items()))
        self.loop = Loop(rules, clock, self.hands, self._notifier)
        simulated = None
        if isinstance(keypad, FakeKeypad) and isinstance(switches, FakeSwitches):
            simulated = Simulated(keypad, switches, health if isinstance(health, FakeHealth) else None)
        test: Callable[[Loop], object] = lambda loop: trying.begin(loop, asked=True)  # noqa: E731
        requests = Requests(board.name, found, simulated, storage.settle, test)
        requests.serve(self.loop)
        self._control = Control(socket, self.loop, requests, crash)
        self._updater = Control(self._door.socket, self.loop, self._door, crash, True) if self._door else None
        self._page = Control(self._setup.socket, self.loop, self._setup, crash, True) if self._setup else None
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
        hands.comparing.start(post)
        stack.callback(hands.comparing.stop)
        hands.puller.start(post)
        stack.callback(hands.puller.stop)
        hands.voice.start(post)
        stack.callback(hands.voice.stop)
        hands.checking.start(post)
        stack.callback(hands.checking.stop)
        hands.audio.start()
        stack.callback(hands.audio.stop)
        with self._tolerated(Part.LIGHTS):
            hands.lights.start()
            stack.callback(hands.lights.stop)
        self._control.start()
        stack.callback(self._control.stop)
        hands.sip.start(post)
        stack.callback(hands.sip.stop, STOP_LIMIT)
        if self._updater is not None and self._door is not None:
            self._updater.start()
            stack.callback(self._updater.stop)
            self._door.start()
        if self._page is not None and self._setup is not None:
            self._settings.started()
            hands.period.start(post)  # before anybody can ask whether the page is open
            stack.callback(self._setup.stop)
            self._page.start()
            stack.callback(self._page.stop)
        with self._tolerated(Part.SWITCHES):
            hands.switches.start(post)
            stack.callback(hands.switches.stop)
        with self._tolerated(Part.KEYPAD):
            hands.keypad.start(post)
            stack.callback(hands.keypad.stop)
        hands.health.start(post)
        stack.callback(hands.health.stop)

    def _test_self(self, trying: Trying) -> None:
        def told(done: Future[dict[str, Any]]) -> None:
            tests = tuple((one["test"], one["ok"], one["text"]) for one in done.result()["tests"])
            self.loop.post(on.SelfTested(tests))

        trying.begin(self.loop).add_done_callback(told)

    def _wake_updater(self) -> None:
        if self._door is None:
            return
        try:
            self._door.wake()
        except OSError as error:
            log.error("the updater cannot be woken: %s", error.strerror)

    def _keypad(self, board: Board, gpio: Gpio) -> Keypad:
        if board.keypad.kind == "simulated":
            return FakeKeypad()
        from firmware.phone.keypad.gpio import GpioKeypad

        def on_stuck(keys: str) -> None:
            self.loop.post(on.PartChanged(Part.KEYPAD, STUCK.format(keys) if keys else "", keys))

        return GpioKeypad(board.keypad, gpio, on_stuck=on_stuck)

    @contextlib.contextmanager
    def _tolerated(self, part: Part) -> Iterator[None]:
        """What is missing must not keep incoming calls from ringing; an unread switch is private."""
        try:
            yield
        except HardwareError as error:
            log.error("%s", error)
            self.loop.post(on.PartChanged(part, str(error)))


def _sip(
    config: Config,
    board: Board,
    clock: SystemClock,
    crash: Callable[[BaseException], None],
    storage: Storage,
) -> SipEngine:
    from firmware.phone.sip.pjsua.engine import PjsuaEngine

    return PjsuaEngine(config, clock, crash, storage.secrets, storage.certificates, board.audio)


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


def _health(board: Board) -> BoardHealth:
    if board.health.kind != "kernel":
        return FakeHealth()
    from firmware.phone.health.kernel import KernelHealth

    return KernelHealth(board.health.throttles_at)


def _display(board: Board, config: Config, gpio: Gpio) -> Display:
    spec = board.display
    if spec.kind in ("simulated", "none"):
        return FakeDisplay()
    from firmware.phone.display.oled import I2c, OledDisplay, Spi

    kind, _, wire = spec.kind.partition("-")
    if wire == "spi":
        bus: I2c | Spi = Spi(gpio, spec.dc, spec.reset, port=spec.port, device=spec.device, mhz=spec.mhz)
    else:
        bus = I2c(spec.bus, spec.address)
    contrast = round(config.display.brightness * 2.55)
    return OledDisplay(kind, bus, rotate=spec.rotate, contrast=contrast)


def _microphone(capture: str) -> str:
    if capture == NO_SOUND:
        return ""
    from firmware.phone.audio.alsa import microphone_trouble

    return microphone_trouble(capture)


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
        melody=config.phone.melody,
    )
