"""Nothing in software moves the privacy switch of a telephone: all ways that there are, walked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone import app
from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.board import load_board
from firmware.phone.clock import FakeClock, SystemClock
from firmware.phone.config import Config, Contact
from firmware.phone.gpio import Gpio
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.presence import Grant, Sees
from firmware.phone.requests import Refused, Requests
from firmware.phone.storage import Storage
from firmware.phone.switches.gpio import GpioSwitches
from firmware.phone.values import CallId, SubscriptionId, SwitchPosition
from tests.test_architecture import PHONE, modules
from tests.unit.machine.driver import START

CLOSED = (SwitchPosition.PRIVATE, SwitchPosition.UNREADABLE)
EVE = "sip:eve@phone.test"
RULES = Rules(
    domain="phone.test",
    identity="Alice",
    contacts=(Contact("Eve", EVE, 2), Contact("Help", "sip:112@evil.example", 3)),
    grants=(Grant(EVE, "in-call"),),
    country="DE",
)


class Telephone:
    """The loop and the control socket's commands on a board with real switches, without its threads."""

    def __init__(self, position: SwitchPosition) -> None:
        self.position = position
        self.done: list[do.Command] = []
        self.loop = Loop(RULES, FakeClock(START), self, Notifier({}))
        self.requests = Requests("raspberry-pi", {}, simulated=None)
        self.requests.serve(self.loop)
        self.loop.handle(on.PrivacySwitched(position))
        self.loop.handle(on.WatcherAsked(SubscriptionId(1), EVE, "presence"))
        self.done.clear()

    def carry_out(self, command: do.Command) -> None:
        self.done.append(command)

    def judge(self) -> None:
        """The switch is where it was, and nothing says anything that it does not allow."""
        assert self.loop.state.switch is self.position
        assert self.loop.outputs.private == (self.position is not SwitchPosition.OPEN)
        for command in self.done:
            assert not isinstance(command, do.SetExposure)
            if self.position is SwitchPosition.OPEN:
                continue
            if isinstance(command, do.PlaceCall) and command.exposure.identity:
                assert command.exposure.cause == "emergency"
                assert command.uri.removesuffix(";transport=tls") in (
                    "sip:112@phone.test",
                    "sip:110@phone.test",
                    "sip:911@phone.test",
                )
            if isinstance(command, do.NotifyWatcher):
                assert command.sees in (Sees.CLOSED, Sees.PENDING)
        self.done.clear()


# --- the control socket ------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["privacy", "open", "private", "broken", "switch", "what", "position", "key", "keys", "press", "target",
     "wipe", "112", "1-1-2", "*31#112", "sip:112@evil.example", "tel:112", "emergency", "restricted",
     EVE, "2", "3"]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.booleans() | st.none() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
ARGS = st.dictionaries(WORDS | st.text(max_size=8), VALUES, max_size=5)
COMMANDS = st.sampled_from(
    [
        "status",
        "screen",
        "dial",
        "preview",
        "answer",
        "hangup",
        "inventory",
        "risks",
        "selftest",
        "sim",
        "manifest",
        "update",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SwitchPosition), st.lists(st.tuples(COMMANDS | st.text(max_size=9), ARGS), max_size=8))
def test_no_command_of_the_control_socket(
    position: SwitchPosition, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    phone = Telephone(position)
    for command, args in asked:
        try:
            phone.requests.carry_out(phone.loop, command, args)
        except Refused:
            pass
        else:
            assert command != "sim"
        phone.judge()


@pytest.mark.parametrize(
    "target",
    ["sip:112@evil.example", "112@evil.example", "3", "*31#3", "*31#sip:112@evil.example", "tel:+112", "1123",
     "0112", "sip:112@phone.test", "sip:112@phone.test.evil.example", "sip:112%40phone.test@evil.example",
     "sip:112@phone.test:5099", "\u0661\u0661\u0662", "\uff11\uff11\uff12", "112#", "#112", "11*2", "112a"],
)  # fmt: skip
def test_no_address_passes_for_an_emergency_number(target: str) -> None:
    """Nobody but the service itself, at our own provider, is told who calls whatever the switch says."""
    phone = Telephone(SwitchPosition.PRIVATE)
    try:
        phone.requests.carry_out(
            phone.loop, "dial", {"target": target, "emergency": True, "restricted": False}
        )
    except Refused:
        assert phone.done == []
    else:
        assert [command.exposure.private for command in phone.done if isinstance(command, do.PlaceCall)] == [
            True
        ]
    phone.judge()


@pytest.mark.parametrize(
    "target", ["112", " 112 ", "1 1 2", "1-1-2", "(112)", "*31#112", "*31#*67112", "#31#110"]
)
def test_an_emergency_number_however_it_is_written(target: str) -> None:
    phone = Telephone(SwitchPosition.PRIVATE)
    phone.requests.carry_out(phone.loop, "dial", {"target": target})
    (placed,) = [command for command in phone.done if isinstance(command, do.PlaceCall)]
    assert placed.exposure.cause == "emergency"
    phone.judge()


@pytest.mark.parametrize("position", ["open", "private", "broken"])
def test_simulated_hands_do_not_exist_on_hardware(position: str) -> None:
    phone = Telephone(SwitchPosition.PRIVATE)
    with pytest.raises(Refused, match="real keys"):
        phone.requests.carry_out(phone.loop, "sim", {"what": "privacy", "position": position})
    phone.judge()


def test_the_board_with_lines_reads_them(tmp_path: Path) -> None:
    """It gets the driver of its lines, whatever else is simulated; hands need both simulated."""
    board = load_board("raspberry-pi")
    assert isinstance(app._switches(board, Gpio(tmp_path, board.gpio.chip)), GpioSwitches)


# --- events ------------------------------------------------------------------------------------------

IDS = st.integers(0, 4)
st.register_type_strategy(CallId, IDS.map(CallId))
st.register_type_strategy(SubscriptionId, IDS.map(SubscriptionId))
ENDS = st.none() | st.floats(0, 1e6)
OTHERS = [kind for kind in get_args(on.Event) if kind is not on.PrivacySwitched]
EVENTS = st.one_of(
    *[st.from_type(kind) for kind in OTHERS if kind is not on.StoreChanged],
    st.builds(on.StoreChanged, ends=ENDS),
    st.builds(on.KeyPressed, st.sampled_from("0123456789*#")),
    st.builds(on.KeyPressed, st.sampled_from("12#")),
    st.builds(on.WatcherAsked, IDS.map(SubscriptionId), st.just(EVE), st.just("presence")),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SwitchPosition), st.lists(st.tuples(EVENTS, st.floats(0, 40)), max_size=25))
