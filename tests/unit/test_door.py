"""The updater's door: what may be asked there, by whom, and that nothing else can be."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import asking, cli, network
from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import SystemClock
from firmware.phone.control import Control
from firmware.phone.door import FOLDER, Door, folder_of
from firmware.phone.errors import ConfigError
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.requests import Requests
from firmware.phone.selftest import ADDRESS, CALL
from firmware.phone.trying import Trying
from firmware.phone.updates import Offered, Stage, Updates, Want, Wish, as_json
from firmware.phone.values import CallId, Hook, Party
from firmware.updater.telephone import Telephone

CALL_THAT_WORKS = ["/bin/sh", "-c", """echo '{"ok": true, "trouble": "", "codec": "opus"}'"""]


class Rig:
    """A loop with both sockets: the user's and the updater's."""

    def __init__(self, folder: Path, program: list[str]) -> None:
        self.folder = folder
        self.done: list[do.Command] = []
        self.loop = Loop(Rules(), SystemClock(), self, Notifier({}))
        self.door = Door(folder, "1.2.0", Trying(program, lambda: "", lambda: "").begin)
        self.crashes: list[BaseException] = []
        requests = Requests("simulator", {"sottovoce": "1.2.0"}, None)
        requests.serve(self.loop)
        self.servers = [
            Control(self.door.socket, self.loop, self.door, self.crashes.append, True),
            Control(folder / "control", self.loop, requests, self.crashes.append),
        ]
        for server in self.servers:
            server.start()
        self.door.start()
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()
        self.updater = Telephone(self.door.socket)

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)
        if isinstance(command, do.WakeUpdater):
            self.door.wake()

    def stop(self) -> None:
        self.loop.stop()
        self.thread.join(5)
        for server in self.servers:
            server.stop()
        assert self.crashes == []

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        return cli.Client(self.door.socket).ask(command, args)


@pytest.fixture
def program() -> list[str]:
    return CALL_THAT_WORKS


@pytest.fixture
def rig(tmp_path: Path, program: list[str]) -> Iterator[Rig]:
    rig = Rig(tmp_path, program)
    try:
        yield rig
    finally:
        rig.stop()


@pytest.mark.parametrize(
    "command",
    ["dial", "status", "screen", "inventory", "place", "preview", "answer", "hangup", "sim", "watch", "risks",
     "update", "manifest", "", "x" * 1000],
)  # fmt: skip
def test_the_updater_can_ask_for_nothing_else(rig: Rig, command: str) -> None:
    rig.loop.post(on.IncomingCall(CallId(2), Party("sip:secret@phone.test", "Secret")))
    answer = rig.ask(command, target="sip:bob@phone.test", what="hook", position="up", action="install")
    assert answer == {"ok": False, "error": "the updater may ask: busy, selftest, tell"}
    assert not any(isinstance(command, do.PlaceCall | do.AnswerCall) for command in rig.done)


def test_who_calls_is_not_told(rig: Rig) -> None:
    rig.loop.post(on.IncomingCall(CallId(2), Party("sip:secret@phone.test", "Secret")))
    told = rig.ask("busy")
    assert "ecret" not in json.dumps(told)
    assert told["result"].keys() == {"busy", "quiet", "version"}
    assert told["result"]["busy"] is True


def test_only_the_group_of_the_folder_may_connect(rig: Rig) -> None:
    assert stat.S_IMODE(os.stat(rig.door.socket).st_mode) == 0o660
    assert stat.S_IMODE(os.stat(rig.folder / "control").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(rig.folder / "wake").st_mode) == 0o640


def test_the_socket_has_the_group_of_its_folder(tmp_path: Path) -> None:
    """As tmpfiles.d makes the folder: set-group-id, so that the updater's group has the socket."""
    if os.geteuid() != 0:
        pytest.skip("only root gives a folder to another group")
    folder = tmp_path / "updates"
    folder.mkdir()
    os.chown(folder, 0, 12345)
    folder.chmod(0o2750)
    rig = Rig(folder, CALL_THAT_WORKS)
    try:
        assert {os.stat(path).st_gid for path in (rig.door.socket, folder / "wake")} == {12345}
    finally:
        rig.stop()


TRIES = """
import socket, sys
for name in ("phone.sock", "control"):
    try:
        socket.socket(socket.AF_UNIX).connect(f"{sys.argv[1]}/{name}")
        print(name, "open")
    except OSError as error:
        print(name, error.strerror)
for name in ("wake", "new"):
    try:
        open(f"{sys.argv[1]}/{name}", "a").close()
        print(name, "written")
    except OSError as error:
        print(name, error.strerror)
"""


