"""Draws what the display shows: 128 x 64 pixels, one bit each. Pure: the same screen is the same picture.

Raises ``HardwareError`` where the font is not installed (see ``fonts``).
"""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from firmware.phone.display import icons, qr
from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.fonts import Face
from firmware.phone.display.large import TooMuch
from firmware.phone.display.large import draw as draw_large
from firmware.phone.display.layout import (
    ICON_GAP,
    ROW,
    SMALL,
    Row,
    centred,
    draw_numerals,
    fit,
    icon,
    numeral_width,
    rows_at_bottom,
    shorten,
    tail,
    wrap,
)
from firmware.phone.display.paging import LARGE_LINES, laid
from firmware.phone.display.resting import DIMMED, offset
from firmware.phone.display.screens import (
    PAGE_LINES,
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
from firmware.phone.display.words import (
    Words,
    asks_address,
    code_lines,
    duration,
    lines,
    pages_title,
)
from firmware.phone.language.catalogue import language
from firmware.phone.values import RegistrationState, Security, SwitchPosition

__all__ = ["brightness", "draw", "lines"]

NAMES = (*(Face(size, bold=True) for size in (24, 20, 18, 16, 14)), SMALL)
TITLE = Face(14, bold=True)
PROMPTS = NAMES[2:]
CODES = (*(Face(size, bold=True) for size in (24, 18, 14)), Face(14), SMALL)

SECURITY_ART = {
    Security.END_TO_END_VERIFIED: icons.LOCK_VERIFIED,
    Security.END_TO_END: icons.LOCK_CLOSED,
    Security.PROVIDER: icons.LOCK_OPEN,
    Security.CLEAR: icons.LOCK_BROKEN,
    Security.NONE: icons.HOURGLASS,
}

REGISTRATION_ART = {
    RegistrationState.NONE: icons.DIRECT,
    RegistrationState.REGISTERING: icons.SIGNAL,
    RegistrationState.REGISTERED: icons.REGISTERED,
    RegistrationState.FAILED: icons.NOT_REGISTERED,
}


_ARTS: dict[object, str] = {
    **{level: art for level, art in SECURITY_ART.items()},  # noqa: C416
    **{state: art for state, art in REGISTRATION_ART.items()},  # noqa: C416
}


def draw(screen: Screen, look: Look = PLAIN) -> Image.Image:
    """``screen`` as an image of mode "1", lit on dark. Raises KeyError for a language that there is not."""
    spoken = language(look.language)
    words, screen = Words(spoken), cleaned(screen, spoken)
    if look.large:
        try:
            return _large(screen, words, look)
        except TooMuch:
            pass
    image = Image.new("1", (WIDTH, HEIGHT))
    match screen:
        case Idle():
            _idle(image, screen, words)
        case Dialling():
            _dialling(image, screen, words)
        case Calling():
            _calling(image, screen, words)
        case Ringing():
            _ringing(image, screen, words)
        case InCall():
            _in_call(image, screen, words)
        case Texting():
            _texting(image, screen, words)
        case Held():
            _held(image, screen, words)
        case Ended():
            _ended(image, screen, words)
        case WatcherAsks():
            _watcher_asks(image, screen, words)
        case Warning():
            _warning(image, screen)
        case Notice():
            _warning(image, screen, icons.WARNING if screen.grave else "")
        case Code():
            _code(image, screen, words)
        case Message():
            _message(image, screen)
        case OpenPage():
            _open_page(image, screen, words)
        case Pages():
            _pages(image, laid(screen, replace(look, large=False)))
    return image


def _large(screen: Screen, words: Words, look: Look) -> Image.Image:
    image = Image.new("1", (WIDTH, HEIGHT))
    if isinstance(screen, Pages):
        screen = laid(screen, look)
        if len(screen.lines) > LARGE_LINES:
            raise TooMuch
    privacy = getattr(screen, "privacy", None)
    eye = "" if privacy is None else _eye(privacy)
    draw_large(image, screen, words, _ARTS, eye)
    return image


def brightness(screen: Screen) -> float:
    """How bright ``screen`` is, as a part of the display's brightness."""
    return DIMMED if isinstance(screen, Idle) and screen.resting is not None else 1.0


def _idle(image: Image.Image, screen: Idle, words: Words) -> None:
    if screen.resting is not None:
        _resting(image, screen, words, screen.resting)
        return
    switch = icon(image, 0, 0, _eye(screen.privacy))
    SMALL.draw(image, switch, 0, words.switch(screen.privacy))
    used = switch + SMALL.width(words.switch(screen.privacy))
    missed = words.missed(screen)
    beside = used + 6 + SMALL.width(missed) <= WIDTH
    if beside:
        _right(image, 0, missed)
    art = REGISTRATION_ART[screen.registration.state]
    rows = Row(words.LOCKED, icons.LOCK_CLOSED).folded(1) if screen.locked else []
    rows += Row(words.registration(screen), art).folded(1 if rows else 2 if screen.notice else 3)
    rows += Row(screen.notice, icons.WARNING).folded(3 - len(rows))
    if not beside and len(rows) < 3:
        rows.append(Row(missed))
    _number(image, ROW, rows_at_bottom(image, rows), screen.clock)


def _resting(image: Image.Image, screen: Idle, words: Words, place: int) -> None:
    """The clock, the switch and what is wrong, as small as they are, at a place that changes."""
    view = Image.new("1", (WIDTH, HEIGHT))
    switch = icon(view, 0, 0, _eye(screen.privacy))
    SMALL.draw(view, switch, 0, words.switch(screen.privacy))
    rows = Row(words.LOCKED, icons.LOCK_CLOSED).folded(1) if screen.locked else []
    rows += Row(words.registration(screen), REGISTRATION_ART[screen.registration.state]).folded(1)
    rows += Row(screen.notice, icons.WARNING).folded(1) + Row(words.missed(screen)).folded(1)
    large = len(rows) < 2
    _number(view, ROW + 1, ROW + 4 + (28 if large else 18) + 1, screen.clock, left=True)
    for number, row in enumerate(rows[:2]):
        row.draw(view, ROW + 6 + (28 if large else 18) + number * ROW)
    left, top, right, bottom = view.getbbox() or (0, 0, 1, 1)
    x, y = offset(place, WIDTH - (right - left), HEIGHT - (bottom - top))
    image.paste(view.crop((left, top, right, bottom)), (x, y))


def _dialling(image: Image.Image, screen: Dialling, words: Words) -> None:
    left = icon(image, 0, 0, icons.HANDSET if screen.lifted else icons.HUNG_UP)
    SMALL.draw(image, left, 0, shorten(words.dialled_by(screen), SMALL, WIDTH - left))
    notice = _notice(screen.notice)
    match = Row(screen.match).folded(1)
    rows = (
        match + Row(words.they_see(screen), middle=True).folded(max(1, 2 - len(notice) - len(match))) + notice
    )
    bottom = rows_at_bottom(image, rows)
    if screen.digits:
        _number(image, ROW, bottom, screen.digits, left=True)
    else:
        centred(image, ROW, bottom, *fit(words.DIAL, WIDTH, bottom - ROW, PROMPTS))


def _calling(image: Image.Image, screen: Calling, words: Words) -> None:
    left = icon(image, 0, 0, icons.HANDSET)
    room = WIDTH - left - icons.picture(icons.EYE).width - 6
    SMALL.draw(image, left, 0, shorten(words.by_account(screen), SMALL, room))
    _right_eye(image, 0, screen.privacy)
    place = Row(screen.place, middle=True).folded(1)
    must = _notice(screen.notice) + place + ([] if screen.lifted else [_lift(words)])
    room = 2 - len(must) if place else max(1, 2 - len(must))
    rows = (Row(words.they_see(screen), middle=True).folded(room) if room > 0 else []) + must
    _name(image, ROW, rows_at_bottom(image, rows), screen.peer or words.UNKNOWN)


def _ringing(image: Image.Image, screen: Ringing, words: Words) -> None:
    mine = words.for_account(screen)
    title = words.incoming(screen) if screen.clear or not mine else mine  # the bell says that it is a call
    Row(title, icons.BELL_CROSSED if screen.silent else icons.BELL, bar=True).draw(image, 0)
    _right_eye(image, 0, screen.privacy, lit=False)
    name, address = words.caller(screen)
    if SMALL.width(address) > WIDTH:
        address = address.replace("@", " @", 1)  # may be broken before its host
    art = icons.WARNING if screen.doubtful else ""
    below = Row(mine, middle=True).folded(1) if screen.clear else []
    bottom = rows_at_bottom(image, Row(address, art, middle=not art).folded(2 - len(below)) + below)
    _name(image, ROW + 1, bottom, name)


def _in_call(image: Image.Image, screen: InCall, words: Words) -> None:
    _right_eye(image, 1, screen.privacy)
    room = WIDTH - icons.picture(icons.EYE).width - 6
    peer = screen.peer or words.UNKNOWN
    face = SMALL if TITLE.width(peer) > room >= SMALL.width(peer) else TITLE
    face.draw(image, 0, (TITLE.size - face.size) // 2, shorten(peer, face, room))
    wide_code = TITLE.width(screen.code) > WIDTH // 2
    extras = [] if screen.lifted else [_lift(words)]
    extras += Row(screen.volume).folded(1)
    extras += _notice(screen.notice)
    extras += Row(screen.place).folded(1)
    extras += [Row(words.code(screen))] if wide_code else []
    extras += [Row(tail(words.keys(screen), SMALL, WIDTH))] if screen.digits else []
    extras += Row(screen.hint).folded(1) if not extras else []
    if extras == [_lift(words)]:
        extras.append(Row(words.MICROPHONE_CLOSED))
    clear = screen.security is Security.CLEAR
    security = Row(words.security(screen.security), SECURITY_ART[screen.security], bar=clear)
    bottom = rows_at_bottom(image, [security, *extras[:2]])
    _timer(image, TITLE.size, bottom, duration(screen.seconds), "" if wide_code else screen.code, words.CODE)


def _texting(image: Image.Image, screen: Texting, words: Words) -> None:
    """Head and protection, the end of what they typed, and on a lit bar that of what is typed here."""
    left = icon(image, 0, 0, SECURITY_ART[screen.security])
    time = duration(screen.seconds)
    eye = icons.picture(_eye(screen.privacy)).width + ICON_GAP
    room = WIDTH - left - SMALL.width(time) - eye - 6
    SMALL.draw(image, left, 0, shorten(screen.peer or words.UNKNOWN, SMALL, room))
    SMALL.draw(image, WIDTH - eye - SMALL.width(time), 0, time)
    _right_eye(image, 0, screen.privacy)
    rows = _notice(screen.notice or words.weak(screen.security))
    ours = tail(words.ours(screen), SMALL, WIDTH - 4)
    top = rows_at_bottom(image, [*rows, Row(ours, bar=screen.typing)])
    found = [line for text in screen.theirs for line in wrap(text, SMALL, WIDTH)]
    for number, line in enumerate(reversed(found[-((top - ROW) // ROW) :])):
        SMALL.draw(image, 0, top - ROW * (number + 1), line)


def _held(image: Image.Image, screen: Held, words: Words) -> None:
    left = icon(image, 0, 0, icons.HANDSET)
    SMALL.draw(image, left, 0, f"{words.HELD} {duration(screen.seconds)}")
    _right_eye(image, 0, screen.privacy)
    rows = _notice(screen.notice) + Row(screen.hint, middle=True).folded(1)
    _name(image, ROW, rows_at_bottom(image, rows), screen.peer or words.UNKNOWN)


def _ended(image: Image.Image, screen: Ended, words: Words) -> None:
    spoken = duration(screen.seconds) if screen.seconds > 0 else ""
    left = icon(image, 0, 0, icons.HUNG_UP)
    SMALL.draw(image, left, 0, shorten(screen.peer, SMALL, WIDTH - left - SMALL.width(spoken) - 6))
    _right(image, 0, spoken)
    place = Row(screen.place, middle=True).folded(1)
    rows = Row(screen.hint, middle=True).folded(2 - len(place)) + place
    _name(image, ROW, rows_at_bottom(image, rows), screen.reason)


def _watcher_asks(image: Image.Image, screen: WatcherAsks, words: Words) -> None:
    Row(words.ASKS, icons.EYE, bar=True).draw(image, 0)
    keys = Row(words.ASKS_KEYS, middle=True)
    address = asks_address(screen)
    if SMALL.width(address) > WIDTH:
        address = address.replace("@", " @", 1)  # may be broken before its host, which must be seen
    bottom = rows_at_bottom(image, [*Row(address, middle=True).folded(2), keys])
    _name(image, ROW + 1, bottom, screen.who or words.UNKNOWN)


def _warning(image: Image.Image, screen: Warning | Notice, art: str = icons.WARNING) -> None:
    """What is the matter on a lit bar, why, and at the bottom what the keys do."""
    Row(screen.title, art, bar=True).draw(image, 0)
    keys = Row(screen.keys, middle=True).folded(2)
    top = rows_at_bottom(image, keys)
    text = Row(screen.text, middle=True).folded(4 - len(keys))
    y = ROW + (top - ROW - ROW * len(text)) // 2
    for number, row in enumerate(text):
        row.draw(image, y + ROW * number)


def _code(image: Image.Image, screen: Code, words: Words) -> None:
    """The code as large as it fits, and the words under it."""
    Row(words.COMPARE if screen.code else words.CODE, icons.LOCK_CLOSED, bar=True).draw(image, 0)
    beneath = Row(screen.words, middle=True).folded(2 if len(code_lines(screen.code)) < 2 else 1)
    top = rows_at_bottom(image, [*beneath, Row(screen.keys, middle=True)])
    found = code_lines(screen.code)
    fitting = (face for face in CODES if all(face.width(line) <= WIDTH for line in found))
    centred(image, ROW, top, next(fitting, SMALL), found)


def _message(image: Image.Image, screen: Message) -> None:
    face, found = fit(screen.text, WIDTH, HEIGHT - 24, (SMALL,))
    text_top = HEIGHT - face.size * len(found) - 4 if found else HEIGHT
    _name(image, 0, text_top, screen.title)
    centred(image, text_top, HEIGHT - 4, face, found)


def _pages(image: Image.Image, screen: Pages) -> None:
    """The title and what the keys do on a lit bar, then rows of small text."""
    keys = SMALL.width(screen.keys)
    Row("", bar=True).draw(image, 0)
    SMALL.draw(image, 2, 0, shorten(pages_title(screen), SMALL, WIDTH - keys - 8), lit=False)
    SMALL.draw(image, WIDTH - keys - 2, 0, screen.keys, lit=False)
    top = HEIGHT - PAGE_LINES * ROW
    for number, line in enumerate(screen.lines[:PAGE_LINES]):
        SMALL.draw(image, 2, top + number * ROW, shorten(line, SMALL, WIDTH - 2))


def _open_page(image: Image.Image, screen: OpenPage, words: Words) -> None:
    """The QR code at the left, dark on light as cameras expect it; at the right what lets one in."""
    image.paste(255, (0, 0, HEIGHT, HEIGHT))
    modules = qr.modules(screen.url)
    scale = (HEIGHT - 2) // max(1, len(modules))
    edge = (HEIGHT - scale * len(modules)) // 2
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                at = (edge + x * scale, edge + y * scale)
                image.paste(0, (*at, at[0] + scale, at[1] + scale))
    left = HEIGHT + 4
    SMALL.draw(image, left, 0, shorten(words.CODE, SMALL, WIDTH - left))
    for number, group in enumerate(screen.code.split()):
        y = ROW + 1 + number * 20
        if group.isdecimal() and group.isascii():
            draw_numerals(image, left, y, group, False)
        else:
            SMALL.draw(image, left, y, shorten(group, SMALL, WIDTH - left))
    SMALL.draw(image, left, HEIGHT - ROW, shorten(screen.left, SMALL, WIDTH - left))


def _name(image: Image.Image, top: int, bottom: int, text: str) -> None:
    """``text`` as large as it fits between the rows ``top`` and ``bottom``."""
    face, found = fit(text, WIDTH, bottom - top, NAMES)
    centred(image, top, bottom, face, found)


def _number(image: Image.Image, top: int, bottom: int, text: str, left: bool = False) -> None:
    """A clock or a dialled number as large as it fits; of a number that never fits, the end.

    ``left``: its digits stay where they are when one is added."""
    for large, height in ((True, 28), (False, 18)):
        width = numeral_width(text, large)
        if width is not None and width <= WIDTH and height + 4 <= bottom - top:
            x = 0 if left else (WIDTH - width) // 2
            draw_numerals(image, x, top + (bottom - top - height) // 2, text, large)
            return
    faces = [face for face in NAMES if TITLE.size <= face.size <= bottom - top]
    face = next((face for face in faces if face.width(text) <= WIDTH), faces[-1])
    centred(image, top, bottom, face, [tail(text, face, WIDTH)])


def _timer(image: Image.Image, top: int, bottom: int, text: str, code: str, title: str) -> None:
    """The time of the call, and at its right the code that both people compare, called ``title``."""
    code_face = Face(16, bold=True) if bottom - top >= 16 else SMALL
    room = WIDTH - (code_face.width(code) + 8 if code else 0)
    for large, height in ((True, 28), (False, 18)):
        width = numeral_width(text, large)
        if width is not None and width <= room and height <= bottom - top:
            draw_numerals(image, 0, top + (bottom - top - height) // 2, text, large)
            break
    else:
        TITLE.draw(image, 0, top + (bottom - top - TITLE.size) // 2, text)
    y = top + (bottom - top - code_face.size) // 2
    if code and bottom - top >= ROW + code_face.size:
        _right(image, y - ROW // 2, title)
        y += ROW // 2
    code_face.draw(image, WIDTH - code_face.width(code), y, code)


def _notice(text: str) -> list[Row]:
    return Row(text, icons.WARNING).folded(1)


def _lift(words: Words) -> Row:
    return Row(words.LIFT, icons.MICROPHONE_CLOSED, bar=True)


def _right(image: Image.Image, y: int, text: str) -> None:
    SMALL.draw(image, WIDTH - SMALL.width(text), y, text)


def _right_eye(image: Image.Image, y: int, position: SwitchPosition, lit: bool = True) -> None:
    eye = icons.picture(_eye(position))
    icon(image, WIDTH - eye.width - (0 if lit else 2), y, _eye(position), lit)


def _eye(position: SwitchPosition) -> str:
    """An open eye where others may see us, a crossed one where they may not, or where nobody knows."""
    return icons.EYE if position is SwitchPosition.OPEN else icons.EYE_CROSSED
