"""What the phone itself says of the keys of its calls, event by event (``sotto watch``).

with phone.watch() as seen:
    ...
    media = secured(seen)
    assert media["keying"] == "ZRTP"
"""

from __future__ import annotations

import json
from typing import Any

from tests.rig.processes import Process, wait_until


def medias(seen: Process, since: int = 0) -> list[dict[str, Any]]:
    """The media of each ``media-changed`` since an octet of what was seen, oldest first."""
    found = []
    for line in seen.output(since).splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # not yet whole
        if isinstance(event, dict) and event.get("event") == "media-changed":
            found.append(event["media"])
    return found


def secured(seen: Process, since: int = 0, seconds: float = 8, **wanted: object) -> dict[str, Any]:
    """The latest media with keys that have these fields, as soon as there are some."""

    def look() -> dict[str, Any] | None:
        fitting = [
            media
            for media in medias(seen, since)
            if media["suite"] and all(media[name] == value for name, value in wanted.items())
        ]
        return fitting[-1] if fitting else None

    return wait_until(
        look, seconds, f"media with keys {wanted or ''}, {seen.output(since)[-1500:]}", every=0.05
    )
