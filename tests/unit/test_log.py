"""What the log may not say, whatever it is given."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone import log
from firmware.phone.config import Account, Config, Contact, Media, Privacy, Secret, Sip, Watcher, weakenings
from firmware.phone.values import Encryption

CONFIG = Config(
    account=Account(
        "alice",
        "phone.test",
        Secret("correct horse"),
        "alice-auth",
        "sip:proxy.test;lr;transport=tls",
        "Alice Archer",
    ),
    contacts=(Contact("Bob Baker", "sip:robert@peer.example", 2), Contact("Doc", "sip:4711@phone.test")),
    privacy=Privacy(watchers=(Watcher("sip:carol@phone.test"),)),
)


def test_a_place_is_masked_word_by_word(stderr: io.StringIO) -> None:
    log.setup("info")
    log.learn(CONFIG)
    log.learn_place("country=DE;A3=Berlin;RD=Musterstraße;HNO=5")
    logging.getLogger("x").info(
        "at Musterstraße 5 in BERLIN (country=DE;A3=Berlin;RD=Musterstraße;HNO=5), Bob"
    )
    assert stderr.getvalue().endswith("at *** 5 in *** (***), ***\n")


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """stderr as the daemon sees it, and the loggers as they were afterwards."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(log, "_redaction", log.Redaction())
    monkeypatch.setattr(log, "sys", SimpleNamespace(stderr=stream, exc_info=sys.exc_info))
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def learned() -> log.Redaction:
    redaction = log.Redaction()
    redaction.learn(CONFIG)
    return redaction


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("call to sip:bob@peer.example failed", "call to sip:***@*** failed"),
        ("SIP:bob@10.0.0.1:5062;transport=TLS;gr=x", "SIP:***@***;transport=TLS"),
        ("sips:bob@[2001:db8::1]:5061", "sips:***@***"),
        ("sip:bob:pw@peer.example", "sip:***@***"),
        ("sip:127.0.0.1:5071", "sip:***"),
        ("bob@peer.example is gone", "***@*** is gone"),
        ('From: "Bob Baker" <sip:bob@peer.example>;tag=1', "From: *** <sip:***@***>;tag=1"),
        ('From: "Baker, Bob" <sip:bob@peer.example>', "From: *** <sip:***@***>"),
        (r'From: \"Baker, Bob\" <sip:bob@peer.example>', "From: *** <sip:***@***>"),
        (r'From: "Bo\"b: Baker\\" <sip:b@x.example>', "From: *** <sip:***@***>"),
        ('Baker, Bob" <sip:b@x.example>', "*** <sip:***@***>"),
        ('"" <sip:b@x.example>', "*** <sip:***@***>"),
        ('To: "Bob" <sip:b@x.example>, Eve Ng <sip:e@x.example>', "To: *** <sip:***@***>, *** <sip:***@***>"),
        ("To: <sip:b@x.example>, <tel:1234>", "To: <sip:***@***>, <tel:***>"),
        ("Contact: Bob Baker <sip:bob@peer.example>", "Contact: *** <sip:***@***>"),
        ("Party(uri='sip:bob@x.example', name='Bob Baker')", "Party(uri='sip:***@***', name=***)"),
        ("tel:+49-30-123456", "tel:***"),
        ("dialling 1002", "dialling ***"),
        ("dial: *21*1002#", "dial: ***"),
        ("calling +49 30 123456 now", "calling *** now"),
        ("call from 1002", "call from ***"),
        ("dialled 030/123 456", "dialled ***"),
        ("KeyPressed(key='5')", "KeyPressed(key='***')"),
        ("digits='12'", "digits='***'"),
        ("keys 1 2 #", "keys ***"),
        ("reached +4930123456 by", "reached *** by"),
        ("reached 004930123456 by", "reached *** by"),
        ("reached 030 123456 by", "reached *** by"),
        ('password = "a b" next', "password = *** next"),
        ("password=abc, next", "password=***, next"),
        ('{"password": "abc"}', '{"password": ***}'),
        ("Authorization: Digest username=\"x\",\r\n response=\"y\"\r\nTo: z", "Authorization: ***\nTo: z"),
        ("Proxy-Authorization: Digest abc", "Proxy-Authorization: ***"),
        (r"'Authorization: Digest abc\r\nX: y'", "'Authorization: ***"),
        ("WWW-Authenticate: Digest nonce=abc", "WWW-Authenticate: ***"),
        ('Digest username="bob", nonce="n", response="0123"', "Digest username=***, nonce=***, response=***"),
        ("a=crypto:1 AEAD_AES_256_GCM inline:WVNf+/abc==|2^20|1:4", "a=crypto:1 AEAD_AES_256_GCM inline:***"),
        ("a=key-mgmt:mikey AQAFgM0X", "a=key-mgmt:mikey:***"),
    ],
)  # fmt: skip
def test_masked_by_form(text: str, safe: str) -> None:
    assert log.Redaction()(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "not registered: 486 Busy Here (next try in 30 s)",
        "listening on port 5061, call 12 has ended with 404",
        "GPIO 17 was not released: line 3, pin 11, key matrix row 2",
        "version 0.1.0 of 2027-01-31, pjsua2 2.15.1, took 1234.5678901 s",
        "sip: the engine starts; write sip: before it",
        *weakenings(Config(sip=Sip(transport="udp"), media=Media(Encryption.PROVIDER, allow_clear=True))),
        *weakenings(Config(source=Path("/etc/sottovoce/phone.toml"), password_exposed=True)),
    ],
)
def test_the_rest_stays_useful(text: str) -> None:
    assert log.Redaction()(text) == text
    assert learned()(text) == text


