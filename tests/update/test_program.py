"""The updater as a program: its settings, what it asks the telephone, what its commands say."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from firmware.phone.clock import FakeClock
from firmware.phone.errors import ConfigError, UpdateError
from firmware.updater import settings
from firmware.updater.judge import Mode
from firmware.updater.program import Program, alone
from firmware.updater.settings import Settings
from firmware.updater.telephone import TIME_LIMIT, Telephone
from firmware.updater.times import ClockTimes, kernel_synchronised
from firmware.updater.version import parse
from tests.update.machine import Machine, Restarted, image_of
from tests.update.makers import BASE, Makers

NIGHT = datetime.now(UTC).replace(hour=3, minute=0) + timedelta(days=2)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "makers").mkdir()
    makers = Makers(tmp_path / "makers")
    makers.publish("1.2.0", content=image_of("1.2.0"))
    return Machine(tmp_path / "machine", makers)


def program(
    machine: Machine, set_to: Settings | None = None, now: datetime = NIGHT, calls: list[bool] | None = None
) -> Program:
    clock, looks = FakeClock(now), iter(calls or [])
    return Program(
        machine.boot(),
        set_to or Settings(url=BASE),
        clock,
        lambda: next(looks, False),
        clock.advance,
        lambda *_: None,
    )


def test_the_timer_installs_at_night(machine: Machine) -> None:
    with pytest.raises(Restarted):
        program(machine).run()
    told = program(machine).status()
    assert (told["version"], told["last"]) == ("1.2.0", "updated to 1.2.0")
    assert told["notes"] == {"en": "What is new in 1.2.0"}


def test_by_day_it_waits(machine: Machine) -> None:
    told = program(machine, now=NIGHT.replace(hour=12)).run()
    assert told["result"] == "1.2.0 waits: it is installed at night"
    assert told["offer"]["version"] == "1.2.0"


def test_a_call_is_not_interrupted(machine: Machine) -> None:
    assert "there is a call" in program(machine, calls=[True]).run()["result"]
    with pytest.raises(Restarted):
        program(machine).install()


def test_a_call_that_came_while_it_was_written_is_not_interrupted(machine: Machine) -> None:
    running = program(machine, calls=[False, True])
    told = running.install()
    assert "waits for the end of the call" in told["result"]
    assert machine.version == "1.1.0"
    with pytest.raises(Restarted):
        running.run()


def test_minutes_after_a_call_it_waits(machine: Machine) -> None:
    """The whole quiet time is looked at, to its end."""
    told = program(machine, calls=[False] * 100 + [True]).run()
    assert "there is a call" in told["result"]


def test_switched_off(machine: Machine) -> None:
    assert "switched off" in program(machine, Settings(url=BASE, mode=Mode.OFF)).run()["result"]
    assert not machine.source.asked
    with pytest.raises(Restarted):
        program(machine, Settings(url=BASE, mode=Mode.OFF)).install()


def test_without_a_server(machine: Machine) -> None:
    with pytest.raises(UpdateError, match="no update server is set"):
        program(machine, Settings()).check()
    assert program(machine, Settings()).status()["mode"] == "off"


def test_check_says_what_the_version_suffers_from(machine: Machine) -> None:
    from firmware.updater.release import Flaw

    flaws = (Flaw("SV-1", parse("1.2.0"), "It rings."), Flaw("SV-0", parse("1.1.0"), "Old."))
    machine.makers.publish("1.3.0", content=image_of("1.3.0"), flaws=flaws, security=True)
    told = program(machine).check()
    assert told["affected"] == [{"id": "SV-1", "text": "It rings."}]
    assert told["supported_until"] == "2031-12-31"
    assert told["offer"]["security"] is True


def test_one_at_a_time(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with alone(state), pytest.raises(UpdateError, match="another updater"), alone(state):
        pass
    with alone(tmp_path / "state"):
        pass


# --- settings ----------------------------------------------------------------------------------------


def test_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "update.toml"
    path.write_text(
        'url = "https://u.test/"\nmode = "security"\nhours = [22, 4]\nca_file = "/ca.pem"\nwhole = true\n'
    )
    read = settings.read(path)
    assert read == Settings("https://u.test/", Mode.SECURITY_ONLY, (22, 4), Path("/ca.pem"), whole=True)
    assert [hour for hour in range(24) if read.night(hour)] == [0, 1, 2, 3, 22, 23]
    assert settings.read(tmp_path / "absent") == Settings()
    assert settings.read(path).whole
    assert not Settings().whole


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('url = "http://u.test/"', "only https"),
        ("url = 1", "is no address"),
        ('mode = "sometimes"', "automatic, security, ask, off"),
        ("hours = [2, 25]", "two hours"),
        ("hours = [2, 2]", "two hours"),
        ('ca_file = "ca.pem"', "whole path"),
        ('whole = "no"', "true or false"),
        ("colour = 1", "unknown key; known are url, mode, hours, ca_file"),
        ("url =", "cannot be read"),
    ],
)
def test_settings_with_a_fault(tmp_path: Path, line: str, word: str) -> None:
    path = tmp_path / "update.toml"
    path.write_text(line + "\n")
    with pytest.raises(ConfigError, match=word) as error:
        settings.read(path)
    assert str(path) in error.value.faults[0]


# --- time --------------------------------------------------------------------------------------------

BUILT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "synchronised", "floor", "word"),
    [
        (datetime(1970, 1, 2, tzinfo=UTC), True, BUILT, "which has been"),
        (datetime(1970, 1, 2, tzinfo=UTC), False, BUILT, "has not been set"),
        (BUILT + timedelta(days=30), False, BUILT, "has not been set"),
        (BUILT - timedelta(days=1), True, datetime.fromtimestamp(0, UTC), "which has been"),
        (BUILT + timedelta(days=30), True, BUILT + timedelta(days=31), "which has been"),
    ],
)
def test_a_clock_that_is_not_believed(now: datetime, synchronised: bool, floor: datetime, word: str) -> None:
    with pytest.raises(UpdateError, match=word):
        ClockTimes(FakeClock(now), BUILT, lambda: synchronised).now(floor)


def test_a_clock_that_is_set_back_after_an_answer(machine: Machine) -> None:
    """Frozen metadata looks fresh again when the clock goes back: the last answer's time is a floor."""
    program(machine).check()
    updater = machine.boot()
    times = ClockTimes(FakeClock(NIGHT - timedelta(days=300)), BUILT - timedelta(days=900), lambda: True)
    updater._parts = replace(updater._parts, times=times)
    machine.source.asked.clear()
    with pytest.raises(UpdateError, match="which has been"):
        updater.ask()
    assert not machine.source.asked


