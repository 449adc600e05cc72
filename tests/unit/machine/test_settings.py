"""Settings of the menu: shown, changed, kept, and in effect at once; the reset that is asked twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import personal, selftest
from firmware.phone.config import Account, Config, Phone, Privacy, Secret
from firmware.phone.config_option import Table, rows
from firmware.phone.display import screens, words
from firmware.phone.machine import settings
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.screening import Ring
from firmware.phone.personal import Personal
from firmware.phone.values import CallId, Forward, KeptLock, Party
from tests.unit.machine.driver import BOB, Driver

CONFIG = Config(
    account=Account("alice", "phone.test", Secret("hunter2"), display_name="Alice Archer"),
    contacts=(BOB,),
    phone=Phone(melody="country", forward_no_answer="030555"),
    privacy=Privacy(24),
)
RULES = Rules.of(CONFIG)


def opened(keys: str = "", rules: Rules = RULES) -> Driver:
    it = Driver(rules)
    it.happen(on.KeyPressed("*"))
    it.wait(1.1)
    it.happen(on.KeyReleased("*"))
    it.keys("*" + keys)
    return it


def said(it: Driver) -> str:
    return " ".join(words.lines(it.screen))


def everything(it: Driver) -> str:
    """All pages of what is open."""
    assert isinstance(it.screen, screens.Pages)
    pages: list[str] = []
    for _ in range(it.screen.of):
        pages += it.screen.lines
        it.keys("0")
    return " ".join(pages)


def last_kept(it: Driver) -> Personal:
    return [one for one in it.done if isinstance(one, do.KeepPersonal)][-1].personal


def test_the_menu_leads_to_settings_and_back() -> None:
    it = opened()
    shown = everything(it)
    assert all(name in shown for name in ("Sound", "Calls", "Display", "Lock", "Account", "Network"))
    it.keys("1")
    assert said(it).startswith("Sound")
    it.keys("##")
    assert said(it).startswith("Menu")
    it.keys("#")
    assert isinstance(it.screen, screens.Idle)


@pytest.mark.parametrize("group", [key for key, group in settings.GROUPS.items() if group.one is None])
def test_every_setting_has_a_page_of_its_own(group: str) -> None:
    for key, (name, setting) in settings.listed(RULES, opened().state, "*" + group).items():
        it = opened(group)
        if setting is not None and setting.acts is None:
            it.keys(key)
            assert isinstance(it.screen, screens.Pages)
            assert it.screen.title == setting.name, name
            assert it.screen.keys.endswith("#×")
            it.keys("#")
            assert it.state.menu is not None
            assert it.state.menu.item == "*" + group


def test_the_melody_is_chosen_kept_and_rings() -> None:
    it = opened("13")
    it.keys("8")
    chosen = dict(it.state.settings)["phone.melody"]
    assert chosen != "country"
    assert last_kept(it).values == (("phone.melody", chosen),)
    it.ring_in()
    assert it.out.melody == chosen


def test_the_star_goes_back_to_what_the_file_says() -> None:
    it = opened("138")
    it.keys("*")
    assert it.state.settings == ()
    assert last_kept(it) == Personal()


def test_a_value_of_the_file_that_is_not_offered_is_shown_and_stays() -> None:
    it = opened("2*", Rules.of(replace(CONFIG, phone=Phone(redial_minutes=77))))
    assert "77" in said(it)
    it.keys("8")
    assert dict(it.state.settings) == {"phone.redial_minutes": 0}
    it.keys("*")
    assert "77" in said(it)


def test_volumes_are_turned_as_while_it_rings() -> None:
    it = opened("11")
    assert it.keys("2") == [do.KeepVolumes(it.state.volumes)]
    assert it.state.volumes.ringer == 7
    it.keys("88")
    assert "5 of 8" in said(it)


def test_forwarding_is_typed_kept_and_in_effect() -> None:
    it = opened("22")
    it.keys("0301234")
    assert "Number: 0301234" in said(it)
    it.keys("*#")
    assert it.state.forwards == ((Forward.ALWAYS, "030123"),)
    assert last_kept(it).forwards == ((Forward.ALWAYS, "030123"),)
    it.keys("####")
    assert it.ring_in()[0] == do.ForwardCall(CallId(2), "sip:030123@phone.test")


def test_forwarding_goes_off_and_back_to_the_file() -> None:
    it = opened("24")
    assert "030555" in said(it)
    it.keys("0#")
    assert it.state.forwards == ((Forward.NO_ANSWER, ""),)
    it.keys("*")
    assert "030555" in said(it)
    assert not dict(it.state.forwards)


def test_do_not_disturb_is_kept_over_a_restart_however_it_was_set() -> None:
    it = Driver(RULES)
    it.keys("*26#")
    assert last_kept(it) == Personal(undisturbed=True)
    again = Driver(RULES)
    again.happen(on.StoreChanged(loaded=True, personal=last_kept(it)))
    assert again.state.undisturbed
    assert not any(isinstance(one, do.KeepPersonal) for one in again.done)
    assert do.RefuseCall(CallId(2), 486) in again.ring_in()


def test_who_rings_is_chosen() -> None:
    it = opened("278")
    assert dict(it.state.settings)["privacy.anonymous_callers"] == "refuse"
    assert settings.effective(it.rules, it.state).screening.anonymous is Ring.REFUSE
    it.keys("####")
    found = it.happen(on.IncomingCall(CallId(2), Party("sip:a@b", anonymous=True)))
    assert found == [do.RefuseCall(CallId(2), 433)]


def test_a_pin_is_set_in_the_menu_and_locks() -> None:
    it = opened("4")
    assert "New PIN" in said(it)
    it.keys("1")
    assert said(it).startswith("New PIN")
    assert it.keys("4711#4711#") == [do.MakePin("4711")]
    it.happen(on.PinMade("$argon2id$x"))
    assert "Lock now" in said(it)
    assert "Remove PIN" in said(it)
    it.keys("1")
    assert it.state.locked
    assert isinstance(it.screen, screens.Idle)


def test_where_the_file_forbids_the_lock_the_menu_says_so() -> None:
    it = opened("41", Rules.of(replace(CONFIG, phone=Phone(lock=False))))
    assert "phone.lock is false" in said(it)


def test_account_and_network_are_shown_without_the_password() -> None:
    it = opened("6")
    assert "alice@phone.test" in everything(it)
    it.keys("#7")
    assert "ptbtime1.ptb.de" in everything(it)
    it.keys("#*1")
    assert "hunter2" not in everything(it)


def test_every_option_of_the_file_is_shown() -> None:
    """The display breaks words, so that keys are looked for without blanks."""
    shown = everything(opened("*1")).replace(" ", "")
    for table in rows(Config):
        if isinstance(table.option.kind, Table):
            for row in rows(table.option.kind.cls):
                assert row.key in shown, row.key


def test_the_self_test_runs_and_says_what_does_not_work_first() -> None:
    it = opened()
    assert it.keys("9") == [do.TestSelf()]
    assert "Testing" in said(it)
    it.happen(on.SelfTested((("sound", True, "works"), ("display", False, "no answer"))))
    assert "1 of 2 work ! display: no answer" in everything(it)


def test_every_part_that_is_tested_has_a_name_in_all_languages() -> None:
    assert {test.name for test in selftest.TESTS} <= settings.PARTS.keys()


# --- the reset ---------------------------------------------------------------------------------------


def test_a_factory_reset_is_asked_twice() -> None:
    it = opened("*")
    assert it.keys("2") == []
    assert "Erase all that was set" in said(it)
    assert it.keys("*") == []
    assert "Really all?" in said(it)
    assert it.keys("*") == [do.FactoryReset()]
    assert "Erasing" in said(it)
    assert it.keys("*#123") == []
    assert it.happen(on.FactoryDone("")) == [do.StartAnew()]


@pytest.mark.parametrize("keys", ["2#", "2*#", "21", "2*8", "2*0"])
def test_any_other_key_keeps_all(keys: str) -> None:
    it = opened("*")
    it.keys(keys)
    assert do.FactoryReset() not in it.done
    assert it.state.menu is not None
    assert it.state.menu.reset == 0


def test_a_reset_that_failed_is_said_and_nothing_starts() -> None:
    it = opened("*2**")
    assert it.happen(on.FactoryDone("Not erased: Read-only file system")) == []
    assert "Not erased" in said(it)


# --- the document ------------------------------------------------------------------------------------


def test_the_document_is_read_as_it_was_written() -> None:
    kept = Personal(forwards=((Forward.BUSY, "030"),), undisturbed=True)
    for key, value in (("phone.lock_after", 5), ("phone.melody", "bells"), ("phone.forward_after", 15.0)):
        kept = kept.with_value(key, value) if key != "phone.melody" else kept
    assert personal.loaded(personal.octets(kept)) == (kept, ())


@pytest.mark.parametrize("raw", [b"", b"[]", b"nul", b"{" * 99, b"\xff", b" " * 20_000])
def test_what_is_no_document_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        personal.loaded(raw)


def test_a_bad_value_is_left_out_alone() -> None:
    raw = (
        b'{"values": {"phone.melody": "no such one", "phone.lock_after": 5, "sip.transport": "udp",'
        b' "media.allow_clear": true, "phone.call_waiting": 1},'
        b' "forwards": {"never": "1", "busy": 7, "always": "030"}, "undisturbed": 1}'
    )
    found, faults = personal.loaded(raw)
    assert found == Personal((("phone.lock_after", 5),), ((Forward.ALWAYS, "030"),))
    assert len(faults) == 6


def test_nothing_that_protects_can_be_set_here() -> None:
    tables = {key.partition(".")[0] for key in personal.KEYS}
    assert tables.isdisjoint({"sip", "media", "account", "network"})
    for key in personal.KEYS:
        assert personal.row(key)


def test_a_locked_telephone_has_no_settings() -> None:
    it = Driver(RULES)
    it.happen(on.StoreChanged(loaded=True, lock=KeptLock("$argon2id$x")))
    it.happen(on.KeyPressed("*"))
    it.wait(1.1)
    it.keys("*#13")
    assert it.state.menu is None
    assert it.state.settings == ()
