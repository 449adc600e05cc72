"""Virtual sound cables: PulseAudio's null sinks behind ALSA's pulse plugin, without a sound card.

A phone gets an ordinary ALSA playback PCM ``ear`` and capture PCM ``mic`` with the pace of a real card. The
other ends of its two cables are here: ``speak`` puts a file into its microphone, ``listen`` records its
earpiece.

    with Cables(tmp_path) as cables:
        phone = Phone(…, playback="ear", capture="mic", alsa_config=cables.alsa_config)
        with cables.speak(talker.file()), cables.listen() as heard:
            …
        score(far, heard.samples())

What matters for it to work: null sinks with ``norewinds=1`` and the rate of the stream (with rewinds most
passes come out broken); eight periods of 20 ms or so in the ALSA client. A PCM is listed by pjmedia only if
it has a ``hint`` with ``show on``. Each phone has a server of its own: when a sink goes away, pulseaudio
moves its streams to any other sink of the same server, and the phone would play into the wrong cable
instead of losing its device.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from tests.rig.processes import Process, RigError, wait_until
from tests.rig.speech import RATE
from tests.rig.wavefile import Samples

CABLE_RATE = 48000
"""Hz of the sinks."""


class Recording:
    """What a phone's earpiece gives, growing while it is recorded."""

    def __init__(self, file: Path) -> None:
        """``file`` holds 16 bit mono samples at ``RATE``."""
        self.file = file

    def samples(self) -> Samples:
        """All up to now, full scale is 1."""
        octets = self.file.read_bytes()
        return np.frombuffer(octets[: len(octets) // 2 * 2], "<i2").astype(np.float64) / 32768

    @property
    def seconds(self) -> float:
        """Its length up to now."""
        return self.file.stat().st_size / 2 / RATE if self.file.exists() else 0.0

    def wait(self, seconds: float) -> Recording:
        """Wait until so much more has been recorded."""
        wanted = self.seconds + seconds
        wait_until(lambda: self.seconds >= wanted, seconds + 5, f"{seconds:g} s more of recording")
        return self

    def last(self, seconds: float) -> Samples:
        """The last seconds of it."""
        return self.samples()[-round(seconds * RATE) :]


class Cables:
    """One PulseAudio with the two cables of one phone; a context manager."""

    def __init__(self, folder: Path, name: str = "alice") -> None:
        """Write the ALSA configuration; the server starts with ``start``.

        Args:
            folder: a folder of its own, for configuration, logs and recordings, is made in here.
            name: whose cables they are.
        """
        self.name = name
        self._folder = folder / f"cables-{name}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = Path(tempfile.mkdtemp(prefix="rig-"))
        self._socket = self._run / "sound"
        self.alsa_config = self._folder / "asound.conf"
        self.alsa_config.write_text(_alsa(self._socket))
        self._env = {"PATH": os.environ["PATH"], "HOME": str(self._run), "XDG_RUNTIME_DIR": str(self._run)}
        self._env |= {"PULSE_SERVER": f"unix:{self._socket}", "LC_ALL": "C"}
        argv = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
        argv += ["--high-priority=no", "--realtime=no", "--log-level=notice", "--log-target=stderr"]
        argv += ["--disable-shm=yes", "--resample-method=speex-float-5"]
        argv += ["-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"]
        for sink in ("ear", "mic"):
            null = f"module-null-sink sink_name={sink} rate={CABLE_RATE} channels=1 format=s16le norewinds=1"
            null += f" sink_properties=device.description={sink}"
            argv += ["-L", null]
        self.server = Process(f"pulseaudio of {name}", argv, self._folder / "pulseaudio.log", self._env)
        self._count = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(self.explain())
        self.stop()
        shutil.rmtree(self._run, ignore_errors=True)

    def explain(self) -> str:
        """The server's log, for a failure."""
        return self.server.tail(10)

    def start(self) -> None:
        """Start the server (again): the devices appear."""
        self._socket.unlink(missing_ok=True)
        self.server.start()
        wait_until(self._ready, 10, "pulseaudio and its sinks", every=0.05)

    def stop(self) -> None:
        """Stop the server: the devices vanish, a stream that is open gets an I/O error, opening one fails."""
        self.server.stop()

    @property
    def server_address(self) -> str:
        """The server as PULSE_SERVER names it, for a telephone that speaks PulseAudio itself."""
        return self._env["PULSE_SERVER"]

    def users(self) -> tuple[int, int]:
        """How many streams play to ``ear`` and record from ``mic`` now (those of the phone)."""
        return self._streams("sinks", "ear", "sink-inputs"), self._streams(
            "sources", "mic.monitor", "source-outputs"
        )

    @contextmanager
    def speak(self, file: Path, device: str = "mic") -> Iterator[None]:
        """Play a wave file into the phone's microphone for as long as the block lasts."""
        argv = ["paplay", f"--device={device}", str(file)]
        with Process(f"paplay to {self.name}", argv, self._log("paplay"), self._env):
            yield

    @contextmanager
    def both(self) -> Iterator[str]:
        """A device for ``speak`` that sounds at the same moment in the microphone and in the earpiece."""
        made = self._pactl("load-module", "module-combine-sink", "sink_name=both", "slaves=mic,ear").strip()
        try:
            yield "both"
        finally:
            self._pactl("unload-module", made)

    @contextmanager
    def listen(self) -> Iterator[Recording]:
        """Record the phone's earpiece for as long as the block lasts."""
        log = self._log("parec")
        file = log.with_suffix(".raw")
        form = ["--format=s16le", f"--rate={RATE}", "--channels=1", "--raw", "--latency-msec=40"]
        argv = ["parec", "--device=ear.monitor", *form, str(file)]
        with Process(f"parec of {self.name}", argv, log, self._env):
            recording = Recording(file)
            wait_until(lambda: recording.seconds > 0, 5, "the first sample of a recording")
            yield recording

    def _log(self, what: str) -> Path:
        self._count += 1
        return self._folder / f"{what}-{self._count}.log"

    def _streams(self, devices: str, device: str, streams: str) -> int:
        numbers = [row[0] for row in self._list(devices) if row[1] == device]
        return sum(1 for row in self._list(streams) if row[1] in numbers)

    def _ready(self) -> bool:
        if not self.server.alive:
            raise RigError(f"pulseaudio ended at start\n{self.server.tail()}")
        return {"ear", "mic"} <= {row[1] for row in self._list("sinks")}

    def _list(self, what: str) -> list[list[str]]:
        return [line.split("\t") for line in self._pactl("list", "short", what).splitlines()]

    def _pactl(self, *asked: str) -> str:
        done = subprocess.run(
            ["pactl", *asked], capture_output=True, text=True, timeout=5, env=self._env, check=False
        )
        return done.stdout


def _alsa(socket: Path) -> str:
    """PCMs ``ear``, ``mic`` and both as ``phone``."""
    text = "# ALSA for one test: nothing of the system's own configuration but its plugins\n"
    text += "</usr/share/alsa/alsa.conf>\n"
    for name, device in (("ear", "ear"), ("mic", "mic.monitor")):
        hint = f'hint {{ show on description "{name}" }}'
        text += f'pcm.{name} {{ type pulse server "unix:{socket}" device "{device}" {hint} }}\n'
    hint = 'hint { show on description "phone" }'
    return text + f'pcm.phone {{ type asym playback.pcm "ear" capture.pcm "mic" {hint} }}\n'
