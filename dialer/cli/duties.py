"""`dialer campaign check` and `message`: what a campaign's rule set asks of it before it may start."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.compliance.duties import Breach, breaches, demand, start_breaches, terms_of
from dialer.compliance.overlays import rules_of
from dialer.domain.campaign import Campaign
from dialer.domain.screening import SpokenText
from dialer.portfolio.messages import check_text
from dialer.store.database import Connection
from dialer.store.duties import save_abandoned_text
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
                "breaches": [asdict(breach) for breach in found],
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
) -> None:
    """Write what a person hears whom no agent attends: who called and where to call back, never why."""

    async def work(connection: Connection) -> None:
        campaign = await read_campaign(connection, (await find_campaign(connection, name))["id"])
        words = None if text == "-" else text.strip()
        if words is not None:
            check_text(SpokenText.ABANDONED, words, campaign.language)
            rules = rules_of(campaign)
            today = datetime.now(UTC).date()
            said = breaches(rules, terms_of(campaign, abandoned_text=words), on=today)
            demand([breach for breach in said if breach.rule == "abandoned_message"], rules)
        await save_abandoned_text(connection, campaign.id, words)

    with_database(work)
    typer.echo(
        f"campaign {name!r}: whom no agent attends hears {'the switch' if text == '-' else 'the new words'}"
    )
