"""A file of what belongs in debtors' files besides money: consents, other parties, notes, wishes, addresses, papers.

A row is about one person and says any of the matters below; a person may have any number of rows. Columns, by English
or Spanish name, any case, any order, or by a mapping of the file's own names:

| column | Spanish | |
|---|---|---|
| external_ref | referencia | required: the creditor's key of the person |
| full_name | nombre | makes a person whom nobody knew, such as a guarantor; who is known keeps his name |
| source | origen | who said all this: creditor (as without it), debtor, third_party (acreedor, deudor, tercero) |
| phone | telefono | a number of his |
| place | lugar | where it rings: home, cell, workplace, other (casa, celular, trabajo, otro) |
| address | direccion | street and number |
| address_kind | tipo_direccion | home (as without it), work, other (casa, trabajo, otro) |
| city, subdivision, country, postal_code, time_zone | ciudad, pais, codigo_postal, zona_horaria | as of leads |
| consent | consentimiento | yes or no (si, no): he allows or takes back; for the row's phone, else for all of his |
| consent_channel | canal | voice, sms, whatsapp, email, letter, visit |
| consent_purpose | finalidad | contact (as without it), recording, prerecorded_voice, at_work |
| consent_since | consentimiento_desde | ISO 8601 date; the newest word holds |
| consent_evidence | prueba | where the proof is |
| debt_ref | deuda | the debt that role, note or document is about |
| role | rol | what he is to that debt of somebody else's: co_debtor, guarantor, ... (codeudor, fiador, ...) |
| note | nota | what to remember |
| wish | deseo | only, never, prefer, allow (solo, nunca, prefiere, permite) |
| wish_channel | deseo_canal | as consent_channel; none: any |
| wish_days | deseo_dias | ISO weekdays: `1-5` or `1,3,6`; none: every day |
| wish_from, wish_to | deseo_de, deseo_a | `HH:MM`, local to the person |
| wish_since, wish_until | deseo_desde, deseo_hasta | ISO 8601 dates; none: from now, until he says otherwise |
| document | documento | the name of a file in the folder of papers |
| document_title | titulo | what it is; none: its name |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple, TypeVar

from dialer.domain.contact import Place
from dialer.domain.debtor import AddressKind, Channel, ConsentPurpose, PartyRole, PhoneKind, Provenance, Wish
from dialer.domain.errors import BadInput
from dialer.portfolio.lead_file import (
    column_reader,
    optional_text,
    read_country,
    read_subdivision,
    read_time_zone,
)
from dialer.portfolio.numbers import judge_number
from dialer.portfolio.table_file import (
    BadCell,
    Line,
    RowError,
    TableShape,
    open_table,
    read_date,
    read_text,
    shape_of,
)
from dialer.store.person_file import MAX_NOTE

SPANISH = {
    "referencia": "external_ref",
    "nombre": "full_name",
    "origen": "source",
    "telefono": "phone",
    "lugar": "place",
    "direccion": "address",
    "tipo_direccion": "address_kind",
    "ciudad": "city",
    "subdivision": "subdivision",
    "pais": "country",
    "codigo_postal": "postal_code",
    "zona_horaria": "time_zone",
    "consentimiento": "consent",
    "canal": "consent_channel",
    "finalidad": "consent_purpose",
    "consentimiento_desde": "consent_since",
    "prueba": "consent_evidence",
    "deuda": "debt_ref",
    "rol": "role",
    "nota": "note",
    "deseo": "wish",
    "deseo_canal": "wish_channel",
    "deseo_dias": "wish_days",
    "deseo_de": "wish_from",
    "deseo_a": "wish_to",
    "deseo_desde": "wish_since",
    "deseo_hasta": "wish_until",
    "documento": "document",
    "titulo": "document_title",
}
#: Each matter's own column, and those that say nothing without it.
MATTERS: Mapping[str, tuple[str, ...]] = {
    "phone": ("place",),
    "address": ("address_kind", "city", "subdivision", "country", "postal_code", "time_zone"),
    "consent": ("consent_channel", "consent_purpose", "consent_since", "consent_evidence"),
    "role": (),
    "note": (),
    "wish": ("wish_channel", "wish_days", "wish_from", "wish_to", "wish_since", "wish_until"),
    "document": ("document_title",),
}
#: A day is told without its hour: noon UTC is that day everywhere in the Americas and in Europe.
_NOON = time(12)
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DAYS = re.compile(r"[1-7](-[1-7])?(,[1-7](-[1-7])?)*")
_PLACES = {**{each.value: each for each in Place}} | {
    "casa": Place.HOME,
    "celular": Place.CELL,
    "trabajo": Place.WORKPLACE,
    "otro": Place.OTHER,
}
_ADDRESS_KINDS = {each.value: each for each in AddressKind} | {
    "casa": AddressKind.HOME,
    "trabajo": AddressKind.WORK,
    "otro": AddressKind.OTHER,
}
_SOURCES = {each.value: each for each in Provenance} | {
    "acreedor": Provenance.CREDITOR,
    "deudor": Provenance.DEBTOR,
    "tercero": Provenance.THIRD_PARTY,
}
_CHANNELS = {each.value: each for each in Channel} | {
    "voz": Channel.VOICE,
    "correo": Channel.EMAIL,
    "carta": Channel.LETTER,
    "visita": Channel.VISIT,
}
_PURPOSES = {each.value: each for each in ConsentPurpose} | {
    "contacto": ConsentPurpose.CONTACT,
    "grabacion": ConsentPurpose.RECORDING,
    "en_el_trabajo": ConsentPurpose.AT_WORK,
}
_ROLES = {each.value: each for each in PartyRole} | {
    "codeudor": PartyRole.CO_DEBTOR,
    "fiador": PartyRole.GUARANTOR,
    "garante": PartyRole.GUARANTOR,
    "conyuge": PartyRole.SPOUSE,
    "referencia": PartyRole.REFERENCE,
    "familiar": PartyRole.FAMILY,
    "empleador": PartyRole.EMPLOYER,
    "companero": PartyRole.COWORKER,
    "vecino": PartyRole.NEIGHBOUR,
    "otro": PartyRole.OTHER,
}
_WISHES = {each.value: each for each in Wish} | {
    "solo": Wish.ONLY,
    "nunca": Wish.NEVER,
    "prefiere": Wish.PREFER,
    "permite": Wish.ALLOW,
}
_ANSWERS = {"yes": True, "si": True, "sí": True, "no": False}
_T = TypeVar("_T")


class CaseRow(NamedTuple):
    """One good row, in the order of the table it is staged in."""

    row: int
    external_ref: str
    full_name: str | None
    source: Provenance
    phone: str | None  # E.164
    kind: PhoneKind | None
    place: Place | None
    address: str | None
    address_kind: AddressKind
    city: str | None
    subdivision: str | None
    country: str | None
    postal_code: str | None
    time_zone: str | None
    granted: bool | None
    channel: Channel | None
    purpose: ConsentPurpose
    given_at: datetime | None
    evidence: str | None
    debt_ref: str | None
    role: PartyRole | None
    note: str | None
    wish: Wish | None
    wish_channel: Channel | None
    weekdays: list[int] | None
    starts: time | None
    ends: time | None
    valid_from: datetime | None
    valid_until: datetime | None
    document: str | None
    document_title: str | None


@dataclass(slots=True)
class CaseFile:
    """The rows of a file, good and bad."""

    rows: list[CaseRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    #: Our column names -> the file's own.
    names: dict[str, str] = field(default_factory=dict)
    #: Header names that nobody reads.
    ignored: tuple[str, ...] = ()
    #: Empty for a workbook.
    delimiter: str = ""


def read_cases(
    path: Path,
    now: datetime,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    region: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> CaseFile:
    """Every row of a file; days of which it tells may not lie after `now`. Raises BadInput when it can't be read."""
    try:
        opened = path.open("rb")
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None
    known = column_reader(SPANISH, mapping)
    found = CaseFile()
    with opened:
        table = open_table(opened, known, encoding=encoding, delimiter=delimiter)
        shape = shape_of(table, known, ("external_ref",), {ours: theirs for theirs, ours in SPANISH.items()})
        if not MATTERS.keys() & shape.names.keys():
            raise BadInput(f"row 1: no column says anything of a person: give one of {', '.join(MATTERS)}")
        found.names, found.delimiter = shape.names, table.delimiter
        found.ignored = tuple(
            cell for name, cell in zip(shape.columns, table.header, strict=True) if not name and cell
        )
        for row, line in table.lines:
            try:
                found.rows.append(_read(shape, row, line, now, region))
            except BadCell as bad:
                found.errors.append(line if isinstance(line, RowError) else shape.error(row, bad))
    return found


