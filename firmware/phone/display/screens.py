"""What the display can show, as data. The machine chooses one; ``views`` draws it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.phone.values import Direction, Registration, Security, SwitchPosition, Trust


@dataclass(frozen=True)
class Idle:
    """Handset on the hook. ``clock`` is local time "HH:MM"; ``notice`` one line of trouble or "".

    ``resting``: nobody has used the telephone for a while: the number of the place where the view stands
    (``resting.place``); None: it is awake. ``locked``: the keypad is.
    """

    clock: str
    account: str
    registration: Registration
    privacy: SwitchPosition
    missed: int = 0
    notice: str = ""
    resting: int | None = None
    locked: bool = False


@dataclass(frozen=True)
class Dialling:
    """Handset lifted or keys pressed. ``target`` is what will be called, ``they_see`` what they learn.

    ``match``: a name that the digits spell and the key that goes to it, or "". ``account``, here and in the
    screens below: of several, what the one is called by which the call goes; "" where there is but one.
    """

    digits: str
    target: str
    they_see: str
    lifted: bool
    notice: str = ""
    match: str = ""
    account: str = ""


@dataclass(frozen=True)
class Calling:
    """Our INVITE is under way. ``progress`` is "Calling", "Ringing" or "Listen" (early media).

    ``place``, as in the screens after it: that the place was sent, and when, or "".
    """

    peer: str
    progress: str
    they_see: str
    privacy: SwitchPosition
    lifted: bool = True
    notice: str = ""
    place: str = ""
    account: str = ""


@dataclass(frozen=True)
class Ringing:
    """An incoming call rings. ``trust``: how sure it is who calls; ``doubtful``: their proof was false.
    ``silent``: without a bell. ``clear``: it can only be had without encryption.
    """

    peer: str
    address: str
    privacy: SwitchPosition
    trust: Trust = Trust.CLAIMED
    anonymous: bool = False
    silent: bool = False
    doubtful: bool = False
    clear: bool = False
    account: str = ""


@dataclass(frozen=True)
class InCall:
    """A call is up. ``seconds`` since it was answered; ``security`` as negotiated.

    ``hint``: what the user may do about it, or "". ``volume``: it is being turned, and how.
    """

    peer: str
    direction: Direction
    seconds: int
    security: Security
    privacy: SwitchPosition
    code: str = ""
    codec: str = ""
    digits: str = ""
    lifted: bool = True
    notice: str = ""
    place: str = ""
    hint: str = ""
    volume: str = ""


@dataclass(frozen=True)
class Texting:
    """A call in which real-time text is typed: the end of what they typed, by lines, and of what is
    typed here.

    ``typing``: the keys type; else they are digits of the call. ``notice``: as in a call, or the volume.
    """

    peer: str
    seconds: int
    security: Security
    privacy: SwitchPosition
    theirs: tuple[str, ...]
    ours: str
    typing: bool = False
    notice: str = ""


@dataclass(frozen=True)
class Held:
    """Our call is on hold by us: nothing is heard at either end. ``hint``: what the keys do now."""

    peer: str
    seconds: int
    hint: str
    notice: str
    privacy: SwitchPosition


@dataclass(frozen=True)
class Ended:
    """A call is over. ``reason`` in plain words; ``hint`` what to do next, or ""."""

    peer: str
    reason: str
    seconds: int
    hint: str = ""
    place: str = ""


@dataclass(frozen=True)
class WatcherAsks:
    """Somebody wants to see when we are there; the keys 1, 2 and # answer.

    ``who`` is a contact's name or a user part.
    """

    who: str
    address: str


@dataclass(frozen=True)
class Warning:
    """Something stands against a call; the user decides. ``keys``: how."""

    title: str
    text: str
    keys: str


@dataclass(frozen=True)
class Code:
    """The code that the two people of a call compare, ``words`` to read it aloud or why there is none."""

    code: str
    words: str
    keys: str


@dataclass(frozen=True)
class Message:
    """Something that the user has to know and that is no call ("Starting", "Goodbye")."""

    title: str
    text: str


@dataclass(frozen=True)
class Notice:
    """Something that the user is told and may answer. ``keys``: how; ``grave``: it had better be read."""

    title: str
    text: str
    keys: str
    grave: bool = False


@dataclass(frozen=True)
class Pages:
    """A page of text from the menu: ``page`` (from 1) of ``of``, with at most PAGE_LINES ``lines``.

    ``keys``: what the keys do here, in a few signs. ``paragraphs``: the whole text, of which the lines are a
    page in English; (): the lines are as they have to be. ``turned``: how often the page was turned on, and
    ``special`` the key that does something of its own here, or "": of both a language that needs more room
    makes its own page (``paging.laid``). ``pairs``: the paragraphs are a few words each, and may stand two in
    a line.
    """

    title: str
    lines: tuple[str, ...]
    page: int
    of: int
    keys: str = ""
    paragraphs: tuple[str, ...] = ()
    turned: int = 0
    special: str = ""
    pairs: bool = False


@dataclass(frozen=True)
class OpenPage:
    """Where a browser finds the page for setting up, as a QR code too, and the code that lets one in.

    ``left``: how long, in words.
    """

    url: str
    code: str
    left: str


@dataclass(frozen=True)
class Look:
    """How the display speaks to its reader. ``language``: by its code (ISO 639-1); ``large``: in large type,
    so with fewer lines. ``brightness``: how bright, 1 is as phone.toml has it."""

    language: str = "en"
    large: bool = False
    brightness: float = 1.0


PLAIN = Look()


PAGE_LINES = 4
PAGE_COLUMNS = 21
"""Lines, and characters in a line, that a page holds: 21 letters of the small font are 125 pixels at most."""

Screen = (
    Idle
    | Dialling
    | Calling
    | Ringing
    | InCall
    | Texting
    | Held
    | Ended
    | WatcherAsks
    | Warning
    | Code
    | Message
    | Notice
    | Pages
    | OpenPage
)
