"""All that the telephone knows at one moment, as one immutable value. Times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from firmware.phone.audio.volume import Volumes
from firmware.phone.book.entries import NO_BOOK, Book
from firmware.phone.events import LampChanged
from firmware.phone.machine.first_state import First
from firmware.phone.machine.protection import Protection
from firmware.phone.machine.table import Move, after
from firmware.phone.personal import Value
from firmware.phone.place import Place
from firmware.phone.presence import Grant, Watching
from firmware.phone.privacy import Exposure
from firmware.phone.reached import Reached
from firmware.phone.updates import Updates, Wish
from firmware.phone.values import (
    MOST_ACCOUNTS,
    CallId,
    CallRecord,
    CallState,
    Direction,
    EndReason,
    Forward,
    Health,
    Hook,
    Media,
    Messages,
    Part,
    Party,
    PinFor,
    Registration,
    SettingUp,
    Signalling,
    SwitchPosition,
)


@dataclass(frozen=True)
class Transfer:
    """``at``: when we asked the far end. ``other``: the call of ours that goes with it; None: a blind one.

    ``left_at``: when the far end of that other call hung up, as it does when it has been replaced.
    """

    at: float
    other: CallId | None = None
    left_at: float | None = None


@dataclass(frozen=True)
class Call:
    """One call. ``since``: when it entered its state; ``answered_at``: when it became active.

    ``exposure``: what the INVITE of an outgoing call showed, and what an incoming one may show;
    ``silent``: an incoming one rings without bell. ``star_at``: since when ``*`` is held in the call.

    ``tells_place``: its INVITE carries the place; ``place_at``: when one with it left. Both are so of a place
    that was sent; ``place_at`` alone is of one that was sent and refused.

    ``account``: by which it goes, 0 is the first. ``number``: of a call for help, what was dialled.
    ``transport``: how it goes, where that is not as its account has it.

    ``transfer``: we have asked its far end to call somebody else. ``referral``: the number of the request by
    which somebody asked us for this call, 0: nobody.

    ``text``: real-time text can be typed; ``theirs`` and ``ours``: the end of what both typed.
    """

    id: CallId
    direction: Direction
    peer: Party
    state: CallState
    since: float
    media: Media = Media()
    answering: bool = False
    answered_at: float | None = None
    reason: EndReason | None = None
    digits: str = ""
    exposure: Exposure = Exposure()
    silent: bool = False
    tells_place: bool = False
    place_at: float | None = None
    protection: Protection = Protection()
    star_at: float | None = None
    transfer: Transfer | None = None
    referral: int = 0
    account: int = 0
    number: str = ""
    transport: str = ""
    text: bool = False
    theirs: str = ""
    ours: str = ""

    @property
    def live(self) -> bool:
        return self.state is not CallState.ENDED

    @property
    def waits(self) -> bool:
        """Whether it rings here, and nobody has answered it yet."""
        return self.direction is Direction.IN and self.state is CallState.RINGING and not self.answering

    @property
    def unheld(self) -> bool:
        """Whether its far end is, or is about to be, spoken with: at most one is, but for a conference."""
        return self.live and self.state is not CallState.HELD and not self.waits

    @property
    def voice(self) -> bool:
        """Whether there is sound from the far end to be heard (the far end's or the network's)."""
        return self.state in (CallState.EARLY, CallState.ACTIVE)

    def seconds(self, now: float) -> int:
        """How long the call has been, or was, answered, in whole seconds."""
        if self.answered_at is None:
            return 0
        return int((now if self.live else self.since) - self.answered_at)

    def moved(self, move: Move, now: float) -> Call | None:
        """This call after ``move``, or None when the table does not allow it."""
        state = after(self.direction, self.state, move)
        if state is None:
            return None
        call = replace(self, state=state, since=now if state is not self.state else self.since)
        if move is Move.ANSWERED:
            call = replace(call, answered_at=now, answering=False)
        return call

    def over(self, reason: EndReason, now: float) -> Call:
        """This call, ended for ``reason``, and its text forgotten. A call that is over stays as it is."""
        call = self.moved(Move.ENDS, now)
        if call is None:
            return self
        return replace(call, reason=reason, answering=False, text=False, theirs="", ours="")


@dataclass(frozen=True)
class Referral:
    """The far end of ``call_id`` asks us to call ``peer`` (RFC 3515); nothing is done until the user agrees.

    ``replaces``: the call of theirs that ours is to take the place of (RFC 3891), or "".
    """

    call_id: CallId
    number: int
    peer: Party
    replaces: str
    asked_at: float


@dataclass(frozen=True)
class Recent:
    """Who was called, or who called, last. ``restricted``: by a star code, without saying who calls."""

    peer: Party
    at: float
    restricted: bool = False
    account: int = 0


@dataclass(frozen=True)
class Connection:
    """What is known of one account: as ``State`` says it of the first one."""

    registration: Registration = Registration()
    own_address: str = ""
    signalling: Signalling = Signalling()


@dataclass(frozen=True)
class Menu:
    """The menu is open: at ``item`` ("" = the list) and ``page``, which may run past either end.

    ``asked``: whether to erase has been asked; ``erased``: it has been done. ``keyed_at``: the last key.

    In the settings: ``typed`` are the digits of a number, ``said`` what was wrong with it; ``reset``: how
    often it has been asked whether all is to be erased (``settings.ASKS``).
    """

    item: str = ""
    page: int = 0
    asked: bool = False
    erased: bool = False
    keyed_at: float = 0.0
    typed: str = ""
    said: str = ""
    reset: int = 0


@dataclass(frozen=True)
class Typing:
    """A PIN is being typed at the keypad. ``at``: the last key. ``first``: what was typed before, where it is
    typed twice. ``checking``: it is being compared. ``said``: what was wrong with the last one, or ""."""

    purpose: PinFor
    digits: str = ""
    first: str = ""
    at: float = 0.0
    checking: bool = False
    said: str = ""


@dataclass(frozen=True)
class Tapping:
    """The keys type text in this call. ``key`` was pressed ``taps`` times, the last time at ``at``, and its
    letter is not settled yet; "": none is."""

    call: CallId
    key: str = ""
    taps: int = 0
    at: float = 0.0


@dataclass(frozen=True)
class Lock:
    """The keypad lock. ``pin``: the hash of its PIN, "": there is none; ``wrong``: wrong PINs in a row; until
    ``wait_until`` no further one is taken. ``hash_at``: since when ``#`` is held at rest. ``lost``: the PIN
    was damaged on the disk. ``counted``: the disk took the count of the present try.
    """

    pin: str = ""
    wrong: int = 0
    wait_until: float = 0.0
    typing: Typing | None = None
    hash_at: float | None = None
    lost: bool = False
    counted: bool = True


@dataclass(frozen=True)
class State:
    """The telephone. ``digits`` are the keys pressed so far, ``keyed_at`` when the last one was.

    ``ended_seen`` is the id of the last ended call whose screen the user has left.

    ``grants`` were given at the keypad, ``refused`` are the watchers refused there; ``watchers`` have a
    subscription now, in the order they came. ``asked_at``: since when the display asks whether the first who
    waits may see us. ``today`` is None while nobody knows the day.

    ``own_address``: "host:port" where far ends reach us, or "" before the first connection.

    ``history`` and ``store_trouble`` are what the store said last; it is asked to look again at
    ``expiry_at``. ``star_at``: since when ``*`` is held on the idle screen.

    ``health`` is what the board said of itself last; ``broken`` the parts that do not work, each with why;
    ``stuck`` the keys that are stuck.

    ``place`` is where the user says that this telephone is; only an emergency call tells it.

    ``secrets``: with how many contacts secrets are kept (RFC 6189).
    ``reached`` is the best protection that calls with each contact ever had.
    ``volumes`` are how
    loud; ``knob_hash_at``: since when ``#`` is held in a call; until ``knob_until`` keys
    turn the volume.

    ``sound_gaps``: how often the voice had a gap since the start.

    ``woken_at``: when something last happened that a person has to see on the display.

    ``signalling``: what was agreed with the server last. ``certificates``: contacts who have one of their own
    to know us by.

    ``updates``: what the updater told last, at ``told_at``; ``wish``: what the user wants of it and it has
    not answered, the last of ``wishes``. ``notice_at``: since when a notice of it stands; ``offer_seen``: the
    version whose offer the user has seen. ``busy_at``: when the telephone was last in use.

    ``book``: the contacts of files and servers; ``pulling``: they are being read; ``book_troubles``,
    ``book_faults``: as the last ``BookPulled`` said. ``chosen``: which match (from 1) of which digits.

    ``muted``: nothing of what is said here is sent. ``conference``: the two unheld calls are mixed.
    ``functions_at``: since when the keys are those of ``machine.functions``; ``pressed`` is the key that is
    down since ``pressed_at`` and may become a long one, or "". ``transfers_to``: the number that is being
    dialled is where the held call goes. ``news``: what has just become of a call, for some seconds.

    ``undisturbed``: nothing rings. ``forwards``: what the keypad said of it since the start ("": off).
    ``dialled`` and ``caller``: for redial and call-back. ``help_at``: when help was called last, for a while.
    ``messages``: what the mailbox holds; None: not known. ``lamps``: what the colleagues' telephones do.

    ``slow_key``: a key that is held and does not count yet, and since when. ``chirp``: the sound of a light
    and until when. ``speaks_until``: a text is being read until then.

    ``settings``: the options that were set at the keypad, which stand above phone.toml. ``testing``: the
    self-test runs; ``tests``: each with whether it works, and words.

    ``locked``: calls come in, emergency calls go out, and nothing else is to be had; ``lock``: its PIN.

    ``more``: what ``registration``, ``own_address`` and ``signalling`` are of the accounts after the first.
    ``picked``: the account that a key has picked for the next call, or None. ``help_status``: what came of
    the test call to the emergency service; None: it was not placed; -1: it is under way.

    ``restarts``: how often in a row the telephone ended by itself before this run, the last time for
    ``restart_reason``; ``restart_seen``: the handset was lifted since.
    ``guest_at``: since when ``*`` is held at rest. ``own_card``: in a guest period, the network sees the
    number that the card was made with.
    ``first``: the first start, while it lasts.
    ``tapping``: the keys type real-time text.
    ``setup``: the page for setting up; ``setup_said``: why it was closed last.
    """

    hook: Hook = Hook.ON
    hook_at: float = 0.0
    switch: SwitchPosition = SwitchPosition.UNREADABLE
    registration: Registration = Registration()
    calls: tuple[Call, ...] = ()
    digits: str = ""
    keyed_at: float = 0.0
    voice_trouble: str = ""
    handset_trouble: str = ""
    ringer_trouble: str = ""
    display_trouble: str = ""
    missed: int = 0
    placed: int = 0
    ended_seen: CallId | None = None
    grants: tuple[Grant, ...] = ()
    refused: tuple[str, ...] = ()
    watchers: tuple[Watching, ...] = ()
    asked_at: float | None = None
    today: date | None = None
    own_address: str = ""
    history: tuple[CallRecord, ...] = ()
    store_trouble: str = ""
    expiry_at: float | None = None
    menu: Menu | None = None
    star_at: float | None = None
    place: Place | None = None
    secrets: int = 0
    health: Health = Health()
    broken: tuple[tuple[Part, str], ...] = ()
    stuck: str = ""
    reached: tuple[Reached, ...] = ()
    woken_at: float = 0.0
    volumes: Volumes = Volumes()
    knob_hash_at: float | None = None
    knob_until: float | None = None
    sound_gaps: int = 0
    signalling: Signalling = Signalling()
    certificates: int = 0
    updates: Updates = Updates()
    wish: Wish | None = None
    wishes: int = 0
    told_at: float = 0.0
    notice_at: float | None = None
    offer_seen: str = ""
    busy_at: float = 0.0
    book: Book = NO_BOOK
    pulling: bool = False
    book_troubles: tuple[str, ...] = ()
    book_faults: tuple[str, ...] = ()
    chosen: tuple[str, int] = ("", 0)
    muted: bool = False
    conference: bool = False
    functions_at: float | None = None
    pressed: str = ""
    pressed_at: float = 0.0
    transfers_to: bool = False
    referral: Referral | None = None
    news: str = ""
    news_at: float = 0.0
    undisturbed: bool = False
    forwards: tuple[tuple[Forward, str], ...] = ()
    dialled: Recent | None = None
    caller: Recent | None = None
    help_at: float | None = None
    messages: Messages | None = None
    lamps: tuple[LampChanged, ...] = ()
    locked: bool = False
    lock: Lock = Lock()
    settings: tuple[tuple[str, Value], ...] = ()
    slow_key: tuple[str, float] | None = None
    chirp: tuple[str, float] | None = None
    speaks_until: float | None = None
    testing: bool = False
    tests: tuple[tuple[str, bool, str], ...] = ()
    more: tuple[Connection, ...] = ()
    picked: int | None = None
    help_status: int | None = None
    restarts: int = 0
    restart_reason: str = ""
    restart_seen: bool = True
    guest_at: float | None = None
    own_card: bool = False
    first: First | None = None
    tapping: Tapping | None = None
    setup: SettingUp | None = None
    setup_said: str = ""

    def connection(self, account: int) -> Connection:
        """What is known of an account."""
        if account == 0:
            return Connection(self.registration, self.own_address, self.signalling)
        return self.more[account - 1] if 0 < account <= len(self.more) else Connection()

    def connected(self, account: int, **changes: Any) -> State:
        """This state with ``changes`` of what is known of an account."""
        if account == 0:
            return replace(self, **changes)
        if not 0 < account < MOST_ACCOUNTS:
            return self
        more = [*self.more, *[Connection()] * (account - len(self.more))]
        more[account - 1] = replace(more[account - 1], **changes)
        return replace(self, more=tuple(more))

    @property
    def no_sound(self) -> bool:
        """Whether the handset is silent or deaf, for all that is known."""
        return bool(self.voice_trouble or self.handset_trouble)

    @property
    def audio_trouble(self) -> str:
        """What is wrong with the sound devices, in detail; "" = nothing known."""
        handset = self.handset_trouble or self.voice_trouble
        ringer = self.ringer_trouble if self.ringer_trouble != self.handset_trouble else ""
        return "; ".join([handset] * bool(handset) + [f"ringer: {ringer}"] * bool(ringer))

    @property
    def expects_help(self) -> bool:
        """Whether an emergency service may call back."""
        return self.help_at is not None

    @property
    def live(self) -> Call | None:
        """The call in front, which keys and display are about: the one that is spoken with; else the one that
        was held last; else the one that rings.
        """
        calls = self.lives
        unheld = next((call for call in calls if call.unheld), None)
        held = max((c for c in calls if not c.waits), key=lambda call: call.since, default=None)
        return unheld or held or next(iter(calls), None)

    @property
    def lives(self) -> tuple[Call, ...]:
        """All calls that are not over."""
        return tuple(call for call in self.calls if call.live)

    @property
    def waiting(self) -> Call | None:
        """The call that rings while another is in front, or None."""
        live = self.live
        return next((call for call in self.lives if call.waits and call is not live), None)

    @property
    def other(self) -> Call | None:
        """The answered call beside the one in front: held, or in a conference with it. Or None."""
        live = self.live
        return next((c for c in self.lives if c is not live and not c.waits), None)

    @property
    def last(self) -> Call | None:
        """The ended call that the display still tells about."""
        call = self.calls[-1] if self.calls else None
        if call is None or call.live or call.id == self.ended_seen:
            return None
        return call

    def call(self, call_id: CallId) -> Call | None:
        return next((call for call in self.calls if call.id == call_id), None)

    def with_call(self, call: Call) -> State:
        """This state with ``call`` in the place of the one with its id, or added at the end."""
        if self.call(call.id) is None:
            return replace(self, calls=(*self.calls, call))
        return replace(self, calls=tuple(call if c.id == call.id else c for c in self.calls))