def _read(shape: TableShape, row: int, line: Line, now: datetime, region: str | None) -> CaseRow:
    if isinstance(line, RowError):
        raise BadCell(None, line.message)
    cells = shape.cells(line)
    if not cells.get("external_ref"):
        raise BadCell("external_ref", "is empty")
    if not MATTERS.keys() & cells.keys():
        raise BadCell(None, f"says nothing of the person: give one of {', '.join(MATTERS)}")
    for matter, others in MATTERS.items():
        if matter not in cells and (lone := next((name for name in others if name in cells), None)):
            raise BadCell(matter, f"is empty, but {lone} is given")
    if "debt_ref" in cells and not {"role", "note", "document"} & cells.keys():
        raise BadCell("debt_ref", "is given without role, note or document")
    number, kind = _number(cells.get("phone"), region)
    granted = _code("consent", cells, _ANSWERS)
    if granted is not None and not (cells.get("consent_channel") and cells.get("consent_since")):
        raise BadCell("consent", "needs consent_channel and consent_since")
    role = _code("role", cells, _ROLES)
    if role is not None and "debt_ref" not in cells:
        raise BadCell("role", "needs debt_ref: the debt that he answers for")
    wish = _code("wish", cells, _WISHES)
    source = _code("source", cells, _SOURCES) or Provenance.CREDITOR
    if wish is Wish.ALLOW and source is not Provenance.DEBTOR:
        raise BadCell("wish", "allow widens what the law allows: only the debtor himself can (source debtor)")
    starts, ends = _hour("wish_from", cells), _hour("wish_to", cells)
    if starts is not None and ends is not None and starts >= ends:
        raise BadCell("wish_to", "is not after wish_from")
    since, until = _day("wish_since", cells), _day("wish_until", cells)
    valid_from = None if wish is None else min(since or now, now)
    if since is not None and since.date() > now.date():
        raise BadCell("wish_since", "lies in the future")
    if until is not None and (since or now) >= until:
        raise BadCell("wish_until", "is over, or before wish_since")
    return CaseRow(
        row=row,
        external_ref=read_text("external_ref", cells["external_ref"]),
        full_name=optional_text("full_name", cells),
        source=source,
        phone=number,
        kind=kind,
        place=_code("place", cells, _PLACES),
        address=optional_text("address", cells),
        address_kind=_code("address_kind", cells, _ADDRESS_KINDS) or AddressKind.HOME,
        city=optional_text("city", cells),
        subdivision=read_subdivision(cells.get("subdivision")),
        country=read_country(cells.get("country")),
        postal_code=optional_text("postal_code", cells),
        time_zone=read_time_zone(cells.get("time_zone")),
        granted=granted,
        channel=_code("consent_channel", cells, _CHANNELS),
        purpose=_code("consent_purpose", cells, _PURPOSES) or ConsentPurpose.CONTACT,
        given_at=_past("consent_since", cells, now),
        evidence=optional_text("consent_evidence", cells),
        debt_ref=optional_text("debt_ref", cells),
        role=role,
        note=_note(cells.get("note")),
        wish=wish,
        wish_channel=_code("wish_channel", cells, _CHANNELS),
        weekdays=_weekdays(cells.get("wish_days")),
        starts=starts,
        ends=ends,
        valid_from=valid_from,
        valid_until=until,
        document=_file_name(cells.get("document")),
        document_title=optional_text("document_title", cells),
    )


