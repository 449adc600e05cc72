"""The figures as a table on the terminal, as JSON, and as a page of the documentation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.figures import Row, statistic

HEAD = ("figure", "unit", "ours", "rival", "ratio", "n", "target", "")


@dataclass(frozen=True)
class Circumstances:
    """Where and when the run was."""

    date: str
    machine: str
    system: str
    rival: str
    load_before: float
    load_after: float
    seconds: float
    quick: bool

    def words(self) -> str:
        kind = "quick run" if self.quick else "full run"
        return (
            f"{self.date}, {kind} of {self.seconds:.0f} s on a {self.machine} ({self.system}), beside "
            f"{self.rival}; load average {self.load_before:.1f} before, {self.load_after:.1f} after"
        )


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value == 0:
        return "0"
    digits = 3 if abs(value) < 0.1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}"


def cell(samples: Sequence[float], shown: Iterable[str]) -> str:
    """The median, and the other statistics shown, if there is more than one sample."""
    if not samples:
        return "–"
    parts = [number(statistic(samples, "median"))]
    if len(samples) > 1:
        parts += [f"{name} {number(statistic(samples, name))}" for name in shown]
    return " · ".join(parts)


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    count = str(len(row.ours))
    if row.rival and len(row.rival) != len(row.ours):
        count += f"/{len(row.rival)}"
    ratio = "–" if row.ratio is None else number(row.ratio)
    met = {True: "met", False: "NOT MET", None: "–" if row.target is None else "?"}[row.met]
    ours, rival = cell(row.ours, row.shown), cell(row.rival, row.shown)
    return (row.title, row.unit, ours, rival, ratio, count, row.target_words or "–", met)


def table(rows: Sequence[Row]) -> str:
    """For the terminal: aligned columns, then what each row means."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = []
    for line in lines:
        text.append("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip())
    text.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(text) + "\n\n" + "\n".join(f"{row.title}:\n    {row.meaning}" for row in rows)


def verdict(rows: Sequence[Row]) -> str:
    """The last line of a run."""
    judged = [row for row in rows if row.met is not None]
    missed = [row.title for row in judged if not row.met]
    lost = [f"{row.title} ({row.lost()})" for row in rows if row.lost()]
    text = f"{len(judged) - len(missed)} of {len(judged)} targets met"
    text += f"; not met: {'; '.join(missed)}" if missed else ""
    return text + (f"\nwithout a sample: {'; '.join(lost)}" if lost else "")


def as_json(rows: Sequence[Row], where: Circumstances, troubles: Sequence[str]) -> dict[str, Any]:
    return {
        "circumstances": vars(where),
        "troubles": list(troubles),
        "rows": [row.as_json() for row in rows],
    }


PAGE = """# Figures

Each row gives the median of ours and of the rival, measured in turns or at the same time in one run on one
machine; "ratio" is ours through the rival's, so below 1 ours is quicker or smaller, and n counts the samples.
Compare the two columns with each other rather than with another machine's; "met" holds ours against the
target beside it (a limit, or so many times the rival), and `make bench` measures it all anew. The rival is
baresip where a title does not name linphone.

{where}.

![Ratios and speech through loss](pictures/figures.svg)

{table}

## What the rows mean

{meanings}
"""


def page(rows: Sequence[Row], where: Circumstances) -> str:
    """The page of the documentation."""
    lines = ["| " + " | ".join(line) + " |" for line in (HEAD, *map(cells, rows))]
    lines.insert(1, "|" + "---|" * len(HEAD))
    meanings = "\n".join(f"- **{row.title}**: {row.meaning}" for row in rows)
    return PAGE.format(where=where.words(), table="\n".join(lines), meanings=meanings)
