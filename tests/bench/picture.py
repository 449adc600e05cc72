"""The figures as one picture (SVG): each ratio to the rival, and speech through loss. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tests.bench.figures import Row, statistic

WIDTH, LINE, LEFT = 960, 22, 420
MOST = 8.0
"""The largest ratio that is drawn to scale; what is beyond ends at the edge, with its number."""

GOOD, BAD, PLAIN = "#2f7d4f", "#b3402a", "#6b7280"
LOSS = "loss-"


def svg(rows: Sequence[Row]) -> str:
    """Bars from the line of 1 (as good as the rival) to the left (better) or right, then the curves."""
    beside = [row for row in rows if row.ratio is not None and not row.key.startswith(LOSS)]
    curve = [row for row in rows if row.key.startswith(LOSS) and row.ours and row.rival]
    top = 60
    parts = [_text(16, 28, "Ours through the rival's: 1 is as good, left is better", 16)]
    for place, row in enumerate(beside):
        parts += _bar(row, top + place * LINE)
    bottom = top + len(beside) * LINE
    axis = _x(1.0)
    parts.append(
        f'<line x1="{axis}" y1="{top - 8}" x2="{axis}" y2="{bottom}" stroke="#111" stroke-width="1"/>'
    )
    if curve:
        parts += _curve(curve, bottom + 50)
        bottom += 330
    height = bottom + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _x(ratio: float) -> float:
    """Where a ratio stands, on a scale of powers."""
    share = math.log(max(1 / MOST, min(MOST, ratio))) / math.log(MOST)
    middle = LEFT + (WIDTH - LEFT - 80) / 2
    return round(middle + share * (WIDTH - LEFT - 80) / 2, 1)


def _bar(row: Row, y: int) -> list[str]:
    ratio = row.ratio or 0.0
    colour = {True: GOOD, False: BAD, None: PLAIN}[row.met]
    left, right = sorted((_x(1.0), _x(ratio)))
    name = row.title if len(row.title) < 62 else row.title[:60] + "…"
    return [
        _text(16, y + 14, name, 12),
        f'<rect x="{left}" y="{y + 3}" width="{max(1.0, right - left):.1f}" height="{LINE - 8}" '
        f'fill="{colour}"/>',
        _text(right + 5, y + 14, f"{ratio:.2f}", 11),
    ]


def _curve(rows: Sequence[Row], top: int) -> list[str]:
    """PESQ over the share of loss."""
    left, width, height = 80, 520, 220
    shares = [float(row.key.removeprefix(LOSS)) for row in rows]

    def place(share: float, quality: float) -> str:
        x = left + width * share / max(*shares, 1.0)
        return f"{x:.1f},{top + 20 + height * (1 - (quality - 1) / 3.64):.1f}"

    parts = [_text(16, top, "Speech (PESQ-WB) at so many per cent of lost packets", 16)]
    for quality in (1, 2, 3, 4):
        y = top + 20 + height * (1 - (quality - 1) / 3.64)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(_text(left - 24, y + 4, str(quality), 11))
    for share in shares:
        parts.append(_text(left + width * share / max(*shares, 1.0) - 4, top + height + 38, f"{share:g}", 11))
    for name, colour, place_y in (("ours", GOOD, 40), ("rival", PLAIN, 60)):
        samples = [row.ours if name == "ours" else row.rival for row in rows]
        points = " ".join(place(s, statistic(got, "median")) for s, got in zip(shares, samples, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(_text(left + width + 30, top + place_y, name, 13, colour))
    return parts


def _text(x: float, y: float, text: str, size: int, colour: str = "#111") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
