"""R5: flaws are mended swiftly, and the user sees beforehand what will be told."""

from __future__ import annotations

import json

from tests.berlin import judge
from tests.berlin.model import NotYet, Seen, experiment
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage, built
from tests.rig.kamailio import Message

PREVIEW = "The preview of what a call reveals"


@experiment("R5")
def the_preview_of_an_open_call_equals_the_capture(stage: Stage) -> Seen:
    """`sotto preview NUMBER` with the switch on open, then that call: field by field against the INVITE
    that left.
    """
    day = stage.played(open_day)
    return _compared(stage, "open", built(day.preview, PREVIEW, "the issue on privacy"), day.invites)


@experiment("R5")
def the_preview_of_a_private_call_equals_the_capture(stage: Stage) -> Seen:
    """The same with the switch on private."""
    day = stage.played(private_day)
    invites = [message for message in day.from_us if message.method == "INVITE"]
    return _compared(
        stage, "private", built(day.answers["preview"], PREVIEW, "the issue on privacy"), invites
    )


@experiment("R5")
def an_update_is_installed_and_turned_back(stage: Stage) -> Seen:
    """`sotto update status` is asked."""
    day = stage.played(private_day)
    built(day.answers["update status"], "The updater", "the issue on over-the-air updates")
    raise NotYet("The updater answers; its experiments run in `make test-vm`.")


def _compared(stage: Stage, name: str, preview: object, invites: list[Message]) -> Seen:
    file = stage.evidence("preview", f"{name}.txt")
    shown = judge.preview_fields(preview)
    file.write_text(
        json.dumps(preview, indent=2, ensure_ascii=False) + "\n\n" + "\n\n".join(map(str, invites))
    )
    wrong = judge.preview_differences(shown, invites)
    text = f"{len(shown)} fields in the preview, {len(invites)} INVITE captured. "
    text += f"They differ: {'; '.join(wrong)}." if wrong else "They agree."
    return Seen(len(shown) > 5 and bool(invites) and not wrong, text, [file])
