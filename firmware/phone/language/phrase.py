"""English text that can be said in other languages: it knows the words it was made of. Pure.

A ``Phrase`` is an ordinary ``str``, its English text, wherever nobody asks for more. Whatever makes a new
string of it (``+``, ``f"{…}"``, ``.strip()``) loses the rest: put texts together by the values of a phrase.

The words are found in the source by ``firmware.messages``, so they have to stand there literally.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

Value = str | int
"""What is put into a phrase: a name as it is, another phrase, or a number."""


class Phrase(str):
    """``msgid``: the English words with ``{name}`` for each of ``values``. ``plural``: the same for another
    number than 1, which ``values["number"]`` tells; "" without one. ``context``: what the words are about,
    where they alone could mean two things. ``fixed``: nothing but its values is translated.
    """

    msgid: str
    plural: str
    context: str
    values: dict[str, Value]
    fixed: bool

    def __new__(
        cls,
        msgid: str,
        values: dict[str, Value],
        *,
        plural: str = "",
        context: str = "",
        fixed: bool = False,
    ) -> Phrase:
        words = plural if plural and values["number"] != 1 else msgid
        made = super().__new__(cls, filled(words, values))
        made.msgid, made.plural, made.context = msgid, plural, context
        made.values, made.fixed = values, fixed
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.msgid, self.values, self.plural, self.context, self.fixed)


def _again(msgid: str, values: dict[str, Value], plural: str, context: str, fixed: bool) -> Phrase:
    return Phrase(msgid, values, plural=plural, context=context, fixed=fixed)


def filled(words: str, values: dict[str, Value]) -> str:
    """``words`` with each ``{name}`` replaced. Nothing else in the values is looked at."""
    return words.format(**values) if values else words


def phrase(msgid: str, **values: Value) -> Phrase:
    """``phrase("Hold 0: {who} calls", who=name)``."""
    return Phrase(msgid, values)


def phrase_in(context: str, msgid: str, **values: Value) -> Phrase:
    """The same for words that mean another thing elsewhere: ``phrase_in("switch", "Open")``."""
    return Phrase(msgid, values, context=context)


def counted(one: str, many: str, number: int, **values: Value) -> Phrase:
    """Words that depend on a number: ``counted("{number} hour", "{number} hours", hours)``."""
    return Phrase(one, {"number": number, **values}, plural=many)


def joined(parts: Iterable[str], between: str = " ") -> Phrase:
    """Texts one after the other."""
    values: dict[str, Value] = {f"part{number}": part for number, part in enumerate(parts)}
    return Phrase(between.join(f"{{{name}}}" for name in values), values, fixed=True)


def calendar_day(when: date) -> Phrase:
    """A date, such as 2027-01-31."""
    return phrase_in("date", "{year}-{month}-{day}", year=f"{when:%Y}", month=f"{when:%m}", day=f"{when:%d}")


def moment(when: datetime) -> Phrase:
    """Day and time of a moment that was not long ago, such as 31.01. 12:03."""
    parts: dict[str, Value] = {
        "month": f"{when:%m}",
        "day": f"{when:%d}",
        "hour": f"{when:%H}",
        "minute": f"{when:%M}",
    }
    return phrase_in("date", "{day}.{month}. {hour}:{minute}", **parts)
