"""The installed pjsua2 does what the phone relies on: seen from outside, each time in fresh processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "pjsua2", reason="pjsua2 is not built: python3 -m firmware.native.build_pjsua2 --venv .venv"
)

PEER = Path(__file__).with_name("peer.py")

WAKING = """
import os, threading, time
os.environ["PJMEDIA_ALSA_PCMS"] = "missing one\\nmissing two"
import pjsua2 as pj
endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.logConfig.level = config.logConfig.consoleLevel = 0
config.uaConfig.threadCnt = 0
config.uaConfig.mainThreadOnly = True
endpoint.libInit(config)
names = [device.name for device in endpoint.audDevManager().enumDev2()]
assert names[:2] == ["missing one", "missing two"], names
wakeup = pj.Wakeup()
endpoint.libHandleEvents(0)
delays = []
for _ in range(20):
    woken = []
    def wake():
        time.sleep(0.02)
        woken.append(time.perf_counter())
        os.write(wakeup.fd(), b"x")
    thread = threading.Thread(target=wake)
    thread.start()
    while not woken:
        endpoint.libHandleEvents(5000)
    delays.append(time.perf_counter() - woken[0])
    thread.join()
ran = []
class Job(pj.PendingJob):
    def execute(self, pending):
        ran.append(threading.get_ident())
def leave():
    endpoint.libRegisterThread("other")
    endpoint.utilAddPendingJob(Job())
thread = threading.Thread(target=leave)
thread.start()
start = time.perf_counter()
while not ran and time.perf_counter() - start < 5:
    endpoint.libHandleEvents(5000)
waited = time.perf_counter() - start
thread.join()
assert ran == [threading.get_ident()]
wakeup.close()
wakeup.close()
endpoint.libDestroy()
print("waited", sorted(delays)[10], max(delays), waited)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-keyout",
                tmp_path / "host.key",
                "-out",
                tmp_path / "host.pem",
                "-days",
                "2",
                "-subj",
                "/CN=-",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path


def answers(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            yield json.loads(line)


def call(folder: Path, *forged: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let one process call another. Returns what caller and callee saw."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(PEER), arguments[0], str(folder), *arguments[1:]]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    try:
        callee = answers(begin("answer", *forged))
        caller = answers(begin("call", next(callee)["address"]))
        next(caller)
        return next(caller), next(callee)
    finally:
        for process in started:
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_a_wait_ends_when_another_thread_has_something_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAKING], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("waited "), "something was printed while the log was off"
    usual, _, waited = (float(word) for word in done.stdout.split()[1:])
    assert usual < 0.02
    assert waited < 1


@pytest.mark.live
def test_a_call_is_protected_by_dtls_keys_and_the_strongest_suite(folder: Path) -> None:
    caller, callee = call(folder)
    for seen in (caller, callee):
        assert seen["active"]
        assert seen["keying"] == "DTLS"
        assert seen["suites"] == ["AEAD_AES_256_GCM", "AEAD_AES_256_GCM"]
        assert seen["received"] > 0
        assert seen["offered"] == [1, 0], "the callback for the keyings was not called, or not in order"
    assert caller["local"].startswith("sha-256 ")
    assert caller["local"] == callee["remote"]
    assert callee["local"] == caller["remote"]


@pytest.mark.live
def test_a_peer_whose_certificate_is_not_the_one_of_its_sdp_gets_no_media(folder: Path) -> None:
    caller, _ = call(folder, "forge")
    assert not caller["active"]
    assert caller["received"] == 0
    assert caller["remote"] == ""