# --- fields -----------------------------------------------------------------------------------------------


def _number(text: str | None, region: str | None) -> tuple[str | None, PhoneKind | None]:
    if not text:
        return None, None
    try:
        return judge_number(text, region)
    except BadInput as error:
        raise BadCell("phone", str(error)) from None


def _code(column: str, cells: Mapping[str, str], words: Mapping[str, _T]) -> _T | None:
    """What the word in the column means, if one stands there. Raises BadCell."""
    text = cells.get(column)
    if not text:
        return None
    plain = re.sub(r"[ \-]+", "_", text.lower())
    if plain not in words:
        raise BadCell(column, f"{text[:30]!r} is not one of {', '.join(words)}")
    return words[plain]


def _day(column: str, cells: Mapping[str, str]) -> datetime | None:
    day: date | None = read_date(column, cells.get(column))
    return None if day is None else datetime.combine(day, _NOON, UTC)


def _past(column: str, cells: Mapping[str, str], now: datetime) -> datetime | None:
    day = _day(column, cells)
    if day is not None and day.date() > now.date():
        raise BadCell(column, "lies in the future")
    return day and min(day, now)


def _hour(column: str, cells: Mapping[str, str]) -> time | None:
    text = cells.get(column)
    if not text:
        return None
    if not _HOUR.fullmatch(text):
        raise BadCell(column, f"{text[:20]!r} is not an hour like 08:30")
    return time.fromisoformat(text)


def _weekdays(text: str | None) -> list[int] | None:
    if not text:
        return None
    plain = text.replace(" ", "")
    if not _DAYS.fullmatch(plain):
        raise BadCell("wish_days", f"{text[:20]!r} is not like 1-5 or 1,3,6 (Monday is 1)")
    days: set[int] = set()
    for part in plain.split(","):
        first, _, last = part.partition("-")
        if last and last < first:
            raise BadCell("wish_days", f"{part!r} runs backwards")
        days.update(range(int(first), int(last or first) + 1))
    return sorted(days)


def _note(text: str | None) -> str | None:
    if text and len(text) > MAX_NOTE:
        raise BadCell("note", f"{len(text):,} characters; at most {MAX_NOTE} are kept")
    return text or None


def _file_name(text: str | None) -> str | None:
    """A name within the folder of papers, never a way out of it."""
    if not text:
        return None
    if text != Path(text).name or text.startswith("."):
        raise BadCell("document", f"{text[:60]!r} is not the plain name of a file")
    return text
