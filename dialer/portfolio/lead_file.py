"""A creditor's file of leads: what its columns mean, and each row as values or as an error.

A row is a debtor with one debt; several rows of one reference are one debtor. Columns, by English or Spanish name, any
case, any order, or by a mapping of the file's own names:

| column | Spanish | |
|---|---|---|
| external_ref | referencia | required: the creditor's key of the person |
| full_name | nombre | required |
| phone1 .. phone5 | telefono1 .. telefono5 | phone1 required: `+` and country code, or national and a region given |
| language | idioma | es, en or pt |
| time_zone | zona_horaria | IANA name, e.g. America/Bogota |
| country, subdivision | pais, subdivision | ISO 3166, e.g. CO and CO-ANT |
| address, city, postal_code | direccion, ciudad, codigo_postal | |
| customer_since | cliente_desde | ISO 8601 date |
| risk_score | riesgo | 0 (pays) to 1 (does not) |
| segment | segmento | decides the script |
| priority | prioridad | -1000 to 1000, higher first |
| debt_ref | deuda | the creditor's key of the debt; with it also the next four |
| creditor, product | acreedor, producto | |
| balance | saldo | `1234.56`, no thousands separators; 0 closes the debt |
| currency | moneda | ISO 4217 code |
| due_on, opened_on | vencimiento, apertura | ISO 8601 dates, e.g. 2026-11-30 |
| account | cuenta | the creditor's account the debt belongs to |
| stage | etapa | preventive, early, late, legal (preventiva, temprana, tardia, judicial) |
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import BinaryIO, NamedTuple
from zoneinfo import available_timezones

import phonenumbers

from dialer.domain.debtor import DebtStage, PhoneKind
from dialer.domain.errors import BadInput
from dialer.portfolio.numbers import judge_number
from dialer.portfolio.table_file import (
    BadCell,
    Line,
    RowError,
    TableFile,
    TableShape,
    open_table,
    read_amount,
    read_currency,
    read_date,
    read_text,
    shape_of,
)

PHONES = 5
SPANISH = {
    "referencia": "external_ref",
    "nombre": "full_name",
    "idioma": "language",
    "zona_horaria": "time_zone",
    "pais": "country",
    "subdivision": "subdivision",
    "direccion": "address",
    "ciudad": "city",
    "codigo_postal": "postal_code",
    "cliente_desde": "customer_since",
    "riesgo": "risk_score",
    "segmento": "segment",
    "prioridad": "priority",
    "deuda": "debt_ref",
    "acreedor": "creditor",
    "producto": "product",
    "saldo": "balance",
    "moneda": "currency",
    "vencimiento": "due_on",
    "apertura": "opened_on",
    "cuenta": "account",
    "etapa": "stage",
    **{f"telefono{n}": f"phone{n}" for n in range(1, PHONES + 1)},
}
COLUMNS = frozenset(SPANISH.values())
REQUIRED = ("external_ref", "full_name", "phone1")
DEBT = ("creditor", "product", "balance", "currency")
_OF_A_DEBT = (*DEBT, "due_on", "opened_on", "account", "stage")
PHONE_COLUMNS = tuple(f"phone{n}" for n in range(1, PHONES + 1))
_LANGUAGES = {"es", "en", "pt"}
_PRIORITY = range(-1000, 1001)
_STAGES = {
    **{stage.value: stage for stage in DebtStage},
    "preventiva": DebtStage.PREVENTIVE,
    "temprana": DebtStage.EARLY,
    "tardia": DebtStage.LATE,
    "tardía": DebtStage.LATE,
    "judicial": DebtStage.LEGAL,
}
_SUBDIVISION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


class DebtRow(NamedTuple):
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None
    opened_on: date | None = None
    account: str | None = None
    stage: DebtStage | None = None


class LeadRow(NamedTuple):
    """One good row. A tuple, because a million are made a minute."""

    row: int
    external_ref: str
    full_name: str
    language: str | None
    time_zone: str | None
    segment: str | None
    priority: int
    phones: tuple[str, ...]  # E.164, in dialling order, at least one
    debt: DebtRow | None
    kinds: tuple[PhoneKind, ...] = ()  # of the phones, in their order
    country: str | None = None
    subdivision: str | None = None
    customer_since: date | None = None
    risk_score: float | None = None
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class LeadShape(TableShape):
    """How the file's rows become leads."""

    region: str | None = None

    def read(self, row: int, line: Line) -> tuple[LeadRow | None, list[RowError]]:
        """The row's lead, if it is good, and what is wrong: one with a bad number and a good one comes with both."""
        if isinstance(line, RowError):
            return None, [line]
        try:
            return self._lead(row, self.cells(line))
        except BadCell as bad:
            return None, [self.error(row, bad)]

    def _lead(self, row: int, cells: dict[str, str]) -> tuple[LeadRow, list[RowError]]:
        for name in REQUIRED:
            if not cells.get(name):
                raise BadCell(name, "is empty")
        phones: dict[str, PhoneKind] = {}
        bad: list[BadCell] = []
        for column in PHONE_COLUMNS:
            if text := cells.get(column):
                try:
                    number, kind = judge_number(text, self.region)
                except BadInput as error:
                    bad.append(BadCell(column, str(error)))
                else:
                    phones.setdefault(number, kind)
        if not phones:
            raise bad[0]
        lead = LeadRow(
            row=row,
            external_ref=read_text("external_ref", cells["external_ref"]),
            full_name=read_text("full_name", cells["full_name"]),
            language=_language(cells.get("language")),
            time_zone=read_time_zone(cells.get("time_zone")),
            segment=optional_text("segment", cells),
            priority=_priority(cells.get("priority")),
            phones=tuple(phones),
            debt=_debt(cells),
            kinds=tuple(phones.values()),
            country=read_country(cells.get("country")),
            subdivision=read_subdivision(cells.get("subdivision")),
            customer_since=read_date("customer_since", cells.get("customer_since")),
            risk_score=_risk(cells.get("risk_score")),
            address=optional_text("address", cells),
            city=optional_text("city", cells),
            postal_code=optional_text("postal_code", cells),
        )
        return lead, [self.error(row, cell) for cell in bad]


