"""The present risks, each with its remedy, from the live state and the configuration. Pure.

In plain words, short enough for the display; the heaviest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from firmware.phone.config import Config
from firmware.phone.language.phrase import calendar_day, counted, joined, phrase
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.updates import notice_words
from firmware.phone.updates import SUPPORT_WARNING, News
from firmware.phone.values import Encryption, Part, RegistrationState, SwitchPosition

CERTIFICATE_WARNING = 7
"""Days before the end of a server's certificate; most are renewed earlier by themselves."""

NOTICE_TOLD = 30
"""Days for which a security notice is told that does not concern this version."""


@dataclass(frozen=True)
class Risk:
    """``name`` is for programs and stays the same; ``weight`` from 0 to 100 orders them."""

    name: str
    weight: int
    text: str
    remedy: str

    @property
    def item(self) -> str:
        """The item of the menu where the remedy is, "": it is not at the keypad."""
        return _ITEMS.get(self.name, "")


_ITEMS = {
    **dict.fromkeys(("known-flaw", "notice", "older", "update-undone", "support-ends"), "6"),
    "history": "3",
    "watchers": "2",
    "switch-open": "1",
    **dict.fromkeys(("sound", "ringer", "keypad"), "*"),
}
"""Risk -> the item of ``machine.menu``; "*" are the settings, where the self-test is."""


def first_at_hand(found: list[Risk]) -> Risk | None:
    """The heaviest whose remedy is at the keypad: one key leads there."""
    return next((risk for risk in found if risk.item), None)


def risks(rules: Rules, state: State, today: date) -> list[Risk]:
    """What is a risk now, the heaviest first."""
    found = [risk for source in _SOURCES for risk in source(rules, state, today)]
    return sorted(found, key=lambda risk: -risk.weight)


def as_json(found: list[Risk]) -> list[dict[str, Any]]:
    return [{"risk": risk.name, "text": risk.text, "remedy": risk.remedy} for risk in found]


