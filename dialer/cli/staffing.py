"""`dialer staffing`: planned breaks, meetings and shift ends of agents, and expected calls from outside."""

from __future__ import annotations

from datetime import time
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.store import staffing

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
    minutes = 24 * 60 - (60 * ends.hour + ends.minute)
    _plan(group, agent, "shift end", ends, minutes, days, zone, as_json)


@app.command("inbound")
def expect_inbound(
    group: Group,
    per_hour: Annotated[float, typer.Option(help="Calls from outside that take an agent, an hour; 0: none.")],
    as_json: AsJson = False,
) -> None:
    """Keep agents back for calls from outside that come by chance at this rate."""
    with_database(lambda connection: staffing.expect_inbound(connection, group, per_hour))
    if as_json:
        show_json({"group": group, "per_hour": per_hour})
    else:
        typer.echo(f"{group}: {per_hour:g} calls an hour expected from outside")


@app.command("drop")
def drop(
    plan_id: Annotated[int, typer.Argument(help="The plan's number in `dialer staffing list`.")],
    as_json: AsJson = False,
) -> None:
    """Plan an absence no longer."""
    with_database(lambda connection: staffing.drop_absence(connection, plan_id))
    if as_json:
        show_json({"id": plan_id, "dropped": True})
    else:
        typer.echo(f"plan {plan_id} dropped")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All planned absences, and the calls from outside that groups expect."""
    plans = with_database(staffing.list_absences)
    inbound = with_database(staffing.list_inbound)
    if as_json:
        show_json(
            {
                "absences": [
                    {
                        "id": row["id"],
                        "group": row["group_name"],
                        "agent": row["login"],
                        "reason": row["reason"],
                        "at": f"{row['starts_at']:%H:%M}",
                        "minutes": row["minutes"],
                        "days": [DAYS[day] for day in row["weekdays"]],
                        "zone": row["time_zone"],
                    }
                    for row in plans
                ],
                "inbound": [{"group": row["group_name"], "per_hour": row["per_hour"]} for row in inbound],
            }
        )
        return
    listing = table("ID", "GROUP", "AGENT", "REASON", "AT", "MINUTES", "DAYS", "ZONE")
    for row in plans:
        days = ",".join(DAYS[day] for day in row["weekdays"])
        told = (row["reason"], f"{row['starts_at']:%H:%M}", str(row["minutes"]), days, row["time_zone"])
        listing.add_row(str(row["id"]), row["group_name"], row["login"] or "everybody", *told)
    console().print(listing if plans else "no absence is planned: dialer staffing break GROUP --at HH:MM ...")
    for row in inbound:
        typer.echo(f"{row['group_name']}: {row['per_hour']:g} calls an hour expected from outside")


def _plan(
    group: str, agent: str | None, reason: str, at: time, minutes: int, days: str, zone: str, as_json: bool
) -> None:
    weekdays = _weekdays(days)
    plan_id = with_database(
        lambda connection: staffing.plan_absence(
            connection,
            group,
            login=agent,
            reason=reason,
            at=at,
            minutes=minutes,
            weekdays=weekdays,
            zone=zone,
        )
    )
    if as_json:
        show_json({"id": plan_id, "group": group, "agent": agent, "reason": reason, "minutes": minutes})
    else:
        typer.echo(
            f"plan {plan_id}: {reason} of {agent or 'everybody'} in {group} at {at:%H:%M}, {minutes} minutes"
        )


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
