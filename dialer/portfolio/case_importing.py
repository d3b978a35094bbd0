"""A file of consents, parties, notes, wishes, numbers, addresses and papers into debtors' files: all of it or none.

The columns are those of `case_file`. The same file again changes nothing, and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.portfolio.case_file import CaseFile, read_cases
from dialer.portfolio.findings import count_kinds, found_in, write_findings
from dialer.portfolio.importing import SHOWN_ERRORS, BadFile, write_errors
from dialer.portfolio.table_file import RowError
from dialer.store import case_files
from dialer.store.case_files import Delta, Paper
from dialer.store.database import Connection, connect
from dialer.store.person_file import MAX_DOCUMENT, find_user


@dataclass(frozen=True, slots=True)
class CaseOptions:
    encoding: str | None = None
    #: None: found by the header.
    delimiter: str | None = None
    #: Country (ISO 3166-1) of numbers written without a country code.
    default_region: str | None = None
    #: The file's own column names -> ours.
    mapping: Mapping[str, str] = field(default_factory=dict)
    #: Where the papers are that the rows name.
    documents: Path | None = None
    #: Log-in of whoever enters it.
    entered_by: str | None = None
    #: Load the good rows of a file that has bad ones.
    skip_bad: bool = False
    #: Where the bad rows are listed: row, column, message.
    error_file: Path | None = None
    #: Where they are listed each with its line (`findings`).
    findings_file: Path | None = None
    #: Judge and compare everything, and load nothing.
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What came of a file, by kind of matter; after a dry run, what would."""

    rows: int
    #: Rows left out.
    bad_rows: int
    deltas: dict[str, Delta]
    ignored_columns: tuple[str, ...]
    #: The first errors.
    errors: tuple[RowError, ...]
    #: By kind.
    findings: Mapping[str, int]


async def import_cases(
    dsn: str, path: Path, options: CaseOptions | None = None, *, at: datetime | None = None
) -> CaseReport:
    """Load the rows of `path` into the debtors' files, in one transaction.

    Raises BadFile naming rows and columns, BadInput when the file can't be read at all; then nothing has changed.
    """
    options, now = options or CaseOptions(), at or datetime.now(UTC)
    file = await asyncio.to_thread(
        lambda: read_cases(
            path,
            now,
            encoding=options.encoding,
            delimiter=options.delimiter,
            region=options.default_region,
            mapping=options.mapping,
        )
    )
    _find_papers(file, options.documents)
    connection = await connect(dsn)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SET LOCAL jit = off")
        user_id = await find_user(connection, options.entered_by)
        found = await case_files.stage(connection, file.rows)
        errors = [RowError(row, file.names.get(column, column), message) for row, column, message in found]
        errors = sorted([*file.errors, *errors], key=lambda error: error.row)
        if errors and options.error_file is not None:
            write_errors(options.error_file, [(each.row, each.column, each.message) for each in errors])
        findings = found_in(errors, frozenset({file.names.get("phone", "phone")}))
        if options.findings_file is not None:
            await asyncio.to_thread(
                write_findings,
                *(options.findings_file, path, findings),
                encoding=options.encoding,
                delimiter=options.delimiter or file.delimiter or None,
            )
        if errors and not options.skip_bad:
            raise BadFile(errors[:SHOWN_ERRORS], len(errors))
        await case_files.drop_rows(connection, [row for row, _, _ in found])
        bad_rows = len({error.row for error in errors})
        rows = len(file.rows) + len(file.errors)
        if rows == bad_rows:
            raise BadInput("the file has no good row; nothing was loaded")
        deltas, papers = await case_files.write(connection, now, user_id=user_id)
        deltas["documents"] = await _keep(connection, papers, options.documents, user_id)
        await (transaction.rollback() if options.dry_run else transaction.commit())
    finally:
        connection.terminate()
    return CaseReport(
        rows, bad_rows, deltas, file.ignored, tuple(errors[:SHOWN_ERRORS]), count_kinds(findings)
    )


def _find_papers(file: CaseFile, folder: Path | None) -> None:
    """Rows whose paper is missing, empty or too large become bad ones. Raises BadInput when no folder was named."""
    named = [row for row in file.rows if row.document is not None]
    if named and folder is None:
        raise BadInput("the rows name documents: say in which folder they are (--documents FOLDER)")
    bad: dict[int, str] = {}
    for row in named:
        assert folder is not None
        assert row.document is not None
        try:
            size = (folder / row.document).stat().st_size
        except OSError as error:
            bad[row.row] = f"{row.document[:60]!r} can't be read: {error.strerror}"
        else:
            if not 0 < size <= MAX_DOCUMENT:
                bad[row.row] = f"{row.document[:60]!r} has {size:,} bytes; a paper has 1 to {MAX_DOCUMENT:,}"
    column = file.names.get("document", "document")
    file.rows = [row for row in file.rows if row.row not in bad]
    file.errors += [RowError(row, column, message) for row, message in bad.items()]


async def _keep(
    connection: Connection, papers: list[Paper], folder: Path | None, user_id: int | None
) -> Delta:
    new = 0
    for paper in papers:
        assert folder is not None
        try:
            content = await asyncio.to_thread((folder / paper.document).read_bytes)
        except OSError as error:
            raise BadInput(f"row {paper.row}: {paper.document!r} can't be read: {error.strerror}") from None
        new += await case_files.write_paper(
            connection,
            paper,
            guess_type(paper.document)[0] or "application/octet-stream",
            hashlib.sha256(content).hexdigest(),
            content,
            user_id=user_id,
        )
    return Delta(new, 0, len(papers) - new)
