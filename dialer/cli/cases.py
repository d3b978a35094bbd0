"""`dialer case`: what waits for a supervisor's word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.domain.debtor import DisputeState
from dialer.store.payments import resolve_dispute, withdraw_promise
from dialer.store.timelines import SQL

app = typer.Typer(help="Cases: promises and disputes that are open.", no_args_is_help=True)

#: Cases shown at once.
MAX_CASES = 200


@app.callback()
def cases() -> None:
    """Cases: promises and disputes that are open."""


@app.command("list")
def list_cases(as_json: AsJson = False) -> None:
    """Open promises and disputes, the oldest first."""
    rows = [
        dict(row) for row in with_database(lambda connection: connection.fetch(SQL["open_cases"], MAX_CASES))
    ]
    if as_json:
        show_json(rows)
        return
    lines = table("KIND", "ID", "PERSON", "DEBT", "SINCE", "DUE OR REASON", "BY")
    for row in rows:
        lines.add_row(
            row["kind"],
            str(row["id"]),
            row["person"],
            row["debt"] or "",
            shown_time(row["since"]),
            row["what"],
            row["by"] or "",
        )
    console().print(lines if rows else "no promise and no dispute is open")


@app.command("resolve")
def resolve(
    dispute: Annotated[int, typer.Argument(help="The dispute's id.")],
    answer: Annotated[
        DisputeState, typer.Argument(help="upheld (the debtor was right), rejected or withdrawn.")
    ],
    words: Annotated[str, typer.Option("--because", help="Why; kept with the dispute.")],
    as_json: AsJson = False,
) -> None:
    """Answer a dispute: upheld closes its leads, else they may be called again."""
    at = datetime.now(UTC)
    freed = with_database(
        lambda connection: resolve_dispute(connection, dispute, answer, words, user_id=None, at=at)
    )
    if as_json:
        show_json({"dispute": dispute, "state": answer, "leads": freed})
    else:
        typer.echo(f"dispute {dispute} is {answer}; leads moved: {freed}")


@app.command("withdraw")
def withdraw(
    promise: Annotated[int, typer.Argument(help="The promise's id.")], as_json: AsJson = False
) -> None:
    """Take a promise back (one entered by mistake): its leads may be called again at once."""
    with_database(lambda connection: withdraw_promise(connection, promise, datetime.now(UTC)))
    if as_json:
        show_json({"promise": promise, "state": "withdrawn"})
    else:
        typer.echo(f"promise {promise} is withdrawn")
