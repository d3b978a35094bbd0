"""`dialer trunk`: carriers, as the dialer uses them. The switch's side of one is an endpoint of pjsip.conf."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.domain.errors import BadInput
from dialer.store import caller_ids as declared
from dialer.store.trunks import TrunkRow, ensure_trunk, list_trunks, put_into_service

app = typer.Typer(help="Trunks: the carriers that take calls.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The carrier's PJSIP endpoint.")]
CallerIds = Annotated[
    list[str] | None,
    typer.Option("--caller-id", help="A number to show, E.164; may be repeated, then taken in turn."),
]
CallsPerSecond = Annotated[float | None, typer.Option(help="What the carrier allows.")]
Channels = Annotated[int | None, typer.Option(help="Calls at once that the carrier allows.")]
Position = Annotated[
    int | None, typer.Option(help="Place in the failover order, lowest first; a new trunk's is the last.")
]

EarlyMedia = Annotated[
    bool | None,
    typer.Option(
        "--early-media/--no-early-media",
        help="Hear what it sends before the answer: special information tones there end the attempt as an"
        " invalid number, where its campaign screens. One channel of the switch's own for each such call.",
    ),
]


@app.callback()
def group() -> None:
    """Trunks: the carriers that take calls. Running dialers take every change over at once, and keep their calls."""


@app.command("add")
def add_trunk(
    name: Name,
    caller_ids: CallerIds = None,
    calls_per_second: CallsPerSecond = None,
    channels: Channels = None,
    position: Position = None,
    early_media: EarlyMedia = None,
    as_json: AsJson = False,
) -> None:
    """Add a trunk: it takes calls at once, if the switch has an endpoint of this name."""
    trunk_id = with_database(
        lambda connection: ensure_trunk(
            connection,
            name,
            position=position,
            calls_per_second=calls_per_second,
            channels=channels,
            caller_ids=caller_ids,
            early_media=early_media,
            new=True,
        )
    )
    _tell(as_json, {"id": trunk_id, "name": name}, f"trunk {name} added")


@app.command("set")
def set_trunk(
    name: Name,
    caller_ids: CallerIds = None,
    calls_per_second: CallsPerSecond = None,
    channels: Channels = None,
    position: Position = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Whether it takes calls.")
    ] = None,
    early_media: EarlyMedia = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given of the trunk of this name; add it, if there is none and all that it needs is given."""
    trunk_id = with_database(
        lambda connection: ensure_trunk(
            connection,
            name,
            position=position,
            calls_per_second=calls_per_second,
            channels=channels,
            caller_ids=caller_ids,
            enabled=enabled,
            early_media=early_media,
        )
    )
    _tell(as_json, {"id": trunk_id, "name": name}, f"trunk {name} set")


@app.command("disable")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Give the trunk no further call; those that are up on it go on."""
    with_database(lambda connection: put_into_service(connection, name, enabled=False))
    _tell(as_json, {"name": name, "enabled": False}, f"trunk {name} takes no further calls")


@app.command("enable")
def enable(name: Name, as_json: AsJson = False) -> None:
    """Use the trunk (again), also after the dialer had put it out of service because its carrier refused us."""
    with_database(lambda connection: put_into_service(connection, name, enabled=True))
    _tell(as_json, {"name": name, "enabled": True}, f"trunk {name} takes calls")


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
        lambda connection: declared.declare(
            connection, number, owner=owner, proof=proof, answered_by=answered_by, by=by
        )
    )
    typer.echo(f"{number} is on record as {owner.strip()}'s, by the word of {by.strip()}")


@app.command("disown")
def disown(number: Annotated[str, typer.Argument(help="The number, E.164.")]) -> None:
    """Take back what is on record of a number: campaigns that show it do not start again. Running ones: pause them."""
    if not with_database(lambda connection: declared.withdraw(connection, number)):
        raise BadInput(f"nothing is on record of {number}; see: dialer trunk numbers")
    typer.echo(f"{number} is on record as nobody's now")


@app.command("numbers")
def list_numbers(as_json: AsJson = False) -> None:
    """Every number shown, and what is on record of it."""
    rows = [dict(row) for row in with_database(declared.list_declared)]
    if as_json:
        show_json(rows)
        return
    listing = table("NUMBER", "TRUNKS", "OWNER", "ANSWERED BY", "PROOF", "BY")
    for row in rows:
        told = (row["owner"] or "nobody on record", *(row[name] or "-" for name in ("answered_by", "proof")))
        listing.add_row(row["number"], ", ".join(row["trunks"]), *told, row["declared_by"] or "-")
    console().print(listing if rows else "no number yet: dialer trunk add NAME --caller-id NUMBER ...")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All trunks in failover order."""
    rows = with_database(list_trunks)
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    listing = table("NAME", "POSITION", "CALLS/S", "CHANNELS", "CALLER IDS", "IN SERVICE", "EARLY MEDIA")
    for row in rows:
        listing.add_row(
            row.name,
            str(row.position),
            f"{row.calls_per_second:g}",
            str(row.channels),
            ", ".join(row.caller_ids),
            _service(row),
            "heard" if row.early_media else "-",
        )
    console().print(listing if rows else "no trunk yet: dialer trunk add NAME --caller-id NUMBER ...")


def _service(row: TrunkRow) -> str:
    if not row.enabled:
        return "no"
    return f"no: {row.fault}" if row.fault else "yes"


def _tell(as_json: bool, data: dict[str, object], words: str) -> None:
    if as_json:
        show_json(data)
    else:
        typer.echo(words)
