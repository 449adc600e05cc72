"""What a mailbox tells (RFC 3842 section 5). Pure; unknown when it is not clear."""

from __future__ import annotations

import re

from firmware.phone.values import Messages

MOST = 9999


def read(message: str) -> Messages | None:
    """The mailbox of a NOTIFY, whole as it came; None when it has no summary."""
    _, _, body = message.replace("\r\n", "\n").partition("\n\n")
    waiting = re.search(r"^Messages-Waiting[ \t]*:[ \t]*(yes|no)[ \t]*$", body, re.IGNORECASE | re.MULTILINE)
    if waiting is None:
        return None
    voice = re.search(
        r"^Voice-Message[ \t]*:[ \t]*([0-9]{1,9})/([0-9]{1,9})", body, re.IGNORECASE | re.MULTILINE
    )
    new, old = (min(int(number), MOST) for number in voice.groups()) if voice else (0, 0)
    return Messages(waiting[1].lower() == "yes", new, old)
