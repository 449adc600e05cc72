"""The composition root: builds drivers, SIP engine, display and loop; starts them in order, stops in reverse.

Nothing else in the house knows which concrete drivers are in use.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import network, typed
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
from firmware.phone.language.phrase import phrase
from firmware.phone.lights.base import Lights
from firmware.phone.lights.fake import FakeLights
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.period import Period
from firmware.phone.pulse import Pulse
from firmware.phone.requests import Requests
from firmware.phone.restarts import Restarts
from firmware.phone.setting_up.configuration import Configuration
from firmware.phone.setting_up.door import SetupDoor
from firmware.phone.setting_up.passwords import Passwords
from firmware.phone.setting_up.period import Period as SetupPeriod
from firmware.phone.simulated import Simulated
from firmware.phone.sip.base import SipEngine
from firmware.phone.storage import ASKED_PATIENCE, Storage
from firmware.phone.switches.base import Switches
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.timefloor import TimeFloor
from firmware.phone.trying import Trying, self_call
from firmware.phone.values import Loudspeaker, Part
from firmware.phone.version import versions
from firmware.phone.voice.base import Voice
from firmware.phone.voice.espeak import EspeakVoice
from firmware.phone.voice.fake import FakeVoice
from firmware.phone.watchdog import LOOP, Watchdog

log = logging.getLogger("sottovoce.app")

STOP_LIMIT = 2.0
"""Seconds for BYE and un-REGISTER on the way out; systemd and the user wait no longer."""

NO_SOUND = "null"
STUCK = "stuck: {}; free the key, or look what lies on it"
HUNG = "it does not answer; the telephone starts anew when the call is over"
DISPLAY, KEYPAD = "the display", "the keypad"
"""As the watchdog calls them."""


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
        change_guest: Callable[[bool], None] = lambda begins: None,
        look_at_network: Callable[[], None] = lambda: None,
        setup: SetupPeriod | None = None,
    ) -> None:
        self.setup = setup or SetupPeriod(None, lambda: "")
        self.look_at_network = look_at_network
        self.wake_updater = wake_updater
        self.test_self = test_self
        self.start_anew = start_anew
        self.change_guest = change_guest
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
                | do.KeepFirst()
                | do.EndFirst()
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
            case do.BeginGuest() | do.EndGuest():
                self.change_guest(isinstance(command, do.BeginGuest))
            case do.LookAtNetwork():
                self.look_at_network()
            case do.BeginSetup() | do.KeepSetup() | do.EndSetup():
                self.setup.carry_out(command)
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
        period: Period | None = None,
        setup: Path | None = None,
    ) -> None:
        """``config_path``: phone.toml, where it was read. ``updates``: the folder of the updater's door;
        None: there is no updater. ``period``: where guest periods are; None: beside ``socket``.
        ``setup``: the folder of the page for setting up; None: there is no page.
        """
        self._period, self._as_guest = period or Period.beside(socket), config.as_guest
        self._turns: bool | None = None
        self._notifier = Notifier()
        clock = SystemClock()
        crash: Callable[[BaseException], None] = lambda error: self.loop.crash(error)  # noqa: E731
        self._restarts = Restarts(socket)
        self._watchdog = Watchdog(clock.monotonic, lambda: self.loop.state, self._tell_hung, self._end)
        pulse = self._watchdog.pulse
        contacts = frozenset(contact.uri for contact in config.contacts)
        puller = Puller(config, clock, crash)
        hours, lock = config.privacy.history_hours, config.phone.lock
        storage = Storage(state_dir, hours, clock, crash, contacts, puller.names, lock)
        sip = _sip(config, board, clock, crash, storage)
        gpio = Gpio(socket.parent, board.gpio.chip)
        keypad = self._keypad(board, gpio, pulse(KEYPAD))
        switches = _switches(board, gpio, pulse("the switches", patient=False))
        lights = _lights(board, gpio)
        painter = Painter(
            _display(board, config, gpio),
            lambda trouble: self.loop.post(on.DisplayChanged(trouble)),
            crash=crash,
            pulse=pulse(DISPLAY),
        )
        sounds: Callable[[Loudspeaker, str], None] = lambda of, why: self.loop.post(  # noqa: E731
            on.SoundChanged(of, why)
        )
        audio = _audio(config, board, sounds, pulse)
        health, comparing = _health(board), Comparing(crash)
        found = versions()
        bind = config.sip.bind
        trying = Trying(
            self_call(config.source), lambda: network.trouble(bind), lambda: _microphone(config.audio.capture)
        )
        self._door = None if updates is None else Door(updates, found["sottovoce"], trying.begin)
        self._settings = Configuration(config_path, Passwords(state_dir), state_dir)
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
            self._change_guest,
            lambda: self.loop.post(on.NetworkSeen(*network.standing())),
            SetupPeriod(setup, lambda: network.own_address(bind)),
        )
        rules = Rules.of(config, tuple(found.items()))
        rules = replace(
            rules,
            untouched=typed.untouched(config),
            to_test=typed.to_test(config, state_dir),
            providers=typed.providers() if typed.untouched(config) else rules.providers,
        )
        self.loop = Loop(rules, clock, self.hands, self._notifier)
        simulated = None
        if isinstance(keypad, FakeKeypad) and isinstance(switches, FakeSwitches):
            simulated = Simulated(keypad, switches, health if isinstance(health, FakeHealth) else None)
        test: Callable[[Loop], object] = lambda loop: trying.begin(loop, asked=True)  # noqa: E731
        requests = Requests(board.name, found, simulated, lambda: storage.settle(ASKED_PATIENCE), test)
        requests.serve(self.loop)
        self._control = Control(socket, self.loop, requests, crash)
        self._updater = Control(self._door.socket, self.loop, self._door, crash, True) if self._door else None
        self._page = Control(self._setup.socket, self.loop, self._setup, crash, True) if self._setup else None
        self._watchdog.asked(LOOP, self.loop.ping)
        self._watchdog.asked("the SIP engine", sip.ping)
        self._watchdog.asked("the control socket", self._control.ping, patient=True, every=4)
        threading.excepthook = lambda args: crash(args.exc_value or RuntimeError(str(args.exc_type)))

    def run(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._watchdog.stop)
            self._start(stack)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.loop.stop())
            self._begin()
            log.info("ready")
            try:
                self.loop.run()
            except BaseException as error:
                self._restarts.failed(f"a part failed ({type(error).__name__}); see the log")
                raise
            finally:
                self._watchdog.last()
            self._restarts.end()
            self._notifier.stopping()
            log.info("stopping")

    def _begin(self) -> None:
        """Everything is open: say whether the last run ended by itself, and watch from now on."""
        number, reason = self._restarts.begin()
        if number:
            log.warning("started again after it had ended by itself: %s", reason)
            self.loop.post(on.Restarted(number, reason))
        self._notifier.ready()
        self._watchdog.start()

    def _tell_hung(self, name: str, hung: bool) -> None:
        trouble = HUNG if hung else ""
        if name == DISPLAY:
            self.loop.post(on.DisplayChanged(trouble))
        elif name == KEYPAD:
            self.loop.post(on.PartChanged(Part.KEYPAD, trouble))

    def _end(self, why: str) -> NoReturn:
        """At once: what is stuck would hold up an orderly stop."""
        self._restarts.failed(why)
        log.critical("%s: the telephone stops and has to be started again", why)
        logging.shutdown()
        os._exit(1)

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
            hands.setup.start(post)  # before anybody can ask whether the page is open
            stack.callback(self._setup.stop)
            self._page.start()
            stack.callback(self._page.stop)
        with self._tolerated(Part.SWITCHES):
            hands.switches.start(post)
            stack.callback(hands.switches.stop)
        with self._tolerated(Part.KEYPAD):
            hands.keypad.start(post)
            stack.callback(hands.keypad.stop)
        if self._as_guest:
            post(on.CardSeen(network.shows_own_card()))
        hands.health.start(post)
        stack.callback(hands.health.stop)

    def _test_self(self, trying: Trying) -> None:
        def told(done: Future[dict[str, Any]]) -> None:
            tests = tuple((one["test"], one["ok"], one["text"]) for one in done.result()["tests"])
            self.loop.post(on.SelfTested(tests))

        trying.begin(self.loop).add_done_callback(told)

    def _change_guest(self, begins: bool) -> None:
        """End, so that what keeps us running starts the other telephone; ``turn`` makes it another."""
        if begins and (why := self._period.trouble()):
            log.error("%s: %s", self._period.folder, why)
            self.loop.post(on.GuestRefused(phrase("No guest mode: {why}", why=why)))
            return
        self._turns = begins
        self.loop.stop()

    def turn(self) -> None:
        """After ``run``: begin or forget a guest period where that was asked for. It is not done before the
        last packet of this telephone has left: the network must not see it with the number of the next.
        Raises OSError.
        """
        if self._turns is not None:
            self._period.begin() if self._turns else self._period.end()

    def _wake_updater(self) -> None:
        if self._door is None:
            return
        try:
            self._door.wake()
        except OSError as error:
            log.error("the updater cannot be woken: %s", error.strerror)

    def _keypad(self, board: Board, gpio: Gpio, pulse: Pulse) -> Keypad:
        if board.keypad.kind == "simulated":
            return FakeKeypad()
        from firmware.phone.keypad.gpio import GpioKeypad

        def on_stuck(keys: str) -> None:
            self.loop.post(on.PartChanged(Part.KEYPAD, STUCK.format(keys) if keys else "", keys))

        return GpioKeypad(board.keypad, gpio, on_stuck=on_stuck, pulse=pulse)

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

    floor = TimeFloor(clock, lambda: storage.day, storage.keep_day)
    kept = storage.secrets, storage.certificates
    return PjsuaEngine(config, clock, crash, *kept, board.audio, floor.seconds)


def _switches(board: Board, gpio: Gpio, pulse: Pulse | None = None) -> Switches:
    if board.switches.kind == "simulated":
        return FakeSwitches()
    from firmware.phone.switches.gpio import GpioSwitches

    return GpioSwitches(board.switches, gpio, pulse=pulse)


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


def _audio(
    config: Config,
    board: Board,
    on_trouble: Callable[[Loudspeaker, str], None],
    pulse: Callable[[str], Pulse] = lambda name: Pulse(),
) -> Audio:
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
        pulse=pulse,
    )
