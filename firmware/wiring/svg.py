"""The few shapes that a wiring drawing needs."""

from __future__ import annotations

from html import escape

FONT = "font-family='DejaVu Sans, Verdana, Helvetica, sans-serif'"
Point = tuple[int, int]


class Svg:
    """Collects shapes; ``done`` is the file's text. Lengths in pixels."""

    def __init__(self, width: int, height: int, about: str) -> None:
        self._shapes = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' "
            f"height='{height}' role='img' {FONT}>",
            f"<title>{escape(about)}</title>",
        ]

    def done(self) -> str:
        return "\n".join([*self._shapes, "</svg>"]) + "\n"

    def rect(
        self, x: int, y: int, width: int, height: int, paint: str, radius: int = 0, stroke: str = ""
    ) -> None:
        self._shapes.append(
            f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='{radius}' fill='{paint}'"
            f"{_stroke(stroke)}/>"
        )

    def circle(self, x: int, y: int, radius: int, paint: str, stroke: str = "") -> None:
        self._shapes.append(f"<circle cx='{x}' cy='{y}' r='{radius}' fill='{paint}'{_stroke(stroke)}/>")

    def ring(self, x: int, y: int, radius: int, paint: str) -> None:
        self._shapes.append(
            f"<circle cx='{x}' cy='{y}' r='{radius}' fill='none' stroke='{paint}' stroke-width='4'/>"
        )

    def line(self, points: list[Point], paint: str, width: int = 2, fill: str = "none") -> None:
        path = " ".join(f"{x},{y}" for x, y in points)
        self._shapes.append(
            f"<polyline points='{path}' fill='{fill}' stroke='{paint}' stroke-width='{width}' "
            "stroke-linecap='round' stroke-linejoin='round'/>"
        )

    def wire(self, points: list[Point], paint: str, edge: str) -> None:
        """A line with an edge in the colour of the ground, so that it passes over another visibly; corners
        are round."""
        path = _rounded(points, 9)
        for stroke, width in ((edge, 8), (paint, 4)):
            self._shapes.append(f"<path d='{path}' fill='none' stroke='{stroke}' stroke-width='{width}' />")

    def text(
        self,
        x: int,
        y: int,
        words: str,
        size: int,
        paint: str,
        anchor: str = "start",
        bold: bool = False,
        halo: str = "",
    ) -> None:
        edge = f" stroke='{halo}' stroke-width='3' paint-order='stroke'" if halo else ""
        weight = " font-weight='bold'" if bold else ""
        self._shapes.append(
            f"<text x='{x}' y='{y}' font-size='{size}' fill='{paint}' text-anchor='{anchor}'{weight}{edge}>"
            f"{escape(words)}</text>"
        )


def _stroke(paint: str) -> str:
    return f" stroke='{paint}' stroke-width='2'" if paint else ""


def _rounded(points: list[Point], radius: int) -> str:
    """The path through ``points``, with its corners cut round."""
    plain = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
    path = f"M{plain[0][0]},{plain[0][1]}"
    for before, corner, after in zip(plain, plain[1:], plain[2:], strict=False):
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        path += f" L{start[0]},{start[1]} Q{corner[0]},{corner[1]} {end[0]},{end[1]}"
    return f"{path} L{plain[-1][0]},{plain[-1][1]}"


def _towards(corner: Point, other: Point, radius: int) -> Point:
    """The point ``radius`` away from ``corner`` on the way to ``other``, or half way."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = (across**2 + down**2) ** 0.5
    share = min(radius, length / 2) / length
    return round(corner[0] + across * share), round(corner[1] + down * share)
