"""`dialer campaign copy|rename|archive|restore`: the book of campaigns, as on the page *Campaigns*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import asyncpg
import typer

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, show_json
from dialer.portfolio.campaign_setup import add_campaign, edit_campaign
from dialer.store.campaign_changes import SETUP
from dialer.store.database import Connection
from dialer.store.person_file import find_user

Name = Annotated[str, typer.Argument(help="The campaign's name.")]
By = Annotated[str | None, typer.Option("--as", help="The log-in that the change is booked on.")]


def copy(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="The name of the new one.")],
    agent_group: Annotated[
        str | None, typer.Option("--group", help="Who works it; without it, who works the old one.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft after another campaign: all its settings, plan, results and own rules; no leads, no counts."""

    async def work(connection: Connection) -> int:
        old = await find_campaign(connection, name)
        group = agent_group or await connection.fetchval(
            "SELECT name FROM agent_group WHERE id = $1", old["agent_group_id"]
        )
        wanted = {column: old[column] for column in SETUP} | {"name": new_name, "agent_group": group}
        return await add_campaign(
            connection, wanted, user_id=await find_user(connection, by), copy_of=old["id"]
        )

    campaign_id = with_database(work)
    if as_json:
        show_json({"id": campaign_id, "name": new_name})
    else:
        typer.echo(f"campaign {new_name!r} made after {name!r}, id {campaign_id}")


def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="Its new name.")],
    by: By = None,
) -> None:
    """Give a campaign another name; recordings, logs and the ledger go on knowing it."""
    with_database(lambda connection: change_by_name(connection, name, {"name": new_name}, by))
    typer.echo(f"campaign {name!r} is called {new_name.strip()!r} now")


def archive(name: Name, by: By = None) -> None:
    """Put a draft or a closed campaign away: it is in no list of those at work, and its history stays."""
    with_database(lambda connection: change_by_name(connection, name, {"archived": True}, by))
    typer.echo(f"campaign {name!r} is in the archive; back: dialer campaign restore")


def restore(name: Name, by: By = None) -> None:
    """Take a campaign out of the archive."""
    with_database(lambda connection: change_by_name(connection, name, {"archived": False}, by))
    typer.echo(f"campaign {name!r} is out of the archive")


async def change_by_name(
    connection: Connection, name: str, wanted: Mapping[str, Any], login: str | None
) -> asyncpg.Record:
    """The campaign of this name with these settings, booked on this log-in. Raises BadInput and Refused."""
    async with connection.transaction():
        campaign_id = (await find_campaign(connection, name))["id"]
        row = await connection.fetchrow("SELECT * FROM campaign WHERE id = $1 FOR UPDATE", campaign_id)
        assert row is not None
        return await edit_campaign(connection, row, wanted, user_id=await find_user(connection, login))