@pytest.mark.parametrize(
    ("group", "door", "writes"),
    [(60003, "open", "Permission denied"), (60004, "Permission denied", "Permission denied")],
    ids=["the updater", "anybody else"],
)
def test_another_user_has_the_door_and_nothing_more(group: int, door: str, writes: str) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root becomes another user")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "updates"
        folder.mkdir()
        os.chown(folder, 0, 60003)
        folder.chmod(0o2750)
        Path(name).chmod(0o755)
        rig = Rig(folder, CALL_THAT_WORKS)
        try:
            become = ["setpriv", "--reuid=60002", f"--regid={group}", "--clear-groups", "--"]
            done = subprocess.run(
                [*become, "/usr/bin/python3", "-c", TRIES, str(folder)],
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            rig.stop()
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert said == {"phone.sock": door, "control": "Permission denied", "wake": writes, "new": writes}


def test_in_use_or_quiet(rig: Rig) -> None:
    assert rig.updater.quiet_for(timedelta(0)) is not None
    rig.loop.post(on.HookChanged(Hook.OFF))
    assert rig.updater.quiet_for(timedelta(0)) is None
    rig.loop.post(on.HookChanged(Hook.ON))
    quiet = rig.updater.quiet_for(timedelta(0))
    assert quiet is not None
    assert quiet < timedelta(seconds=5)


def test_a_telephone_that_has_just_started_has_not_been_quiet_for_long(rig: Rig) -> None:
    """It may have started anew in the middle of a call."""
    quiet = rig.updater.quiet_for(timedelta(0))
    assert quiet is not None
    assert quiet < timedelta(seconds=60)


def test_the_wish_is_there_with_the_answer_and_the_file_is_touched(rig: Rig) -> None:
    wake = rig.folder / "wake"
    os.utime(wake, (1, 1))
    assert rig.updater.tell(Updates("1.2.0")) is None
    asked = cli.Client(rig.folder / "control").ask("update", {"action": "postpone", "days": 3})
    assert asked["result"] == {"asked": 1}
    assert wake.stat().st_mtime > 1
    assert wake.stat().st_size == 0
    assert rig.updater.tell(Updates("1.2.0")) == Wish(1, Want.POSTPONE, 3)
    assert rig.updater.tell(Updates("1.2.0", answered=1)) is None


def test_a_lie_of_the_updater_changes_nothing(rig: Rig) -> None:
    rig.updater.tell(Updates("1.2.0", result="as it was"))
    answer = rig.ask("tell", **(as_json(Updates("1.2.0")) | {"stage": "dial"}))
    assert answer["ok"] is False
    assert answer["error"].startswith("stage: ")
    assert rig.loop.state.updates.result == "as it was"


@pytest.mark.parametrize(
    ("program", "trouble"),
    [
        (CALL_THAT_WORKS, ""),
        (
            ["/bin/sh", "-c", """echo '{"trouble": "the tone was not heard"}'; exit 1"""],
            "the tone was not heard",
        ),
        (
            ["/bin/sh", "-c", "echo cannot open shared object >&2; exit 3"],
            "broke off (3): cannot open shared object",
        ),
        (["/bin/sh", "-c", "kill -SEGV $$"], "broke off (-11)"),
        (["/bin/sh", "-c", """echo '{"trouble": ""}'; exit 1"""], "broke off (1)"),
        (["/bin/sh", "-c", """echo '{"trouble": "x"}'; exit 0"""], "broke off (0)"),
        (["/bin/sh", "-c", "echo []"], "broke off (0)"),
        (["/nowhere/python"], "cannot be started"),
    ],
)
def test_the_self_test_makes_a_call(rig: Rig, trouble: str) -> None:
    tests = {test["test"]: test for test in rig.ask("selftest")["result"]["tests"]}
    assert tests[CALL]["needed"]
    assert tests[CALL]["ok"] is (trouble == "")
    assert trouble in tests[CALL]["text"]
    assert tests[ADDRESS]["ok"]


def test_a_call_that_never_ends_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware.phone.trying.LIMIT", 0.2)
    trying = Trying(["/bin/sleep", "30"], lambda: "", lambda: "")
    future: Future[dict[str, Any]] = rig.loop.request(trying.begin).result(5)
    tests = future.result(5)["tests"]
    assert [test["text"] for test in tests if test["test"] == CALL] == [
        "it did not come to an end within 0 s"
    ]


def test_who_asks_while_it_runs_gets_the_same_answer(rig: Rig) -> None:
    trying = Trying(["/bin/sleep", "0.3"], lambda: "no address", lambda: "")
    first = rig.loop.request(trying.begin).result(5)
    assert rig.loop.request(trying.begin).result(5) is first
    tests = {test["test"]: test["text"] for test in first.result(5)["tests"]}
    assert tests[ADDRESS] == "no address"
    assert rig.loop.request(trying.begin).result(5) is not first


def test_the_folder_is_where_the_system_made_it(tmp_path: Path) -> None:
    assert folder_of(tmp_path) == tmp_path
    if not FOLDER.exists():
        assert folder_of(None) is None


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--updates"):
        Door(tmp_path / "none", "1", Trying([], lambda: "", lambda: "").begin).start()


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "wake").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigError):
        Door(tmp_path, "1", Trying([], lambda: "", lambda: "").begin).start()
    assert not (tmp_path / "other").exists()


