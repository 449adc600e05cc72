"""Which sound driver the composition root takes: earpiece and ringer independent of each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import app
from firmware.phone.audio import alsa
from firmware.phone.audio.fake import FakeAudio
from firmware.phone.board import load_board
from firmware.phone.config import Audio, Config
from firmware.phone.values import Loudspeaker, Tone
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