def test_the_kernels_word_on_the_clock_is_had() -> None:
    assert kernel_synchronised() in (True, False)


# --- the telephone -----------------------------------------------------------------------------------


@contextmanager
def telephone(path: Path, answers: dict[str, Any]) -> Iterator[None]:
    """Something that answers on a control socket as the telephone does."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, connection.makefile("rwb") as lines:
                    command = json.loads(lines.readline())["command"]
                    answer = answers.get(command)
                    told = {"ok": True, "result": answer} if answer else {"ok": False, "error": "no"}
                    lines.write(json.dumps(told).encode() + b"\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


WORKS = {"test": "sound", "ok": True, "needed": True, "text": "works"}
STATUS = {"version": "1.2.0", "calls": []}


def asked(path: Path) -> Telephone:
    clock = FakeClock(NIGHT)
    return Telephone(path, clock.monotonic, clock.advance)


@pytest.mark.parametrize(
    ("status", "tests", "wrong"),
    [
        (STATUS, [WORKS], ""),
        (STATUS, [WORKS, WORKS | {"test": "registration", "ok": False, "needed": False}], ""),
        (STATUS, [WORKS | {"ok": False, "text": "No sound device"}], "sound: No sound device"),
        (STATUS | {"version": "1.1.0"}, [WORKS], "says that it is 1.1.0"),
        (STATUS, None, "did not start"),
        (None, [WORKS], "did not start"),
    ],
)
def test_whether_the_telephone_works(tmp_path: Path, status: Any, tests: Any, wrong: str) -> None:
    answers = {"status": status, "selftest": {"tests": tests} if tests else None}
    with telephone(tmp_path / "s", answers):
        said = asked(tmp_path / "s").wrong("1.2.0")
    assert (said == "") if not wrong else (wrong in said)


def test_a_telephone_that_never_comes_up(tmp_path: Path) -> None:
    clock = FakeClock(NIGHT)
    start = clock.monotonic()
    assert "did not start" in Telephone(tmp_path / "none", clock.monotonic, clock.advance).wrong("1.2.0")
    assert TIME_LIMIT <= clock.monotonic() - start < TIME_LIMIT + 5


@pytest.mark.parametrize(("state", "busy"), [("active", True), ("ringing", True), ("ended", False)])
def test_whether_there_is_a_call(tmp_path: Path, state: str, busy: bool) -> None:
    with telephone(tmp_path / "s", {"status": STATUS | {"calls": [{"state": state}]}}):
        assert asked(tmp_path / "s").in_call() is busy
    assert asked(tmp_path / "none").in_call() is False
