"""`dialer campaign check` and `message`: what a campaign's rule set asks of it before it may start."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.cli.book import change_by_name
from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.compliance.breach import Breach
from dialer.compliance.duties import start_breaches
from dialer.compliance.overlays import rules_of
from dialer.domain.campaign import Campaign
from dialer.store.database import Connection
from dialer.store.shard_state import read_campaign

Name = Annotated[str, typer.Argument(help="The campaign's name.")]


def check(name: Name, as_json: AsJson = False) -> None:
    """Say what in a campaign breaks its rule set, with norm and source; exit code 1 when something does."""

    async def work(connection: Connection) -> tuple[Campaign, list[Breach]]:
        campaign = await read_campaign(connection, (await find_campaign(connection, name))["id"])
        return campaign, start_breaches(campaign, datetime.now(UTC).date())

    campaign, found = with_database(work)
    rules = rules_of(campaign)
    if as_json:
        show_json(
            {
                "campaign": name,
                "rule_set": {"name": rules.name, "version": rules.version},
                "may_start": not found,
                "breaches": [{**asdict(breach), "says": breach.says} for breach in found],
            }
        )
    elif not found:
        typer.echo(f"campaign {name!r} may start under {rules.name} {rules.version}")
    else:
        listing = table("RULE", "WHAT IS WRONG", "NORM", "SOURCES")
        for breach in found:
            listing.add_row(breach.rule, breach.says, breach.norm or "policy", " ".join(breach.src) or "-")
        console().print(listing)
    if found:
        raise typer.Exit(1)


def message(
    name: Name,
    text: Annotated[
        str, typer.Argument(help="What is said to whom no agent attends; '-' for the switch's own recording.")
    ],
    by: Annotated[str | None, typer.Option("--as", help="The log-in that the change is booked on.")] = None,
) -> None:
    """Write what a person hears whom no agent attends: who called and where to call back, never why."""
    words = None if text == "-" else text.strip()
    with_database(lambda connection: change_by_name(connection, name, {"abandoned_text": words}, by))
    typer.echo(
        f"campaign {name!r}: whom no agent attends hears {'the switch' if words is None else 'the new words'}"
    )
