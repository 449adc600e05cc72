"""What a provider's profile fills in where the user wrote nothing. Pure.

The user's own words win. What is weaker than this telephone's defaults is filled in only where the account
says ``accept_weaker = true``; that an unencrypted call may be placed (``media.allow_clear``) no profile says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from firmware.phone.providers import names
from firmware.phone.providers.profile import KNOWN_NEEDS, Profile, named

WEAKER = {"transport": ("udp", "tcp"), "preferred_identity": (True,)}
"""Values that a profile may give and that are weaker than the defaults."""


class Filled(NamedTuple):
    """``notes``: what was filled in and what was not, for people. ``asks``: for each fault that a missing key
    will be, what the provider calls it and where it is to be found."""

    notes: tuple[str, ...]
    asks: dict[str, str]


def fill(document: dict[str, Any]) -> Filled:
    """Fill the accounts of a configuration, as TOML gave it, in place."""
    notes: list[str] = []
    asks: dict[str, str] = {}
    for at, account in _accounts(document):
        word = account.get("provider")
        if not isinstance(word, str) or word not in names():
            continue
        profile = named(word)
        missing = [key for key in profile.ask if not account.keys() & {key, f"{key}_file"}]
        asks |= {f"{at}.{key}": f"{profile.name}: {profile.ask[key]}" for key in missing}
        notes += [f"{at}: {line}" for line in _fill(document, account, profile)]
    return Filled(tuple(notes), asks)


def _fill(document: dict[str, Any], account: dict[str, Any], profile: Profile) -> list[str]:
    willing = account.get("accept_weaker") is True
    spoken = set(account)
    if "transport" in _table(document, "sip"):
        spoken.add("transport")
    filled, lines = [], []
    for key, value in profile.account.items():
        if key in spoken:
            continue
        if value in WEAKER.get(key, ()) and not willing:
            lines.append(_refused(profile, key, value))
            continue
        account[key] = value
        filled.append(key)
    if profile.media and "encryption" not in _table(document, "media"):
        if willing:
            document.setdefault("media", {})["encryption"] = profile.media["encryption"]
            filled.append("media.encryption")
        else:
            lines.append(
                f"{profile.name} reads the keys of calls, and could listen. As it is, a call that can only "
                "be had so waits for a key on the display, and one that comes in so is refused; "
                "accept_weaker = true below the account lets such calls pass, for every account"
            )
    lines += [f"{profile.name}: {KNOWN_NEEDS[need]}" for need in profile.needs]
    first = f"{profile.name} filled in {', '.join(filled)}" if filled else f"{profile.name} filled in nothing"
    return [f"{first}; tested: {profile.tested}", *lines]


def _refused(profile: Profile, key: str, value: object) -> str:
    if key == "transport":
        return (
            f"{profile.name} is reached unencrypted alone ({value}): anyone on the way could read whom you "
            "call. The account stays with TLS, and will hardly register; accept_weaker = true below it takes "
            "that"
        )
    return (
        f"{profile.name} wants {key} = {str(value).lower()}, which tells more than this telephone does by "
        "itself; accept_weaker = true below the account takes that"
    )


def _accounts(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The accounts, each with how faults name it."""
    written = document.get("account")
    if isinstance(written, list):
        every = [one for one in written if isinstance(one, dict)]
        return [
            (f"account[{n}]" if len(every) > 1 else "account", one) for n, one in enumerate(every, start=1)
        ]
    return [("account", written)] if isinstance(written, dict) else []


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}
