"""`dialer payments`: a creditor's file of money received."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dialer.cli.leads import SEPARATORS, Encoding, Separator
from dialer.cli.output import AsJson, show_json
from dialer.config import Settings
from dialer.portfolio.payment_file import import_payments

app = typer.Typer(help="Payments: money received.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Payments: money received."""


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX: payment_ref, debt_ref, amount, currency, paid_on.")
    ],
    encoding: Encoding = None,
    separator: Separator = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and report everything, book nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Book a file of payments, all or none: balances go down, promises are kept, who has paid is called no more.

    A payment counts once by its reference, whoever tells of it: the same file again books nothing.
    """
    dsn = Settings.load().database_dsn.get_secret_value()
    delimiter = SEPARATORS.get(separator or "", separator)
    report = asyncio.run(import_payments(dsn, file, encoding=encoding, delimiter=delimiter, dry_run=dry_run))
    if as_json:
        show_json(asdict(report) | {"dry_run": dry_run})
        return
    would = " would be" if dry_run else ""
    typer.echo(
        f"{report.new} of {report.rows} payments{would} booked, {report.known} were known;"
        f" {report.promises_kept} promises kept, {report.leads_released} leads let go"
    )
