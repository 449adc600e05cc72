"""R5: flaws are mended swiftly, and the user sees beforehand what will be told."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.berlin import judge
from tests.berlin.model import Seen, experiment
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage, built, python
from tests.berlin.update_day import OFFERS
from tests.berlin.update_day import play as update_day
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
def an_update_is_taken(stage: Stage) -> Seen:
    """A release is signed with `sotto-release`'s keys and served over TLS; the telephone fetches it, restarts
    into the other slot, calls itself, and keeps it. What the server was asked is looked through.
    """
    day = stage.played(update_day)
    told = day.kept
    kept = told.get("version") == day.good and told.get("phase") == "idle"
    fields = sorted({name for line in day.asked for name in re.findall(r"'([\w-]+)':", line)})
    text = f"From {day.first} to {told.get('version')}: {told.get('last')}. "
    text += f"{len(day.asked)} requests, with the fields {', '.join(fields)} and nothing else."
    return Seen(kept and fields == ["Accept-Encoding", "Host", "User-Agent"], text, [day.evidence])


@experiment("R5")
def a_broken_update_is_undone(stage: Stage) -> Seen:
    """The next release has a mistake: no codec is offered, so its call to itself fails. The version before
    has to come back by itself.
    """
    day = stage.played(update_day)
    told = day.back
    undone = day.tried == day.broken and told.get("version") == day.good
    text = f"{day.tried} was booted on trial; then {told.get('version')} ran. It says: {told.get('last')}."
    return Seen(undone and "did not work" in str(told.get("last")), text, [day.evidence])


@experiment("R5")
def false_updates_are_refused(stage: Stage) -> Seen:
    """The server shows an older state, a release that was changed, and sends the telephone to plain HTTP;
    then each attack of the suite on the updater is tried by its name.
    """
    day = stage.played(update_day)
    text = "; ".join(f"{name}: {said or 'TAKEN'}" for name, said in day.refused.items()) + ". "
    passed, said, file = _suite(stage, "attacks", "test_trust_attacks.py", "test_attack_names.py")
    refused = len(day.refused) == len(OFFERS) and all(day.refused.values())
    return Seen(passed and refused, f"{text}The suite of attacks: {said}.", [day.evidence, file])


@experiment("R5")
def the_power_may_go_at_any_step(stage: Stage) -> Seen:
    """The power is cut before every write, rename and flush of an update, and comes back: what boots must be
    the old or the new version, whole.
    """
    cut = "test_updater.py::test_the_power_goes_at_every_step"
    passed, said, file = _suite(stage, "power", cut, "test_boot_flows.py")
    text = f"{said}. On a machine with U-Boot, RAUC and dm-verity it is tried by `make test-vm`."
    return Seen(passed, text, [file])


def _suite(stage: Stage, name: str, *tests: str) -> tuple[bool, str, Path]:
    """Some of tests/update: whether all passed, the last line, and the list."""
    file = stage.evidence("update-day", f"{name}.txt")
    words = ["-m", "pytest", "-v", "-p", "no:cacheprovider", *(f"tests/update/{test}" for test in tests)]
    done = python(*words, seconds=300)
    file.write_text(done.stdout + done.stderr)
    last = (done.stdout.strip().splitlines() or ["nothing was said"])[-1]
    return done.returncode == 0, last.strip("= "), file


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
