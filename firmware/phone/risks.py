"""The present risks, each with its remedy, from the live state and the configuration. Pure.

In plain words, short enough for the display; the heaviest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from firmware.phone.config import Config
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.updates import SUPPORT_WARNING, News
from firmware.phone.values import Encryption, Part, RegistrationState, SwitchPosition


@dataclass(frozen=True)
class Risk:
    """``name`` is for programs and stays the same; ``weight`` from 0 to 100 orders them."""

    name: str
    weight: int
    text: str
    remedy: str


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
            "Anyone on the way can read whom you call and when.",
            'In phone.toml: sip.transport = "tls"',
        )
    if config.media.encryption is Encryption.PROVIDER and transport != "tls":
        yield Risk(
            "keys-clear",
            99,
            "Anyone on the way can listen: keys may go unencrypted.",
            "Remove sip.transport, or write tls.",
        )
    known = [state.connection(number).registration for number in range(max(1, len(config.accounts)))]
    away = next((one for one in known if one.state is not RegistrationState.REGISTERED), known[0])
    registration = next((one for one in known if "not trusted" in one.reason), away)
    if registration.state is RegistrationState.FAILED and "not trusted" in registration.reason:
        yield Risk(
            "certificate",
            95,
            "The server did not prove that it is your provider's. Nothing was sent to it.",
            "Ask your provider. Check date and time.",
        )
    elif config.account and registration.state is not RegistrationState.REGISTERED:
        yield Risk(
            "not-registered",
            55,
            "No connection to your provider: nobody can call you now."
            if not config.more
            else "One account has no connection: nobody can call you there now.",
            "Check the network cable and the account.",
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
            "Calls without encryption are possible, if you agree to one.",
            "In phone.toml: remove allow_clear.",
        )
    if media.encryption is Encryption.PROVIDER:
        yield Risk(
            "provider-listens",
            85,
            "Your provider can listen to your calls.",
            "In phone.toml: remove encryption in [media].",
        )
    yield Risk(
        "who-answers",
        61,
        "Encryption alone does not prove who is at the other end.",
        "In a call hold * and compare the code. Once is enough.",
    )
    differed = [known.uri for known in state.reached if known.differed]
    if differed:
        others = f" and {len(differed) - 1} more" if len(differed) > 1 else ""
        yield Risk(
            "codes-differed",
            89,
            f"The code with {rules.name_of(differed[0])[:16]}{others} differed: somebody may listen.",
            "Compare again: hold * in a call.",
        )


def _switch(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if state.switch is SwitchPosition.UNREADABLE:
        yield Risk(
            "switch-unreadable",
            80,
            "The privacy switch cannot be read. It counts as private.",
            "Have its wires checked.",
        )
    if state.switch is SwitchPosition.OPEN:
        yield Risk(
            "switch-open",
            70,
            f"Who calls you or is called by you sees: {_identities(rules)}.",
            "Slide the privacy switch to private.",
        )


def _provider(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    account = rules.config.account
    if account is None:
        return
    yield Risk(
        "provider-knows",
        60,
        "Your provider knows whom you call and when, and may keep it.",
        "Choose one that keeps little. Direct calls need none.",
    )
    if account.auth_user in ("", account.user):
        yield Risk(
            "login-name",
            50,
            "Each call shows the provider your login name; it may pass it on.",
            "Ask for one that is not your number: account.auth_user.",
        )


def _always(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    yield Risk(
        "emergency",
        65,
        "Without power or network there is no call, no emergency call either.",
        "Keep another telephone at hand.",
    )
    yield Risk(
        "address-visible",
        52,
        "The far end sees your IP address, and roughly where you are. No relay yet.",
        "Call over a network that may be known, or over a VPN.",
    )


def _updates(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    updates = state.updates
    if updates.affected:
        more = f" And {len(updates.affected) - 1} more." if len(updates.affected) > 1 else ""
        yield Risk(
            "known-flaw",
            97,
            f"This version is affected: {updates.affected[0].text}{more}",
            "Install the update: menu 6, then 1." if updates.offer else "Look for updates: menu 6.",
        )
    until = updates.supported_until
    if until is not None and today > until:
        yield Risk(
            "support-ended",
            96,
            f"Security updates ended on {until.isoformat()}: new flaws stay.",
            "Replace the telephone, or build its firmware yourself: it is free.",
        )
    elif until is not None and (until - today).days <= SUPPORT_WARNING:
        yield Risk(
            "support-ends",
            48,
            f"Security updates end on {until.isoformat()}.",
            "Think of what comes after: this firmware is free.",
        )
    if updates.news is News.BACK:
        yield Risk(
            "update-undone",
            58,
            f"Version {updates.news_version} did not work here; you have {updates.version}.",
            "Wait for the next version. sotto update status says why.",
        )
    if not updates.told or not updates.server or updates.mode == "off":
        yield Risk(
            "no-updates",
            62,
            "No updates come by themselves: flaws stay until you act.",
            "Set url in update.toml, and mode to automatic."
            if updates.told
            else "Have the updater started: sottovoce-update.",
        )


def _senses(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if state.display_trouble:
        yield Risk(
            "display",
            82,
            "The display fails: you cannot see what protects a call. The dial tone stutters.",
            "Have its wires checked.",
        )
    if state.no_sound:
        yield Risk(
            "sound",
            67,
            "The handset gives no sound: no call can be held, no emergency call either.",
            "Have the handset's plug checked.",
        )
    if state.ringer_trouble:
        yield Risk(
            "ringer",
            46,
            "The ringer is silent: calls are seen, not heard.",
            "Have its plug checked.",
        )


def _board(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    if any(part is Part.KEYPAD for part, _ in state.broken):
        yield Risk(
            "keypad",
            87,
            "Keys fail or are stuck: a call, an emergency call too, may be impossible.",
            "Free the keys. sotto status says what fails.",
        )
    if state.health.weak:
        yield Risk(
            "power-weak",
            72,
            "The power supply is too weak: calls may break off.",
            "Use the supply that the board's maker names, and a short cable.",
        )
    if state.health.hot:
        yield Risk(
            "too-hot",
            71,
            "The telephone is too hot and slows itself down: speech may falter.",
            "Let air reach it, and keep it out of the sun.",
        )


def _kept(rules: Rules, state: State, today: date) -> Iterator[Risk]:
    config = rules.config
    if state.store_trouble:
        yield Risk(
            "disk",
            88,
            f"The disk fails: {state.store_trouble}.",
            "Make room on the card, or replace it.",
        )
    if config.password_exposed:
        yield Risk(
            "config-readable",
            75,
            "Others on this machine can read your password in phone.toml.",
            "Run: chmod 600 phone.toml",
        )
    hours = config.privacy.history_hours
    if hours:
        yield Risk(
            "history",
            45,
            f"Your calls are kept for {hours} {'hour' if hours == 1 else 'hours'}.",
            "Set history_hours to 0. To erase: menu 3, then * twice.",
        )
    number = sum(grant.holds(today) for grant in (*rules.grants, *state.grants))
    if number:
        who = "1 person" if number == 1 else f"{number} persons"
        yield Risk(
            "watchers",
            44,
            f"{who} may see whether you are there, while the switch is open.",
            "Menu 2 says who. End it in phone.toml, or erase: menu 3.",
        )


_SOURCES: tuple[Callable[[Rules, State, date], Iterator[Risk]], ...] = (
    _signalling,
    _listening,
    _switch,
    _provider,
    _always,
    _updates,
    _board,
    _senses,
    _kept,
)
