"""``python -m firmware.phone.sip.pjsua.selfcall``: this telephone calls itself, and listens whether it hears.

A process of its own, with the engine of the daemon, the same settings for keys and codecs, a throw-away
certificate and 127.0.0.1: signalling over TLS, keys agreed, speech encrypted, coded, sent, received, decoded.
A tone goes in at one end; at the other it must come out, and silence before it. No sound device, no account,
no packet that leaves this machine. So the library of a new version is tried whatever the network does.

Reads the configuration as the daemon does. Prints one line of JSON; exit status 0 when the call was good.
"""

from __future__ import annotations

import argparse
import enum
import json
import logging
import os
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pjsua2 as pj

from firmware.phone import commands as do
from firmware.phone import config as configuration
from firmware.phone import events as on
from firmware.phone.clock import Clock, SystemClock
from firmware.phone.config import Audio, Config, Sip
from firmware.phone.errors import ConfigError, SipError
from firmware.phone.machine.protection import policy
from firmware.phone.privacy import Exposure
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.sip.pjsua.engine import PjsuaEngine
from firmware.phone.sip.pjsua.settings import CLOCK_RATE
from firmware.phone.sip.pjsua.throwaway import issue
from firmware.phone.values import CallId, Security

TIME_LIMIT = 20.0
"""Seconds for the whole call, on a slow board."""

LOOK = 0.02
"""Seconds between two looks at the level."""

TONE_HZ, TONE_LOUDNESS = 440, 16000
QUIET, LOUD = 4, 20
"""Of 255, pjmedia's level of a port: below the one is silence, above the other is our tone."""

LISTEN = 10
"""Looks in a row that must be quiet, and then loud."""

OUR_CALL = CallId(1)


class Phase(enum.Enum):
    """How far the call is; ``told`` when it stops there."""

    CALLING = "no connection came about"
    RINGING = "the call was not answered"
    SECURING = "no keys could be agreed"
    SILENCE = "there was noise before the tone"
    TONE = "the tone was not heard"
    GOOD = ""


class SelfCall(PjsuaEngine):
    """Both ends of one call. ``done`` is set when it is good, or over; ``phase`` says which."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.done = threading.Event()
        self.phase = Phase.CALLING
        self.failure: BaseException | None = None
        self.said: dict[str, Any] = {}
        self._least = policy(config.media.encryption)
        self._looks = 0
        self._tone: pj.ToneGenerator | None = None
        super().__init__(config, clock, self._crashed)

    def _crashed(self, error: BaseException) -> None:
        self.failure = error
        self.done.set()

    def call(self) -> None:
        uri = f"sip:{self._endpoint.address};transport=tls"
        levels: tuple[Security, ...] = (Security.END_TO_END,)
        if self._least is Security.PROVIDER:
            levels = (Security.END_TO_END, Security.PROVIDER)
        self.execute(do.PlaceCall(OUR_CALL, uri, Exposure(), levels=levels))

    def happened(self, event: on.Event) -> None:
        """An event of the engine, in its thread."""
        match event:
            case on.IncomingCall(call_id):
                self.phase = Phase.RINGING
                self.execute(do.AnswerCall(call_id))
            case on.CallAnswered():
                self.phase = Phase.SECURING
            case on.CallFailed(_, reason):
                self.said["ended"] = reason.value
                self.done.set()

    # --- the SIP thread ------------------------------------------------------------------------------

    def _longest_wait(self) -> float:
        return min(LOOK, super()._longest_wait())

    def _settle(self) -> None:
        super()._settle()
        ends = [call for call in self._calls.values() if call.audio_index() is not None]
        if len(ends) == 2 and all(call.secured(call.media) for call in ends) and not self.done.is_set():
            self._listen(*sorted(ends, key=lambda call: call.call_id))

    def _listen(self, near: PjCall, far: PjCall) -> None:
        """The tone goes in at ``near``; what comes out at ``far`` is measured."""
        ear = far.getAudioMedia(far.audio_index() or 0)
        if self.phase is Phase.SECURING:
            ear.startTransmit(self._endpoint.pj.audDevManager().getPlaybackDevMedia())
            self.phase = Phase.SILENCE
            media = far.media
            self.said |= {"security": media.security.value, "suite": media.suite, "codec": media.codec}
            self.said["keying"] = media.keying.value
            return
        level = ear.getTxLevel()  # of what the port gives to the bridge: the far end, decoded
        good = level <= QUIET if self.phase is Phase.SILENCE else level >= LOUD
        self._looks = self._looks + 1 if good else 0
        if self._looks < LISTEN:
            return
        self._looks = 0
        if self.phase is Phase.SILENCE:
            self._play(near.getAudioMedia(near.audio_index() or 0))
            self.phase = Phase.TONE
        else:
            self.said["level"] = level
            self.phase = Phase.GOOD
            self.done.set()

    def _play(self, mouth: pj.AudioMedia) -> None:
        self._tone = pj.ToneGenerator()
        self._tone.createToneGenerator(CLOCK_RATE, 1)
        burst = pj.ToneDesc()
        burst.freq1, burst.on_msec, burst.off_msec, burst.volume = TONE_HZ, 1000, 0, TONE_LOUDNESS
        self._tone.play(pj.ToneDescVector([burst]), True)
        self._tone.startTransmit(mouth)

    def _close(self) -> None:
        self._tone = None
        super()._close()


def settings(config: Config, folder: Path) -> Config:
    """Of ``config`` what protects and codes a call; all else is for this machine alone."""
    cert, key = issue(folder)
    sip = Sip(bind="127.0.0.1", port=0, ca_file=cert, cert_file=cert, key_file=key)
    media = replace(config.media, allow_clear=False)
    audio = Audio(playback="null", capture="null", mixer="null", ringer="null")
    return Config(sip=sip, media=media, audio=audio)


def call(config: Config, clock: Clock, limit: float = TIME_LIMIT) -> dict[str, Any]:
    """One call. ``{"ok": …, "trouble": plain words or "", …}``; raises nothing for what can go wrong."""
    start = clock.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            engine = SelfCall(settings(config, Path(folder)), clock)
            engine.start(engine.happened)
            engine.call()
            engine.done.wait(limit)
            engine.stop(1.0)
    except (SipError, OSError) as error:
        return {"ok": False, "trouble": str(error)}
    trouble = engine.phase.value
    if engine.failure is not None:
        trouble = f"a part of it died: {type(engine.failure).__name__}: {engine.failure}"
    seconds = round(clock.monotonic() - start, 2)
    return {"ok": not trouble, "trouble": trouble, "seconds": seconds} | engine.said


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m firmware.phone.sip.pjsua.selfcall")
    parser.add_argument("--config", type=Path)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        config = configuration.load(options.config)
    except ConfigError as error:
        print(json.dumps({"ok": False, "trouble": error.faults[0]}))
        return 1
    found = call(config, SystemClock())
    print(json.dumps(found), flush=True)
    if not found["ok"]:
        os._exit(1)  # what failed may not come to an end by itself
    return 0


if __name__ == "__main__":
    sys.exit(main())
