"""`dialer staffing`: planned breaks, meetings and shift ends of agents, and expected calls from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Annotated, Any

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.domain.staffing import LONGEST_MIN, StaffingPlan
from dialer.store import staffing
from dialer.store.database import Connection

app = typer.Typer(help="Staffing: what the pacing is to know of agents beforehand.", no_args_is_help=True)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Group = Annotated[str, typer.Argument(help="The agent group.")]
Agent = Annotated[str | None, typer.Option(help="One agent's log-in; without it everybody of the group.")]
At = Annotated[str, typer.Option(help="Local time, HH:MM.")]
Days = Annotated[str, typer.Option(help="Days of the week: mon-fri, or mon,wed,sat, or a mixture.")]
Zone = Annotated[str, typer.Option(help="IANA time zone of --at, like America/Bogota.")]


@app.callback()
def group() -> None:
    """Staffing: planned breaks, meetings and shift ends, and expected calls from outside.

    The plan moves nobody. From the planned minute on the pacing no longer counts on these agents, until they are back
    or have stayed. Running dialers take a change over at once."""


@app.command("break")
def plan_break(
    group: Group,
    at: At,
    minutes: Annotated[int, typer.Option(help="How long it lasts.")],
    zone: Zone,
    days: Days = "mon-fri",
    agent: Agent = None,
    reason: Annotated[str, typer.Option(help="What it is called.")] = "break",
    as_json: AsJson = False,
) -> None:
    """Plan a break or a meeting."""
    _plan(group, agent, reason, _clock(at), minutes, days, zone, as_json)


@app.command("shift-end")
def plan_shift_end(
    group: Group, at: At, zone: Zone, days: Days = "mon-fri", agent: Agent = None, as_json: AsJson = False
) -> None:
    """Plan when a shift ends: from then to midnight its agents are not counted on."""
    ends = _clock(at)
    _plan(group, agent, "shift end", ends, _to_midnight(ends), days, zone, as_json)


@app.command("inbound")
def expect_inbound(
    group: Group,
    per_hour: Annotated[float, typer.Option(help="Calls from outside that take an agent, an hour.")],
    zone: Zone = "UTC",
    at: Annotated[str, typer.Option(help="From this local time on, HH:MM.")] = "00:00",
    minutes: Annotated[
        int | None, typer.Option(help="For so long; without it to the end of the day.")
    ] = None,
    days: Days = "mon-sun",
    reason: Annotated[str, typer.Option(help="What it is called.")] = "inbound",
    as_json: AsJson = False,
) -> None:
    """Keep agents back for calls from outside that come by chance at this rate. What is planned adds up."""
    begins = _clock(at)
    _plan(
        group,
        None,
        reason,
        begins,
        _to_midnight(begins) if minutes is None else minutes,
        days,
        zone,
        as_json,
        per_hour,
    )


@app.command("drop")
def drop(
    plan_id: Annotated[int, typer.Argument(help="The plan's number in `dialer staffing list`.")],
    as_json: AsJson = False,
) -> None:
    """Plan it no longer."""
    with_database(lambda connection: staffing.drop_plan(connection, plan_id, by=None))
    if as_json:
        show_json({"id": plan_id, "dropped": True})
    else:
        typer.echo(f"plan {plan_id} dropped; dialer staffing changes tells how to undo it")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All that is planned: absences, and calls from outside."""
    rows = with_database(staffing.list_plans)
    if as_json:
        show_json(
            [
                {
                    "id": row["id"],
                    "group": row["group_name"],
                    "agent": row["login"],
                    **_said(staffing.plan_of(row)),
                }
                for row in rows
            ]
        )
        return
    listing = table("ID", "GROUP", "AGENT", "WHAT", "AT", "MINUTES", "DAYS", "ZONE")
    for row in rows:
        plan = staffing.plan_of(row)
        what = plan.reason if plan.per_hour is None else f"{plan.reason}: {plan.per_hour:g} calls an hour"
        told = (what, f"{plan.at:%H:%M}", str(plan.minutes), _days(plan), plan.zone)
        listing.add_row(str(plan.id), row["group_name"], row["login"] or "everybody", *told)
    console().print(listing if rows else "nothing is planned: dialer staffing break GROUP --at HH:MM ...")


