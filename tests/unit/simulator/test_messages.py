"""What a page may ask of a phone, and nothing else."""

from __future__ import annotations

import json

import pytest

from firmware.simulator.messages import MAX_KEYS, MAX_OCTETS, MessageError, parse


@pytest.mark.parametrize(
    "args",
    [
        {"what": "key", "keys": ["2", "#"]},
        {"what": "press", "key": "*"},
        {"what": "release", "key": "0"},
        {"what": "hook", "position": "up"},
        {"what": "hook", "position": "down"},
        {"what": "privacy", "position": "private"},
        {"what": "privacy", "position": "open"},
        {"what": "privacy", "position": "broken"},
        {"what": "update", "release": "good"},
        {"what": "update", "release": "broken"},
        {"what": "provider", "does": "bare"},
        {"what": "third", "act": "hang up"},
        {"what": "language", "code": "el"},
    ],
)
def test_hands_may(args: dict[str, object]) -> None:
    assert parse(json.dumps({"phone": "alice", **args})) == ("alice", args)


def test_other_fields_do_not_pass() -> None:
    text = '{"phone": "bob", "what": "press", "key": "1", "command": "dial", "target": "sip:x@y"}'
    assert parse(text) == ("bob", {"what": "press", "key": "1"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"press"',
        "{}",
        '{"what": "press", "key": "1"}',
        '{"phone": 1, "what": "press", "key": "1"}',
        '{"phone": "alice", "what": "dial", "target": "1"}',
        '{"phone": "alice", "what": "press", "key": "12"}',
        '{"phone": "alice", "what": "press", "key": ""}',
        '{"phone": "alice", "what": "press", "key": ["1"]}',
        '{"phone": "alice", "what": "key", "keys": []}',
        '{"phone": "alice", "what": "key", "keys": "12"}',
        '{"phone": "alice", "what": "key", "keys": ["x"]}',
        json.dumps({"phone": "alice", "what": "key", "keys": ["1"] * (MAX_KEYS + 1)}),
        '{"phone": "alice", "what": "hook", "position": "sideways"}',
        '{"phone": "alice", "what": "hook", "position": null}',
        '{"phone": "alice", "what": "privacy", "position": "off"}',
        '{"phone": "alice", "what": "update", "release": "/etc/passwd"}',
        '{"phone": "alice", "what": "update", "action": "install"}',
        '{"phone": "alice", "what": "provider", "does": "everything"}',
        '{"phone": "alice", "what": "third", "act": "listen"}',
        '{"phone": "alice", "what": "language", "code": "../x"}',
        '{"phone": "alice", "what": "language", "code": ["en"]}',
        "[" * MAX_OCTETS,
    ],
)
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse(text)
