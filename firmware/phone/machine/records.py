"""Which calls are to be kept in the history, and what a wipe takes. Pure."""

from __future__ import annotations

from dataclasses import replace

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.audio.volume import Volumes
from firmware.phone.book.entries import NO_BOOK
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State

EXPIRY = 60.0
"""Seconds between two looks at what is kept: the wall clock that ends a record's life may jump."""


def remembered(rules: Rules, before: State, after: State, now: float) -> tuple[do.Command, ...]:
    """A command for each call that ended between ``before`` and ``after``, where a history is wanted."""
    if not rules.config.privacy.history_hours:
        return ()
    return tuple(
        do.Remember(call.direction, call.peer, call.seconds(now))
        for call in after.calls
        if not call.live and ((was := before.call(call.id)) is None or was.live)
    )


def stored(state: State, event: on.StoreChanged, now: float) -> State:
    """``state`` with what the store says of itself."""
    ends = EXPIRY if event.ends is None else min(EXPIRY, max(0.0, event.ends))
    nothing = not event.history and not event.granted and not event.trouble
    return replace(
        state,
        history=event.history,
        grants=event.granted if event.loaded else state.grants,
        store_trouble=event.trouble,
        expiry_at=None if nothing else now + ends,
        place=event.place if event.loaded else state.place,
        secrets=event.secrets,
        reached=event.reached if event.loaded else state.reached,
        volumes=event.volumes if event.loaded else state.volumes,
    )


def grants_kept(before: State, after: State, event: on.Event) -> tuple[do.Command, ...]:
    """The grants of the keypad outlive a restart; those that the store has just loaded it has."""
    if after.grants == before.grants or isinstance(event, on.StoreChanged):
        return ()
    return (do.KeepGrants(after.grants),)


def reached_kept(before: State, after: State, event: on.Event) -> tuple[do.Command, ...]:
    """The protection that was reached outlives a restart too."""
    if after.reached == before.reached or isinstance(event, on.StoreChanged):
        return ()
    return (do.KeepReached(after.reached),)


def expired(state: State, now: float) -> tuple[State, tuple[do.Command, ...]]:
    """The store is asked to look, when its time has come."""
    if state.expiry_at is None or now < state.expiry_at:
        return state, ()
    return replace(state, expiry_at=now + EXPIRY), (do.Expire(),)


def wiped(state: State) -> tuple[State, tuple[do.Command, ...]]:
    """Nothing is kept any more but a call in progress."""
    calls = tuple(call for call in state.calls if call.live)
    state = replace(state, missed=0, calls=calls, history=(), grants=(), refused=(), place=None)
    state = replace(state, book=NO_BOOK, book_troubles=(), book_faults=(), chosen=("", 0), pulling=False)
    state = replace(state, dialled=None, caller=None, settings=(), forwards=(), undisturbed=False)
    return replace(state, secrets=0, reached=(), volumes=Volumes()), (do.Wipe(),)