def test_a_phone_without_an_account_has_private_words_too() -> None:
    redaction = log.Redaction()
    redaction.learn(Config(contacts=CONFIG.contacts))
    assert redaction("robert at sip:phone.test") == "*** at sip:***"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("sip:alice@phone.test:5061;transport=tls;x=y", "sip:***@phone.test:5061;transport=tls"),
        ("sip:proxy.test;lr", "sip:proxy.test"),
        ("carol@phone.test", "***@phone.test"),
        ("robert@peer.example", "***@***"),
        ("Bob Baker is not at home, says ALICE", "*** is not at home, says ***"),
        ("Bob and Baker and 4711 and alice-auth", "*** and *** and *** and ***"),
        ("bobbin 47110", "bobbin 47110"),
        ("wrong: correct horse!", "wrong: ***!"),
    ],
)
def test_masked_by_what_the_configuration_says(text: str, safe: str) -> None:
    assert learned()(text) == safe


@given(
    st.text(),
    st.sampled_from(["sip:{}@peer.example", "<sip:{}@peer.example;x=1>", '"x" <sips:{}@1.2.3.4:5>']),
)
def test_no_text_around_an_address_brings_it_out(around: str, form: str) -> None:
    found = log.Redaction()(around + " " + form.format("zaphod") + " " + around)
    assert "zaphod" not in found
    assert "peer.example" not in found


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        " ",
        '"',
        '\\"',
        "'",
        "sip:",
        "<sip:",
        '"<sip:',
        "a@",
        "a ",
        "a.",
        "0123 ",
        "+1",
        "1",
        "call 1 ",
        "user ",
        "digits 1 ",
    ],
)
@pytest.mark.parametrize("end", ["", "x", "<sip:", '"<sip:'])
def test_a_hostile_far_end_cannot_keep_the_log_busy(text: str, end: str) -> None:
    """A pattern that goes back over its own steps took a quarter of an hour for a line of blanks."""
    log.Redaction()(text * (log.LONGEST // len(text)) + end)


@given(st.text())
def test_redaction_changes_nothing_when_done_again(text: str) -> None:
    once = learned()(text)
    assert learned()(once) == once


def test_one_record_is_one_line_without_colours(stderr: io.StringIO) -> None:
    log.setup("info")
    logging.getLogger("x.y").info("first\r\nforged: line \x1b[31m %s", "\u202e")
    logging.getLogger("x.y").debug("not shown")
    [line] = stderr.getvalue().splitlines()
    assert line.endswith(r"info x.y: first\r\nforged: line \x1b[31m \u202e")


def test_tracebacks_are_redacted_and_stay_in_their_line(stderr: io.StringIO) -> None:
    log.setup("error")
    try:
        raise ValueError("no route to sip:bob@peer.example")
    except ValueError:
        logging.getLogger("x").exception("failed", stack_info=True)
    [line] = stderr.getvalue().splitlines()
    assert "no route to sip:***@***" in line
    assert "Traceback" in line
    assert "bob" not in line


def test_uncaught_errors_are_redacted(stderr: io.StringIO) -> None:
    log.setup("error")
    error = ValueError("sip:bob@peer.example")
    vars(log)["sys"].excepthook(ValueError, error, None)
    assert "a fault in the program" in stderr.getvalue()
    assert "bob" not in stderr.getvalue()


def test_a_faulty_log_call_does_not_show_its_arguments(stderr: io.StringIO) -> None:
    log.setup("error")
    logging.getLogger("x").error("%d", "sip:bob@peer.example")
    assert stderr.getvalue() == "x: a log record was lost (TypeError)\n"


def test_stderr_that_is_gone_stops_nothing(stderr: io.StringIO) -> None:
    log.setup("error")
    stderr.close()
    logging.getLogger("x").error("nobody hears this")


def test_no_other_handler_stays(stderr: io.StringIO) -> None:
    other = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(other))
    log.setup("info")
    log.setup("info")
    logging.getLogger("x").info("once")
    assert other.getvalue() == ""
    assert len(stderr.getvalue().splitlines()) == 1


def test_long_records_are_cut(stderr: io.StringIO) -> None:
    log.setup("info")
    logging.getLogger("x").info("%s", "a b " * log.LONGEST)
    assert len(stderr.getvalue()) < log.LONGEST + 100
    assert stderr.getvalue().endswith("… (cut)\n")


def test_learned_words_are_masked(stderr: io.StringIO) -> None:
    log.setup("info")
    log.learn(CONFIG)
    logging.getLogger("x").info("Alice Archer at %s", "phone.test")
    assert stderr.getvalue().endswith("x: *** at phone.test\n")


def test_unknown_level() -> None:
    with pytest.raises(ValueError, match='did you mean "warning"'):
        log.setup("warnin")


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_priorities_for_the_journal(
    tmp_path: Path, stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch, level: str, priority: int
) -> None:
    with (tmp_path / "journal").open("w+") as journal:
        at = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{at.st_dev}:{at.st_ino}")
        monkeypatch.setattr("firmware.phone.log.sys.stderr", journal)
        log.setup("debug")
        getattr(logging.getLogger("x"), level)("text")
        journal.seek(0)
        assert journal.read() == f"<{priority}>x: text\n"


def test_no_priorities_when_stderr_is_not_the_journal(
    tmp_path: Path, stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program started from a service inherits the variable, but its stderr may be a terminal."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with (tmp_path / "terminal").open("w+") as terminal:
        monkeypatch.setattr("firmware.phone.log.sys.stderr", terminal)
        log.setup("info")
        logging.getLogger("x").info("text")
        terminal.seek(0)
        assert terminal.read().endswith("info x: text\n")
