"""`dialer leads`: a creditor's file into a campaign."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dialer.cli.campaigns import find_campaign
from dialer.cli.connection import with_database
from dialer.cli.output import AsJson, console, show_json, table
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.portfolio import case_file, judging
from dialer.portfolio.exporting import export_leads
from dialer.portfolio.importing import ImportOptions, ImportReport, import_leads
from dialer.portfolio.lead_file import SPANISH, column_reader
from dialer.store.database import connect
from dialer.store.import_mappings import (
    FileKind,
    Mapping,
    delete_mapping,
    find_mapping,
    read_mappings,
    save_mapping,
)
from dialer.store.lead_lists import Book

app = typer.Typer(help="Leads: persons to call.", no_args_is_help=True)
mappings = typer.Typer(help="Saved ways to read a creditor's files.", no_args_is_help=True)
app.add_typer(mappings, name="mapping")

#: Names of separators that are hard to type.
SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}

Encoding = Annotated[str | None, typer.Option(help="Of a file that is not UTF-8: cp1252, latin-1, utf-16.")]
Separator = Annotated[
    str | None, typer.Option(help="Between the columns: , ; | or tab. Without it the header tells.")
]
Region = Annotated[
    str | None, typer.Option(help="Country (ISO 3166-1, e.g. DO) of numbers without a country code.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", help="Read a column by another name, e.g. 'Tel. celular=phone1'; may be repeated."
    ),
]
MappingName = Annotated[str, typer.Argument(help="The mapping's name, e.g. the creditor's.")]


@app.callback()
def group() -> None:
    """Leads: persons to call."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file whose first row names the columns.")],
    campaign: Annotated[str, typer.Option(help="The campaign's name.")],
    list_name: Annotated[
        str | None, typer.Option("--list-name", help="The list's name; else the file's.")
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="A saved mapping (see `dialer leads mapping`).")] = None,
    column: Columns = None,
    encoding: Encoding = None,
    separator: Separator = None,
    region: Region = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Load what is good of a file with bad rows or numbers.")
    ] = False,
    errors: Annotated[Path | None, typer.Option(help="List what is wrong in this CSV file.")] = None,
    close_missing: Annotated[
        bool,
        typer.Option(
            "--close-missing",
            help="The file is all that its creditors have: close their debts it leaves out.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge, compare and report everything, and load nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load a file of leads into a campaign: all rows or, with a bad one among them, none (see --skip-bad).

    Known persons and debts are updated, and the books drawn: what was open, what is new, raised, lowered, closed. An
    import that was interrupted goes on where it stopped when the same file is given again.
    """

    async def run() -> ImportReport:
        dsn = Settings.load().database_dsn.get_secret_value()
        connection = await connect(dsn)
        try:
            campaign_id = (await find_campaign(connection, campaign))["id"]
            saved = await find_mapping(connection, mapping, FileKind.LEADS)
        finally:
            await connection.close()
        options = ImportOptions(
            encoding=encoding or saved.encoding,
            delimiter=SEPARATORS.get(separator or "", separator) or saved.delimiter,
            skip_bad=skip_bad,
            error_file=errors,
            list_name=list_name,
            default_region=region or saved.region,
            mapping=saved.columns | read_columns(column),
            close_missing=close_missing,
            dry_run=dry_run,
        )
        with progress_bar(file.name) as advance:
            return await import_leads(dsn, campaign_id, file, options, advance)

    report = asyncio.run(run())
    if as_json:
        show_json(asdict(report) | {"dry_run": dry_run})
        return
    would = "would be " if dry_run else ""
    typer.echo(
        f"{report.leads} new leads {would}in list {report.list_name!r} of {campaign!r}"
        f" ({report.rows} rows, {report.phones} numbers, {report.debts} debts new or changed,"
        f" {report.known_leads} persons were there before)"
    )
    for what, count in {
        "rows were judged before the interruption": report.resumed_rows,
        "leads that were there before say something else now": report.refreshed_leads,
        "new leads must not be called (do-not-call list)": report.suppressed,
        "rows repeat another row's person and debt": report.repeated_rows,
        "numbers stand with more than one person": report.shared_numbers,
    }.items():
        if count:
            typer.echo(f"  {count} {what}")
    _show_books(report.books)
    if report.ignored_columns:
        typer.echo(f"columns not used: {', '.join(report.ignored_columns)}", err=True)
    if report.errors_count:
        where = f", listed in {errors}" if errors else ""
        typer.echo(
            f"{report.bad_rows} bad rows were left out, {report.errors_count} errors in all{where}", err=True
        )
        for error in report.errors if dry_run else ():
            typer.echo(f"  {error}", err=True)


def _show_books(books: tuple[Book, ...]) -> None:
    """The reconciliation: one line a currency, before and after."""
    if not books:
        return
    shown = table("currency", "", "before", "new", "raised", "lowered", "closed", "unchanged", "after")
    for book in books:
        counts = (book.debts_before, book.new_debts, book.raised_debts, book.lowered_debts, book.closed_debts)
        shown.add_row(book.currency, "debts", *map(str, (*counts, book.unchanged_debts, book.debts_after)))
        sums = (
            *(book.before_minor, book.new_minor, book.raised_minor, -book.lowered_minor),
            -book.closed_minor,
        )
        shown.add_row("", "minor units", *(f"{amount:,}" for amount in sums), "", f"{book.after_minor:,}")
    console().print(shown)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it must not be there yet.")],
    campaign: Annotated[str, typer.Option(help="The campaign's name.")],
    as_json: AsJson = False,
) -> None:
    """Write a campaign's leads, with debt, promise and numbers, as a CSV that is safe to open in a spreadsheet."""

    async def run() -> int:
        dsn = Settings.load().database_dsn.get_secret_value()
        connection = await connect(dsn)
        try:
            campaign_id = (await find_campaign(connection, campaign))["id"]
        finally:
            await connection.close()
        with progress_bar(file.name) as advance:
            return await export_leads(dsn, campaign_id, file, lambda rows: advance("writing", rows, 0, rows))

    rows = asyncio.run(run())
    if as_json:
        show_json({"campaign": campaign, "file": str(file), "leads": rows})
    else:
        typer.echo(f"{rows} leads of {campaign!r} written to {file}")


# --- mappings ---------------------------------------------------------------------------------------------


@mappings.command("save")
def save(
    name: MappingName,
    column: Columns = None,
    encoding: Encoding = None,
    separator: Separator = None,
    region: Region = None,
    kind: Annotated[
        FileKind,
        typer.Option("--for", help="Files of leads, or of what else belongs in debtors' files (cases)."),
    ] = FileKind.LEADS,
) -> None:
    """Keep how a creditor writes his files, in place of an older mapping of that name."""
    columns = read_columns(column)
    ours = {FileKind.LEADS: SPANISH, FileKind.CASES: case_file.SPANISH}
    column_reader(ours[kind], columns)  # refuses columns that do not exist
    delimiter = SEPARATORS.get(separator or "", separator)
    kept = Mapping(columns, encoding, delimiter, region, kind)
    with_database(lambda connection: save_mapping(connection, name, kept))
    typer.echo(f"mapping {name!r} saved: {len(columns)} columns by other names")


@mappings.command("list")
def show_all(as_json: AsJson = False) -> None:
    """The saved mappings."""
    found = with_database(read_mappings)
    if as_json:
        show_json([{"name": name} | asdict(mapping) for name, mapping in found.items()])
        return
    if not found:
        typer.echo("no mappings are saved; see `dialer leads mapping save --help`")
        return
    shown = table("name", "for", "columns", "encoding", "separator", "region")
    for name, mapping in found.items():
        columns = ", ".join(f"{theirs} = {ours}" for theirs, ours in mapping.columns.items())
        delimiter = "tab" if mapping.delimiter == "\t" else mapping.delimiter
        shown.add_row(
            name, mapping.kind, columns, mapping.encoding or "", delimiter or "", mapping.region or ""
        )
    console().print(shown)


@mappings.command("delete")
def delete(name: MappingName) -> None:
    """Forget a mapping. Lists that were loaded by it stay."""
    if not with_database(lambda connection: delete_mapping(connection, name)):
        raise BadInput(f"there is no mapping {name!r}; see `dialer leads mapping list`")
    typer.echo(f"mapping {name!r} deleted")


def read_columns(given: list[str] | None) -> dict[str, str]:
    """`theirs=ours` as a mapping. Raises BadInput."""
    columns = {}
    for text in given or ():
        theirs, sign, ours = text.rpartition("=")
        if not sign or not theirs.strip() or not ours.strip():
            raise BadInput(f"--column {text!r} is not THEIRS=OURS, e.g. 'Tel. celular=phone1'")
        columns[theirs.strip()] = ours.strip()
    return columns


@contextmanager
def progress_bar(name: str) -> Iterator[judging.Progress]:
    """A bar on stderr while a person watches, nothing otherwise."""
    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]} rows"))
    with Progress(
        *columns, TimeRemainingColumn(), console=screen, transient=True, disable=not screen.is_terminal
    ) as bar:
        task = bar.add_task(name, total=None, rows=0)

        def advance(what: str, done: int, total: int, rows: int) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total or None, rows=rows)

        yield advance
