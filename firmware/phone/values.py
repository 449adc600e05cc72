"""Values that events, commands, the state and the screens share. Pure: imports no driver."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from typing import NewType

from firmware.phone.language.phrase import phrase

CallId = NewType("CallId", int)
SubscriptionId = NewType("SubscriptionId", int)
Seconds = NewType("Seconds", float)

KEYS = "0123456789*#ABCD"
"""The keys of a 4x3 or 4x4 telephone keypad (ITU-T E.161; A to D are DTMF digits of ITU-T Q.23)."""


class Hook(enum.Enum):
    """Where the handset is: ``ON`` the hook (the phone is hung up) or ``OFF`` it (lifted)."""

    ON = "on"
    OFF = "off"


class Loudspeaker(enum.Enum):
    """What sounds: the earpiece of the ``HANDSET``, and what rings."""

    HANDSET = "handset"
    RINGER = "ringer"


class SwitchPosition(enum.Enum):
    """What the privacy switch says. ``UNREADABLE`` counts as private everywhere (closed by default), and so
    does ``GUEST``: guest mode, whatever the switch says."""

    PRIVATE = "private"
    OPEN = "open"
    UNREADABLE = "unreadable"
    GUEST = "guest"


class Direction(enum.Enum):
    IN = "in"
    OUT = "out"


class CallState(enum.Enum):
    """The states of one call, by the words of ``sotto status``."""

    DIALING = "dialing"
    RINGING = "ringing"
    EARLY = "early"
    ACTIVE = "active"
    HELD = "held"
    ENDED = "ended"


class Security(enum.Enum):
    """What protects the media of one call, as negotiated on the wire, never as configured."""

    END_TO_END_VERIFIED = "end-to-end-verified"
    END_TO_END = "end-to-end"
    PROVIDER = "provider"
    CLEAR = "clear"
    NONE = "none"


class Encryption(enum.Enum):
    """The least protection that a call may have (``media.encryption``)."""

    END_TO_END = "end-to-end"
    PROVIDER = "provider"


class RegistrationState(enum.Enum):
    NONE = "none"
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILED = "failed"


@dataclass(frozen=True)
class Registration:
    """The registration of an account (RFC 3261 section 10) and, when it failed, why, in plain words."""

    state: RegistrationState = RegistrationState.NONE
    reason: str = ""


MOST_ACCOUNTS = 4


@dataclass(frozen=True)
class Route:
    """One way to place a call: by which account (0: the first), to which address.

    ``transport``: how, where that is not as the account has it; "" = as it has it.
    """

    account: int
    uri: str
    transport: str = ""


@dataclass(frozen=True)
class Signalling:
    """What protects the connection to the server, by the names of the TLS library: the version, the cipher
    suite and the group of the key agreement, such as "X25519MLKEM768". ``until``: the last day of the
    server's certificate.
    """

    version: str = ""
    suite: str = ""
    group: str = ""
    until: date | None = None


class EndReason(enum.Enum):
    """Why a call ended, in the words that the display and ``sotto status`` show."""

    HUNG_UP = phrase("You hung up")
    PEER_HUNG_UP = phrase("They hung up")
    CANCELLED = phrase("Call cancelled")
    BUSY = phrase("Busy")
    NO_ANSWER = phrase("No answer")
    DECLINED = phrase("Declined")
    REFUSED_BY_US = phrase("You declined")
    MISSED = phrase("Missed call")
    ANSWERED_ELSEWHERE = phrase("Answered elsewhere")
    NOT_FOUND = phrase("No such number")
    UNREACHABLE = phrase("Not reachable")
    NO_COMMON_ENCRYPTION = phrase("No common encryption")
    KEYS_DIFFER = phrase("Keys do not match")
    NO_KEYS = phrase("No keys agreed")
    NOT_REGISTERED = phrase("No connection to provider")
    CERTIFICATE = phrase("Server not trusted")
    NOT_ALLOWED = phrase("Provider refused")
    SERVER_FAILED = phrase("Provider failed")
    MEDIA_LOST = phrase("Connection lost")
    NETWORK = phrase("No network")
    NO_ACCOUNT = phrase("Not in the contacts")
    TRANSFERRED = phrase("Transferred")
    FORWARDED = phrase("Forwarded")
    TOO_MANY = phrase("Two calls already")


class Trust(enum.Enum):
    """How sure it is who calls: the caller says so, our provider says so (RFC 3325), or it is proven by a
    signature that was checked here (STIR, RFC 8224)."""

    CLAIMED = "claimed"
    ASSERTED = "asserted"
    VERIFIED = "verified"


@dataclass(frozen=True)
class Party:
    """The other end of a call: its address as the signalling says it, and the name to show.

    ``anonymous``: the caller wants not to be known; address and name then say nothing.
    ``doubt``: why the caller's proof was false, in plain words, or "": such a caller is a stranger.
    ``sent_on``: somebody else whom they called had the call sent on to us.
    """

    uri: str
    name: str = ""
    trust: Trust = Trust.CLAIMED
    anonymous: bool = False
    doubt: str = ""
    sent_on: bool = False

    @property
    def label(self) -> str:
        """What to show a person: the name if there is one, else the user part or the host."""
        if self.name:
            return self.name
        bare = self.uri.removeprefix("sips:").removeprefix("sip:").split(";")[0]
        user, at, host = bare.partition("@")
        return user if at else host or bare


class Keying(enum.Enum):
    """How the two ends agreed on the keys of a call."""

    NONE = ""
    ZRTP = "ZRTP"
    DTLS = "DTLS-SRTP"
    SDES = "SDES"


class Continuity(enum.Enum):
    """What the secrets that were kept from earlier calls with this contact say of the far end (RFC 6189
    section 4.3): nothing (none were asked), that it is new, that it is the same, or that it is another.
    """

    UNKNOWN = "unknown"
    FIRST = "first"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True)
class Media:
    """What was negotiated for the media of one call, read from the running transport.

    ``suite`` is an SRTP protection profile by its IANA name, ``code`` the comparison code or "", ``words``
    the same as words to be read aloud, or "".
    ``held``: the far end put the call on hold and takes nothing from us (RFC 3264 section 8.4).
    ``own_key``, ``peer_key``: fingerprints of the two certificates (RFC 8122), of DTLS-SRTP alone.
    ``bare``: the far end answered without encryption what was offered with it; nothing is sent or taken.
    ``private``: it asks for privacy (RFC 3323), so it shows nothing by which it could be known again.
    """

    security: Security = Security.NONE
    suite: str = ""
    codec: str = ""
    code: str = ""
    held: bool = False
    words: str = ""
    keying: Keying = Keying.NONE
    continuity: Continuity = Continuity.UNKNOWN
    own_key: str = ""
    peer_key: str = ""
    bare: bool = False
    private: bool = False


class Tone(enum.Enum):
    """Call-progress tones heard in the handset (ITU-T E.180/Q.35), and our own warning tone."""

    DIAL = "dial"
    RINGBACK = "ringback"
    BUSY = "busy"
    CONGESTION = "congestion"
    WARNING = "warning"
    DIAL_BLIND = "dial-blind"
    """The dial tone of a telephone whose display does not answer: it stutters."""
    CALL_WAITING = "call-waiting"
    MESSAGE_WAITING = "message-waiting"
    """The dial tone while messages wait."""
    CONFIRMATION = "confirmation"
    """Heard once: what the keys asked for is done."""


class Light(enum.Enum):
    """``MESSAGE``: calls were missed. ``MUTE``: a call is up, and what is said here is not heard there.
    ``LAMP_1`` to ``LAMP_4``: what the telephones of contacts do.
    """

    PRIVACY = "privacy"
    RINGING = "ringing"
    MESSAGE = "message"
    MUTE = "mute"
    LAMP_1 = "lamp1"
    LAMP_2 = "lamp2"
    LAMP_3 = "lamp3"
    LAMP_4 = "lamp4"


class Part(enum.Enum):
    """A part of the telephone that may fail by itself."""

    KEYPAD = "keypad"
    SWITCHES = "switches"
    LIGHTS = "lights"


@dataclass(frozen=True)
class Health:
    """How the board fares. ``weak``: its supply voltage is too low; ``hot``: heat slows it down."""

    weak: bool = False
    hot: bool = False


class Pattern(enum.Enum):
    """What a light does (``lights.patterns`` has the times)."""

    OFF = "off"
    ON = "on"
    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True)
class CallRecord:
    """One call of the history. ``at``: when it ended, in seconds of Unix time; ``seconds``: its length."""

    direction: Direction
    uri: str
    name: str
    at: int
    seconds: int


class Feature(enum.Enum):
    """What can be asked for in a call beside ending it, by the words of ``sotto call``."""

    HOLD = "hold"
    RESUME = "resume"
    SWAP = "swap"
    END_TAKE = "end-take"
    CONFERENCE = "conference"
    TRANSFER = "transfer"
    MUTE = "mute"
    UNMUTE = "unmute"


class Forward(enum.Enum):
    """When an incoming call is sent on to somebody else (302, RFC 3261 section 21.3.3)."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Messages:
    """What the mailbox at the provider holds (RFC 3842). ``new`` may be unknown: then 0 with ``waiting``."""

    waiting: bool = False
    new: int = 0
    old: int = 0


class PinFor(enum.Enum):
    """What a PIN is typed for at the keypad."""

    UNLOCK = "unlock"
    CHANGE = "change"
    REMOVE = "remove"
    NEW = "new"
    AGAIN = "again"


@dataclass(frozen=True)
class KeptLock:
    """What is kept of the keypad lock. ``pin``: the hash of the PIN, "": there is none. ``wrong``: wrong PINs
    since the last right one."""

    pin: str = ""
    wrong: int = 0


class Lamp(enum.Enum):
    """What a colleague's telephone does, as it tells us (RFC 4235). ``DARK``: nothing is known."""

    DARK = "unknown"
    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"


@dataclass(frozen=True)
class SettingUp:
    """The page for setting up is open, or about to be, ``until`` then. ``code``: what lets somebody in, once;
    "" before there is one and after it. ``session``: the SHA-256 of what they are known by since then, or "".

    ``host``: our address; ``url``, ``fingerprint``: where the page is and its certificate's SHA-256, once it
    is ready. ``wrong``: codes that were tried in vain; the next one counts from ``wait_until`` on.
    """

    until: float
    code: str = ""
    host: str = ""
    url: str = ""
    fingerprint: str = ""
    session: str = ""
    wrong: int = 0
    wait_until: float = 0.0
