"""Every fault of phone.toml is one line: file, key, what is wrong, what would be right."""
# ruff: noqa: E501 - a table is read line by line

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.phone.config import LARGEST, dump, load, weakenings
from firmware.phone.errors import ConfigError

ACCOUNT = '[account]\nuser = "alice"\ndomain = "phone.test"\n'
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"


def faults(folder: Path, text: str | bytes) -> list[str]:
    path = folder / "phone.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ACCOUNT + 'password = "x"\npin = ["sha256/abc"]', 'account.pin: is no pin; write "sha256/" and the Base64 of the SHA-256 of the public key'),
        (ACCOUNT + f'password = "x"\npin = ["sha256/{"A" * 43}="]\n[sip]\ntransport = "tcp"', 'account.pin: is of no use without TLS; write sip.transport = "tls", or remove it'),
        (ACCOUNT + 'password = "x"\nidentity_url = "http://a.example/c"', 'account.identity_url: is no address of a file on the web; write "https://phone.example/alice.pem"'),
        ('[sip]\ntransprot = "tls"', 'sip.transprot: unknown key; did you mean "transport"?'),
        ("[sip]\nport = 70000", "sip.port: 70000 is out of range; write a number from 0 to 65535 (0 = any)"),
        ("[sip]\nport = -1", "sip.port: -1 is out of range; write a number from 0 to 65535 (0 = any)"),
        ("[sip]\nport = 0x" + "f" * 4000, "sip.port: the number is out of range; write a number from 0 to 65535 (0 = any)"),
        ("[sip]\nport = true", "sip.port: is true or false; write a whole number from 0 to 65535 (0 = any) without quotes"),
        ("[sip]\nport = 5061.0", "sip.port: is a number with a point; write a whole number from 0 to 65535 (0 = any) without quotes"),
        ('[sip]\nport = "5061"', "sip.port: is text in quotes; write a whole number from 0 to 65535 (0 = any) without quotes"),
        ('[sip]\ntransport = "TLS"', 'sip.transport: "TLS" is not known; write one of "tls", "tcp", "udp"; did you mean "tls"?'),
        ("[sip]\ntransport = 1", 'sip.transport: is a whole number; write one of "tls", "tcp", "udp"'),
        ('[sip]\nbind = "localhost"', "sip.bind: is not an IP address; write one of this phone, or remove the line"),
        ('sip = "tls"', "sip: is text in quotes; write [sip] on a line of its own and the options below it"),
        ("account = [1]", "account: is a list; write [account] on a line of its own and the options below it"),
        ('[contact]\nname = "B"', "contact: is a table; write [[contact]] on a line of its own and the options below it"),
        ("contact = [1]", "contact: is a list; write [[contact]] on a line of its own and the options below it"),
        ('transport = "tls"', "transport: unknown key; it belongs below [sip]"),
        ('[phone]\nname = "x"', "phone.name: unknown key; it belongs below [[contact]]"),
        ('[sip]\n"a\\nb" = 1', r'sip."a\nb": unknown key'),
        ("[media]\nallow_clear = 1", "media.allow_clear: is a whole number; write true or false without quotes"),
        ("[media]\ncodecs = []", "media.codecs: is an empty list; write at least one word, or remove the line"),
        ('[media]\ncodecs = ["opus", "opus"]', 'media.codecs: names "opus" twice; remove one'),
        ('[media]\ncodecs = ["g72"]', 'media.codecs: "g72" is not known; write one of "opus", "g722", "pcma", "pcmu"; did you mean "g722"?'),
        ('[media]\ncodecs = "opus"', 'media.codecs: is text in quotes; write a list such as ["opus", "g722", "pcma", "pcmu"]'),
        ('[media]\nencryption = "sdes"', 'media.encryption: "sdes" is not known; write one of "end-to-end", "provider"'),
        ('[audio]\nplayback = ""', "audio.playback: is empty; write it, or remove the line"),
        ('[phone]\ncountry = "de"', 'phone.country: is not a country; write its two capital letters, such as "DE"'),
        ('[phone]\nmelody = "bel"', 'phone.melody: "bel" is not known; write one of "country", "bell", "brook", "chimes", "lantern", "three"; did you mean "bell"?'),
        ('[[ring]]\ngroup = "A"\nmelody = "bell"\n[[ring]]\ngroup = "a"\nmelody = "three"', "ring[2].group: is the same as ring[1]; remove one of them"),
        ('[[dial]]\nmatch = "0-"', 'dial[1].match: is no pattern; write keys, X for any digit, [2-9] for one of some, "." at the end for more'),
        ('[[dial]]\nmatch = "."', "dial[1].match: matches every number; write at least the first key"),
        ('[[dial]]\nmatch = "0."\nprefix = "a"', 'dial[1].prefix: has more than keys in it; write digits, such as "+49" or "00"'),
        ('[[dial]]\nmatch = "0."\nstrip = 2', "dial[1].strip: takes away more keys than dial.match writes; write fewer"),
        ('[[dial]]\nmatch = "0."\nat_once = true', "dial[1].at_once: needs a number of one length; write no . in dial.match"),
        ('[phone]\ncountry = "DE"\n[[dial]]\nmatch = "11"\nat_once = true', "dial[1].at_once: would cut off the emergency number 110; write false, or a longer pattern"),
        ('[[dial]]\nmatch = "X."\nprefix = "0"', "dial[1]: makes numbers that dial[1] would change again; write a closer pattern there"),
        ('[phone]\ncountry = "FR"\n[[contact]]\nname = "B"\nuri = "sip:b@h.example"\nspeed_dial = 15', "contact[1].speed_dial: 15 is an emergency number in FR; choose another number from 0 to 99"),
        ('[privacy]\nanonymous_callers = "no"', 'privacy.anonymous_callers: "no" is not known; write one of "ring", "silent", "refuse"'),
        ('[privacy]\nunknown_callers = "refuse"', 'privacy.unknown_callers: "refuse" is not known; write one of "ring", "silent"'),
        ('[[privacy.block]]\nuri = "sip:*@h.example"', 'privacy.block[1].uri: has a * in a wrong place; only a number may end in one, such as "+49900*"'),
        ("[[privacy.block]]", 'privacy.block[1].uri: is missing; write uri = "…"'),
        ("[phone]\ndigit_timeout = nan", "phone.digit_timeout: the number is out of range; write a number from 1 to 60"),
        ("[phone]\ndigit_timeout = inf", "phone.digit_timeout: the number is out of range; write a number from 1 to 60"),
        ("[privacy]\nhistory_hours = 9000", "privacy.history_hours: 9000 is out of range; write a number from 0 to 8760 (0 = no call history)"),
        ("[[contact]]\nname = 'B'", 'contact[1].uri: is missing; write uri = "…"'),
        ('[[contact]]\nname = "B\\u0007"\nuri = "sip:b@h.example"', "contact[1].name: has a control character in it; remove it"),
        ('[[contact]]\nname = "B\\u202e"\nuri = "sip:b@h.example"', "contact[1].name: has a control character in it; remove it"),
        ("[[contact]]\nname = '" + "x" * 65 + "'\nuri = 'sip:b@h.example'", "contact[1].name: is too long; write at most 64 characters"),
        ("[[contact]]\nname = 'B'\nuri = 'b@h.example'", 'contact[1].uri: the address does not begin with "sip:"; write sip:name@host'),
        ("[[contact]]\nname = 'B'\nuri = 'sip:b@h.example;transport=udp'", 'contact[1].uri: asks for another transport than sip.transport = "tls"; remove that from the address'),
        ("[[privacy.watcher]]\nuri = 'sip:b@h.example'\nuntil = '2027-01-31'", "privacy.watcher[1].until: is text; write it without quotes"),
        ("[[privacy.watcher]]\nuri = 'sip:b@h.example'\nuntil = 2027-01-31T10:00:00", "privacy.watcher[1].until: has a time of day; write the date alone, such as 2027-01-31"),
        ("[[privacy.watcher]]\nuri = 'sip:b@h.example'\nuntil = 2027", "privacy.watcher[1].until: is a whole number; write a date without quotes, such as 2027-01-31"),
    ],
)  # fmt: skip
def test_one_fault_is_one_line(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, text) == [f"phone.toml: {fault}"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('user = "alice@phone.test"', "account.user: is a whole address; write only the part before the @, the rest is the domain"),
            ('privacy = []', "account.privacy: is an empty list; write at least one word, or remove the line"),
        ('privacy = ["none"]', 'account.privacy: "none" is not known; write one of "id", "user", "header", "session", "critical"'),
        ('numbers = ["030 123"]', 'account.numbers: is no number with its country; write it like "+4930123456"'),
        ('numbers = "+4930123"', 'account.numbers: is text in quotes; write a list of texts such as ["…"]'),
        ('numbers = ["+4930123", "+49 30 123"]', "account.numbers: names one thing twice; remove one"),
    ('user = "al ice"', "account.user: the name in the address has a ' '; write it as %20"),
        ('user = "%61lice"', "account.user: has escapes that are not needed; write the name as it is"),
        ('domain = "sip:phone.test"', 'account.domain: is more than a domain; write it alone, such as "phone.example"'),
        ('domain = "phone.test:5061"', 'account.domain: is more than a domain; write it alone, such as "phone.example"'),
        ('domain = "phone_test"', "account.domain: the host is neither a host name nor an IP address; write one such as phone.example"),
        ('outbound_proxy = "proxy.test"', 'account.outbound_proxy: the address does not begin with "sip:"; write sip:name@host'),
        ('outbound_proxy = "sip:bob@proxy.test"', 'account.outbound_proxy: names a person; write the server alone, such as "sip:proxy.example;lr"'),
        ('outbound_proxy = "sip:proxy.test;transport=udp"', 'account.outbound_proxy: asks for another transport than sip.transport = "tls"; remove that from the address'),
        ('password = ""', "account.password: is empty; write it, or remove the line"),
        ("password = 12345678", "account.password: is a whole number; write text in quotes"),
        ('password = "***"', 'account.password: "***" only stands for a hidden password; write the password itself'),
        ('password_file = "x"', "account.password: stands here and in password_file; remove one of the two lines"),
    ],
)  # fmt: skip
def test_faults_of_an_account(tmp_path: Path, line: str, fault: str) -> None:
    lines = {"user": 'user = "alice"', "domain": 'domain = "phone.test"', "password": 'password = "secret"'}
    lines[line.split(" ")[0]] = line
    assert faults(tmp_path, "[account]\n" + "\n".join(lines.values())) == [f"phone.toml: {fault}"]


