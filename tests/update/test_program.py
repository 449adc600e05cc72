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

from firmware.phone.cli import NoDaemon
from firmware.phone.clock import FakeClock
from firmware.phone.errors import ConfigError, UpdateError
from firmware.phone.updates import News, Stage, Updates, Want, Wish, as_json
from firmware.phone.updates import parse as parse_updates
from firmware.updater import judge, settings
from firmware.updater.judge import Mode
from firmware.updater.program import Program, alone
from firmware.updater.release import Flaw
from firmware.updater.settings import Settings
from firmware.updater.telephone import NEEDED, TIME_LIMIT, Telephone
from firmware.updater.times import ClockTimes
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


class Desk:
    """A telephone as the updater sees it: left alone for ``quiet``, in use while ``calls`` says so."""

    def __init__(self, calls: list[bool] | None = None, wishes: list[Wish] | None = None) -> None:
        self.calls = iter(calls or [])
        self.wishes = list(wishes or [])
        self.quiet = timedelta(hours=1)
        self.there = True
        self.heard: list[Updates] = []

    def quiet_for(self, need: timedelta) -> timedelta | None:
        return None if next(self.calls, False) else self.quiet

    def tell(self, updates: Updates) -> Wish | None:
        if not self.there:
            raise NoDaemon("nobody")
        assert parse_updates(as_json(updates)) == replace(updates, told=True)
        self.heard.append(updates)
        self.wishes = [wish for wish in self.wishes if wish.number > updates.answered]
        return self.wishes[0] if self.wishes else None


def program(
    machine: Machine,
    set_to: Settings | None = None,
    now: datetime = NIGHT,
    calls: list[bool] | None = None,
    desk: Desk | None = None,
) -> Program:
    desk = desk or Desk(calls)
    return Program(machine.boot(), set_to or Settings(url=BASE), FakeClock(now), desk, lambda *_: None)


def the_night_after(machine: Machine, **others: Any) -> Program:
    """A program in the night after the display has told of the release."""
    program(machine, now=NIGHT - timedelta(hours=13)).run()
    return program(machine, **others)


def test_the_timer_installs_at_night(machine: Machine) -> None:
    with pytest.raises(Restarted):
        the_night_after(machine).run()
    told = program(machine).status()
    assert (told["version"], told["last"]) == ("1.2.0", "updated to 1.2.0")
    assert told["notes"] == {"en": "What is new in 1.2.0"}


def test_by_day_it_waits(machine: Machine) -> None:
    told = the_night_after(machine, now=NIGHT.replace(hour=12)).run()
    assert told["result"] == "1.2.0 waits: it is installed at night"
    assert told["offer"]["version"] == "1.2.0"


def test_a_call_is_not_interrupted(machine: Machine) -> None:
    assert "a call or a hand" in the_night_after(machine, calls=[True]).run()["result"]
    with pytest.raises(Restarted):
        program(machine).install()


def test_a_call_that_came_while_it_was_written_is_not_interrupted(machine: Machine) -> None:
    running = program(machine, calls=[False, True])
    told = running.install()
    assert "waits until the telephone is left alone" in told["result"]
    assert machine.version == "1.1.0"
    with pytest.raises(Restarted):
        running.run()


def test_minutes_after_a_call_it_waits(machine: Machine) -> None:
    desk = Desk()
    desk.quiet = judge.QUIET - timedelta(seconds=1)
    assert "a call a moment ago" in the_night_after(machine, desk=desk).run()["result"]
    desk.quiet = judge.QUIET
    with pytest.raises(Restarted):
        program(machine, desk=desk, now=NIGHT + timedelta(days=1)).run()


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


# --- what the user wishes and is told ----------------------------------------------------------------


def wishing(machine: Machine, want: Want, days: int = 0, **others: Any) -> tuple[Desk, Program]:
    desk = Desk(others.pop("calls", None), [Wish(1, want, days)])
    return desk, program(machine, desk=desk, **others)


def test_the_user_checks(machine: Machine) -> None:
    desk, running = wishing(machine, Want.CHECK, now=NIGHT.replace(hour=12))
    running.run()
    last = desk.heard[-1]
    assert (last.answered, last.server, last.version) == (1, True, "1.1.0")
    assert last.offer is not None
    assert (last.offer.version, last.offer.notes) == ("1.2.0", "What is new in 1.2.0")
    assert last.supported_until is not None


