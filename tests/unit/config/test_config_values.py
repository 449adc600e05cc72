"""What phone.toml means: values, defaults, secrets, weakenings, and the texts made from the table."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import tomllib
from datetime import date
from pathlib import Path

import pytest

from firmware.phone import config as configuration
from firmware.phone.config import (
    Account,
    Config,
    Contact,
    Media,
    Secret,
    Sip,
    Watcher,
    dump,
    load,
    weakenings,
)
from firmware.phone.config_option import Table, Tables, rows
from firmware.phone.config_text import toml
from firmware.phone.suggest import suggestion
from firmware.phone.values import Encryption

REFERENCE = Path(__file__).parents[3] / "docs" / "configuration.md"

DERIVED = ("source", "password_exposed", "more", "helpers", "as_guest", "profiled")
"""Fields of ``Config`` that no line of the file says."""

FULL = """
[account]
user = "alice"
domain = "Phone.Test"
password = "s3cret"
outbound_proxy = "sip:127.0.0.1:5061;transport=tls;lr"
display_name = "Alice \\"A\\" Archer"

[sip]
transport = "tls"
bind = "127.0.0.1"
port = 0
ca_file = "ca.pem"

[media]
encryption = "provider"
allow_clear = true
codecs = ["pcma", "opus"]

[audio]
playback = "null"
capture = "hw:Handset"

[privacy]
history_hours = 24
[[privacy.watcher]]
uri = "sip:bob@phone.test"
shows = "in-call"
until = 2027-01-31
[[privacy.watcher]]
uri = "sip:carol@phone.test"

[[contact]]
name = "Bob"
uri = "sip:%62ob@phone.test;transport=tls"
speed_dial = 0
[[contact]]
name = "Jürgen"
uri = "sip:[::1]:5062"

