"""What happened. Threads post these to the loop's queue; only the loop acts on them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from firmware.phone.audio.volume import Volumes
from firmware.phone.book.entries import Book
from firmware.phone.personal import Personal
from firmware.phone.place import Place
from firmware.phone.presence import Grant
from firmware.phone.reached import Reached
from firmware.phone.updates import Updates, Want
from firmware.phone.values import (
    CallId,
    CallRecord,
    EndReason,
    Feature,
    Health,
    Hook,
    KeptLock,
    Lamp,
    Loudspeaker,
    Media,
    Messages,
    Part,
    Party,
    Registration,
    Security,
    SettingUp,
    Signalling,
    SubscriptionId,
    SwitchPosition,
)


@dataclass(frozen=True)
class KeyPressed:
    key: str


@dataclass(frozen=True)
class KeyReleased:
    key: str


@dataclass(frozen=True)
class HookChanged:
    hook: Hook


@dataclass(frozen=True)
class PrivacySwitched:
    position: SwitchPosition


@dataclass(frozen=True)
class IncomingCall:
    """An INVITE that the policy lets ring. ``call_id`` is chosen by the engine, never re-used.

    ``offered``: the best protection that its offer allows. ``account``: whom it is for, 0 is the first.
    """

    call_id: CallId
    peer: Party
    offered: Security = Security.END_TO_END
    account: int = 0


@dataclass(frozen=True)
class RemoteRinging:
    """A 180 or 182: the far end rings."""

    call_id: CallId


@dataclass(frozen=True)
class EarlyMedia:
    """A provisional response with SDP: the network or the far end plays its own sound (RFC 3960)."""

    call_id: CallId


@dataclass(frozen=True)
class CallAnswered:
    """The INVITE transaction ended with 200 and the ACK was sent or received."""

    call_id: CallId


@dataclass(frozen=True)
class MediaChanged:
    call_id: CallId
    media: Media


@dataclass(frozen=True)
class CodeComputed:
    """The comparison code over these two fingerprints."""

    call_id: CallId
    own_key: str
    peer_key: str
    code: str


@dataclass(frozen=True)
class CallFailed:
    """The call is over: whoever ended it, and for whatever reason."""

    call_id: CallId
    reason: EndReason


@dataclass(frozen=True)
class DigitReceived:
    """A DTMF digit from the far end (RFC 4733)."""

    call_id: CallId
    digit: str


@dataclass(frozen=True)
class TextChanged:
    """Real-time text can be typed in this call (``up``), as well protected as its speech; or no longer."""

    call_id: CallId
    up: bool


@dataclass(frozen=True)
class TextReceived:
    """The far end typed ``text``; U+FFFD stands where some was lost (RFC 4103)."""

    call_id: CallId
    text: str


@dataclass(frozen=True)
class RegistrationChanged:
    registration: Registration
    account: int = 0


@dataclass(frozen=True)
class VoiceChanged:
    """The voice device was opened (``trouble`` empty), or could not be opened or vanished (why)."""

    trouble: str


@dataclass(frozen=True)
class SoundChanged:
    """A loudspeaker's device works (``trouble`` empty), or is missing or failing (why, and what to do)."""

    loudspeaker: Loudspeaker
    trouble: str


@dataclass(frozen=True)
class SoundGaps:
    """The voice had so many gaps since the start: the sound card was not served in time (xruns)."""

    count: int


@dataclass(frozen=True)
class DisplayChanged:
    """The display came back (``trouble`` empty) or no longer answers (why)."""

    trouble: str


@dataclass(frozen=True)
class DialAsked:
    """``sotto dial TARGET``. The target was checked and is a SIP URI.

    ``restricted``: a star code stood before it; ``emergency``: an emergency number (see ``Rules.plan``),
    which is ``number``. ``account``: by which it goes.
    """

    uri: str
    restricted: bool = False
    emergency: bool = False
    number: str = ""
    account: int = 0


@dataclass(frozen=True)
class AnswerAsked:
    pass


@dataclass(frozen=True)
class HangUpAsked:
    pass


@dataclass(frozen=True)
class WatcherAsked:
    """A SUBSCRIBE by ``uri`` ("": anonymous, or not by our provider) waits for its answer (RFC 6665)."""

    subscription: SubscriptionId
    uri: str
    event: str


@dataclass(frozen=True)
class WatcherGone:
    """A subscription is over: the watcher left, did not refresh it, or cannot be reached."""

    subscription: SubscriptionId


