"""Every screen holds its words in every language: what English does not cut is cut in no other."""

from __future__ import annotations

import re

import pytest

from firmware.phone.config import Config, Phone
from firmware.phone.display.paging import laid
from firmware.phone.display.screens import PLAIN, Ended, Idle, InCall, Look, Pages, Ringing, Screen
from firmware.phone.display.text import cleaned
from firmware.phone.language.catalogue import CODES, language
from firmware.phone.machine import forwarding, functions, outputs, parts, services, transfers, updates
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Recent, State
from firmware.phone.updates import Stage, Updates
from firmware.phone.values import (
    Direction,
    EndReason,
    Party,
    Registration,
    RegistrationState,
    Security,
    SwitchPosition,
    Trust,
)
from tests.golden.samples import OPEN, PRIVATE, REGISTERED, SAMPLES
from tests.language.cuts import of

MADE_TO_BE_CUT = "pages-wide"
NAMES = re.compile("Baker|Щербакова|Größenwahn|Παπαδοπούλου")
"""People whose names may be shortened at the top of a screen."""

NOTICES = [
    *parts.FAILS.values(),
    outputs.MUTED,
    outputs.ON_HOLD,
    transfers.FAILED,
    forwarding.told(State(), 0.0).news,
    services.undisturbed(Rules(), State(), 0.0)[0].news,
    services.undisturbed(Rules(), State(undisturbed=True), 0.0)[0].news,
    *(updates.notice(State(updates=Updates(stage=stage, percent=42))) for stage in Stage),
    *(EndReason.TOO_MANY.value, EndReason.NO_ACCOUNT.value),
]
"""Lines that stand in one row of a call, or at rest."""

SHOWN: dict[str, Screen] = {
    **{name: screen for name, screen in SAMPLES.items() if name != MADE_TO_BE_CUT},
    **{f"ended {reason.name}": Ended("Bob", reason.value, 83, outputs.hint(reason)) for reason in EndReason},
    **{
        f"{text} in a call": InCall("Bob", Direction.IN, 83, Security.END_TO_END, OPEN, notice=text)
        for text in NOTICES
        if text
    },
    **{
        f"{text} at rest": Idle("10:24", "Alice", REGISTERED, PRIVATE, notice=text)
        for text in NOTICES
        if text
    },
    **{f"{level.name}": InCall("Bob", Direction.IN, 83, level, OPEN, lifted=False) for level in Security},
    **{
        f"{switch.name} {state.name}": Idle("10:24", "", Registration(state), switch, missed=2)
        for switch in SwitchPosition
        for state in RegistrationState
    },
    **{
        f"ringing {trust.name}": Ringing("Bob", "b@x.test", OPEN, trust, silent=silent)
        for trust in Trust
        for silent in (True, False)
    },
    "functions at rest": functions.page(
        Rules.of(Config(phone=Phone(mailbox="123", forward_always="456"))),
        State(dialled=Recent(Party("sip:x@y"), 0.0), caller=Recent(Party("sip:x@y"), 0.0)),
    ),
}

ENGLISH = {name: of(screen, PLAIN) for name, screen in SHOWN.items()}


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_cut_that_is_whole_in_english(code: str) -> None:
    wrong = []
    for name, plain in ENGLISH.items():
        screen = SHOWN[name]
        if isinstance(screen, Pages) and screen.pairs:
            items = cleaned(screen, language(code))
            assert isinstance(items, Pages)
            left = [text for text in items.paragraphs if text not in " ".join(laid(items, Look(code)).lines)]
            wrong += [f"{name}: {text} is not there" for text in left]
        found = of(screen, Look(code))
        if len(found.cut) > len(plain.cut):
            wrong.append(f"{name}: {found.cut} is cut")
        if len(found.over) > len(plain.over):
            wrong.append(f"{name}: {found.over} has no room")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", CODES)
def test_in_large_type_no_more_is_cut_than_names(code: str) -> None:
    wrong = []
    for name, plain in ENGLISH.items():
        found = of(SHOWN[name], Look(code, large=True))
        cut = [text for text in found.cut if text not in plain.cut and not NAMES.search(text)]
        if len(cut) > len(plain.cut):
            wrong.append(f"{name}: {cut} is cut")
        if len(found.over) > len(plain.over):
            wrong.append(f"{name}: {found.over} has no room")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", ["menu-erase", "settings-reset", "settings-reset-twice"])
def test_a_question_stands_on_one_page_with_its_answers(name: str, code: str) -> None:
    screen = cleaned(SAMPLES[name], language(code))
    assert isinstance(screen, Pages)
    assert laid(screen, Look(code)).of == 1
