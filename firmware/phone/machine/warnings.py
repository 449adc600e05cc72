"""What the display says of a call's protection: what stops it, what may be done, and the code. Pure."""

from __future__ import annotations

from typing import NamedTuple

from firmware.phone.display import screens
from firmware.phone.language.phrase import joined, phrase, phrase_in
from firmware.phone.machine import guarding
from firmware.phone.machine.protection import RANK, Doubt
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.values import Hook, Keying, Security

TITLE = phrase_in("title", "No common encryption")
GO_ON_KEYS = phrase("# go on, or hang up")
HANG_UP = phrase("Hang up")
ANSWER_KEYS = phrase("1 answer  # refuse")
CODE_KEYS = phrase("1 same 2 different #×")
ANONYMOUS = phrase("Anonymous")
CALL_CLEAR = phrase("# call without encryption")
NO_CODE_KEYS = "#×"


PROVIDER_COULD = phrase("Provider could listen.")
ANYBODY_COULD = phrase("Anybody could listen.")
ANYBODY_ON_THE_WAY = phrase("Anybody on the way could listen.")

NAME = 20
"""Characters of a name that leave room for what is said of it."""


class Words(NamedTuple):
    title: str
    text: str


WORDS = {
    Doubt.DIFFERED: Words(
        phrase("Codes differed"), phrase("Somebody may stand between you and listen. Compare again.")
    ),
    Doubt.LESS: Words(phrase("Less protected"), ""),
    Doubt.CHANGED: Words(
        phrase("Another far end"), phrase("Not the telephone of earlier calls, or somebody between.")
    ),
    Doubt.HIDDEN: Words(
        phrase("Not known again"),
        phrase("They are private now, or it is somebody else. Compare codes."),
    ),
    Doubt.BARE: Words(TITLE, ""),
    Doubt.UNPROVEN: Words(
        phrase("Not proven"), phrase("You verified them once. Now it could be somebody else.")
    ),
}
"""What each doubt is called; what a call with LESS has and had is said by its levels."""

LEVELS = {
    Security.CLEAR: phrase("not encrypted"),
    Security.PROVIDER: phrase("provider can listen"),
    Security.END_TO_END: phrase("end to end"),
    Security.END_TO_END_VERIFIED: phrase("end to end"),
}


def of_call(rules: Rules, state: State, call: Call) -> screens.Screen | None:
    """The screen that stands before all else in a live call, or None."""
    found = guarding.doubts(state, call)
    if found:
        keys = GO_ON_KEYS if guarding.may_go_on(rules, call) else HANG_UP
        text = WORDS[found[0]].text
        if found[0] is Doubt.LESS:
            text = _less(state, call)
        elif found[0] is Doubt.BARE:
            text = _bare(rules, state, call)
        return screens.Warning(WORDS[found[0]].title, text, keys)
    if guarding.waits_for_answer(call) and state.hook is Hook.OFF:
        who = ANONYMOUS if call.peer.anonymous else call.peer.label
        who = who if len(who) <= NAME else who[: NAME - 1] + "…"
        before = guarding.known(state, call)
        was = before is not None and RANK[before.level] > RANK[Security.CLEAR]
        text = phrase("{who}: anybody on the way can listen", who=who)
        if was:
            text = phrase("{who}: anybody on the way can listen, unlike before", who=who)
        return screens.Warning(phrase("Not encrypted"), text, ANSWER_KEYS)
    if call.waits and state.hook is Hook.OFF:
        who = ANONYMOUS if call.peer.anonymous else call.peer.label
        return screens.Warning(phrase("Incoming call"), phrase("{who} calls", who=who), ANSWER_KEYS)
    return _page(state, call) if call.protection.page else None


def _less(state: State, call: Call) -> str:
    now = LEVELS.get(call.media.security, "")
    before = guarding.known(state, call)
    if before is None or RANK[before.level] <= RANK[call.media.security]:
        return phrase("This call: {now}. Nobody hears you yet.", now=now)
    return phrase("Before: {before}. Now: {now}. Nobody hears you yet.", before=LEVELS[before.level], now=now)


def _bare(rules: Rules, state: State, call: Call) -> str:
    """They answered without encryption; with what the call may go on."""
    before = guarding.known(state, call)
    had = before is not None and RANK[before.level] > RANK[Security.CLEAR]
    why = phrase("They answered without it, unlike before.") if had else phrase("They answered without it.")
    if guarding.less(rules, call) is Security.PROVIDER:
        return joined((why, PROVIDER_COULD))
    return joined((why, ANYBODY_COULD if had else ANYBODY_ON_THE_WAY))


def _page(state: State, call: Call) -> screens.Code:
    """The code that both people compare."""
    named = guarding.label(state, call)
    code = guarding.code(call)
    if guarding.comparable(call):
        return screens.Code(code, call.media.words, CODE_KEYS)
    if RANK[call.media.security] < RANK[Security.END_TO_END]:
        why = LEVELS.get(named, phrase("no keys yet"))
        return screens.Code("", phrase("No code: {why}", why=why), NO_CODE_KEYS)
    computing = call.media.keying is Keying.DTLS
    reason = phrase("Computing the code …") if computing else phrase("This call has no code")
    return screens.Code("", reason, NO_CODE_KEYS)


def offer(state: State, refused: Call) -> screens.Warning:
    """They refused the protection that was asked for; the user may ask for less."""
    before = guarding.known(state, refused)
    had = before is not None and RANK[before.level] > RANK[refused.protection.offer or Security.NONE]
    why = phrase("They cannot encrypt end to end.")
    if had:
        why = phrase("End to end is refused, unlike before.")
    if refused.protection.offer is Security.PROVIDER:
        return screens.Warning(TITLE, joined((why, PROVIDER_COULD)), phrase("# call anyway"))
    text = phrase("Anybody could listen, unlike before.") if had else ANYBODY_ON_THE_WAY
    return screens.Warning(TITLE, text, CALL_CLEAR)


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
    return phrase("Not compared: hold *") if guarding.code(call) else phrase("Not compared")
