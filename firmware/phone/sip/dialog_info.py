"""What a colleague's telephone tells of its calls (dialog-info, RFC 4235). Pure; nothing when in doubt.

The document is a stranger's: it is read without a DTD, and of bounded size.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from firmware.phone.sip.refer import valid
from firmware.phone.values import Lamp

LONGEST = 65536
_SPACE = "{urn:ietf:params:xml:ns:dialog-info}"


def read(message: str) -> tuple[Lamp, str] | None:
    """What the telephone does, and how a Replaces header names the call that rings there ("": it cannot).

    ``message``: a NOTIFY, whole. None when it bears no such document.
    """
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    if "application/dialog-info+xml" not in head.lower() or len(body) > LONGEST:
        return None
    if re.search("<!(?:DOCTYPE|ENTITY)", body, re.IGNORECASE):
        return None
    try:
        document = ElementTree.fromstring(body.strip())  # noqa: S314 - no DTD is in it
    except ElementTree.ParseError:
        return None
    if document.tag != f"{_SPACE}dialog-info":
        return None
    found = [(_text(dialog, "state"), dialog) for dialog in document.findall(f"{_SPACE}dialog")]
    for state, dialog in found:
        if state == "early" and dialog.get("direction") == "recipient":
            return Lamp.RINGING, _replaces(dialog)
    busy = any(state in ("trying", "proceeding", "early", "confirmed") for state, _ in found)
    return (Lamp.BUSY if busy else Lamp.IDLE), ""


def _text(dialog: ElementTree.Element, name: str) -> str:
    return (dialog.findtext(f"{_SPACE}{name}") or "").strip().lower()


def _replaces(dialog: ElementTree.Element) -> str:
    """Tags as the telephone that rings sees them: its own is the to-tag of who replaces (RFC 3891)."""
    call_id, local, remote = (dialog.get(name, "") for name in ("call-id", "local-tag", "remote-tag"))
    text = f"{call_id};to-tag={local};from-tag={remote};early-only"
    return text if valid(text) else ""
