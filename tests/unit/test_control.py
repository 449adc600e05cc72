"""The control socket and the ``sotto`` command on it, with hostile clients."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import cli, place, store
from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import SystemClock
from firmware.phone.config import Config, Phone
from firmware.phone.control import MAX_LINE, Control, parse
from firmware.phone.display.screens import Look
from firmware.phone.errors import ConfigError
from firmware.phone.health.fake import FakeHealth
from firmware.phone.keypad.fake import FakeKeypad
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.presence import Grant
from firmware.phone.requests import Refused, Requests
from firmware.phone.simulated import Simulated
from firmware.phone.sip.reasons import registration_failure
from firmware.phone.switches.fake import FakeSwitches
from firmware.phone.values import (
    CallId,
    CallRecord,
    Direction,
    EndReason,
    KeptLock,
    Party,
    Registration,
    RegistrationState,
    SubscriptionId,
    Trust,
)
from firmware.phone.watch import event_fields, told

NO_OPTIONS = Config()


class Recorder:
    def __init__(self) -> None:
        self.done: list[do.Command] = []

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)


class Rig:
    def __init__(self, path: Path, simulated: bool = True, config: Config = NO_OPTIONS) -> None:
        self.path = path
        self.recorder = Recorder()
        rules = Rules(domain="phone.test", identity="Alice", config=config)
        self.loop = Loop(rules, SystemClock(), self.recorder, Notifier({}))
        keypad, switches = FakeKeypad(), FakeSwitches()
        health = FakeHealth()
        health.start(self.loop.post)
        hands = Simulated(keypad, switches, health) if simulated else None
        self.requests = Requests("simulator", {"sottovoce": "0"}, hands)
        self.requests.serve(self.loop)
        self.crashes: list[BaseException] = []
        self.control = Control(path, self.loop, self.requests, self.crashes.append)
        self.control.start()
        switches.start(self.loop.post)
        keypad.start(self.loop.post)
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    def stop(self) -> None:
        self.loop.stop()
        self.thread.join(5)
        self.control.stop()
        assert self.crashes == []

    def sotto(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
        code = cli.main(["--socket", str(self.path), "--json", *words])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(5)
        client.connect(str(self.path))
        return client


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "sock")
    try:
        yield rig
    finally:
        rig.stop()


def talk(client: socket.socket, line: bytes) -> dict[str, Any]:
    client.sendall(line + b"\n")
    answer: dict[str, Any] = json.loads(client.makefile("rb").readline())
    return answer


def test_the_hands_of_the_simulated_board_make_a_call(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert rig.sotto(capsys, "sim", "privacy", "open")[0] == 0
    assert rig.sotto(capsys, "sim", "hook", "up")[0] == 0
    assert rig.sotto(capsys, "sim", "key", "1", "2", "#")[0] == 0
    code, status, _ = rig.sotto(capsys, "status")
    assert code == 0
    assert (status["privacy"], status["hook"], status["calls"][0]["state"]) == ("open", "off", "dialing")
    assert any(isinstance(command, do.PlaceCall) for command in rig.recorder.done)


def test_the_simulated_board_gets_hot_and_weak(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    for said, power, temperature in (
        ("weak", "weak", "good"),
        ("hot", "good", "hot"),
        ("good", "good", "good"),
    ):
        assert rig.sotto(capsys, "sim", "health", said)[0] == 0
        _, status, _ = rig.sotto(capsys, "status")
        assert (status["power"], status["temperature"]) == (power, temperature)


def test_refusals_say_why_and_exit_with_1(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer, error = rig.sotto(capsys, "answer")
    assert code == 1
    assert "nothing to answer" in error
    assert answer["ok"] is False
    assert rig.sotto(capsys, "dial", "ftp://x")[0] == 1
    assert rig.sotto(capsys, "sim", "key", "Q")[0] == 1


def test_the_inventory_is_the_table(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = rig.sotto(capsys, "inventory")
    assert code == 0
    assert [row["item"] for row in found["items"]] == [item.name for item in store.ITEMS]
    assert all(row["purpose"] and row["place"] and row["lifetime"] for row in found["items"])
    assert cli.main(["--socket", str(rig.path), "inventory"]) == 0
    said = capsys.readouterr().out
    assert all(item.purpose in said for item in store.ITEMS)


def test_a_wipe_erases_and_says_what(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.loop.post(on.IncomingCall(CallId(2), Party("sip:bob@phone.test")))
    rig.loop.post(on.CallFailed(CallId(2), EndReason.MISSED))
    code, found, _ = rig.sotto(capsys, "inventory", "--wipe")
    assert code == 0
    assert found["erased"] == {
        "ended calls": 1,
        "last number dialled, last caller": 1,
        "missed calls": 1,
        "call history": 0,
        "watchers you allowed": 0,
        "watchers you refused": 0,
        "place you typed in": 0,
        "settings of the keypad": 0,
        "secrets shared with contacts": 0,
        "protection of calls with your contacts": 0,
        "volume": 0,
        "certificates for contacts": 0,
        "contacts of files and servers": 0,
    }
    assert do.Wipe() in rig.recorder.done
    assert {row["item"]: row["number"] for row in found["items"] if row["wiped"]} == dict.fromkeys(
        found["erased"], 0
    )
    assert rig.sotto(capsys, "status")[1]["calls"] == []


PLACE = "country=DE;A3=Berlin;RD=Musterstraße;HNO=5;LOC=2nd floor"


def test_a_place_is_kept_told_and_erased(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert rig.sotto(capsys, "place")[1] == {"kept": False, "place": {}}
    code, found, _ = rig.sotto(capsys, "place", "--set", PLACE)
    fields = {"country": "DE", "A3": "Berlin", "RD": "Musterstraße", "HNO": "5", "LOC": "2nd floor"}
    assert (code, found) == (0, {"kept": True, "place": fields})
    assert rig.recorder.done[-1] == do.KeepPlace(place.parse(PLACE))
    assert rig.sotto(capsys, "place")[1] == found
    assert "Musterstraße" in "".join(cli.place_lines(found))
    assert rig.sotto(capsys, "place", "--clear")[1] == {"kept": False, "place": {}}
    assert rig.recorder.done[-1] == do.KeepPlace(None)
    assert "No place" in cli.place_lines({"kept": False, "place": {}})[0]


def test_a_place_from_the_standard_input(
    rig: Rig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PLACE + "\n"))
    assert rig.sotto(capsys, "place", "--set", "-")[1]["place"]["A3"] == "Berlin"


@pytest.mark.parametrize("typed", ["Berlin", "country=XX;A3=Berlin", "country=DE", "", 5, ["country=DE"]])
def test_what_is_no_place_is_refused(rig: Rig, typed: object) -> None:
    with pytest.raises(Refused) as refused:
        rig.requests.carry_out(rig.loop, "place", {"set": typed})
    assert "Berlin" not in str(refused.value).split("such as")[0].split("write the place as")[0]
    assert rig.loop.state.place is None


def test_a_place_that_the_disk_does_not_take(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.requests._settle = lambda: "Place not kept: No space left on device"
    code, _, error = rig.sotto(capsys, "place", "--set", PLACE)
    assert code == 1
    assert "No space left" in error


def test_nobody_who_watches_reads_the_place(rig: Rig) -> None:
    typed = place.parse(PLACE)
    for event in (on.PlaceTyped(typed), on.StoreChanged(place=typed), on.PlaceSent(CallId(1))):
        assert "Berlin" not in json.dumps(told(event))


def test_the_preview_of_an_emergency_call_alone_tells_the_place(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    def told_place(number: str) -> str:
        fields = rig.sotto(capsys, "preview", number)[1]["fields"]
        return next(str(field["value"]) for field in fields if field["name"] == "Place")

    assert told_place("112") == "not sent"
    rig.sotto(capsys, "place", "--set", PLACE)
    assert told_place("112") == PLACE
    assert told_place("113") == "not sent"


def test_a_wipe_that_failed_is_refused_in_words(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.requests._settle = lambda: "Not erased: Read-only file system"
    code, _, error = rig.sotto(capsys, "inventory", "--wipe")
    assert code == 1
    assert "Read-only" in error


def test_risks_follow_the_switch(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = rig.sotto(capsys, "risks")
    assert code == 0
    assert all(risk["text"] and risk["remedy"] for risk in found)
    assert "switch-unreadable" not in {risk["risk"] for risk in found}
    rig.sotto(capsys, "sim", "privacy", "broken")
    assert "switch-unreadable" in {risk["risk"] for risk in rig.sotto(capsys, "risks")[1]}
    assert cli.main(["--socket", str(rig.path), "risks"]) == 0
    assert "Remedy:" in capsys.readouterr().out


def test_a_key_can_be_held(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert rig.sotto(capsys, "sim", "key", "*", "--hold", "1.1")[0] == 0
    assert rig.sotto(capsys, "screen")[1]["lines"][0].startswith("Menu")
    assert rig.sotto(capsys, "sim", "key", "#")[0] == 0
    assert rig.sotto(capsys, "sim", "key", "*")[0] == 0
    assert rig.sotto(capsys, "screen")[1]["lines"][1] == "*"
    assert rig.sotto(capsys, "sim", "key", "Q", "--hold", "0")[0] == 1
    with pytest.raises(SystemExit):
        cli.main(["--socket", str(rig.path), "sim", "key", "1", "--hold", "9999"])


def test_the_history_is_not_told_to_who_watches() -> None:
    record = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob", 1, 2)
    granted = Grant("sip:eve@phone.test")
    assert event_fields(on.StoreChanged((record,), (granted,), 5.0, "")) == {
        "ends": 5.0,
        "trouble": "",
        "loaded": False,
        "volumes": {"handset": 4, "ringer": 6},
    }


def test_wrong_usage_exits_with_2(rig: Rig) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--socket", str(rig.path), "sim", "hook", "sideways"])
    assert raised.value.code == 2


def test_no_daemon_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--socket", str(tmp_path / "nobody"), "status"]) == 3
    assert "start it" in capsys.readouterr().err


def test_the_screen_is_text_and_a_picture(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = tmp_path / "screen.png"
    assert rig.sotto(capsys, "screen", "--png", str(png))[0] == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    code, shown, _ = rig.sotto(capsys, "screen")
    assert code == 0
    assert any(shown["lines"])


def test_the_screen_speaks_its_language_and_the_status_english(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path / "sock", config=Config(phone=Phone(language="de")))
    try:
        assert rig.sotto(capsys, "sim", "privacy", "open")[0] == 0
        german = rig.sotto(capsys, "screen")[1]
        assert german["lines"][0] == "Offen"
        shown = next(command for command in reversed(rig.recorder.done) if isinstance(command, do.Show))
        assert shown.look == Look("de")
        failed = Registration(RegistrationState.FAILED, registration_failure(403))
        rig.loop.post(on.RegistrationChanged(failed))
        assert "Konto prüfen" in " ".join(rig.sotto(capsys, "screen")[1]["lines"])
        assert rig.sotto(capsys, "status")[1]["registration_reason"].endswith("check the account")
    finally:
        rig.stop()


def test_hardware_has_no_simulated_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = Rig(tmp_path / "sock", simulated=False)
    try:
        for words in (["key", "1"], ["hook", "up"], ["privacy", "open"]):
            code, _, error = rig.sotto(capsys, "sim", *words)
            assert code == 1
            assert "real keys" in error
        assert rig.sotto(capsys, "status")[1]["privacy"] == "private"
    finally:
        rig.stop()


def test_watch_tells_the_present_then_every_change_but_no_key(rig: Rig) -> None:
    client = rig.connect()
    lines = client.makefile("rb")
    client.sendall(b'{"command": "watch", "args": {"frames": true}}\n')
    first = [json.loads(lines.readline()) for _ in range(3)]
    assert [message["event"] for message in first] == ["status", "outputs", "frame"]
    with rig.connect() as other:
        talk(other, b'{"command": "sim", "args": {"what": "hook", "position": "up"}}')
        talk(other, b'{"command": "sim", "args": {"what": "key", "keys": ["7"]}}')
    seen: list[dict[str, Any]] = []
    while not any(message["event"] == "key-released" for message in seen):
        seen.append(json.loads(lines.readline()))
    assert {"event": "key-pressed"} in seen, "the key itself may be part of a PIN"
    assert {"event": "hook-changed", "hook": "off"} in seen
    assert any(message["event"] == "outputs" and message["tone"] == "dial" for message in seen)
    client.close()


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\x00garbage",
        b"[]",
        b"{}",
        b'{"command": 5}',
        b'{"command": "status", "args": []}',
        b'{"command": "constructor"}',
        b'{"command": "__class__"}',
        b'{"command": "dial", "args": {"target": {"a": 1}}}',
        b'{"command": "dial", "args": {"target": "' + b"9" * 600 + b'"}}',
        b'{"command": "sim", "args": {"what": "key", "keys": ["11", 5]}}',
        b'{"command": "sim", "args": {"what": "hook", "position": ["up"]}}',
        b"[" * 5000,
    ],
)
def test_garbage_is_refused_in_words_and_the_next_request_served(rig: Rig, line: bytes) -> None:
    with rig.connect() as client:
        answer = talk(client, line)
        assert answer["ok"] is False
        assert answer["error"]
        assert talk(client, b'{"command": "status"}')["ok"] is True


def test_an_endless_line_is_cut(rig: Rig) -> None:
    with rig.connect() as client:
        client.sendall(b"x" * (MAX_LINE * 2))
        answer = json.loads(client.makefile("rb").readline())
        assert "at most" in answer["error"]
    with rig.connect() as client:
        assert talk(client, b'{"command": "status"}')["ok"] is True


def test_clients_are_bounded(rig: Rig) -> None:
    clients = [rig.connect() for _ in range(40)]
    try:
        answers = []
        for client in clients:
            with contextlib.suppress(BrokenPipeError):  # refused already: the reason waits to be read
                client.sendall(b'{"command": "status"}\n')
            answers.append(json.loads(client.makefile("rb").readline())["ok"])
        assert answers.count(True) == 32
    finally:
        for client in clients:
            client.close()


def test_the_socket_is_ours_alone_and_taken_only_once(rig: Rig) -> None:
    assert stat.S_IMODE(os.stat(rig.path).st_mode) == 0o600
    with pytest.raises(ConfigError, match="another daemon"):
        Control(rig.path, rig.loop, rig.requests, rig.crashes.append).start()


def test_a_socket_left_by_a_dead_daemon_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(tmp_path / "sock"))
    dead.close()
    Rig(tmp_path / "sock").stop()
    assert not (tmp_path / "sock").exists()


def test_an_event_is_told_by_its_name_whatever_its_fields_are() -> None:
    asked = on.WatcherAsked(SubscriptionId(1), "sip:bob@phone.test", "presence")
    assert told(asked) == {"event": "watcher-asked", "subscription": 1, "uri": "sip:bob@phone.test"}


def test_parse_says_what_is_wrong() -> None:
    assert parse(b'{"command": "status"}') == ("status", {})
    with pytest.raises(ValueError, match="not JSON"):
        parse(b"status")


def test_preview(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.loop.post(on.OwnAddress("192.0.2.7:5061"))
    code, data, _ = rig.sotto(capsys, "preview", "1002")
    assert (code, data["target"], data["switch"]) == (0, "sip:1002@phone.test", "private")
    fields = {field["name"]: field for field in data["fields"]}
    assert fields["From address"]["value"] == "sip:anonymous@anonymous.invalid"
    assert fields["Contact address"]["value"] == "192.0.2.7"
    assert all(set(field) == {"name", "value", "why"} and field["why"] for field in data["fields"])
    rig.sotto(capsys, "sim", "privacy", "open")
    assert rig.sotto(capsys, "preview", "1002")[1]["switch"] == "open"
    assert rig.sotto(capsys, "preview", "*31#1002")[1]["cause"] == "star code"
    rig.sotto(capsys, "sim", "privacy", "broken")
    _, data, _ = rig.sotto(capsys, "preview", "112")
    assert (data["switch"], data["cause"]) == ("private", "emergency")
    assert rig.sotto(capsys, "preview", "tel:x")[0] == 1
    assert not any(isinstance(command, do.PlaceCall) for command in rig.recorder.done), "nothing was sent"


def test_preview_for_a_person(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--socket", str(rig.path), "preview", "1002"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "A call to sip:1002@phone.test now (switch: private) would carry:"
    assert any(line.startswith("From address") and "anonymous.invalid" in line for line in said)


def test_dial_knows_star_codes_and_emergency_numbers(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.sotto(capsys, "sim", "privacy", "open")
    assert rig.sotto(capsys, "dial", "*31#1002")[0] == 0
    assert rig.sotto(capsys, "hangup")[0] == 0
    rig.sotto(capsys, "sim", "privacy", "private")
    assert rig.sotto(capsys, "dial", "#31#1003")[0] == 0
    assert rig.sotto(capsys, "hangup")[0] == 0
    assert rig.sotto(capsys, "dial", "112")[0] == 0
    code, _, said = rig.sotto(capsys, "preview", "*31#")
    assert (code, "the number is missing after the code" in said) == (1, True)
    placed = [command for command in rig.recorder.done if isinstance(command, do.PlaceCall)]
    assert [(call.uri[4:8], call.exposure.cause, call.exposure.identity) for call in placed] == [
        ("1002", "star code", False),
        ("1003", "switch", False),
        ("112@", "emergency", True),
    ]


def test_status_tells_how_sure_it_is_who_calls(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    peer = Party("sip:bob@phone.test", "Bob", Trust.ASSERTED, doubt="the signature is wrong")
    rig.loop.post(on.IncomingCall(CallId(2), peer))
    (call,) = rig.sotto(capsys, "status")[1]["calls"]
    assert (call["trust"], call["anonymous"], call["doubt"]) == ("asserted", False, "the signature is wrong")
    cli.main(["--socket", str(rig.path), "status"])
    assert "caller asserted, proof false: the signature is wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("dial", "2"),
        ("inventory", "--wipe"),
        ("place",),
        ("place", "--clear"),
        ("contacts", "find", "262"),
        ("contacts",),
    ],
)
def test_a_locked_telephone_tells_and_does_no_more_than_its_keys(
    rig: Rig, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    rig.loop.post(on.StoreChanged(loaded=True, lock=KeptLock("$argon2id$x")))
    code, found, _ = rig.sotto(capsys, "status")
    assert (code, found["locked"]) == (0, True)
    code, _, said = rig.sotto(capsys, *words)
    assert code == 1
    assert "locked" in said


def test_what_is_typed_in_a_call_is_not_in_the_watch() -> None:
    assert told(on.TextReceived(CallId(2), "mandarin")) == {"event": "text-received", "call_id": 2}
