"""`dialer retention`: what is past its time, deleted now instead of within the day."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, shown_time, table
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.retention import run_retention
from dialer.store.retention import list_deletions

app = typer.Typer(help="Retention: delete what is past its time, and see what was.", no_args_is_help=True)


@app.callback()
def retention() -> None:
    """Retention: delete what is past its time, and see what was."""


@app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete recordings and what tells who a person was, where the rule sets' retention is over.

    The dialer does it once a day by itself. What an open dispute needs stays; so do the contact ledger and requests
    not to be called. Every deletion is in `dialer retention log`.
    """
    folder = Settings.load().recordings_dir
    if folder is None and not dry_run:
        raise BadInput("where the recordings are is not known: set CADENCIA_RECORDINGS_DIR, or use --dry-run")
    now = datetime.now(UTC)
    report = with_database(lambda connection: run_retention(connection, None if dry_run else folder, now))
    if as_json:
        show_json({"dry_run": dry_run, **asdict(report)})
        return
    would = "would be " if dry_run else ""
    typer.echo(
        f"{report.recordings} recordings and {report.persons} persons {would}deleted;"
        f" {report.held} held by open disputes"
    )
    for rule, count in sorted(report.by_rule.items()):
        typer.echo(f"  {count} by {rule}")


@app.command("log")
def show_log(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """What was deleted, when, and by which rule."""
    rows = [dict(row) for row in with_database(lambda connection: list_deletions(connection, limit))]
    if as_json:
        show_json(rows)
        return
    listing = table("AT (UTC)", "WHAT", "WHICH", "RULE SET", "RULE", "")
    for row in rows:
        told = (row["kind"], row["reference"], row["rule_set"], row["rule"], row["detail"])
        listing.add_row(shown_time(row["at"]), *told)
    console().print(listing if rows else "nothing was deleted yet")
