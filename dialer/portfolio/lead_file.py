"""A creditor's CSV file read row by row: decoded, checked, turned into values; nothing trusted.

A row is a debtor with one debt; several rows of one reference are one debtor. Columns, by English or Spanish name, any
case, any order:

| column | Spanish | |
|---|---|---|
| external_ref | referencia | required: the creditor's key of the person |
| full_name | nombre | required |
| phone1 .. phone5 | telefono1 .. telefono5 | phone1 required: `+` and country code, or national and a region given |
| language | idioma | es, en or pt |
| time_zone | zona_horaria | IANA name, e.g. America/Bogota |
| segment | segmento | decides the script |
| priority | prioridad | -1000 to 1000, higher first |
| debt_ref | deuda | the creditor's key of the debt; with it also the next four |
| creditor, product | acreedor, producto | |
| balance | saldo | `1234.56`, no thousands separators |
| currency | moneda | ISO 4217 code |
| due_on | vencimiento | ISO 8601 date, e.g. 2026-11-30 |

Line breaks inside a field are refused like every other control character: one line is one row.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import BinaryIO
from zoneinfo import available_timezones

import phonenumbers
from babel.numbers import get_currency_precision, list_currencies

from dialer.domain.errors import BadInput
from dialer.domain.values import PhoneNumber

MAX_LINE_CHARS = 1_000_000
MAX_FIELD_CHARS = 10_000
MAX_COLUMNS = 200
#: What a text (a name, a reference) may hold at most.
MAX_TEXT_CHARS = 300
PHONES = 5
DELIMITERS = ",;\t|"
_CHUNK_BYTES = 1 << 16

_SPANISH = {
    "referencia": "external_ref",
    "nombre": "full_name",
    "idioma": "language",
    "zona_horaria": "time_zone",
    "segmento": "segment",
    "prioridad": "priority",
    "deuda": "debt_ref",
    "acreedor": "creditor",
    "producto": "product",
    "saldo": "balance",
    "moneda": "currency",
    "vencimiento": "due_on",
    **{f"telefono{n}": f"phone{n}" for n in range(1, PHONES + 1)},
}
COLUMNS = frozenset(_SPANISH.values())
REQUIRED = ("external_ref", "full_name", "phone1")
DEBT = ("creditor", "product", "balance", "currency")

# Control characters, and those that hide or turn text around (RFC 8265 keeps them out of names too); `${` starts a
# variable of the switch's dialplan. Tabs are judged apart: they may separate fields.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]|\\$\\{"
)
_PHONE = re.compile(r"[0-9+() .\-]*")
_AMOUNT = re.compile(r"[0-9]{1,15}(?:[.,][0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LANGUAGES = {"es", "en", "pt"}
_PRIORITY = range(-1000, 1001)


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row. Rows count from 1, the header's, as a spreadsheet shows them."""

    row: int
    column: str | None
    message: str

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class DebtRow:
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One good row."""

    row: int
    external_ref: str
    full_name: str
    language: str | None
    time_zone: str | None
    segment: str | None
    priority: int
    phones: tuple[PhoneNumber, ...]  # in dialling order, at least one
    debt: DebtRow | None


@dataclass(slots=True)
class LeadFile:
    """An open file of leads. `open_leads` reads the header; `rows` gives the rest, good or bad, in order."""

    encoding: str
    delimiter: str
    #: The header's columns by our names; None: ignored.
    columns: tuple[str | None, ...]
    #: Header names that nobody reads.
    ignored: tuple[str, ...]
    names: dict[str, str]  # our name -> the header's own
    region: str | None
    lines: Iterator[tuple[int, str | RowError]] = field(repr=False)
    bytes_read: Callable[[], int] = field(repr=False)

    def rows(self) -> Iterator[LeadRow | RowError]:
        """Every row after the header; empty lines are skipped.

        Raises BadInput when the bytes are not text in the file's encoding: then no row can be trusted.
        """
        for row, line in self.lines:
            if isinstance(line, RowError):
                yield line
            elif line and not line.isspace():
                try:
                    yield self._check(row, self._split(row, line))
                except _Bad as bad:
                    yield RowError(row, bad.column and self.names.get(bad.column, bad.column), bad.message)

    def _split(self, row: int, line: str) -> dict[str, str]:
        try:
            cells = next(csv.reader([line], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            if len(line) > csv.field_size_limit():
                raise _Bad(None, f"a field has more than {MAX_FIELD_CHARS:,} characters") from None
            # A lone carriage return stops the reader; the separators before it tell the column.
            before, mark, _ = line.partition("\r")
            if mark and '"' not in before:
                column = (*self.columns, None)[min(before.count(self.delimiter), len(self.columns))]
                raise _Bad(column, "holds the control character U+000D: remove it") from None
            raise _Bad(None, f"{error}; a field in quotes ends on its own line") from None
        missing = len(self.columns) - len(cells)
        if missing > 0 or any(cells[len(self.columns) :]):
            raise _Bad(None, f"{len(cells)} fields, but the header has {len(self.columns)}")
        clean = not _FORBIDDEN.search(line) and (self.delimiter == "\t" or "\t" not in line)
        if not clean or len(line) > MAX_FIELD_CHARS:
            for name, cell in zip(self.columns, cells, strict=False):
                _judge_text(name, cell)
        return {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False) if name and cell}

    def _check(self, row: int, cells: dict[str, str]) -> LeadRow:
        for name in REQUIRED:
            if not cells.get(name):
                raise _Bad(name, "is empty")
        phones = [self._phone(name, cells[name]) for name in _PHONE_COLUMNS if cells.get(name)]
        return LeadRow(
            row=row,
            external_ref=_text("external_ref", cells["external_ref"]),
            full_name=_text("full_name", cells["full_name"]),
            language=_language(cells.get("language")),
            time_zone=_time_zone(cells.get("time_zone")),
            segment=_text("segment", cells["segment"]) if cells.get("segment") else None,
            priority=_priority(cells.get("priority")),
            phones=tuple(dict.fromkeys(phones)),
            debt=_debt(cells),
        )

    def _phone(self, column: str, text: str) -> PhoneNumber:
        try:
            return parse_number(text, self.region)
        except BadInput as error:
            raise _Bad(column, str(error)) from None


class _Bad(Exception):
    def __init__(self, column: str | None, message: str) -> None:
        self.column, self.message = column, message


_PHONE_COLUMNS = tuple(f"phone{n}" for n in range(1, PHONES + 1))


def open_leads(
    file: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None, region: str | None = None
) -> LeadFile:
    """Read the header of a lead file opened in binary.

    The encoding is the byte order mark's, else the one given, else UTF-8. The separator is the one given, else the
    one of `, ; tab |` under which the header makes most sense. `region` (ISO 3166-1) reads numbers without a country
    code. Raises BadInput, which says what to do.
    """
    if region is not None and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(f"region {region!r} is unknown: give a country's ISO code, for example DO or MX")
    if delimiter is not None and delimiter not in DELIMITERS:
        raise BadInput(f"separator {delimiter!r} is not one of comma, semicolon, tab and |")
    start = file.read(4)
    encoding, skip = _encoding(start, encoding)
    file.seek(skip)
    source = _Source(file, encoding, skip)
    lines = source.lines()
    row, header = next(lines, (1, ""))
    if isinstance(header, RowError):
        raise BadInput(str(header))
    if not header.strip():
        raise BadInput(f"row {row}: the file has no header; its first line names the columns")
    delimiter = delimiter or max(DELIMITERS, key=lambda mark: _recognised(header, mark))
    found = [cell.strip() for cell in _header_cells(header, delimiter)]
    if len(found) > MAX_COLUMNS:
        raise BadInput(f"row 1: {len(found)} columns, at most {MAX_COLUMNS} are read")
    columns = tuple(_column(cell) for cell in found)
    names = {name: cell for name, cell in zip(columns, found, strict=True) if name}
    if len(names) != sum(name is not None for name in columns):
        twice = next(name for name in columns if name and columns.count(name) > 1)
        raise BadInput(f"row 1: column {twice} stands twice")
    required = (*REQUIRED, *(DEBT if "debt_ref" in names else ()))
    if missing := [name for name in required if name not in names]:
        spanish = {ours: theirs for theirs, ours in _SPANISH.items()}
        wanted = ", ".join(f"{name} ({spanish[name]})" for name in missing)
        separator = "tab" if delimiter == "\t" else delimiter
        raise BadInput(f"row 1: missing columns: {wanted}; read with separator {separator} as {encoding}")
    ignored = tuple(cell for name, cell in zip(columns, found, strict=True) if not name)
    return LeadFile(
        encoding=encoding,
        delimiter=delimiter,
        columns=columns,
        ignored=ignored,
        names=names,
        region=region.upper() if region else None,
        lines=lines,
        bytes_read=lambda: source.bytes_read,
    )


def parse_number(text: str, region: str | None = None) -> PhoneNumber:
    """A number as people write it, as E.164. Raises BadInput that says what is wrong with it.

    It must be possible and valid by the numbering plans (libphonenumber); the fictional 555-01XX are valid there.
    """
    if not _PHONE.fullmatch(text) or len(text) > 40:
        raise BadInput(
            f"{text[:40]!r} is not a phone number: only digits, spaces and + ( ) - . may stand in it"
        )
    if region is None and not text.lstrip().startswith("+"):
        raise BadInput(f"{text!r} has no country code: write + and the code, or give the region of the file")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise BadInput(f"{text!r} is not a phone number") from None
    if not phonenumbers.is_valid_number(number):
        raise BadInput(f"{text!r} is no number of its country's numbering plan")
    try:
        return PhoneNumber(f"+{number.country_code}{phonenumbers.national_significant_number(number)}")
    except ValueError as error:
        raise BadInput(f"{text!r}: {error}") from None


# --- bytes to lines ---------------------------------------------------------------------------------------

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def _encoding(start: bytes, declared: str | None) -> tuple[str, int]:
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise BadInput("this is a workbook or an archive, not a CSV file: save it as CSV (UTF-8)")
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


# --- header -----------------------------------------------------------------------------------------------


def _header_cells(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(f"row 1: the header can't be read: {error}") from None


def _recognised(header: str, delimiter: str) -> int:
    return sum(_column(cell) is not None for cell in header.replace('"', "").split(delimiter))


def _column(cell: str) -> str | None:
    """Our name of a header's cell: accents, case, spaces and dashes do not matter."""
    plain = unicodedata.normalize("NFD", cell.strip().lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"[ \-]+", "_", plain)
    plain = re.sub(r"_(?=[0-9]$)", "", plain)
    name = _SPANISH.get(plain, plain)
    return name if name in COLUMNS else None


