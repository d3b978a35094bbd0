"""A creditor's table, CSV or workbook, row by row: decoded, measured, cut into cells; nothing trusted.

What the cells mean is said elsewhere (`lead_file`, `debt_file`). Line breaks inside a CSV field are refused like every
other control character: one line is one row, so that a large file can be judged in pieces.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import BinaryIO, TypeAlias

from babel.numbers import get_currency_precision, list_currencies
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from dialer.domain.errors import BadInput

MAX_LINE_CHARS = 1_000_000
MAX_FIELD_CHARS = 10_000
MAX_COLUMNS = 200
#: What a text (a name, a reference) may hold at most.
MAX_TEXT_CHARS = 300
DELIMITERS = ",;\t|"
_CHUNK_BYTES = 1 << 16
#: What a workbook may unpack to: the sheet is read as a stream, its texts are held in memory.
MAX_UNPACKED_BYTES = 2 << 30
MAX_TEXTS_BYTES = 256 << 20
#: Deflate packs honest sheets 10 to 50 times.
MAX_PACKING = 300
_ALWAYS_FINE_BYTES = 16 << 20

# Control characters, and those that hide or turn text around (RFC 8265 keeps them out of names too); `${` starts a
# variable of the switch's dialplan. Tabs are judged apart: they may separate fields.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]|\\$\\{"
)
_AMOUNT = re.compile(r"[0-9]{1,15}(?:[.,][0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row. Rows count from 1, the header's, as a spreadsheet shows them."""

    row: int
    column: str | None
    message: str

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.message}"


#: A row on its way: a line of CSV, a workbook's cells, or what is wrong with it already.
Line: TypeAlias = str | tuple[str, ...] | RowError


class BadCell(Exception):
    """A cell (or, without a column, a row) that can't be read."""

    def __init__(self, column: str | None, message: str) -> None:
        self.column, self.message = column, message


