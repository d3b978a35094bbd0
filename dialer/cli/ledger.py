"""`dialer ledger`: the contacts that the law counts, checked, shown and reported from outside."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.compliance.case_file import parse_history
from dialer.domain.errors import BadInput
from dialer.store import ledger_book
from dialer.store.ledger_book import Report

app = typer.Typer(help="The contact ledger: what the law counts.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The contact ledger: what the law counts."""


@app.command("verify")
def verify(as_json: AsJson = False) -> None:
    """Recompute the hash of every row: says whether any was changed, left out or added behind the product's back.

    Keep the printed hashes elsewhere: each proves all that its chain held at that moment. Exit code 1 on a fault.
    """
    screen = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[rows]} rows"),
        console=screen,
        disable=not screen.is_terminal,
    ) as bar:
        task = bar.add_task("verify", total=None, rows=0)
        checks = with_database(
            lambda connection: ledger_book.verify(connection, lambda rows: bar.update(task, rows=rows))
        )
    whole = all(check.fault is None for check in checks)
    if as_json:
        show_json({"whole": whole, "chains": [asdict(check) for check in checks]})
    else:
        shown = table("chain", "rows", "hash", "")
        for check in checks:
            shown.add_row(str(check.chain), str(check.rows), check.hash or "-", check.fault or "whole")
        console().print(shown)
        if not checks:
            typer.echo("the ledger is empty")
    if not whole:
        raise typer.Exit(1)


@app.command("show")
def show(
    person: Annotated[str, typer.Argument(help="The person's reference in the creditor's file.")],
    as_json: AsJson = False,
) -> None:
    """A person's contacts, newest first."""
    rows = with_database(lambda connection: ledger_book.entries(connection, person))
    if as_json:
        show_json([dict(row) for row in rows])
        return
    shown = table("at", "channel", "counts", "", "debts", "attempt", "source")
    for row in rows:
        said = "withdrawn" if row["withdrawn"] else row["mark"] or ""
        debts = ", ".join(map(str, row["debts"]))
        origin = row["source"] if row["reference"] is None else f"{row['source']} {row['reference']}"
        shown.add_row(
            shown_time(row["at"]),
            row["channel"],
            ", ".join(row["counts"]),
            said,
            debts,
            row["attempt_id"],
            origin,
        )
    console().print(shown)
    if not rows:
        typer.echo(f"no contact with {person} is known")


@app.command("report")
def report(
    file: Annotated[
        Path, typer.Argument(help="JSON list of {person, at, channel, counts, debt, reference}.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count contacts that were not dialled here: visits, messages, inbound and manual calls. All or none.

    `person` and `debt` are the references of the creditor's file; the rest is as in `dialer may-call --history`. The
    same `reference` twice is one contact, so a file may be given again.
    """
    reports = _read(file)
    new = 0 if dry_run else with_database(lambda connection: ledger_book.report(connection, reports))
    if as_json:
        show_json({"dry_run": dry_run, "contacts": len(reports), "new": new})
    elif dry_run:
        typer.echo(f"{len(reports)} contacts can be read; nothing was written")
    else:
        typer.echo(f"{new} contacts counted, {len(reports) - new} were known")


def _read(file: Path) -> list[Report]:
    try:
        entries = orjson.loads(file.read_bytes())
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{file}: not JSON: {error}") from None
    if not isinstance(entries, list):
        raise BadInput(f"{file}: it is a list of contacts")
    reports = []
    for n, entry in enumerate(entries):
        where = f"{file}[{n}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("person"), str):
            raise BadInput(f"{where}: an object with the person's reference under person")
        reference = entry.get("reference")
        if reference is not None and not isinstance(reference, str):
            raise BadInput(f"{where}.reference: a text")
        told = {key: value for key, value in entry.items() if key not in ("person", "reference")}
        (contact,), unused = parse_history(orjson.dumps([told]), where)
        if unused:
            raise BadInput(f"{where}: no such key: {', '.join(unused)}")
        if not contact.counts:
            raise BadInput(f"{where}.counts: a contact that counts as nothing need not be reported")
        reports.append(Report(entry["person"], contact, contact.debts, reference))
    return reports