@dataclass(slots=True)
class LeadFile:
    """An open file of leads: its table and its shape."""

    table: TableFile
    shape: LeadShape
    #: Header names that nobody reads.
    ignored: tuple[str, ...]

    def rows(self) -> Iterator[LeadRow | RowError]:
        """Every row after the header, and what is wrong with it; empty lines are skipped.

        Raises BadInput when the bytes are not text in the file's encoding: then no row can be trusted.
        """
        for row, line in self.table.lines:
            lead, errors = self.shape.read(row, line)
            yield from errors
            if lead is not None:
                yield lead


def open_leads(
    file: BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    region: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> LeadFile:
    """Read the header of a lead file opened in binary: CSV or XLSX.

    `region` (ISO 3166-1) reads numbers without a country code; `mapping` gives the file's own column names ours, before
    ours are looked for. Raises BadInput, which says what to do.
    """
    if region is not None and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(f"region {region!r} is unknown: give a country's ISO code, for example DO or MX")
    known = column_reader(SPANISH, mapping)
    table = open_table(file, known, encoding=encoding, delimiter=delimiter)
    required = (*REQUIRED, *(DEBT if any(known(cell) == "debt_ref" for cell in table.header) else ()))
    shape = shape_of(table, known, required, {ours: theirs for theirs, ours in SPANISH.items()})
    ignored = tuple(cell for name, cell in zip(shape.columns, table.header, strict=True) if not name and cell)
    return LeadFile(
        table,
        LeadShape(shape.delimiter, shape.columns, shape.names, region.upper() if region else None),
        ignored,
    )


def column_reader(
    spanish: Mapping[str, str], mapping: Mapping[str, str] | None = None
) -> Callable[[str], str | None]:
    """A function from a header's cell to our name for it, or None: accents, case, spaces and dashes do not matter. What
    the mapping gives no name (an empty one) is not read, whatever it is called.

    Raises BadInput when the mapping names a column of ours that does not exist.
    """
    ours = frozenset(spanish.values())
    given: dict[str, str] = {}
    for theirs, name in (mapping or {}).items():
        if not name:
            given[plain_name(theirs)] = ""
            continue
        plain = plain_name(name)
        target = spanish.get(plain, plain)
        if target not in ours:
            raise BadInput(
                f"the mapping {theirs!r} to {name!r}: there is no such column; choose from {', '.join(sorted(ours))}"
            )
        given[plain_name(theirs)] = target

    def known(cell: str) -> str | None:
        plain = plain_name(cell)
        if plain in given:
            return given[plain] or None
        name = spanish.get(plain, plain)
        # What the mapping fills must not be filled twice.
        return name if name in ours and name not in given.values() else None

    return known


def plain_name(cell: str) -> str:
    """A column's name without accents, case, spaces and dashes."""
    plain = unicodedata.normalize("NFD", cell.strip().lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"[ \-]+", "_", plain)
    return re.sub(r"_(?=[0-9]$)", "", plain)


# --- fields -----------------------------------------------------------------------------------------------


def optional_text(column: str, cells: Mapping[str, str]) -> str | None:
    """What stands in the column, if anything. Raises BadCell."""
    text = cells.get(column)
    return read_text(column, text) if text else None


def _language(text: str | None) -> str | None:
    if not text:
        return None
    code = re.split(r"[-_]", text.lower())[0]
    if code not in _LANGUAGES:
        raise BadCell("language", f"{text[:20]!r} is not es, en or pt")
    return code


def read_time_zone(text: str | None) -> str | None:
    """An IANA time zone. Raises BadCell."""
    if not text:
        return None
    if text not in _time_zones():
        raise BadCell("time_zone", f"{text[:40]!r} is not an IANA time zone such as America/Bogota")
    return text


def read_country(text: str | None) -> str | None:
    """An ISO 3166-1 code. Raises BadCell."""
    if not text:
        return None
    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise BadCell("country", f"{text[:20]!r} is not a country's ISO 3166 code such as CO")
    return text.upper()


def read_subdivision(text: str | None) -> str | None:
    """An ISO 3166-2 code. Raises BadCell."""
    if not text:
        return None
    if not _SUBDIVISION.fullmatch(text.upper()):
        raise BadCell("subdivision", f"{text[:20]!r} is not an ISO 3166-2 code such as CO-ANT")
    return text.upper()


def _risk(text: str | None) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"[01](?:[.,][0-9]{1,6})?", text) or (value := float(text.replace(",", "."))) > 1:
        raise BadCell("risk_score", f"{text[:20]!r} is not a number from 0 to 1")
    return value


