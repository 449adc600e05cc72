"""The phone itself; its user compares the code by signal: SIGUSR1, it was the same; SIGUSR2, it was not.

phone = lab.phone(module="tests.rig.comparing")
os.kill(phone.process.pid, signal.SIGUSR1)
"""

from __future__ import annotations

import signal
import sys

from firmware.phone import __main__ as phone
from firmware.phone import commands as do
from firmware.phone.sip.pjsua.engine import PjsuaEngine


def main() -> int:
    """Run the phone, its user at hand."""
    engines: list[PjsuaEngine] = []
    start = PjsuaEngine.start

    def started(self: PjsuaEngine, post: object) -> None:
        engines.append(self)
        start(self, post)  # type: ignore[arg-type]

    def compared(number: int, _: object) -> None:
        for engine in engines:
            for call in list(engine._calls):
                engine.execute(do.CodeCompared(call, number == signal.SIGUSR1))

    PjsuaEngine.start = started  # type: ignore[method-assign]
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, compared)
    return phone.main()


if __name__ == "__main__":
    sys.exit(main())
