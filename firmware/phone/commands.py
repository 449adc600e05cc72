"""What to do. The machine returns these; the loop hands each to the driver that owns it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.phone.audio.melodies import COUNTRY
from firmware.phone.audio.volume import Volumes
from firmware.phone.book.entries import Source
from firmware.phone.display.screens import PLAIN, Look, Screen
from firmware.phone.personal import Personal
from firmware.phone.place import Place
from firmware.phone.presence import Grant, Sees
from firmware.phone.privacy import Exposure
from firmware.phone.reached import Reached
from firmware.phone.values import (
    CallId,
    Direction,
    KeptLock,
    Light,
    Party,
    Pattern,
    Route,
    Security,
    SettingUp,
    SubscriptionId,
    Tone,
)


@dataclass(frozen=True)
class PlaceCall:
    """Send an INVITE to ``uri``, showing of the caller what ``exposure`` lets be shown.

    ``place``: where the caller is, in an emergency call alone (RFC 6442).
    ``levels``: the protection to try, in this order; the next only after 488 or 606.
    ``replaces``: the call that this one is to take the place of (RFC 3891), or "".
    ``account``: by which it goes. ``routes``: of a call for help, what is tried after that, one by one.
    """

    call_id: CallId
    uri: str
    exposure: Exposure
    place: Place | None = None
    levels: tuple[Security, ...] = (Security.END_TO_END,)
    replaces: str = ""
    account: int = 0
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class AnswerCall:
    call_id: CallId


@dataclass(frozen=True)
class LetSpeak:
    """Connect the call's sound, or (``allowed`` false) keep it from ear and mouth: nothing is heard, silence
    is sent. A call starts without."""

    call_id: CallId
    allowed: bool = True


@dataclass(frozen=True)
class CodeCompared:
    """The two people compared the code of this call: it was the ``same``, or it was not."""

    call_id: CallId
    same: bool


@dataclass(frozen=True)
class GoOnWith:
    """Let a call that was answered without encryption go on at ``level``, by an offer of SDES in the same
    dialog, or in clear: the user agreed."""

    call_id: CallId
    level: Security


@dataclass(frozen=True)
class TellChange:
    """Sound the signal for "what protects this call has changed" in the earpiece, with the speech."""

    call_id: CallId


@dataclass(frozen=True)
class RemindClear:
    """Sound a beep in the earpiece every ten seconds, for the speech is in clear; or no longer."""

    on: bool


@dataclass(frozen=True)
class CompareKeys:
    """Compute the comparison code over the fingerprints of the two ends (DTLS-SRTP): ``CodeComputed``."""

    call_id: CallId
    own_key: str
    peer_key: str


@dataclass(frozen=True)
class AlertCaller:
    """Send 180: the phone rings."""

    call_id: CallId


@dataclass(frozen=True)
class RefuseCall:
    """Answer an INVITE with ``status`` (486 busy here, 480 temporarily unavailable), RFC 3261 section 21."""

    call_id: CallId
    status: int


@dataclass(frozen=True)
class ForwardCall:
    """Answer an INVITE with 302: the caller is told ``uri`` to call instead (RFC 3261 section 21.3.3)."""

    call_id: CallId
    uri: str


@dataclass(frozen=True)
class HoldCall:
    """Disconnect the call's sound and tell its far end by a re-INVITE (RFC 3264 section 8.4)."""

    call_id: CallId


@dataclass(frozen=True)
class ResumeCall:
    """The contrary; its sound is connected by LetSpeak."""

    call_id: CallId


@dataclass(frozen=True)
class MixCalls:
    """Let the far ends of these calls hear each other too; (): nobody but us."""

    calls: tuple[CallId, ...]


@dataclass(frozen=True)
class Mute:
    """Send silence instead of the microphone, in packets of the same number and size; or no longer."""

    on: bool


@dataclass(frozen=True)
class TellLight:
    """Sound once in the earpiece, with the speech, that a light was ``lit``, or went dark."""

    lit: bool


@dataclass(frozen=True)
class SignalWaiting:
    """Sound the call-waiting tone in the earpiece, with the speech; or no longer."""

    on: bool


@dataclass(frozen=True)
class TransferCall:
    """REFER: ask the far end to call ``uri`` (RFC 3515); TransferProgress follows."""

    call_id: CallId
    uri: str


