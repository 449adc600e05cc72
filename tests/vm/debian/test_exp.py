import json, re
import pytest
from tests.vm.debian import guest

V = {
    "A": [
        ("NoExecPaths=/\n", "NoExecPaths=/ /tmp /var/tmp /dev/shm /run /run/sottovoce /var/lib/sottovoce\n")
    ],
    "B": [
        (
            "PrivateTmp=disconnected",
            "PrivateTmp=disconnected\nTemporaryFileSystem=/tmp:noexec,nosuid,nodev /var/tmp:noexec,nosuid,nodev /dev/shm:noexec,nosuid,nodev",
        )
    ],
    "C": [("PrivateTmp=disconnected", "PrivateTmp=disconnected\nInaccessiblePaths=/tmp /var/tmp /dev/shm")],
    "D": [
        ("NoExecPaths=/\n", "NoExecPaths=/\nNoExecPaths=/dev/shm /run/sottovoce\n"),
        ("PrivateTmp=disconnected", "PrivateTmp=yes"),
    ],
}


def test_exp():
    src = guest.GUEST / "usr/lib/systemd/system/sottovoce-phone.service"
    base = src.read_text()
    out = {}
    for k, subs in V.items():
        t = base
        for a, b in subs:
            t = t.replace(a, b)
        left_out = r"(ExecStart|Type|Restart\\w*|WatchdogSec|NotifyAccess|RemainAfterExit|Condition\\w+|WantedBy)".replace(
            "\\\\", "\\"
        )
        t = re.sub(rf"^{left_out}=.*\n", "", t, flags=re.MULTILINE)
        own = (
            "[Service]\nType=oneshot\nRuntimeDirectoryPreserve=yes\nStandardOutput=truncate:/run/vm/probe.json\nExecStart="
            + guest.PYTHON
            + " -I /run/vm/probe.py\n"
        )
        guest.put("/run/vm/probe.py", (guest.HERE / "probe.py").read_text())
        guest.put("/run/vm/probe.json", "")
        guest.put(f"/run/systemd/system/probe-{k}.service", t.replace("[Service]\n", own))
        guest.run("systemctl", "daemon-reload")
        said = guest.run("systemctl", "start", f"probe-{k}", check=False)
        try:
            j = json.loads((guest.GUEST / "run/vm/probe.json").read_text())
            out[k] = {
                n: v
                for n, v in j.items()
                if "exec" in n
                or n == "write to its state"
                or n == "read the journal"
                or n == "read another's memory"
            }
        except ValueError:
            out[k] = said + guest.journal(f"probe-{k}")
    print("EXP", json.dumps(out, indent=1))
    assert 0
