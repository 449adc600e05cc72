"""The page from its code to a telephone that runs with the change."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firmware.phone import config as configuration
from firmware.phone.loop import Loop
from firmware.phone.machine import setup
from firmware.phone.machine.state import State
from firmware.phone.values import Hook
from tests.setting_up.rig import PHONE_TOML, Setup, fingerprint

ACCOUNT = {
    "name": "", "user": "alice", "domain": "phone.test", "password": "", "auth_user": "",
    "outbound_proxy": "", "display_name": "Alice in the hall", "numbers": "", "number_form": "",
    "prefix": "", "pin": "",
    "emergency": "",
}  # fmt: skip


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Setup]:
    with Setup(tmp_path) as made:
        made.press_open()
        yield made


def confirmed(page: Setup, path: str, fields: dict[str, str]) -> None:
    shown = page.post(path, fields)
    assert shown.status == 200, shown.said
    answer = page.post("/confirm", {"confirm": shown.confirm})
    assert answer.status == 303, answer.said
    assert page.keep() == 0
    page.restart()
    done = page.get(answer.headers["Location"])
    assert "runs with what you confirmed" in done.said


def test_the_display_shows_the_certificate_that_the_browser_gets(page: Setup) -> None:
    found = page.get()
    assert found.status == 200
    assert found.certificate is not None
    assert page.state.setup is not None
    assert fingerprint(found.certificate) == page.state.setup.fingerprint
    shown = " ".join(setup.paragraphs(page.state, page.loop.clock.monotonic()))
    assert page.state.setup.fingerprint in shown.replace(" ", "")


def test_an_account_is_changed_and_nothing_else(page: Setup) -> None:
    page.enter()
    before = page.config.read_text()
    form = page.get("/edit/account/1")
    assert "first-secret" not in form.text
    shown = page.post("/preview/account/1", ACCOUNT)
    assert "Changes display_name of the account alice@phone.test" in shown.said
    assert 'from nothing to "Alice in the hall"' in shown.said
    assert "starts anew" in shown.said
    assert page.config.read_text() == before, "nothing is done before it is confirmed"
    assert not page.proposal.exists()
    confirmed(page, "/preview/account/1", ACCOUNT)
    after = page.config.read_text()
    assert tomllib.loads(after)["account"].pop("display_name") == "Alice in the hall"
    assert after.replace('display_name = "Alice in the hall"\n', "") == before, "comments and all"
    assert page.loop.rules.config.accounts[0].display_name == "Alice in the hall"
    assert (page.folder / "phone.toml.before").read_text() == before
    assert page.config.stat().st_mode & 0o777 == 0o600


def test_a_new_password_is_in_a_file_of_the_telephone_alone(page: Setup) -> None:
    page.enter()
    confirmed(page, "/preview/account/1", ACCOUNT | {"password": "second secret", "display_name": ""})
    text = page.config.read_text()
    assert "secret" not in text
    (kept,) = (page.state_dir / "passwords").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert page.loop.rules.config.accounts[0].password.reveal() == "second secret"
    confirmed(page, "/preview/account/1", ACCOUNT | {"password": "third secret", "display_name": ""})
    (left,) = (page.state_dir / "passwords").iterdir()
    assert left != kept, "the one before is gone"


def test_the_first_account_of_a_new_telephone(tmp_path: Path) -> None:
    with Setup(tmp_path, text="") as page:
        page.press_open()
        page.enter()
        typed = ACCOUNT | {"password": "a secret"}
        shown = page.post("/preview/account/0", typed)
        assert "Adds the account alice@phone.test" in shown.said
        assert "It will log in at phone.test as alice, over TLS" in shown.said
        assert (
            "From then on it may talk to phone.test (TCP port 5061): signalling to the provider" in shown.said
        )
        confirmed(page, "/preview/account/0", typed)
        assert page.loop.rules.config.accounts[0].user == "alice"


def test_contacts_are_added_changed_and_removed(page: Setup) -> None:
    page.enter()
    carol = {
        "name": "Carol",
        "uri": "sip:carol@phone.test",
        "speed_dial": "3",
        "group": "",
        "busy_lamp": "true",
    }
    shown = page.post("/preview/contact/0", carol)
    assert "Carol's telephone learns that you ask it" in shown.said
    confirmed(page, "/preview/contact/0", carol)
    bob = {"name": "Robert", "uri": "sip:bob@phone.test", "speed_dial": "", "busy_lamp": ""}
    confirmed(page, "/preview/contact/1", carol | bob)
    assert [contact.name for contact in page.loop.rules.config.contacts] == ["Robert", "Carol"]
    shown = page.post("/remove/contact/1")
    assert "Removes the contact Robert" in shown.said
    confirmed(page, "/remove/contact/1", {})
    assert [contact.name for contact in configuration.load(page.config).contacts] == ["Carol"]


def test_network_display_and_language(page: Setup) -> None:
    page.enter()
    confirmed(page, "/preview/network/0", {"dns": "9.9.9.9#dns.quad9.net\n", "time": ""})
    confirmed(page, "/preview/display/0", {"brightness": "70", "dim_after": "", "large_type": "true"})
    confirmed(page, "/preview/phone/0", {"country": "DE", "language": "de"})
    config = page.loop.rules.config
    assert config.network.dns == ("9.9.9.9#dns.quad9.net",)
    assert (config.display.brightness, config.display.large_type) == (70, True)
    assert (config.phone.country, config.phone.language) == ("DE", "de")
    assert page.config.read_text().startswith(PHONE_TOML.rstrip()), "what was there is there"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"domain": "sip:phone.test"}, "account.domain: is more than a domain; write it alone, such as"),
        ({"domain": ""}, 'account.domain: is missing; write domain = "…"'),
        ({"user": "alice@phone.test"}, "account.user: is a whole address; write only the part before the @"),
        ({"pin": "x"}, 'account.pin: is no pin; write "sha256/"'),
        ({"outbound_proxy": "sip:x.test;transport=udp"}, "account.outbound_proxy: asks for another"),
        ({"emergency": "pigeon"}, 'account.emergency: "pigeon" is not known'),
        ({"password": "***"}, "account.password: "),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_the_words_of_phone_toml(
    page: Setup, fields: dict[str, str], fault: str
) -> None:
    page.enter()
    answer = page.post("/preview/account/1", ACCOUNT | fields)
    assert answer.status == 422
    assert f"phone.toml: {fault}" in answer.said
    key = next(iter(fields))
    assert f'id="{key}-error"' in answer.text, "it stands at its field"
    assert 'aria-invalid="true"' in answer.text
    assert page.config.read_text() == PHONE_TOML


def test_what_was_set_at_the_keypad_is_said(page: Setup) -> None:
    def chosen(loop: Loop) -> State:
        return replace(loop.state, settings=(("display.large_type", True),))

    page.ask(chosen, keep=True)
    page.enter()
    shown = page.post("/preview/display/0", {"brightness": "", "dim_after": "", "large_type": "true"})
    assert "But large_type was set at the keypad too" in shown.said


def test_what_weakens_is_said(page: Setup) -> None:
    """A transport that was written by hand: the page keeps it, and says so of each account by it."""
    page.config.write_text(PHONE_TOML.replace('"tls"', '"tcp"'))
    page.enter()
    shown = page.post("/preview/account/1", ACCOUNT)
    assert "It will log in at phone.test as alice, without encryption of signalling" in shown.said


def test_it_is_not_done_while_somebody_calls(page: Setup) -> None:
    """A start anew would end the call."""
    from firmware.phone import events as on
    from firmware.phone.values import CallId, Party

    page.enter()
    shown = page.post("/preview/account/1", ACCOUNT)
    page.ask(lambda loop: loop.handle(on.IncomingCall(CallId(2), Party("sip:bob@phone.test", "Bob"))))
    answer = page.post("/confirm", {"confirm": shown.confirm})
    assert answer.status == 409
    assert "in use; hang up first" in answer.said
    assert not page.proposal.exists()


def test_who_is_in_stays_in_over_a_start_anew_and_nobody_after_the_end(page: Setup) -> None:
    page.enter()
    page.restart()
    assert page.get("/").said.startswith("What do you want to change?")
    assert page.post("/close").status == 200
    assert page.program is not None
    page.program.join(5)
    assert not page.program.is_alive()
    assert not page.open
    assert sorted(path.name for path in page.meeting.iterdir()) in (["phone.sock"], ["keep", "phone.sock"])
    assert page.state.hook is Hook.ON
    page.restart()
    assert not page.open
