"""What the display says, in words: for the pictures, for ``sotto screen`` and for tests. Pure.

A screen's own texts are said in the language by ``cleaned``; here is what stands around them.
"""

from __future__ import annotations

from firmware.phone.display.paging import laid
from firmware.phone.display.screens import (
    PLAIN,
    Calling,
    Code,
    Dialling,
    Ended,
    Held,
    Idle,
    InCall,
    Look,
    Message,
    Notice,
    OpenPage,
    Pages,
    Ringing,
    Screen,
    Texting,
    Warning,
    WatcherAsks,
)
from firmware.phone.display.text import cleaned
from firmware.phone.language.catalogue import Language, language
from firmware.phone.language.phrase import counted, phrase, phrase_in
from firmware.phone.values import RegistrationState, Security, SwitchPosition, Trust

SECURITY = {
    Security.END_TO_END_VERIFIED: phrase("End to end, verified"),
    Security.END_TO_END: phrase("End to end"),
    Security.PROVIDER: phrase("Provider can listen"),
    Security.CLEAR: phrase("Not encrypted"),
    Security.NONE: phrase("Securing …"),
}

SWITCH = {
    SwitchPosition.PRIVATE: phrase_in("switch", "Private"),
    SwitchPosition.OPEN: phrase_in("switch", "Open"),
    SwitchPosition.UNREADABLE: phrase_in("switch", "Private (switch?)"),
    SwitchPosition.GUEST: phrase_in("switch", "Private (guest)"),
}

TRUST = {
    Trust.VERIFIED: phrase_in("caller", "Verified"),
    Trust.ASSERTED: phrase_in("caller", "Provider says"),
    Trust.CLAIMED: phrase_in("caller", "Claimed"),
}


class Said:
    """A phrase that ``Words`` says in its language."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, words: Words | None, owner: type) -> str:
        return self.text if words is None else words.say(self.text)


class Words:
    """What stands around the texts of a screen, in one language."""

    ANONYMOUS = Said(phrase("Anonymous"))
    CODE = Said(phrase("Code"))
    DIAL = Said(phrase("Dial a number"))
    NEW_CALL = Said(phrase("New call"))
    FALSE_PROOF = Said(phrase_in("caller", "False proof"))
    INCOMING = Said(phrase("Incoming call"))
    INCOMING_SILENT = Said(phrase("Silent call"))
    INCOMING_CLEAR = Said(phrase("Unencrypted call"))
    COMPARE = Said(phrase("Read and compare"))
    LIFT = Said(phrase("Lift the handset"))
    LOCKED = Said(phrase("Locked: * unlocks"))
    HELD = Said(phrase("On hold"))
    MICROPHONE_CLOSED = Said(phrase("Microphone closed"))
    UNKNOWN = Said(phrase_in("caller", "Unknown"))
    ASKS = Said(phrase("May they see you?"))
    ASKS_MORE = Said(phrase("wants to see when you are there"))
    ASKS_KEYS = Said(phrase("1 today  2 30 days  # no"))

    def __init__(self, language: Language) -> None:
        self.language = language
        self.say = language.say

    def security(self, level: Security) -> str:
        return self.say(SECURITY[level])

    def switch(self, position: SwitchPosition) -> str:
        return self.say(SWITCH[position])

    def missed(self, screen: Idle) -> str:
        if screen.missed <= 0:
            return ""
        return self.say(counted("{number} missed", "{number} missed", screen.missed))

    def registration(self, screen: Idle) -> str:
        """Who can call us now, or why nobody can."""
        state, reason = screen.registration.state, screen.registration.reason
        if screen.resting is not None and state in (RegistrationState.REGISTERED, RegistrationState.NONE):
            return ""  # what is as it should be may rest
        match state:
            case RegistrationState.REGISTERED:
                return screen.account or self.say(phrase("Registered"))
            case RegistrationState.REGISTERING:
                return self.say(phrase("Connecting …"))
            case RegistrationState.FAILED:
                return reason or self.say(phrase("No connection to provider"))
            case RegistrationState.NONE:
                return self.say(phrase("Not registered") if screen.account else phrase("Direct calls only"))

    def by_account(self, screen: Calling) -> str:
        """How the call fares, and by which of several accounts it goes."""
        return f"{screen.progress}, {screen.account}" if screen.account else screen.progress

    def for_account(self, screen: Ringing) -> str:
        """Which of several accounts is called."""
        return self.say(phrase("For {account}", account=screen.account)) if screen.account else ""

    def dialled_by(self, screen: Dialling) -> str:
        """Whom the digits call, and by which of several accounts."""
        whom = target(screen) or self.NEW_CALL
        return f"{screen.account}: {whom}" if screen.account else whom

    def they_see(self, screen: Dialling | Calling) -> str:
        return self.say(phrase("They see: {what}", what=screen.they_see)) if screen.they_see else ""

    def weak(self, level: Security) -> str:
        """What protects a call, where that has to be said in words."""
        return self.security(level) if level in (Security.PROVIDER, Security.CLEAR) else ""

    def ours(self, screen: Texting) -> str:
        """What is typed here, or how to."""
        if screen.typing:
            return f"{screen.ours}_"
        return f"> {screen.ours}" if screen.ours else self.say(phrase("Hold 0, then 6: type"))

    def code(self, screen: InCall) -> str:
        return self.say(phrase("Code: {code}", code=screen.code)) if screen.code else ""

    def keys(self, screen: InCall) -> str:
        """The digits that were sent in the call."""
        return self.say(phrase("Keys: {digits}", digits=screen.digits)) if screen.digits else ""

    def incoming(self, screen: Ringing) -> str:
        if screen.clear:
            return self.INCOMING_CLEAR
        return self.INCOMING_SILENT if screen.silent else self.INCOMING

    def caller(self, screen: Ringing) -> tuple[str, str]:
        """The large line and the small one: name, and how sure that is with the address."""
        if screen.anonymous:
            return self.ANONYMOUS, ""
        trust = self.FALSE_PROOF if screen.doubtful else self.say(TRUST[screen.trust])
        if screen.peer and screen.peer != screen.address:
            return screen.peer, f"{trust}: {screen.address}" if screen.address else trust
        return screen.address or self.UNKNOWN, trust


def duration(seconds: int) -> str:
    """``m:ss``, from an hour on ``h:mm:ss``."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def target(screen: Dialling) -> str:
    """What will be called, where that is more than the digits themselves."""
    return screen.target if screen.target != screen.digits else ""


