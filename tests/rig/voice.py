"""The phone's voice by itself, in a process of its own: pjmedia's bridge and ALSA device, and no call.

    with Voice(folder, cables, sidetone_db=-18, gain_db=6, far=file, near=recording):
        …

``far`` is what a far end would say (a wave file of the bridge's rate, over and over), ``near`` what it would
get.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig.cables import Cables
from tests.rig.processes import Process, wait_until

ROOT = Path(__file__).parent.parent.parent


class Voice:
    """A context manager; the microphone is open when it is entered."""

    def __init__(
        self,
        folder: Path,
        cables: Cables,
        *,
        sidetone_db: float | None = None,
        gain_db: float = 0.0,
        far: Path | None = None,
        near: Path | None = None,
        hands_free: bool = False,
        voice_ms: int = 140,
    ) -> None:
        argv = [sys.executable, "-m", "tests.rig.voice", "--gain", str(gain_db), "--voice-ms", str(voice_ms)]
        for name, value in (("sidetone", sidetone_db), ("far", far), ("near", near)):
            argv += [] if value is None else [f"--{name}={value}"]
        argv += ["--hands-free"] if hands_free else []
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "ALSA_CONFIG_PATH": str(cables.alsa_config)}
        self._process = Process("voice", argv, folder / "voice.log", env, ROOT)

    def __enter__(self) -> Self:
        self._process.start()
        wait_until(lambda: "voice is open" in self._process.output(), 20, "the voice")
        return self

    @property
    def gaps(self) -> int:
        """How often the sound card was not served in time, up to now."""
        told = re.findall(r"SoundGaps\(count=(\d+)\)", self._process.output())
        return int(told[-1]) if told else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self._process.tail(10))
        self._process.stop()


def _print(event: object) -> None:
    print(event, flush=True)


def main() -> None:
    """The child: opens the voice and keeps it open until it is ended."""
    import signal

    import pjsua2 as pj

    from firmware.phone.board import AudioSpec
    from firmware.phone.clock import SystemClock
    from firmware.phone.sip.pjsua import settings
    from firmware.phone.sip.pjsua import voice as the_voice

    parser = argparse.ArgumentParser()
    parser.add_argument("--sidetone", type=float)
    parser.add_argument("--gain", type=float, default=0.0)
    parser.add_argument("--far")
    parser.add_argument("--near")
    parser.add_argument("--hands-free", action="store_true")
    parser.add_argument("--voice-ms", type=int, default=140)
    chosen = parser.parse_args()
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ended.append(number))

    the_voice.name_devices("ear", "mic")
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(settings.endpoint(chosen.hands_free, AudioSpec("alsa", voice_ms=chosen.voice_ms)))
    endpoint.libStart()
    voice = the_voice.Voice(endpoint, "ear", "mic", SystemClock(), _print, lambda: None, chosen.sidetone)
    voice.open(True)
    voice.gain(chosen.gain)
    manager = endpoint.audDevManager()
    player, recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
    if chosen.far:
        player.createPlayer(chosen.far)
        player.startTransmit(manager.getPlaybackDevMedia())
    if chosen.near:
        recorder.createRecorder(chosen.near)
        manager.getCaptureDevMedia().startTransmit(recorder)
    print("voice is open", flush=True)
    while not ended:
        endpoint.libHandleEvents(50)
        voice.keep_up()
    del player, recorder
    voice.open(False)
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
