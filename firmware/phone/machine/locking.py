"""The keypad lock: how it closes and opens, and the PIN at the keypad. Pure.

::

    at rest    hold #: locked, where there is a PIN; so does the menu, and an idle time (phone.lock_after)
    locked     *  the PIN, #: unlocked      digits, handset: an emergency number goes out, nothing else
    no PIN     menu, Settings, Lock: a new PIN, twice

Calls come in and are answered as ever. A wrong PIN is counted on the disk before it is compared, so that
pulling the plug undoes no try; and a telephone that starts with wrong PINs behind it waits anew.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import pin as pins
from firmware.phone.display import paging, screens
from firmware.phone.language.phrase import counted, phrase
from firmware.phone.machine import updates
from firmware.phone.machine.emergency import is_emergency
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Lock, State, Typing
from firmware.phone.values import Hook, KeptLock, PinFor

HOLD = 1.0
"""Seconds that ``#`` is held at rest to lock."""

LEFT_ALONE = 20.0
"""Seconds without a key until a PIN that is being typed is dropped."""

OPENS, DONE = "*", "#"

NO_PIN = phrase("No PIN yet: see menu")
WRONG, CHECKING = phrase("Wrong PIN"), phrase("Checking …")
CHANGED, REMOVED = phrase("PIN set"), phrase("PIN removed")
DIFFER = phrase("Not the same PIN")
IS_HELP, LIFT = phrase("Emergency number"), phrase("Lift to call")
LOST = phrase("PIN lost: set a new one")

_TITLES = {
    PinFor.UNLOCK: phrase("Unlock"),
    PinFor.CHANGE: phrase("Old PIN"),
    PinFor.REMOVE: phrase("Remove PIN"),
    PinFor.NEW: phrase("New PIN"),
    PinFor.AGAIN: phrase("Once more"),
}

Result = tuple[State, tuple[do.Command, ...]]


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """What a key does to the lock; None when it is not about that."""
    if not isinstance(event, on.KeyPressed) or state.live is not None:
        return None
    typed = state.lock.typing
    if typed is not None and typed.checking:
        dialled = event.key.isdecimal() or state.digits  # help is not kept waiting
        return None if dialled else (state, ())
    if typed is not None:
        return _typed(rules, state, typed, event.key, now)
    if state.locked and event.key == OPENS and not state.digits:
        return typing(state, PinFor.UNLOCK, now), ()
    return None


def typing(state: State, purpose: PinFor, now: float) -> State:
    """``state`` that asks for a PIN."""
    return replace(state, lock=replace(state.lock, typing=Typing(purpose, at=now)))


def _typed(rules: Rules, state: State, typed: Typing, pressed: str, now: float) -> Result:
    typed = replace(typed, at=now)
    if pressed == OPENS:
        return _with(state, replace(typed, digits=typed.digits[:-1], said="") if typed.digits else None), ()
    if pressed == DONE:
        return _done(rules, state, typed, now)
    if not pressed.isdecimal() or len(typed.digits) >= pins.LONGEST:
        return _with(state, typed), ()
    return _with(state, replace(typed, digits=typed.digits + pressed, said="")), ()


def _with(state: State, typed: Typing | None) -> State:
    return replace(state, lock=replace(state.lock, typing=typed))


def _done(rules: Rules, state: State, typed: Typing, now: float) -> Result:
    """``#`` after a PIN; one without digits goes back."""
    lock = state.lock
    if not typed.digits:
        return _with(state, None), ()
    if typed.purpose is PinFor.NEW:
        why = pins.why_not(typed.digits) or (IS_HELP if is_emergency(rules.country, typed.digits) else "")
        if why:
            return _with(state, replace(typed, digits="", said=why)), ()
        return _with(state, Typing(PinFor.AGAIN, first=typed.digits, at=now)), ()
    if typed.purpose is PinFor.AGAIN:
        if typed.digits != typed.first:
            return _with(state, Typing(PinFor.NEW, said=DIFFER, at=now)), ()
        return _with(state, replace(typed, checking=True)), (do.MakePin(typed.digits),)
    if is_emergency(rules.country, typed.digits):
        return _help(state, typed, now)
    if now < lock.wait_until:
        return _with(state, replace(typed, digits="")), ()
    if len(typed.digits) < pins.SHORTEST:
        return _with(state, replace(typed, digits="", said=pins.why_not(typed.digits))), ()
    state = _with(state, replace(typed, checking=True, said=""))
    return _counted(state, lock.wrong + 1)


def _help(state: State, typed: Typing, now: float) -> Result:
    """An emergency number where a PIN was asked for: it is dialled with the handset lifted."""
    if state.hook is Hook.ON:
        return _with(state, replace(typed, said=LIFT)), ()
    return replace(_with(state, None), digits=typed.digits, keyed_at=now), ()


def _counted(state: State, wrong: int, pin: str | None = None) -> Result:
    kept = KeptLock(state.lock.pin if pin is None else pin, wrong)
    state = replace(state, lock=replace(state.lock, wrong=wrong, pin=kept.pin))
    return state, (do.KeepLock(kept),)


# --- what the store and the hashing say --------------------------------------------------------------


def kept(rules: Rules, state: State, event: on.LockKept, now: float) -> Result:
    """The try is counted on the disk: now the PIN may be compared."""
    typed = state.lock.typing
    if typed is None or not typed.checking or event.wrong != state.lock.wrong or not state.lock.pin:
        return state, ()
    if typed.purpose in (PinFor.NEW, PinFor.AGAIN):
        return state, ()
    state = replace(state, lock=replace(state.lock, counted=event.kept))
    return state, (do.CheckPin(typed.digits, state.lock.pin),)


