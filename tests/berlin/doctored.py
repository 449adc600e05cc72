"""The daemon with its care for the log taken away: redaction off, and every address called is logged."""

from __future__ import annotations

import logging
import sys

from firmware.phone import __main__ as daemon
from firmware.phone import log
from firmware.phone.sip.pjsua.engine import PjsuaEngine


def spoil() -> None:
    """Take the redaction away, and log what is handed to the SIP engine."""
    log.Redaction.__call__ = lambda self, text: text  # type: ignore[method-assign]
    execute = PjsuaEngine.execute

    def tell(self: PjsuaEngine, command: object) -> None:
        logging.getLogger("sottovoce.sip").info("%s", command)
        execute(self, command)  # type: ignore[arg-type]

    PjsuaEngine.execute = tell  # type: ignore[method-assign]


if __name__ == "__main__":
    spoil()
    sys.exit(daemon.main())
