"""`dialer leads`: a creditor's file into a campaign."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dialer.cli.campaigns import find_campaign
from dialer.cli.output import AsJson, show_json
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.portfolio.importing import SHOWN_ERRORS, BadFile, ImportOptions, import_leads
from dialer.portfolio.lead_file import RowError, open_leads
from dialer.store.database import connect

app = typer.Typer(help="Leads: persons to call.", no_args_is_help=True)

#: Names of separators that are hard to type.
_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@app.callback()
def group() -> None:
    """Leads: persons to call."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file with a header line.")],
    campaign: Annotated[str, typer.Option(help="The campaign's name.")],
    list_name: Annotated[
        str | None, typer.Option("--list-name", help="The list's name; else the file's.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of a file that is not UTF-8: cp1252, latin-1, utf-16.")
    ] = None,
    separator: Annotated[
        str | None, typer.Option(help="Between the columns: , ; | or tab. Without it the header tells.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Country (ISO 3166-1, e.g. DO) of numbers without a country code.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Load the good rows of a file with bad ones.")
    ] = False,
    errors: Annotated[Path | None, typer.Option(help="List the bad rows in this CSV file.")] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Check the rows and load nothing. What is in the database is not compared."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load a file of leads into a campaign: all rows or, with a bad one among them, none (see --skip-bad)."""
    options = ImportOptions(
        encoding=encoding,
        delimiter=_SEPARATORS.get(separator or "", separator),
        skip_bad=skip_bad,
        error_file=errors,
        list_name=list_name,
        default_region=region,
    )
    if dry_run and errors is not None:
        raise BadInput("--dry-run names the bad rows itself: leave --errors out")
    if dry_run:
        _check(file, options, as_json=as_json)
        return
    with _progress() as bar:
        task = bar.add_task(file.name, total=None, rows=0)

        def advance(rows: int, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, rows=rows)

        async def run() -> object:
            dsn = Settings.load().database_dsn.get_secret_value()
            connection = await connect(dsn)
            try:
                campaign_id = (await find_campaign(connection, campaign))["id"]
            finally:
                await connection.close()
            return await import_leads(dsn, campaign_id, file, options, advance)

        report = asyncio.run(run())
    data = asdict(report)  # type: ignore[call-overload]
    if as_json:
        show_json(data)
        return
    typer.echo(
        f"{data['leads']} new leads in list {data['list_name']!r} of {campaign!r}"
        f" ({data['rows']} rows, {data['phones']} numbers, {data['debts']} debts,"
        f" {data['known_leads']} persons were there before)"
    )
    if data["ignored_columns"]:
        typer.echo(f"columns not used: {', '.join(data['ignored_columns'])}", err=True)
    if data["bad_rows"]:
        where = f", listed in {errors}" if errors else ""
        typer.echo(f"{data['bad_rows']} bad rows were left out{where}", err=True)


def _check(file: Path, options: ImportOptions, *, as_json: bool) -> None:
    """Read every row and load nothing. Raises BadFile naming the bad ones."""
    rows, bad = 0, 0
    first: list[RowError] = []
    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None
    with source, _progress() as bar:
        size = file.stat().st_size
        task = bar.add_task(file.name, total=size, rows=0)
        leads = open_leads(
            source, encoding=options.encoding, delimiter=options.delimiter, region=options.default_region
        )
        for row in leads.rows():
            rows += 1
            if isinstance(row, RowError):
                bad += 1
                if len(first) < SHOWN_ERRORS:
                    first.append(row)
            if rows % 500 == 0:
                bar.update(task, completed=leads.bytes_read(), rows=rows)
        bar.update(task, completed=size, rows=rows)
    if bad and not options.skip_bad:
        raise BadFile(first, bad)
    if bad >= rows:
        raise BadInput("the file has no good row")
    if as_json:
        show_json(
            {
                "dry_run": True,
                "rows": rows,
                "bad_rows": bad,
                "errors": [asdict(error) for error in first],
                "encoding": leads.encoding,
                "delimiter": leads.delimiter,
                "ignored_columns": leads.ignored,
            }
        )
        return
    typer.echo(f"{rows - bad} of {rows} rows are good; nothing was loaded")
    for row_error in first:
        typer.echo(f"  {row_error}", err=True)


def _progress() -> Progress:
    """A bar on stderr while a person watches, nothing otherwise."""
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]} rows"))
    return Progress(
        *columns, TimeRemainingColumn(), console=screen, transient=True, disable=not screen.is_terminal
    )
