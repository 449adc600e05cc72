"""What may be changed in phone.toml on the page, and that all else in the file stays."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.phone.config_types import Config
from firmware.phone.setting_up.change import EDITABLE, LISTS, Change, Unable, edited, options, parse

TEXT = """\
# top
[phone] # mine
country = "DE"   # here

[[account]]  # first
user = "alice"  # me
domain = "phone.test"
password = "x"
transport = "tcp" # I know

[[account]]
user = "work"
domain = "work.test"
password = "y"

# friends
[[contact]]
name = "Bob" # best
uri = "sip:bob@phone.test"

[[contact]]
name = "Carol"
uri = "sip:carol@phone.test"
"""
COMMENTS = ("# top", "# mine", "# here", "# first", "# me", "# I know", "# friends", "# best")


def change(table: str, number: int = 0, remove: bool = False, **values: str) -> Change:
    return parse({"table": table, "number": number, "remove": remove, "values": values})


@pytest.mark.parametrize("table", sorted(EDITABLE))
def test_each_option_is_one_of_phone_toml(table: str) -> None:
    assert [row.key for row in options(table)] == list(EDITABLE[table])


def test_nothing_that_protects_is_among_them() -> None:
    protects = {
        "account": {
            "transport",
            "preferred_identity",
            "privacy",
            "identity_cert",
            "identity_key",
            "identity_url",
        },
        "phone": {"lock", "lock_after", "transfers", "forward_always", "forward_busy", "forward_no_answer"},
    }
    assert not {"sip", "media", "privacy", "audio", "book", "dial"} & set(EDITABLE)
    assert not any(protects.get(table, set()) & set(keys) for table, keys in EDITABLE.items())


def test_one_option_changes_one_line() -> None:
    text, document = edited(TEXT, change("account", 1, domain="other.test"))
    assert text == TEXT.replace('domain = "phone.test"\npass', 'domain = "other.test"\npass', 1)
    assert document["account"][1] == tomllib.loads(TEXT)["account"][1]


def test_comments_stay_where_they_are() -> None:
    text = TEXT
    for one in (
        change("contact", 1, name="Robert", uri="sip:bob@phone.test", speed_dial="2", busy_lamp="true"),
        change("contact", name="Dan", uri="sip:dan@phone.test"),
        change("network", dns="9.9.9.9#dns.quad9.net"),
        change("display", brightness="70"),
        change("phone", country="FR"),
        change("contact", 2, remove=True),
    ):
        text, _ = edited(text, one)
    for comment in COMMENTS:
        assert comment in text
    assert [one["name"] for one in tomllib.loads(text)["contact"]] == ["Robert", "Dan"]


def test_a_single_account_becomes_the_first_of_two() -> None:
    one = '[account]\nuser = "a" # me\ndomain = "b.test"\npassword = "x"\n\n[sip]\ntransport = "tls"\n'
    text, document = edited(one, change("account", user="c", domain="d.test"), "/state/p")
    assert [account["user"] for account in document["account"]] == ["a", "c"]
    assert document["account"][1]["password_file"] == "/state/p"
    assert tomllib.loads(text)["sip"] == {"transport": "tls"}
    text, document = edited(text, change("account", 1, remove=True))
    assert [account["user"] for account in document["account"]] == ["c"]
    _, document = edited(text, change("account", 1, remove=True))
    assert "account" not in document


def test_a_new_password_takes_the_place_of_the_old_one() -> None:
    _, document = edited(TEXT, Change("account", 1, password="new"), "/state/p")
    assert document["account"][0] == {
        "user": "alice", "domain": "phone.test", "transport": "tcp", "password_file": "/state/p"
    }  # fmt: skip


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"table": "media", "values": {"allow_clear": "true"}},
        {"table": ["account"]},
        {"table": "account", "number": True},
        {"table": "account", "number": -1},
        {"table": "account", "number": LISTS["account"] + 1},
        {"table": "display", "number": 1},
        {"table": "contact", "remove": True},
        {"table": "account", "values": {"transport": "udp"}},
        {"table": "account", "values": {"password_file": "/etc/shadow"}},
        {"table": "account", "values": []},
        {"table": "account", "values": {"user": 1}},
        {"table": "account", "values": {"user": "x" * 5000}},
    ],
)
def test_what_is_no_change_is_refused(args: dict[str, Any]) -> None:
    with pytest.raises(Unable):
        parse(args)


def test_entries_that_are_not_there_and_too_many() -> None:
    with pytest.raises(Unable):
        edited(TEXT, change("account", 3, name="x"))
    with pytest.raises(Unable):
        edited("", change("contact", 1, remove=True))
    text = TEXT
    for n in range(2):
        text, _ = edited(text, change("account", user=f"u{n}", domain="d.test"), "/p")
    with pytest.raises(Unable):
        edited(text, change("account", user="one more", domain="d.test"), "/p")


@pytest.mark.parametrize(
    "text",
    [
        'contact = [{name = "Bob", uri = "sip:bob@phone.test"}]\n',
        'contact = [\n  {name = "Bob", uri = "sip:bob@phone.test"}, # best\n]\n',
        'account = {user = "a", domain = "b.test", password = "c"}\n',
        'account.user = "a"\naccount.domain = "b.test"\naccount.password = "c"\n',
        'display.brightness = 5\n[sip]\ntransport = "tls"\n',
    ],
)
def test_other_ways_to_write_toml_are_changed_too_or_left_alone(text: str) -> None:
    for one in (
        change("contact", name="Dan", uri="sip:dan@phone.test"),
        change("account", 1, domain="other.test"),
        change("display", brightness="70"),
    ):
        before = tomllib.loads(text)
        try:
            after, document = edited(text, one)
        except Unable:
            continue
        assert tomllib.loads(after) == document
        assert {k: v for k, v in document.items() if k != one.table} == {
            k: v for k, v in before.items() if k != one.table
        }


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(min_size=1, max_size=30),
    uri=st.text(max_size=30),
    number=st.integers(0, 2),
    dial=st.one_of(st.integers().map(str), st.text(max_size=5)),
)
def test_whatever_is_typed_changes_that_entry_alone(name: str, uri: str, number: int, dial: str) -> None:
    try:
        text, document = edited(TEXT, change("contact", number, name=name, uri=uri, speed_dial=dial))
    except (Unable, UnicodeEncodeError):
        return
    was = tomllib.loads(TEXT)
    assert tomllib.loads(text) == document
    assert document["account"] == was["account"]
    assert document["phone"] == was["phone"]
    others = [one for n, one in enumerate(document["contact"], start=1) if n != (number or 3)]
    assert others == [one for n, one in enumerate(was["contact"], start=1) if n != number]


def test_every_table_of_the_page_is_in_the_configuration() -> None:
    assert all(hasattr(Config(), table) or table == "contact" for table in EDITABLE)
