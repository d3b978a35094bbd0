"""`dialer payments`: a creditor's file of money received."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dialer.cli.connection import with_database
from dialer.cli.leads import SEPARATORS, Encoding, Separator
from dialer.cli.output import AsJson, show_json
from dialer.config import Settings
from dialer.portfolio.payment_file import import_payments
from dialer.store.payments import reverse_payment

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


@app.command("reverse")
def reverse(
    reference: Annotated[str, typer.Argument(help="The payment's own reference, as it was booked.")],
    because: Annotated[str, typer.Option(help="Why it is taken back; kept with it.")],
    as_json: AsJson = False,
) -> None:
    """Take a payment back that did not last (a chargeback): it is owed again, its promise open, its leads called."""
    undone = with_database(
        lambda connection: reverse_payment(connection, reference, because, datetime.now(UTC))
    )
    if as_json:
        show_json({"reference": reference} | asdict(undone))
        return
    owed = "" if undone.balance_minor is None else f"; {undone.balance_minor} (minor units) are owed again"
    typer.echo(
        f"payment {reference} is taken back{owed}: {undone.promises_reopened} promises open again,"
        f" {undone.leads_reopened} leads moved"
    )