# --- sotto update ------------------------------------------------------------------------------------


def sotto(rig: Rig, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["--socket", str(rig.folder / "control"), *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def updater(rig: Rig, *says: Updates) -> threading.Thread:
    """An updater that waits for a wish, then says one thing after the other, the last as the answer."""

    def work() -> None:
        for _ in range(100):
            wish = rig.updater.tell(Updates("1.2.0"))
            if wish is not None:
                break
            threading.Event().wait(0.05)
        for told in says:
            rig.updater.tell(told)
            threading.Event().wait(0.05)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LOOK", 0.02)


def test_sotto_update_status(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = sotto(rig, capsys, "update", "status")
    assert code == 0
    assert "has not spoken" in out
    offer = Offered("1.3.0", True, 31_000_000, "Nobody can end your calls.", "At night, 2 to 5 h")
    rig.updater.tell(Updates("1.2.0", server=True, offer=offer, result="1.3.0 is there"))
    code, out, _ = sotto(rig, capsys, "update", "status")
    assert "there is      security update 1.3.0 (31.0 MB): At night, 2 to 5 h" in out
    code, out, _ = sotto(rig, capsys, "--json", "update", "status")
    told = json.loads(out)
    assert (code, told["offer"]["version"], told["told"], told["waits"]) == (0, "1.3.0", True, None)


def test_sotto_update_check_waits_for_the_answer(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    thread = updater(rig, Updates("1.2.0", server=True, result="1.2.0 is the newest version", answered=1))
    code, out, _ = sotto(rig, capsys, "update", "check", "--wait", "5")
    thread.join(5)
    assert code == 0
    assert "last          1.2.0 is the newest version" in out


def test_sotto_update_says_why_it_was_not_done(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    thread = updater(rig, Updates("1.2.0", result="not done: no update server is set", answered=1))
    code, out, err = sotto(rig, capsys, "update", "install", "--wait", "5")
    thread.join(5)
    assert (code, out) == (1, "")
    assert "no update server is set" in err


def test_sotto_update_install_ends_with_the_restart(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    thread = updater(
        rig,
        Updates("1.2.0", stage=Stage.FETCHING, percent=40),
        Updates("1.2.0", stage=Stage.RESTARTING, percent=100, answered=1),
    )
    code, out, _ = sotto(rig, capsys, "--json", "update", "install", "--wait", "5")
    thread.join(5)
    assert code == 0
    assert json.loads(out)["stage"] == "restarting"


def test_sotto_update_without_an_updater(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = sotto(rig, capsys, "update", "check", "--wait", "0.1")
    assert code == 1
    assert "has not answered" in err
    assert cli.main(["--socket", str(rig.folder / "none"), "update", "check"]) == 3


@pytest.mark.parametrize("words", [["update"], ["update", "undo"], ["update", "check", "--wait", "-1"]])
def test_sotto_update_wrong_usage(rig: Rig, words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--socket", str(rig.folder / "control"), *words])
    assert end.value.code == 2


@pytest.mark.parametrize("days", ["0", "31", "-1"])
def test_sotto_update_postpone_by_too_much(rig: Rig, capsys: pytest.CaptureFixture[str], days: str) -> None:
    code, _, err = sotto(rig, capsys, "update", "postpone", "--days", days)
    assert code == 1
    assert "1 to 30 days" in err


# --- the address -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bind", "names", "addressed", "carrier", "trouble"),
    [
        ("", ["lo", "eth0"], ["eth0"], ["eth0"], False),
        ("", ["lo", "eth0", "wlan0"], ["wlan0"], ["eth0", "wlan0"], False),
        ("", ["lo", "eth0"], [], ["eth0"], True),
        ("", ["lo", "eth0"], ["lo"], ["eth0"], True),
        ("", ["lo", "eth0"], [], [], False),
        ("127.0.0.1", ["lo", "eth0"], [], ["eth0"], False),
        ("192.0.2.1", ["lo", "eth0"], [], ["eth0"], True),
    ],
)
def test_whether_there_is_an_address(
    bind: str, names: list[str], addressed: list[str], carrier: list[str], trouble: bool
) -> None:
    said = network.trouble(bind, lambda: names, addressed.__contains__, carrier.__contains__)
    assert bool(said) is trouble


def test_the_address_of_this_machine_is_had() -> None:
    assert isinstance(network.trouble(), str)
    assert not network._v4("lo") or socket.gethostname()
