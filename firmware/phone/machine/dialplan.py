"""What is sent for a dialled number: rules of the user, and the form that the provider wants. Pure.

A pattern is keys, ``X`` for any digit, ``[2-9]`` or ``[147]`` for one of some, and ``.`` at its end for any
more digits. Of a number that a rule matches, ``strip`` keys are taken away at the front and ``prefix`` is put
there. What no rule matches goes in the form that is asked for, if libphonenumber says that it is a number at
all.

Three things always hold, whatever the rules are: an emergency number is never changed, nothing else becomes
one, and what was changed once is not changed again (``chained`` refuses rules that would).
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.phone.machine import starcodes
from firmware.phone.machine.emergency import EVERYWHERE, NUMBERS, is_emergency

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

DIGITS = frozenset("0123456789")
_KEYS = re.compile(r"\+?[0-9*#]+")
_PART = re.compile(r"[0-9*#+X]|\[([0-9]-[0-9]|[0-9]+)\]")


SERVICES = ("*21*", "*26", "*61*", "*67*")
"""How the codes of ``machine.services`` begin that have a star."""


class Form(enum.Enum):
    """How a number goes to the provider: as it was dialled, as +49 30 …, or as people of the country dial."""

    DIALLED = "dialled"
    INTERNATIONAL = "international"
    NATIONAL = "national"


@dataclass(frozen=True)
class Pattern:
    """``keys``: what may stand at each place; ``more``: any digits may follow."""

    keys: tuple[frozenset[str], ...]
    more: bool = False

    def matches(self, number: str) -> bool:
        head, rest = number[: len(self.keys)], number[len(self.keys) :]
        fits = len(head) == len(self.keys) and all(
            key in allowed for key, allowed in zip(head, self.keys, strict=True)
        )
        return fits and (not rest or (self.more and set(rest) <= DIGITS))

    def meets(self, other: Pattern) -> bool:
        """Whether some number matches both."""
        short, long = sorted((self, other), key=lambda pattern: len(pattern.keys))
        if not all(one & two for one, two in zip(short.keys, long.keys, strict=False)):
            return False
        rest = long.keys[len(short.keys) :]
        return not rest or (short.more and all(keys & DIGITS for keys in rest))


def pattern(text: str) -> Pattern:
    """The pattern that ``text`` writes. Raises ValueError in plain words."""
    body, keys, at = text.removesuffix("."), [], 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None or (body[at] == "+" and at):
            raise ValueError(
                'is no pattern; write keys, X for any digit, [2-9] for one of some, "." at the end for more'
            )
        keys.append(_allowed(part[0], part[1] or ""))
        at = part.end()
    if not keys:
        raise ValueError("matches every number; write at least the first key")
    return Pattern(tuple(keys), text.endswith("."))


def _allowed(part: str, inside: str) -> frozenset[str]:
    if part == "X":
        return DIGITS
    if len(inside) == 3 and inside[1] == "-":
        first, last = sorted((inside[0], inside[2]))
        return frozenset(digit for digit in DIGITS if first <= digit <= last)
    return frozenset(inside or part)


@dataclass(frozen=True)
class Rule:
    """``at_once``: a number that matches is complete, and called without waiting for more."""

    match: Pattern
    strip: int = 0
    prefix: str = ""
    at_once: bool = False

    @property
    def result(self) -> Pattern:
        """What this rule makes of the numbers that it matches."""
        front = tuple(frozenset(key) for key in self.prefix)
        return Pattern(front + self.match.keys[self.strip :], self.match.more)

    @property
    def changes(self) -> bool:
        return bool(self.strip or self.prefix)

    def sent(self, number: str) -> str:
        return self.prefix + number[self.strip :]


def chained(rules: Sequence[Rule]) -> tuple[int, int] | None:
    """The first rule whose numbers another one, or itself, would change again, and that one; None: none."""
    for one, rule in enumerate(rules):
        for two, other in enumerate(rules):
            if rule.changes and other.changes and rule.result.meets(other.match):
                return one, two
    return None


def cuts_off(country: str, rule: Rule) -> str:
    """The emergency number that nobody could dial to its end because of ``rule``, or ""."""
    numbers = sorted(EVERYWHERE | NUMBERS.get(country, frozenset()))
    begun = ((number, number[:size]) for number in numbers for size in range(1, len(number)))
    return next((number for number, start in begun if rule.at_once and rule.match.matches(start)), "")


def shadows(country: str, prefix: str) -> str:
    """What ``prefix`` would be mistaken for if it picked an account: an emergency number, a code; or "". An
    emergency number that begins with it is itself: it is looked for first.
    """
    numbers = sorted(EVERYWHERE | NUMBERS.get(country, frozenset()))
    if number := next((number for number in numbers if prefix.startswith(number)), ""):
        return f"the emergency number {number}"
    codes = (*starcodes.codes(country), *SERVICES)
    code = next((code for code in codes if code.startswith(prefix) or prefix.startswith(code)), "")
    return f"the code {code}" if code else ""


@dataclass(frozen=True)
class DialPlan:
    """``country``: ISO 3166, or "" when it is not known: then only a number with + has another form."""

    rules: tuple[Rule, ...] = ()
    form: Form = Form.DIALLED
    country: str = ""

    def sent(self, number: str) -> str:
        """What goes to the provider when ``number`` (keys, no spaces) is dialled."""
        if not _KEYS.fullmatch(number) or is_emergency(self.country, number):
            return number
        changed = self._changed(number)
        return number if is_emergency(self.country, changed) else changed

    def _changed(self, number: str) -> str:
        by_rule = self._by_rule(number)
        if by_rule is not None:
            return by_rule
        if any(rule.changes and rule.result.matches(number) for rule in self.rules):
            return number
        formed = self._formed(number)
        again = self._by_rule(formed)
        return formed if again is None else again

    def _by_rule(self, number: str) -> str | None:
        """What the first rule that matches makes of it; None: none does."""
        rules = (rule for rule in self.rules if rule.changes and rule.match.matches(number))
        return next((rule.sent(number) for rule in rules), None)

    def _formed(self, number: str) -> str:
        if self.form is Form.DIALLED:
            return number
        parsed = _parsed(number, self.country)
        if parsed is None:
            return number
        import phonenumbers as library

        if self.form is Form.INTERNATIONAL:
            return library.format_number(parsed, library.PhoneNumberFormat.E164)
        if not self.country:
            return number
        national = library.format_out_of_country_calling_number(parsed, self.country)
        if library.country_code_for_region(self.country) == parsed.country_code:
            national = library.format_number(parsed, library.PhoneNumberFormat.NATIONAL)
        return re.sub("[^0-9+]", "", national)

    def complete(self, number: str) -> bool:
        """Whether the keys pressed so far are a whole number, by a rule that says so."""
        return any(rule.at_once and rule.match.matches(number) for rule in self.rules)


def written(number: str, country: str = "") -> str:
    """A number with its country as people write it, such as "+49 30 901820"; any other text as it is."""
    parsed = _parsed(number, country) if number.startswith("+") else None
    if parsed is None:
        return number
    import phonenumbers as library

    return library.format_number(parsed, library.PhoneNumberFormat.INTERNATIONAL)


def canonical(number: str, country: str) -> str:
    """A number with its country, such as "+4930901820"; "" for what is none."""
    parsed = _parsed(number, country)
    if parsed is None:
        return ""
    import phonenumbers as library

    return library.format_number(parsed, library.PhoneNumberFormat.E164)


@functools.lru_cache(maxsize=256)
def _parsed(number: str, country: str) -> PhoneNumber | None:
    """The number, if it is one. The library is loaded when it is first asked: most telephones never do."""
    import phonenumbers as library

    try:
        parsed = library.parse(number, country or None)
    except library.NumberParseException:
        return None
    good = library.is_valid_number(parsed) and not parsed.extension
    return parsed if good else None
