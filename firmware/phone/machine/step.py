"""The decisions of the telephone: ``step(rules, state, event, now) -> (state, commands)``. Pure.

Sound, screen and lights are no decisions of their own: they follow from the state (``outputs``). The
commands returned here are those that speak to the far end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.machine import (
    asked,
    calls,
    chirps,
    ease,
    finding,
    first,
    forwarding,
    functions,
    guarding,
    guest,
    helping,
    knob,
    locking,
    menu,
    names,
    parts,
    records,
    services,
    settings,
    setup,
    several,
    starcodes,
    texting,
    transfers,
    updates,
    watchers,
)
from firmware.phone.machine.rules import MAX_DIGITS, PRE_DIAL, Plan, Rules
from firmware.phone.machine.state import Call, State
from firmware.phone.machine.table import Move
from firmware.phone.privacy import exposure
from firmware.phone.values import CallState, Hook, Loudspeaker, Party

Commands = tuple[do.Command, ...]
Result = tuple[State, Commands]


def step(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    """What ``event`` at ``now`` (monotonic seconds) makes of ``state``, and what is to be done."""
    rules = settings.effective(rules, state)
    state, happened = ease.slowed(rules, state, event, now)
    commands: Commands = ()
    for one in happened:
        before = state
        state, more = _step(rules, state, one, now)
        state, told = chirps.followed(rules, before, state, now)
        state, hushed = ease.quiet(before, state, now)
        commands += more + told + hushed
    return state, commands


def _step(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    """One event, whose key counts."""
    before = state
    state, early = functions.flushed(state, event)
    handler = _HANDLERS.get(type(event), _nothing)
    taken = (
        helping.key(rules, state, event, now)
        or locking.key(rules, state, event, now)
        or first.key(rules, state, event, now)
        or menu.key(rules, state, event, now)
        or transfers.key(rules, state, event, now)
        or texting.key(rules, state, event, now)
        or functions.key(rules, state, event, now)
        or knob.key(state, event, now)
        or finding.key(rules, state, event, now)
    )
    after, commands = taken or handler(rules, state, event, now)
    after = functions.watched(knob.followed(after, event, now), event, now)
    after, long = functions.followed(rules, after, event, now)
    after, lock = locking.followed(rules, after, event, now)
    after, guests = guest.followed(rules, before, after, event, now)
    after, parted = several.followed(before, after, now)
    after, referred = transfers.followed(before, services.followed(rules, after), now)
    after, typed = texting.followed(rules, after, now)
    commands = early + commands + long + lock + guests + parted + referred + typed
    state = before
    after, refused = watchers.follow(rules, menu.followed(after, event, now), now)
    if watchers.asking(after, now) is not None:
        after = replace(after, menu=None)
    after, guarded = guarding.follow(rules, state, after, now)
    guarded += transfers.label_told(state, after)
    after, woken = updates.followed(state, after, now)
    after, closed = setup.followed(after, event, now)
    if isinstance(event, _WAKING) and after != state:
        after = replace(after, woken_at=now)
    kept = records.remembered(rules, state, after, now) + records.grants_kept(state, after, event)
    kept += records.reached_kept(state, after, event)
    kept += () if isinstance(event, on.StoreChanged) else settings.kept(before, after)
    return after, commands + refused + guarded + kept + woken + closed


ACCOUNTS = "ABCD"
"""The keys of a keypad with four columns that pick an account."""

_WAKING = (
    on.KeyPressed,
    on.HookChanged,
    on.PrivacySwitched,
    on.IncomingCall,
    on.CallFailed,
    on.WatcherAsked,
    on.SoundChanged,
    on.DisplayChanged,
    on.UpdaterTold,
)
"""What makes a resting display bright again."""


def _nothing(rules: Rules, state: State, event: on.Event, now: float) -> Result:
    return state, ()


why_not = asked.why_not


# --- hands -------------------------------------------------------------------------------------------


def _hook(rules: Rules, state: State, event: on.HookChanged, now: float) -> Result:
    if event.hook is state.hook:
        return state, ()
    state = replace(state, hook=event.hook, hook_at=now)
    if event.hook is Hook.OFF:
        return _lifted(rules, state, now)
    state = replace(state, digits="", transfers_to=False, picked=None)
    return calls.end_all(state, now)


def _lifted(rules: Rules, state: State, now: float) -> Result:
    live = state.live
    if live is None:
        state = replace(calls.dismissed(state), missed=0, restart_seen=True)
        return finding.dial(rules, state, now) if state.digits else (state, ())
    if live.waits and helping.is_help(rules, state):
        return calls.dial(rules, state, now)
    if live.waits:
        return (state, ()) if guarding.waits_for_answer(live) else calls.answer(state, live, now)
    return state, ()


def _key(rules: Rules, state: State, event: on.KeyPressed, now: float) -> Result:
    live = state.live
    if live is not None and live.state is CallState.HELD:
        return _key_on_hold(rules, state, live, event.key, now)
    if live is not None:
        return guarding.key(rules, state, live, event.key, now) or _key_in_call(state, live, event.key, now)
    refused = calls.offers(state)
    if refused is not None and event.key == guarding.GO_ON:
        return calls.try_again(rules, state, refused, now)
    if event.key in watchers.KEYS and watchers.asking(state, now) is not None:
        return watchers.decided(state, event.key, now)
    state = calls.dismissed(state)
    switched = services.code(rules, state, now) if event.key == "#" else None
    if switched is not None:
        return switched
    dials = event.key == "#" and state.digits and state.hook is Hook.OFF
    if dials and not starcodes.continues(rules.country, state.digits + "#"):
        return finding.dial(rules, state, now)
    if len(state.digits) >= MAX_DIGITS:
        return state, ()
    if not state.digits and event.key in ACCOUNTS[: len(rules.lines)] and rules.more:
        return replace(state, picked=ACCOUNTS.index(event.key)), ()
    state = replace(state, digits=state.digits + event.key, keyed_at=now)
    if state.hook is Hook.OFF and rules.complete(state.digits):
        return calls.dial(rules, state, now)
    return state, ()


def _key_on_hold(rules: Rules, state: State, live: Call, key: str, now: float) -> Result:
    """Digits are for another call, or for whom the held one is transferred to; ``#`` alone goes back."""
    if live.transfer is not None:
        return state, ()
    if key == "#" and not state.digits:
        return several.resume(state, live, now)
    if key == "#" and not starcodes.continues(rules.country, state.digits + "#"):
        return _dialled(rules, state, now)
    if len(state.digits) >= MAX_DIGITS or state.hook is Hook.ON:
        return state, ()
    return replace(state, digits=state.digits + key, keyed_at=now), ()


