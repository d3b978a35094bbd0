"""`dialer person`, `dialer case`: a debtor's story, and what waits for a supervisor's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from babel.numbers import get_currency_precision

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, ShowNumbers, console, show_json, shown_number, shown_time, table
from dialer.domain.debtor import DisputeState
from dialer.store.payments import resolve_dispute, withdraw_promise
from dialer.store.timelines import SQL, Entry, read_story

person_app = typer.Typer(help="Persons: what happened with a debtor.", no_args_is_help=True)
case_app = typer.Typer(help="Cases: promises and disputes that are open.", no_args_is_help=True)

#: Cases shown at once.
MAX_CASES = 200


@person_app.callback()
def persons() -> None:
    """Persons: what happened with a debtor."""


@person_app.command("show")
def show(
    reference: Annotated[str, typer.Argument(help="The creditor's own reference of the person.")],
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """Attempts, promises, payments, disputes, notes and papers of a person, the newest first."""
    story = with_database(lambda connection: read_story(connection, reference))
    for entry in story.entries:
        if "number" in entry.more:
            entry.more["number"] = shown_number(entry.more["number"], in_full=show_numbers)
    if as_json:
        show_json(asdict(story))
        return
    screen = console()
    blocked = "; asked not to be called" if story.do_not_call else ""
    screen.print(
        f"{story.full_name} ({story.external_ref}), {story.language}, {story.time_zone or 'zone unknown'}{blocked}"
    )
    lines = table("AT (UTC)", "WHAT", "STATE", "WHO", "")
    for entry in story.entries:
        lines.add_row(shown_time(entry.at), entry.kind, entry.state or "", entry.who or "", describe(entry))
    screen.print(lines if story.entries else "nothing happened yet")


@case_app.callback()
def cases() -> None:
    """Cases: promises and disputes that are open."""


@case_app.command("list")
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


@case_app.command("resolve")
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


@case_app.command("withdraw")
def withdraw(
    promise: Annotated[int, typer.Argument(help="The promise's id.")], as_json: AsJson = False
) -> None:
    """Take a promise back (one entered by mistake): its leads may be called again at once."""
    with_database(lambda connection: withdraw_promise(connection, promise, datetime.now(UTC)))
    if as_json:
        show_json({"promise": promise, "state": "withdrawn"})
    else:
        typer.echo(f"promise {promise} is withdrawn")


def describe(entry: Entry) -> str:
    """What only its kind has, in a line."""
    more: Mapping[str, Any] = entry.more
    match entry.kind:
        case "attempt":
            said = f", says {more['disposition']}" if more["disposition"] else ""
            return f"{more['number']} for {more['campaign']}{said}"
        case "promise":
            return f"{_money(more)} by {more['due_on']} (id {more['id']})"
        case "payment":
            return f"{_money(more)}, reference {more['reference']}"
        case "dispute":
            answered = f": {more['resolution']}" if more["resolution"] else ""
            return f"{more['reason']} (id {more['id']}){answered}"
        case _:
            return entry.text or ""


def _money(more: Mapping[str, Any]) -> str:
    digits = get_currency_precision(more["currency"])
    return f"{more['amount_minor'] / 10**digits:,.{digits}f} {more['currency']}"
