"""`dialer trunk`: carriers, as the dialer uses them. The switch's side of one is an endpoint of pjsip.conf."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.store.campaigns import ensure_trunk
from dialer.store.database import Connection

app = typer.Typer(help="Trunks: the carriers that take calls.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Trunks: the carriers that take calls."""


@app.command("set")
def set_trunk(
    name: Annotated[str, typer.Argument(help="The carrier's PJSIP endpoint.")],
    caller_ids: Annotated[
        list[str],
        typer.Option("--caller-id", help="A number to show, E.164; may be repeated, then taken in turn."),
    ],
    calls_per_second: Annotated[float, typer.Option("--calls-per-second", help="What the carrier allows.")],
    channels: Annotated[int, typer.Option(help="Calls at once that the carrier allows.")],
    position: Annotated[int, typer.Option(help="Place in the failover order, lowest first.")] = 0,
    enabled: Annotated[bool, typer.Option("--enabled/--disabled", help="Whether it takes calls.")] = True,
    as_json: AsJson = False,
) -> None:
    """Add a trunk, or change the one of this name. Running dialers read their trunks when they start."""

    trunk_id = with_database(
        lambda connection: ensure_trunk(
            connection,
            name,
            position=position,
            calls_per_second=calls_per_second,
            channels=channels,
            caller_ids=caller_ids,
            enabled=enabled,
        )
    )
    if as_json:
        show_json({"id": trunk_id, "name": name})
    else:
        typer.echo(f"trunk {name} set; restart running dialers to use it")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All trunks in failover order."""

    async def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch("SELECT * FROM trunk ORDER BY position, id")]

    rows = with_database(work)
    if as_json:
        show_json(rows)
        return
    listing = table("NAME", "POSITION", "CALLS/S", "CHANNELS", "CALLER IDS", "IN SERVICE")
    for row in rows:
        listing.add_row(
            row["name"],
            str(row["position"]),
            f"{row['calls_per_second']:g}",
            str(row["channels"]),
            ", ".join(row["caller_ids"]),
            "yes" if row["enabled"] else "no",
        )
    console().print(listing if rows else "no trunk yet: dialer trunk set NAME --caller-id NUMBER ...")