@dataclass(frozen=True)
class TransferTo:
    """REFER with Replaces: ask the far end to take our place in the call ``other`` (RFC 5589)."""

    call_id: CallId
    other: CallId


@dataclass(frozen=True)
class TellReferrer:
    """NOTIFY who sent the REFER ``number`` how the call that it asked for fares (RFC 3515)."""

    number: int
    status: int


@dataclass(frozen=True)
class WatchLamps:
    """Ask the telephones of these contacts what they do (RFC 4235), and no others."""

    uris: tuple[str, ...]


@dataclass(frozen=True)
class EndCall:
    """CANCEL or BYE, whichever the state of the dialog asks for."""

    call_id: CallId


@dataclass(frozen=True)
class SendDigit:
    """Send one DTMF digit (RFC 4733)."""

    call_id: CallId
    digit: str


@dataclass(frozen=True)
class AllowText:
    """Offer and take real-time text (RFC 4103) in calls, once their speech is protected; or no longer."""

    on: bool


@dataclass(frozen=True)
class SendText:
    """What was typed in a call with text, as ITU-T T.140 has it."""

    call_id: CallId
    text: str


@dataclass(frozen=True)
class SetExposure:
    """The privacy switch moved: what leaves from now on follows ``exposure``."""

    exposure: Exposure


@dataclass(frozen=True)
class OpenVoice:
    """Open the voice device (microphone and earpiece) and connect it to the current call."""


@dataclass(frozen=True)
class CloseVoice:
    """Close the voice device: the microphone is not open any more when this has been carried out."""


@dataclass(frozen=True)
class PlayTone:
    """Play a call-progress tone in the handset, or silence (None)."""

    tone: Tone | None


@dataclass(frozen=True)
class Ring:
    """Start or stop the ringer. ``melody``: what it rings with (``melodies.NAMES``)."""

    on: bool
    melody: str = COUNTRY


@dataclass(frozen=True)
class Show:
    screen: Screen
    look: Look = PLAIN


@dataclass(frozen=True)
class SetLight:
    light: Light
    pattern: Pattern


@dataclass(frozen=True)
class GrantWatcher:
    """Answer a SUBSCRIBE with 200, or with 202 when the user has yet to decide. A NotifyWatcher follows."""

    subscription: SubscriptionId
    waits: bool = False


@dataclass(frozen=True)
class RefuseWatcher:
    """Answer a SUBSCRIBE with ``status``, or end a subscription that has its answer: closed, rejected."""

    subscription: SubscriptionId
    status: int


@dataclass(frozen=True)
class NotifyWatcher:
    """Send NOTIFY: from now on the watcher sees ``sees``."""

    subscription: SubscriptionId
    sees: Sees


@dataclass(frozen=True)
class Remember:
    """Keep a call that has just ended in the history. ``seconds``: how long it was answered."""

    direction: Direction
    peer: Party
    seconds: int


@dataclass(frozen=True)
class KeepGrants:
    """Keep these grants, given at the keypad, over a restart, and no others."""

    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class KeepPlace:
    """Keep this place and no other; None: none."""

    place: Place | None


@dataclass(frozen=True)
class KeepReached:
    """Keep what protection was reached with these contacts, and of no others."""

    reached: tuple[Reached, ...]


@dataclass(frozen=True)
class SetVolumes:
    """Make handset and ringer so loud."""

    volumes: Volumes


@dataclass(frozen=True)
class SetReceiveGain:
    """Make the voice of the far end so much louder, in dB: what the mixer could not do."""

    decibels: float


@dataclass(frozen=True)
class KeepVolumes:
    """Keep these volumes, and no others, over a restart."""

    volumes: Volumes


@dataclass(frozen=True)
class PullBook:
    """Read the contacts of files and servers: ``BookPulled``.

    ``kept``: what a source keeps that gives nothing. ``files_only``: no server is asked.
    """

    kept: tuple[Source, ...]
    files_only: bool = False


@dataclass(frozen=True)
class KeepBook:
    """Keep these contacts, and no others that were pulled."""

    sources: tuple[Source, ...]


@dataclass(frozen=True)
class KeepLock:
    """Keep the keypad lock so, and no other: ``LockKept`` when the disk has it."""

    lock: KeptLock


