"""`dialer trunk`: carriers, as the dialer uses them. The switch's side of one is an endpoint of pjsip.conf."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.store import caller_ids
from dialer.store.campaigns import ensure_trunk
from dialer.store.database import Connection

app = typer.Typer(help="Trunks: the carriers that take calls.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Trunks: the carriers that take calls."""


@app.command("set")
def set_trunk(
    name: Annotated[str, typer.Argument(help="The carrier's PJSIP endpoint.")],
    shown: Annotated[
        list[str],
        typer.Option("--caller-id", help="A number to show, E.164; may be repeated, then taken in turn."),
    ],
    calls_per_second: Annotated[float, typer.Option("--calls-per-second", help="What the carrier allows.")],
    channels: Annotated[int, typer.Option(help="Calls at once that the carrier allows.")],
    position: Annotated[int, typer.Option(help="Place in the failover order, lowest first.")] = 0,
    enabled: Annotated[bool, typer.Option("--enabled/--disabled", help="Whether it takes calls.")] = True,
    early_media: Annotated[
        bool,
        typer.Option(
            "--early-media/--no-early-media",
            help="Hear what it sends before the answer: special information tones there end the attempt as an"
            " invalid number, where its campaign screens. One channel of the switch's own for each such call.",
        ),
    ] = False,
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
            caller_ids=shown,
            enabled=enabled,
            early_media=early_media,
        )
    )
    if as_json:
        show_json({"id": trunk_id, "name": name})
    else:
        typer.echo(f"trunk {name} set; restart running dialers to use it")


@app.command("own")
def own(
    number: Annotated[str, typer.Argument(help="A number that a trunk shows, E.164.")],
    owner: Annotated[str, typer.Option(help="In whose name it is, as the called know him.")],
    proof: Annotated[str, typer.Option(help="Where the proof is: the carrier's contract or letter.")],
    answered_by: Annotated[str, typer.Option("--answered-by", help="Who answers when it is called back.")],
    by: Annotated[str, typer.Option(help="Who says so: name and office.")],
) -> None:
    """Put on record whose a shown number is and who answers it: without that no lawful campaign starts on it."""
    with_database(
        lambda connection: caller_ids.declare(
            connection, number, owner=owner, proof=proof, answered_by=answered_by, by=by
        )
    )
    typer.echo(f"{number} is on record as {owner.strip()}'s, by the word of {by.strip()}")


@app.command("disown")
def disown(number: Annotated[str, typer.Argument(help="The number, E.164.")]) -> None:
    """Take back what is on record of a number: campaigns that show it do not start again. Running ones: pause them."""
    if not with_database(lambda connection: caller_ids.withdraw(connection, number)):
        raise BadInput(f"nothing is on record of {number}; see: dialer trunk numbers")
    typer.echo(f"{number} is on record as nobody's now")


@app.command("numbers")
def list_numbers(as_json: AsJson = False) -> None:
    """Every number shown, and what is on record of it."""
    rows = [dict(row) for row in with_database(caller_ids.list_declared)]
    if as_json:
        show_json(rows)
        return
    listing = table("NUMBER", "TRUNKS", "OWNER", "ANSWERED BY", "PROOF", "BY")
    for row in rows:
        told = (row["owner"] or "nobody on record", *(row[name] or "-" for name in ("answered_by", "proof")))
        listing.add_row(row["number"], ", ".join(row["trunks"]), *told, row["declared_by"] or "-")
    console().print(listing if rows else "no number yet: dialer trunk set NAME --caller-id NUMBER ...")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All trunks in failover order."""

    async def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch("SELECT * FROM trunk ORDER BY position, id")]

    rows = with_database(work)
    if as_json:
        show_json(rows)
        return
    listing = table("NAME", "POSITION", "CALLS/S", "CHANNELS", "CALLER IDS", "IN SERVICE", "EARLY MEDIA")
    for row in rows:
        listing.add_row(
            row["name"],
            str(row["position"]),
            f"{row['calls_per_second']:g}",
            str(row["channels"]),
            ", ".join(row["caller_ids"]),
            "yes" if row["enabled"] else "no",
            "heard" if row["early_media"] else "-",
        )
    console().print(listing if rows else "no trunk yet: dialer trunk set NAME --caller-id NUMBER ...")