@dataclass(frozen=True)
class DayChanged:
    """The local date; None when the clock was never set."""

    day: date | None


@dataclass(frozen=True)
class OwnAddress:
    """Where the far ends of an account's connection reach us now: "host:port"."""

    address: str
    account: int = 0


@dataclass(frozen=True)
class ServerAgreed:
    """What was agreed with an account's server: TLS itself, before anything is sent."""

    signalling: Signalling
    account: int = 0


@dataclass(frozen=True)
class CertificatesKept:
    """How many contacts have a certificate of their own to know us by."""

    number: int


@dataclass(frozen=True)
class WipeAsked:
    """``sotto inventory --wipe``: erase what is kept, in memory and in files."""


@dataclass(frozen=True)
class StoreChanged:
    """What the state directory keeps now. ``ends``: seconds to the next end of a record's life, or None.

    ``trouble``: what could not be kept or erased, and why, or "". ``loaded``: the first word after a start.
    ``place``, ``reached``, ``volumes``: what was loaded. ``secrets``: with how many contacts secrets are
    shared. ``lock``: the keypad lock as it was kept; ``lock_lost``: it was damaged.
    ``personal``: what was set at the keypad.
    """

    history: tuple[CallRecord, ...] = ()
    granted: tuple[Grant, ...] = ()
    ends: float | None = None
    trouble: str = ""
    loaded: bool = False
    place: Place | None = None
    secrets: int = 0
    reached: tuple[Reached, ...] = ()
    volumes: Volumes = Volumes()
    lock: KeptLock = KeptLock()
    lock_lost: bool = False
    personal: Personal = Personal()


@dataclass(frozen=True)
class BookLoaded:
    """The contacts that were kept; comes once, after a start."""

    book: Book


@dataclass(frozen=True)
class PullAsked:
    """``sotto contacts pull``: read files and servers again."""


@dataclass(frozen=True)
class BookPulled:
    """What the sources gave. ``troubles``: of each that gave nothing, why; ``faults``: entries left out."""

    book: Book
    troubles: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlaceTyped:
    """``sotto place``: where this telephone is, as its user says; None: no longer to be kept."""

    place: Place | None


@dataclass(frozen=True)
class PlaceSent:
    """The INVITE of an emergency call has left, with the place in it."""

    call_id: CallId


@dataclass(frozen=True)
class PlaceRefused:
    """The INVITE with the place was refused; the call goes on without it."""

    call_id: CallId


@dataclass(frozen=True)
class CallRerouted:
    """A call for help came to nothing by one way, and goes out by the next (``values.Route``)."""

    call_id: CallId
    account: int
    transport: str = ""


@dataclass(frozen=True)
class HelpTestAsked:
    """The self-test: whether the provider takes test calls to the emergency service (RFC 6881 section 15)."""


@dataclass(frozen=True)
class HelpTested:
    """What came of it: a status of SIP; 0: no answer."""

    status: int


@dataclass(frozen=True)
class HealthChanged:
    """The board has too little power or is too hot, or no longer."""

    health: Health


@dataclass(frozen=True)
class PartChanged:
    """A part works (``trouble`` empty), or does not (why). ``stuck``: the keys that are stuck, or ""."""

    part: Part
    trouble: str
    stuck: str = ""


@dataclass(frozen=True)
class UpdaterTold:
    """The updater said what it does and knows."""

    updates: Updates


@dataclass(frozen=True)
class UpdateWished:
    """The user wants something of the updater (the control socket). ``days``: of a postponement."""

    want: Want
    days: int = 0


@dataclass(frozen=True)
class FeatureAsked:
    """``sotto call FEATURE``. ``target``: whom to transfer to, a SIP URI that was checked, or ""."""

    feature: Feature
    target: str = ""


@dataclass(frozen=True)
class TransferProgress:
    """The far end of the call tells of the call that we asked it for: a status of SIP (RFC 3515)."""

    call_id: CallId
    status: int


@dataclass(frozen=True)
class TransferAsked:
    """A REFER in this call: its far end asks us to call ``uri``; nothing has been done.

    ``number``: by which it is told what comes of it. ``replaces``: the value of a Replaces header or "".
    """

    call_id: CallId
    number: int
    uri: str
    replaces: str = ""


@dataclass(frozen=True)
class CallReplaced:
    """An INVITE by ``peer`` took the place of a call that was up (RFC 3891); ``call_id`` is the new one."""

    old_id: CallId
    call_id: CallId
    peer: Party
    offered: Security = Security.END_TO_END


