"""What the machine needs to know of the configuration: names, times and the dial plan. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.phone.book.entries import NO_BOOK, Book, Entry, Source
from firmware.phone.config import Config, Contact
from firmware.phone.language.phrase import phrase, phrase_in
from firmware.phone.machine import starcodes
from firmware.phone.machine.dialplan import DialPlan, Form
from firmware.phone.machine.emergency import is_emergency
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

PRE_DIAL = 15.0
"""Seconds until digits pressed with the handset down are forgotten."""


def _own(contact: Contact) -> Entry:
    return Entry(contact.name, (contact.uri,), contact.group)


@dataclass(frozen=True)
class Plan:
    """A call to be placed."""

    party: Party
    restricted: bool = False
    emergency: bool = False


@dataclass(frozen=True)
class Rules:
    """The part of the configuration that decisions depend on. Times in seconds.

    ``versions``: component and version.
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

    @classmethod
    def of(cls, config: Config, versions: tuple[tuple[str, str], ...] = ()) -> Rules:
        account = config.account
        return cls(
            domain=account.domain if account else "",
            transport=config.sip.transport,
            identity=(account.display_name or account.user) if account else "your address",
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
            ),
            profile=Profile.of(config),
            config=config,
            versions=versions,
            own_book=Book([Source("phone.toml", tuple(map(_own, config.contacts)))]),
            dial_plan=DialPlan(
                tuple(dial.rule for dial in config.dials if dial.country in ("", config.phone.country)),
                account.number_form if account else Form.DIALLED,
                config.phone.country,
            ),
        )

    def plan(self, text: str) -> Plan:
        """Whom ``text`` calls, and what it asks for beside that: a star code, an emergency number.

        Raises ValueError, in words for a person, when nobody can be called by it.
        """
        dialled = starcodes.split(self.country, text)
        if not dialled.number:
            raise ValueError("the number is missing after the code; dial both together")
        digits = uri.number(dialled.number)
        emergency = is_emergency(self.country, digits)
        party = self._emergency(digits) if emergency else self.resolve(dialled.number)
        return Plan(party, dialled.restricted, emergency)

    def plan_of(self, name: str, target: str) -> Plan:
        """A call to an address of the phone book (``Entry.targets``). Raises ValueError as ``plan`` does."""
        if is_emergency(self.country, target):
            return Plan(self._emergency(target), emergency=True)
        sent = self.dial_plan.sent(target)
        return Plan(Party(str(self._target(sent)), name))

    def _emergency(self, number: str) -> Party:
        """The emergency service, before any contact that has the same speed dial."""
        target = str(self._target(number))
        return Party(target, self.name_of(target))

    def resolve(self, text: str) -> Party:
        """Whom ``text`` (digits, a name or an address) means.

        A number of one or two digits that is a contact's speed dial means that contact, and so does its name.
        Raises ValueError, in words for a person, when nobody can be called by it.
        """
        if text.isdigit() and len(text) <= 2:
            for contact in self.contacts:
                if contact.speed_dial == int(text):
                    return Party(str(self._target(contact.uri)), contact.name)
        for contact in self.contacts:
            if contact.name.casefold() == text.casefold():
                return Party(str(self._target(contact.uri)), contact.name)
        target = self._target(self.dial_plan.sent(uri.number(text)) if _DIALLED.fullmatch(text) else text)
        return Party(str(target), self.name_of(str(target)))

    def complete(self, digits: str) -> bool:
        """Whether the keys pressed so far are a whole number, to be called at once."""
        return self.dial_plan.complete(starcodes.split(self.country, digits).number)

    def _target(self, text: str) -> uri.SipUri:
        return uri.target(text, self.domain, self.transport, via_proxy=bool(self.domain))

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

    def they_see(self, exposure: Exposure, place: bool = False) -> str:
        """What the called party will learn of the caller, for the display. ``place``: one is kept."""
        if exposure.cause == EMERGENCY:
            if place:
                return phrase("{name} and place (emergency)", name=self.identity)
            return phrase("{name} (emergency)", name=self.identity)
        return self.identity if exposure.identity else phrase_in("they see", "nothing")