def test_the_user_installs_by_day(machine: Machine) -> None:
    desk, running = wishing(machine, Want.INSTALL, now=NIGHT.replace(hour=12))
    with pytest.raises(Restarted):
        running.run()
    stages = list(dict.fromkeys(told.stage for told in desk.heard))
    assert stages == [Stage.IDLE, Stage.FETCHING, Stage.WRITING, Stage.RESTARTING]
    percents = [told.percent for told in desk.heard if told.stage is Stage.FETCHING]
    assert percents == sorted(percents)
    assert (desk.heard[-1].answered, desk.heard[-2].answered) == (1, 0)
    after = Desk()
    program(machine, desk=after).tell()
    assert (after.heard[-1].news, after.heard[-1].news_version) == (News.UPDATED, "1.2.0")
    assert after.heard[-1].notes == "What is new in 1.2.0"


def test_in_a_call_the_users_wish_waits_and_is_not_lost(machine: Machine) -> None:
    desk, running = wishing(machine, Want.INSTALL, calls=[True])
    assert "waits" in running.run()["result"]
    assert (desk.heard[-1].stage, desk.heard[-1].answered) == (Stage.WAITING, 0)
    assert machine.version == "1.1.0"
    with pytest.raises(Restarted):
        program(machine, desk=desk).run()


def test_the_user_puts_it_off(machine: Machine) -> None:
    program(machine, now=NIGHT - timedelta(hours=13)).run()
    desk, running = wishing(machine, Want.POSTPONE, days=2, now=NIGHT - timedelta(hours=5))
    running.run()
    assert desk.heard[-1].result.startswith("put off until")
    assert desk.heard[-1].postponed_until is not None
    assert "put off" in program(machine, now=NIGHT).run()["result"]
    assert "put off" in program(machine, now=NIGHT + timedelta(days=1)).run()["result"]
    with pytest.raises(Restarted):
        program(machine, now=NIGHT + timedelta(days=2)).run()


def test_a_security_release_is_put_off_by_days_and_no_more(machine: Machine) -> None:
    machine.makers.publish("1.3.0", content=image_of("1.3.0"), security=True)
    program(machine, now=NIGHT.replace(hour=12)).check()
    desk, running = wishing(machine, Want.POSTPONE, days=30, now=NIGHT.replace(hour=12))
    running.run()
    until = desk.heard[-1].postponed_until
    assert until is not None
    assert until <= datetime.now(UTC) + judge.LONGEST_POSTPONEMENT
    with pytest.raises(Restarted):
        program(machine, now=NIGHT + timedelta(days=7)).run()


def test_there_may_be_nothing_to_put_off(machine: Machine) -> None:
    desk, running = wishing(machine, Want.POSTPONE, days=1, set_to=Settings())
    running.run()
    assert desk.heard[-1].result == "not done: there is nothing to put off"


def test_a_wish_that_fails_says_so(machine: Machine) -> None:
    desk, running = wishing(machine, Want.CHECK, set_to=Settings())
    running.run()
    assert desk.heard[-1].result.startswith("not done: no update server is set")
    assert desk.heard[-1].answered == 1


def test_the_display_tells_of_features_before_and_of_holes_at_once(machine: Machine) -> None:
    assert "the display tells of it first" in program(machine).run()["result"]
    assert "first" in program(machine, now=NIGHT + timedelta(hours=11, minutes=59)).run()["result"]
    machine.makers.publish("1.3.0", content=image_of("1.3.0"), security=True)
    with pytest.raises(Restarted):
        program(machine, now=NIGHT + timedelta(days=1)).run()


def test_without_a_telephone_nobody_is_told_first(machine: Machine) -> None:
    """A telephone that does not start any more is mended by its update."""
    desk = Desk()
    desk.there = False
    with pytest.raises(Restarted):
        program(machine, desk=desk).run()


def test_a_version_that_falls_back_is_told_until_it_was_seen(machine: Machine) -> None:
    machine.makers.publish("1.3.0", content=image_of("1.3.0", healthy=False))
    with pytest.raises(Restarted):
        wishing(machine, Want.INSTALL)[1].run()
    desk, running = wishing(machine, Want.SEEN, now=NIGHT.replace(hour=12))
    running.run()
    first, last = desk.heard[0], desk.heard[-1]
    assert (first.news, first.news_version, first.version) == (News.BACK, "1.3.0", "1.1.0")
    assert first.result == "1.3.0 did not work (no audio); 1.1.0 runs again"
    assert (last.news, last.answered) == (News.NONE, 1)


def test_the_telephone_is_told_of_flaws_without_asking_the_server_again(machine: Machine) -> None:
    flaws = (Flaw("SV-1", parse("1.2.0"), "It rings."),)
    machine.makers.publish("1.3.0", content=image_of("1.3.0"), flaws=flaws)
    program(machine, now=NIGHT.replace(hour=12)).check()
    machine.source.asked.clear()
    desk = Desk()
    program(machine, now=NIGHT.replace(hour=12), desk=desk).run()
    assert [flaw.id for flaw in desk.heard[-1].affected] == ["SV-1"]
    assert desk.heard[-1].offer is not None
    assert not machine.source.asked


