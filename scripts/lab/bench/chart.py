"""Charts as plain SVG: points and lines over two axes, readable where the documentation is read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 62, 170, 34, 46
#: Told apart without colour as well: each series has its own mark.
COLOURS = ("#0b5fa5", "#c4421a", "#2e7d32", "#7b3fa0", "#8a6d00", "#00838f", "#ad1457", "#555555")
MARKS = "●▲■◆▼○△□"


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) under one name, joined by a line where their order means something."""

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = False


def svg(
    title: str, x: str, y: str, series: Sequence[Series], upright: Sequence[tuple[float, str]] = ()
) -> str:
    """A chart. `upright`: vertical lines at x with a word beside them. ValueError without a point."""
    points = [point for each in series for point in each.points]
    if not points:
        raise ValueError(f"{title}: nothing to draw")
    xs = ticks(min(p[0] for p in points), max(p[0] for p in points))
    ys = ticks(min(p[1] for p in points), max(p[1] for p in points))

    def at(px: float, py: float) -> tuple[float, float]:
        across = (px - xs[0]) / (xs[-1] - xs[0]) * (WIDTH - LEFT - RIGHT)
        up = (py - ys[0]) / (ys[-1] - ys[0]) * (HEIGHT - TOP - BOTTOM)
        return LEFT + across, HEIGHT - BOTTOM - up

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for value in xs:
        px, _ = at(value, ys[0])
        out.append(f'<path d="M{px:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>')
        out.append(f'<text x="{px:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>')
    for value in ys:
        _, py = at(xs[0], value)
        out.append(f'<path d="M{LEFT} {py:.1f}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
        out.append(f'<text x="{LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value, word in upright:
        if xs[0] <= value <= xs[-1]:
            px, _ = at(value, ys[0])
            out.append(
                f'<path d="M{px:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#b00020" stroke-dasharray="4 3"/>'
            )
            out.append(f'<text x="{px + 4:.1f}" y="{TOP + 12}" fill="#b00020">{escape(word)}</text>')
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>')
    out.append(f'<text x="{LEFT}" y="{TOP - 4}" text-anchor="end" dx="-6">{escape(y)}</text>')
    for i, each in enumerate(series):
        colour, mark = COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]
        places = [at(*point) for point in each.points]
        if each.joined:
            line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
            out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        else:
            out += [
                f'<text x="{px:.1f}" y="{py + 4:.1f}" text-anchor="middle" fill="{colour}">{mark}</text>'
                for px, py in places
            ]
        py = TOP + 14 + 18 * i
        sign = "—" if each.joined else mark
        out.append(
            f'<text x="{WIDTH - RIGHT + 12}" y="{py}" fill="{colour}">{sign} {escape(each.name)}</text>'
        )
    return "\n".join([*out, "</svg>"]) + "\n"


def ticks(low: float, high: float) -> list[float]:
    """Round values at even distance, from at or below `low` to at or above `high`."""
    span = (high - low) or max(abs(high), 1.0)
    step = 10.0 ** math.floor(math.log10(span / 5))
    step *= next(k for k in (1, 2, 5, 10) if span / (k * step) <= 7)
    first = int(low // step)
    values = [first * step]
    while values[-1] < high:
        values.append(values[-1] + step)
    if len(values) == 1:
        values.append(values[0] + step)
    return [round(value, 10) for value in values]
