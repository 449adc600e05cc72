"""What the phone itself says of the keys of its calls, event by event (``sotto watch``).

with told(phone) as seen:
    phone.keys("2#")
    assert seen.secured()["keying"] == "ZRTP"
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.rig.phone import Phone
from tests.rig.processes import Process, RigError, wait_until

Media = dict[str, Any]


class Told:
    """The events of one phone since it was asked for them."""

    def __init__(self, process: Process, since: int) -> None:
        self._process = process
        self._since = since

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self._since = self._process.mark()

    def medias(self) -> list[Media]:
        """The media of each ``media-changed``, oldest first."""
        found = []
        for line in self._process.output(self._since).splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # not yet whole
            if isinstance(event, dict) and event.get("event") == "media-changed":
                found.append(event["media"])
        return found

    def secured(self, seconds: float = 8, **wanted: object) -> Media:
        """The latest media with keys that have these fields, as soon as there are some."""

        def look() -> Media | None:
            fitting = [
                media
                for media in self.medias()
                if media["suite"] and all(media[name] == value for name, value in wanted.items())
            ]
            return fitting[-1] if fitting else None

        try:
            return wait_until(look, seconds, f"media with keys {wanted or ''}", every=0.05)
        except RigError as error:
            error.add_note(self._process.output(self._since)[-1500:])
            raise


@contextmanager
def told(phone: Phone) -> Iterator[Told]:
    """Have the phone say what happens, until the block ends."""
    process = phone.watch()
    since = process.mark()
    with process:
        process.wait_for("status", 8, since)
        yield Told(process, since)