def _dialled(rules: Rules, state: State, now: float) -> Result:
    """What has been dialled beside a held call."""
    return (transfers.blind if state.transfers_to else finding.dial)(rules, state, now)


def _key_in_call(state: State, live: Call, key: str, now: float) -> Result:
    if live.voice:
        live, star = guarding.send_star(live)
        call = replace(live, digits=(live.digits + key)[-MAX_DIGITS:])
        return state.with_call(call), (*star, do.SendDigit(live.id, key))
    if live.waits and key == "#":
        return calls.end_live(state, now)
    return state, ()


def _privacy(rules: Rules, state: State, event: on.PrivacySwitched, now: float) -> Result:
    position = guest.position(rules, event.position)
    if position is state.switch:
        return state, ()
    return replace(state, switch=position), (do.SetExposure(exposure(position)),)


# --- the control socket: as the keys would -----------------------------------------------------------


def _dial_asked(rules: Rules, state: State, event: on.DialAsked, now: float) -> Result:
    if why_not(state, event):
        return state, ()
    party = Party(event.uri, names.name_of(rules, state, event.uri))
    plan = Plan(party, event.restricted, event.emergency, event.number, event.account)
    return calls.place(rules, state, plan, now)


def _answer_asked(rules: Rules, state: State, event: on.AnswerAsked, now: float) -> Result:
    rings = asked.ringing(state)
    if why_not(state, event) or rings is None:
        return state, ()
    return calls.answer(state, rings, now)


