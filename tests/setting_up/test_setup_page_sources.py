"""The page where not phone.toml counts: what was typed at the first start, and the administrator's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from firmware.keep import __main__ as keep
from firmware.phone import typed
from firmware.phone.config import Config
from firmware.updater import disk
from tests.setting_up.rig import PHONE_TOML, Setup
from tests.setting_up.test_setup_page_whole import confirmed

TYPED = """\
# Typed at the first start of this telephone.
[phone]
country = "FR"

[account]
provider = "sipgate"
accept_weaker = true
user = "1234567e0"
password = "typed-secret"
"""
CAROL = {"name": "Carol", "uri": "sip:carol@phone.test", "speed_dial": "", "group": "", "busy_lamp": ""}


def start(folder: Path, text: str = TYPED) -> Setup:
    page = Setup(folder, text="# nothing yet\n")
    disk.replace(page.state_dir / typed.FILE, text.encode())
    return page


def test_what_was_typed_is_shown_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    with start(tmp_path) as page:
        page.press_open()
        page.enter()
        assert "1234567e0@sipgate.de" in page.get().said
        before = page.loop.rules.config
        shown = page.post("/preview/contact/0", CAROL)
        assert "typed at the first start is written into phone.toml" in shown.said
        assert "typed-secret" not in shown.text
        answer = page.post("/confirm", {"confirm": shown.confirm})
        assert answer.status == 303, answer.said
        assert "typed-secret" not in page.proposal.read_text()
        assert page.keep() == 0
        page.restart()
        assert "runs with what you confirmed" in page.get(answer.headers["Location"]).said
        after = page.loop.rules.config
        assert after.source == page.config
        assert after.phone.country == "FR"
        assert [one.name for one in after.contacts] == ["Carol"]
        assert after.accounts[0].password.reveal() == "typed-secret"
        assert after.accounts == before.accounts
        assert "typed-secret" not in page.config.read_text()
        holders = [
            path for path in tmp_path.rglob("*") if path.is_file() and b"typed-secret" in path.read_bytes()
        ]
        assert holders == list((page.state_dir / "passwords").iterdir()), "one file, and no other"
        assert holders[0].stat().st_mode & 0o777 == 0o600


def test_an_account_that_was_typed_and_is_removed_does_not_come_back(tmp_path: Path) -> None:
    """Though phone.toml then says no more than one that was never touched."""
    default = Config().phone.country
    with start(tmp_path, TYPED.replace('"FR"', f'"{default}"')) as page:
        page.press_open()
        page.enter()
        confirmed(page, "/remove/account/1", {})
        assert typed.untouched(page.loop.rules.config)
        kept = [path for path in page.state_dir.rglob("*") if path.is_file()]
        assert not any(b"typed-secret" in path.read_bytes() for path in kept)


def test_a_new_password_takes_the_place_of_the_typed_one(tmp_path: Path) -> None:
    text = '[account]\nuser = "ann"\ndomain = "phone.test"\npassword = "typed-secret"\n'
    with start(tmp_path, text) as page:
        page.press_open()
        page.enter()
        fields = {"user": "ann", "domain": "phone.test", "password": "second-secret"}
        confirmed(page, "/preview/account/1", fields)
        (kept,) = (page.state_dir / "passwords").iterdir()
        assert kept.read_text() == "second-secret\n"
        assert not (page.state_dir / typed.FILE).exists()


def test_what_is_refused_leaves_what_was_typed_in_effect(tmp_path: Path) -> None:
    with start(tmp_path) as page:
        page.press_open()
        page.enter()
        shown = page.post("/preview/contact/0", CAROL)
        assert page.post("/confirm", {"confirm": shown.confirm}).status == 303
        page.proposal.write_text(page.proposal.read_text() + "[media]\nallow_clear = true\n")
        assert page.keep() == keep.REFUSED
        page.restart()
        assert page.loop.rules.config.accounts[0].user == "1234567e0"
        assert list((page.state_dir / "passwords").iterdir()) == []


def test_a_damaged_one_counts_as_none(tmp_path: Path) -> None:
    with start(tmp_path, "[phone") as page:
        page.press_open()
        page.enter()
        confirmed(page, "/preview/contact/0", CAROL)
        assert [one.name for one in page.loop.rules.config.contacts] == ["Carol"]


def test_weaker_is_taken_with_the_first_phone_toml_alone(tmp_path: Path) -> None:
    """A telephone that was broken into cannot begin anew to weaken an account."""
    account = tomllib.loads(TYPED)["account"]
    first = TYPED.replace('password = "typed-secret"', f'password_file = "{tmp_path / "p" / "a"}"')
    place = tmp_path / "phone.toml"
    assert account["accept_weaker"] is True
    keep.judge("# nothing\n", first, place, tmp_path / "p")
    place.with_name(keep.BEFORE).touch()
    with pytest.raises(keep.Refused):
        keep.judge("# nothing\n", first, place, tmp_path / "p")


# --- the administrator's -----------------------------------------------------------------------------


def provisioned(folder: Path) -> Setup:
    """As docs/provisioning.md has it: phone.toml is a link to what is pulled."""
    (folder / "provisioned").mkdir()
    (folder / "provisioned" / "phone.toml").write_text(PHONE_TOML)
    (folder / "provisioned" / "phone.toml").chmod(0o600)
    (folder / "phone.toml").symlink_to("provisioned/phone.toml")
    return Setup(folder, text=None)


def test_the_administrators_configuration_counts_and_the_page_says_so(tmp_path: Path) -> None:
    with provisioned(tmp_path) as page:
        page.press_open()
        page.enter()
        home = page.get()
        assert "Your administrator's configuration counts on this telephone" in home.said
        assert "alice@phone.test" in home.said, "it may be looked at"
        assert "/edit/" not in home.text
        assert "/remove/" not in home.text
        shown = page.post("/preview/contact/0", CAROL)
        assert shown.status == 409
        assert "ask them" in shown.said
        assert not page.proposal.exists()
        assert page.config.is_symlink()


def test_one_that_comes_between_look_and_confirm_is_not_put_aside(tmp_path: Path) -> None:
    with Setup(tmp_path) as page:
        page.press_open()
        page.enter()
        shown = page.post("/preview/contact/0", CAROL)
        page.config.rename(tmp_path / "other.toml")
        page.config.symlink_to("other.toml")
        answer = page.post("/confirm", {"confirm": shown.confirm})
        assert answer.status == 409
        assert "administrator's configuration" in answer.said
        assert not page.proposal.exists()


def test_the_program_that_writes_replaces_no_link(tmp_path: Path) -> None:
    page = provisioned(tmp_path)
    page.proposal.parent.mkdir()
    page.proposal.write_text(PHONE_TOML + "[display]\nbrightness = 5\n")
    assert page.keep() == keep.REFUSED
    assert page.config.is_symlink()
    assert page.config.read_text() == PHONE_TOML


# --- the provider ------------------------------------------------------------------------------------


def test_a_provider_is_chosen_and_fills_in_the_rest(tmp_path: Path) -> None:
    with Setup(tmp_path, text="") as page:
        page.press_open()
        page.enter()
        form = page.get("/edit/account/0")
        assert '<option value="sipgate"' in form.text
        assert not re.search(r'<input id="domain"[^>]* required', form.text), "a provider can say it"
        fields = {"provider": "sipgate", "user": "1234567e0", "domain": "", "password": "a secret"}
        shown = page.post("/preview/account/0", fields)
        assert "sipgate filled in" in shown.said
        assert "reads the keys of calls" in shown.said
        confirmed(page, "/preview/account/0", fields)
        account = tomllib.loads(page.config.read_text())["account"][0]
        assert (account["provider"], account["user"]) == ("sipgate", "1234567e0")
        assert not {"domain", "accept_weaker", "password"} & set(account)
        assert page.loop.rules.config.accounts[0].domain == "sipgate.de"


def test_what_a_provider_fills_in_is_not_written_down_by_the_form(tmp_path: Path) -> None:
    """Or it would stay when another one is chosen."""
    text = '[account]\nprovider = "sipgate"\nuser = "1234567e0"\npassword = "a secret"\n'
    with Setup(tmp_path, text=text) as page:
        page.press_open()
        page.enter()
        assert "1234567e0@sipgate.de" in page.get().said
        values = dict(re.findall(r'<input id="(\w+)"[^>]* value="([^"]*)"', page.get("/edit/account/1").text))
        assert values["user"] == "1234567e0"
        assert values["domain"] == ""
        confirmed(page, "/preview/account/1", values | {"provider": "dusnet", "password": ""})
        assert tomllib.loads(page.config.read_text())["account"]["provider"] == "dusnet"
        assert page.loop.rules.config.accounts[0].domain != "sipgate.de"


def test_an_agreement_with_one_provider_is_none_with_another(tmp_path: Path) -> None:
    text = TYPED.replace("# Typed", "# Written")
    with Setup(tmp_path, text=text) as page:
        page.press_open()
        page.enter()
        shown = page.post("/preview/account/1", {"provider": "ovh"})
        assert shown.status == 409
        assert "accept_weaker" in shown.said
        passwords = tmp_path / "passwords"
        with pytest.raises(keep.Refused):
            keep.judge(text, text.replace("sipgate", "ovh"), page.config, passwords)
        with pytest.raises(keep.Refused):
            keep.judge(text.replace("accept_weaker = true\n", ""), text, page.config, passwords)
