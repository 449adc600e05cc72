"""The shipped driver for boards without sound."""

from __future__ import annotations

from firmware.phone.audio.fake import FakeAudio
from firmware.phone.audio.volume import Volumes
from firmware.phone.values import Tone


def test_it_remembers_what_would_be_heard_and_says_when_that_changes() -> None:
    seen: list[tuple[Tone | None, bool]] = []
    audio = FakeAudio(lambda: seen.append((audio.playing, audio.ringing)))
    audio.start()
    audio.ring(True)
    audio.ring(True)
    audio.ring(False)
    audio.tone(Tone.DIAL)
    audio.tone(Tone.DIAL)
    audio.tone(None)
    audio.stop()
    assert seen == [(None, True), (None, False), (Tone.DIAL, False), (None, False)]


def test_stop_is_silence() -> None:
    audio = FakeAudio()
    audio.start()
    audio.tone(Tone.BUSY)
    audio.ring(True)
    audio.stop()
    assert (audio.playing, audio.ringing) == (None, False)


def test_volume_is_remembered_but_there_is_no_mixer() -> None:
    audio = FakeAudio()
    assert audio.volumes(Volumes(handset=6)) == 6.0
    assert audio.wanted == Volumes(handset=6)