def code_lines(code: str) -> list[str]:
    """A code of many groups in two lines of as many; a short one as it is."""
    groups = code.split()
    if len(groups) < 3:
        return [code] if code else []
    half = (len(groups) + 1) // 2
    return [" ".join(groups[:half]), " ".join(groups[half:])]


def asks_address(screen: WatcherAsks) -> str:
    """The address under the name, where that says more."""
    return screen.address if screen.who != screen.address else ""


def pages_title(screen: Pages) -> str:
    return f"{screen.title} {screen.page}/{screen.of}" if screen.of > 1 else screen.title


def lines(screen: Screen, look: Look = PLAIN) -> list[str]:
    """What the display says, top to bottom, each line complete even where the picture has to cut it."""
    spoken = language(look.language)
    return [line for line in said(cleaned(screen, spoken), Words(spoken), look) if line]


def said(screen: Screen, words: Words, look: Look = PLAIN) -> list[str]:
    """The same of a screen whose own texts are said already."""
    match screen:
        case Idle():
            return [
                words.switch(screen.privacy),
                words.missed(screen),
                screen.clock,
                words.LOCKED if screen.locked else "",
                words.registration(screen),
                screen.notice,
            ]
        case Dialling():
            return [
                words.dialled_by(screen),
                screen.digits or words.DIAL,
                screen.match,
                words.they_see(screen),
                screen.notice,
            ]
        case Calling():
            lift = "" if screen.lifted else words.LIFT
            return [
                words.by_account(screen),
                words.switch(screen.privacy),
                screen.peer or words.UNKNOWN,
                words.they_see(screen),
                screen.notice,
                screen.place,
                lift,
            ]
        case Ringing():
            mine = words.for_account(screen)
            return [words.incoming(screen), words.switch(screen.privacy), *words.caller(screen), mine]
        case InCall():
            return _in_call(screen, words)
        case Texting():
            head = [screen.peer or words.UNKNOWN, words.switch(screen.privacy), duration(screen.seconds)]
            return [*head, words.security(screen.security), *screen.theirs, screen.notice, words.ours(screen)]
        case Held():
            who = screen.peer or words.UNKNOWN
            return [words.HELD, duration(screen.seconds), who, screen.notice, screen.hint]
        case Ended():
            spoken = duration(screen.seconds) if screen.seconds > 0 else ""
            return [screen.peer, spoken, screen.reason, screen.hint, screen.place]
        case WatcherAsks():
            return [words.ASKS, screen.who, asks_address(screen), words.ASKS_MORE, words.ASKS_KEYS]
        case Warning() | Notice():
            return [screen.title, screen.text, screen.keys]
        case Code():
            title = words.COMPARE if screen.code else words.CODE
            return [title, *code_lines(screen.code), screen.words, screen.keys]
        case Message():
            return [screen.title, screen.text]
        case OpenPage():
            return [screen.url, words.CODE, *screen.code.split(), screen.left]
        case Pages():
            page = laid(screen, look)
            return [pages_title(page), *page.lines, page.keys]


def _in_call(screen: InCall, words: Words) -> list[str]:
    return [
        screen.peer or words.UNKNOWN,
        words.switch(screen.privacy),
        duration(screen.seconds),
        words.code(screen),
        words.security(screen.security),
        *([] if screen.lifted else [words.LIFT, words.MICROPHONE_CLOSED]),
        screen.volume,
        screen.notice,
        screen.place,
        words.keys(screen),
        screen.hint,
    ]
