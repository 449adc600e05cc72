"""What a change of the configuration will do, in plain words, before it is done. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from firmware.network.egress import Flow, declared
from firmware.phone.config import Account, Config, Contact, weakenings
from firmware.phone.config_text import toml
from firmware.phone.setting_up.change import Change, options
from firmware.phone.values import Registration, RegistrationState
from firmware.updater.settings import Settings

RESTARTS = "The telephone then starts anew, which takes some seconds; nobody can call it meanwhile."


def effects(before: Config, after: Config, change: Change, at_keypad: Sequence[str] = ()) -> list[str]:
    """One sentence for each thing that will be different; [] when nothing will be.

    ``at_keypad``: the options that somebody set at the keypad, which stand above phone.toml.
    """
    found = [*_changed(before, after, change)]
    if not found:
        return []
    found += [*_consequences(after, change)]
    found += [*_overruled(change, at_keypad)]
    found += [note.partition(": ")[2] + "." for note in after.profiled if note not in before.profiled]
    found += [*_traffic(before, after)]
    new = [line for line in weakenings(after) if line not in weakenings(before)]
    return [*found, *(f"Careful: {line}" for line in new), RESTARTS]


def _entry(config: Config, change: Change) -> Any:
    """What the change is about, in one configuration; None: it is not there."""
    if change.table in ("account", "contact"):
        entries: Sequence[Any] = config.accounts if change.table == "account" else config.contacts
        if change.number:
            return entries[change.at] if change.at < len(entries) else None
        return None
    return getattr(config, change.table)


def _named(entry: Any) -> str:
    if isinstance(entry, Account):
        address = f"{entry.user}@{entry.domain}"
        return f"the account {entry.name} ({address})" if entry.name else f"the account {address}"
    if isinstance(entry, Contact):
        return f"the contact {entry.name} ({entry.uri})"
    return ""


def _changed(before: Config, after: Config, change: Change) -> Iterator[str]:
    was = _entry(before, change)
    if change.remove:
        yield f"Removes {_named(was)}."
        return
    if change.number == 0 and change.table in ("account", "contact"):
        entries: Sequence[Any] = after.accounts if change.table == "account" else after.contacts
        now = entries[-1]
        yield f"Adds {_named(now)}."
        was = None
    else:
        now = _entry(after, change)
    whom = f" of {_named(was)}" if was is not None and _named(was) else ""
    for row in options(change.table):
        old, new = None if was is None else getattr(was, row.name), getattr(now, row.name)
        if row.key == "password":
            if change.password and was is not None:
                yield f"A new password{whom}. It is not shown."
        elif was is None:
            same = row.option.same_as and new == getattr(now, row.option.same_as)
            plain = new in (None, "", (), row.default) or row.key in ("name", "user", "domain", "uri")
            if not same and not plain:
                yield f"Its {row.key} is {_shown(new)}."
        elif old != new:
            yield f"Changes {row.key}{whom} from {_shown(old)} to {_shown(new)}."


def _shown(value: object) -> str:
    return "nothing" if value in (None, "", ()) else toml(value)


def _consequences(after: Config, change: Change) -> Iterator[str]:
    """What the telephone will do otherwise."""
    if change.table == "account":
        for number, account in enumerate(after.accounts):
            how = {"tls": "over TLS"}.get(after.transport_of(account), "without encryption of signalling")
            first = "Calls go out by it." if number == 0 else "Calls go out by it when its prefix is dialled."
            at = account.outbound_proxy.removeprefix("sip:").split(";")[0] or account.domain
            yield f"It will log in at {at} as {account.auth_user or account.user}, {how}. {first}"
        if not after.accounts:
            yield "Without an account nobody can call it by a provider, and only direct calls go out."
    if change.table == "contact" and not change.remove:
        contact = after.contacts[change.at]
        if contact.speed_dial is not None:
            yield f"Dialling {contact.speed_dial} calls {contact.name}."
        if contact.busy_lamp:
            yield f"While the privacy switch is on open, {contact.name}'s telephone learns that you ask it."
    if change.table == "contact" and change.remove:
        yield "What is kept about them (level of protection, shared secrets, certificate) is destroyed."


def _overruled(change: Change, at_keypad: Sequence[str]) -> Iterator[str]:
    for key in change.values or {}:
        if f"{change.table}.{key}" in at_keypad:
            yield f"But {key} was set at the keypad too, and that counts until * on its page takes it back."


def _traffic(before: Config, after: Config) -> Iterator[str]:
    """Who may be talked to from now on, as the firewall's rules say it."""
    was, now = declared(before, Settings()), declared(after, Settings())
    for flow in now:
        if flow not in was:
            yield f"From then on it may talk to {_far_end(flow)}."
    for flow in was:
        if flow not in now:
            yield f"No longer may it talk to {_far_end(flow)}."


def _far_end(flow: Flow) -> str:
    first, last = flow.ports
    port = f"port {first}" if first == last else f"ports {first} to {last}"
    return f"{', '.join(flow.hosts) or 'anybody'} ({flow.protocol.upper()} {port}): {flow.what}"


def standing(registration: Registration) -> str:
    """How an account fares, in plain words."""
    words = {
        RegistrationState.REGISTERED: "registered",
        RegistrationState.REGISTERING: "connecting",
        RegistrationState.NONE: "not registered",
    }
    return words.get(registration.state) or f"not registered: {registration.reason}"
