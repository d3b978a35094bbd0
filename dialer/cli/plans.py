"""`dialer campaign plan`: how often, and when, a campaign tries its leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.contact_plan import USUAL, ContactPlan, parse_rule, read_plan
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import RECYCLE
from dialer.store.contact_plans import read_contact_plan, save_contact_plan
from dialer.store.database import Connection


def plan(
    name: Annotated[str, typer.Argument(help="The campaign's name.")],
    tries: Annotated[int | None, typer.Option(help="Quota: tries of a lead in all.")] = None,
    days: Annotated[int | None, typer.Option(help="Quota: over so many days from the first.")] = None,
    per_day: Annotated[int | None, typer.Option("--per-day", help="Quota: at most so many a day.")] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            help="Quota: tries in the person's morning, afternoon (12 h) and evening (17 h), e.g. 2,2,2."
        ),
    ] = None,
    no_quota: Annotated[bool, typer.Option("--no-quota", help="Take the quota away.")] = False,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            help="Of an outcome: rest, and tries in a row on a number, e.g. no_answer=2h:4; repeatable."
        ),
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option("--max-attempts", min=1, max=100, help="On a lead, whatever comes of them.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the usual plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show or change how a campaign tries again: rests by outcome, and "6 tries over 5 days in 3 parts of the day"."""
    quota = {"tries": tries, "days": days, "per_day": per_day, "parts": _parts(parts)}
    given = [key for key, value in quota.items() if value is not None]

    async def settle(connection: Connection) -> ContactPlan:
        campaign_id = (await find_campaign(connection, name))["id"]
        before = USUAL if reset else await read_contact_plan(connection, campaign_id)
        data = before.as_json()
        if given:
            data["quota"] = _quota(before, tries, days, per_day, _parts(parts))
        wanted = read_plan(data)
        if no_quota:
            wanted = replace(wanted, quota=None)
        if rule:
            wanted = replace(wanted, rules={**wanted.rules, **dict(map(parse_rule, rule))})
        if max_attempts is not None:
            wanted = replace(wanted, max_attempts=max_attempts)
        if wanted.as_json() != before.as_json() or reset:
            await save_contact_plan(connection, campaign_id, wanted)
        return wanted

    kept = with_database(settle)
    if as_json:
        show_json(kept.as_json())
        return
    shown = table("outcome", "rest", "tries in a row", "then")
    for outcome, each in kept.rules.items():
        shown.add_row(
            f"{outcome}{'' if each == RECYCLE[outcome] else ' *'}",
            _words(each.delay) + (" (doubling)" if each.doubling else ""),
            str(each.max_tries),
            "next number" if each.next_phone else "same number",
        )
    console().print(shown)
    typer.echo(f"at most {kept.max_attempts} attempts on a lead   (* differs from the usual)")
    if kept.quota is None:
        typer.echo("no quota by day or part of the day")
    else:
        morning, afternoon, evening = kept.quota.parts
        typer.echo(
            f"quota: {kept.quota.tries} tries over {kept.quota.days} days, at most {kept.quota.per_day} a day;"
            f" {morning} in the morning, {afternoon} in the afternoon, {evening} in the evening"
        )


def _quota(
    before: ContactPlan, tries: int | None, days: int | None, per_day: int | None, parts: list[int] | None
) -> dict[str, object]:
    """The quota asked for; what is not said stays, and without a quota before follows from the rest."""
    old = before.quota
    tries = tries if tries is not None else old.tries if old else None
    days = days if days is not None else old.days if old else None
    if tries is None or days is None:
        raise BadInput("a quota needs at least --tries and --days")
    per_day = per_day if per_day is not None else old.per_day if old else -(-tries // max(days, 1))
    if parts is None:
        parts = list(old.parts) if old else [-(-tries // 3)] * 3
    return {"tries": tries, "days": days, "per_day": per_day, "parts": parts}


def _parts(text: str | None) -> list[int] | None:
    if text is None:
        return None
    found = [each.strip() for each in text.split(",")]
    if len(found) != 3 or not all(each.isdigit() for each in found):
        raise BadInput(f"--parts {text!r} is not three numbers: morning,afternoon,evening, e.g. 2,2,2")
    return [int(each) for each in found]


def _words(delay: timedelta) -> str:
    """2h, 10m, 5s: as `--rule` takes it."""
    seconds = int(delay.total_seconds())
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit}{name}"
    return f"{seconds}s"
