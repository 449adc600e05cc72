"""What the machine needs to know of the configuration: names, times and the dial plan. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.phone.book.entries import NO_BOOK, Book, Entry, Source
from firmware.phone.config import Account, Config, Contact
from firmware.phone.language.phrase import phrase, phrase_in
from firmware.phone.machine import starcodes
from firmware.phone.machine.dialplan import DialPlan, Form
from firmware.phone.machine.emergency import begins, is_emergency
from firmware.phone.machine.first_state import Provider
from firmware.phone.machine.screening import Policy
from firmware.phone.presence import Grant
from firmware.phone.privacy import EMERGENCY, Exposure
from firmware.phone.sip import uri
from firmware.phone.sip.headers import Profile
from firmware.phone.values import Party

_DIALLED = re.compile(r"\+?[0-9*#][0-9*# ().\-/]*")
"""A number as people type it; names and addresses are no matter of the dial plan."""

MAX_DIGITS = 32
"""Digits kept for one dialled number; ITU-T E.164 needs 15, and a prefix comes before."""

DIAL_TONE = 30.0
"""Seconds of dial tone before the phone says by congestion tone that nothing was dialled."""

HOWL = 30.0
"""Seconds of congestion tone after that, then silence."""

END_TONE = 15.0
"""Seconds of busy or congestion tone after a call that ended with the handset lifted."""

ENDED_SHOWN = 5.0
"""Seconds that the screen of an ended call stays once the handset is down."""

ENDED_KEPT = 30.0
"""Seconds until an ended call is forgotten: no call record is kept (mission, P1)."""

RING_LIMIT = 180.0
"""Seconds after which an unanswered incoming call is refused with 480 (RFC 3261 section 13.3.1.1)."""

ASK_GUARD = 1.0
"""Seconds that a question stands before a key answers it: one pressed earlier was not meant for it."""

MOST_CALLS = 2
"""Answered or placed calls at one time, beside one that waits; a call for help goes out all the same."""

NEWS = 5.0
"""Seconds that the display says what has become of a call, while another one goes on."""

GUEST = phrase("Guest")
"""Whose telephone it is in guest mode."""

PRE_DIAL = 15.0
"""Seconds until digits pressed with the handset down are forgotten."""


def _without_account(config: Config) -> Line:
    """The one line of a telephone that has no account: direct calls."""
    here = ("", config.phone.country)
    rules = tuple(dial.rule for dial in config.dials if dial.country in here and not dial.account)
    return Line(
        transport=config.sip.transport,
        identity="your address",
        profile=Profile.of(config),
        dial_plan=DialPlan(rules, Form.DIALLED, config.phone.country),
    )


def _own(contact: Contact) -> Entry:
    return Entry(contact.name, (contact.uri,), contact.group)


@dataclass(frozen=True)
class Plan:
    """A call to be placed. ``number``: of one for help, what was dialled. ``account``: by which it goes."""

    party: Party
    restricted: bool = False
    emergency: bool = False
    number: str = ""
    account: int = 0


@dataclass(frozen=True)
class Line:
    """What decisions need to know of one account; ``Rules`` has the same of the first.

    ``urn``: it is asked for the emergency service by its name (RFC 5031) first.
    """

    label: str = ""
    domain: str = ""
    transport: str = "tls"
    identity: str = ""
    profile: Profile = Profile()
    dial_plan: DialPlan = DialPlan()
    prefix: str = ""
    urn: bool = False

    @classmethod
    def of(cls, config: Config, account: Account) -> Line:
        here = ("", config.phone.country)
        rules = [dial for dial in config.dials if dial.country in here and dial.account in ("", account.name)]
        return cls(
            account.label,
            account.domain,
            config.transport_of(account),
            account.display_name or account.user,
            Profile.of(config, account),
            DialPlan(tuple(dial.rule for dial in rules), account.number_form, config.phone.country),
            account.prefix,
            account.emergency == "urn",
        )


@dataclass(frozen=True)
class Rules:
    """The part of the configuration that decisions depend on. Times in seconds.

    ``versions``: component and version. ``label``, ``prefix``, ``urn``: of the first account, as ``Line`` has
    them; ``more``: the accounts after it. ``guest``: this is a guest period; ``helpers``: the accounts that
    only a call for help goes by then. ``untouched``: nothing was ever said to this telephone.
    ``to_test``: it was, and nobody has tried it yet. ``providers``: those that the first start offers.
    """

    domain: str = ""
    transport: str = "tls"
    identity: str = ""
    contacts: tuple[Contact, ...] = ()
    digit_timeout: float = 4.0
    no_answer_timeout: float = 60.0
    missed_calls_light: bool = False
    grants: tuple[Grant, ...] = ()
    country: str = ""
    screening: Policy = Policy()
    profile: Profile = Profile()
    config: Config = Config()
    versions: tuple[tuple[str, str], ...] = ()
    dial_plan: DialPlan = DialPlan()
    own_book: Book = NO_BOOK
    label: str = ""
    prefix: str = ""
    urn: bool = False
    more: tuple[Line, ...] = ()
    guest: bool = False
    helpers: tuple[Line, ...] = ()
    providers: tuple[Provider, ...] = (Provider(),)
    untouched: bool = False
    to_test: bool = False

    @classmethod
    def of(cls, config: Config, versions: tuple[tuple[str, str], ...] = ()) -> Rules:
        account = config.account
        first = Line.of(config, account) if account else _without_account(config)
        return cls(
            domain=first.domain,
            transport=first.transport,
            identity=GUEST if config.as_guest else first.identity,
            label=first.label,
            prefix=first.prefix,
            urn=first.urn,
            more=tuple(Line.of(config, one) for one in config.more),
            contacts=config.contacts,
            digit_timeout=config.phone.digit_timeout,
            no_answer_timeout=config.phone.no_answer_timeout,
            missed_calls_light=config.phone.missed_calls_light,
            grants=tuple(Grant(w.uri, w.shows, w.until) for w in config.privacy.watchers),
            country=config.phone.country,
            screening=Policy(
                config.privacy.anonymous_callers,
                config.privacy.unknown_callers,
                tuple(block.uri for block in config.privacy.blocks),
                config.privacy.forwarded_callers,
            ),
            profile=first.profile,
            config=config,
            versions=versions,
            own_book=Book([Source("phone.toml", tuple(map(_own, config.contacts)))]),
            dial_plan=first.dial_plan,
            guest=config.as_guest,
            helpers=tuple(Line.of(config, one) for one in config.helpers),
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every account; without one the one line of direct calls."""
        first = Line(
            self.label,
            self.domain,
            self.transport,
            self.identity,
            self.profile,
            self.dial_plan,
            self.prefix,
            self.urn,
        )
        return (first, *self.more)

    @property
    def every(self) -> tuple[Line, ...]:
        """All that calls go by, by their numbers: ``lines``, then those that only calls for help go by."""
        return (*self.lines, *self.helpers)

    def line(self, account: int) -> Line:
        every = self.every
        return every[account if 0 < account < len(every) else 0]

    def helper(self, account: int) -> int:
        """The account that an emergency number goes by first where ``account`` was picked."""
        return len(self.lines) if self.helpers else account

    def name_of_account(self, account: int) -> str:
        """What the display calls an account, "" where there is but one."""
        return self.line(account).label if self.more else ""

    def plan(self, text: str, picked: int | None = None) -> Plan:
        """Whom ``text`` calls, and what it asks for beside that: a star code, an account, an emergency
        number. ``picked``: the account that a key has picked.

        Raises ValueError, in words for a person, when nobody can be called by it.
        """
        dialled = starcodes.split(self.country, text)
        if not dialled.number:
            raise ValueError("the number is missing after the code; dial both together")
        account, number = self.split(dialled.number, picked)
        digits = uri.number(number)
        if is_emergency(self.country, digits):
            helper = self.helper(account or 0)
            return Plan(self.help(digits, helper), dialled.restricted, True, digits, helper)
        party, account = self._meant(number, account)
        return Plan(party, dialled.restricted, account=account)

    def split(self, number: str, picked: int | None = None) -> tuple[int | None, str]:
        """The account that the keys before a number pick, and the number without them. A whole speed dial,
        and an emergency number, are themselves.
        """
        if is_emergency(self.country, uri.number(number)) or self._by_speed_dial(number):
            return picked, number
        for account, line in enumerate(self.lines):
            if line.prefix and number.startswith(line.prefix) and number != line.prefix:
                return account, number[len(line.prefix) :]
        return picked, number

    def plan_of(self, name: str, target: str, picked: int | None = None) -> Plan:
        """A call to an address of the phone book (``Entry.targets``). Raises ValueError as ``plan`` does."""
        if is_emergency(self.country, target):
            helper = self.helper(picked or 0)
            return Plan(self.help(target, helper), emergency=True, number=target, account=helper)
        account = self.account_for(target) if picked is None else picked
        sent = self.line(account).dial_plan.sent(target)
        return Plan(Party(str(self._target(sent, account)), name), account=account)

    def help(self, number: str, account: int) -> Party:
        """The emergency service, before any contact that has the same speed dial."""
        target = str(self._target(number, account))
        return Party(target, self.name_of(target))

    def resolve(self, text: str) -> Party:
        """Whom ``text`` (digits, a name or an address) means.

        A number of one or two digits that is a contact's speed dial means that contact, and so does its name.
        Raises ValueError, in words for a person, when nobody can be called by it.
        """
        return self._meant(text, None)[0]

    def _meant(self, text: str, picked: int | None) -> tuple[Party, int]:
        """Who, and by which account: the one that was picked, else that of the address's domain."""
        contact = self._by_speed_dial(text)
        contact = contact or next((c for c in self.contacts if c.name.casefold() == text.casefold()), None)
        if contact is not None:
            account = self.account_for(contact.uri) if picked is None else picked
            return Party(str(self._target(contact.uri, account)), contact.name), account
        account = self.account_for(text) if picked is None else picked
        plan = self.line(account).dial_plan
        target = self._target(plan.sent(uri.number(text)) if _DIALLED.fullmatch(text) else text, account)
        return Party(str(target), self.name_of(str(target))), account

    def _by_speed_dial(self, text: str) -> Contact | None:
        if not text.isdigit() or len(text) > 2:
            return None
        return next((one for one in self.contacts if one.speed_dial == int(text)), None)

    def account_for(self, address: str) -> int:
        """The account of the domain that an address names; the first for any other."""
        host = address.rpartition("@")[2].split(";")[0].casefold()
        return next((n for n, line in enumerate(self.lines) if line.domain and line.domain == host), 0)

    def complete(self, digits: str) -> bool:
        """Whether the keys pressed so far are a whole number, to be called at once."""
        typed = starcodes.split(self.country, digits).number
        if begins(self.country, typed):
            return False  # one key more may call help
        account, number = self.split(typed)
        return self.line(account or 0).dial_plan.complete(number)

    def _target(self, text: str, account: int = 0) -> uri.SipUri:
        line = self.line(account)
        return uri.target(text, line.domain, line.transport, via_proxy=bool(line.domain))

    def name_of(self, address: str) -> str:
        """The contact's name for an address, or ""."""
        contact = self.contact_of(address)
        return contact.name if contact else ""

    def contact_of(self, address: str) -> Contact | None:
        """The contact who has this address, or None."""
        try:
            wanted = uri.parse(address)
        except ValueError:
            return None
        for contact in self.contacts:
            if uri.same_address(wanted, uri.parse(contact.uri)):
                return contact
        return None

    def they_see(self, exposure: Exposure, place: bool = False, account: int = 0) -> str:
        """What the called party will learn of the caller, for the display. ``place``: one is kept."""
        identity = self.line(account).identity
        if exposure.cause == EMERGENCY:
            if place:
                return phrase("{name} and place (emergency)", name=identity)
            return phrase("{name} (emergency)", name=identity)
        return identity if exposure.identity else phrase_in("they see", "nothing")
