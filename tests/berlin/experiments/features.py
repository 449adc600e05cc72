"""R8: what the fixed network can, and better."""

from __future__ import annotations

from tests.berlin import judge
from tests.berlin.model import NotYet, Seen, experiment
from tests.berlin.open_day import ANONYMOUS, refuse_anonymous, refuse_sent_on
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage

STAR_CODES = "firmware/phone/machine/starcodes.py"
SCREENING = "firmware/phone/machine/screening.py"


@experiment("R8")
def the_switch_restricts_the_calling_line(stage: Stage) -> Seen:
    """CLIR: From and Privacy of each INVITE of the phone on private (RFC 3323)."""
    day = stage.played(private_day)
    invites = [message for message in day.from_us if message.method == "INVITE"]
    said = sorted({f"{m.header('From').split(';')[0]}, Privacy: {m.header('Privacy')}" for m in invites})
    good = bool(invites) and all(
        ANONYMOUS in m.header("From") and "id" in m.header("Privacy") for m in invites
    )
    return Seen(good, f"{len(invites)} INVITE: {'; '.join(said)}.", [day.evidence["sip.txt"]])


@experiment("R8")
def the_switch_restricts_the_connected_line(stage: Stage) -> Seen:
    """COLR: the phone on private is called by its number; every answer to the caller is searched for its
    names.
    """
    day = stage.played(private_day)
    answers = [place for place in day.places if place.kind == "sip" and place.name.startswith("SIP/2.0")]
    found = judge.leaks(day.who.secrets(str(day.first_status["version"])), answers)
    text = f"{len(answers)} answers, {len(found)} hits. " + " ".join(map(str, found[:2]))
    return Seen(bool(answers) and not found, text, [day.evidence["far-end.txt"]])


@experiment("R8")
def the_caller_is_shown(stage: Stage) -> Seen:
    """CLIP: a call comes in; the display must name the caller."""
    day = stage.played(open_day)
    good = day.peer.user in day.ringing_screen
    return Seen(good, f"The display says: {' '.join(day.ringing_screen.split())}", [day.evidence["ringing"]])


@experiment("R8")
def star_codes_change_one_call(stage: Stage) -> Seen:
    """With the switch on open, calls with `*67` and `*31#` before the number, and one without: From of
    each.
    """
    if not stage.has(STAR_CODES):
        raise NotYet("Star codes are not built; they come with the issue on privacy.")
    day = stage.played(open_day)
    told = {code or "none": day.callers.get(code, "no INVITE") for code in ("*67", "*31#", "")}
    text = "; ".join(f"{code}: From {caller}" for code, caller in told.items()) + "."
    good = all(ANONYMOUS in day.callers.get(code, "") for code in ("*67", "*31#"))
    return Seen(good and day.who.user in day.callers.get("", ""), text, [day.evidence["sip.txt"]])


@experiment("R8")
def no_star_code_opens_what_the_switch_closed(stage: Stage) -> Seen:
    """With the switch on private, calls with `*82` and `#31#` before the number: From of each stays
    anonymous.
    """
    if not stage.has(STAR_CODES):
        raise NotYet("Star codes are not built; they come with the issue on privacy.")
    day = stage.played(open_day)
    told = {code: day.private_callers.get(code, "no INVITE") for code in ("*82", "#31#")}
    text = "; ".join(f"{code}: From {caller}" for code, caller in told.items()) + "."
    return Seen(all(ANONYMOUS in caller for caller in told.values()), text, [day.evidence["sip.txt"]])


@experiment("R8")
def anonymous_calls_can_be_rejected(stage: Stage) -> Seen:
    """A phone with `anonymous_callers = "refuse"`: an anonymous call and one with a name come in (RFC
    5079).
    """
    if not stage.has(SCREENING):
        raise NotYet("Anonymous call rejection is not built; it comes with the issue on privacy.")
    met = stage.played(refuse_anonymous)
    text = f"The anonymous call is answered {met.anonymous}, the other {met.named}."
    return Seen(433 in met.anonymous and 180 not in met.anonymous and 180 in met.named, text)


@experiment("R8")
def forwarding_by_others_is_stopped(stage: Stage) -> Seen:
    """A phone with `forwarded_callers = "refuse"`: a call that somebody else had sent on (Diversion, RFC
    5806) and one that was for it come in.
    """
    met = stage.played(refuse_sent_on)
    text = f"The call that was sent on is answered {met.anonymous}, the other {met.named}."
    return Seen(603 in met.anonymous and 180 not in met.anonymous and 180 in met.named, text)
