"""The thread that computes comparison codes: what is dear to somebody who guesses takes its time here too."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from firmware.phone import commands as do
from firmware.phone import comparison
from firmware.phone import events as on

PATIENCE = 1.0
"""Seconds that ``stop`` waits for a code that is being computed."""


class Comparing:
    """``crash`` hears of any fault in the thread."""

    def __init__(self, crash: Callable[[BaseException], None]) -> None:
        self._crash = crash
        self._post: Callable[[on.Event], None] = lambda event: None
        self._queue: queue.SimpleQueue[do.CompareKeys | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="comparing", daemon=True)

    def start(self, post: Callable[[on.Event], None]) -> None:
        self._post = post
        self._thread.start()

    def carry_out(self, command: do.CompareKeys) -> None:
        """Have the code computed; returns at once, and ``CodeComputed`` is posted when it is done."""
        self._queue.put(command)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            while (job := self._newest()) is not None:
                code = comparison.code(job.own_key, job.peer_key)
                self._post(on.CodeComputed(job.call_id, job.own_key, job.peer_key, code))
        except BaseException as error:
            self._crash(error)
            raise

    def _newest(self) -> do.CompareKeys | None:
        """The job that was asked for last: a far end that changes its keys all the time gets no queue."""
        job = self._queue.get()
        while job is not None and not self._queue.empty():
            job = self._queue.get()
        return job
