"""`dialer person`: a debtor's file and story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from babel.numbers import get_currency_precision
from rich.table import Table

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, ShowNumbers, console, show_json, shown_number, shown_time, table
from dialer.domain.contact import Place
from dialer.store.overlays import set_place
from dialer.store.timelines import Entry, read_story

app = typer.Typer(help="Persons: what happened with a debtor.", no_args_is_help=True)


@app.callback()
def persons() -> None:
    """Persons: what happened with a debtor."""


@app.command("show")
def show(
    reference: Annotated[str, typer.Argument(help="The creditor's own reference of the person.")],
    show_numbers: ShowNumbers = False,
    as_json: AsJson = False,
) -> None:
    """A person's numbers with what calling them taught, and all that happened, the newest first."""
    story = with_database(lambda connection: read_story(connection, reference))
    for entry in story.entries:
        if entry.more.get("number"):
            entry.more["number"] = shown_number(entry.more["number"], in_full=show_numbers)
    shown = [
        asdict(number)
        | {"number": shown_number(number.number, in_full=show_numbers), "demoted": number.demoted}
        for number in story.numbers
    ]
    if as_json:
        show_json(asdict(story) | {"numbers": shown})
        return
    screen = console()
    blocked = "; asked not to be called" if story.do_not_call else ""
    screen.print(
        f"{story.full_name} ({story.external_ref}), {story.language}, {story.time_zone or 'zone unknown'}{blocked}"
    )
    screen.print(_numbers(shown) if shown else "no number")
    lines = table("AT (UTC)", "WHAT", "STATE", "WHO", "")
    for entry in story.entries:
        lines.add_row(shown_time(entry.at), entry.kind, entry.state or "", entry.who or "", describe(entry))
    screen.print(lines if story.entries else "nothing happened yet")


@app.command("place")
def place(
    reference: Annotated[str, typer.Argument(help="The creditor's own reference of the person.")],
    number: Annotated[str, typer.Argument(help="One of his numbers, E.164.")],
    rings_at: Annotated[Place, typer.Argument(help="Where it rings.")],
) -> None:
    """Say where a number rings: many laws bar the workplace or limit it apart."""
    with_database(lambda connection: set_place(connection, reference, number, rings_at))
    typer.echo(f"{shown_number(number, in_full=False)} of {reference} rings at: {rings_at}")


def _numbers(shown: list[dict[str, Any]]) -> Table:
    """What is known of each number, in the creditor's order."""
    lines = table("NUMBER", "KIND", "STATUS", "HIS OWN", "SPOKEN TO", "WRONG", "TRIES", "LAST")
    for number in shown:
        lines.add_row(
            number["number"],
            number["kind"],
            "demoted" if number["status"] == "active" and number["demoted"] else number["status"],
            f"{number['confidence']:.0%}",
            _times(number["right_party"], number["right_party_at"]),
            _times(number["wrong_number"], number["wrong_number_at"]),
            str(number["tries"]),
            number["last_outcome"] or "",
        )
    return lines


def _times(count: int, last: Any) -> str:
    return f"{count}, last {last:%Y-%m-%d}" if count and last else str(count)


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
        case "consent":
            return f"{more['purpose']} by {more['channel']}: {entry.text or 'no proof noted'}"
        case "wish":
            hours = f" {more['starts'] or '00:00'} to {more['ends'] or '24:00'}"
            return (more["channel"] or "any channel") + (hours if more["starts"] or more["ends"] else "")
        case "contact":
            return f"{', '.join(more['counts'])}{' (taken back)' if more['withdrawn'] else ''}"
        case _:
            return entry.text or ""


def _money(more: Mapping[str, Any]) -> str:
    digits = get_currency_precision(more["currency"])
    return f"{more['amount_minor'] / 10**digits:,.{digits}f} {more['currency']}"
