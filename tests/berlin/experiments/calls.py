"""P1 and P2: what is kept of a call here, and what the far end of a private one learns."""

from __future__ import annotations

import json
import re

from tests.berlin import judge
from tests.berlin.aside_day import play as aside_day
from tests.berlin.model import Seen, experiment
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage, built
from tests.rig import far_end
from tests.rig.far_end import Place
from tests.rig.oracle import Finding


@experiment("P1")
def nothing_is_kept_of_calls(stage: Stage) -> Seen:
    """Calls of six kinds with a person; then every octet that the daemon wrote (state directory and log) is
    searched for that person's number and name, plain and encoded.
    """
    day = stage.played(private_day)
    found = judge.traces(day.peer.traces(), day.files)
    where = f"{len(day.files)} files, {sum(map(len, day.files.values()))} octets"
    text = f"No trace in {where}." if not found else _listed(found)
    return Seen(not found, text, [day.evidence["files.txt"], day.evidence["phone.log"]])


@experiment("P1")
def the_inventory_names_all_that_is_stored(stage: Stage) -> Seen:
    """`sotto inventory` is asked; each item must have a purpose, a place and a lifetime, and the history
    must be off.
    """
    day = stage.played(private_day)
    items = built(day.answers["inventory"], "The inventory", "the issue on privacy")["items"]
    file = stage.evidence("inventory", "inventory.json")
    file.write_text(json.dumps(items, indent=2))
    vague = [i["item"] for i in items if not all(i.get(key) for key in ("purpose", "place", "lifetime"))]
    history = [item for item in items if "history" in item["item"]]
    off = bool(history) and all(item["number"] == 0 and "never" in item["lifetime"] for item in history)
    text = f"{len(items)} items: {', '.join(item['item'] for item in items)}. The history is {_onoff(off)}."
    return Seen(
        bool(items) and not vague and off, text + (f" Without a purpose: {vague}." if vague else ""), [file]
    )


@experiment("P1")
def a_history_that_was_asked_for_is_unreadable_and_can_be_wiped(stage: Stage) -> Seen:
    """A phone with `history_hours = 1` makes calls; the number is searched for in its files, before and after
    `sotto inventory --wipe`, which must leave no entry.
    """
    day = stage.played(open_day)
    before = built(day.inventory, "The history", "the issue on privacy")["items"]
    built(day.wiped, "The wipe", "the issue on privacy")
    kept = next((item["number"] for item in before if "call history" in item["item"]), 0)
    left = next(
        (item["number"] for item in day.inventory_after.data["items"] if "call history" in item["item"]), 0
    )
    found = judge.traces(day.peer.traces(), day.files_before_wipe | day.files)
    text = f"{kept} calls in the history, {left} after the wipe; {len(found)} readable traces in the files."
    evidence = [day.evidence["files.txt"], day.evidence["phone.log"]]
    return Seen(kept > 0 and left == 0 and not found, text + _listed(found), evidence)


@experiment("P2")
def a_private_call_tells_the_far_end_nothing(stage: Stage) -> Seen:
    """Outgoing, incoming, declined and cancelled calls with the switch on private. Every octet that the far
    end got (its TLS, its media and control packets opened with its own keys) is searched for user, name,
    login, host, machine, MAC, model, product and version: plain, reversed, and in hexadecimal,
    base64, percent, UTF-16, digests.
    """
    day = stage.played(private_day)
    secrets = day.who.secrets(str(day.first_status["version"]))
    found = judge.leaks(secrets, day.places)
    file = stage.evidence("leaks", "findings.txt")
    names = ", ".join(sorted({secret.name for secret in secrets}))
    file.write_text(f"Searched for: {names}\n\n" + "\n".join(map(str, found)) + "\n")
    octets = sum(len(place.octets) for place in day.places)
    text = (
        f"No hit in {len(day.places)} messages and packets, {octets} octets." if not found else _listed(found)
    )
    return Seen(not found, text, [file, day.evidence["far-end.txt"], day.evidence["names.txt"]])


