"""Profiles of providers: what they fill in, what they never do, their mistakes by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import cli
from firmware.phone.config import Config, dump, load, weakenings
from firmware.phone.errors import ConfigError
from firmware.phone.providers import FOLDER, names, told
from firmware.phone.providers.profile import ASKED, every, named, read
from firmware.phone.values import Encryption

ROOT = Path(__file__).parents[3]
GOOD = (FOLDER / "sipgate.toml").read_text()


def config(tmp_path: Path, account: str, others: str = "") -> Config:
    file = tmp_path / "phone.toml"
    file.write_text(f'[account]\npassword = "secret"\n{account}\n{others}')
    file.chmod(0o600)
    return load(file)


def faults(tmp_path: Path, account: str, others: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, account, others)
    return caught.value.faults


def test_there_are_those_of_the_issue() -> None:
    assert len(names()) >= 8
    wanted = {
        "sipgate",
        "telekom",
        "a1",
        "swisscom",
        "ovh",
        "voipms",
        "twilio",
        "asterisk",
        "freeswitch",
        "fritzbox",
        "3cx",
    }
    assert wanted <= set(names())


@pytest.mark.parametrize("word", names())
def test_each_gives_an_account_that_can_be_read(tmp_path: Path, word: str) -> None:
    """With what only the user can know, and with and without the consent to what is weaker."""
    profile = named(word)
    own = {"user": "030", "domain": "name.phone.test", "auth_user": "x"}
    lines = "\n".join(f'{key} = "{own[key]}"' for key in profile.ask if key != "password")
    found = config(tmp_path, f'provider = "{word}"\n{lines}')
    assert found.account is not None
    assert found.account.domain == profile.account.get("domain", "name.phone.test")
    assert found.transport_of(found.account) == "tls"
    assert found.media.encryption is Encryption.END_TO_END
    assert weakenings(found) == [], "nothing weaker without consent"
    weaker = config(tmp_path, f'provider = "{word}"\naccept_weaker = true\n{lines}')
    assert weaker.account is not None
    assert weaker.transport_of(weaker.account) == profile.transport
    assert bool(weakenings(weaker)) == bool(told.weaker(profile)), "what is weaker is told at every start"
    assert not weaker.media.allow_clear


@pytest.mark.parametrize("word", names())
def test_each_says_where_it_is_from_and_how_it_was_tried(word: str) -> None:
    profile = named(word)
    assert profile.sources
    assert any(source.read for source in profile.sources)
    assert profile.tested.startswith(("no", "with"))
    assert {"user", "password"} <= set(profile.ask) <= set(ASKED)
    assert "domain" in profile.account or "domain" in profile.ask


def test_what_the_user_writes_wins(tmp_path: Path) -> None:
    lines = 'provider = "sipgate"\nuser = "1234567e0"\n'
    own = 'domain = "other.test"\noutbound_proxy = "sip:127.0.0.1:5061;lr"\nprivacy = ["id", "user"]\n'
    found = config(tmp_path, lines + own).account
    assert found is not None
    assert (found.domain, found.privacy) == ("other.test", ("id", "user"))
    assert found.outbound_proxy == "sip:127.0.0.1:5061;lr;transport=tls"


def test_the_users_word_for_all_accounts_wins_too(tmp_path: Path) -> None:
    lines = 'provider = "sipgate"\nuser = "1234567e0"\naccept_weaker = true\n'
    found = config(tmp_path, lines, '[sip]\ntransport = "tcp"\n[media]\nencryption = "end-to-end"\n')
    assert found.account is not None
    assert found.transport_of(found.account) == "tcp"
    assert found.media.encryption is Encryption.END_TO_END


def test_it_is_said_what_was_filled_in_and_what_was_not(tmp_path: Path) -> None:
    found = config(tmp_path, 'provider = "ovh"\nuser = "0033972000000"')
    assert "account: OVHcloud filled in domain, privacy; tested: no" in found.profiled[0]
    assert "anyone on the way could read whom you call" in found.profiled[1]
    assert "accept_weaker = true" in found.profiled[1]
    assert all(f"# {line}" in dump(found) for line in found.profiled)
    found = config(tmp_path, 'provider = "sipgate"\nuser = "1234567e0"')
    assert "could listen" in found.profiled[1]
    assert any("mediasec" in line for line in config(tmp_path, 'provider = "telekom"\nuser = "030"').profiled)


def test_the_second_account_has_its_own(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(
        '[[account]]\nuser = "alice"\ndomain = "phone.test"\npassword = "x"\n'
        '[[account]]\nprovider = "sipgate"\nuser = "1234567e0"\npassword = "y"\n'
    )
    found = load(file)
    assert found.more[0].domain == "sipgate.de"
    assert found.profiled[0].startswith("account[2]: sipgate")


def test_a_word_that_is_missing_is_named_as_the_provider_names_it(tmp_path: Path) -> None:
    assert faults(tmp_path, 'provider = "sipgate"') == [
        'phone.toml: account.user: is missing; write user = "…" (sipgate: the SIP-ID of the telephone, '
        "such as 1234567e0 (in the account: telephones, SIP credentials))"
    ]


def test_a_provider_that_is_not_known(tmp_path: Path) -> None:
    said = faults(tmp_path, 'provider = "sipgat"\nuser = "a"\ndomain = "b.test"')
    assert said == [
        'phone.toml: account.provider: is a provider that is not known here; did you mean "sipgate"?; '
        "sotto providers lists them"
    ]


def test_consent_to_nothing_is_a_mistake(tmp_path: Path) -> None:
    said = faults(tmp_path, 'user = "a"\ndomain = "b.test"\naccept_weaker = true')
    assert said == ["phone.toml: account.accept_weaker: is of no use without account.provider; remove it"]


def test_who_may_not_read_passwords_sees_the_same_servers(tmp_path: Path) -> None:
    config(tmp_path, 'provider = "sipgate"\nuser = "1234567e0"')
    found = load(tmp_path / "phone.toml", files=False).account
    assert found is not None
    assert found.outbound_proxy.startswith("sip:sip.sipgate.de")


MISTAKES: dict[str, tuple[str, str, str]] = {
    "unknown key": (
        "[account]",
        '[account]\ndomian = "x.test"',
        'line 6: account.domian: unknown key; did you mean "domain"?',
    ),
    "unknown table": ("[facts]", "[fakts]", 'line 18: fakts: unknown key; did you mean "facts"?'),
    "user is not filled in": (
        "[account]",
        '[account]\nuser = "everybody"',
        "line 6: account.user: unknown key",
    ),
    "password is not filled in": (
        "[account]",
        '[account]\npassword = "x"',
        "line 6: account.password: unknown key",
    ),
    "transport": ('"tls"', '"carrier pigeon"', 'line 8: account.transport: "carrier pigeon" is not known'),
    "address": ('"sip:sip.sipgate.de;lr"', '"somewhere or other"', "line 7: account.outbound_proxy: "),
    "clear calls": (
        'encryption = "provider"',
        "allow_clear = true",
        "line 12: media.allow_clear: unknown key",
    ),
    "date": ("read = 2026-11-24", 'read = "yesterday"', "line 26: source.read: is text in quotes"),
    "flag": (
        'early_media = "not said"',
        "early_media = true",
        "line 19: facts.early_media: is true or false; write one of",
    ),
    "missing": ('name = "sipgate"\n', "", "line 1: name: is missing"),
    "source": ("[[source]]", "[[sauce]]", "has no [[source]]"),
    "TOML": ('name = "sipgate"', "name = sipgate", "is not TOML: Invalid value (at line 1, column 8)"),
}


@pytest.mark.parametrize("which", MISTAKES)
def test_a_mistake_in_a_profile_is_told_with_file_and_line(tmp_path: Path, which: str) -> None:
    before, after, said = MISTAKES[which]
    assert before in GOOD
    (tmp_path / "wrong.toml").write_text(GOOD.replace(before, after, 1))
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "wrong.toml")
    assert any(said in fault for fault in caught.value.faults), caught.value.faults
    assert all(fault.startswith("wrong.toml") for fault in caught.value.faults)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["providers", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_sotto_providers_needs_no_telephone(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == names()
    status, out, _ = answer(capsys, "sipgate")
    assert "SIP-ID" in out
    assert "no account was at hand" in out
    status, out, _ = answer(capsys, "telekom", "--json")
    found: dict[str, Any] = json.loads(out)["providers"][0]
    assert found["needs"] == ["mediasec"]
    status, _, err = answer(capsys, "sipgat")
    assert status == 1
    assert 'did you mean "sipgate"' in err


def test_the_page_is_that_of_the_profiles() -> None:
    assert (ROOT / "docs" / "providers.md").read_text() == told.page()
    assert all(one.name in told.page() for one in every())
