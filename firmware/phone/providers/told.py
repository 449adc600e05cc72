"""Providers in words: ``sotto providers``, and docs/providers.md."""

from __future__ import annotations

from typing import Any

from firmware.phone.providers import names
from firmware.phone.providers.profile import KNOWN_NEEDS, Profile, every, named
from firmware.phone.suggest import suggestion

_HEAD = """\
# Providers

<!-- Written by firmware/phone/providers/told.py from the profiles; do not edit.
     To renew: python -c "from firmware.phone.providers import told; print(told.page(), end='')" -->

`provider = "sipgate"` in an account fills in what you did not write; what you write wins. `sotto
providers` lists them, `sotto providers sipgate` says all of one. What is weaker than this telephone's
defaults (signalling without TLS, calls that the provider can listen to) is filled in only with
`accept_weaker = true` in the account, and told at every start and in `sotto risks`. No profile lets an
unencrypted call pass.

```toml
[account]
provider = "sipgate"
user = "1234567e0"
password_file = "password"
accept_weaker = true            # sipgate reads the keys of calls
```

**None of them was tried with the provider itself**: no accounts were at hand. What they say is from the
sources named, read on that day. A profile is one file in `firmware/phone/providers`; a mistake in it is
told with file and line.
"""


def summary(profile: Profile) -> dict[str, Any]:
    """All that is known of one, for JSON."""
    return {
        "provider": profile.word,
        "name": profile.name,
        "countries": list(profile.countries),
        "about": profile.about,
        "fills": profile.account | {f"media.{key}": value for key, value in profile.media.items()},
        "weaker": weaker(profile),
        "ask": profile.ask,
        "needs": list(profile.needs),
        "early_media": profile.early_media,
        "speech": profile.speech,
        "tested": profile.tested,
        "sources": [
            {"what": one.what, "url": one.url, "read": one.read.isoformat() if one.read else None}
            for one in profile.sources
        ],
    }


def weaker(profile: Profile) -> list[str]:
    """What it fills in with ``accept_weaker`` alone."""
    found = [f'transport = "{profile.transport}"'] if profile.transport != "tls" else []
    return found + [f'media.{key} = "{value}"' for key, value in profile.media.items()]


def answer(word: str | None) -> dict[str, Any]:
    """As the daemon answers: all of them, or one."""
    if word is None:
        return {"ok": True, "result": {"providers": [summary(one) for one in every()]}}
    if word not in names():
        return {
            "ok": False,
            "error": f"no profile is called {word!r}{suggestion(word, names())}; sotto providers lists them",
        }
    return {"ok": True, "result": {"providers": [summary(named(word))]}}


def lines(found: list[dict[str, Any]]) -> list[str]:
    """For people: one line each, or everything of a single one."""
    if len(found) > 1:
        width = max(len(one["provider"]) for one in found)
        return [
            f"{one['provider']:{width}}  {one['name']}: {one['about']}"
            + (" Needs accept_weaker." if one["weaker"] else "")
            for one in found
        ]
    one = found[0]
    told = [f"{one['name']}: {one['about']}", f'  write     provider = "{one["provider"]}"']
    told += [f"  fills     {key} = {value}" for key, value in one["fills"].items()]
    told += [f"  weaker    {text}, with accept_weaker = true alone" for text in one["weaker"]]
    told += [f"  yours     {key}: {text}" for key, text in one["ask"].items()]
    told += [f"  early     media before the answer: {one['early_media']}"]
    told += [f"  lacking   {KNOWN_NEEDS[need]}" for need in one["needs"]]
    told += [f"  speech    {one['speech']}", f"  tested    {one['tested']}"]
    return told + [f"  source    {_source(s['what'], s['url'], s['read'])}" for s in one["sources"]]


def _source(what: str, url: str, read: str | None) -> str:
    return f"{what}: {url} ({f'read {read}' if read else 'not read for this'})"


def page() -> str:
    """docs/providers.md."""
    table = [
        "| `provider` | who | signalling | with `accept_weaker` alone | early media | tested |",
        "|---|---|---|---|---|---|",
    ]
    details = []
    for one in every():
        lacking = "".join(f", `{need}` is lacking" for need in one.needs)
        weak = ", ".join(f"`{text}`" for text in weaker(one)) or "nothing"
        row = (f"`{one.word}`", one.name, f"{one.transport}{lacking}", weak, one.early_media, one.tested)
        table.append(f"| {' | '.join(row)} |")
        details += ["", f"## {one.name}", "", f"{one.about} {one.speech[0].upper()}{one.speech[1:]}.", ""]
        details += [f"- `{key}`: {text}" for key, text in one.ask.items()]
        for source in one.sources:
            read = f"read {source.read}" if source.read else "not read for this"
            details.append(f"- from: [{source.what}]({source.url}), {read}")
    return "\n".join([_HEAD, *table, *details]) + "\n"