[phone]
country = "DE"
digit_timeout = 3
"""


@pytest.fixture
def full(tmp_path: Path) -> Config:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    path = tmp_path / "phone.toml"
    path.write_text(FULL)
    path.chmod(0o600)
    return load(path)


def written(folder: Path, text: str) -> Config:
    path = folder / "phone.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path)


def test_every_value_arrives(full: Config, tmp_path: Path) -> None:
    assert full == Config(
        account=Account(
            user="alice",
            domain="phone.test",
            password=Secret("s3cret"),
            auth_user="alice",
            outbound_proxy="sip:127.0.0.1:5061;transport=tls;lr",
            display_name='Alice "A" Archer',
        ),
        sip=Sip(transport="tls", bind="127.0.0.1", port=0, ca_file=tmp_path / "ca.pem"),
        media=Media(Encryption.PROVIDER, allow_clear=True, codecs=("pcma", "opus")),
        audio=configuration.Audio(playback="null", capture="hw:Handset", mixer="default", ringer="null"),
        privacy=configuration.Privacy(
            24,
            watchers=(
                Watcher("sip:bob@phone.test", "in-call", date(2027, 1, 31)),
                Watcher("sip:carol@phone.test", "open-closed", None),
            ),
        ),
        contacts=(
            Contact("Bob", "sip:bob@phone.test;transport=tls", 0),
            Contact("Jürgen", "sip:[::1]:5062", None),
        ),
        phone=configuration.Phone("DE", 3.0, 60.0),
        source=tmp_path / "phone.toml",
    )
    assert isinstance(full.phone.digit_timeout, float)


def test_no_file_and_an_empty_file_are_all_defaults(tmp_path: Path) -> None:
    assert load(None) == Config()
    assert dataclasses.replace(written(tmp_path, ""), source=None) == Config()


def test_the_defaults_are_the_strongest() -> None:
    """The golden table: change it only together with the threat model."""
    config = Config()
    assert config.account is None
    assert (config.sip.transport, config.sip.bind, config.sip.port) == ("tls", "", None)
    assert config.media == Media(Encryption.END_TO_END, False, ("opus", "g722", "pcma", "pcmu"))
    assert (config.privacy.history_hours, config.privacy.watchers) == (0, ())
    assert config.contacts == ()
    assert (config.phone.country, config.phone.digit_timeout, config.phone.no_answer_timeout) == (
        "",
        4.0,
        60.0,
    )
    assert weakenings(config) == []


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert written(tmp_path, "\ufeff[sip]\nport = 5061\n").sip.port == 5061


def test_the_transport_is_written_into_the_proxy_that_names_none(tmp_path: Path) -> None:
    """Otherwise RFC 3263 would let it be UDP."""
    account = (
        '[account]\nuser = "a"\ndomain = "b.example"\npassword = "c"\noutbound_proxy = "sip:p.example;lr"\n'
    )
    proxies = []
    for transport in ("tls", "tcp", "udp"):
        found = written(tmp_path, account + f'[sip]\ntransport = "{transport}"').account
        assert found is not None
        proxies.append(found.outbound_proxy)
    assert proxies == ["sip:p.example;lr;transport=tls", "sip:p.example;lr;transport=tcp", "sip:p.example;lr"]


@pytest.mark.parametrize(
    ("domain", "address"),
    [("phone.test", "sip:alice@phone.test"), ("2001:db8:1:2:3:4:5:6", "sip:alice@[2001:db8:1:2:3:4:5:6]"),
     ("[::1]", "sip:alice@[::1]"), ("10.0.0.1", "sip:alice@10.0.0.1")],
)  # fmt: skip
def test_the_address_of_record(tmp_path: Path, domain: str, address: str) -> None:
    account = written(tmp_path, f'[account]\nuser = "alice"\ndomain = "{domain}"\npassword = "x"').account
    assert account is not None
    assert account.address == address


def test_a_secret_does_not_show_itself(full: Config) -> None:
    assert full.account is not None
    secret = full.account.password
    shown = f"{secret} {secret!r} {secret!s} {secret:>9} {full} {[secret]} {dataclasses.asdict(full)}"
    assert "s3cret" not in shown + dump(full) + "%s" % secret  # noqa: UP031
    assert f"{secret:>5}" == "  ***"
    assert copy.deepcopy(secret).reveal() == "s3cret"
    with pytest.raises(TypeError, match="not stored"):
        pickle.dumps(secret)


def test_secrets_are_compared() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert hash(Secret("a")) == hash(Secret("b"))


def test_weakenings_have_a_cause_and_a_remedy() -> None:
    clear, provider = Media(allow_clear=True), Media(Encryption.PROVIDER)
    assert weakenings(Config(sip=Sip(transport="udp"))) == [
        'SIP is sent unencrypted (sip.transport = "udp"): anyone on the way can read whom you call. '
        'Remedy: remove the line or write "tls".'
    ]
    assert ["allow_clear" in line for line in weakenings(Config(media=clear))] == [True]
    assert ["Your provider can listen" in line for line in weakenings(Config(media=provider))] == [True]
    both = weakenings(Config(sip=Sip(transport="tcp"), media=provider))
    assert ["SIP is sent unencrypted" in both[0], "The keys of calls" in both[1]] == [True, True]
    assert all("Remedy: remove" in line for line in both)


INSIDE = '[account]\nuser = "alice"\ndomain = "phone.test"\npassword = "s3cret"\n'


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_password_that_others_can_read_is_a_weakening(tmp_path: Path, mode: int) -> None:
    """Not a fault: the phone works, and says what to do."""
    path = tmp_path / "my phone.toml"
    path.write_text(INSIDE)
    path.chmod(mode)
    (found,) = weakenings(load(path))
    assert "my phone.toml" in found
    assert f"chmod 600 '{path}'" in found
    assert "account.password_file" in found
    assert "s3cret" not in found


def test_a_password_that_nobody_else_can_read_is_none(tmp_path: Path) -> None:
    assert weakenings(written(tmp_path, INSIDE)) == []


def test_a_file_without_a_password_may_be_read_by_all(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    (tmp_path / "password").chmod(0o600)
    path = tmp_path / "phone.toml"
    for text in ("", INSIDE.replace('password = "s3cret"', 'password_file = "password"')):
        path.write_text(text)
        path.chmod(0o644)
        assert weakenings(load(path)) == []


def test_the_dump_is_what_was_read(full: Config, tmp_path: Path) -> None:
    text = dump(full)
    again = tmp_path / "again.toml"
    again.write_text(text.replace('"***"', '"s3cret"'))
    again.chmod(0o600)
    assert dataclasses.replace(load(again), source=full.source) == full
    assert tomllib.loads(text)["account"]["password"] == "***"


def test_the_dump_of_the_defaults_is_the_defaults(tmp_path: Path) -> None:
    text = dump(Config())
    assert dataclasses.replace(written(tmp_path, text), source=None) == Config()
    assert "# no [account]: direct calls only" in text
    assert "# port is not set: chosen by the phone" in text
    assert "# bind is not set: any" in text


@pytest.mark.parametrize("text", ['a"b\\c', "tab\t", "line\nbreak", "\x7f\x01", "Grüße", "nicht\udcff"])
def test_any_text_is_written_as_toml(text: str) -> None:
    assert tomllib.loads(f"x = {toml(Path(text))}")["x"] == text.encode("utf-8", "replace").decode()


def test_the_documentation_is_up_to_date() -> None:
    renew = "python -c \"from firmware.phone import config; print(config.reference(), end='')\""
    assert REFERENCE.read_text() == configuration.reference(), f"renew it: {renew} > docs/configuration.md"


def test_every_option_is_documented() -> None:
    def keys(cls: type) -> list[str]:
        inner = [row.option.kind for row in rows(cls)]
        found = [row.key for row in rows(cls) if not isinstance(row.option.kind, Table | Tables)]
        return found + [key for kind in inner if isinstance(kind, Table | Tables) for key in keys(kind.cls)]

    assert len(keys(Config)) > 20
    for key in keys(Config):
        assert f"| `{key}` |" in configuration.reference()


def test_every_field_is_an_option() -> None:
    """A field that is forgotten in the table would keep its default for ever."""

    def check(cls: type) -> None:
        fields = [field.name for field in dataclasses.fields(cls) if field.name not in DERIVED]
        assert fields == [row.name for row in rows(cls)]
        for row in rows(cls):
            if isinstance(row.option.kind, Table | Tables):
                check(row.option.kind.cls)
            else:
                assert row.option.about

    check(Config)


def test_the_example_of_the_documentation_is_good(tmp_path: Path) -> None:
    example = configuration.reference().split("```toml\n")[1].split("```")[0]
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "password").chmod(0o600)
    assert written(tmp_path, example).contacts[0].speed_dial == 2


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("transprot", ["bind", "transport"], '; did you mean "transport"?'),
        ("GPIO_Mode", ["gpio_mode"], '; did you mean "gpio_mode"?'),
        ("xyz", ["transport"], ""),
        ("", ["transport"], ""),
        ("x", [], ""),
    ],
)
def test_suggestions(word: str, known: list[str], text: str) -> None:
    assert suggestion(word, known) == text
