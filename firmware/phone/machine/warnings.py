"""What the display says of a call's protection: what stops it, what may be done, and the code. Pure."""

from __future__ import annotations

from typing import NamedTuple

from firmware.phone.display import screens
from firmware.phone.machine import guarding
from firmware.phone.machine.protection import RANK, Doubt
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.values import Hook, Keying, Security

TITLE = "No common encryption"
GO_ON_KEYS = "# go on, or hang up"
HANG_UP = "Hang up"
ANSWER_KEYS = "1 answer  # refuse"
CODE_KEYS = "1 same 2 different #×"
NO_CODE_KEYS = "#×"


NAME = 20
"""Characters of a name that leave room for what is said of it."""


class Words(NamedTuple):
    title: str
    text: str


WORDS = {
    Doubt.DIFFERED: Words("Codes differed", "Somebody may stand between you and listen. Compare again."),
    Doubt.LESS: Words("Less protected", ""),
    Doubt.CHANGED: Words("Another far end", "Not the telephone of earlier calls, or somebody between."),
    Doubt.UNPROVEN: Words("Not proven", "You verified them once. Now it could be somebody else."),
}
"""What each doubt is called; what a call with LESS has and had is said by its levels."""

LEVELS = {
    Security.CLEAR: "not encrypted",
    Security.PROVIDER: "provider can listen",
    Security.END_TO_END: "end to end",
    Security.END_TO_END_VERIFIED: "end to end",
}


def of_call(rules: Rules, state: State, call: Call) -> screens.Screen | None:
    """The screen that stands before all else in a live call, or None."""
    found = guarding.doubts(state, call)
    if found:
        keys = GO_ON_KEYS if guarding.may_go_on(rules, call) else HANG_UP
        text = _less(state, call) if found[0] is Doubt.LESS else WORDS[found[0]].text
        return screens.Warning(WORDS[found[0]].title, text, keys)
    if guarding.waits_for_answer(call) and state.hook is Hook.OFF:
        who = "Anonymous" if call.peer.anonymous else call.peer.label
        who = who if len(who) <= NAME else who[: NAME - 1] + "…"
        before = guarding.known(state, call)
        was = before is not None and RANK[before.level] > RANK[Security.CLEAR]
        end = ", unlike before" if was else ""
        return screens.Warning("Not encrypted", f"{who}: anybody on the way can listen{end}", ANSWER_KEYS)
    if call.waits and state.hook is Hook.OFF:
        who = "Anonymous" if call.peer.anonymous else call.peer.label
        return screens.Warning("Incoming call", f"{who} calls", ANSWER_KEYS)
    return _page(state, call) if call.protection.page else None


def _less(state: State, call: Call) -> str:
    now = LEVELS.get(call.media.security, "")
    before = guarding.known(state, call)
    if before is None or RANK[before.level] <= RANK[call.media.security]:
        return f"This call: {now}. Nobody hears you yet."
    return f"Before: {LEVELS[before.level]}. Now: {now}. Nobody hears you yet."


def _page(state: State, call: Call) -> screens.Code:
    """The code that both people compare."""
    named = guarding.label(state, call)
    code = guarding.code(call)
    if guarding.comparable(call):
        return screens.Code(code, call.media.words, CODE_KEYS)
    if RANK[call.media.security] < RANK[Security.END_TO_END]:
        return screens.Code("", f"No code: {LEVELS.get(named, 'no keys yet')}", NO_CODE_KEYS)
    reason = "Computing the code …" if call.media.keying is Keying.DTLS else "This call has no code"
    return screens.Code("", reason, NO_CODE_KEYS)


def offer(state: State, refused: Call) -> screens.Warning:
    """They refused the protection that was asked for; the user may ask for less."""
    before = guarding.known(state, refused)
    had = before is not None and RANK[before.level] > RANK[refused.protection.offer or Security.NONE]
    why = "End to end is refused, unlike before." if had else "They cannot encrypt end to end."
    if refused.protection.offer is Security.PROVIDER:
        return screens.Warning(TITLE, f"{why} Provider could listen.", "# call anyway")
    text = "Anybody could listen, unlike before." if had else "Anybody on the way could listen."
    return screens.Warning(TITLE, text, "# call without encryption")


def notice(state: State, call: Call) -> str:
    """Of a call that the user went on with: what stands against it still, in a few words."""
    before = guarding.known(state, call)
    if call.protection.compared is False or (call.protection.compared is None and before and before.differed):
        return WORDS[Doubt.DIFFERED].title
    cut = RANK[guarding.label(state, call)] < RANK[call.media.security]
    return WORDS[Doubt.CHANGED].title if cut else ""


def hint(state: State, call: Call) -> str:
    """How to come to know who the far end is, where nobody has compared yet."""
    if guarding.label(state, call) is not Security.END_TO_END:
        return ""
    return "Not compared: hold *" if guarding.code(call) else "Not compared"
