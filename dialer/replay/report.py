"""What a replay found: the logged day, the same day played again, and the day as it would have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from typing import Any

from dialer.domain.logged import Figures

#: The unchanged rerun counts as the same day within this: share of attempts and connects, points of occupancy and
#: of abandonment.
COUNT_TOLERANCE, POINTS_TOLERANCE = 0.05, 2.0
#: With fewer live answers one abandonment more or less decides for minutes how the campaign dials. Of 18 invented days
#: with some 110 answers five missed the tolerance, one by 11 points.
FEW_ANSWERS = 300


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How far the unchanged rerun is from the log: shares of the logged count, percentage points."""

    attempts: float
    connected: float
    occupancy_points: float
    abandonment_points: float
    live_answers: int

    @property
    def holds(self) -> bool:
        counts = max(abs(self.attempts), abs(self.connected))
        points = max(abs(self.occupancy_points), abs(self.abandonment_points))
        return counts <= COUNT_TOLERANCE and points <= POINTS_TOLERANCE

    def sentence(self) -> str:
        verdict = (
            "reproduces the log" if self.holds else "does NOT reproduce the log; read the rest with care"
        )
        return (
            f"The unchanged rerun {verdict}: attempts {self.attempts:+.1%}, connects {self.connected:+.1%}, "
            f"occupancy {self.occupancy_points:+.1f} points, abandonment {self.abandonment_points:+.1f} points "
            f"(within {COUNT_TOLERANCE:.0%} and {POINTS_TOLERANCE:g} points it counts as the same)."
            + ("" if self.holds or self.live_answers >= FEW_ANSWERS else f" {self._short()}")
        )

    def _short(self) -> str:
        return (
            f"With {self.live_answers} live answers one abandonment more or less decides how it dials: "
            f"play a stretch of {FEW_ANSWERS} or more."
        )


def compare(logged: Figures, again: Figures) -> Reproduction:
    def share(was: int, now: int) -> float:
        return (now - was) / was if was else float(now > 0)

    def points(was: float | None, now: float | None) -> float:
        return 100 * ((now or 0.0) - (was or 0.0))

    return Reproduction(
        share(logged.attempts, again.attempts),
        share(logged.connected, again.connected),
        points(logged.occupancy, again.occupancy),
        points(logged.abandon_rate, again.abandon_rate),
        logged.live_answers,
    )


def row(figures: Figures) -> dict[str, str]:
    """A line of the table."""
    return {
        "attempts": str(figures.attempts),
        "live": str(figures.live_answers),
        "connected": str(figures.connected),
        "abandoned": f"{figures.abandoned} ({_percent(figures.abandon_rate)})",
        "occupancy": _percent(figures.occupancy),
        "talk min/h": "-" if figures.talk_min_per_hour is None else f"{figures.talk_min_per_hour:.1f}",
        "idle s": "-" if figures.idle_s is None else f"{figures.idle_s:.1f}",
    }


def as_json(figures: Figures) -> dict[str, Any]:
    return {
        **asdict(figures),
        "occupancy": figures.occupancy,
        "abandon_rate": figures.abandon_rate,
        "talk_min_per_hour": figures.talk_min_per_hour,
        "idle_s": figures.idle_s,
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


# --- the plot ---------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 360, 62, 170, 44, 46
COLOURS = ("#5b6472", "#1f77b4", "#d9480f")
#: The running share is drawn from this many live answers on: before, one person is several per cent.
DRAWN_FROM = 20


def plot(
    title: str,
    answers: Mapping[str, Sequence[tuple[datetime, bool]]],
    *,
    cap: float,
    begin: datetime,
    end: datetime,
) -> str:
    """An SVG: the abandoned share of live answers so far, over the day, a line for each run, and the cap."""
    lines = {name: _running(sorted(series)) for name, series in answers.items()}
    top = max([cap * 1.6, *(share for line in lines.values() for _, share in line)])
    span = (end - begin).total_seconds()

    def x(at: datetime) -> float:
        return LEFT + (at - begin).total_seconds() / span * (WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - share / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    for n in range(5):
        share, at = top * n / 4, begin + (end - begin) * n / 4
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#e3e6ea"/>',
            f'<text x="{LEFT - 8}" y="{y(share) + 4:.1f}" text-anchor="end" fill="#444">{100 * share:.1f} %</text>',
            f'<text x="{x(at):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle" fill="#444">{at:%H:%M}</text>',
        ]
    parts.append(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(cap):.1f}" y2="{y(cap):.1f}" stroke="#c92a2a" '
        'stroke-dasharray="6 4"/>'
        f'<text x="{WIDTH - RIGHT + 8}" y="{y(cap) + 4:.1f}" fill="#c92a2a">cap {100 * cap:g} %</text>'
    )
    for n, (name, line) in enumerate(lines.items()):
        colour = COLOURS[n % len(COLOURS)]
        points = " ".join(f"{x(at):.1f},{y(share):.1f}" for at, share in line)
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<rect x="{WIDTH - RIGHT + 8}" y="{TOP + 22 * n}" width="14" height="4" fill="{colour}"/>',
            f'<text x="{WIDTH - RIGHT + 28}" y="{TOP + 6 + 22 * n}">{escape(name)}</text>',
        ]
    parts.append(
        f'<text x="{LEFT}" y="{HEIGHT - 8}" fill="#444">Abandoned share of live answers so far (UTC)</text></svg>'
    )
    return "\n".join(parts) + "\n"


def _running(series: Sequence[tuple[datetime, bool]]) -> list[tuple[datetime, float]]:
    line, abandoned = [], 0
    for n, (at, lost) in enumerate(series, start=1):
        abandoned += lost
        if n >= DRAWN_FROM:
            line.append((at, abandoned / n))
    return line
