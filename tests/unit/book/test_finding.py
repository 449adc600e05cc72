"""The phone book at the telephone: found by keys, shown for calls, read anew, kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import NO_BOOK, Book, Entry, Source
from firmware.phone.config import Config, Privacy
from firmware.phone.config_files import Secret
from firmware.phone.config_types import Book as BookOptions
from firmware.phone.config_types import CardDav, Ringing
from firmware.phone.display import screens
from firmware.phone.machine import finding, menu, names
from firmware.phone.machine.ringing import melody
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.screening import Ring
from firmware.phone.values import CallId, Hook, Party, Trust
from tests.unit.machine.driver import ACCOUNT, Driver

ZOE = Entry("Zoë Zimt", ("+4930901820", "sip:zoe@phone.test"), "choir")
BOBA = Entry("Boba Fett", ("204",))
BOOK = Book([Source("a.vcf", (ZOE, BOBA), datetime(2026, 11, 23, 12, 0, tzinfo=UTC))])
CARDDAV = CardDav("https://dav.test/", "alice", Secret("x"))
CONFIG = Config(book=BookOptions(carddavs=(CARDDAV,)), rings=(Ringing("Choir", "bell"),))


def phone(book: Book = BOOK, country: str = "DE", config: Config = CONFIG) -> Driver:
    made = Rules.of(replace(config, contacts=ACCOUNT.contacts))
    driver = Driver(
        replace(ACCOUNT, country=country, config=config, own_book=made.own_book, screening=made.screening)
    )
    driver.state = replace(driver.state, book=book)
    return driver


def shown(driver: Driver) -> screens.Dialling:
    assert isinstance(driver.screen, screens.Dialling)
    return driver.screen


def placed(commands: list[do.Command]) -> str:
    (command,) = commands
    assert isinstance(command, do.PlaceCall)
    return command.uri


@pytest.mark.parametrize("hook", Hook)
def test_names_stand_beside_the_number(hook: Hook) -> None:
    driver = phone()
    if hook is Hook.OFF:
        driver.lift()
    driver.keys("2")
    assert shown(driver).match == ""
    driver.keys("6")
    assert shown(driver).match == "* Bob +1"
    driver.keys("22")
    assert (shown(driver).digits, shown(driver).match) == ("2622", "* Boba Fett")
    driver.keys("9")
    assert shown(driver).match == ""


def test_a_key_chooses_and_lifting_calls() -> None:
    driver = phone()
    driver.keys("262*")
    assert (shown(driver).target, shown(driver).digits) == ("Bob", "bob@phone.test")
    assert shown(driver).match == "1/2  * next"
    driver.keys("*")
    assert (shown(driver).target, shown(driver).digits) == ("Boba Fett", "204")
    assert placed(driver.lift()) == "sip:204@phone.test"
    assert isinstance(driver.screen, screens.Calling)
    assert driver.screen.peer == "Boba Fett"


def test_after_the_last_comes_the_number_itself() -> None:
    driver = phone()
    driver.lift()
    driver.keys("262***")
    assert shown(driver).digits == "262"
    assert placed(driver.keys("#")) == "sip:262@phone.test"


def test_every_address_of_somebody_is_a_choice() -> None:
    driver = phone()
    driver.lift()
    driver.keys("96*")
    assert (shown(driver).target, shown(driver).digits) == ("Zoë Zimt", "+49 30 901820")
    driver.keys("*")
    assert shown(driver).digits == "zoe@phone.test"
    assert placed(driver.wait(4.5)) == "sip:zoe@phone.test", "the time-out calls who is chosen"


def test_a_further_digit_ends_the_choice() -> None:
    driver = phone()
    driver.keys("26*")
    driver.keys("2")
    assert shown(driver).digits == "262"
    assert shown(driver).match == "* Bob +1"


def test_a_star_is_a_key_where_no_name_is() -> None:
    driver = phone()
    driver.lift()
    assert placed(driver.keys("55*1#")) == "sip:55*1@phone.test"
    driver = phone()
    driver.lift()
    driver.keys("*31#")
    assert shown(driver).they_see == "nothing"


def test_help_under_a_name_is_a_call_for_help() -> None:
    driver = phone(Book([Source("a", (Entry("Police", ("110",)),))]))
    driver.lift()
    driver.keys("7654*")
    assert "(emergency)" in shown(driver).they_see
    assert placed(driver.keys("#")) == "sip:110@phone.test"


# --- who calls ---------------------------------------------------------------------------------------


def incoming(peer: Party, config: Config = CONFIG) -> Driver:
    driver = phone(config=config)
    driver.happen(on.IncomingCall(CallId(2), peer))
    return driver


@pytest.mark.parametrize("trust", Trust)
def test_an_incoming_call_shows_the_name_and_how_sure_it_is(trust: Trust) -> None:
    driver = incoming(Party("sip:030901820@provider.test", "Somebody", trust))
    assert isinstance(driver.screen, screens.Ringing)
    assert (driver.screen.peer, driver.screen.trust) == ("Zoë Zimt", trust)


@pytest.mark.parametrize(
    "peer",
    [
        Party("sip:030901820@provider.test", anonymous=True),
        Party("sip:030901820@provider.test", doubt="forged"),
        Party("sip:030901821@provider.test"),
    ],
)
def test_no_name_for_who_does_not_say_it_or_lies(peer: Party) -> None:
    driver = incoming(peer)
    assert isinstance(driver.screen, screens.Ringing)
    assert driver.screen.peer != "Zoë Zimt"
    assert melody(driver.rules, driver.state, peer) == "country"


def test_people_in_the_book_are_no_strangers_and_ring_with_their_melody() -> None:
    silent = replace(CONFIG, privacy=Privacy(unknown_callers=Ring.SILENT))
    driver = incoming(Party("sip:zoe@phone.test"), silent)
    assert driver.out.bell
    assert driver.out.melody == "bell"
    assert not incoming(Party("sip:stranger@phone.test"), silent).out.bell


def test_phone_toml_counts_first() -> None:
    driver = phone(Book([Source("a", (Entry("False Bob", ("sip:bob@phone.test",)),))]))
    assert names.name_of(driver.rules, driver.state, "sip:bob@phone.test") == "Bob"


def test_a_dialled_number_shows_its_name() -> None:
    driver = phone()
    driver.lift()
    driver.keys("030901820")
    assert shown(driver).target == "Zoë Zimt"


def test_what_was_reached_is_kept_for_contacts_of_phone_toml_alone() -> None:
    """Whoever runs the server of the contacts could else choose for whom."""
    assert phone().rules.contact_of("sip:zoe@phone.test") is None


# --- read anew, kept, erased -------------------------------------------------------------------------


def test_servers_are_asked_when_somebody_asks() -> None:
    driver = phone(NO_BOOK)
    assert driver.happen(on.BookLoaded(BOOK)) == [], "not by itself"
    assert driver.happen(on.PullAsked()) == [do.PullBook(BOOK.sources)]
    assert driver.happen(on.PullAsked()) == [], "one at a time"
    new = Book([Source("a.vcf", (ZOE,))])
    assert driver.happen(on.BookPulled(new, ("CardDAV dav.test: it cannot be reached",))) == [
        do.KeepBook(new.sources)
    ]
    assert driver.state.book is new
    assert not driver.state.pulling


def test_files_are_read_at_each_start() -> None:
    driver = phone(NO_BOOK, config=Config(book=BookOptions(files=(Path("a.vcf"),))))
    assert driver.happen(on.BookLoaded(BOOK)) == [do.PullBook(BOOK.sources, files_only=True)]


def test_without_sources_there_is_nothing_to_read() -> None:
    driver = phone(config=Config())
    assert driver.happen(on.PullAsked()) == []
    assert "Contacts" not in [item.name for item in menu._items(driver.rules).values()]


def test_what_is_erased_does_not_come_back() -> None:
    driver = phone()
    driver.happen(on.PullAsked(), on.WipeAsked())
    assert driver.state.book is NO_BOOK
    assert driver.happen(on.BookPulled(BOOK)) == []
    assert driver.state.book is NO_BOOK


def open_menu(driver: Driver) -> screens.Pages:
    driver.keys("*")
    driver.wait(1.1)
    driver.keys(menu.CONTACTS)
    assert isinstance(driver.screen, screens.Pages)
    return driver.screen


def test_the_menu_tells_and_reads_anew() -> None:
    driver = phone()
    page = open_menu(driver)
    assert page.title == "Contacts"
    assert "a.vcf: 2 (23.11." in " ".join(page.lines)
    assert driver.keys("*") == [do.PullBook(BOOK.sources)]
    assert isinstance(driver.screen, screens.Pages)
    assert driver.screen.lines[0] == "Reading …"
    driver.happen(on.BookPulled(BOOK, ("CardDAV dav.test: it cannot be reached; look at the network",)))
    assert "! CardDAV dav.test:" in driver.screen.lines[0]
    assert finding.matches(driver.rules, replace(driver.state, digits="96")), "nothing is lost"