def test_no_other_event(position: SwitchPosition, happened: list[tuple[on.Event, float]]) -> None:
    phone = Telephone(position)
    for event, later in happened:
        phone.loop.clock.advance(later)  # type: ignore[attr-defined]
        if isinstance(event, on.DialAsked) and event.emergency:
            continue  # nobody but Rules.plan says so: test_no_command_of_the_control_socket
        phone.loop.handle(event)
        phone.judge()


# --- configuration and state directory ---------------------------------------------------------------


def test_no_key_of_the_configuration() -> None:
    """What is configured never comes to the decision: it has the position and two facts of the call."""
    from inspect import signature

    from firmware.phone.privacy import exposure

    assert list(signature(exposure).parameters) == ["position", "emergency", "restricted"]
    phone = Telephone(SwitchPosition.PRIVATE)
    for rules in (RULES, Rules.of(Config())):
        phone.loop.rules = rules
        phone.loop.handle(on.Tick())
        phone.judge()


PLANTED = ("switch", "privacy", "state.json", "exposure", "history", "grants", "history.keys", "grants.keys")


@pytest.mark.parametrize("content", [b"open", b'{"switch": "open"}', b"\0" * 4096, b"PrivacySwitched(OPEN)"])
def test_no_file_in_the_state_directory(tmp_path: Path, content: bytes) -> None:
    """Whatever is planted there, the store says nothing but what it keeps."""
    for name in PLANTED:
        (tmp_path / name).write_bytes(content)
    said: list[on.Event] = []
    faults: list[BaseException] = []
    storage = Storage(tmp_path, 24, SystemClock(), faults.append)
    storage.start(said.append)
    storage.settle()
    storage.stop()
    assert faults == []
    assert said
    assert {type(event) for event in said} == {on.StoreChanged}
    phone = Telephone(SwitchPosition.PRIVATE)
    for event in said:
        phone.loop.handle(event)
        phone.judge()


# --- who can say it at all ---------------------------------------------------------------------------

SAYS_THE_SWITCH = {
    "PrivacySwitched": {"firmware.phone.switches.gpio", "firmware.phone.switches.fake"},
    "SetExposure": {"firmware.phone.machine.step"},
    "Exposure": {"firmware.phone.privacy"},
    "setDisclosure": {"firmware.phone.sip.pjsua.endpoint"},
    "FakeSwitches": {"firmware.phone.app"},
    "Simulated": {"firmware.phone.app"},
}
"""What would open the phone when it is called with arguments, and the modules that may."""


def calls(source: str) -> Iterator[tuple[str, bool]]:
    """The names that ``source`` calls, and whether with arguments; ``State.switch`` when that is written."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yield name, bool(node.args or node.keywords)
        if any(keyword.arg == "switch" for keyword in node.keywords) and name in ("replace", "State"):
            yield "State.switch", True


def sayers(name: str, found: list[tuple[str, Path]]) -> set[str]:
    needs_arguments = name == "Exposure"  # without, it is closed
    return {
        module
        for module, path in found
        if any(called == name and (given or not needs_arguments) for called, given in calls(path.read_text()))
    }


@pytest.mark.parametrize("name", SAYS_THE_SWITCH)
def test_who_says_where_the_switch_is(name: str) -> None:
    assert sayers(name, modules(PHONE)) == SAYS_THE_SWITCH[name]


def test_only_one_decision_writes_the_position() -> None:
    assert sayers("State.switch", modules(PHONE)) == {"firmware.phone.machine.step"}
    source = (PHONE / "machine" / "step.py").read_text()
    assert [called for called, _ in calls(source)].count("State.switch") == 1
    handlers = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    (writer,) = [node.name for node in handlers if ("State.switch", True) in calls(ast.unparse(node))]
    assert writer == "_privacy"


def test_the_reader_can_go_red(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("post(on.PrivacySwitched(x))\nreplace(state, switch=x)\nExposure()\nExposure(True)\n")
    for name in ("PrivacySwitched", "State.switch", "Exposure"):
        assert sayers(name, [("bad", bad)]) == {"bad"}
    bad.write_text("Exposure()")
    assert sayers("Exposure", [("bad", bad)]) == set()
