"""A thread that looks names up, so that nobody has to wait for a name server: not calls, not the display."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from firmware.phone.sip.finding.order import Found, Hop


class Finder:
    """``look`` blocks; ``found`` is told in the finder's thread; ``crash`` of what should not happen."""

    def __init__(
        self,
        look: Callable[[Hop], Found],
        found: Callable[[Hop, Found], None],
        crash: Callable[[BaseException], None],
    ) -> None:
        self._look = look
        self._found = found
        self._crash = crash
        self._asked: queue.SimpleQueue[Hop | None] = queue.SimpleQueue()
        self._under_way: set[Hop] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, hop: Hop) -> None:
        """Look ``hop`` up, if that is not under way. From any thread."""
        with self._lock:
            if hop in self._under_way:
                return
            self._under_way.add(hop)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="names", daemon=True)
                self._thread.start()
        self._asked.put(hop)

    def close(self) -> None:
        """No answer is told any more. A question that is under way is not waited for."""
        self._found = lambda hop, found: None
        self._asked.put(None)

    def _run(self) -> None:
        try:
            while (hop := self._asked.get()) is not None:
                found = self._look(hop)
                with self._lock:
                    self._under_way.discard(hop)
                self._found(hop, found)
        except BaseException as error:  # noqa: BLE001 - handed on: the process ends loudly
            self._crash(error)