@dataclass(frozen=True)
class KeepPersonal:
    """Keep what the person set, and nothing else of it."""

    personal: Personal


@dataclass(frozen=True)
class FactoryReset:
    """Destroy all that is kept, the keys first, and start as new."""


@dataclass(frozen=True)
class Say:
    """Make speech of ``text`` in a language (ISO 639-1): ``SpeechMade``. "": no more of what is being said.

    ``aloud``: it is to be heard from the ringer, for the handset lies on its hook.
    """

    text: str
    language: str
    aloud: bool


@dataclass(frozen=True)
class Speak:
    """Sound these samples once, from the ringer (``aloud``) or the earpiece; b"": be quiet."""

    samples: bytes
    aloud: bool


@dataclass(frozen=True)
class StartAnew:
    """End this program; what keeps it running (systemd) starts it again."""


@dataclass(frozen=True)
class BeginGuest:
    """End this program, so that it starts again as a guest's; ``GuestRefused`` where that is not possible."""


@dataclass(frozen=True)
class EndGuest:
    """Forget the guest period, and end this program, so that it starts again as the owner's."""


@dataclass(frozen=True)
class LookAtNetwork:
    """Say what there is of a network: ``NetworkSeen``."""


@dataclass(frozen=True)
class KeepFirst:
    """Keep what was typed at the first start, a phone.toml with a password: ``FirstKept``."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class EndFirst:
    """The first start is over, and is not shown again."""


@dataclass(frozen=True)
class BeginSetup:
    """Have the page for setting up opened: ``SetupBegun``, or ``SetupOver``."""


@dataclass(frozen=True)
class KeepSetup:
    """Somebody is in: keep that for a start anew while the page is open. Never longer, never on the card."""

    setup: SettingUp


@dataclass(frozen=True)
class EndSetup:
    """Have the page closed."""


@dataclass(frozen=True)
class TestSelf:
    """Begin the self-test: ``SelfTested``."""


@dataclass(frozen=True)
class CheckPin:
    """Compare what was typed with the hash ``kept``: ``PinChecked``."""

    digits: str
    kept: str


@dataclass(frozen=True)
class MakePin:
    """Hash a new PIN: ``PinMade``."""

    digits: str


@dataclass(frozen=True)
class Expire:
    """Destroy what has come to the end of its life."""


@dataclass(frozen=True)
class Wipe:
    """Destroy the history, grants, place, levels reached, pulled contacts, secrets and certificates."""


@dataclass(frozen=True)
class TestHelp:
    """Place a test call to the emergency service (RFC 6881 section 15) and end it: ``HelpTested``."""

    exposure: Exposure


@dataclass(frozen=True)
class WakeUpdater:
    """Have the updater look here: the user wishes something."""


SipCommand = (
    PlaceCall
    | AlertCaller
    | AnswerCall
    | LetSpeak
    | CodeCompared
    | GoOnWith
    | TellChange
    | RemindClear
    | RefuseCall
    | ForwardCall
    | HoldCall
    | ResumeCall
    | MixCalls
    | Mute
    | SignalWaiting
    | TellLight
    | TransferCall
    | TransferTo
    | TellReferrer
    | WatchLamps
    | EndCall
    | SendDigit
    | AllowText
    | SendText
    | SetExposure
    | OpenVoice
    | CloseVoice
    | GrantWatcher
    | RefuseWatcher
    | NotifyWatcher
    | SetReceiveGain
    | TestHelp
)
AudioCommand = PlayTone | Ring | SetVolumes | Speak
StoreCommand = (
    Remember
    | KeepGrants
    | KeepPlace
    | KeepReached
    | KeepVolumes
    | KeepBook
    | KeepLock
    | KeepPersonal
    | FactoryReset
    | KeepFirst
    | EndFirst
    | Expire
    | Wipe
)
Command = (
    SipCommand
    | AudioCommand
    | StoreCommand
    | Show
    | SetLight
    | CompareKeys
    | PullBook
    | WakeUpdater
    | CheckPin
    | MakePin
    | TestSelf
    | StartAnew
    | BeginGuest
    | EndGuest
    | LookAtNetwork
    | Say
    | BeginSetup
    | KeepSetup
    | EndSetup
)
