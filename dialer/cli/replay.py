"""`dialer replay`: a logged day through the same engine again, and as it would have been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import Progress

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.campaign import Campaign
from dialer.domain.errors import BadInput
from dialer.domain.logged import Stretch, figures_of, trimmed
from dialer.domain.outcomes import LIVE_OUTCOMES, Outcome
from dialer.replay.report import as_json as shown
from dialer.replay.report import compare, plot, row
from dialer.replay.rerun import Rerun, rerun
from dialer.replay.settings import KNOBS, described, with_knobs, with_policy
from dialer.store.database import Connection
from dialer.store.logged import load_stretch

SEED = 1


def replay(
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day to play again.")],
    campaign: Annotated[str, typer.Option(help="The campaign's name.")],
    policy: Annotated[
        str | None,
        typer.Option(help="Play it with this pacing policy instead (power, predictive, vicidial_...)."),
    ] = None,
    knobs: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KNOB=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=["%H:%M"], help="From this hour.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%H:%M"], help="Until this hour.")] = None,
    time_zone: Annotated[str, typer.Option(help="Whose day and hours these are (IANA).")] = "UTC",
    plot_to: Annotated[Path | None, typer.Option("--plot", help="Write a plot (SVG) to this file.")] = None,
    json_output: AsJson = False,
) -> None:
    """Play a logged day again through the same engine in virtual time.

    First unchanged: the report says how far that is from the log. Then, with --policy or --set, as it would have
    been: the n-th call placed meets the n-th person of that day, and agents keep their hours and breaks.
    """
    since, until = _span(day.date(), begin, end, time_zone)
    stretch = with_database(lambda connection: _load(connection, campaign, since, until))
    changed = with_knobs(with_policy(stretch.campaign, policy), knobs or ())
    runs = {"log": stretch.campaign, "unchanged": stretch.campaign}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        unchanged = _play(progress, "unchanged", stretch, stretch.campaign)
        other = _play(progress, described(changed), stretch, changed) if changed != stretch.campaign else None
    name = f"{described(changed)}*" if described(changed) in ("log", "unchanged") else described(changed)
    if other:
        runs[name] = changed
    found = {"log": figures_of(stretch), "unchanged": unchanged.figures}
    if other:
        found[name] = other.figures
    reproduction = compare(found["log"], found["unchanged"])
    if plot_to is not None:
        answers = {"log": _answers(stretch), "unchanged": unchanged.answers}
        if other:
            answers[name] = other.answers
        title = f"{campaign}, {day:%Y-%m-%d}"
        drawn = plot(title, answers, cap=changed.abandon_cap, begin=stretch.begin, end=stretch.end)
        plot_to.write_text(drawn, encoding="utf-8")
    if json_output:
        show_json(
            {
                "campaign": campaign,
                "begin": stretch.begin,
                "end": stretch.end,
                "runs": {run: shown(figures) for run, figures in found.items()},
                "settings": {run: _settings(settings) for run, settings in runs.items()},
                "reproduction": {
                    "holds": reproduction.holds,
                    "attempts": reproduction.attempts,
                    "connected": reproduction.connected,
                    "occupancy_points": reproduction.occupancy_points,
                    "abandonment_points": reproduction.abandonment_points,
                },
                "calls_beyond_the_day": other.wrapped if other else unchanged.wrapped,
            }
        )
        return
    columns = list(row(found["log"]))
    listing = table("", *(column.upper() for column in columns))
    for run, figures in found.items():
        listing.add_row(run, *row(figures).values())
    console().print(listing)
    typer.echo(reproduction.sentence())
    if other and other.wrapped > 0:
        typer.echo(
            f"{other.wrapped:.0%} more calls than that day has: beyond its end its people were met again."
        )
    if plot_to is not None:
        typer.echo(f"plot: {plot_to}")


def _play(progress: Progress, what: str, stretch: Stretch, campaign: Campaign) -> Rerun:
    task = progress.add_task(what, total=1.0)
    hear: Callable[[float], None] = lambda share: progress.update(task, completed=share)  # noqa: E731
    return rerun(stretch, campaign, seed=SEED, progress=hear)


async def _load(connection: Connection, campaign: str, begin: datetime, end: datetime) -> Stretch:
    found = await find_campaign(connection, campaign)
    stretch = await load_stretch(connection, found["id"], begin, end)
    if not stretch.calls:
        raise BadInput(f"campaign {campaign!r} placed no call between {begin:%F %R} and {end:%F %R} UTC")
    return trimmed(stretch)


def _span(
    day: date, begin: datetime | None, end: datetime | None, time_zone: str
) -> tuple[datetime, datetime]:
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput(f"no time zone {time_zone!r}: name one as in America/Bogota") from None
    since = datetime.combine(day, begin.time() if begin else time(), zone)
    until = (
        datetime.combine(day, end.time(), zone)
        if end
        else datetime.combine(day + timedelta(days=1), time(), zone)
    )
    if until <= since:
        raise BadInput("--to comes after --from")
    return since.astimezone(UTC), until.astimezone(UTC)


def _answers(stretch: Stretch) -> list[tuple[datetime, bool]]:
    return [
        (call.planned_at + timedelta(seconds=call.ended_s), call.outcome is Outcome.ABANDONED)
        for call in stretch.calls
        if call.answered_s is not None and call.outcome in LIVE_OUTCOMES
    ]


def _settings(campaign: Campaign) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in ("mode", "policy", *KNOBS)}