def _hang_up_asked(rules: Rules, state: State, event: on.HangUpAsked, now: float) -> Result:
    return calls.end_live(state, now)


# --- the rest ----------------------------------------------------------------------------------------


def _registration(rules: Rules, state: State, event: on.RegistrationChanged, now: float) -> Result:
    return state.connected(event.account, registration=event.registration), ()


def _server_agreed(rules: Rules, state: State, event: on.ServerAgreed, now: float) -> Result:
    return state.connected(event.account, signalling=event.signalling), ()


def _certificates_kept(rules: Rules, state: State, event: on.CertificatesKept, now: float) -> Result:
    return replace(state, certificates=event.number), ()


def _own_address(rules: Rules, state: State, event: on.OwnAddress, now: float) -> Result:
    return state.connected(event.account, own_address=event.address), ()


def _voice(rules: Rules, state: State, event: on.VoiceChanged, now: float) -> Result:
    """A voice that opened shows that the earpiece is there."""
    handset = state.handset_trouble if event.trouble else ""
    return replace(state, voice_trouble=event.trouble, handset_trouble=handset), ()


def _sound(rules: Rules, state: State, event: on.SoundChanged, now: float) -> Result:
    """A handset that comes back ends the trouble of the last call; one that never was away says nothing
    of the microphone, which is not opened to look."""
    if event.loudspeaker is Loudspeaker.RINGER:
        return replace(state, ringer_trouble=event.trouble), ()
    back = state.handset_trouble and not event.trouble
    voice = "" if back else state.voice_trouble
    return replace(state, handset_trouble=event.trouble, voice_trouble=voice), ()


def _gaps(rules: Rules, state: State, event: on.SoundGaps, now: float) -> Result:
    return replace(state, sound_gaps=event.count), ()


def _display(rules: Rules, state: State, event: on.DisplayChanged, now: float) -> Result:
    return replace(state, display_trouble=event.trouble), ()


def _store(rules: Rules, state: State, event: on.StoreChanged, now: float) -> Result:
    """What was reached with somebody who is no contact any more is not kept."""
    state = records.stored(state, event, now)
    if event.loaded:
        state = locking.loaded(state, event.lock, event.lock_lost, now)
        state = first.begun(rules, settings.loaded(state, event.personal))
    kept = tuple(known for known in state.reached if rules.contact_of(known.uri) is not None)
    over = event.loaded and kept != state.reached
    return replace(state, reached=kept), (do.KeepReached(kept),) if over else ()


def _wipe(rules: Rules, state: State, event: on.WipeAsked, now: float) -> Result:
    return records.wiped(state)


def _place_typed(rules: Rules, state: State, event: on.PlaceTyped, now: float) -> Result:
    return replace(state, place=event.place), (do.KeepPlace(event.place),)


def _self_tested(rules: Rules, state: State, event: on.SelfTested, now: float) -> Result:
    return replace(state, testing=False, tests=event.tests), ()


def _factory_done(rules: Rules, state: State, event: on.FactoryDone, now: float) -> Result:
    """All is gone: start as new. What could not be erased is said instead, and nothing starts."""
    if not event.trouble:
        return state, (do.StartAnew(),)
    return replace(state, menu=None, store_trouble=event.trouble), ()


def _tick(rules: Rules, state: State, event: on.Tick, now: float) -> Result:
    state, expire = records.expired(forwarding.forgotten(rules, calls.forgotten(state, now), now), now)
    state, late = transfers.overdue(state, now)
    state, commands = _due(rules, state, now)
    return state, expire + late + commands