def _priority(text: str | None) -> int:
    if not text:
        return 0
    if not re.fullmatch("-?[0-9]{1,4}", text) or int(text) not in _PRIORITY:
        raise BadCell("priority", f"{text[:20]!r} is not a whole number from -1000 to 1000")
    return int(text)


def _stage(text: str | None) -> DebtStage | None:
    if not text:
        return None
    if text.lower() not in _STAGES:
        raise BadCell("stage", f"{text[:20]!r} is not preventive, early, late or legal")
    return _STAGES[text.lower()]


def _debt(cells: dict[str, str]) -> DebtRow | None:
    if not cells.get("debt_ref"):
        if given := next((name for name in _OF_A_DEBT if cells.get(name)), None):
            raise BadCell("debt_ref", f"is empty, but {given} is given")
        return None
    for name in DEBT:
        if not cells.get(name):
            raise BadCell(name, "is empty, but debt_ref is given")
    currency = read_currency(cells["currency"])
    return DebtRow(
        external_ref=read_text("debt_ref", cells["debt_ref"]),
        creditor=read_text("creditor", cells["creditor"]),
        product=read_text("product", cells["product"]),
        balance_minor=read_amount("balance", cells["balance"], currency),
        currency=currency,
        due_on=read_date("due_on", cells.get("due_on")),
        opened_on=read_date("opened_on", cells.get("opened_on")),
        account=optional_text("account", cells),
        stage=_stage(cells.get("stage")),
    )


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
