"""What the display says, in words: for the pictures, for ``sotto screen`` and for tests. Pure."""

from __future__ import annotations

from firmware.phone.display.screens import (
    Calling,
    Code,
    Dialling,
    Ended,
    Held,
    Idle,
    InCall,
    Message,
    Notice,
    Pages,
    Ringing,
    Screen,
    Warning,
    WatcherAsks,
)
from firmware.phone.display.text import cleaned
from firmware.phone.values import RegistrationState, Security, SwitchPosition, Trust

SECURITY = {
    Security.END_TO_END_VERIFIED: "End to end, verified",
    Security.END_TO_END: "End to end",
    Security.PROVIDER: "Provider can listen",
    Security.CLEAR: "Not encrypted",
    Security.NONE: "Securing …",
}

SWITCH = {
    SwitchPosition.PRIVATE: "Private",
    SwitchPosition.OPEN: "Open",
    SwitchPosition.UNREADABLE: "Private (switch?)",
}

TRUST = {
    Trust.VERIFIED: "Verified",
    Trust.ASSERTED: "Provider says",
    Trust.CLAIMED: "Claimed",
}

ANONYMOUS = "Anonymous"
CODE = "Code"
DIAL = "Dial a number"
NEW_CALL = "New call"
FALSE_PROOF = "False proof"
INCOMING = "Incoming call"
INCOMING_SILENT = "Silent call"
INCOMING_CLEAR = "Unencrypted call"
COMPARE = "Read and compare"
LIFT = "Lift the handset"
HELD = "On hold"
MICROPHONE_CLOSED = "Microphone closed"
UNKNOWN = "Unknown"
ASKS = "May they see you?"
ASKS_MORE = "wants to see when you are there"
ASKS_KEYS = "1 today  2 30 days  # no"


def duration(seconds: int) -> str:
    """``m:ss``, from an hour on ``h:mm:ss``."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def missed(screen: Idle) -> str:
    return f"{screen.missed} missed" if screen.missed > 0 else ""


def registration(screen: Idle) -> str:
    """Who can call us now, or why nobody can."""
    state, reason = screen.registration.state, screen.registration.reason
    if screen.resting is not None and state in (RegistrationState.REGISTERED, RegistrationState.NONE):
        return ""  # what is as it should be may rest
    match state:
        case RegistrationState.REGISTERED:
            return screen.account or "Registered"
        case RegistrationState.REGISTERING:
            return "Connecting …"
        case RegistrationState.FAILED:
            return reason or "No connection to provider"
        case RegistrationState.NONE:
            return "Not registered" if screen.account else "Direct calls only"


def by_account(screen: Calling) -> str:
    """How the call fares, and by which of several accounts it goes."""
    return f"{screen.progress}, {screen.account}" if screen.account else screen.progress


def for_account(screen: Ringing) -> str:
    """Which of several accounts is called."""
    return f"For {screen.account}" if screen.account else ""


def dialled_by(screen: Dialling) -> str:
    """Whom the digits call, and by which of several accounts."""
    whom = target(screen) or NEW_CALL
    return f"{screen.account}: {whom}" if screen.account else whom


def target(screen: Dialling) -> str:
    """What will be called, where that is more than the digits themselves."""
    return screen.target if screen.target != screen.digits else ""


def they_see(screen: Dialling | Calling) -> str:
    return f"They see: {screen.they_see}" if screen.they_see else ""


def code(screen: InCall) -> str:
    return f"{CODE}: {screen.code}" if screen.code else ""


def code_lines(code: str) -> list[str]:
    """A code of many groups in two lines of as many; a short one as it is."""
    groups = code.split()
    if len(groups) < 3:
        return [code] if code else []
    half = (len(groups) + 1) // 2
    return [" ".join(groups[:half]), " ".join(groups[half:])]


def keys(screen: InCall) -> str:
    """The digits that were sent in the call."""
    return f"Keys: {screen.digits}" if screen.digits else ""


def incoming(screen: Ringing) -> str:
    if screen.clear:
        return INCOMING_CLEAR
    return INCOMING_SILENT if screen.silent else INCOMING


def caller(screen: Ringing) -> tuple[str, str]:
    """The large line and the small one: name, and how sure that is with the address."""
    if screen.anonymous:
        return ANONYMOUS, ""
    trust = FALSE_PROOF if screen.doubtful else TRUST[screen.trust]
    if screen.peer and screen.peer != screen.address:
        return screen.peer, f"{trust}: {screen.address}" if screen.address else trust
    return screen.address or UNKNOWN, trust


def asks_address(screen: WatcherAsks) -> str:
    """The address under the name, where that says more."""
    return screen.address if screen.who != screen.address else ""


def pages_title(screen: Pages) -> str:
    return f"{screen.title} {screen.page}/{screen.of}" if screen.of > 1 else screen.title


def lines(screen: Screen) -> list[str]:
    """What the display says, top to bottom, each line complete even where the picture has to cut it."""
    return [line for line in _lines(cleaned(screen)) if line]


def _lines(screen: Screen) -> list[str]:
    match screen:
        case Idle():
            return [
                SWITCH[screen.privacy],
                missed(screen),
                screen.clock,
                registration(screen),
                screen.notice,
            ]
        case Dialling():
            return [
                dialled_by(screen),
                screen.digits or DIAL,
                screen.match,
                they_see(screen),
                screen.notice,
            ]
        case Calling():
            lift = "" if screen.lifted else LIFT
            return [
                by_account(screen),
                SWITCH[screen.privacy],
                screen.peer or UNKNOWN,
                they_see(screen),
                screen.notice,
                screen.place,
                lift,
            ]
        case Ringing():
            return [incoming(screen), SWITCH[screen.privacy], *caller(screen), for_account(screen)]
        case InCall():
            return _in_call(screen)
        case Held():
            return [HELD, duration(screen.seconds), screen.peer or UNKNOWN, screen.notice, screen.hint]
        case Ended():
            spoken = duration(screen.seconds) if screen.seconds > 0 else ""
            return [screen.peer, spoken, screen.reason, screen.hint, screen.place]
        case WatcherAsks():
            return [ASKS, screen.who, asks_address(screen), ASKS_MORE, ASKS_KEYS]
        case Warning() | Notice():
            return [screen.title, screen.text, screen.keys]
        case Code():
            return [COMPARE if screen.code else CODE, *code_lines(screen.code), screen.words, screen.keys]
        case Message():
            return [screen.title, screen.text]
        case Pages():
            return [pages_title(screen), *screen.lines, screen.keys]


def _in_call(screen: InCall) -> list[str]:
    return [
        screen.peer or UNKNOWN,
        SWITCH[screen.privacy],
        duration(screen.seconds),
        code(screen),
        SECURITY[screen.security],
        *([] if screen.lifted else [LIFT, MICROPHONE_CLOSED]),
        screen.volume,
        screen.notice,
        screen.place,
        keys(screen),
        screen.hint,
    ]