def _due(rules: Rules, state: State, now: float) -> Result:
    live = state.live
    if live is not None:
        state, given_up = calls.overdue(rules, guarding.held(state, live, now), now)
        if state.hook is Hook.ON and now - state.keyed_at >= PRE_DIAL:
            state = replace(state, digits="")
        due = now >= helping.due_at(rules, state) and state.hook is Hook.OFF
        if state.digits and not state.pressed and due:
            state, dialled = _dialled(rules, state, now)
            given_up += dialled
        return state, given_up
    if not state.digits:
        return state, ()
    answered = updates.settled(state, now)
    if answered is not None:
        return answered
    if state.hook is Hook.OFF and now >= helping.due_at(rules, state):
        return finding.dial(rules, state, now)
    if state.hook is Hook.ON and now - state.keyed_at >= PRE_DIAL:
        return replace(state, digits=""), ()
    return state, ()


_HANDLERS: dict[type, Callable[[Rules, State, Any, float], Result]] = {
    on.HookChanged: _hook,
    on.KeyPressed: _key,
    on.KeyReleased: guarding.released,
    on.PrivacySwitched: _privacy,
    on.DialAsked: _dial_asked,
    on.AnswerAsked: _answer_asked,
    on.HangUpAsked: _hang_up_asked,
    on.IncomingCall: calls.incoming,
    on.RemoteRinging: calls.moved(Move.REMOTE_RINGS),
    on.EarlyMedia: calls.moved(Move.EARLY_MEDIA),
    on.CallAnswered: calls.moved(Move.ANSWERED),
    on.MediaChanged: calls.media,
    on.CodeComputed: guarding.computed,
    on.TextChanged: texting.changed,
    on.TextReceived: texting.received,
    on.CallFailed: calls.failed,
    on.RegistrationChanged: _registration,
    on.OwnAddress: _own_address,
    on.ServerAgreed: _server_agreed,
    on.CertificatesKept: _certificates_kept,
    on.VoiceChanged: _voice,
    on.SoundChanged: _sound,
    on.SoundGaps: _gaps,
    on.DisplayChanged: _display,
    on.WatcherAsked: watchers.asked,
    on.WatcherGone: watchers.gone,
    on.DayChanged: watchers.day,
    on.WipeAsked: _wipe,
    on.StoreChanged: _store,
    on.PlaceTyped: _place_typed,
    on.BookLoaded: finding.loaded,
    on.PullAsked: finding.asked,
    on.BookPulled: finding.pulled,
    on.HealthChanged: parts.health,
    on.PartChanged: parts.part,
    on.Restarted: parts.restarted,
    on.UpdaterTold: updates.told,
    on.UpdateWished: updates.wished,
    on.PlaceSent: calls.place_sent,
    on.PlaceRefused: calls.place_refused,
    on.CallRerouted: helping.rerouted,
    on.HelpTestAsked: helping.test_asked,
    on.HelpTested: helping.tested,
    on.FeatureAsked: asked.feature,
    on.TransferProgress: transfers.progress,
    on.TransferAsked: transfers.asked,
    on.CallReplaced: transfers.replaced,
    on.MessagesChanged: services.messages,
    on.LampChanged: services.lamp,
    on.LockKept: locking.kept,
    on.PinChecked: locking.checked,
    on.PinMade: locking.made,
    on.SelfTested: _self_tested,
    on.SpeechMade: ease.speech,
    on.FactoryDone: _factory_done,
    on.GuestRefused: guest.refused,
    on.CardSeen: guest.card,
    on.NetworkSeen: first.network_seen,
    on.FirstKept: first.kept,
    on.SetupBegun: setup.begun,
    on.SetupReady: setup.ready,
    on.SetupTried: setup.tried,
    on.SetupResumed: setup.resumed,
    on.SetupOver: setup.ended,
    on.Tick: _tick,
}
