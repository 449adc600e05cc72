"""Contacts from real servers, Radicale and slapd, read by the real program; and every way to be refused."""

from __future__ import annotations

import queue
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.book.entries import Entry, Source
from firmware.phone.book.puller import Puller
from firmware.phone.clock import SystemClock
from firmware.phone.config import Config
from firmware.phone.config import Phone as PhoneOptions
from firmware.phone.config_files import Secret
from firmware.phone.config_types import Book, CardDav, Ldap
from tests.rig import ports
from tests.rig.certs import Authority, Certificate, days
from tests.rig.contacts import ADMIN, BASE, PASSWORD, USER, Radicale, Slapd, ldif
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live

CARD = "BEGIN:VCARD\nVERSION:3.0\nUID:{0}\nFN:{0}\nN:;{0};;;\nTEL:{1}\nCATEGORIES:choir\nEND:VCARD\n"
CARDS = [CARD.format("Bob Baker", "030 901820"), CARD.format("Zoë", "+33 1 42 68 53 00")]
WANTED = (Entry("Bob Baker", ("+4930901820",), "choir"), Entry("Zoë", ("+33142685300",), "choir"))
PEOPLE = [("Bob Baker", "+49 30 901820"), ("A machine", ""), ("Carol", "204")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Certificate:
    return authority.issue("server", dns=["localhost"], ips=["127.0.0.1"])


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Radicale]:
    with Radicale(tmp_path_factory.mktemp("radicale"), certificate, CARDS) as server:
        yield server


@pytest.fixture(scope="module")
def slapd(
    tmp_path_factory: pytest.TempPathFactory, certificate: Certificate, authority: Authority
) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), certificate, authority.pem, ldif(PEOPLE)) as server:
        yield server


def pulled(book: Book, kept: tuple[Source, ...] = ()) -> on.BookPulled:
    """What the driver posts, by the real program."""
    posted: queue.SimpleQueue[on.Event] = queue.SimpleQueue()
    crashes: list[BaseException] = []
    puller = Puller(Config(book=book, phone=PhoneOptions(country="DE")), SystemClock(), crashes.append)
    puller.start(posted.put)
    try:
        puller.carry_out(do.PullBook(kept))
        event = posted.get(timeout=60)
    finally:
        puller.stop()
    assert crashes == []
    assert isinstance(event, on.BookPulled)
    return event


def carddav(server: Radicale, ca: Path, path: str = "/alice/people/") -> CardDav:
    return CardDav(server.url(path), USER, Secret(PASSWORD), ca)


@pytest.mark.parametrize("path", ["/alice/people/", "/alice/", "/"])
def test_an_address_book_is_read_and_found_from_above(
    radicale: Radicale, authority: Authority, path: str
) -> None:
    found = pulled(Book(carddavs=(carddav(radicale, authority.pem, path),)))
    assert found.troubles == found.faults == ()
    assert sorted(found.book.entries, key=lambda one: one.name) == list(WANTED)
    assert [entry.name for entry in found.book.find("262")] == ["Bob Baker"]
    assert "PUT" not in radicale.log
    assert "DELETE" not in radicale.log


def test_a_bad_card_is_said_and_the_others_are_there(radicale: Radicale, authority: Authority) -> None:
    radicale.put([*CARDS, CARD.format("Nobody", "none at all")])
    try:
        found = pulled(Book(carddavs=(carddav(radicale, authority.pem),)))
    finally:
        radicale.put(CARDS)
    assert len(found.book) == 2
    assert found.faults == (
        "CardDAV localhost: a contact has an address that is no number and no sip: address",
    )


def refused(book: Book) -> str:
    """What is said; what was there before is there still."""
    name = "CardDAV localhost" if book.carddavs else "LDAP localhost"
    kept = (Source(name, WANTED),)
    found = pulled(book, kept)
    assert found.book.sources == kept, "nothing is lost"
    (trouble,) = found.troubles
    return trouble.removeprefix(f"{name}: ")


def test_wrong_ways_to_a_carddav_server(radicale: Radicale, authority: Authority, tmp_path: Path) -> None:
    good = carddav(radicale, authority.pem)
    other = Authority.create(tmp_path / "other")
    wrong = replace(good, password=Secret("wrong"))
    assert refused(Book(carddavs=(wrong,))) == "it refuses user and password; correct them"
    before = radicale.log
    assert "its certificate is not good" in refused(Book(carddavs=(replace(good, ca_file=other.pem),)))
    assert "its certificate is not good" in refused(Book(carddavs=(replace(good, ca_file=None),)))
    assert "PROPFIND" not in radicale.log[len(before) :], "nothing was asked, no password was sent"
    closed = replace(good, url=f"https://localhost:{ports.one(ports.LOOPBACK)}/")
    assert refused(Book(carddavs=(closed,))).startswith("it cannot be reached (")


