"""What is to be heard, seen and open in a given state. Pure, so that nothing can be left ringing.

The loop compares the outputs before and after each step and tells the drivers the differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware.phone.audio.melodies import COUNTRY
from firmware.phone.audio.volume import Volumes
from firmware.phone.display import resting, screens
from firmware.phone.language.phrase import joined, phrase
from firmware.phone.machine import (
    calls,
    dialplan,
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
    services,
    settings,
    setup,
    several,
    starcodes,
    texting,
    transfers,
    updates,
    warnings,
    watchers,
)
from firmware.phone.machine import ringing as ringing_with
from firmware.phone.machine.rules import (
    DIAL_TONE,
    END_TONE,
    ENDED_KEPT,
    ENDED_SHOWN,
    HOWL,
    NEWS,
    PRE_DIAL,
    RING_LIMIT,
    Rules,
)
from firmware.phone.machine.state import Call, State
from firmware.phone.presence import Sees
from firmware.phone.privacy import EMERGENCY, exposure
from firmware.phone.values import (
    CallId,
    CallState,
    Direction,
    EndReason,
    Hook,
    Light,
    Party,
    Pattern,
    Registration,
    RegistrationState,
    Security,
    SubscriptionId,
    SwitchPosition,
    Tone,
)

_BUSY_TONE = {
    EndReason.BUSY,
    EndReason.PEER_HUNG_UP,
    EndReason.DECLINED,
    EndReason.NO_ANSWER,
    EndReason.HUNG_UP,
}
_SILENT_ENDS = {EndReason.CANCELLED, EndReason.REFUSED_BY_US}
_HINTS = {
    EndReason.NOT_REGISTERED: phrase("Check the network"),
    EndReason.NETWORK: phrase("Check the network"),
    EndReason.CERTIFICATE: phrase("Ask your provider"),
    EndReason.NO_COMMON_ENCRYPTION: phrase("They cannot encrypt"),
    EndReason.KEYS_DIFFER: phrase("Somebody between? Call another way"),
    EndReason.NO_KEYS: phrase("Try again, or call another way"),
    EndReason.NOT_FOUND: phrase("Check the number"),
    EndReason.NO_ACCOUNT: phrase("Dial a contact"),
}

NO_SOUND = phrase("No sound device")
RINGER_SILENT = phrase("The ringer is silent")
"""What the display says of the sound devices; ``sotto status`` says why, and what to do."""

PERMIT_IN_VAIN = phrase("Switch is on private")
ON_HOLD = phrase("They put you on hold")
MUTED = phrase("Muted: not heard")
BACK = phrase("# back, or dial")
TRANSFER_TO = phrase("Transfer to: number, #")
TRANSFERRING = phrase("Transferring …")
ANONYMOUS = phrase("Anonymous")
CALLING, RINGING, LISTEN = phrase("Calling"), phrase("Ringing"), phrase("Listen")


@dataclass(frozen=True)
class Outputs:
    """``ringing``: the light that calls for attention; ``bell``: its sound, which a silent call has not.
    ``melody``: what it rings with.
    ``voice``: microphone and earpiece are open. ``speaks``: the call whose sound is connected to
    them, and with which protection.
    ``reminds``: a beep every ten seconds, for all is in clear. ``watchers``: what each sees.
    ``volumes``: how loud; None: the drivers have not been told.
    ``doubtful``: it is private because the switch cannot be read. ``message``: calls were missed.
    ``mute``: a call is up, and what is said here is not heard there.
    ``muted``: so by the key. ``third``: the other call of a conference, as ``speaks``; the two are mixed.
    ``waiting``: the tone of a second caller sounds. ``lamps``: whose telephones are asked what they do;
    ``lamp_lights``: what the lights of the first of them do. ``sound_light``: what the ringing light does for
    a tone; ``chirp``: the sound of a light, from the ringer, or "". ``text``: real-time text is offered.
    """

    tone: Tone | None = None
    ringing: bool = False
    bell: bool = False
    voice: bool = False
    private: bool = True
    watchers: tuple[tuple[SubscriptionId, Sees], ...] = ()
    volumes: Volumes | None = Volumes()
    doubtful: bool = False
    message: bool = False
    mute: bool = False
    speaks: tuple[CallId, Security] | None = None
    reminds: bool = False
    melody: str = COUNTRY
    muted: bool = False
    third: tuple[CallId, Security] | None = None
    waiting: bool = False
    lamps: tuple[str, ...] = ()
    lamp_lights: tuple[Pattern, ...] = ()
    sound_light: Pattern = Pattern.OFF
    chirp: str = ""
    text: bool = False

    @property
    def mixed(self) -> tuple[CallId, ...]:
        """The calls whose far ends hear each other."""
        return (self.speaks[0], self.third[0]) if self.speaks and self.third else ()

    @property
    def lights(self) -> dict[Light, Pattern]:
        """What each light does."""
        private = Pattern.SLOW if self.doubtful else Pattern.ON
        return {
            Light.PRIVACY: private if self.private else Pattern.OFF,
            Light.RINGING: Pattern.FAST if self.ringing else self.sound_light,
            Light.MESSAGE: Pattern.SLOW if self.message else Pattern.OFF,
            Light.MUTE: Pattern.ON if self.mute else Pattern.OFF,
        } | dict(zip(ease.LAMPS, (*self.lamp_lights, *([Pattern.OFF] * len(ease.LAMPS))), strict=False))


def outputs(rules: Rules, state: State, now: float) -> Outputs:
    rules = settings.effective(rules, state)
    live = state.live
    waiting = state.waiting
    ringing = waiting is not None or (live is not None and live.waits and state.hook is Hook.ON)
    voice = live is not None and live.voice and state.hook is Hook.OFF and not guarding.doubts(state, live)
    speaks = (live.id, live.media.security) if live is not None and guarding.speaks(state, live) else None
    pair = several.mixed(state)
    both = pair is not None and speaks is not None and guarding.speaks(state, pair[1])
    third = (pair[1].id, pair[1].media.security) if pair is not None and both else None
    clear = Security.CLEAR in [spoken[1] for spoken in (speaks, third) if spoken is not None]
    reminds = clear and live is not None
    bell = ringing and waiting is None and live is not None and not live.silent
    private = exposure(state.switch).private
    message = (rules.missed_calls_light and state.missed > 0) or (
        state.messages is not None and state.messages.waiting
    )
    tone = _tone(state, now)
    if tone is Tone.DIAL and rules.config.accessibility.light_sounds and message:
        tone = Tone.MESSAGE_WAITING
    return Outputs(
        tone,
        ringing,
        bell,
        voice,
        private,
        watchers.seen(rules, state),
        state.volumes,
        doubtful=state.switch is SwitchPosition.UNREADABLE,
        message=message,
        mute=live is not None and live.state is CallState.ACTIVE and (state.muted or not (voice and speaks)),
        speaks=speaks,
        reminds=reminds and live is not None and not live.protection.emergency,
        melody=ringing_with.melody(rules, state, live.peer) if bell and live is not None else COUNTRY,
        muted=state.muted,
        third=third,
        waiting=waiting is not None and not waiting.silent and voice,
        lamps=services.watched(rules, state),
        lamp_lights=services.lamp_lights(rules, state),
        sound_light=ease.sound_light(rules, tone, reminds=reminds),
        chirp=state.chirp[0] if state.chirp is not None and not bell and state.hook is Hook.ON else "",
        text=rules.config.accessibility.text,
    )


def _tone(state: State, now: float) -> Tone | None:
    if state.hook is Hook.ON:
        return None
    live = state.live
    if live is not None:
        if guarding.doubts(state, live):
            return Tone.WARNING
        if live.state is CallState.HELD and not state.digits and live.transfer is None:
            return Tone.DIAL if now - live.since < DIAL_TONE else None
        if live.waits:
            return Tone.RINGBACK
        return Tone.RINGBACK if live.direction is Direction.OUT and live.state is CallState.RINGING else None
    if state.digits:
        return None
    last = state.last
    if last is not None:
        return _end_tone(last, now)
    lifted = now - state.hook_at
    if lifted < DIAL_TONE:
        return Tone.DIAL_BLIND if state.display_trouble else Tone.DIAL
    return Tone.CONGESTION if lifted < DIAL_TONE + HOWL else None


def _end_tone(call: Call, now: float) -> Tone | None:
    if call.reason in _SILENT_ENDS or now - call.since >= END_TONE:
        return None
    return Tone.BUSY if call.reason in _BUSY_TONE else Tone.CONGESTION


def screen(rules: Rules, state: State, now: float, wall: datetime) -> screens.Screen:
    """What the display shows in ``state``."""
    rules = settings.effective(rules, state)
    live = state.live
    if state.functions_at is not None:
        return functions.page(rules, state)
    if live is not None:
        return _live_screen(rules, state, live, now, wall)
    if state.lock.typing is not None and not state.digits:
        return locking.page(state, state.lock.typing, now)
    if first.shown(state):
        return first.page(rules, state, now)
    if state.menu is not None:
        return setup.page(state, state.menu, now) or menu.pages(rules, state, now, wall)
    news = updates.standing(state, now) if watchers.asking(state, now) is None else None
    if (state.digits and news is None) or (state.hook is Hook.OFF and state.last is None):
        return _dialling(rules, state, now)
    last = state.last
    refused = calls.offers(state)
    if refused is not None:
        return warnings.offer(state, refused)
    if last is not None and last.reason and (state.hook is Hook.OFF or now - last.since < _shown(last)):
        words = helping.told(rules, state, last) or hint(last.reason)
        return screens.Ended(
            last.peer.label, last.reason.value, last.seconds(now), words, _place_note(last, now, wall)
        )
    asking = watchers.asking(state, now)
    if asking is not None:
        return _asks(rules, state, asking.uri)
    if news is not None:
        return updates.screen(state, news)
    return screens.Idle(
        clock=wall.strftime("%H:%M"),
        account=_accounts(rules),
        registration=_registration(rules, state),
        privacy=state.switch,
        missed=state.missed,
        notice=_sound_notice(state)
        or parts.notice(state)
        or (RINGER_SILENT if state.ringer_trouble else state.store_trouble)
        or several.news(state, now)
        or locking.notice(state)
        or parts.restart_notice(state)
        or setup.notice(state)
        or services.notice(rules, state)
        or guest.notice(rules)
        or updates.notice(state),
        resting=_resting_place(rules, state, now, wall),
        locked=state.locked,
    )


def _accounts(rules: Rules) -> str:
    """What the idle view calls the accounts that can be called."""
    if not rules.more:
        return rules.identity if rules.domain else ""
    return ", ".join(line.label for line in rules.lines)


def _registration(rules: Rules, state: State) -> Registration:
    """Of several accounts the one that fares worst, named where it cannot be called."""
    if not rules.more:
        return state.registration
    every = [(line.label, state.connection(n).registration) for n, line in enumerate(rules.lines)]
    for bad in (RegistrationState.FAILED, RegistrationState.NONE, RegistrationState.REGISTERING):
        for label, found in every:
            if found.state is bad:
                connecting = bad is RegistrationState.REGISTERING
                why = found.reason or (phrase("Connecting …") if connecting else phrase("Not registered"))
                return Registration(RegistrationState.FAILED, joined((label, why), ": "))
    return every[0][1]


def hint(reason: EndReason) -> str:
    """What to do after a call that ended so, or ""."""
    return _HINTS.get(reason, "")


def _resting_place(rules: Rules, state: State, now: float, wall: datetime) -> int | None:
    """Where the idle view stands once it rests; None while it is awake."""
    after = rules.config.display.dim_after
    if not after or now - state.woken_at < after:
        return None
    return resting.place(wall.hour * 60 + wall.minute)


def _shown(ended: Call) -> float:
    """Seconds that the screen of an ended call stays: longer when it says what a call for help has told."""
    return ENDED_SHOWN if ended.exposure.cause != EMERGENCY else ENDED_KEPT


def _place_note(call: Call, now: float, wall: datetime) -> str:
    """When the place left, by the local clock; "" when it did not. The time stands where nothing is cut."""
    if call.place_at is None:
        return ""
    left = (wall - timedelta(seconds=now - call.place_at)).strftime("%H:%M")
    if call.tells_place:
        return phrase("Place sent {time} to {who}", time=left, who=call.peer.label)
    return phrase("Place sent {time} in vain", time=left)


def _asks(rules: Rules, state: State, address: str) -> screens.WatcherAsks:
    bare = address.removeprefix("sips:").removeprefix("sip:")
    name = names.name_of(rules, state, address)
    return screens.WatcherAsks(name or Party(address).label, bare)


def _dialling(rules: Rules, state: State, now: float) -> screens.Dialling:
    """The number without the star code before it, and what that makes of what they see."""
    match = finding.chosen(rules, state)
    if match is not None:
        return _found(rules, state, match)
    dialled = starcodes.split(rules.country, state.digits)
    target, emergency = "", False
    account, number = rules.split(dialled.number, state.picked)
    if dialled.number:
        try:
            plan = rules.plan(state.digits, state.picked)
            account = plan.account
            party = names.named(rules, state, plan.party)
            target, emergency = dialplan.written(party.label), plan.emergency
        except ValueError:
            target = phrase("not in the contacts")
    shown = exposure(state.switch, emergency=emergency, restricted=dialled.restricted)
    in_vain = dialled.permits and not shown.identity
    counting = helping.countdown(rules, state, now)
    notice = PERMIT_IN_VAIN if in_vain else _sound_notice(state)
    if state.locked and not emergency:
        target, notice = "", calls.ONLY_HELP
    return screens.Dialling(
        digits=number,
        target=counting or ("" if target == number else target),
        they_see=rules.they_see(shown, state.place is not None, account or 0),
        lifted=state.hook is Hook.OFF,
        notice=helping.STOP if counting else notice,
        match=_offered(rules, state),
        account=rules.name_of_account(account or 0),
    )


def _offered(rules: Rules, state: State) -> str:
    """The name that the key of ``finding`` goes to next, and how many there are."""
    found = finding.matches(rules, state)
    if not found:
        return ""
    digits, number = state.chosen
    if digits == state.digits and number:
        return phrase("{number}/{of}  {key} next", number=number, of=len(found), key=finding.NEXT)
    more = f" +{len(found) - 1}" if len(found) > 1 else ""
    return f"{finding.NEXT} {found[0].name}{more}"


def _found(rules: Rules, state: State, match: finding.Match) -> screens.Dialling:
    """Somebody of the phone book was chosen: name, and the address that will be called."""
    try:
        plan = rules.plan_of(match.name, match.target, state.picked)
        emergency, account = plan.emergency, plan.account
    except ValueError:
        emergency, account = False, 0
    shown = exposure(state.switch, emergency=emergency)
    address = match.target if emergency else rules.line(account).dial_plan.sent(match.target)
    return screens.Dialling(
        digits=dialplan.written(address.removeprefix("sips:").removeprefix("sip:")),
        target=match.name,
        they_see=rules.they_see(shown, state.place is not None, account),
        lifted=state.hook is Hook.OFF,
        notice=_sound_notice(state),
        match=_offered(rules, state),
        account=rules.name_of_account(account),
    )


def _live_screen(rules: Rules, state: State, call: Call, now: float, wall: datetime) -> screens.Screen:
    place = _place_note(call, now, wall)
    lifted = state.hook is Hook.OFF
    if state.referral is not None:
        return screens.Warning(*transfers.question(state, state.referral))
    warning = warnings.of_call(rules, state, call)
    if warning is not None:
        return warning
    if call.state is CallState.HELD:
        return _held(rules, state, call, now)
    if call.state is CallState.ACTIVE and texting.shows(state, call):
        return screens.Texting(
            peer=" + ".join(one.peer.label for one in several.mixed(state) or (call,)),
            seconds=call.seconds(now),
            security=transfers.label(state, call),
            privacy=state.switch,
            theirs=texting.end_of(call.theirs),
            ours=texting.line(rules, state, call),
            typing=state.tapping is not None,
            notice=_sound_notice(state) or _notice(state, call, now) or knob.words(state, now),
        )
    if call.state is CallState.ACTIVE:
        return screens.InCall(
            peer=" + ".join(one.peer.label for one in several.mixed(state) or (call,)),
            direction=call.direction,
            seconds=call.seconds(now),
            security=transfers.label(state, call),
            privacy=state.switch,
            code=call.media.code,
            codec=call.media.codec,
            digits=call.digits,
            lifted=lifted,
            notice=_sound_notice(state) or _notice(state, call, now),
            place=place,
            hint=warnings.hint(state, call),
            volume=knob.words(state, now),
        )
    if call.direction is Direction.IN and state.digits and call.waits:
        return _dialling(rules, state, now)
    if call.direction is Direction.IN:
        peer = call.peer
        address = "" if peer.anonymous else peer.uri.removeprefix("sips:").removeprefix("sip:").split(";")[0]
        return screens.Ringing(
            peer.label,
            address,
            state.switch,
            peer.trust,
            peer.anonymous,
            call.silent,
            bool(peer.doubt),
            clear=call.protection.offered is Security.CLEAR,
            account=rules.name_of_account(call.account),
        )
    progress = {CallState.DIALING: CALLING, CallState.RINGING: RINGING}.get(call.state, LISTEN)
    they_see = rules.they_see(call.exposure, call.tells_place and not place, call.account)
    notice = _sound_notice(state)
    account = rules.name_of_account(call.account)
    return screens.Calling(call.peer.label, progress, they_see, state.switch, lifted, notice, place, account)


def _notice(state: State, call: Call, now: float) -> str:
    """What the user has to know of the calls, the most urgent first."""
    waiting = state.waiting
    if waiting is not None:
        who = ANONYMOUS if waiting.peer.anonymous else waiting.peer.label
        return phrase("Hold 0: {who} calls", who=who)
    if several.news(state, now):
        return several.news(state, now)
    if state.muted:
        return MUTED
    return ON_HOLD if call.media.held else warnings.notice(state, call)


def _held(rules: Rules, state: State, call: Call, now: float) -> screens.Screen:
    """A held call, and what is being dialled beside it."""
    if state.digits:
        return _dialling(rules, state, now)
    hint = TRANSFER_TO if state.transfers_to else BACK
    who = call.peer.label if state.other is None else f"{call.peer.label}, {state.other.peer.label}"
    notice = "" if state.waiting is None else _notice(state, call, now)
    if call.transfer is not None or (state.other is not None and state.other.transfer is not None):
        hint = TRANSFERRING
    return screens.Held(who, call.seconds(now), hint, notice or several.news(state, now), state.switch)


def _sound_notice(state: State) -> str:
    return NO_SOUND if state.no_sound else ""


def deadline(rules: Rules, state: State, now: float, wall: datetime) -> float:
    """When, in monotonic seconds, something of this state changes by itself; at most a minute away."""
    rules = settings.effective(rules, state)
    times = [now + 60 - wall.second - wall.microsecond / 1e6]
    live = state.live
    if live is not None and live.answered_at is not None:
        times.append(live.answered_at + live.seconds(now) + 1)
    for call in state.lives:
        if call.state is CallState.RINGING:
            limit = rules.no_answer_timeout if call.direction is Direction.OUT else RING_LIMIT
            times.append(call.since + limit)
        times += [call.since + DIAL_TONE] if call.state is CallState.HELD else []
    if live is not None and live.star_at is not None:
        times.append(live.star_at + guarding.HOLD)
    if state.digits and (live is None or live.state is CallState.HELD or live.waits):
        off = state.hook is Hook.OFF
        times.append(helping.due_at(rules, state) if off else state.keyed_at + PRE_DIAL)
        times += helping.deadlines(rules, state, now)
    times += [
        state.hook_at + t for t in (DIAL_TONE, DIAL_TONE + HOWL) if state.hook is Hook.OFF and live is None
    ]
    times += ease.deadlines(rules, state)
    times += menu.deadlines(state) + knob.deadlines(state) + functions.deadlines(state)
    times += transfers.deadlines(state) + guest.deadlines(state) + texting.deadlines(state)
    times += setup.deadlines(state, now)
    times += [*forwarding.deadlines(rules, state), state.news_at + NEWS]
    times += updates.deadlines(state) + locking.deadlines(rules, state, now)
    times += [state.woken_at + rules.config.display.dim_after]
    times += [state.expiry_at] if state.expiry_at is not None else []
    for call in state.calls:
        if not call.live:
            times += [call.since + t for t in (ENDED_SHOWN, END_TONE, ENDED_KEPT)]
    return min(t for t in times if t > now)
