"""What crosses the wire of files: brought, looked at, checked, loaded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dialer.api.schemas import LINE, RowNumber
from dialer.api.wire import Wire
from dialer.portfolio.findings import FindingKind
from dialer.store.import_mappings import FileKind
from dialer.store.uploads import UploadState

#: A column's name, the file's or ours; ours may be empty: the column is not used.
ColumnName = Annotated[str, Field(max_length=300, pattern=LINE)]
Columns = Annotated[
    dict[ColumnName, Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")]], Field(max_length=200)
]
Encoding = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]
Delimiter = Annotated[str, Field(pattern="^[,;|\t]$")]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
MappingName = Annotated[
    str, Field(min_length=1, max_length=80, pattern=r"^[^\u0000-\u001f\u007f\u2028\u2029/\\]*$")
]


class ColumnChoice(Wire):
    """A column of ours; without the `required` ones a file can't be loaded."""

    name: str
    required: bool


class ImportParts(Wire):
    """What a page of imports is built from."""

    columns: dict[FileKind, list[ColumnChoice]]
    #: Of those, which a row with a debt needs.
    of_a_debt: list[str]
    max_bytes: int


class PreviewRequest(Wire):
    """How to read the file; without `columns` they are taken by the saved mapping that fits, or by a guess."""

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    columns: Columns | None = None


class ColumnView(Wire):
    """A column of the file, and what it is taken for; `guessed`: only because it is often called so."""

    name: str
    target: str | None
    guessed: bool


class FilePreview(Wire):
    """`xlsx` for a workbook, which has no delimiter. `mapping`: the saved one by which the columns were taken."""

    encoding: str
    delimiter: str
    columns: list[ColumnView]
    rows: list[list[str]]
    missing: list[str]
    mapping: str | None


class ImportSettings(Wire):
    """How the file is to be read, and into which campaign (leads only)."""

    columns: Columns
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    region: Region | None = None
    campaign_id: RowNumber | None = None
    list_name: str | None = Field(default=None, min_length=1, max_length=200, pattern=LINE)
    #: Load the good rows of a file that has bad ones.
    skip_bad: bool = False
    #: The file is all that its creditors have: close their debts that it leaves out.
    close_missing: bool = False


class BookView(Wire):
    """The open debts of the file's creditors in one currency, before and after it; amounts in minor units."""

    currency: str
    debts_before: int
    before_minor: int
    new_debts: int
    new_minor: int
    raised_debts: int
    raised_minor: int
    lowered_debts: int
    lowered_minor: int
    closed_debts: int
    closed_minor: int
    unchanged_debts: int
    debts_after: int
    after_minor: int


class DeltaView(Wire):
    """Of one kind of matter: how much is new, says something else now, stood there so."""

    new: int
    changed: int
    known: int


class LeadsReport(Wire):
    """What came of a file of leads; of a check, what would. Counts as in `ImportReport`."""

    list_name: str
    rows: int
    bad_rows: int
    leads: int
    known_leads: int
    refreshed_leads: int
    suppressed: int
    phones: int
    debts: int
    repeated_rows: int
    shared_numbers: int
    resumed_rows: int
    ignored_columns: list[str]
    books: list[BookView]
    findings: dict[FindingKind, int]


class CasesReport(Wire):
    """What came of a file of cases, by kind of matter; of a check, what would."""

    rows: int
    bad_rows: int
    deltas: dict[str, DeltaView]
    ignored_columns: list[str]
    findings: dict[FindingKind, int]


class ImportProgress(Wire):
    """What is being done, how much of it of how much (0: unknown), and the rows read so far."""

    what: str
    done: int
    total: int
    rows: int


class LoadedAsView(Wire):
    """The same content, loaded before."""

    campaign_name: str
    list_name: str
    at: datetime


class ImportView(Wire):
    """A file that was brought, and how it stands."""

    id: int
    kind: FileKind
    name: str
    size_bytes: int
    user_name: str
    created_at: datetime
    changed_at: datetime
    state: UploadState
    settings: ImportSettings | None
    #: While somebody is at work on it here.
    progress: ImportProgress | None
    leads: LeadsReport | None
    cases: CasesReport | None
    problem: str | None
    #: An earlier upload of the same content, and where that was loaded.
    same_as: int | None
    loaded_as: list[LoadedAsView]


class FindingView(Wire):
    """A row worth a look, with its cells."""

    row: int
    kind: FindingKind
    column: str | None
    message: str
    cells: list[str]


class FindingPage(Wire):
    """The first findings, under the file's own header; all of them are in the list that can be downloaded."""

    header: list[str]
    findings: list[FindingView]


class MappingView(Wire):
    """A saved way to read a creditor's files."""

    name: MappingName
    kind: FileKind
    columns: Columns
    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    region: Region | None = None