@dataclass(slots=True)
class TableFile:
    """An open table whose header is read; `lines` gives the rest, numbered."""

    #: `xlsx` for a workbook.
    encoding: str
    #: Empty for a workbook.
    delimiter: str
    header: tuple[str, ...]
    lines: Iterator[tuple[int, Line]] = field(repr=False)
    bytes_read: Callable[[], int] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TableShape:
    """How rows become cells by name. A plain value: it travels to the processes that judge the rows."""

    delimiter: str
    #: The header's columns by our names; None: ignored.
    columns: tuple[str | None, ...]
    names: dict[str, str]  # our name -> the header's own

    def cells(self, line: str | tuple[str, ...]) -> dict[str, str]:
        """The row's non-empty cells, stripped. Raises BadCell."""
        if isinstance(line, str):
            quoted = '"' in line  # A separator may then stand within a field.
            clean = not _FORBIDDEN.search(line) and len(line) <= MAX_FIELD_CHARS
            clean = clean and ("\t" not in line or (self.delimiter == "\t" and not quoted))
            # Without quotes a line is what stands between the separators; nearly every line is.
            cells = line.split(self.delimiter) if clean and not quoted else self._split(line)
        else:
            clean, cells = False, list(line)
        missing = len(self.columns) - len(cells)
        if missing > 0 or any(cells[len(self.columns) :]):
            raise BadCell(None, f"{len(cells)} fields, but the header has {len(self.columns)}")
        if not clean:
            for name, cell in zip(self.columns, cells, strict=False):
                _judge_text(name, cell)
        return {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False) if name and cell}

    def error(self, row: int, bad: BadCell) -> RowError:
        """The same in the file's own words."""
        return RowError(row, bad.column and self.names.get(bad.column, bad.column), bad.message)

    def _split(self, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            if len(line) > csv.field_size_limit():
                raise BadCell(None, f"a field has more than {MAX_FIELD_CHARS:,} characters") from None
            # A lone carriage return stops the reader; the separators before it tell the column.
            before, mark, _ = line.partition("\r")
            if mark and '"' not in before:
                column = (*self.columns, None)[min(before.count(self.delimiter), len(self.columns))]
                raise BadCell(column, "holds the control character U+000D: remove it") from None
            raise BadCell(None, f"{error}; a field in quotes ends on its own line") from None


def open_table(
    file: BinaryIO,
    known: Callable[[str], object | None],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> TableFile:
    """Read the header of a table opened in binary; a workbook is known by its first bytes.

    The encoding is the byte order mark's, else the one given, else UTF-8. The separator is the one given, else the one
    of `, ; tab |` under which the header has most columns that are `known`. Raises BadInput, which says what to do.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise BadInput(f"separator {delimiter!r} is not one of comma, semicolon, tab and |")
    start = file.read(4)
    if start.startswith(b"PK\x03\x04"):
        return _open_workbook(file)
    encoding, skip = _encoding(start, encoding)
    file.seek(skip)
    source = _Source(file, encoding, skip)
    lines = source.lines()
    row, header = next(lines, (1, ""))
    if isinstance(header, RowError):
        raise BadInput(str(header))
    if not header.strip():
        raise BadInput(f"row {row}: the file has no header; its first line names the columns")

    def recognised(mark: str) -> int:
        return sum(known(cell) is not None for cell in header.replace('"', "").split(mark))

    delimiter = delimiter or max(DELIMITERS, key=recognised)
    return TableFile(
        encoding=encoding,
        delimiter=delimiter,
        header=_header(_header_cells(header, delimiter)),
        lines=((number, line) for number, line in lines if isinstance(line, RowError) or line.strip()),
        bytes_read=lambda: source.bytes_read,
    )


def shape_of(
    table: TableFile, known: Callable[[str], str | None], required: Sequence[str], words: dict[str, str]
) -> TableShape:
    """The table's shape by our names. Raises BadInput on a column that stands twice or is missing (`words`: ours ->
    the Spanish name, for the message)."""
    columns = tuple(known(cell) for cell in table.header)
    names = {name: cell for name, cell in zip(columns, table.header, strict=True) if name}
    if len(names) != sum(name is not None for name in columns):
        twice = next(name for name in columns if name and columns.count(name) > 1)
        raise BadInput(f"row 1: column {twice} stands twice")
    if missing := [name for name in required if name not in names]:
        wanted = ", ".join(f"{name} ({words[name]})" for name in missing)
        separator = {"\t": "tab", "": "none"}.get(table.delimiter, table.delimiter)
        raise BadInput(
            f"row 1: missing columns: {wanted}; read with separator {separator} as {table.encoding}"
        )
    return TableShape(table.delimiter, columns, names)


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    found = tuple(cell.strip() for cell in cells)
    if len(found) > MAX_COLUMNS:
        raise BadInput(f"row 1: {len(found)} columns, at most {MAX_COLUMNS} are read")
    return found


def _header_cells(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"row 1: the header can't be read: {error}") from None


# --- workbooks --------------------------------------------------------------------------------------------


def _open_workbook(file: BinaryIO) -> TableFile:
    """The first sheet of an XLSX file, read as a stream. Raises BadInput."""
    try:
        _refuse_bomb(file)
        file.seek(0)
        book = load_workbook(file, read_only=True, keep_links=False)
        sheet = next(iter(book.worksheets), None)
    except BadInput:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise BadInput(
            f"this is no workbook that can be read ({_first_line(error)}): save it as XLSX or CSV"
        ) from None
    except Exception as error:  # an XML parser's; openpyxl promises nothing
        raise BadInput(f"the workbook is damaged or hostile ({_first_line(error)}): save it as CSV") from None
    if sheet is None:
        raise BadInput("the workbook has no sheet")
    sheet.reset_dimensions()  # they are the file's word, and may be anything
    lines = _sheet_lines(sheet.iter_rows(max_col=MAX_COLUMNS + 1))
    _, header = next(lines, (1, ()))
    if isinstance(header, RowError):
        raise BadInput(str(header))
    while header and not header[-1]:
        header = header[:-1]
    if not header or isinstance(header, str):
        raise BadInput("row 1: the sheet has no header; its first row names the columns")
    columns = _header(header)

    def rows() -> Iterator[tuple[int, Line]]:
        for row, cells in lines:
            if isinstance(cells, tuple):
                yield row, cells + ("",) * (len(columns) - len(cells))
            else:
                yield row, cells

    return TableFile("xlsx", "", columns, rows(), file.tell)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _refuse_bomb(file: BinaryIO) -> None:
    """Raise BadInput when the workbook would unpack to more than a portfolio holds. `zipfile` reads no more of an entry
    than its directory says, so the directory's figures are the ones that count."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
    if len(entries) > 1000:
        raise BadInput(f"the workbook holds {len(entries):,} files: save the sheet as CSV")
    for entry in entries:
        packing = entry.file_size / max(entry.compress_size, 1)
        if packing > MAX_PACKING and entry.file_size > _ALWAYS_FINE_BYTES:
            raise BadInput(
                f"the workbook's {entry.filename[:60]!r} unpacks {packing:,.0f} times its size; nothing was read"
            )
        if entry.filename.endswith("sharedStrings.xml") and entry.file_size > MAX_TEXTS_BYTES:
            raise BadInput("the workbook holds more text than is read from one: save the sheet as CSV")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise BadInput("the workbook unpacks to more than 2 GB: save the sheet as CSV")


def _sheet_lines(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[int, Line]]:
    row = 0
    while True:
        row += 1
        try:
            cells = next(rows, None)
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            EOFError,
            SyntaxError,
            IndexError,
        ) as error:
            raise BadInput(
                f"row {row}: the workbook is damaged ({_first_line(error)}): save it as CSV"
            ) from None
        if cells is None:
            return
        try:
            texts = tuple(_cell_text(cell) for cell in cells)
        except BadCell as bad:
            yield row, RowError(row, None, bad.message)
            continue
        if any(texts):
            yield row, texts