@pytest.mark.parametrize("fault", ["name", "expired"])
def test_a_certificate_for_another_name_or_day(authority: Authority, tmp_path: Path, fault: str) -> None:
    if fault == "name":
        bad = authority.issue("elsewhere", dns=["elsewhere.test"])
    else:
        bad = authority.issue("late", dns=["localhost"], not_before=days(-9), not_after=days(-1))
    with Radicale(tmp_path / "radicale", bad, CARDS) as server:
        assert "its certificate is not good" in refused(Book(carddavs=(carddav(server, authority.pem),)))
        assert "PROPFIND" not in server.log
    with Slapd(tmp_path / "slapd", bad, authority.pem, ldif(PEOPLE)) as directory:
        for url in (f"ldaps://localhost:{directory.secure}", f"ldap://localhost:{directory.plain}"):
            said = refused(Book(ldaps=(ldap(directory, authority.pem, url),)))
            assert "its certificate is not good" in said
        assert "BIND" not in directory.log, "no password was sent"


def ldap(server: Slapd, ca: Path, url: str = "") -> Ldap:
    address = url or f"ldaps://localhost:{server.secure}"
    return Ldap(address, BASE, user=ADMIN, password=Secret(server.password), ca_file=ca)


def test_a_directory_is_read_over_tls_from_the_start_or_after_it(slapd: Slapd, authority: Authority) -> None:
    for url in (f"ldaps://localhost:{slapd.secure}", f"ldap://localhost:{slapd.plain}"):
        found = pulled(Book(ldaps=(ldap(slapd, authority.pem, url),)))
        assert found.troubles == ()
        assert set(found.book.entries) == {
            Entry("Bob Baker", ("+4930901820",), "choir"),
            Entry("Carol", ("204",), "choir"),
        }
    assert "ADD" not in slapd.log
    assert "MOD" not in slapd.log
    (begun,) = re.findall(r"(conn=\d+) op=\d+ STARTTLS", slapd.log)
    said = "".join(line for line in slapd.log.splitlines() if f"{begun} " in line)
    assert said.index("STARTTLS") < said.index("BIND"), "nobody logs in before TLS"


def test_wrong_ways_to_a_directory(slapd: Slapd, authority: Authority, tmp_path: Path) -> None:
    good = ldap(slapd, authority.pem)
    other = Authority.create(tmp_path / "other")
    for wrong, words in (
        (replace(good, password=Secret("wrong")), "it refuses user and password"),
        (replace(good, base="dc=nowhere"), "there is nothing at base"),
        (replace(good, search="(("), "the search is no LDAP filter"),
        (replace(good, ca_file=other.pem), "its certificate is not good"),
        (replace(good, url=f"ldaps://localhost:{ports.one(ports.LOOPBACK)}"), "it cannot be reached"),
    ):
        assert words in refused(Book(ldaps=(wrong,)))


def test_a_directory_of_many_pages(tmp_path: Path, certificate: Certificate, authority: Authority) -> None:
    people = ldif([(f"P {number}", str(number)) for number in range(1201)])
    with Slapd(tmp_path / "slapd", certificate, authority.pem, people) as server:
        assert len(pulled(Book(ldaps=(ldap(server, authority.pem),))).book) == 1201


def test_five_thousand_contacts_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "many.vcf"
    file.write_text("".join(CARD.format(f"Person {n} Name{n}", f"030 90{n:05}") for n in range(5000)))
    assert len(pulled(Book(files=(file,))).book) == 5000


def test_the_telephone_from_the_server_to_the_display_and_over_a_restart(
    tmp_path: Path, certificate: Certificate, authority: Authority
) -> None:
    file = tmp_path / "people.vcf"
    file.write_text(CARD.format("Ann", "204") + "BEGIN:VCARD\nFN:Half\nEND:VCARD\n")
    server = Radicale(tmp_path / "radicale", certificate, CARDS)
    extra = (
        f'[phone]\ncountry = "DE"\n[book]\nfiles = ["{file}"]\n[[book.carddav]]\nurl = "{server.url()}"\n'
        f'user = "{USER}"\npassword = "{PASSWORD}"\nca_file = "{authority.pem}"\n'
    )
    with Phone(tmp_path, authority, account=False, extra=extra) as phone:
        wait_until(lambda: phone.status()["contacts"]["number"] == 1, 20, "the file's contact, by itself")
        with server:
            answer = phone.sotto("contacts", "pull")
            assert (answer.exit, answer.data["number"]) == (0, 3)
            assert answer.data["faults"] == ["people.vcf: line 9: has no number and no sip: address"]
        phone.keys("262")
        assert "* Bob Baker" in phone.screen()
        phone.keys("*")
        assert "+49 30 901820" in phone.screen()
        assert phone.sotto("contacts", "find", "963").data["found"][0]["name"] == "Zoë"
        answer = phone.sotto("contacts", "pull")
        assert answer.exit == 1
        (trouble,) = answer.data["troubles"]
        assert trouble.startswith("CardDAV localhost: it cannot be reached")
        assert answer.data["number"] == 3, "nothing is lost"
        phone.stop()
        phone.start()
        wait_until(lambda: phone.status()["contacts"]["number"] == 3, 20, "the contacts after a restart")
        assert not any("Baker" in path.read_text(errors="replace") for path in phone.state.iterdir())
        assert "Baker" not in phone.process.log.read_text()
        assert PASSWORD not in phone.process.log.read_text()
        assert phone.sotto("inventory", "--wipe").exit == 0
        assert phone.status()["contacts"]["number"] == 0
        assert list(phone.state.glob("book*")) == []
