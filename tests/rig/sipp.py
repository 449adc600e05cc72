"""SIPp as a caller or an answerer that keeps to a scenario of ``tests/sip/scenarios``, also where none
should.

with Sipp(tmp_path, "clear_answer.xml", port=port) as far:
    …
    assert far.wait(10) == 0
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.rig import ports
from tests.rig.processes import Process

SCENARIOS = Path(__file__).resolve().parents[1] / "sip" / "scenarios"

_TRANSPORT = {"udp": "u1", "tcp": "t1"}


class Sipp(Process):
    """One call of one scenario; exit code 0 if all went as the scenario says, 1 if not."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        port: int,
        target: str = "",
        service: str = "service",
        transport: str = "udp",
        seconds: int = 20,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare, not start.

        Args:
            scenario: file name in ``SCENARIOS``.
            port: its own, on 127.0.0.1.
            target: HOST:PORT to call; empty: wait for a call.
            service: user part of the URI that it calls, [service] in the scenario.
            transport: ``udp`` or ``tcp``; Debian builds SIPp without TLS, so kamailio stands between.
            seconds: after which it gives up.
            keys: further [name] values of the scenario.
        """
        own = folder / f"sipp-{scenario.removesuffix('.xml')}"
        own.mkdir(parents=True, exist_ok=True)
        self.messages = own / "messages"
        argv = ["sipp", "-sf", str(SCENARIOS / scenario), "-m", "1", "-i", ports.LOOPBACK, "-p", str(port)]
        argv += ["-t", _TRANSPORT[transport], "-timeout", f"{seconds}s", "-timeout_error", "-nostdin"]
        argv += ["-s", service, "-trace_err", "-error_file", str(own / "errors")]
        argv += ["-trace_msg", "-message_file", str(self.messages), "-cid_str", "%u-%p@rig"]
        for name, value in (keys or {}).items():
            argv += ["-key", name, value]
        super().__init__(f"sipp {scenario}", argv + ([target] if target else []), own / "log", cwd=own)

    def explain(self) -> str:
        """Messages and log, for a failure."""
        seen = self.messages.read_text(errors="replace")[-6000:] if self.messages.exists() else "none"
        return f"{self.tail(15)}\n--- its messages ---\n{seen}"
