"""16 bit PCM wave files, also while somebody still writes them: lengths in the header are not believed."""

from __future__ import annotations

import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.float64]]


def read(file: Path) -> tuple[int, Samples]:
    """Rate in Hz and all samples of the first channel, full scale is 1; (0, nothing) before the header is
    there.
    """
    octets = file.read_bytes()
    start = octets.find(b"data")
    if start < 24 or octets[12:16] != b"fmt ":
        return 0, np.zeros(0)
    channels, rate = struct.unpack_from("<HI", octets, 22)
    data = octets[start + 8 :]
    frames = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    return int(rate), frames[:, 0].astype(np.float64) / 32768


def seconds(file: Path) -> float:
    """The length up to now."""
    rate, samples = read(file)
    return len(samples) / rate if rate else 0.0


def silence(file: Path, rate: int, channels: int, length: int = 120) -> Path:
    """Write a file of so many seconds of silence."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(2 * channels * rate * length))
    return file


def write(file: Path, rate: int, samples: Samples) -> Path:
    """Write one channel, full scale is 1."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())
    return file