def test_what_an_account_needs(tmp_path: Path) -> None:
    assert faults(tmp_path, "[account]") == [
        'phone.toml: account.user: is missing; write user = "…"',
        'phone.toml: account.domain: is missing; write domain = "…"',
        'phone.toml: account.password: is missing; write password_file = "…" (better) or password = "…"',
    ]


def test_all_faults_are_collected(tmp_path: Path) -> None:
    text = """
        [account]
        user = "a@b"
        [sip]
        transprot = "tls"
        port = 70000
        key_file = "nowhere.pem"
        [[contact]]
        name = "A"
        uri = "sip:a@h.example"
        speed_dial = 7
        [[contact]]
        name = 1
        uri = "sip:b@h.example"
        speed_dial = 7
        [[privacy.watcher]]
        uri = "sip:a@h.example"
        [[privacy.watcher]]
        uri = "sip:%61@H.example"
    """
    assert [line.removeprefix("phone.toml: ").partition(": ")[0] for line in faults(tmp_path, text)] == [
        "account.user",
        "account.domain",
        "account.password",
        "sip.port",
        "sip.key_file",
        "sip.transprot",
        "contact[2].name",
        "sip.cert_file",
        "contact[2].speed_dial",
        "privacy.watcher[2].uri",
    ]


def test_a_fault_never_repeats_what_is_private(tmp_path: Path) -> None:
    text = """
        [account]
        user = "marvin@x"
        domain = "marvin.x_y"
        password = "marvin\\n"
        display_name = "marvin\\n"
        [[contact]]
        name = "marvin\\n"
        uri = "sip:marvin:marvin@x"
        [[privacy.watcher]]
        uri = "marvin"
    """
    found = faults(tmp_path, text)
    assert len(found) == 7
    assert "marvin" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"[sip]\nport 5061\n", "line 2, column 6: is not TOML: "),
        (b"[sip\n", "line 1, column 5: is not TOML: "),
        (b"[sip]\nport = 1\nport = 2\n", "line 3, column 9: is not TOML: "),
        (b"[sip]\nbind = \"", "end of document: is not TOML: "),
        (b"[sip]\nport = " + b"9" * 5000, "somewhere: is not TOML: "),
        (b"[sip]\nbind = \"a\xff\"", "line 2, column 10: is not UTF-8; save the file as UTF-8"),
        (b"a = " + b"[" * 20_000, "has brackets in brackets without end"),
        (b"#" * (LARGEST + 1), "is larger than 256 KiB; this is not a configuration"),
    ],
)  # fmt: skip
def test_files_that_are_no_configuration(tmp_path: Path, text: bytes, fault: str) -> None:
    [line] = faults(tmp_path, text)
    assert line.startswith(f"phone.toml: {fault}")
    assert line.isprintable()


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "phone.toml"
    path.write_bytes(b"#" * LARGEST)
    assert load(path).account is None


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "nowhere.toml")
    assert caught.value.faults == [
        "nowhere.toml: cannot be read: No such file or directory; correct the name or the rights of the file"
    ]
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_password_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret file"
    text = ACCOUNT + 'password_file = "secret file"\n'
    assert "No such file or directory; name a file that is there" in faults(tmp_path, text)[0]
    secret.write_bytes(b"pass word\r\n")
    secret.chmod(0o604)
    [line] = faults(tmp_path, text)
    assert line.startswith(
        f'phone.toml: account.password_file: "{secret}" is open to every user of this machine'
    )
    assert line.endswith(f"; run: chmod 600 '{secret}'")
    secret.chmod(0o640)
    account = load(tmp_path / "phone.toml").account
    assert account is not None
    assert account.password.reveal() == "pass word"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "must hold one line"),
        (b"\n", "must hold one line"),
        (b"one\ntwo\n", "must hold one line"),
        (b"one\n\n", "must hold one line"),
        (b"a\x00b\n", "has a control character"),
        (b"\xff\n", "is not UTF-8"),
        (b"x" * 300, "is too long"),
    ],
)
def test_password_files_with_something_else_in_them(tmp_path: Path, content: bytes, why: str) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_bytes(content)
    [line] = faults(tmp_path, ACCOUNT + 'password_file = "secret"')
    assert line.startswith("phone.toml: account.password_file: ")
    assert why in line


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(13, "Permission denied")  # root, as which tests may run, is never refused

    monkeypatch.setattr("firmware.phone.config_files.os.open", refuse)
    assert (
        "may not be read; give the phone's user the right to"
        in faults(tmp_path, ACCOUNT + 'password_file = "secret"')[0]
    )


