"""Two accounts at two providers: calls out by prefix, calls in, one provider away, and calls for help."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.rig import ports
from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until
from tests.rig.sipp import Sipp

pytestmark = pytest.mark.live

WORK = "work.test"
AWAY = "127.0.0.2"
"""Where the second provider is."""


def second(lab: Lab, domain: str = WORK, **options: Any) -> Registrar:
    """The second provider. Its certificate names its domain alone, not the address that it is reached at."""
    certificate = lab.kit.authority.issue("work", dns=[domain])
    return lab.add(Registrar(lab.folder / "work", certificate, address=AWAY, **options))


def two_accounts(lab: Lab, work: Registrar, **options: Any) -> Phone:
    """alice of phone.test is called "Home", dave of work.test "Work" and picked by a 9."""
    more = (
        f'[[account]]\nname = "Work"\nuser = "dave"\ndomain = "{WORK}"\npassword = "{work.users["dave"]}"\n'
        f'outbound_proxy = "{work.uri}"\ndisplay_name = "Dave Dover"\nprefix = "9"\n'
        'privacy = ["id", "user"]\n' + options.pop("work_extra", "")
    )
    options.setdefault("account_extra", 'name = "Home"\n')
    return lab.phone(more_accounts=more, **options)


def registrations(phone: Phone) -> list[str]:
    return [account["registration"] for account in phone.status()["accounts"]]


def wait_both(phone: Phone, *wanted: str) -> None:
    wait_until(lambda: registrations(phone) == list(wanted), 10, f"registrations {wanted}", every=0.1)


def service(lab: Lab, registrar: Registrar) -> Sipp:
    """Who answers 112 there; ``port`` must be that of its route."""
    return lab.sipp("emergency_answer.xml", port=int(registrar.routes["112"].split(":")[2].split(";")[0]))


def route() -> dict[str, str]:
    return {"112": f"sip:112@127.0.0.1:{ports.block(4)};transport=udp"}


def hang_up(phone: Phone) -> None:
    phone.hook("down")
    phone.wait_idle()


def test_each_account_calls_and_is_called(lab: Lab) -> None:
    """Each at its own provider, with its own name and its own Contact; and the display says which."""
    home = lab.registrar()
    work = second(lab)
    bob, carol = lab.baresip("bob", answer="auto"), lab.baresip("carol", registrar=work, answer="auto")
    phone = two_accounts(lab, work)
    wait_both(phone, "registered", "registered")
    contacts = [home.contacts("alice")[0], work.contacts("dave")[0]]
    users = [contact.split("@")[0] for contact in contacts]
    assert users[0] != users[1], "two providers could tell by it that they serve one telephone"

    phone.privacy("open")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    hang_up(phone)
    assert "alice@phone.test" in home.requests("INVITE")[0].header("From")
    assert not work.requests("INVITE")

    phone.hook("up")
    phone.keys("9103")
    phone.wait_screen("Work: .*They see: Dave Dover")
    assert phone.do("preview", "9103")["account"] == "Work"
    phone.keys("#")
    phone.wait_call("active", account=2)
    hang_up(phone)
    (invite,) = work.requests("INVITE")
    assert invite.first_line.startswith(f"INVITE sip:103@{WORK}")
    assert '"Dave Dover" <sip:dave@work.test>' in invite.header("From")
    assert len(home.requests("INVITE")) == 1

    for caller, number, name, registrar in ((bob, "101", "Home", home), (carol, "104", "Work", work)):
        caller.dial(number)
        phone.wait_screen(f"For {name}")
        phone.hook("up")
        phone.wait_call("active", direction="in")
        hang_up(phone)
        assert registrar.responses("INVITE", 200)
    told = home.messages(lambda m: "dave" in m.text or WORK in m.text)
    assert not told, "one provider learns nothing of the other account"
    assert not work.messages(
        lambda m: "alice" in m.text or ("phone.test" in m.text and "carol" not in m.text)
    )


def test_privacy_is_asked_for_as_each_account_has_it(lab: Lab) -> None:
    """In private, both are anonymous; the Privacy header is that of the account, in answers too."""
    home = lab.registrar()
    work = second(lab)
    carol = lab.baresip("carol", registrar=work, answer="auto")
    phone = two_accounts(lab, work)
    wait_both(phone, "registered", "registered")
    phone.hook("up")
    phone.keys("9103#")
    phone.wait_call("active", account=2)
    hang_up(phone)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("ended", account=1)
    hang_up(phone)
    at_work, at_home = work.requests("INVITE")[0], home.requests("INVITE")[0]
    assert at_work.header("Privacy") == "id;user"
    assert at_home.header("Privacy") == "id"
    for invite in (at_work, at_home):
        assert "anonymous@anonymous.invalid" in invite.header("From")
        assert "Sottovoce" not in invite.text
    assert work.requests("BYE")[0].header("Privacy") == "id;user"
    carol.dial("104")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    phone.wait_call("active", direction="in")
    hang_up(phone)
    answers = [m for m in work.responses("INVITE", 200) if "dave" not in m.header("From")]
    assert answers[-1].header("Privacy") == "id;user"
    assert not [m for m in work.messages() if "Sottovoce" in m.text]


def test_one_provider_is_away_the_other_works(lab: Lab) -> None:
    """Calls go by the one that is there; the display says which is not; who comes back is used again."""
    lab.registrar()
    work = second(lab)
    lab.baresip("bob", answer="auto")
    phone = two_accounts(lab, work)
    wait_both(phone, "registered", "registered")
    work.stop()
    wait_until(lambda: registrations(phone)[1] != "registered", 10, "the loss to be seen", every=0.1)
    assert registrations(phone)[0] == "registered"
    phone.wait_screen("Work: ")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active", account=1)
    hang_up(phone)
    work.start()
    wait_both(phone, "registered", "registered")
    phone.wait_screen("Home, Work")


def test_the_other_providers_certificate_is_no_good(lab: Lab) -> None:
    """A server may prove the domain of the account that goes there, not that of another one."""
    lab.registrar()
    work = second(lab, domain="phone.test")
    phone = two_accounts(lab, work)
    wait_both(phone, "registered", "failed")
    assert "another name" in phone.status()["accounts"][1]["registration_reason"]
    assert not work.requests("REGISTER")


def invites(registrar: Registrar) -> list[Message]:
    return registrar.requests("INVITE")


@pytest.mark.parametrize("state", ["idle", "in a call", "ringing"])
def test_a_call_for_help_leaves_within_a_second(lab: Lab, state: str) -> None:
    home = lab.registrar(udp=True, routes=route())
    service(lab, home)
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone()
    if state == "in a call":
        phone.hook("up")
        phone.keys("102#")
        phone.wait_call("active")
        phone.do("sim", "key", "0", "--hold", "1.2")
        phone.keys("9112")
    elif state == "ringing":
        bob.dial("101")
        phone.wait_call("ringing")
        phone.keys("112")
    else:
        phone.hook("up")
        phone.keys("112")
    pressed = time.time()
    if state == "ringing":
        phone.hook("up")
    else:
        phone.keys("#")
    (invite,) = wait_until(
        lambda: [m for m in invites(home) if m.first_line.startswith("INVITE sip:112@")], 5, "the INVITE"
    )
    assert invite.when - pressed < 1.0
    print(f"{state}: {1000 * (invite.when - pressed):.0f} ms")
    hang_up(phone)


def test_help_is_called_by_the_other_account(lab: Lab) -> None:
    """The first provider is not there at all: the second one brings the call through."""
    lab.registrar().stop()
    work = second(lab, udp=True, routes=route())
    service(lab, work)
    phone = two_accounts(lab, work, proxy=f"sip:127.0.0.1:{ports.one()};transport=tls;lr")
    wait_both(phone, "failed", "registered")
    phone.hook("up")
    phone.keys("112")
    phone.wait_screen("Work|Home")
    pressed = time.time()
    phone.keys("#")
    phone.wait_call("active", account=2)
    assert invites(work)[0].when - pressed < 1.0
    hang_up(phone)


def test_help_is_called_by_another_transport(lab: Lab) -> None:
    """Nothing takes TLS or TCP there; the call goes out over UDP, and what was opened for it is closed."""
    home = lab.registrar(certificate=None, udp=True, routes=route())
    service(lab, home)
    phone = lab.phone(proxy=f"sip:127.0.0.1:{home.port};transport=tls;lr", listens=False)
    phone.wait_registration("failed")
    phone.hook("up")
    pressed = time.time()
    phone.keys("112#")
    phone.wait_call("active")
    invite = invites(home)[0]
    assert invite.transport == "udp"
    assert invite.when - pressed < 3.0
    hang_up(phone)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("ended")
    assert len(invites(home)) == len([m for m in invites(home) if m.first_line.startswith("INVITE sip:112@")])
    assert not phone.listening()


def test_help_is_called_by_its_name_where_the_provider_takes_it(lab: Lab) -> None:
    home = lab.registrar(udp=True, routes=route())
    service(lab, home)
    phone = lab.phone(account_extra='emergency = "urn"\n')
    phone.hook("up")
    phone.keys("112#")
    phone.wait_call("active")
    first, *rest = invites(home)
    assert first.first_line.startswith("INVITE urn:service:sos SIP/2.0")
    assert rest[-1].first_line.startswith("INVITE sip:112@"), "refused by its name, it went as digits"
    hang_up(phone)


def test_the_self_test_places_a_test_call(lab: Lab) -> None:
    home = lab.registrar()
    phone = lab.phone()
    found = {test["test"]: test for test in phone.sotto("selftest", seconds=60).data["tests"]}
    (invite,) = invites(home)
    assert invite.first_line.startswith("INVITE urn:service:test.sos SIP/2.0")
    assert "anonymous" in invite.header("From")
    assert "takes no test calls" in found["emergency test call"]["text"]
    assert not found["emergency test call"]["needed"]
