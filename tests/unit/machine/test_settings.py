"""Settings of the menu: shown, changed, kept, and in effect at once; the reset that is asked twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import personal, selftest
from firmware.phone.config import Account, Config, Phone, Privacy, Secret
from firmware.phone.config_option import Table, Tables, rows
from firmware.phone.display import screens, words
from firmware.phone.machine import looks, settings
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.screening import Ring
from firmware.phone.machine.state import Connection
from firmware.phone.personal import Personal
from firmware.phone.values import CallId, Forward, KeptLock, Party, Registration, RegistrationState
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


def test_every_account_is_shown_with_its_registration() -> None:
    second = Account("carol", "other.test", Secret("hunter3"))
    it = opened("6", Rules.of(replace(CONFIG, more=(second,))))
    refused = Registration(RegistrationState.FAILED, "Provider refused")
    it.state = replace(it.state, more=(Connection(refused),))
    shown = everything(it)
    assert "alice@phone.test Not registered" in shown
    assert "carol@other.test Provider refused" in shown


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


# --- the table of options ----------------------------------------------------------------------------

BY_OTHER_MEANS = {
    "phone.forward_always": "typed, as a number",
    "phone.forward_busy": "typed, as a number",
    "phone.forward_no_answer": "typed, as a number",
    "privacy.watcher": "granted with the keys when somebody asks",
}
OF_THE_PLACE = {
    "account": "between you and your provider",
    "sip": "between you and your provider",
    "guest": "between you and the provider of your guests",
    "media": "the keypad weakens no protection",
    "audio": "what is plugged into the board",
    "network": "where the telephone stands",
    "contact": "a list; contacts of the keypad's reach come from the phone book",
    "ring": "a list, by groups of contacts",
    "book": "sources with their passwords",
    "dial": "a list of patterns",
    "privacy.caller_certificates": "a file",
    "privacy.block": "a list",
    "phone.country": "where the telephone stands: whom an emergency call reaches hangs on it",
    "phone.mailbox": "of the account",
    "phone.messages": "asked of the provider from the start on",
    "phone.lock": "the way out for who has forgotten the PIN must not be closed by who has it",
}
"""Options that the menu shows and does not change, each with its reason."""


def _options() -> list[str]:
    tables = [(table.key, table.option.kind) for table in rows(Config)]
    return [
        f"{key}.{row.key}"
        for key, kind in tables
        if isinstance(kind, Table | Tables)
        for row in rows(kind.cls)
    ]


@pytest.mark.parametrize("option", _options())
def test_every_option_belongs_to_a_person_or_says_why_not(option: str) -> None:
    """One that is new must be put into the menu, or below a reason."""
    reasons = BY_OTHER_MEANS | OF_THE_PLACE
    elsewhere = option in reasons or option.partition(".")[0] in reasons
    assert (option in personal.KEYS) is not elsewhere


def _turned() -> dict[str, int]:
    """The options that some setting of the menu changes, and how many values it goes through."""
    found: dict[str, int] = {}
    rules = Rules.of(replace(CONFIG, account=None))
    pin = KeptLock("$argon2id$x")
    for group in settings.GROUPS.values():
        it = Driver(rules)
        it.happen(on.StoreChanged(loaded=True, lock=pin))
        for setting in (*group.settings(rules, it.state), *([group.one] if group.one else [])):
            state, values = it.state, set()
            for _ in range(30 if setting.turns else 0):
                assert setting.turns is not None
                state, _done = setting.turns(settings.effective(rules, state), state, 1, 0.0)
                values |= set(state.settings)
            for key, _value in values:
                found[key] = len([one for one in values if one[0] == key])
    return found


def test_every_option_of_a_person_is_changed_in_the_menu() -> None:
    turned = _turned()
    assert set(turned) == set(personal.KEYS)
    assert all(number >= 2 for number in turned.values()), turned


def test_each_of_them_is_in_effect_at_once() -> None:
    for key in personal.KEYS:
        kept = Personal()
        for value in (True, False, 5, 30, 100, "de", "bell", "silent", "ring"):
            try:
                kept = Personal().with_value(key, value)
            except Exception:  # noqa: BLE001, S112 - of another kind
                continue
            if personal.of(personal.applied(CONFIG, dict(kept.values)), key) != personal.of(CONFIG, key):
                break
        it = Driver(RULES)
        it.happen(on.StoreChanged(loaded=True, personal=kept))
        now = settings.effective(RULES, it.state)
        assert personal.of(now.config, key) != personal.of(CONFIG, key), key
        if key in ("phone.digit_timeout", "phone.no_answer_timeout", "phone.missed_calls_light"):
            assert getattr(now, key.partition(".")[2]) == personal.of(now.config, key)


def test_brightness_is_said_as_a_part_of_the_configured_one() -> None:
    it = Driver(RULES)
    it.happen(on.StoreChanged(loaded=True, personal=Personal().with_value("display.brightness", 100)))
    assert looks.look(RULES, it.state).brightness == 2.0
