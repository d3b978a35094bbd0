"""`dialer db`: the tables."""

from __future__ import annotations

import asyncio

import typer

from dialer.cli.output import AsJson, show_json
from dialer.config import Settings
from dialer.store.database import revisions, upgrade

app = typer.Typer(help="The database's tables.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database's tables."""


@app.command("upgrade")
def upgrade_tables(as_json: AsJson = False) -> None:
    """Bring the tables to this program's version; does nothing when they are there already."""
    before, after = asyncio.run(_upgrade())
    if as_json:
        show_json({"before": before, "after": after, "changed": before != after})
    elif before == after:
        typer.echo(f"the tables are at {after} already")
    else:
        typer.echo(f"the tables went from {before or 'nothing'} to {after}")


async def _upgrade() -> tuple[str | None, str | None]:
    dsn = Settings.load().database_dsn.get_secret_value()
    before, _ = await revisions(dsn)
    await upgrade(dsn)
    after, _ = await revisions(dsn)
    return before, after