@app.command("changes")
def list_changes(
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many of the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Who planned what when, the newest first."""
    changes = with_database(lambda connection: staffing.list_changes(connection, limit=limit))
    if as_json:
        show_json(
            [
                {
                    "id": change.id,
                    "plan": change.plan_id,
                    "at": change.at,
                    "by": change.user_name,
                    "before": change.before and _said(change.before),
                    "after": change.after and _said(change.after),
                    "undoes": change.undoes_id,
                }
                for change in changes
            ]
        )
        return
    listing = table("ID", "AT (UTC)", "BY", "PLAN", "BEFORE", "AFTER")
    for change in changes:
        by = change.user_name or "command line"
        if change.undoes_id is not None:
            by += f", undoing {change.undoes_id}"
        told = (_in_words(change.before), _in_words(change.after))
        listing.add_row(str(change.id), f"{change.at:%Y-%m-%d %H:%M}", by, str(change.plan_id), *told)
    console().print(listing if changes else "nothing was planned yet")


@app.command("undo")
def undo(
    change_id: Annotated[int, typer.Argument(help="The change's number in `dialer staffing changes`.")],
    as_json: AsJson = False,
) -> None:
    """Put back what a change replaced."""
    with_database(lambda connection: _undo(connection, change_id))
    if as_json:
        show_json({"id": change_id, "undone": True})
    else:
        typer.echo(f"change {change_id} undone")


async def _undo(connection: Connection, change_id: int) -> None:
    change = await staffing.read_change(connection, change_id)
    if change is None:
        raise BadInput(f"there is no change {change_id}; see: dialer staffing changes")
    await staffing.undo_change(connection, change, by=None)


def _plan(
    group: str,
    agent: str | None,
    reason: str,
    at: time,
    minutes: int,
    days: str,
    zone: str,
    as_json: bool,
    per_hour: float | None = None,
) -> None:
    weekdays = _weekdays(days)

    async def save(connection: Connection) -> StaffingPlan:
        group_id = await staffing.group_named(connection, group)
        agent_id = None if agent is None else await staffing.agent_named(connection, group_id, agent)
        plan = StaffingPlan(0, agent_id, reason, at, minutes, weekdays, zone, per_hour)
        return replace(plan, id=await staffing.save_plan(connection, group_id, plan, by=None))

    plan = with_database(save)
    if as_json:
        show_json({"id": plan.id, "group": group, "agent": agent, **_said(plan)})
    else:
        typer.echo(f"plan {plan.id}: {agent or 'everybody'} in {group}, {_in_words(plan)}")


def _said(plan: StaffingPlan) -> dict[str, Any]:
    return {
        "reason": plan.reason,
        "at": f"{plan.at:%H:%M}",
        "minutes": plan.minutes,
        "days": [DAYS[day] for day in sorted(plan.weekdays)],
        "zone": plan.zone,
        "per_hour": plan.per_hour,
    }


def _in_words(plan: StaffingPlan | None) -> str:
    if plan is None:
        return "-"
    rate = "" if plan.per_hour is None else f", {plan.per_hour:g} calls an hour"
    return f"{plan.reason}{rate} at {plan.at:%H:%M}, {plan.minutes} minutes, {_days(plan)}"


def _days(plan: StaffingPlan) -> str:
    return ",".join(DAYS[day] for day in sorted(plan.weekdays))


def _to_midnight(at: time) -> int:
    return LONGEST_MIN - (60 * at.hour + at.minute)


def _clock(text: str) -> time:
    hours, _, minutes = text.partition(":")
    if not (text.isascii() and hours.isdigit() and minutes.isdigit() and len(minutes) == 2):
        raise BadInput(f"{text!r} is no time of day: give HH:MM, like 13:30")
    if int(hours) > 23 or int(minutes) > 59:
        raise BadInput(f"{text!r} is no time of day: from 00:00 to 23:59")
    return time(int(hours), int(minutes))


def _weekdays(text: str) -> frozenset[int]:
    """`mon-fri`, `sat`, `mon,wed-fri`: 0 Monday to 6 Sunday."""
    days: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        last = last or first
        if first not in DAYS or last not in DAYS or DAYS.index(first) > DAYS.index(last):
            raise BadInput(f"{part!r} is no day of the week: give mon-fri, or some of {', '.join(DAYS)}")
        days.update(range(DAYS.index(first), DAYS.index(last) + 1))
    return frozenset(days)
