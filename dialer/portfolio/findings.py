"""What is worth a look in a creditor's file, each with its line: as a CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.portfolio.spreadsheet import plain_cell
from dialer.portfolio.table_file import Line, RowError, open_table

#: Findings listed of one file; the counts are of all.
MOST_FINDINGS = 100_000
#: Of a cell in the list; nobody looks further.
_CELL_CHARS = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_OWN_COLUMNS = ("row", "finding", "column", "message")


class FindingKind(StrEnum):
    BAD_NUMBER = "bad_number"
    #: Anything else that is wrong with a row.
    BAD_ROW = "bad_row"
    #: Says again what another row says of the same person and debt.
    REPEATED = "repeated"
    #: Its number stands with another person too.
    SHARED_NUMBER = "shared_number"
    #: Its person, or a number of it, must not be called.
    DO_NOT_CALL = "do_not_call"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row (1 is the header), or about one cell of it."""

    row: int
    kind: FindingKind
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """A finding as the list holds it, with the row's cells."""

    row: int
    kind: FindingKind
    column: str | None
    message: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingList:
    header: tuple[str, ...]
    findings: tuple[ListedFinding, ...]


def write_findings(
    path: Path, source: Path, findings: Iterable[Finding], *, encoding: str | None, delimiter: str | None
) -> None:
    """Write the findings (ascending rows) as CSV, each beside its row of `source`. Raises BadInput on a full disk."""
    try:
        with source.open("rb") as file, path.open("w", encoding="utf-8-sig", newline="") as listed:
            table = open_table(file, lambda _: None, encoding=encoding, delimiter=delimiter)
            write = csv.writer(listed).writerow
            write((*_OWN_COLUMNS, *(_safe(cell) for cell in table.header)))
            lines = iter(table.lines)
            row, line = next(lines, (0, ""))
            for finding in findings:
                while row and row < finding.row:
                    row, line = next(lines, (0, ""))
                cells = _cells(line, table.delimiter) if row == finding.row else []
                write(
                    (
                        finding.row,
                        finding.kind.value,
                        _safe(finding.column or ""),
                        _safe(finding.message),
                        *(_safe(cell) for cell in cells),
                    )
                )
    except OSError as failure:
        raise BadInput(f"the list of findings can't be written: {failure}") from None


def read_findings(path: Path, limit: int) -> FindingList:
    """The first findings of a list. Raises FileNotFoundError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: Iterator[list[str]] = csv.reader(file)
        header = next(rows, list(_OWN_COLUMNS))
        found = [
            ListedFinding(int(row[0]), FindingKind(row[1]), row[2] or None, row[3], tuple(row[4:]))
            for row in islice(rows, limit)
        ]
    return FindingList(tuple(header[len(_OWN_COLUMNS) :]), tuple(found))


def found_in(errors: Iterable[RowError], number_columns: frozenset[str]) -> list[Finding]:
    """What is wrong with rows, as findings; `number_columns`: the file's own names of those that hold numbers."""
    return [
        Finding(error.row, kind_of(error.column, number_columns), error.column, error.message)
        for error in errors
    ]


def kind_of(column: str | None, number_columns: frozenset[str]) -> FindingKind:
    return FindingKind.BAD_NUMBER if column in number_columns else FindingKind.BAD_ROW


def count_kinds(findings: Iterable[Finding]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.kind.value] = counts.get(finding.kind.value, 0) + 1
    return counts


def _cells(line: Line, delimiter: str) -> list[str]:
    if isinstance(line, RowError):
        return []
    if not isinstance(line, str):
        return list(line)
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return line.split(delimiter)  # it may be the very thing that is wrong with it


def _safe(text: str) -> str:
    return plain_cell(_UNPRINTABLE.sub("\ufffd", text[:_CELL_CHARS]))
