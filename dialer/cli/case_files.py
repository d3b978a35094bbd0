"""`dialer person import`: consents, parties, notes, wishes, numbers, addresses and papers from a file."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dialer.cli.leads import SEPARATORS, Columns, Encoding, Region, Separator, read_columns
from dialer.cli.output import AsJson, console, show_json, table
from dialer.config import Settings
from dialer.portfolio.case_importing import CaseOptions, CaseReport, import_cases
from dialer.store.database import connect
from dialer.store.import_mappings import FileKind, find_mapping


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or XLSX: external_ref and phone, address, consent, role, note, wish or document, each with"
            " what goes with it."
        ),
    ],
    mapping: Annotated[
        str | None, typer.Option(help="A saved mapping (`dialer leads mapping save NAME --for cases`).")
    ] = None,
    column: Columns = None,
    encoding: Encoding = None,
    separator: Separator = None,
    region: Region = None,
    documents: Annotated[
        Path | None, typer.Option(help="The folder of the papers that the file names.", file_okay=False)
    ] = None,
    entered_by: Annotated[str | None, typer.Option("--as", help="The log-in of whoever enters it.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Load the good rows of a file that has bad ones.")
    ] = False,
    errors: Annotated[Path | None, typer.Option(help="List what is wrong in this CSV file.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge, compare and report everything, and load nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load what belongs in debtors' files besides money: all rows or, with a bad one among them, none.

    Numbers with the place where they ring, addresses, consents, who else answers for a debt, notes, wishes, papers. The
    report says of each how much is new, changed, and was known: the same file again changes nothing.
    """

    async def run() -> CaseReport:
        dsn = Settings.load().database_dsn.get_secret_value()
        connection = await connect(dsn)
        try:
            saved = await find_mapping(connection, mapping, FileKind.CASES)
        finally:
            await connection.close()
        options = CaseOptions(
            encoding=encoding or saved.encoding,
            delimiter=SEPARATORS.get(separator or "", separator) or saved.delimiter,
            default_region=region or saved.region,
            mapping=saved.columns | read_columns(column),
            documents=documents,
            entered_by=entered_by,
            skip_bad=skip_bad,
            error_file=errors,
            dry_run=dry_run,
        )
        return await import_cases(dsn, file, options)

    report = asyncio.run(run())
    if as_json:
        show_json(asdict(report) | {"dry_run": dry_run})
        return
    typer.echo(f"{report.rows} rows{', nothing loaded: a dry run' if dry_run else ''}")
    shown = table("", "new", "changed", "known")
    for matter, delta in report.deltas.items():
        if delta.new or delta.changed or delta.known:
            shown.add_row(matter, str(delta.new), str(delta.changed), str(delta.known))
    console().print(shown)
    if report.ignored_columns:
        typer.echo(f"columns not used: {', '.join(report.ignored_columns)}", err=True)
    if report.bad_rows:
        where = f", listed in {errors}" if errors else ""
        typer.echo(f"{report.bad_rows} bad rows were left out{where}", err=True)
        for error in report.errors:
            typer.echo(f"  {error}", err=True)
