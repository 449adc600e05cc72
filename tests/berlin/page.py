"""report.html: one file without any foreign resource, to be read on a screen, in the dark, and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from tests.berlin.model import Result, Row, Verdict

STYLE = Path(__file__).with_name("page.css")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:"

KIND = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.NOT_YET: "later"}

# Shapes differ, not colours alone: a tick in a disc, a cross in a square, an open ring.
_SHAPES = {
    Verdict.PASS: '<circle cx="12" cy="12" r="11"/><path class="ink" d="M6.5 12.5l3.7 3.8 7.3-8"/>',
    Verdict.FAIL: '<rect x="1" y="1" width="22" height="22"/><path class="ink" d="M7 7l10 10M17 7L7 17"/>',
    Verdict.NOT_YET: '<circle class="ring" cx="12" cy="12" r="10"/>',
}


def html(found: Sequence[Row], generated: datetime, version: str, planted: str = "") -> str:
    """The whole page."""
    counts = {verdict: sum(row.verdict is verdict for row in found) for verdict in Verdict}
    experiments = sum(len(row.results) for row in found)
    warning = f'<p class="planted" role="note">A leak was planted: {escape(planted)}.</p>' if planted else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>Sottovoce {escape(version)}: the Berlin recommendations, observed</title>
<style>
{STYLE.read_text()}</style>
</head>
<body>
<a class="skip" href="#rows">Skip to the rows</a>
<header>
<p class="kicker">Sottovoce {escape(version)} · conformance report</p>
<h1>The Berlin recommendations, <em>observed</em></h1>
<p class="lede">The Berlin working paper of 2006 says what Internet telephones owe to those who speak by
them. Nothing below is declared: each line was tried on the running firmware, with an independent telephone
at the other end, on the wire, on the display and on the disk.</p>
{warning}
<dl class="tally">{"".join(_count(verdict, number) for verdict, number in counts.items())}
<div class="made"><dt>{experiments} experiments</dt>
<dd><time datetime="{generated.isoformat()}">{_day(generated)}</time></dd></div></dl>
</header>
<nav aria-label="All rows"><ul class="tiles">{"".join(map(_tile, found))}</ul></nav>
<main id="rows">
{"".join(map(_section, found))}</main>
<footer>
<p><strong>pass</strong>: every experiment of the row went as it should.
<strong>fail</strong>: at least one did not.
<strong>not yet</strong>: what was tried holds, and a part that is still to be built is named.</p>
<p>Captures are opened with the far end's secrets beside them:
<code>tshark -r wire.pcap -o tls.keylog_file:far-end.keys</code>. Names in the evidence are
random and belong to nobody. Made by <code>make berlin</code>; <a href="report.json">the same as JSON</a>.</p>
</footer>
</body>
</html>
"""


def _count(verdict: Verdict, number: int) -> str:
    return f'<div class="{KIND[verdict]}"><dt>{_mark(verdict)} {verdict}</dt><dd>{number}</dd></div>'


def _tile(row: Row) -> str:
    return (
        f'<li><a class="{KIND[row.verdict]}" href="#{row.id}"><span class="id">{row.id}</span>'
        f'{_mark(row.verdict)}<span class="word">{row.verdict}</span></a></li>'
    )


def _section(row: Row) -> str:
    missing = ""
    if row.missing:
        parts = "".join(f"<li>{escape(part)}</li>" for part in row.missing)
        missing = f'<div class="missing"><h3>Still to come</h3><ul>{parts}</ul></div>'
    tried = "".join(_experiment(result) for result in row.results if result.verdict is not Verdict.NOT_YET)
    return f"""<section id="{row.id}" class="{KIND[row.verdict]}" aria-labelledby="{row.id}-title">
<div class="margin"><span class="id">{row.id}</span>
<span class="badge">{_mark(row.verdict)} {row.verdict}</span></div>
<div class="body"><h2 id="{row.id}-title">{escape(row.recommendation)}</h2>
<p class="does"><b>The phone:</b> {escape(row.behaviour)}</p>
{tried}{missing}</div>
</section>
"""


def _experiment(result: Result) -> str:
    files = "".join(
        f'<li><a href="{quote(name)}">{escape(name.rsplit("/", 1)[-1])}</a></li>' for name in result.evidence
    )
    pictures = "".join(
        f'<img src="{quote(name)}" alt="The display: {escape(result.name)}" width="256" height="128">'
        for name in result.evidence
        if name.endswith(".png")
    )
    evidence = f'<ul class="files" aria-label="Evidence">{files}</ul>' if files else ""
    title = result.name[:1].upper() + result.name[1:]
    return f"""<article class="{KIND[result.verdict]}">
<h3>{_mark(result.verdict)} {escape(title)}<span class="said">: {result.verdict}</span></h3>
<p class="done">{escape(result.done)}</p>
<p class="seen">{escape(result.observed)}</p>
{pictures}{evidence}</article>
"""


def _mark(verdict: Verdict) -> str:
    return (
        f'<svg class="mark {KIND[verdict]}" viewBox="0 0 24 24" aria-hidden="true">{_SHAPES[verdict]}</svg>'
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
