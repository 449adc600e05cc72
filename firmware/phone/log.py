"""The log of the daemon: one line a record on stderr, without a word about whom one calls.

Redaction cannot be switched off. It masks by form (addresses, names beside them, dialled numbers, keys,
passwords, credentials) and, after :func:`learn`, the private words of the configuration. Hosts are masked
too, but for the provider's own: who runs the far end tells as much as its name.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from types import TracebackType
from typing import TextIO

from firmware.phone.config import Config
from firmware.phone.sip import uri
from firmware.phone.suggest import suggestion

MASK = "***"
LEVELS = ("debug", "info", "warning", "error", "critical")
LONGEST = 8000
"""More of a record than this is cut: a far end must not fill the journal."""

_PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}

_QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_HOST = r"\[[0-9A-Fa-f:.]+\]|[\w-]+(?:\.[\w-]+)*"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Credentials and challenges of SIP, with folded lines.
    (re.compile(r"(?i)(authorization|authenticate|authentication-info)\s*:.*(?:\n[ \t].*)*"), rf"\1: {MASK}"),
    # SRTP keys in SDP: SDES (RFC 4568) and MIKEY (RFC 4567).
    (re.compile(r"(?i)\b(inline|mikey)[: ]\s*[\w+/=|:.^-]+"), rf"\1:{MASK}"),
    (
        re.compile(
            rf"(?i)(pass(?:word|wd|phrase)?|pwd|secret|user(?:name)?)([\"']?\s*[=:]\s*)(?:{_QUOTED}|[^\s,;\"']+)"
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(rf"(?i)\b(c?nonce|response)=(?:{_QUOTED}|[^\s,;]+)"), rf"\1={MASK}"),
    (re.compile(rf"\b(name|label|peer|identity)=(?:{_QUOTED})"), rf"\1={MASK}"),
    (re.compile(r"(?i)\btel:[^\s<>\"',]+"), f"tel:{MASK}"),
    # Keys pressed, however few, and numbers where something is dialled or called.
    (re.compile(r"(?i)\b(digits?|keys?|dtmf)([\"'=: ]+)[+\d*#][\d*#]*(?: [\d*#]+)*"), rf"\1\2{MASK}"),
    (
        re.compile(
            r"(?i)\b(dial\w*|number|extension|target|call(?:s|ed|ing)?(?: to| from)?)([\"'=: ]+)"
            r"[+*#]?\d(?:[().\/ -]*[\d*#]){2,}"
        ),
        rf"\1\2{MASK}",
    ),
    # Telephone numbers anywhere: international, long, or with an area code.
    (re.compile(r"\+\d(?:[().\/ -]?\d){4,}"), MASK),
    (re.compile(r"(?<![\w.:+-])(?:\d{7,}|0\d{1,5}[ /-]\d{3,}(?:[ -]\d+)*)(?![\w:-]|\.\d)"), MASK),
)
_NAMED = re.compile(r"(?i)<(?:sips?|tel):")
_SIP = re.compile(rf"(?i)\b(sips?):([^\s<>\"@]*@)?({_HOST})?(:\d+)?((?:;[^\s<>\"',)]*)?)")
_BARE = re.compile(rf"(?<![\w.+%*#~-])[\w.+%*#~-]+@({_HOST})")
_TRANSPORT = re.compile(r"(?i);transport=\w+")


class Redaction:
    """Masks what is private in a text. Masks too much rather than too little."""

    def __init__(self) -> None:
        self._hosts: frozenset[str] = frozenset()
        self._secrets: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()
        self._places: frozenset[str] = frozenset()
        self._words: re.Pattern[str] | None = None

    def learn(self, config: Config) -> None:
        people = [contact.name for contact in config.contacts]
        addresses = [contact.uri for contact in config.contacts]
        addresses += [watcher.uri for watcher in config.privacy.watchers]
        blocked = [block.uri for block in config.privacy.blocks]
        addresses += [one for one in blocked if one.startswith("sip")]
        people += [one.rstrip("*") for one in blocked if not one.startswith("sip")]
        people += [uri.parse(address).label for address in addresses]
        for account in filter(None, config.every):
            people += [account.user, account.auth_user, account.display_name, *account.numbers]
            proxy = [uri.parse(account.outbound_proxy).host] if account.outbound_proxy else []
            self._hosts |= {account.domain, *proxy}
            self._secrets += (account.password.reveal(),) if len(account.password.reveal()) > 3 else ()
        self._known = frozenset(
            word for person in people for word in (person, *person.split()) if len(word) > 2
        )
        self._mask_words()

    def learn_place(self, text: str) -> None:
        """Mask the words of a civic address (``place.Place.text``), but for the shortest."""
        values = [part.partition("=")[2] for part in text.split(";")]
        words = {word for value in values for word in (value, *value.split()) if len(word) > 2}
        self._places |= {text, *words}
        self._mask_words()

    def _mask_words(self) -> None:
        words = self._known | self._places
        longest_first = sorted(words, key=len, reverse=True)
        pattern = "|".join(re.escape(word) for word in longest_first)
        self._words = re.compile(rf"(?i)(?<!\w)(?:{pattern})(?!\w)") if words else None

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _without_names(text)
        for form, masked in _FORMS:
            text = form.sub(masked, text)
        text = _SIP.sub(self._sip, text)
        text = _BARE.sub(lambda match: f"{MASK}@{self._host(match[1])}", text)
        return self._words.sub(MASK, text) if self._words else text

    def _sip(self, match: re.Match[str]) -> str:
        scheme, user, host, port, params = match.groups()
        if not user and not host:
            return match[0]
        shown = self._host(host or "")
        transport = _TRANSPORT.search(params)
        return (
            f"{scheme}:{f'{MASK}@' if user else ''}{shown}"
            f"{port or '' if shown != MASK else ''}{transport[0] if transport else ''}"
        )

    def _host(self, host: str) -> str:
        return host if host.lower() in self._hosts else MASK


def _without_names(text: str) -> str:
    """Mask what stands before each ``<sip:…>``: a display name (RFC 3261 section 20.10)."""
    done = []
    at = 0
    for match in _NAMED.finditer(text):
        before = text[at : match.start()]
        name = before.rstrip()
        start = _start_of_name(name)
        done.append(f"{name[:start]}{MASK} " if name[start:] else before)
        at = match.start()
    return "".join(done) + text[at:]


def _start_of_name(text: str) -> int:
    """Where the display name begins that ``text`` ends with: at its opening quote, else after a separator.

    A text that was quoted as a whole has quotes with a backslash before them; such a pair belongs together.
    """

    def escaped(quote: int) -> bool:
        head = text[:quote]
        return (len(head) - len(head.rstrip("\\"))) % 2 == 1

    if text.endswith('"'):
        closing = escaped(len(text) - 1)
        quotes = [match.start() for match in re.finditer('"', text[:-1])]
        opening = next((quote for quote in reversed(quotes) if escaped(quote) == closing), 0)
        return opening - closing if opening else 0
    start = max(text.rfind(separator) for separator in "<>:;,=(\n") + 1
    return start + len(text[start:]) - len(text[start:].lstrip())


class _OneLine(logging.Formatter):
    """One line a record, whatever is in it: level, origin, text; a traceback stands in the same line."""

    def __init__(self, redaction: Redaction, for_journal: bool) -> None:
        super().__init__()
        self._redaction = redaction
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        if record.stack_info:
            text += "\n" + record.stack_info
        cut = "… (cut)" if len(text) > LONGEST else ""
        text = self._redaction(text[:LONGEST])
        line = "".join(ascii(c)[1:-1] if uri.unprintable(c) else c for c in text) + cut
        if self._for_journal:
            return f"<{_PRIORITIES.get(record.levelname, 6)}>{record.name}: {line}"
        return f"{self.formatTime(record)} {record.levelname.lower()} {record.name}: {line}"


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """The library would print the arguments of a faulty log call as they are; they may be private."""
        kind = (sys.exc_info()[0] or Exception).__name__
        try:
            self.stream.write(f"{record.name}: a log record was lost ({kind})\n")
        except (OSError, ValueError):
            pass  # stderr is gone, there is nobody to tell


_redaction = Redaction()


def setup(level: str) -> None:
    """Log to stderr from ``level`` on, and nowhere else. Raises ``ValueError`` for an unknown level."""
    if level not in LEVELS:
        raise ValueError(f"log level: write one of {', '.join(LEVELS)}{suggestion(level, LEVELS)}")
    handler = _Handler(sys.stderr)
    handler.setFormatter(_OneLine(_redaction, _is_journal(sys.stderr)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _uncaught


def learn(config: Config) -> None:
    """Mask from now on also the names, numbers and the password of this configuration, wherever they appear.

    The provider's host names are shown from now on.
    """
    _redaction.learn(config)


def learn_place(text: str) -> None:
    """Mask from now on the words of the place that the user typed in."""
    _redaction.learn_place(text)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("sottovoce").critical("a fault in the program", exc_info=(kind, error, trace))


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd's journal reads ``stream`` (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        at = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{at.st_dev}:{at.st_ino}"