def _cell_text(cell: object) -> str:
    """A workbook's cell as a CSV would hold it. Raises BadCell on formulas: their value is anybody's guess."""
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    kind = getattr(cell, "data_type", "")
    where = getattr(cell, "coordinate", "?")
    if kind == "f":
        raise BadCell(None, f"cell {where} holds a formula: paste it as a value")
    if kind == "e":
        raise BadCell(None, f"cell {where} holds the error {value}")
    if isinstance(value, bool):
        raise BadCell(None, f"cell {where} holds true or false: write text or a number")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value)


# --- bytes to lines ---------------------------------------------------------------------------------------

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _encoding(start: bytes, declared: str | None) -> tuple[str, int]:
    if start.startswith((b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise BadInput("this is an old workbook or an archive: save it as XLSX or as CSV (UTF-8)")
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name, len(mark)
    if declared is None:
        return "utf-8", 0
    try:
        "".encode(declared)  # unlike codecs.lookup it takes encodings of text only
        return codecs.lookup(declared).name, 0
    except (LookupError, ValueError):
        raise BadInput(f"encoding {declared!r} is unknown: give utf-8, utf-16, latin-1 or cp1252") from None


class _Source:
    """Lines of text out of bytes, with limits, knowing at which row and byte they are."""

    def __init__(self, file: BinaryIO, encoding: str, start: int) -> None:
        self._file, self._encoding = file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self.bytes_read = start
        self.row = 1

    def lines(self) -> Iterator[tuple[int, str | RowError]]:
        """(row, line without its end). A line over the limit comes as an error, its text dropped."""
        rest, overlong = "", False
        for text in self._texts():
            *whole, tail = text.split("\n")
            for piece in whole:
                yield self.row, self._line(rest + piece, overlong)
                self.row += 1
                rest, overlong = "", False
            rest += tail
            if overlong or len(rest) > MAX_LINE_CHARS:
                rest, overlong = "", True
        if rest or overlong:
            yield self.row, self._line(rest, overlong)

    def _line(self, text: str, overlong: bool) -> str | RowError:
        if overlong or len(text) > MAX_LINE_CHARS:
            return RowError(self.row, None, f"the line has more than {MAX_LINE_CHARS:,} characters")
        return text.removesuffix("\r")

    def _texts(self) -> Iterator[str]:
        pending = 0  # bytes the decoder still holds of a character
        while True:
            chunk = self._file.read(_CHUNK_BYTES)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(self._encoding, "ignore")
                byte = self.bytes_read - pending + error.start + 1
                raise BadInput(
                    f"row {self.row + good.count(chr(10))}, byte {byte}: not {self._encoding} text; "
                    "if the file was saved by an older program, give its encoding (cp1252 or latin-1)"
                ) from None
            self.bytes_read += len(chunk)
            pending = len(self._decoder.getstate()[0])
            if not chunk:
                return
            yield text


# --- fields -----------------------------------------------------------------------------------------------


def _judge_text(column: str | None, text: str) -> None:
    if len(text) > MAX_FIELD_CHARS:
        raise BadCell(column, f"{len(text):,} characters; at most {MAX_FIELD_CHARS:,} are read")
    found = _FORBIDDEN.search(text) or re.search("\t", text)
    if not found:
        return
    if found[0] == "${":
        raise BadCell(column, "'${' may not stand in a field")
    raise BadCell(column, f"holds the control character U+{ord(found[0]):04X}: remove it")


def read_text(column: str, text: str) -> str:
    """A name or reference. Raises BadCell when it is too long or would be a spreadsheet's formula."""
    if len(text) > MAX_TEXT_CHARS:
        raise BadCell(column, f"{len(text):,} characters; at most {MAX_TEXT_CHARS} make sense here")
    if text[0] in "=+-@":
        raise BadCell(column, f"begins with {text[0]!r}, as a spreadsheet's formula does")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def read_currency(text: str) -> str:
    """An ISO 4217 code. Raises BadCell."""
    currency = text.upper()
    if currency not in _currencies():
        raise BadCell("currency", f"{text[:10]!r} is not an ISO 4217 code such as DOP")
    return currency


def read_amount(column: str, text: str, currency: str) -> int:
    """`1234.56` in the currency's smallest unit (ISO 4217's exponent). Raises BadCell."""
    if not _AMOUNT.fullmatch(text):
        raise BadCell(
            column,
            f"{text[:30]!r} is not an amount like 1234.56 (no sign, symbol or thousands separators)",
        )
    exponent = _exponent(currency)
    amount = Decimal(text.replace(",", ".")).scaleb(exponent)
    if amount != amount.to_integral_value():
        raise BadCell(column, f"{text[:30]!r} has more decimals than {currency} ({exponent})")
    return int(amount)


def read_date(column: str, text: str | None) -> date | None:
    """An ISO 8601 date; None when nothing stands there. Raises BadCell."""
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadCell(column, f"{text[:20]!r} is not a date like 2026-11-30")


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=256)
def _exponent(currency: str) -> int:
    return get_currency_precision(currency)