@dataclass(frozen=True)
class MessagesChanged:
    """What the mailbox holds now (RFC 3842); None: it is not known."""

    messages: Messages | None


@dataclass(frozen=True)
class LampChanged:
    """What the telephone of the contact at ``uri`` does (RFC 4235).

    ``dialog``: of a call that rings there, what a Replaces header names it by, or "".
    """

    uri: str
    lamp: Lamp
    dialog: str = ""


@dataclass(frozen=True)
class LockKept:
    """The store was asked to keep the count of ``wrong`` PINs. ``kept``: it did; else the disk failed."""

    wrong: int
    kept: bool


@dataclass(frozen=True)
class PinChecked:
    """The PIN was compared."""

    right: bool


@dataclass(frozen=True)
class SelfTested:
    """What the self-test came to: name, whether it works, and words."""

    tests: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True)
class GuestRefused:
    """A guest period cannot begin: ``trouble`` says why."""

    trouble: str


@dataclass(frozen=True)
class CardSeen:
    """In a guest period: whether the network sees the number that the network card was made with."""

    own: bool


@dataclass(frozen=True)
class FactoryDone:
    """All that was kept is destroyed (``trouble`` empty), or not all of it (why)."""

    trouble: str


@dataclass(frozen=True)
class SpeechMade:
    """What was to be said, as samples (16 bit, mono, 16 kHz); ``trouble``: why there are none, or ""."""

    samples: bytes
    aloud: bool
    trouble: str = ""


@dataclass(frozen=True)
class PinMade:
    """The hash of a new PIN."""

    pin: str


@dataclass(frozen=True)
class Restarted:
    """The run before this one ended by itself (``reason``), the ``number``-th in a row."""

    number: int
    reason: str


@dataclass(frozen=True)
class NetworkSeen:
    """Whether a cable (or a network) is there, and whether it gave an address."""

    cable: bool
    address: bool


@dataclass(frozen=True)
class FirstKept:
    """What was typed at the first start is on the disk (``trouble`` empty), or not (why)."""

    trouble: str


@dataclass(frozen=True)
class SetupBegun:
    """There is a code for the page for setting up, and an address where it will be."""

    one_time: str
    host: str


@dataclass(frozen=True)
class SetupReady:
    """The page's program listens at ``url``, with a certificate of this SHA-256."""

    url: str
    fingerprint: str


@dataclass(frozen=True)
class SetupTried:
    """Somebody typed a code on the page; ``session``: the SHA-256 of what they are known by then."""

    one_time: str
    session: str


@dataclass(frozen=True)
class SetupResumed:
    """Somebody was on the page when the telephone was started anew; comes once, after a start."""

    setup: SettingUp


@dataclass(frozen=True)
class SetupOver:
    """The page was closed there, or cannot be opened."""

    why: str


@dataclass(frozen=True)
class Tick:
    """A deadline of the state has come (see ``machine.deadline``)."""


Event = (
    KeyPressed
    | KeyReleased
    | HookChanged
    | PrivacySwitched
    | IncomingCall
    | RemoteRinging
    | EarlyMedia
    | CallAnswered
    | MediaChanged
    | CodeComputed
    | CallFailed
    | DigitReceived
    | TextChanged
    | TextReceived
    | RegistrationChanged
    | VoiceChanged
    | SoundChanged
    | SoundGaps
    | DisplayChanged
    | DialAsked
    | AnswerAsked
    | HangUpAsked
    | WatcherAsked
    | WatcherGone
    | DayChanged
    | OwnAddress
    | ServerAgreed
    | CertificatesKept
    | WipeAsked
    | StoreChanged
    | BookLoaded
    | PullAsked
    | BookPulled
    | PlaceTyped
    | PlaceSent
    | PlaceRefused
    | CallRerouted
    | HelpTestAsked
    | HelpTested
    | HealthChanged
    | PartChanged
    | UpdaterTold
    | UpdateWished
    | FeatureAsked
    | TransferProgress
    | TransferAsked
    | CallReplaced
    | MessagesChanged
    | LampChanged
    | LockKept
    | PinChecked
    | PinMade
    | SelfTested
    | SpeechMade
    | FactoryDone
    | Restarted
    | GuestRefused
    | CardSeen
    | NetworkSeen
    | FirstKept
    | SetupBegun
    | SetupReady
    | SetupTried
    | SetupResumed
    | SetupOver
    | Tick
)