@experiment("P2")
def the_control_packets_were_there_to_be_judged(stage: Stage) -> Seen:
    """The same calls: sender reports, descriptions with a CNAME and the goodbye must be among what was
    opened.
    """
    day = stage.played(private_day)
    kinds = [kind for place in day.places for kind in far_end.rtcp_types(place)]
    wanted = {
        "sender reports": far_end.SENDER_REPORT,
        "descriptions": far_end.SOURCE_DESCRIPTION,
        "goodbyes": far_end.GOODBYE,
    }
    counts = {name: kinds.count(number) for name, number in wanted.items()}
    cnames = sorted({name for place in day.places if (name := far_end.cname(place))})
    text = ", ".join(f"{count} {name}" for name, count in counts.items()) + f"; CNAME: {', '.join(cnames)}."
    return Seen(all(counts.values()), text, [day.evidence["far-end.txt"]])


@experiment("P2")
def an_open_call_tells_name_and_address_alone(stage: Stage) -> Seen:
    """The control: with the switch on open the search finds user and name, and still neither machine nor
    model.
    """
    day = stage.played(open_day)
    found = judge.leaks(day.who.secrets(day.version), day.places)
    told = {finding.secret for finding in found}
    allowed = {"user", "display name", "display name, a part"}
    text = f"The far end learns: {', '.join(sorted(told)) or 'nothing'}."
    return Seen({"user", "display name"} <= told <= allowed, text, [day.evidence["far-end.txt"]])


@experiment("P2")
def who_asks_on_private_is_not_told_who_answers(stage: Stage) -> Seen:
    """Strangers and a granted watcher send OPTIONS and SUBSCRIBE to the phone's number while it is private;
    all that comes back to them is searched in the same way.
    """
    day = stage.played(open_day)
    places = [
        Place(f"{text.splitlines()[0]} to {name}", "sip", text.encode())
        for name, texts in day.told_while_private.items()
        for text in texts
        if text.strip()
    ]
    found = judge.leaks(day.who.secrets(day.version), places)
    text = f"{len(places)} messages came back; " + (_listed(found) or "no hit.")
    return Seen(bool(places) and not found, text, [day.evidence["watchers.txt"]])


@experiment("P2")
def held_and_transferred_calls_tell_nothing(stage: Stage) -> Seen:
    """On private the phone holds a call and takes it back, and asks the far end of another to call somebody
    else. The same search over all that the far end got: re-INVITEs, the REFER, answers to NOTIFY, BYE, media.
    """
    day = stage.played(aside_day)
    holds = [m for m in day.from_us if m.method == "INVITE" and _HOLDS.search(m.text)]
    refers = [m for m in day.from_us if m.method == "REFER"]
    found = judge.leaks(day.who.secrets(day.version), day.places)
    text = f"{len(holds)} holds and {len(refers)} REFER; {len(day.places)} messages and packets. "
    good = bool(holds) and bool(refers) and bool(day.places) and not found
    return Seen(good, text + (_listed(found) or "No hit."), [day.evidence])


_HOLDS = re.compile(r"^a=(sendonly|inactive)", re.MULTILINE)


def _listed(found: list[Finding]) -> str:
    """The first findings in words."""
    if not found:
        return ""
    places: dict[str, list[str]] = {}
    for one in found:
        what = one.secret if one.form == "plain" else f"{one.secret} ({one.form})"
        places.setdefault(f"{one.place}, {one.field}" if one.field else one.place, []).append(what)
    first = "; ".join(
        f"{' and '.join(dict.fromkeys(what))} in {where}" for where, what in list(places.items())[:6]
    )
    return f"{len(found)} hits: {first}" + ("; …" if len(places) > 6 else ".")


def _onoff(off: bool) -> str:
    return "off" if off else "NOT off"