# --- fields -----------------------------------------------------------------------------------------------


def _judge_text(column: str | None, text: str) -> None:
    if len(text) > MAX_FIELD_CHARS:
        raise _Bad(column, f"{len(text):,} characters; at most {MAX_FIELD_CHARS:,} are read")
    found = _FORBIDDEN.search(text) or re.search("\t", text)
    if not found:
        return
    if found[0] == "${":
        raise _Bad(column, "'${' may not stand in a field")
    raise _Bad(column, f"holds the control character U+{ord(found[0]):04X}: remove it")


def _text(column: str, text: str) -> str:
    if len(text) > MAX_TEXT_CHARS:
        raise _Bad(column, f"{len(text):,} characters; at most {MAX_TEXT_CHARS} make sense here")
    if text[0] in "=+-@":
        raise _Bad(column, f"begins with {text[0]!r}, as a spreadsheet's formula does")
    return unicodedata.normalize("NFC", text)


def _language(text: str | None) -> str | None:
    if not text:
        return None
    code = re.split(r"[-_]", text.lower())[0]
    if code not in _LANGUAGES:
        raise _Bad("language", f"{text[:20]!r} is not es, en or pt")
    return code


def _time_zone(text: str | None) -> str | None:
    if not text:
        return None
    if text not in _time_zones():
        raise _Bad("time_zone", f"{text[:40]!r} is not an IANA time zone such as America/Bogota")
    return text


