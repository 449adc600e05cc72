"""The first start: from power-on to an account that is kept, by twelve keys and the display."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import typed
from firmware.phone.config import Config, load
from firmware.phone.display import paging
from firmware.phone.display.screens import Idle, Look, Pages
from firmware.phone.machine import tapping
from firmware.phone.machine.first_state import Step
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.tapping import PAUSE, SIGNS, Tapped
from firmware.phone.personal import Personal
from firmware.phone.values import Registration, RegistrationState
from tests.unit.machine.driver import Driver

UNTOUCHED = replace(Rules.of(Config(source=Path("phone.toml"))), untouched=True, providers=typed.providers())
WORDS = [one.word for one in UNTOUCHED.providers]


def untouched(rules: Rules = UNTOUCHED) -> Driver:
    it = Driver(rules)
    it.happen(on.StoreChanged((), (), None, "", loaded=True, personal=Personal()))
    return it


def tap(it: Driver, text: str) -> None:
    """Type ``text`` as a person does: the key so often, then a pause where the same key follows."""
    for sign in text:
        key = next(key for key, signs in SIGNS.items() if sign in signs)
        it.keys(key * (SIGNS[key].index(sign) + 1))
        it.now += PAUSE + 0.1


def page(it: Driver) -> str:
    assert isinstance(it.screen, Pages)
    return "\n".join((it.screen.title, *it.screen.paragraphs))


def choose(it: Driver, word: str) -> None:
    it.keys("8" * WORDS.index(word) + "#")


def to_account(it: Driver) -> None:
    it.keys("##")
    it.happen(on.NetworkSeen(True, True))
    it.keys("#")


def read(it: Driver) -> str:
    """Read the notice to its end; what is kept then."""
    assert isinstance(it.screen, Pages)
    return kept(it.keys("#" * it.screen.of))


def kept(commands: list[do.Command]) -> str:
    (command,) = (one for one in commands if isinstance(one, do.KeepFirst))
    return command.text


def test_from_power_on_to_an_account(tmp_path: Path) -> None:
    it = untouched()
    assert page(it).startswith("Language\nEnglish")
    it.keys("88")
    assert "Deutsch" in page(it)
    assert it.state.settings == (("phone.language", "de"),)
    it.keys("#")
    assert "DE" in page(it), "the country of the language comes first"
    assert [type(one) for one in it.keys("#")] == [do.LookAtNetwork]
    it.happen(on.NetworkSeen(False, False))
    assert "No cable" in page(it)
    it.keys("1")
    it.happen(on.NetworkSeen(True, True))
    assert "Connected" in page(it)
    it.keys("#1")
    choose(it, "sipgate")
    tap(it, "1234567e0")
    assert "1234567e0_" in page(it)
    it.keys("#")
    tap(it, "aB c#*1")
    assert "••••••1_" in page(it), "of a password the last sign alone is seen"
    it.keys("#")
    assert "sipgate could listen to your calls." in page(it)
    it.keys("1")
    assert "sipgate could listen to your calls." in page(it)
    text = read(it)
    assert tomllib.loads(text) == {
        "phone": {"country": "DE"},
        "account": {"provider": "sipgate", "accept_weaker": True, "user": "1234567e0", "password": "aB c#*1"},
    }
    (tmp_path / "phone.toml").write_text(text)
    account = load(tmp_path / "phone.toml").account
    assert account is not None
    assert account.domain == "sipgate.de"
    assert it.happen(on.FirstKept("")) == [do.StartAnew()]


def test_no_consent_is_no_weaker_telephone() -> None:
    it = untouched()
    to_account(it)
    it.keys("1")
    choose(it, "ovh")
    tap(it, "00339")
    it.keys("#")
    tap(it, "x")
    it.keys("#")
    assert "knows no encryption" in page(it)
    it.keys("#")
    assert "accept_weaker" not in read(it)


def test_any_provider_asks_for_its_server() -> None:
    it = untouched()
    to_account(it)
    it.keys("1#")
    tap(it, "alice")
    it.keys("#")
    tap(it, "geheim")
    it.keys("#")
    assert page(it).startswith("Server")
    tap(it, "sip:x")
    it.keys("#")
    assert "Not possible" in page(it)
    it.keys("*****")
    tap(it, "phone.test")
    it.keys("#")
    found = tomllib.loads(read(it))
    assert found["account"] == {"user": "alice", "password": "geheim", "domain": "phone.test"}


def test_later_is_direct_calls() -> None:
    it = untouched()
    to_account(it)
    it.keys("2")
    assert "No emergency calls without an account." in page(it)
    assert it.keys("#") == [], "it is read to its end"
    assert tomllib.loads(read(it)) == {"phone": {"country": "GB"}}


def test_back_from_everywhere_and_what_was_typed_is_there_still() -> None:
    it = untouched()
    to_account(it)
    it.keys("1#")
    tap(it, "ab")
    it.keys("#")
    assert page(it).startswith("Password")
    it.keys("*")
    assert "ab_" in page(it)
    it.keys("***")
    assert page(it).startswith("Provider")
    it.keys("****")
    assert page(it).startswith("Language")
    it.keys("*")
    assert page(it).startswith("Language")


def test_a_disk_that_does_not_take_it_is_said_and_it_can_be_tried_again() -> None:
    it = untouched()
    to_account(it)
    it.keys("2")
    read(it)
    it.happen(on.FirstKept("Not kept: No space left on device"))
    assert "No space left" in page(it)
    assert read(it)


@pytest.mark.parametrize("keys", ["", "#", "##", "###1", "###1#", "###2"])
def test_help_can_be_called_from_every_step(keys: str) -> None:
    it = untouched(replace(UNTOUCHED, domain="phone.test", identity="Alice"))
    it.keys(keys)
    it.lift()
    commands = it.keys("112") + it.wait(10)
    assert any(isinstance(one, do.PlaceCall) for one in commands)
    it.hang_up()


def test_a_call_that_comes_in_is_in_front_and_it_goes_on_afterwards() -> None:
    it = untouched()
    it.keys("#")
    it.ring_in()
    assert not isinstance(it.screen, Pages)
    it.lift()
    it.hang_up()
    it.wait(10)
    assert page(it).startswith("Country")


def test_nothing_is_asked_of_the_outside_before_it_is_kept() -> None:
    """No command but those of display, lights and store until the last key."""
    it = untouched()
    to_account(it)
    it.keys("1#")
    tap(it, "alice")
    it.keys("#")
    tap(it, "x")
    assert {type(one).__name__ for one in it.done} <= {"LookAtNetwork", "KeepPersonal", "KeepReached"}


def test_the_test_call_comes_after_the_start_and_not_again() -> None:
    it = untouched(replace(UNTOUCHED, untouched=False, to_test=True, domain="phone.test"))
    assert "Connecting" in page(it)
    it.happen(on.RegistrationChanged(Registration(RegistrationState.REGISTERED)))
    assert "You can be called." in page(it)
    assert do.TestSelf() in it.keys("1")
    it.happen(on.SelfTested((("sound", True, "works"),)))
    assert "1 of 1 work" in page(it)
    assert do.EndFirst() in it.keys("#")
    assert isinstance(it.screen, Idle)


def test_a_telephone_that_was_told_something_has_no_first_start() -> None:
    assert untouched(Rules.of(Config())).state.first is None
    it = untouched()
    it.state = replace(it.state, first=None)
    assert isinstance(it.screen, Idle)


def test_an_update_does_not_start_a_telephone_anew_in_the_middle_of_it() -> None:
    from firmware.phone.machine.updates import busy

    it = untouched()
    assert not busy(it.state), "one that lies in a cupboard is updated"
    it.keys("#")
    assert busy(it.state)


def test_no_password_in_what_is_printed() -> None:
    it = untouched()
    to_account(it)
    it.keys("1#")
    tap(it, "alice")
    it.keys("#")
    tap(it, "geheim")
    assert "geheim" not in repr(it.state)
    assert "geheim" not in repr(it.keys("#")) + repr(it.state)
    tap(it, "a.test")
    assert "geheim" not in repr(it.keys("#######"))


# --- text on keys ------------------------------------------------------------------------------------


def test_every_sign_of_ascii_can_be_typed() -> None:
    there = set("".join(SIGNS.values()))
    assert there == {chr(code) for code in range(32, 127)}
    assert sum(map(len, SIGNS.values())) == len(there)


def test_the_same_key_again_is_its_next_sign_and_after_a_pause_another_one() -> None:
    tapped = Tapped()
    for at in (0.0, 0.5, 1.0):
        tapped = tapping.pressed(tapped, "2", at)
    assert tapped.text == "c"
    assert tapping.pressed(tapped, "2", 1.0 + PAUSE).text == "ca"
    assert tapping.pressed(tapped, "3", 1.1).text == "cd"
    assert tapping.shorter(tapped).text == ""


# --- the file ----------------------------------------------------------------------------------------


def test_what_was_typed_counts_as_long_as_the_file_says_nothing(tmp_path: Path) -> None:
    file, state = tmp_path / "phone.toml", tmp_path / "state"
    state.mkdir()
    file.write_text("# nothing yet\n")
    assert typed.untouched(load(file))
    assert not typed.untouched(Config()), "one that was started without a file is somebody's choice"
    (state / typed.FILE).write_text('[phone]\ncountry = "DE"\n')
    found = typed.effective(load(file), state)
    assert found.phone.country == "DE"
    assert typed.to_test(found, state)
    (state / typed.DONE).touch()
    assert not typed.to_test(found, state)
    file.write_text('[phone]\ncountry = "FR"\n')
    assert typed.effective(load(file), state).phone.country == "FR"
    file.write_text("")
    (state / typed.FILE).write_text("[phone")
    assert typed.untouched(typed.effective(load(file), state)), "a damaged one begins anew"


def test_steps_have_titles() -> None:
    from firmware.phone.machine.first import TITLES

    assert set(TITLES) == set(Step)


@pytest.mark.parametrize("large", [False, True])
def test_what_has_no_room_is_on_the_next_page(large: bool) -> None:
    """A cable without an address has more to say than a page holds; all of it can be read."""
    shown = replace(UNTOUCHED.config.display, large_type=large)
    it = untouched(replace(UNTOUCHED, config=replace(UNTOUCHED.config, display=shown)))
    it.keys("##")
    it.happen(on.NetworkSeen(True, False))
    seen: list[str] = []
    for _ in range(9):
        assert isinstance(it.screen, Pages)
        seen += paging.laid(it.screen, Look("en", large=large)).lines
        it.keys("8")
    for words in ("router", "look again", "# go on", "Wi-Fi"):
        assert words in " ".join(seen)
    it.keys("2222222221")
    assert it.state.first is not None
    assert it.state.first.at == 0, "and back to the first page"
