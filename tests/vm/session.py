"""What runs inside the virtual machine: pytest over the contract suite and the tests of this folder."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

RESULTS = Path("/run/results")
"""The host's build/vm."""

INSIDE = "SOTTOVOCE_VM"
"""Set in the virtual machine: tests with kernel devices are there then."""


def main() -> int:
    os.environ.update(
        PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME="/tmp",
        LANG="C.UTF-8",
        PYTHONDONTWRITEBYTECODE="1",
        **{INSIDE: str(RESULTS)},
    )
    words = json.loads((RESULTS / "session.json").read_text())
    plan = words["plan"]
    if plan == "panic":
        Path("/proc/sysrq-trigger").write_text("c")
    if plan == "hang":
        os.kill(os.getpid(), signal.SIGSTOP)
    import pytest

    fixed = ["-v", "--color=no", f"--junitxml={RESULTS}/junit.xml", "-o", "timeout=180"]
    fixed += ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    code = int(pytest.main([*fixed, *words["pytest"]]))
    (RESULTS / "exit").write_text(str(code))
    return code


if __name__ == "__main__":
    sys.exit(main())
