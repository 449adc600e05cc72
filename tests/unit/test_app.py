"""Which drivers the composition root takes, and what it makes of those that cannot start."""

from __future__ import annotations

import contextlib
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import app
from firmware.phone import commands as do
from firmware.phone.audio import alsa
from firmware.phone.audio.fake import FakeAudio
from firmware.phone.audio.volume import Volumes
from firmware.phone.board import load_board
from firmware.phone.config import Audio, Config
from firmware.phone.display.screens import Idle
from firmware.phone.sip.fake import FakeSip
from firmware.phone.values import Loudspeaker, Part, SwitchPosition, Tone
from tests.contract.alsa_library import AlsaLibrary
from tests.rig.processes import wait_until


@pytest.mark.parametrize(
    ("playback", "ringer", "sounding"),
    [
        ("handset", "bell", {"handset", "bell"}),
        ("handset", "null", {"handset"}),
        ("null", "bell", {"bell"}),
        ("null", "null", set()),
    ],
)
def test_each_part_that_has_a_device_sounds(
    monkeypatch: pytest.MonkeyPatch, playback: str, ringer: str, sounding: set[str]
) -> None:
    library = AlsaLibrary("handset", "bell")
    monkeypatch.setattr(alsa, "alsaaudio", library)
    config = Config(audio=replace(Audio(), playback=playback, ringer=ringer))
    told: list[tuple[Loudspeaker, str]] = []
    audio = app._audio(config, load_board("simulator"), lambda of, trouble: told.append((of, trouble)))
    assert isinstance(audio, FakeAudio) == (not sounding)
    audio.start()
    audio.tone(Tone.DIAL)
    audio.ring(True)
    try:
        wait_until(
            lambda: {name for name, card in library.cards.items() if card.heard} == sounding, 5, "the sounds"
        )
    finally:
        audio.stop()
    assert told == []


def test_parts_that_cannot_start_are_said_and_the_phone_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A board whose lines cannot be had: no gpiochip of that name is here."""
    monkeypatch.setenv("LG_WD", str(tmp_path))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr("firmware.phone.gpio.DEVICES", tmp_path)
    monkeypatch.setattr(app, "_sip", lambda *given: FakeSip())
    silent = Config(audio=replace(Audio(), playback="null", ringer="null"))
    board = replace(load_board("raspberry-pi"), display=load_board("simulator").display)
    phone = app.Phone(silent, board, tmp_path / "state", tmp_path / "sock")
    with contextlib.ExitStack() as stack:
        phone._start(stack)
        phone.loop.stop()
        phone.loop.run()
        said = dict(phone.loop.state.broken)
    assert list(said) == [Part.KEYPAD, Part.SWITCHES, Part.LIGHTS]
    for trouble in said.values():
        assert "no gpiochip is called" in trouble
    assert phone.loop.state.switch is SwitchPosition.UNREADABLE
    assert isinstance(phone.loop.screen, Idle)
    assert phone.loop.screen.notice == "The keypad fails"


def test_with_a_folder_for_the_updater_there_is_a_door_for_its_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(app, "_sip", lambda *given: FakeSip())
    silent = Config(audio=replace(Audio(), playback="null", ringer="null"))
    for updates in (None, tmp_path / "updates"):
        if updates is not None:
            updates.mkdir()
        state, socket = tmp_path / f"state-{updates is None}", tmp_path / "sock"
        phone = app.Phone(silent, load_board("simulator"), state, socket, None, updates)
        with contextlib.ExitStack() as stack:
            phone._start(stack)
            phone.hands.carry_out(do.WakeUpdater())
            assert stat.S_IMODE(socket.stat().st_mode) == 0o600
            if updates is not None:
                assert stat.S_IMODE((updates / "phone.sock").stat().st_mode) == 0o660
                assert (updates / "wake").stat().st_size == 0


class Heard:
    """A driver that notes what it is asked, in order with the other's."""

    def __init__(self, asked: list[object], missing_db: float = 0.0) -> None:
        self.asked = asked
        self.missing_db = missing_db

    def execute(self, command: do.Command) -> None:
        self.asked.append(command)

    def lend(self, lent: bool) -> None:
        self.asked.append(f"lent: {lent}")

    def volumes(self, volumes: Volumes) -> float:
        self.asked.append(volumes)
        return self.missing_db


def test_what_the_mixer_lacks_is_the_engines_and_set_anew_before_each_voice() -> None:
    """A card that was plugged in since may have a mixer, so it is asked again."""
    asked: list[object] = []
    driver: Any = Heard(asked, 6.0)
    hands = app.Hands(*[driver] * 12)
    hands.carry_out(do.SetVolumes(Volumes(handset=8)))
    assert asked == [Volumes(handset=8), do.SetReceiveGain(6.0)]
    asked.clear()
    driver.missing_db = 0.0
    hands.carry_out(do.OpenVoice())
    assert asked == ["lent: True", Volumes(handset=8), do.SetReceiveGain(0.0), do.OpenVoice()]
