"""A file of leads into a campaign: all of it or none of it, and once.

Every row is judged before anything is loaded. A bad row stops the whole file, unless `skip_bad` is set: then the good
rows are loaded and the bad ones listed in an error file. What was judged is staged as it goes: an import that was
interrupted goes on where it stopped when the same file is given again. The columns are those of `lead_file`.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

import asyncpg
import orjson

from dialer.domain.errors import BadInput
from dialer.portfolio.judging import Progress, judge_rows
from dialer.portfolio.lead_file import LeadFile, open_leads
from dialer.portfolio.spreadsheet import plain_cell
from dialer.portfolio.table_file import RowError
from dialer.store import lead_lists
from dialer.store.database import connect
from dialer.store.lead_lists import Book

#: Errors told in the message of a refused file; all of them go to the error file.
SHOWN_ERRORS = 10


@dataclass(frozen=True, slots=True)
class ImportOptions:
    #: For files without a byte order mark that are not UTF-8: cp1252, latin-1, utf-16.
    encoding: str | None = None
    #: None: found by the header.
    delimiter: str | None = None
    #: Load the good rows of a file that has bad ones, and the good numbers of a row that has bad ones.
    skip_bad: bool = False
    #: Where the bad rows are listed: row, column, message.
    error_file: Path | None = None
    #: The list's name; None: the file's.
    list_name: str | None = None
    #: Country (ISO 3166-1) of numbers written without a country code.
    default_region: str | None = None
    #: The file's own column names -> ours.
    mapping: Mapping[str, str] = field(default_factory=dict)
    #: Close the debts of the file's creditors that it does not hold: it is all they have.
    close_missing: bool = False
    #: Judge and compare everything, and load nothing.
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file; after a dry run, what would."""

    #: None: nothing was loaded.
    list_id: int | None
    list_name: str
    rows: int
    #: Rows left out.
    bad_rows: int
    #: Everything that was wrong: a row may hold several bad numbers.
    errors_count: int
    #: Rows that say again what another says of the same person and debt.
    repeated_rows: int
    #: Numbers that stand with more than one person.
    shared_numbers: int
    leads: int
    #: Persons of the file who were in the campaign before; updated, their state kept.
    known_leads: int
    #: Of those, leads that now say something else.
    refreshed_leads: int
    #: New leads that must not be called: their person is on the do-not-call list.
    suppressed: int
    phones: int
    #: Debts written, new or changed.
    debts: int
    #: The creditors' books, by currency.
    books: tuple[Book, ...]
    #: Rows that an interrupted import had judged before.
    resumed_rows: int
    encoding: str
    delimiter: str
    ignored_columns: tuple[str, ...]
    #: The first errors.
    errors: tuple[RowError, ...]


class BadFile(BadInput):
    """Rows of the file are wrong, and nothing was loaded."""

    def __init__(self, errors: list[RowError], count: int) -> None:
        more = f"\n  ... and {count - len(errors)} more" if count > len(errors) else ""
        listed = "".join(f"\n  {error}" for error in errors)
        rows = "1 row is" if count == 1 else f"{count} rows are"
        super().__init__(
            f"{rows} wrong, nothing was loaded:{listed}{more}\ncorrect the file, or skip the bad rows (--skip-bad)"
        )
        self.errors, self.count = errors, count


def _silent(what: str, done: int, total: int, rows: int) -> None:
    pass


async def import_leads(
    dsn: str,
    campaign_id: int,
    path: Path,
    options: ImportOptions | None = None,
    progress: Progress = _silent,
) -> ImportReport:
    """Load the leads of `path` into a campaign, in one transaction.

    Raises BadFile naming rows and columns, BadInput when the file can't be read at all or was loaded before; then
    nothing has changed. Dialling may go on meanwhile; the new leads are there with the commit.
    """
    options = options or ImportOptions()
    with ExitStack() as stack:
        file = stack.enter_context(_open(path))
        sha256 = await asyncio.to_thread(_sha256, file)
        source = await asyncio.to_thread(
            lambda: open_leads(
                file,
                encoding=options.encoding,
                delimiter=options.delimiter,
                region=options.default_region,
                mapping=options.mapping,
            )
        )
        connection = await connect(dsn)
        stack.callback(connection.terminate)
        run = await lead_lists.begin_run(connection, campaign_id, sha256, _judged_by(options))
        try:
            rows = run.rows
            size = os.fstat(file.fileno()).st_size
            async for block in judge_rows(source, size, after_row=run.last_row):
                await lead_lists.stage(connection, run, block.content, block.errors)
                rows += block.rows
                progress("reading", block.bytes_read, size, rows)
            progress("reading", size, size, rows)
            report = await _load(connection, run, source, options, campaign_id, path, sha256, rows, progress)
        except BadInput:
            # The file is at fault: nothing of it is kept. Whatever else ends us leaves the staged rows to go on from.
            await lead_lists.end_run(connection, run)
            raise
        await lead_lists.end_run(connection, run)
    return report


