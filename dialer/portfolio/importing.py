"""A file of leads into a campaign: all of it or none of it, and once.

Nothing is to be seen before every row is judged. A bad row stops the whole file, unless `skip_bad` is set: then the
good rows are loaded and the bad ones listed in an error file. What was judged is staged as it goes: an import that was
interrupted goes on where it stopped when the same file is given again. What is staged is spread over the tables while
the rest is still being read, in a transaction that ends with the whole file. The columns are those of `lead_file`.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path

import asyncpg
import orjson

from dialer.domain.errors import BadInput
from dialer.portfolio.findings import MOST_FINDINGS, Finding, FindingKind, kind_of, write_findings
from dialer.portfolio.judging import Progress, judge_rows
from dialer.portfolio.lead_file import PHONE_COLUMNS, LeadFile, open_leads
from dialer.portfolio.spreadsheet import plain_cell
from dialer.portfolio.staged import Staged
from dialer.portfolio.table_file import RowError
from dialer.store import lead_lists
from dialer.store.database import connect
from dialer.store.lead_lists import Book
from dialer.store.spreading import ROWS_AT_ONCE, Spreading, Written

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
    #: Where whatever is worth a look is listed, bad rows and good ones, each with its line (`findings`).
    findings_file: Path | None = None
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
    #: By kind, when they were asked for.
    findings: Mapping[str, int] = field(default_factory=dict)


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
        going = _Import(
            dsn=dsn,
            path=path,
            connection=connection,
            run=run,
            source=source,
            options=options,
            progress=progress,
            campaign_id=campaign_id,
            name=(options.list_name or path.name)[:200],
            sha256=sha256,
            size_bytes=os.fstat(file.fileno()).st_size,
            rows=run.rows,
            staged=Staged(run.last_row),
        )
        try:
            report = await (going.load() if run.list_id is None else going.load_nothing(run.list_id))
            if report.list_id is not None:
                report = replace(report, refreshed_leads=await going.refresh(report.list_id))
        except BadInput:
            # The file is at fault: nothing of it is kept. Whatever else ends us leaves the staged rows to go on from.
            await lead_lists.end_run(connection, run)
            raise
        await lead_lists.end_run(connection, run)
    return report


@dataclass(frozen=True, slots=True)
class _Compared:
    """What the whole file says, staged: rows that can be loaded, and what is wrong with the others."""

    good: int
    errors_count: int
    errors: tuple[RowError, ...]
    findings: Mapping[str, int]
    repeated_rows: int
    shared_numbers: int
    #: Rows were set aside that may have been spread already.
    clashed: bool


class _Spoilt(Exception):
    """What was spread can't stay: some debt of it is somebody else's."""


@dataclass(slots=True)
class _Import:
    """One file on its way in. The rows are staged on `connection` and spread on another, in one transaction."""

    dsn: str
    path: Path
    connection: asyncpg.Connection
    run: lead_lists.Run
    source: LeadFile
    options: ImportOptions
    progress: Progress
    campaign_id: int
    name: str
    sha256: str
    size_bytes: int
    #: Judged so far.
    rows: int
    staged: Staged

    async def load(self) -> ImportReport:
        """Read, compare and spread the file: all of it or, when it is bad or this is a dry run, nothing."""
        for _ in range(2):
            try:
                return await self._load_once()
            except _Spoilt:
                continue  # The rows at fault are set aside: what is staged is spread anew.
        raise BadInput("somebody else writes the same persons or debts at this moment: load the file again")

    async def load_nothing(self, list_id: int) -> ImportReport:
        """What is said of a file whose rows an interrupted import has spread already."""
        compared = await self._read_and_compare()
        leads, suppressed = await lead_lists.written_before(self.connection, list_id)
        return self._report(compared, Written(list_id, leads, 0, suppressed, 0, 0), [])

    async def refresh(self, list_id: int) -> int:
        """Leads that were there before, as the file wants them; how many changed."""
        # The planner must know of a million new rows before the next claim.
        self.progress("analysing", 0, 0, self.rows)
        await self.connection.execute("ANALYZE person, phone, debt, lead")
        self.progress("refreshing", 0, 0, self.rows)
        refreshed = await lead_lists.refresh_known(self.connection, self.campaign_id, list_id)
        if self.options.close_missing:
            refreshed += await lead_lists.finish_settled(self.connection)
        return refreshed

    async def _load_once(self) -> ImportReport:
        loader = await connect(self.dsn)
        try:
            async with _kept_unless(loader, self.options.dry_run):
                spreading = Spreading(loader, self.run, self.campaign_id)
                try:
                    async with asyncio.TaskGroup() as tasks:
                        writing = tasks.create_task(self._write_blocks(spreading))
                        compared = await self._read_and_compare()
                except ExceptionGroup as group:
                    raise group.exceptions[0] from None  # The first has ended the others.
                if compared.clashed or not writing.result():
                    raise _Spoilt
                await spreading.write_rest(compared.good)
                self.progress("loading leads", 0, 0, self.rows)
                written = await spreading.write_leads(close_missing=self.options.close_missing)
                # Drawn as late as possible: payments go on meanwhile, and the books must agree.
                books = await lead_lists.reconcile(self.connection, close_missing=self.options.close_missing)
                _agree(books, await lead_lists.open_book(loader))
                await spreading.end()
        finally:
            loader.terminate()
        return self._report(compared, written, books)

    async def _write_blocks(self, spreading: Spreading) -> bool:
        """Spread what is staged while more of it comes; whether it can stay."""
        await spreading.begin(self.name, self.sha256)
        row = 1
        try:
            while (last_row := await self.staged.reached(row + ROWS_AT_ONCE)) > row:
                if self.staged.over:
                    self.progress("loading", row, self.staged.row, self.rows)
                await spreading.write_block(row, last_row)
                row = last_row
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            return False
        return True

    async def _read_and_compare(self) -> _Compared:
        if not self.staged.over:
            async for block in judge_rows(self.source, self.size_bytes, after_row=self.run.last_row):
                await lead_lists.stage(self.connection, self.run, block.content, block.errors)
                self.rows += block.rows
                self.progress("reading", block.bytes_read, self.size_bytes, self.rows)
                self.staged.reach(block.last_row, refused=bool(block.errors) and not self.options.skip_bad)
            self.progress("reading", self.size_bytes, self.size_bytes, self.rows)
            self.staged.end()
        await self.connection.execute(f"ANALYZE staging.run_{self.run.id}")
        clashed = self.run.list_id is None and await self._set_clashes_aside()
        count, found = await lead_lists.staged_errors(self.connection, SHOWN_ERRORS)
        first = [RowError(error.row, error.column, error.message) for error in found]
        if count and self.options.error_file is not None:
            await _list_errors(self.connection, self.options.error_file)
        findings = {} if self.options.findings_file is None else await self._list_findings()
        if count and not self.options.skip_bad:
            raise BadFile(first, count)
        good = await self.connection.fetchval("SELECT count(*) FROM incoming")
        if not good:
            raise BadInput("the file has no good row; nothing was loaded")
        repeated, shared = await lead_lists.count_duplicates(self.connection)
        return _Compared(good, count, tuple(first), findings, repeated, shared, clashed)

    async def _list_findings(self) -> Mapping[str, int]:
        """List what is worth a look; how many there are of each kind."""
        assert self.options.findings_file is not None
        self.progress("comparing", 0, 0, self.rows)
        counts, found = await lead_lists.find_remarkable(self.connection, MOST_FINDINGS)
        names = self.source.shape.names
        numbers = frozenset(names[column] for column in PHONE_COLUMNS if column in names)
        findings = [
            Finding(
                each.row,
                FindingKind(each.kind) if each.kind != "bad" else kind_of(each.column, numbers),
                each.column,
                each.message,
            )
            for each in found
        ]
        bad_numbers = sum(
            count for (kind, column), count in counts.items() if kind == "bad" and column in numbers
        )
        totals = {FindingKind.BAD_NUMBER.value: bad_numbers}
        for (kind, column), count in counts.items():
            if kind == "bad" and column in numbers:
                continue
            name = FindingKind.BAD_ROW.value if kind == "bad" else kind
            totals[name] = totals.get(name, 0) + count
        await asyncio.to_thread(
            write_findings,
            *(self.options.findings_file, self.path, findings),
            encoding=self.options.encoding,
            delimiter=self.options.delimiter or self.source.table.delimiter or None,
        )
        return {kind: count for kind, count in totals.items() if count}

    async def _set_clashes_aside(self) -> bool:
        """Rows whose debt is somebody else's become bad rows; whether there were any."""
        clashes = await lead_lists.find_clashes(self.connection)
        if clashes:
            column = self.source.shape.names["debt_ref"]
            errors = [(row, column, message, True) for row, message in clashes]
            await lead_lists.stage(self.connection, self.run, b"", errors)
            await lead_lists.drop_rows(self.connection, [row for row, _ in clashes])
        return bool(clashes)

    def _report(self, compared: _Compared, written: Written, books: list[Book]) -> ImportReport:
        return ImportReport(
            list_id=None if self.options.dry_run else written.list_id,
            list_name=self.name,
            rows=self.rows,
            bad_rows=self.rows - compared.good,
            errors_count=compared.errors_count,
            repeated_rows=compared.repeated_rows,
            shared_numbers=compared.shared_numbers,
            leads=written.leads,
            known_leads=written.known_leads,
            refreshed_leads=0,
            suppressed=written.suppressed,
            phones=written.phones,
            debts=written.debts,
            books=tuple(books),
            resumed_rows=self.run.rows,
            encoding=self.source.table.encoding,
            delimiter=self.source.table.delimiter,
            ignored_columns=self.source.ignored,
            errors=compared.errors,
            findings=compared.findings,
        )


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
    """All errors as CSV. Raises BadInput when it can't be written."""
    _, errors = await lead_lists.staged_errors(connection)
    write_errors(path, [(error.row, error.column, error.message) for error in errors])


def write_errors(path: Path, errors: Iterable[tuple[int, str | None, str]]) -> None:
    """Row, column and message as CSV, safe to open in a spreadsheet. Raises BadInput when it can't be written."""
    try:
        # With a byte order mark, or spreadsheets read it in the machine's old code page.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            write = csv.writer(file).writerow
            write(("row", "column", "message"))
            for row, column, message in errors:
                write((row, plain_cell(column or ""), plain_cell(message)))
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