def test_what_is_kept_of_the_release_is_believed_only_while_its_signature_holds(machine: Machine) -> None:
    program(machine, now=NIGHT.replace(hour=12)).check()
    kept = machine.folder / "state" / "release.json"
    kept.write_bytes(kept.read_bytes().replace(b"2031", b"2041"))
    desk = Desk()
    program(machine, desk=desk, set_to=Settings()).run()
    assert (desk.heard[-1].offer, desk.heard[-1].supported_until) == (None, None)


def test_wishes_do_not_make_it_ask_more_often(machine: Machine) -> None:
    """The timer's question is due after hours, however often the telephone wakes the updater."""
    noon = NIGHT.replace(hour=12)
    program(machine, now=noon).run()
    machine.source.asked.clear()
    for minutes in (1, 60, 200):
        program(machine, now=noon + timedelta(minutes=minutes)).run()
    assert not machine.source.asked
    program(machine, now=noon + timedelta(hours=4)).run()
    assert machine.source.asked


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
GOOD = [WORKS | {"test": name} for name in sorted(NEEDED)]
BUSY = {"busy": False, "quiet": 700.5, "version": "1.2.0"}


def asked(path: Path) -> Telephone:
    clock = FakeClock(NIGHT)
    return Telephone(path, clock.monotonic, clock.advance)


@pytest.mark.parametrize(
    ("busy", "tests", "wrong"),
    [
        (BUSY, GOOD, ""),
        (BUSY, [*GOOD, WORKS | {"test": "registration", "ok": False, "needed": False}], ""),
        (BUSY, [*GOOD, WORKS | {"ok": False, "text": "No sound device"}], "sound: No sound device"),
        (BUSY | {"version": "1.1.0"}, GOOD, "says that it is 1.1.0"),
        (BUSY, None, "did not start"),
        (None, GOOD, "did not start"),
        (BUSY, [1], "did not start"),
    ],
)
def test_whether_the_telephone_works(tmp_path: Path, busy: Any, tests: Any, wrong: str) -> None:
    answers = {"busy": busy, "selftest": {"tests": tests} if tests else None}
    with telephone(tmp_path / "s", answers):
        said = asked(tmp_path / "s").wrong("1.2.0")
    assert (said == "") if not wrong else (wrong in said)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_telephone_that_is_silent_about_a_part_does_not_work(tmp_path: Path, name: str) -> None:
    tests = [test for test in GOOD if test["test"] != name]
    with telephone(tmp_path / "s", {"busy": BUSY, "selftest": {"tests": tests}}):
        assert asked(tmp_path / "s").wrong("1.2.0") == f"{name}: the telephone did not try it"


def test_a_telephone_that_never_comes_up(tmp_path: Path) -> None:
    clock = FakeClock(NIGHT)
    start = clock.monotonic()
    assert "did not start" in Telephone(tmp_path / "none", clock.monotonic, clock.advance).wrong("1.2.0")
    assert TIME_LIMIT <= clock.monotonic() - start < TIME_LIMIT + 5


@pytest.mark.parametrize(
    ("answer", "quiet"),
    [
        (BUSY, timedelta(seconds=700.5)),
        (BUSY | {"busy": True}, None),
        (BUSY | {"busy": "no"}, None),
        ({"quiet": 3}, None),
        (BUSY | {"quiet": "long"}, None),
        (None, None),
    ],
)
def test_how_long_it_has_been_quiet(tmp_path: Path, answer: Any, quiet: timedelta | None) -> None:
    with telephone(tmp_path / "s", {"busy": answer}):
        assert asked(tmp_path / "s").quiet_for(timedelta(0)) == quiet


def test_a_telephone_that_is_not_there_is_looked_for_to_the_end(tmp_path: Path) -> None:
    clock = FakeClock(NIGHT)
    found = Telephone(tmp_path / "none", clock.monotonic, clock.advance).quiet_for(judge.QUIET)
    assert found is not None
    assert judge.QUIET <= found == timedelta(seconds=clock.monotonic())


def test_a_telephone_that_hangs_is_not_disturbed(tmp_path: Path) -> None:
    """It listens and does not answer: it may be in a call."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen(1)
        closing = threading.Thread(target=lambda: server.accept()[0].close(), daemon=True)
        closing.start()
        assert asked(tmp_path / "s").quiet_for(timedelta(0)) is None
        closing.join(5)
