"""What the page says, as HTML without a script: forms, previews, answers. Pure.

Everything that comes from outside goes through ``escape``. Each field has its label, what it means, and what
is wrong with it; the words of faults are those of phone.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

TITLES = {
    "account": "Accounts",
    "contact": "Contacts",
    "network": "Network",
    "display": "Display",
    "phone": "Country and language",
}
ONE = {"account": "account", "contact": "contact"}
LABELS = {
    "uri": "Address",
    "auth_user": "User for logging in",
    "dns": "Servers for names",
    "time": "Servers for the time",
    "pin": "Keys of the server",
}

Table = Mapping[str, Any]


def document(title: str, body: str, refresh: int = 0) -> str:
    """A whole page. ``refresh``: seconds after which it is asked for again."""
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{again}'
        f'<title>{escape(title)} – telephone</title><link rel="stylesheet" href="/style.css"></head>'
        f"<body><header><p>Setting up this telephone</p></header><main><h1>{escape(title)}</h1>{body}</main>"
        "</body></html>"
    )


def enter(error: str = "") -> str:
    """The code is asked for."""
    said = f'<p class="error" role="alert" id="error">{escape(error)}</p>' if error else ""
    described = ' aria-describedby="error" aria-invalid="true"' if error else ""
    return document(
        "Type the code",
        f"{said}<p>The display of the telephone shows it. It counts once.</p>"
        '<form method="post" action="/code"><p><label for="code">Code</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="off" '
        f'maxlength="64" required autofocus{described}></p>'
        '<p><button type="submit">Go on</button></p></form>'
        "<p>Your browser warned you. Before you type anything, look at the certificate that it was shown: "
        "its SHA-256 fingerprint must be the one on the display (key 8 there).</p>",
    )


def overview(tables: Sequence[Table], standings: Sequence[str], seconds: float, managed: str = "") -> str:
    """All that can be changed. ``managed``: why nothing can, or ""."""
    minutes = max(1, round(seconds / 60))
    parts = [f"<p>This page closes in {minutes} min. Nothing changes before you confirm it.</p>"]
    if managed:
        parts = [f'<p>This page closes in {minutes} min.</p><p role="status">{escape(managed)}</p>']
    for table in tables:
        parts.append(_section(table, standings if table["name"] == "account" else (), bool(managed)))
    parts.append(
        '<form method="post" action="/close"><p><button type="submit" class="quiet">Close this page for good'
        "</button></p></form>"
    )
    return document("What do you want to change?" if not managed else "As it is set up", "".join(parts))


def _section(table: Table, standings: Sequence[str], fixed: bool) -> str:
    name, title = str(table["name"]), TITLES[table["name"]]
    found = [f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>']
    if not table["list"]:
        rows = [
            f"<dt>{escape(label(field['key']))}</dt><dd>{_value(field, table['entries'][0])}</dd>"
            for field in table["fields"]
        ]
        found.append(f"<dl>{''.join(rows)}</dl>")
        if not fixed:
            found.append(f'<p><a class="button" href="/edit/{name}/0">Change {escape(title.lower())}</a></p>')
        return "".join([*found, "</section>"])
    if not table["entries"]:
        found.append("<p>None.</p>")
    else:
        found.append("<ul>")
        for number, entry in enumerate(table["entries"], start=1):
            who = escape(summary(name, entry))
            said = f" – {escape(standings[number - 1])}" if number <= len(standings) else ""
            change = (
                f' <a href="/edit/{name}/{number}" aria-label="Change {who}">Change</a>'
                f'<form method="post" action="/remove/{name}/{number}">'
                f'<button type="submit" class="quiet" aria-label="Remove {who}">Remove</button></form>'
            )
            found.append(f"<li>{who}{said}{'' if fixed else change}</li>")
        found.append("</ul>")
    if not fixed:
        found.append(f'<p><a class="button" href="/edit/{name}/0">Add {_article(ONE[name])}</a></p>')
    return "".join([*found, "</section>"])


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _value(field: Mapping[str, Any], entry: Mapping[str, str]) -> str:
    text = entry.get(field["key"], "")
    return (
        escape(", ".join(text.splitlines()))
        if text
        else f'<span class="hint">{escape(field["absent"])}</span>'
    )


def summary(table: str, entry: Mapping[str, str]) -> str:
    """One line for one entry of a list."""
    if table == "account":
        address = f"{entry.get('user', '')}@{entry.get('domain') or entry.get('of', '')}"
        return f"{entry['name']} ({address})" if entry.get("name") else address
    short = f", short number {entry['speed_dial']}" if entry.get("speed_dial") else ""
    return f"{entry.get('name', '')} ({entry.get('uri', '')}{short})"


def form(table: Table, number: int, values: Mapping[str, str], faults: Sequence[str] = ()) -> str:
    """The fields of one entry. ``faults``: what is wrong with what was typed, as phone.toml says it."""
    name = str(table["name"])
    by_key = {key: said for said in faults if (key := key_of(said, name, number))}
    title = TITLES[name] if not table["list"] else f"{'Change' if number else 'Add'} {_article(ONE[name])}"
    said = ""
    if faults:
        lines = "".join(f"<li>{_fault(line, key_of(line, name, number))}</li>" for line in faults)
        said = f'<div class="error" role="alert"><h2>Nothing was changed</h2><ul>{lines}</ul></div>'
    fields = "".join(
        _field(field, values.get(field["key"], ""), by_key.get(field["key"], ""), number)
        for field in table["fields"]
    )
    return document(
        title,
        f'{said}<form method="post" action="/preview/{name}/{number}">{fields}'
        '<p><button type="submit">Show what this will do</button> <a href="/">Back</a></p></form>',
    )


def key_of(fault: str, table: str, number: int) -> str:
    """The field that a fault is about, or ""."""
    found = re.match(rf"phone\.toml: {re.escape(table)}(?:\[(\d+)\])?\.([a-z_]+): ", fault)
    if found is None or (found[1] and number and int(found[1]) != number):
        return ""
    return "password" if found[2] == "password_file" else found[2]


def _fault(line: str, key: str) -> str:
    return f'<a href="#{escape(key)}">{escape(line)}</a>' if key else escape(line)


def _field(field: Mapping[str, Any], value: str, fault: str, number: int) -> str:
    key, sort = str(field["key"]), field["sort"]
    hint = escape(str(field["about"]))
    if field["absent"]:
        hint += f" Empty: {escape(str(field['absent']))}."
    if sort == "lines":
        hint += " One on each line."
    if sort == "password" and number:
        hint += " Empty: the one that there is stays. It is never shown."
    described = f"{key}-hint" + (f" {key}-error" if fault else "")
    common = f'id="{key}" name="{key}" aria-describedby="{described}"' + (
        ' aria-invalid="true"' if fault else ""
    )
    needed = " required" if field["needed"] and not (sort == "password" and number) else ""
    mark = ' <span class="needed">(needed)</span>' if needed else ""
    if sort in ("choice", "flag"):
        offered = [("", f"as it comes: {field['absent'] or 'not set'}")]
        offered += (
            [("true", "yes"), ("false", "no")] if sort == "flag" else [(one, one) for one in field["choices"]]
        )
        control = (
            f"<select {common}>"
            + "".join(_option(text, words, value) for text, words in offered)
            + "</select>"
        )
    elif sort == "lines":
        control = f'<textarea {common} rows="3" maxlength="4096">{escape(value)}</textarea>'
    else:
        kind = "password" if sort == "password" else "text"
        shown = "" if sort == "password" else escape(value)
        complete = "new-password" if sort == "password" else "off"
        rest = f'maxlength="512" autocomplete="{complete}"{needed}'
        control = f'<input {common} type="{kind}" value="{shown}" {rest}>'
    wrong = f'<span class="error" id="{key}-error">{escape(fault)}</span>' if fault else ""
    return (
        f'<p class="field"><label for="{key}">{escape(label(key))}{mark}</label>{control}{wrong}'
        f'<span class="hint" id="{key}-hint">{hint}</span></p>'
    )


def _option(text: str, words: str, value: str) -> str:
    chosen = " selected" if text == value else ""
    return f'<option value="{escape(text)}"{chosen}>{escape(words)}</option>'


def label(key: str) -> str:
    """What a person calls an option."""
    return LABELS.get(key) or key.replace("_", " ").capitalize()


def preview(effects: Sequence[str], confirm: str) -> str:
    """What will happen, before it does."""
    lines = "".join(
        f"<li>{'<strong>' if line.startswith('Careful') else ''}{escape(line)}"
        f"{'</strong>' if line.startswith('Careful') else ''}</li>"
        for line in effects
    )
    return document(
        "This will happen",
        f'<ul class="effects">{lines}</ul><form method="post" action="/confirm">'
        f'<input type="hidden" name="confirm" value="{escape(confirm)}">'
        '<p><button type="submit">Confirm</button> <a href="/">Leave it as it is</a></p></form>',
    )


def done(standings: Sequence[str]) -> str:
    """The telephone has the change."""
    lines = "".join(f"<li>Account {n}: {escape(said)}</li>" for n, said in enumerate(standings, start=1))
    said = f"<ul>{lines}</ul>" if lines else ""
    body = f'<p role="status">The telephone runs with what you confirmed.</p>{said}'
    return document("Done", f'{body}<p><a class="button" href="/">Back to all that can be changed</a></p>')


def waiting() -> str:
    """The telephone takes the change up."""
    return document(
        "The telephone starts anew",
        '<p role="status">It takes up what you confirmed. This page looks again every two seconds.</p>'
        "<p>Should it still say so after a minute, nothing was changed: "
        '<a href="/">go back</a>, and look at the telephone\'s log.</p>',
        refresh=2,
    )


def message(title: str, text: str) -> str:
    """Anything else, with a way back."""
    return document(title, f'<p role="alert">{escape(text)}</p><p><a href="/">Back</a></p>')
