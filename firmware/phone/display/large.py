"""The same screens in large type, for eyes that need it: four rows of 16 pixels instead of five of 12. Pure.

Each screen shows its head, what matters most as large as it fits, and at the bottom the one line that counts
now; the rest comes back when that line is gone. A text that cannot be whole in large letters is drawn in
smaller ones (``TooMuch``): better small than cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from firmware.phone.display import icons
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.fonts import Face
from firmware.phone.display.layout import (
    ICON_GAP,
    SMALL,
    centred,
    draw_numerals,
    fit,
    numeral_width,
    shorten,
    tail,
    wrap,
)
from firmware.phone.display.screens import (
    Calling,
    Dialling,
    Ended,
    Held,
    Idle,
    InCall,
    Notice,
    Pages,
    Ringing,
    Screen,
    Texting,
    Warning,
    WatcherAsks,
)
from firmware.phone.display.words import Words, duration, pages_title, target
from firmware.phone.values import RegistrationState, Security

ROW = 16
BIG = Face(16)
NAMES = tuple(Face(size, bold=True) for size in (32, 28, 24, 20, 18, 16))
TEXTS = (Face(18, bold=True), Face(16, bold=True), BIG, Face(14))


class TooMuch(Exception):
    """The text does not fit in large type."""


def draw(image: Image.Image, screen: Screen, words: Words, arts: dict[object, str], eye: str) -> None:
    """Draw ``screen``, said already, on ``image``. ``arts``: the pictures of registration and protection;
    ``eye``: that of the switch, where the screen tells it. Raises TooMuch; then ``image`` is spoilt."""
    match screen:
        case Idle():
            _idle(image, screen, words, arts, eye)
        case Dialling():
            _head(image, target(screen) or words.NEW_CALL, icons.HANDSET if screen.lifted else icons.HUNG_UP)
            said = screen.notice or screen.match or words.they_see(screen)
            bottom = _foot(image, said, icons.WARNING if screen.notice else "")
            if screen.digits:
                _number(image, ROW, bottom, screen.digits)
            else:
                _name(image, ROW, bottom, words.DIAL)
        case Calling():
            _head(image, screen.progress, icons.HANDSET, eye=eye)
            lift = "" if screen.lifted else words.LIFT
            said = screen.notice or screen.place or lift or words.they_see(screen)
            bottom = _foot(image, said, icons.WARNING if screen.notice else "", bar=said == lift != "")
            _name(image, ROW, bottom, screen.peer or words.UNKNOWN)
        case Ringing():
            art = icons.BELL_CROSSED if screen.silent else icons.BELL
            _head(image, words.incoming(screen), art, bar=True, eye=eye)
            name, address = words.caller(screen)
            bottom = _foot(image, address, icons.WARNING if screen.doubtful else "")
            _name(image, ROW, bottom, name)
        case InCall():
            _in_call(image, screen, words, arts, eye)
        case Texting():
            _head(image, screen.peer or words.UNKNOWN, arts[screen.security], eye=eye)
            said = screen.notice or words.weak(screen.security)
            rows = 1 if said else 2
            found = [line for text in screen.theirs for line in wrap(text, BIG, WIDTH)][-rows:]
            for number, line in enumerate(found):
                BIG.draw(image, 0, ROW + number * ROW, line)
            if said:
                _line(image, 2 * ROW, said, icons.WARNING)
            ours = tail(words.ours(screen), BIG, WIDTH - 4)
            _line(image, HEIGHT - ROW, ours, bar=screen.typing)
        case Held():
            _head(image, f"{words.HELD} {duration(screen.seconds)}", icons.HANDSET, eye=eye)
            bottom = _foot(image, screen.notice or screen.hint, icons.WARNING if screen.notice else "")
            _name(image, ROW, bottom, screen.peer or words.UNKNOWN)
        case Ended():
            _head(image, screen.peer, icons.HUNG_UP)
            _name(image, ROW, _foot(image, screen.place or screen.hint), screen.reason)
        case WatcherAsks():
            _head(image, words.ASKS, icons.EYE, bar=True)
            address = screen.address.replace("@", " @", 1) if screen.who != screen.address else ""
            _text(image, ROW, _foot(image, words.ASKS_KEYS), f"{screen.who or words.UNKNOWN} {address}")
        case Warning() | Notice():
            grave = isinstance(screen, Warning) or screen.grave
            _head(image, screen.title, icons.WARNING if grave else "", bar=True)
            _text(image, ROW, _foot(image, screen.keys), screen.text)
        case Pages():
            _pages(image, screen)
        case _:
            raise TooMuch


def _idle(image: Image.Image, screen: Idle, words: Words, arts: dict[object, str], eye: str) -> None:
    if screen.resting is not None:
        raise TooMuch
    _head(image, words.switch(screen.privacy), eye)
    failed = screen.registration.state is RegistrationState.FAILED
    if screen.notice:
        bottom = _foot(image, screen.notice, icons.WARNING)
    elif failed or not screen.missed:
        bottom = _foot(image, words.registration(screen), arts[screen.registration.state])
    else:
        bottom = _foot(image, words.missed(screen))
    _number(image, ROW, bottom, screen.clock)


def _in_call(image: Image.Image, screen: InCall, words: Words, arts: dict[object, str], eye: str) -> None:
    _head(image, screen.peer or words.UNKNOWN, eye=eye)
    clear = screen.security is Security.CLEAR
    bottom = _foot(image, words.security(screen.security), arts[screen.security], bar=clear)
    lift = "" if screen.lifted else words.LIFT
    said = lift or screen.volume or screen.notice or screen.place or words.keys(screen)
    time = duration(screen.seconds)
    if not said:
        _number(image, ROW, bottom, time, screen.code)
        return
    art = icons.MICROPHONE_CLOSED if lift else (icons.WARNING if said == screen.notice else "")
    _line(image, ROW + ROW, said, art, bar=bool(lift))
    BIG.draw(image, 0, ROW, time)
    if BIG.width(time) + 8 + BIG.width(screen.code) <= WIDTH:
        BIG.draw(image, WIDTH - BIG.width(screen.code), ROW, screen.code)


def _pages(image: Image.Image, screen: Pages) -> None:
    keys = SMALL.width(screen.keys)
    ImageDraw.Draw(image).rectangle((0, 0, WIDTH - 1, ROW - 1), fill=255)
    title = pages_title(screen)
    face = BIG if BIG.width(title) <= WIDTH - keys - 8 else SMALL
    if face.width(title) > WIDTH - keys - 8:
        raise TooMuch
    face.draw(image, 2, (ROW - face.size) // 2, title, lit=False)
    SMALL.draw(image, WIDTH - keys - 2, 2, screen.keys, lit=False)
    for number, line in enumerate(screen.lines[:3]):
        if BIG.width(line) > WIDTH - 2:
            raise TooMuch
        BIG.draw(image, 2, ROW + number * ROW, line)


def _head(image: Image.Image, text: str, art: str = "", *, bar: bool = False, eye: str = "") -> None:
    room = WIDTH - (icons.picture(eye).width + ICON_GAP if eye else 0)
    _line(image, 0, text, art, bar=bar, room=room, cut=True)
    if eye:
        ink = icons.picture(eye)
        left = WIDTH - ink.width - 2 * bar
        ImageDraw.Draw(image).bitmap((left, (ROW - ink.height) // 2), ink, fill=0 if bar else 255)


def _foot(image: Image.Image, text: str, art: str = "", *, bar: bool = False) -> int:
    """``text`` on the last row, on two of small type where it is long. Returns the y where it begins."""
    if not text:
        return HEIGHT
    left = icons.picture(art).width + ICON_GAP if art else 0
    if SMALL.width(text) + left + 2 * bar <= WIDTH:
        _line(image, HEIGHT - ROW, text, art, bar=bar)
        return HEIGHT - ROW
    lines = wrap(text.replace("@", " @", 1), SMALL, WIDTH - left)
    if len(lines) > 2 or bar:
        raise TooMuch
    top = HEIGHT - 2 * SMALL.size
    _line(image, top - 2, lines[0], art)
    SMALL.draw(image, left, top + SMALL.size, lines[1])
    return top


def _line(
    image: Image.Image,
    y: int,
    text: str,
    art: str = "",
    *,
    bar: bool = False,
    room: int = WIDTH,
    cut: bool = False,
) -> None:
    """``text`` on the row at ``y``, in large type, or where that is too wide in small. ``cut``: a name that
    may be shortened; anything else raises TooMuch."""
    pen = ImageDraw.Draw(image)
    if bar:
        pen.rectangle((0, y, WIDTH - 1, y + ROW - 1), fill=255)
    left = 2 * bar
    if art:
        ink = icons.picture(art)
        pen.bitmap((left, y + (ROW - ink.height) // 2), ink, fill=0 if bar else 255)
        left += ink.width + ICON_GAP
    face = BIG if BIG.width(text) <= room - left else SMALL
    if face.width(text) > room - left:
        if not cut:
            raise TooMuch
        text = shorten(text, face, room - left)
    face.draw(image, left, y + (ROW - face.size) // 2, text, lit=not bar)


def _name(image: Image.Image, top: int, bottom: int, text: str) -> None:
    _text(image, top, bottom, text, (*NAMES, *TEXTS[1:], SMALL))


def _text(
    image: Image.Image, top: int, bottom: int, text: str, faces: Sequence[Face] = (*TEXTS, SMALL)
) -> None:
    """``text`` as large as it fits as a whole. Raises TooMuch."""
    face, found = fit(text, WIDTH, bottom - top, faces)
    if face is SMALL and "".join(found).replace(" ", "") != text.replace(" ", ""):
        raise TooMuch
    centred(image, top, bottom, face, found)


def _number(image: Image.Image, top: int, bottom: int, text: str, code: str = "") -> None:
    """A clock, a timer or a dialled number, and a code beside it where there is room."""
    for large, height in ((True, 28), (False, 18)):
        width = numeral_width(text, large)
        if width is not None and width <= WIDTH and height <= bottom - top:
            draw_numerals(
                image, 0 if code else (WIDTH - width) // 2, top + (bottom - top - height) // 2, text, large
            )
            if code and width + 6 + BIG.width(code) <= WIDTH:
                BIG.draw(image, WIDTH - BIG.width(code), top + (bottom - top - ROW) // 2, code)
            return
    face = next(
        (face for face in NAMES if face.width(text) <= WIDTH and face.size <= bottom - top), NAMES[-1]
    )
    centred(image, top, bottom, face, [tail(text, face, WIDTH)])
