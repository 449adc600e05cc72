"""R9: availability and location are nobody's business but of those whom the user named."""

from __future__ import annotations

from tests.berlin import judge
from tests.berlin.model import NotYet, Seen, experiment
from tests.berlin.open_day import FLIP_S, STRANGERS
from tests.berlin.open_day import play as open_day
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage
from tests.rig import ports

PRESENCE = "firmware/phone/presence.py"
TOWN = "Oberammergau"


@experiment("R9")
def strangers_see_nothing(stage: Stage) -> Seen:
    """SUBSCRIBE to presence and to dialog events by somebody unknown, by somebody whose grant ended
    yesterday, and by an anonymous: what they are sent while the phone is private, open, in a call, and
    private again.
    """
    day = stage.played(open_day)
    shown = {name: judge.presence_shown(day.notified(name)) for name in STRANGERS}
    answers = "; ".join(f"{name}: {day.subscribe_statuses(name)}" for name in STRANGERS)
    text = f"Answers: {answers}. Seen: {({n: s for n, s in shown.items() if s}) or 'nothing'}."
    return Seen(not any(shown.values()), text, [day.evidence["watchers.txt"]])


@experiment("R9")
def a_granted_watcher_sees_what_was_granted(stage: Stage) -> Seen:
    """A watcher granted by name subscribes; what the NOTIFYs say on private, on open, in a call and on
    private again.
    """
    day = stage.played(open_day)
    seen = [judge.presence_shown([text]) or ["closed"] for text in day.notified("granted")]
    if not stage.has(PRESENCE):
        raise NotYet("Grants to watchers are not built; they come with the issue on privacy.")
    told = [" ".join(states) for states in seen]
    text = f"Seen in this order: {', '.join(told)}."
    good = (
        told[:1] == ["closed"]
        and "open" in told
        and any("phone" in one for one in told)
        and told[-1] == "closed"
    )
    return Seen(good, text, [day.evidence["watchers.txt"]])


@experiment("R9")
def the_switch_closes_all_within_a_second(stage: Stage) -> Seen:
    """The switch goes to private while the watcher sees "open": the time until the NOTIFY that says
    "closed".
    """
    day = stage.played(open_day)
    if not stage.has(PRESENCE):
        raise NotYet("Presence for granted watchers is not built; it comes with the issue on privacy.")
    if day.closed_after is None:
        return Seen(False, "No NOTIFY said so.", [day.evidence["watchers.txt"]])
    text = f"{max(0.0, day.closed_after):.2f} s after the switch."
    return Seen(day.closed_after <= FLIP_S, text, [day.evidence["watchers.txt"]])


@experiment("R9")
def questions_about_state_are_answered_alike(stage: Stage) -> Seen:
    """OPTIONS from a stranger while the phone is idle and while it is in a call: the answers must not
    differ.
    """
    day = stage.played(open_day)
    idle, busy = _bare(day.options_idle), _bare(day.options_in_call)
    text = f"Idle: {idle[:1]}, in a call: {busy[:1]}."
    return Seen(idle == busy, text, [day.evidence["watchers.txt"]])


@experiment("R9")
def nothing_is_published_and_no_place_is_told(stage: Stage) -> Seen:
    """Every message of both days is searched for PUBLISH, for Geolocation and for a location in a body."""
    days = stage.played(private_day), stage.played(open_day)
    messages = [message for day in days for message in day.from_us]
    told = [
        m.first_line
        for m in messages
        if m.method == "PUBLISH" or m.header("Geolocation") or "geopriv" in m.text
    ]
    return Seen(bool(messages) and not told, f"{len(messages)} messages, {len(told)} with presence or place.")


@experiment("R9")
def a_place_leaves_in_an_emergency_call_alone(stage: Stage) -> Seen:
    """The user types in a place; with the switch on private an ordinary number is called, then 112. Every
    message that the provider got is searched for the place, and the display is read.
    """
    port = ports.block(4)
    with stage.lab("emergency") as lab:
        registrar = lab.registrar(udp=True, routes={"112": f"sip:112@127.0.0.1:{port};transport=udp"})
        lab.sipp("emergency_answer.xml", port=port)
        phone = lab.phone()
        phone.do("place", "--set", f"country=DE;A3={TOWN};RD=Dorfweg;HNO=5")
        phone.hook("up")
        phone.keys("9486#")
        phone.wait_idle()
        phone.hook("down")
        phone.hook("up")
        phone.keys("112#")
        phone.wait_call("active", place_sent=True)
        screen = phone.wait_screen("Place sent")
        phone.hook("down")
        phone.wait_idle()
        sent = registrar.messages(lambda message: message.received)
    told = [message for message in sent if TOWN in message.text]
    file = stage.evidence("emergency", "messages.txt")
    file.write_text("\n\n".join(map(str, sent)), encoding="utf-8")
    names = [message.first_line for message in told]
    good = len(told) == 1 and names[0].startswith("INVITE sip:112@") and len(sent) > len(told)
    return Seen(good, f"{len(sent)} messages; the place is in: {names}. Display: {screen}.", [file])


def _bare(answers: list[str]) -> list[list[str]]:
    """Responses without what is new in each."""
    own = ("via", "from", "to", "call-id", "cseq", "date")
    return [
        [line for line in text.split("\r\n") if line.lower().split(":")[0] not in own] for text in answers
    ]
