"""A file of leads into a campaign: all of it or none of it.

Every row is checked before anything is loaded. A bad row stops the whole file, unless `skip_bad` is set: then the good
rows are loaded and the bad ones listed in an error file. The columns are those of `lead_file`.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path

import asyncpg

from dialer.domain.errors import BadInput
from dialer.portfolio.lead_file import LeadFile, LeadRow, RowError, open_leads
from dialer.store import lead_lists
from dialer.store.database import connect

#: Errors told in the message of a refused file; all of them go to the error file.
SHOWN_ERRORS = 10
#: Rows checked between two breaths of the event loop.
_ROWS_AT_ONCE = 500
#: What a spreadsheet would take for a formula when a cell begins with it (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: Called with rows read, bytes read, bytes in all.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    #: For files without a byte order mark that are not UTF-8: cp1252, latin-1, utf-16.
    encoding: str | None = None
    #: None: found by the header.
    delimiter: str | None = None
    #: Load the good rows of a file that has bad ones.
    skip_bad: bool = False
    #: Where the bad rows are listed: row, column, message.
    error_file: Path | None = None
    #: The list's name; None: the file's.
    list_name: str | None = None
    #: Country (ISO 3166-1) of numbers written without a country code.
    default_region: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of a file."""

    list_id: int
    list_name: str
    rows: int
    bad_rows: int
    leads: int
    #: Persons of the file who were in the campaign before; updated, their state kept.
    known_leads: int
    phones: int
    debts: int
    encoding: str
    delimiter: str
    ignored_columns: tuple[str, ...]
    #: The first bad rows.
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


async def import_leads(
    dsn: str,
    campaign_id: int,
    path: Path,
    options: ImportOptions | None = None,
    progress: Progress = lambda rows, done, total: None,
) -> ImportReport:
    """Load the leads of `path` into a campaign, in one transaction.

    Raises BadFile naming rows and columns, BadInput when the file can't be read at all or was loaded before; then
    nothing has changed. Dialling may go on meanwhile; the new leads are there with the commit.
    """
    options = options or ImportOptions()
    name = (options.list_name or path.name)[:200]
    with ExitStack() as stack:
        file = stack.enter_context(_open(path))
        sha256 = await asyncio.to_thread(_sha256, file)
        source = open_leads(
            file, encoding=options.encoding, delimiter=options.delimiter, region=options.default_region
        )
        errors = stack.enter_context(_Errors(options.error_file))
        tally = _Tally(source, errors, progress, os.fstat(file.fileno()).st_size)
        connection = await connect(dsn)
        stack.callback(connection.terminate)
        try:
            async with connection.transaction():
                language = await lead_lists.refuse_known_list(connection, campaign_id, sha256)
                await lead_lists.copy_rows(connection, tally.records())
                clashes = await lead_lists.find_clashes(connection)
                for row, message in clashes:
                    errors.add(RowError(row, source.names["debt_ref"], message))
                if errors.count and not options.skip_bad:
                    raise BadFile(errors.first, errors.count)
                if errors.count >= tally.rows:
                    raise BadInput("the file has no good row; nothing was loaded")
                await lead_lists.drop_rows(connection, [row for row, _ in clashes])
                written = await lead_lists.write_list(
                    connection, campaign_id=campaign_id, name=name, sha256=sha256, language=language
                )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "lead_list_campaign_id_content_sha256_key":
                raise
            raise BadInput("this very file was loaded by somebody else at the same time") from None
        # The planner must know of a million new rows before the next claim.
        await connection.execute("ANALYZE person, phone, debt, lead")
    return ImportReport(
        list_id=written.list_id,
        list_name=name,
        rows=tally.rows,
        bad_rows=errors.count,
        leads=written.leads,
        known_leads=written.known_leads,
        phones=written.phones,
        debts=written.debts,
        encoding=source.encoding,
        delimiter=source.delimiter,
        ignored_columns=source.ignored,
        errors=tuple(errors.first),
    )


class _Tally:
    """The rows of a file on their way into the database, counted; bad ones go aside."""

    def __init__(self, source: LeadFile, errors: _Errors, progress: Progress, size: int) -> None:
        self._source, self._errors, self._progress, self._size = source, errors, progress, size
        self.rows = 0

    async def records(self) -> AsyncIterator[tuple[object, ...]]:
        rows = self._source.rows()
        # Checking is work for the processor: in a thread, so that the loop's other tasks go on.
        while batch := await asyncio.to_thread(_take, rows):
            for row in batch:
                if isinstance(row, RowError):
                    self._errors.add(row)
                else:
                    yield _record(row)
            self.rows += len(batch)
            self._progress(self.rows, self._source.bytes_read(), self._size)


def _take(rows: Iterator[LeadRow | RowError]) -> list[LeadRow | RowError]:
    return list(islice(rows, _ROWS_AT_ONCE))


def _record(row: LeadRow) -> tuple[object, ...]:
    """A row in the order of `lead_lists.COLUMNS`."""
    debt = row.debt
    return (
        *(row.row, row.external_ref, row.full_name, row.language, row.time_zone, row.segment, row.priority),
        [phone.e164 for phone in row.phones],
        *((debt.external_ref, debt.creditor, debt.product) if debt else (None, None, None)),
        *((debt.balance_minor, debt.currency, debt.due_on) if debt else (None, None, None)),
    )


class _Errors:
    """Bad rows: the first kept for the message, all written to the error file, safe to open in a spreadsheet."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stack = ExitStack()
        self._write: Callable[[tuple[object, ...]], object] | None = None
        self.first: list[RowError] = []
        self.count = 0

    def __enter__(self) -> _Errors:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, error: RowError) -> None:
        self.count += 1
        if len(self.first) < SHOWN_ERRORS:
            self.first.append(error)
        if self._path is None:
            return
        if self._write is None:
            try:
                # With a byte order mark, or spreadsheets read it in the machine's old code page.
                file = self._stack.enter_context(self._path.open("w", encoding="utf-8-sig", newline=""))
            except OSError as failure:
                raise BadInput(f"the error file can't be written: {failure}") from None
            self._write = csv.writer(file).writerow
            self._write(("row", "column", "message"))
        self._write((error.row, plain_cell(error.column or ""), plain_cell(error.message)))


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None


def _sha256(file: BufferedReader) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
