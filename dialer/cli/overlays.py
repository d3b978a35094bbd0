"""`dialer rules overlay` and `dialer rules holiday`: what contracts, campaigns and towns add to the law."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.compliance.overlays import parse_overlay
from dialer.domain.errors import BadInput
from dialer.store import overlays as store
from dialer.store.database import Connection

overlay_app = typer.Typer(
    help="Overlays: what a contract or a campaign adds to the law, stricter only.", no_args_is_help=True
)
holiday_app = typer.Typer(help="Local holidays that no table tells.", no_args_is_help=True)

Contract = Annotated[str | None, typer.Option(help="Of the contract with this creditor.")]
OfCampaign = Annotated[str | None, typer.Option("--campaign", help="Of this campaign.")]
By = Annotated[str, typer.Option(help="Who says so: name and office.")]


@overlay_app.callback()
def overlays() -> None:
    """Overlays: what a contract or a campaign adds to the law, stricter only."""


@overlay_app.command("set")
def set_overlay(
    file: Annotated[
        Path, typer.Argument(help="YAML: format: cadencia-overlay/1, title, then rules as in a preset.")
    ],
    by: By,
    reason: Annotated[str, typer.Option(help="Why: the clause, the complaint, the promise.")],
    contract: Contract = None,
    campaign: OfCampaign = None,
) -> None:
    """Lay rules over the law for one creditor's debts or one campaign, in the place of those before.

    A rule looser than the law's is refused by name; verdicts name the overlay and its version as their source.
    """
    content = _read(file)

    async def work(connection: Connection) -> tuple[store.Whose, int]:
        whose = await store.find_whose(connection, contract=contract, campaign=campaign)
        return whose, await store.set_overlay(connection, whose, content, by=by, reason=reason)

    whose, version = with_database(work)
    typer.echo(f"overlay {whose.scope}:{whose.key}@{version} is in force, by the word of {by.strip()}")


@overlay_app.command("show")
def show(
    all_versions: Annotated[
        bool, typer.Option("--all", help="Also those that were replaced or removed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Every overlay in force with its rules, who set it and why."""
    rows = with_database(lambda connection: store.list_overlays(connection, all_versions=all_versions))
    if as_json:
        show_json([dict(row) for row in rows])
        return
    if not rows:
        typer.echo("no overlay: dialer rules overlay set FILE --contract CREDITOR --by ... --reason ...")
    for row in rows:
        rules = parse_overlay(row["content"], row["key"])
        gone = f"; until {shown_time(row['removed_at'])}, by {row['removed_by']}" if row["removed_at"] else ""
        typer.echo(
            f"{row['scope']}:{row['key']}@{row['version']} {rules.title!r}, since {shown_time(row['created_at'])}"
            f" by {row['set_by']}: {row['reason']}{gone}"
        )
        for name, value in _said(rules.model_dump(mode="json", exclude_defaults=True)).items():
            typer.echo(f"  {name}: {value}")


def _said(dumped: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in dumped.items() if name not in ("format", "title")}


@overlay_app.command("remove")
def remove(by: By, contract: Contract = None, campaign: OfCampaign = None) -> None:
    """Take an overlay away: what it forbade beyond the law may be done again."""

    async def work(connection: Connection) -> store.Whose:
        whose = await store.find_whose(connection, contract=contract, campaign=campaign)
        if not await store.remove_overlay(connection, whose, by=by):
            raise BadInput(f"{whose.scope} {whose.key!r} has no overlay: dialer rules overlay show")
        return whose

    whose = with_database(work)
    typer.echo(f"overlay of {whose.scope} {whose.key!r} removed")


@holiday_app.callback()
def holidays() -> None:
    """Local holidays that no table tells."""


@holiday_app.command("add")
def add_holiday(
    day: Annotated[str, typer.Argument(help="The day, like 2026-12-07.")],
    place: Annotated[str, typer.Argument(help="Country or subdivision, ISO 3166: CO, CO-ANT, BR-SP.")],
    name: Annotated[str, typer.Option(help="What day it is.")],
    source: Annotated[str, typer.Option(help="Where it is laid down: decree, gazette.")],
    by: By,
    city: Annotated[
        str | None, typer.Option(help="Only this town of the place, as addresses write it.")
    ] = None,
) -> None:
    """Add a holiday: there that day counts like any other one. Whose home is not known is taken to live there."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise BadInput(f"{day!r} is no day; write it like 2026-12-07") from None
    added = with_database(
        lambda connection: store.add_holiday(
            connection, on, place, city=city, name=name, source=source, by=by
        )
    )
    typer.echo(f"holiday {added}: {on} in {city + ', ' if city else ''}{place}")


@holiday_app.command("remove")
def remove_holiday(
    holiday_id: Annotated[int, typer.Argument(help="As `dialer rules holiday list` numbers it.")],
) -> None:
    """Take an added holiday away. Those of the country's table stay."""
    if not with_database(lambda connection: store.remove_holiday(connection, holiday_id)):
        raise BadInput(f"there is no added holiday {holiday_id}: dialer rules holiday list")
    typer.echo(f"holiday {holiday_id} removed")


@holiday_app.command("list")
def list_holidays(as_json: AsJson = False) -> None:
    """The holidays added here, with source and approver; the countries' own are in their tables."""
    rows = [dict(row) for row in with_database(store.list_holidays)]
    if as_json:
        show_json(rows)
        return
    listing = table("ID", "DAY", "PLACE", "TOWN", "NAME", "SOURCE", "BY")
    for row in rows:
        told = (row["place"], row["city"] or "-", row["name"], row["source"], row["approved_by"])
        listing.add_row(str(row["id"]), str(row["day"]), *told)
    console().print(
        listing if rows else "none: dialer rules holiday add DAY PLACE --name ... --source ... --by ..."
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} can't be read: {error}") from None
