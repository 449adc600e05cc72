"""Microphone and earpiece: which sound device clocks the conference bridge.

closed and no keys   no device, no clock, no CPU
closed in a call     the null device: silence leaves at the packet clock, the microphone is not open
open in a call       pjmedia's ALSA device; when it fails, the null device until it can be opened again

The null device's clock starts when there are keys, and with a tick: the first packet leaves at once.

Side tone: with a handset at the ear one hears oneself. The bridge connects the microphone to the earpiece,
softly, and to nothing else: what the far end gets is not touched. The gain of what is heard comes after the
bridge, so it is taken off the side tone again: that keeps its level.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import pjsua2 as pj

from firmware.phone import events as on
from firmware.phone.clock import Clock

log = logging.getLogger("sottovoce.audio")

RETRY = 1.0
"""Seconds between attempts to open a device that is wanted and not there."""

NONE = "null"
"""The PCM name that means: no sound at all."""


def name_devices(playback: str, capture: str) -> None:
    """Tell pjmedia the two PCM names; it probes no others. Before the library starts."""
    os.environ["PJMEDIA_ALSA_PCMS"] = "\n".join(dict.fromkeys([playback, capture]))


def _both(xruns: pj.SoundXruns) -> tuple[int, int]:
    return xruns.playback, xruns.capture


class Voice:
    """``playback`` and ``capture`` are ALSA PCM names; either being "null" means no sound device."""

    def __init__(
        self,
        endpoint: pj.Endpoint,
        playback: str,
        capture: str,
        clock: Clock,
        post: Callable[[on.Event], None],
        opened: Callable[[], None],
        sidetone_db: float | None = None,
    ) -> None:
        """``opened`` is called when the device has just been opened: what came before is late by now.

        ``sidetone_db``: how loud the microphone is in the earpiece; None: not at all.
        """
        self._manager = endpoint.audDevManager()
        self._playback = playback
        self._capture = capture
        self._clock = clock
        self._post = post
        self._opened = opened
        self._wanted = False
        self._in_call = False
        self._mode = ""
        self._trouble = ""
        self._retry_at: float | None = None
        self._sidetone_db = sidetone_db
        self._gain_db = 0.0
        self._xruns_told = 0
        pj.setReceiveGain(0.0)
        self._settle()

    def gain(self, decibels: float) -> None:
        """All that is heard becomes so much louder; a limiter keeps it from being cut."""
        self._gain_db = decibels
        pj.setReceiveGain(decibels)
        if self._mode == "device":
            self._connect_sidetone()

    def open(self, wanted: bool) -> None:
        """The handset is lifted in a call (or no longer)."""
        self._wanted = wanted
        self._retry_at = None
        self._settle()

    def in_call(self, secured: bool) -> None:
        """Whether some call has keys, and so something to send."""
        if secured != self._in_call:
            self._in_call = secured
            self._settle()

    def failed(self, why: str) -> None:
        """The open device stopped working."""
        if self._mode == "device":
            self._fail(why)

    def due(self, now: float) -> float | None:
        return None if self._retry_at is None else max(0.0, self._retry_at - now)

    def keep_up(self) -> None:
        """Try the device again when it is time, and tell of gaps."""
        self._tell_gaps()
        if self._retry_at is not None and self._clock.monotonic() >= self._retry_at:
            self._retry_at = None
            self._settle()

    def _settle(self) -> None:
        if self._wanted and NONE not in (self._playback, self._capture):
            self._open_device()
        elif self._in_call:
            self._null()
        else:
            self._set_mode("none", self._manager.setNoDev)
            self._retry_at = None

    def _open_device(self) -> None:
        if self._mode == "device":
            return
        try:
            capture = self._manager.lookupDev("ALSA", self._capture)
            playback = self._manager.lookupDev("ALSA", self._playback)
            pj.openSound(capture, playback)
        except pj.Error as error:
            self._mode = ""  # the library has closed what was open before
            self._fail(error.reason)
            return
        self._mode = "device"
        self._connect_sidetone()
        self._opened()
        if self._trouble:
            log.info("the sound device works again")
        self._trouble = ""
        self._post(on.VoiceChanged(""))

    def _connect_sidetone(self) -> None:
        if self._sidetone_db is None:
            return
        prm = pj.AudioMediaTransmitParam()
        prm.level = 10 ** ((self._sidetone_db - self._gain_db) / 20)
        mouth, ear = self._manager.getCaptureDevMedia(), self._manager.getPlaybackDevMedia()
        mouth.stopTransmit(ear)
        mouth.startTransmit2(ear, prm)

    def _tell_gaps(self) -> None:
        found = pj.soundXruns()
        gaps = found.playback + found.capture
        if gaps != self._xruns_told:
            log.info("the sound had gaps: %d at the earpiece, %d at the microphone", *_both(found))
            self._xruns_told = gaps
            self._post(on.SoundGaps(gaps))

    def _fail(self, why: str) -> None:
        self._null()
        self._retry_at = self._clock.monotonic() + RETRY
        if not self._trouble:
            log.warning("no sound: %s; the call stays up, trying again", why)
        self._trouble = why
        self._post(on.VoiceChanged("No sound device"))

    def _null(self) -> None:
        self._set_mode("null", self._manager.setNullDev)

    def _set_mode(self, mode: str, change: Callable[[], object]) -> None:
        if self._mode != mode:
            change()
            self._mode = mode