async def _load(
    connection: asyncpg.Connection,
    run: lead_lists.Run,
    source: LeadFile,
    options: ImportOptions,
    campaign_id: int,
    path: Path,
    sha256: str,
    rows: int,
    progress: Progress,
) -> ImportReport:
    """Compare the staged rows with what is here, and spread them unless they are bad or this is a dry run."""
    progress("comparing", 0, 0, rows)
    await connection.execute(f"ANALYZE staging.run_{run.id}")
    if run.list_id is None:
        await _set_clashes_aside(connection, run, source)
    count, found = await lead_lists.staged_errors(connection, SHOWN_ERRORS)
    first = [RowError(error.row, error.column, error.message) for error in found]
    if count and options.error_file is not None:
        await _list_errors(connection, options.error_file)
    if count and not options.skip_bad:
        raise BadFile(first, count)
    good = await connection.fetchval("SELECT count(*) FROM incoming")
    if not good:
        raise BadInput("the file has no good row; nothing was loaded")
    repeated, shared = await lead_lists.count_duplicates(connection)
    name = (options.list_name or path.name)[:200]
    books: list[Book] = []
    if run.list_id is not None:
        written = await lead_lists.written_before(connection, run.list_id)
    else:
        books = await lead_lists.reconcile(connection, close_missing=options.close_missing)
        async with _kept_unless(connection, options.dry_run):
            progress("loading", 0, 0, rows)
            written = await lead_lists.write_list(
                connection,
                run,
                campaign_id=campaign_id,
                name=name,
                sha256=sha256,
                close_missing=options.close_missing,
            )
            _agree(books, await lead_lists.open_book(connection))
    refreshed = 0
    if not options.dry_run:
        # The planner must know of a million new rows before the next claim.
        progress("analysing", 0, 0, rows)
        await connection.execute("ANALYZE person, phone, debt, lead")
        progress("refreshing", 0, 0, rows)
        refreshed = await lead_lists.refresh_known(connection, campaign_id, written.list_id)
        if options.close_missing:
            refreshed += await lead_lists.finish_settled(connection)
    return ImportReport(
        list_id=None if options.dry_run else written.list_id,
        list_name=name,
        rows=rows,
        bad_rows=rows - good,
        errors_count=count,
        repeated_rows=repeated,
        shared_numbers=shared,
        leads=written.leads,
        known_leads=written.known_leads,
        refreshed_leads=refreshed,
        suppressed=written.suppressed,
        phones=written.phones,
        debts=written.debts,
        books=tuple(books),
        resumed_rows=run.rows,
        encoding=source.table.encoding,
        delimiter=source.table.delimiter,
        ignored_columns=source.ignored,
        errors=tuple(first),
    )


async def _set_clashes_aside(connection: asyncpg.Connection, run: lead_lists.Run, source: LeadFile) -> None:
    """Rows whose debt is somebody else's become bad rows."""
    clashes = await lead_lists.find_clashes(connection)
    if clashes:
        column = source.shape.names["debt_ref"]
        errors = [(row, column, message, True) for row, message in clashes]
        await lead_lists.stage(connection, run, b"", errors)
        await lead_lists.drop_rows(connection, [row for row, _ in clashes])


def _agree(books: list[Book], now_open: Mapping[str, int]) -> None:
    """Raise BadInput when what is open after loading is not what the books say."""
    for book in books:
        if now_open.get(book.currency, 0) != book.after_minor:
            raise BadInput(
                f"the books do not agree: {now_open.get(book.currency, 0)} {book.currency} (minor units) are open "
                f"after loading, {book.after_minor} should be; somebody changed debts meanwhile: load the file again"
            )


class _kept_unless:
    """A transaction that is rolled back at its end when `dry`."""

    def __init__(self, connection: asyncpg.Connection, dry: bool) -> None:
        self._transaction = connection.transaction()
        self._dry = dry

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._dry:
            await self._transaction.commit()
        else:
            with suppress(asyncpg.InterfaceError):
                await self._transaction.rollback()


def _judged_by(options: ImportOptions) -> str:
    """What decides how rows are judged: an import may go on only with the same."""
    return orjson.dumps(
        {
            "encoding": options.encoding,
            "delimiter": options.delimiter,
            "region": options.default_region,
            "mapping": dict(options.mapping),
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()


async def _list_errors(connection: asyncpg.Connection, path: Path) -> None:
    """All errors as CSV, safe to open in a spreadsheet. Raises BadInput when it can't be written."""
    _, errors = await lead_lists.staged_errors(connection)
    try:
        # With a byte order mark, or spreadsheets read it in the machine's old code page.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            write = csv.writer(file).writerow
            write(("row", "column", "message"))
            for error in errors:
                write((error.row, plain_cell(error.column or ""), plain_cell(error.message)))
    except OSError as failure:
        raise BadInput(f"the error file can't be written: {failure}") from None


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None


def _sha256(file: BufferedReader) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