def test_certificate_and_key(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    both = '[sip]\ncert_file = "cert.pem"\nkey_file = "key.pem"\n'
    key.chmod(0o644)
    assert [f"chmod 600 {key}" in line for line in faults(tmp_path, both)] == [True]
    key.chmod(0o640)
    assert load(tmp_path / "phone.toml").sip.key_file == key
    assert faults(tmp_path, '[sip]\ncert_file = "cert.pem"') == [
        "phone.toml: sip.key_file: is missing, but sip.cert_file is there; write both or none"
    ]
    assert faults(tmp_path, '[sip]\nkey_file = "key.pem"') == [
        "phone.toml: sip.cert_file: is missing, but sip.key_file is there; write both or none"
    ]
    assert (
        'cert_file: "key.pem" holds no certificate in PEM form'
        in faults(tmp_path, both.replace("cert.pem", "key.pem"))[0]
    )
    key.write_text(KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"))
    assert "asks for a passphrase" in faults(tmp_path, both)[0]


@pytest.mark.parametrize("key", ["ca_file", "cert_file", "key_file"])
def test_only_ordinary_files_are_read(tmp_path: Path, key: str) -> None:
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    assert "is not an ordinary file" in faults(tmp_path, f'[sip]\n{key} = "pipe"')[0]
    assert "Is a directory" in faults(tmp_path, f'[sip]\n{key} = "."')[0]


KEYS = st.sampled_from(
    [
        "account",
        "sip",
        "media",
        "audio",
        "privacy",
        "contact",
        "phone",
        "watcher",
        "user",
        "domain",
        "password",
        "password_file",
        "outbound_proxy",
        "transport",
        "bind",
        "port",
        "ca_file",
        "key_file",
        "codecs",
        "uri",
        "name",
        "speed_dial",
        "until",
        "shows",
        "country",
        "digit_timeout",
        "x",
    ]
)
PLAIN = st.one_of(
    st.booleans().map(lambda flag: str(flag).lower()),
    st.integers().map(str),
    st.floats().map(repr),
    st.sampled_from(
        ["2027-01-31", "07:32:00", "2027-01-31T00:00:00Z", "[]", "{}", "[[]]", '"opus"', '"tls"', '"."']
    ),
    st.text(string.printable + "äß\u202e").map(
        lambda text: '"' + text.replace("\\", "").replace('"', "") + '"'
    ),
    st.sampled_from(["sip:a@b.example", "sip:h.example;transport=udp", "::1", "/dev/null"]).map(
        '"{}"'.format
    ),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(" = ".join),
    st.builds("[{}]".format, KEYS),
    st.builds("[[{}]]".format, KEYS),
    st.just("[[privacy.watcher]]"),
    st.text(max_size=20),
)


def load_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    found = None
    try:
        load(path)
    except ConfigError as error:
        found = error.faults
    assert found is None or found
    for line in found or ():
        assert line.startswith("phone.toml: ")
        assert line.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_garbage_is_only_ever_a_config_error(tmp_path: Path, content: bytes) -> None:
    load_or_refuse(tmp_path / "phone.toml", content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.lists(LINES, max_size=12))
def test_wrong_toml_is_only_ever_a_config_error(tmp_path: Path, lines: list[str]) -> None:
    load_or_refuse(tmp_path / "phone.toml", "\n".join(lines).encode("utf-8", "replace"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(
            ["account", "sip", "media", "audio", "privacy", "phone", "[contact]", "[privacy.watcher]"]
        ),
        st.dictionaries(KEYS, VALUES, max_size=6),
    )
)
def test_well_formed_tables_with_any_values(tmp_path: Path, tables: dict[str, dict[str, str]]) -> None:
    lines = [
        f"[{name}]\n" + "\n".join(f"{k} = {v}" for k, v in table.items()) for name, table in tables.items()
    ]
    load_or_refuse(tmp_path / "phone.toml", "\n".join(lines).encode())


ONE = '[[account]]\nuser = "alice"\ndomain = "phone.test"\npassword = "x"\n'
TWO = '[[account]]\nuser = "bob"\ndomain = "work.test"\npassword = "y"\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ONE + ONE, "account[2].user: is the same as in account[1]; each account needs one of its own"),
        (
            ONE + 'name = "W"\n' + TWO + 'name = "W"\n',
            "account[2].name: is the same as in account[1]; each account needs one of its own",
        ),
        (ONE + TWO + 'prefix = "1120"\n', "account[2].prefix: begins like the emergency number 112; write another one"),
        (ONE + TWO + 'prefix = "*3"\n', "account[2].prefix: begins like the code *31#; write another one"),
        (ONE + TWO + 'prefix = "*21"\n', "account[2].prefix: begins like the code *21*; write another one"),
        (
            ONE + 'prefix = "9"\n' + TWO + 'prefix = "98"\n',
            "account[1].prefix: is the beginning of another account's; write another one",
        ),
        (
            ONE + TWO + 'prefix = "9"\n[[contact]]\nname = "B"\nuri = "sip:b@c.test"\nspeed_dial = 98\n',
            "account[2].prefix: is the beginning of a speed dial; change one of them",
        ),
        (ONE + TWO + 'prefix = "#9"\n', 'account[2].prefix: is not a prefix; write one to four digits or stars, such as "9" or "*9"'),
        (ONE + TWO.replace('password = "y"\n', ""), 'account[2].password: is missing; write password_file = "…" (better) or password = "…"'),
        (ONE + TWO + '[[dial]]\nmatch = "1"\naccount = "W"\n', "dial[1].account: is the name of no account; write one of account.name"),
        (
            ONE + TWO + 'transport = "udp"\noutbound_proxy = "sip:p.test;transport=tls"\n',
            'account[2].outbound_proxy: asks for another transport than account[2].transport = "udp"; '
            "remove that from the address",
        ),
        ("".join(ONE.replace("alice", name) for name in "abcde"), "account: there are 5; write at most 4"),
    ],
)  # fmt: skip
def test_several_accounts_that_do_not_fit_together(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, text) == [f"phone.toml: {fault}"]


def test_several_accounts_are_read_and_written(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(ONE + TWO + 'prefix = "9"\ntransport = "udp"\nname = "Work"\n')
    config = load(file)
    assert [one.address for one in config.accounts] == ["sip:alice@phone.test", "sip:bob@work.test"]
    assert [config.transport_of(one) for one in config.accounts] == ["tls", "udp"]
    assert any("Work" in line and "unencrypted" in line for line in weakenings(config))
    written = dump(config)
    assert written.count("[[account]]") == 2
    file.write_text(written.replace("***", "x"))
    again = load(file)
    assert [one.label for one in again.accounts] == ["alice@phone.test", "Work"]
    assert again.more[0].prefix == "9"


def test_one_in_brackets_twice_is_one(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(ONE)
    assert load(file).more == ()