def _signalling(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    config = rules.config
    transport = next((t for t in _transports(config) if t != "tls"), "tls")
    if transport != "tls":
        yield Risk(
            "sip-clear",
            100,
            phrase("Anyone on the way can read whom you call and when."),
            phrase('In phone.toml: sip.transport = "tls"'),
        )
    if config.media.encryption is Encryption.PROVIDER and transport != "tls":
        yield Risk(
            "keys-clear",
            99,
            phrase("Anyone on the way can listen: keys may go unencrypted."),
            phrase("Remove sip.transport, or write tls."),
        )
    known = [state.connection(number).registration for number in range(max(1, len(config.accounts)))]
    away = next((one for one in known if one.state is not RegistrationState.REGISTERED), known[0])
    registration = next((one for one in known if "not trusted" in one.reason), away)
    if registration.state is RegistrationState.FAILED and "not trusted" in registration.reason:
        yield Risk(
            "certificate",
            95,
            phrase("The server did not prove that it is your provider's. Nothing was sent to it."),
            phrase("Ask your provider. Check date and time."),
        )
    elif config.account and registration.state is not RegistrationState.REGISTERED:
        yield Risk(
            "not-registered",
            55,
            phrase("One account has no connection: nobody can call you there now.")
            if config.more
            else phrase("No connection to your provider: nobody can call you now."),
            phrase("Check the network cable and the account."),
        )


def _certificates(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    """The first server whose certificate comes to its end: then nothing is sent to it any more."""
    known = [state.connection(number).signalling.until for number in range(len(rules.lines))]
    ends = min((day for day in known if day is not None), default=None)
    if ends is not None and (ends - today).days <= CERTIFICATE_WARNING:
        yield Risk(
            "certificate-ends",
            76,
            phrase("Your provider's certificate ends on {day}: no calls after it.", day=calendar_day(ends)),
            phrase("Ask your provider to renew it."),
        )


def _transports(config: Config) -> list[str]:
    return [config.transport_of(account) for account in config.accounts] or [config.sip.transport]


def _identities(rules: Rules) -> str:
    return ", or ".join(dict.fromkeys(line.identity for line in rules.lines))


def _listening(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    media = rules.config.media
    if media.allow_clear:
        yield Risk(
            "clear-calls",
            90,
            phrase("Calls without encryption are possible, if you agree to one."),
            phrase("In phone.toml: remove allow_clear."),
        )
    if media.encryption is Encryption.PROVIDER:
        yield Risk(
            "provider-listens",
            85,
            phrase("Your provider can listen to your calls."),
            phrase("In phone.toml: remove encryption in [media]."),
        )
    yield Risk(
        "who-answers",
        61,
        phrase("Encryption alone does not prove who is at the other end."),
        phrase("In a call hold * and compare the code. Once is enough."),
    )
    differed = [known.uri for known in state.reached if known.differed]
    if differed:
        who: str = rules.name_of(differed[0])[:16]
        if len(differed) > 1:
            who = phrase("{who} and {more} more", who=who, more=len(differed) - 1)
        text = phrase("The code with {who} differed: somebody may listen.", who=who)
        yield Risk(
            "codes-differed",
            89,
            text,
            phrase("Compare again: hold * in a call."),
        )


def _switch(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if state.switch is SwitchPosition.UNREADABLE:
        yield Risk(
            "switch-unreadable",
            80,
            phrase("The privacy switch cannot be read. It counts as private."),
            phrase("Have its wires checked."),
        )
    if state.switch is SwitchPosition.OPEN:
        yield Risk(
            "switch-open",
            70,
            phrase("Who calls you or is called by you sees: {who}.", who=_identities(rules)),
            phrase("Slide the privacy switch to private."),
        )


def _guest(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if state.own_card:
        yield Risk(
            "guest-card",
            86,
            phrase("The network knows this telephone again by its card's number."),
            phrase("Start with the network units of systemd, or end guest mode: hold *."),
        )


def _provider(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    account = rules.config.account
    if account is None:
        return
    yield Risk(
        "provider-knows",
        60,
        phrase("Your provider knows whom you call and when, and may keep it."),
        phrase("Choose one that keeps little. Direct calls need none."),
    )
    if account.auth_user in ("", account.user):
        yield Risk(
            "login-name",
            50,
            phrase("Each call shows the provider your login name; it may pass it on."),
            phrase("Ask for one that is not your number: account.auth_user."),
        )


def _always(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    yield Risk(
        "emergency",
        65,
        phrase("Without power or network there is no call, no emergency call either."),
        phrase("Keep another telephone at hand."),
    )
    yield Risk(
        "address-visible",
        52,
        phrase("The far end sees your IP address, and roughly where you are. No relay yet."),
        phrase("Call over a network that may be known, or over a VPN."),
    )


def _updates(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    updates = state.updates
    if updates.affected:
        text = phrase("This version is affected: {flaw}", flaw=updates.affected[0].text)
        if len(updates.affected) > 1:
            text = joined((text, phrase("And {more} more.", more=len(updates.affected) - 1)))
        yield Risk(
            "known-flaw",
            97,
            text,
            phrase("Install the update: menu 6, then 1.")
            if updates.offer
            else phrase("Look for updates: menu 6."),
        )
    if updates.offer is not None and not updates.affected:
        yield Risk(
            "older",
            63,
            phrase(
                "Your version {old} is older than the newest, {new}.",
                old=updates.version,
                new=updates.offer.version,
            ),
            phrase("Install the update: menu 6, then 1."),
        )
    for one in updates.notices:
        if one.affected:
            yield Risk("notice", 94, notice_words(one), one.remedy)
        elif (today - one.published).days <= NOTICE_TOLD:
            yield Risk("notice-other", 5, notice_words(one), phrase("Nothing is to be done."))
    until = updates.supported_until
    if until is not None and today > until:
        yield Risk(
            "support-ended",
            96,
            phrase("Security updates ended on {day}: new flaws stay.", day=calendar_day(until)),
            phrase("Replace the telephone, or build its firmware yourself: it is free."),
        )
    elif until is not None and (until - today).days <= SUPPORT_WARNING:
        yield Risk(
            "support-ends",
            48,
            phrase("Security updates end on {day}.", day=calendar_day(until)),
            phrase("Think of what comes after: this firmware is free."),
        )
    if updates.news is News.BACK:
        yield Risk(
            "update-undone",
            58,
            phrase(
                "Version {new} did not work here; you have {old}.",
                new=updates.news_version,
                old=updates.version,
            ),
            phrase("Wait for the next version. sotto update status says why."),
        )
    if not updates.told or not updates.server or updates.mode == "off":
        yield Risk(
            "no-updates",
            62,
            phrase("No updates come by themselves: flaws stay until you act."),
            phrase("Set url in update.toml, and mode to automatic.")
            if updates.told
            else phrase("Have the updater started: sottovoce-update."),
        )


def _senses(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if state.display_trouble:
        yield Risk(
            "display",
            82,
            phrase("The display fails: you cannot see what protects a call. The dial tone stutters."),
            phrase("Have its wires checked."),
        )
    if state.no_sound:
        yield Risk(
            "sound",
            67,
            phrase("The handset gives no sound: no call can be held, no emergency call either."),
            phrase("Have the handset's plug checked."),
        )
    if state.ringer_trouble:
        yield Risk(
            "ringer",
            46,
            phrase("The ringer is silent: calls are seen, not heard."),
            phrase("Have its plug checked."),
        )


def _board(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if any(part is Part.KEYPAD for part, _ in state.broken):
        yield Risk(
            "keypad",
            87,
            phrase("Keys fail or are stuck: a call, an emergency call too, may be impossible."),
            phrase("Free the keys. sotto status says what fails."),
        )
    if state.health.weak:
        yield Risk(
            "power-weak",
            72,
            phrase("The power supply is too weak: calls may break off."),
            phrase("Use the supply that the board's maker names, and a short cable."),
        )
    if state.health.hot:
        yield Risk(
            "too-hot",
            71,
            phrase("The telephone is too hot and slows itself down: speech may falter."),
            phrase("Let air reach it, and keep it out of the sun."),
        )


def _kept(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    config = rules.config
    if state.store_trouble:
        yield Risk(
            "disk",
            88,
            phrase("The disk fails: {trouble}.", trouble=state.store_trouble),
            phrase("Make room on the card, or replace it."),
        )
    if config.password_exposed:
        yield Risk(
            "config-readable",
            75,
            phrase("Others on this machine can read your password in phone.toml."),
            phrase("Run: chmod 600 phone.toml"),
        )
    hours = config.privacy.history_hours
    if hours:
        yield Risk(
            "history",
            45,
            counted(
                "Your calls are kept for {number} hour.", "Your calls are kept for {number} hours.", hours
            ),
            phrase("Set history_hours to 0. To erase: menu 3, then * twice."),
        )
    number = sum(grant.holds(today) for grant in (*rules.grants, *state.grants))
    if number:
        yield Risk(
            "watchers",
            44,
            counted(
                "{number} person may see whether you are there, while the switch is open.",
                "{number} persons may see whether you are there, while the switch is open.",
                number,
            ),
            phrase("Menu 2 says who. End it in phone.toml, or erase: menu 3."),
        )


_SOURCES: tuple[Callable[[Rules, State, date], Iterator[Risk]], ...] = (
    _signalling,
    _certificates,
    _listening,
    _switch,
    _guest,
    _provider,
    _always,
    _updates,
    _board,
    _senses,
    _kept,
)
