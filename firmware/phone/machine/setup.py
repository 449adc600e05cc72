"""The period in which the page for setting up is open: begun at the keypad, ended by time, key, codes. Pure.

::

    nothing ──begun──► starting ──ready──► open ──right code──► in use
                          │                 │ MOST_WRONG codes    │
                          └──START_LIMIT────┴──── * ── PERIOD ────┴──► over

The page itself is another program (``firmware.setup``). It learns neither the code nor when it ends from
anybody but this telephone, and what it may ask is in ``setting_up.door``.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.display import screens
from firmware.phone.language.phrase import counted, phrase, phrase_in
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Menu, State
from firmware.phone.values import Hook, SettingUp

PERIOD = 900.0
"""Seconds that the page is open."""

START_LIMIT = 60.0
"""Seconds that its program may take to come up, on a slow board."""

MOST_WRONG = 5
"""Wrong codes after which it ends."""

ITEM = "**3"
"""Where it is in the menu: settings, more, the third."""

NAME, TITLE = phrase("Set-up page"), phrase_in("title", "Set-up")
NOT_STARTED = phrase("The set-up page did not start.")
TIME_OVER = phrase("Closed: the time was over.")
ENDED_HERE = phrase("Closed.")
ENDED_THERE = phrase("Closed on the page.")
NOT_AS_GUEST = phrase("Not in guest mode.")
OPEN = phrase("Set-up page is open")
TOO_MANY = phrase("Closed: {number} wrong codes. Was it you?", number=MOST_WRONG)

WRONG_CODE = "That is not the code on the display. Look again."
CLOSED_BY_CODES = "Too many wrong codes: the page is closed. Open it anew at the telephone."

Result = tuple[State, tuple[do.Command, ...]]


def begin(rules: Rules, state: State, now: float) -> Result:
    """The item was chosen; one that is open already stays as it is. A guest has nothing to set up."""
    if rules.guest:
        return replace(state, setup_said=NOT_AS_GUEST), ()
    if state.setup is not None:
        return state, ()
    return replace(state, setup=SettingUp(now + START_LIMIT), setup_said=""), (do.BeginSetup(),)


def end(rules: Rules, state: State, now: float) -> Result:
    """``*`` on its page."""
    return over(state, ENDED_HERE, now)


def over(state: State, why: str, now: float) -> Result:
    """``state`` with the page closed. Where it is shown, the display says why for a while."""
    if state.setup is None:
        return state, ()
    menu = replace(state.menu, keyed_at=now, page=0) if state.menu and stays(state) else state.menu
    return replace(state, setup=None, setup_said=why, menu=menu), (do.EndSetup(),)


def begun(rules: Rules, state: State, event: on.SetupBegun, now: float) -> Result:
    """There is a code; the program is being started."""
    if state.setup is None or state.setup.code:
        return state, ()
    return replace(state, setup=replace(state.setup, code=event.one_time, host=event.host)), ()


def resumed(rules: Rules, state: State, event: on.SetupResumed, now: float) -> Result:
    """The telephone was started anew while somebody was in: to take up what they changed."""
    left = event.setup.until - now
    if not (event.setup.session and 0 < left <= PERIOD):
        return state, (do.EndSetup(),)
    return replace(state, setup=event.setup), ()


def ready(rules: Rules, state: State, event: on.SetupReady, now: float) -> Result:
    """The page can be opened; its time begins. Its program, started anew, has another certificate."""
    setup = state.setup
    if setup is None or not (setup.code or setup.session):
        return state, ()
    until = setup.until if setup.fingerprint else now + PERIOD
    return replace(state, setup=replace(setup, until=until, url=event.url, fingerprint=event.fingerprint)), ()


def tried(rules: Rules, state: State, event: on.SetupTried, now: float) -> Result:
    """Somebody typed a code on the page. A right one is used up; after a wrong one they wait."""
    setup = state.setup
    if setup is None or why_not(state, now):
        return state, ()
    if hmac.compare_digest(event.one_time.encode(), setup.code.encode()):
        setup = replace(setup, code="", session=event.session)
        menu = replace(state.menu, page=0) if state.menu is not None and stays(state) else state.menu
        return replace(state, setup=setup, menu=menu, woken_at=now), (do.KeepSetup(setup),)
    wrong = setup.wrong + 1
    if wrong >= MOST_WRONG:
        return over(replace(state, woken_at=now), TOO_MANY, now)
    return replace(state, setup=replace(setup, wrong=wrong, wait_until=now + 2.0 ** (wrong - 1))), ()


def why_not(state: State, now: float) -> str:
    """Why no code can be tried now, for the page; "" when one can."""
    setup = state.setup
    if setup is None or not setup.fingerprint:
        return "The page is closed. Open it at the telephone: hold *, then *, *, 3."
    if setup.session:
        return "Somebody is in already. The code counts once; * on the telephone ends it."
    if now < setup.wait_until:
        return f"Wait {int(setup.wait_until - now + 0.999)} s after a wrong code, then try again."
    return ""


def ended(rules: Rules, state: State, event: on.SetupOver, now: float) -> Result:
    """The page was closed on the page, or cannot be there at all (why)."""
    return over(state, event.why, now)


def followed(state: State, event: on.Event, now: float) -> Result:
    """After every event: time ends it."""
    setup = state.setup
    if setup is None or not isinstance(event, on.Tick) or now < setup.until:
        return state, ()
    return over(state, TIME_OVER if setup.fingerprint else NOT_STARTED, now)


def deadlines(state: State, now: float) -> list[float]:
    """When, in monotonic seconds, it ends, or another minute is over."""
    setup = state.setup
    if setup is None:
        return []
    return [setup.until, setup.until - int(max(0.0, setup.until - now - 1e-3) / 60) * 60]


def stays(state: State) -> bool:
    """Whether the menu stays open though no key is pressed: somebody reads the code off it."""
    return state.setup is not None and state.menu is not None and state.menu.item == ITEM


# --- what is shown -----------------------------------------------------------------------------------


def page(state: State, menu: Menu, now: float) -> screens.Screen | None:
    """The picture with the code, as the first page; None: the page is text (``paragraphs``)."""
    setup = state.setup
    if menu.item != ITEM or menu.page != 0 or setup is None or not pictured(state):
        return None
    return screens.OpenPage(setup.url, spaced(setup.code), _left(setup, now))


def pictured(state: State) -> bool:
    """Whether there is a code that somebody can type."""
    return state.setup is not None and bool(state.setup.code and state.setup.fingerprint)


def paragraphs(state: State, now: float) -> list[str]:
    """The same in words, and by what the page is known."""
    setup = state.setup
    if setup is None:
        return [state.setup_said or ENDED_HERE, phrase("# goes back")]
    if not setup.fingerprint:
        return [phrase("Starting …")]
    found: list[str] = [phrase("Somebody is in: they can change accounts, contacts, network, display.")]
    if setup.code:
        found = [phrase("Open in a browser nearby:"), setup.url]
        found += [phrase("Code: {code}", code=spaced(setup.code))]
        found += _wrong(setup)
    return [
        *found,
        _left(setup, now),
        phrase("* closes it"),
        phrase("The browser warns. Its certificate must have this fingerprint (SHA-256):"),
        spaced(setup.fingerprint),
    ]


def special(state: State) -> str:
    """The key that does something of its own on its page, or ""."""
    return "*" if state.setup is not None else ""


def _wrong(setup: SettingUp) -> list[str]:
    if not setup.wrong:
        return []
    return [counted("{number} wrong code", "{number} wrong codes", setup.wrong)]


def _left(setup: SettingUp, now: float) -> str:
    return phrase("{number} min", number=max(1, int((setup.until - now + 59.999) / 60)))


def spaced(text: str) -> str:
    """In groups of four signs."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def notice(state: State) -> str:
    """A line for the idle display while it is open, or ""."""
    if state.setup is None or state.hook is Hook.OFF:
        return ""
    return OPEN
