"""NOTIFY bodies: message-summary (RFC 3842) and dialog-info (RFC 4235)."""

from __future__ import annotations

import pytest

from firmware.phone.sip import dialog_info, message_summary
from firmware.phone.values import Lamp, Messages

HEAD = "NOTIFY sip:a@b SIP/2.0\r\nContent-Type: {}\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n", Messages(True, 2, 8)),
        ("messages-waiting: NO\r\n", Messages()),
        ("Messages-Waiting: yes\n", Messages(True)),
        ("Messages-Waiting: yes\r\nVoice-Message: 123456/1\r\n", Messages(True, 9999, 1)),
        ("Messages-Waiting: perhaps\r\n", None),
        ("", None),
    ],
)
def test_mailbox(body: str, found: Messages | None) -> None:
    assert message_summary.read(HEAD.format("application/simple-message-summary") + body) == found


def info(dialogs: str, head: str = "") -> tuple[Lamp, str] | None:
    body = (
        f'<?xml version="1.0"?>{head}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" '
        f'state="full" entity="sip:anna@phone.test">{dialogs}</dialog-info>'
    )
    return dialog_info.read(HEAD.format("application/dialog-info+xml") + body)


def dialog(state: str, direction: str = "recipient", tags: str = 'local-tag="L" remote-tag="R"') -> str:
    return f'<dialog id="1" call-id="c@h" {tags} direction="{direction}"><state>{state}</state></dialog>'


@pytest.mark.parametrize(
    ("dialogs", "found"),
    [
        ("", (Lamp.IDLE, "")),
        (dialog("terminated"), (Lamp.IDLE, "")),
        (dialog("confirmed"), (Lamp.BUSY, "")),
        (dialog("early", "initiator"), (Lamp.BUSY, "")),
        (dialog("early"), (Lamp.RINGING, "c@h;to-tag=L;from-tag=R;early-only")),
        (dialog("confirmed") + dialog("early"), (Lamp.RINGING, "c@h;to-tag=L;from-tag=R;early-only")),
        (dialog("early", tags=""), (Lamp.RINGING, "")),
        (dialog("early", tags='local-tag="L;x" remote-tag="R&#13;"'), (Lamp.RINGING, "")),
    ],
)
def test_what_a_colleague_does(dialogs: str, found: tuple[Lamp, str]) -> None:
    assert info(dialogs) == found


def test_a_document_that_defines_entities_is_not_read() -> None:
    assert info("", '<!DOCTYPE x [<!ENTITY a "b">]>') is None
    assert dialog_info.read(HEAD.format("application/dialog-info+xml") + "<dialog-info") is None
    assert dialog_info.read(HEAD.format("application/pidf+xml") + "<dialog-info/>") is None
    assert info(dialog("early") * 1000) is None, "too long"
