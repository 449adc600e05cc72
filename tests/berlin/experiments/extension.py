"""P5: nobody far away opens the microphone."""

from __future__ import annotations

from tests.berlin.model import Seen, experiment
from tests.berlin.private_day import FORCED, RING_S
from tests.berlin.private_day import play as private_day
from tests.berlin.stage import Stage


@experiment("P5")
def a_call_that_asks_to_be_answered_at_once_only_rings(stage: Stage) -> Seen:
    """An INVITE with Call-Info answer-after=0, Alert-Info, Answer-Mode, Priv-Answer-Mode and P-Auto-Answer
    comes in; the answers to it, the phone's state and the streams from its microphone are watched.
    """
    rung = stage.played(private_day).forced
    day = stage.played(private_day)
    if rung is None:
        raise AssertionError("the call did not come in")
    answered = [status for status in rung.statuses if status >= 200]
    text = f"{len(FORCED)} header fields asked; after {RING_S:g} s the call is {rung.state}, the answers "
    text += f"to it are {rung.statuses}, the microphone has {rung.microphones} readers. "
    text += f"The display says: {rung.lines}"
    good = not answered and rung.state == "ringing" and rung.microphones == 0 and 180 in rung.statuses
    return Seen(good, " ".join(text.split()), [day.evidence["asked-to-answer"], day.evidence["sip.txt"]])


@experiment("P5")
def the_microphone_is_closed_but_in_a_call(stage: Stage) -> Seen:
    """The streams that read the phone's capture device (counted by the sound server): on hook, in a call,
    after it.
    """
    day = stage.played(private_day)
    counts = (day.microphones_idle, day.microphones_in_call, day.microphones_after)
    text = "On hook {}, in a call {}, after the calls {}.".format(*counts)
    return Seen(counts == (0, 1, 0), text)


@experiment("P5")
def a_call_that_wants_to_replace_another_is_refused(stage: Stage) -> Seen:
    """An INVITE with Replaces that names no dialog of ours comes in."""
    day = stage.played(private_day)
    final = [status for status in day.replaces_statuses if status >= 200]
    rang = 180 in day.replaces_statuses
    text = f"Answered {day.replaces_statuses}; the phone {'rang' if rang else 'did not ring'}."
    return Seen(bool(final) and final[0] >= 400 and not rang, text, [day.evidence["sip.txt"]])


@experiment("P5")
def the_socket_does_not_open_the_microphone(stage: Stage) -> Seen:
    """`sotto answer` and `sotto dial` with the handset down: neither may open the capture device."""
    day = stage.played(private_day)
    text = f"Readers of the microphone: {day.microphones_socket}. {day.socket_said}"
    return Seen(day.microphones_socket == 0, text)