def _priority(text: str | None) -> int:
    if not text:
        return 0
    if not re.fullmatch("-?[0-9]{1,4}", text) or int(text) not in _PRIORITY:
        raise _Bad("priority", f"{text[:20]!r} is not a whole number from -1000 to 1000")
    return int(text)


def _debt(cells: dict[str, str]) -> DebtRow | None:
    if not cells.get("debt_ref"):
        if given := next((name for name in (*DEBT, "due_on") if cells.get(name)), None):
            raise _Bad("debt_ref", f"is empty, but {given} is given")
        return None
    for name in DEBT:
        if not cells.get(name):
            raise _Bad(name, "is empty, but debt_ref is given")
    currency = cells["currency"].upper()
    if currency not in _currencies():
        raise _Bad("currency", f"{cells['currency'][:10]!r} is not an ISO 4217 code such as DOP")
    return DebtRow(
        external_ref=_text("debt_ref", cells["debt_ref"]),
        creditor=_text("creditor", cells["creditor"]),
        product=_text("product", cells["product"]),
        balance_minor=_minor_units(cells["balance"], currency),
        currency=currency,
        due_on=_date(cells.get("due_on")),
    )


def _minor_units(text: str, currency: str) -> int:
    """`1234.56` in the currency's smallest unit (ISO 4217's exponent)."""
    if not _AMOUNT.fullmatch(text):
        raise _Bad(
            "balance",
            f"{text[:30]!r} is not an amount like 1234.56 (no sign, symbol or thousands separators)",
        )
    exponent = _exponent(currency)
    amount = Decimal(text.replace(",", ".")).scaleb(exponent)
    if amount != amount.to_integral_value():
        raise _Bad("balance", f"{text[:30]!r} has more decimals than {currency} ({exponent})")
    return int(amount)


def _date(text: str | None) -> date | None:
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _Bad("due_on", f"{text[:20]!r} is not a date like 2026-11-30")


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=256)
def _exponent(currency: str) -> int:
    return get_currency_precision(currency)
