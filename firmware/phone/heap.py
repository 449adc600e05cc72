"""The C library's heap: large pieces go back to the system when they are no longer needed."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
LARGE = 128 * 1024
"""Octets from which a piece of memory is mapped by itself: glibc's own first value."""


def keep_small() -> None:
    """Hold glibc's threshold where it is (mallopt(3)).

    By itself it rises with each large piece that is freed, up to 32 MB, and from then on the samples of a
    tone stay in a thread's heap: 16 MB after the first ring. A C library without mallopt is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE)