def checked(rules: Rules, state: State, event: on.PinChecked, now: float) -> Result:
    lock = state.lock
    typed = lock.typing
    if typed is None or not typed.checking:
        return state, ()
    if not event.right:
        wait = pins.wait(lock.wrong) if lock.counted else pins.LONGEST_WAIT
        again = None if state.digits else replace(typed, digits="", checking=False, said=WRONG, at=now)
        return replace(state, lock=replace(lock, typing=again, wait_until=now + wait)), ()
    state = replace(state, lock=replace(lock, typing=None, wait_until=0.0))
    match typed.purpose:
        case PinFor.CHANGE:
            state, commands = _counted(state, 0)
            return typing(state, PinFor.NEW, now), commands
        case PinFor.REMOVE:
            state, commands = _counted(state, 0, pin="")
            return _said(replace(state, locked=False), REMOVED, now), commands
        case _:
            return _counted(replace(state, locked=False, woken_at=now), 0)


def made(rules: Rules, state: State, event: on.PinMade, now: float) -> Result:
    """The new PIN is hashed; from now on it is the one."""
    typed = state.lock.typing
    if typed is None or typed.purpose is not PinFor.AGAIN or not typed.checking:
        return state, ()
    state = replace(state, lock=replace(state.lock, typing=None, lost=False, wait_until=0.0))
    state, commands = _counted(state, 0, pin=event.pin)
    return _said(state, CHANGED, now), commands


def loaded(state: State, found: KeptLock, lost: bool, now: float) -> State:
    """After a start: a telephone with a PIN is locked, and waits as after the last wrong one."""
    lock = Lock(found.pin, found.wrong, now + pins.wait(found.wrong) if found.pin else 0.0, lost=lost)
    return replace(state, lock=lock, locked=bool(found.pin))


# --- locking -----------------------------------------------------------------------------------------


def locked(state: State, now: float) -> State:
    """``state`` with the lock closed; without a PIN it stays open, and says why."""
    if not state.lock.pin:
        return _said(replace(state, digits=""), NO_PIN, now)
    lock = replace(state.lock, typing=None, hash_at=None)
    return replace(state, locked=True, lock=lock, menu=None, digits="", functions_at=None, pressed="")


def followed(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    """After every event: ``#`` was held, the idle time is over, or a PIN was left half typed."""
    lock = state.lock
    state, dialled = _to_help(rules, state, event, now)
    typed = state.lock.typing
    if typed is not None and not typed.checking:
        left = isinstance(event, on.Tick) and now - typed.at >= LEFT_ALONE
        if left or state.live is not None or isinstance(event, on.HookChanged):
            state = _with(state, None)
    rests = state.live is None and state.hook is Hook.ON and state.menu is None and not state.locked
    if not rests:
        return (state if lock.hash_at is None else _hash(state, None)), dialled
    if isinstance(event, on.KeyPressed):
        alone = event.key == DONE and state.digits == DONE and state.notice_at is None
        return _hash(state, now if alone else None), dialled
    if isinstance(event, on.KeyReleased) and event.key == DONE:
        return _hash(state, None), dialled
    if isinstance(event, on.Tick):
        held = lock.hash_at is not None and now - lock.hash_at >= HOLD
        if held or _idle_over(rules, state, now):
            return locked(_hash(state, None), now), dialled
    return state, dialled


def _to_help(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    """An emergency number that was typed for a PIN becomes a number when the handset is lifted."""
    typed = state.lock.typing
    lifted = isinstance(event, on.HookChanged) and state.hook is Hook.OFF and state.live is None
    if typed is None or typed.checking or not lifted or typed.purpose in (PinFor.NEW, PinFor.AGAIN):
        return state, ()
    if not is_emergency(rules.country, typed.digits):
        return state, ()
    return replace(_with(state, None), digits=typed.digits, keyed_at=now), ()


def _hash(state: State, at: float | None) -> State:
    return state if state.lock.hash_at == at else replace(state, lock=replace(state.lock, hash_at=at))


def _idle_over(rules: Rules, state: State, now: float) -> bool:
    after = rules.config.phone.lock_after * 60.0
    return bool(after and state.lock.pin) and not updates.busy(state) and now - state.busy_at >= after


def deadlines(rules: Rules, state: State, now: float) -> list[float]:
    """When, in monotonic seconds, the lock closes, or something that it says changes."""
    lock, after = state.lock, rules.config.phone.lock_after * 60.0
    found = [] if lock.hash_at is None else [lock.hash_at + HOLD]
    if lock.pin and after and not state.locked:
        found.append(state.busy_at + after)
    if lock.typing is not None:
        found.append(lock.typing.at + LEFT_ALONE)
        if now < lock.wait_until:
            found.append(lock.wait_until - int(lock.wait_until - now - 1e-3))
    return found


def _said(state: State, words: str, now: float) -> State:
    return replace(state, news=words, news_at=now)


# --- what is shown -----------------------------------------------------------------------------------


def page(state: State, typed: Typing, now: float) -> screens.Pages:
    """The page where a PIN is typed: a dot for each digit, and what is wrong."""
    dots = phrase("PIN: {dots}", dots="•" * len(typed.digits))
    asks = typed.purpose not in (PinFor.NEW, PinFor.AGAIN)
    if typed.checking:
        said: list[str] = [CHECKING]
    elif asks and now < state.lock.wait_until:
        seconds = int(state.lock.wait_until - now + 0.999)
        said = [WRONG, counted("Wait {number} second", "Wait {number} seconds", seconds)]
    else:
        said = [typed.said] if typed.said else []
    said += [phrase("# done, * back")] if typed.digits and not typed.checking else []
    return paging.pages(_TITLES[typed.purpose], [dots, *said], 0)


def notice(state: State) -> str:
    """A line for the idle display: that the PIN was lost; or ""."""
    return LOST if state.lock.lost else ""
