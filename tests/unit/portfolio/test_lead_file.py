"""Files of leads: what is read, and what each kind of bad file is told."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.errors import BadInput
from dialer.portfolio.lead_file import (
    DebtRow,
    LeadRow,
    open_leads,
)
from dialer.portfolio.numbers import parse_number
from dialer.portfolio.table_file import RowError

HEADER = "external_ref,full_name,phone1,phone2,debt_ref,creditor,product,balance,currency,due_on"
GOOD = "C1,José Ñandú & Cía,+18095550101,,D1,Banco Ficticio,Tarjeta,1234.56,DOP,2026-11-30"


def read(text: str | bytes, **options: str) -> list[LeadRow | RowError]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(open_leads(io.BytesIO(content), **options).rows())


def only_row(text: str, **options: str) -> LeadRow:
    (row,) = read(text, **options)
    assert isinstance(row, LeadRow), row
    return row


def only_error(text: str | bytes, **options: str) -> str:
    (row,) = read(text, **options)
    assert isinstance(row, RowError), row
    return str(row)


def row_with(**cells: str) -> str:
    """A file of one row, good but for these cells."""
    good = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | cells
    return ",".join(good) + "\n" + ",".join(good.values()) + "\n"


def test_a_row_is_a_debtor_with_his_debt() -> None:
    row = only_row(f"{HEADER}\n{GOOD}\n")
    assert (row.row, row.external_ref, row.full_name) == (2, "C1", "José Ñandú & Cía")
    assert list(row.phones) == ["+18095550101"]
    assert row.debt == DebtRow("D1", "Banco Ficticio", "Tarjeta", 123456, "DOP", date(2026, 11, 30))
    assert (row.language, row.time_zone, row.segment, row.priority) == (None, None, None, 0)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\r\n{GOOD}\r\n".encode(),
        f"{HEADER}\n{GOOD}".encode("utf-8-sig"),
        f"{HEADER}\n{GOOD}\n".encode("utf-16"),
        b"\xfe\xff" + f"{HEADER}\n{GOOD}\n".encode("utf-16-be"),
        f"{HEADER}\n{GOOD}\n".replace(",", ";").encode(),
        f"{HEADER}\n{GOOD}\n".replace(",", "\t").encode(),
        f"{HEADER}\n{GOOD}\n".replace(",", "|").encode(),
        f"\n{HEADER}\n{GOOD}\n"[1:].encode(),
        f"{HEADER}\n\n   \n{GOOD}\n".encode(),
        f"{HEADER}\n{GOOD},,\n".encode(),
    ],
    ids=[
        "crlf",
        "bom",
        "utf-16-le",
        "utf-16-be",
        "semicolon",
        "tab",
        "bar",
        "plain",
        "blank lines",
        "spare commas",
    ],
)
def test_the_same_row_in_every_dress(content: bytes) -> None:
    (row,) = read(content)
    assert isinstance(row, LeadRow)
    assert (row.full_name, row.debt and row.debt.balance_minor) == ("José Ñandú & Cía", 123456)


def test_headers_in_spanish_with_accents_and_spaces() -> None:
    row = only_row(
        "Referencia;NOMBRE;Teléfono 1;telefono-2;Zona horaria;Idioma;Segmento;Prioridad\n"
        "7;Ana Díaz;+1 (829) 555-0142;+1.305.555.0199;America/Bogota;es-DO;Tardía;-5\n"
    )
    assert list(row.phones) == ["+18295550142", "+13055550199"]
    assert (row.time_zone, row.language, row.segment, row.priority) == ("America/Bogota", "es", "Tardía", -5)


@pytest.mark.parametrize("declared", ["latin-1", "cp1252"])
def test_older_encodings_only_when_declared(declared: str) -> None:
    content = f"{HEADER}\n{GOOD}\n".encode(declared)
    (row,) = read(content, encoding=declared)
    assert isinstance(row, LeadRow)
    assert row.full_name.startswith("José")
    byte = content.index("é".encode(declared)) + 1
    with pytest.raises(BadInput, match=rf"row 2, byte {byte}: not utf-8 text; .*cp1252"):
        read(content)


def test_the_place_of_a_bad_byte_is_right_far_into_the_file() -> None:
    lines = [HEADER] + [GOOD.replace("C1", f"C{n}") for n in range(5000)]
    content = "\n".join(lines).encode() + b"\nC,\xff"
    with pytest.raises(BadInput, match=rf"row 5002, byte {len(content)}:"):
        read(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"PK\x03\x04zip", "workbook"),
        (b"external_ref;full_name\n1;x\n", r"missing columns: phone1 \(telefono1\); read with separator ;"),
        (b"a,b,c\n1,2,3\n", "missing columns: external_ref"),
        (f"{HEADER},PHONE 1\n".encode(), "column phone1 stands twice"),
        (b"external_ref,full_name,phone1,deuda\n", r"missing columns: creditor \(acreedor\)"),
        (",".join(["x"] * 201).encode(), "201 columns, at most 200"),
        (b'"external_ref\n', "header can't be read"),
        (b"x" * 1_000_001, "more than 1,000,000 characters"),
    ],
)
def test_files_that_can_not_be_read_at_all(content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(content)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"external_ref": ""}, "column external_ref: is empty"),
        ({"phone1": ""}, "column phone1: is empty"),
        ({"full_name": "Ana\x00"}, "column full_name: holds the control character U+0000"),
        ({"full_name": "Ana\rAction: Command"}, "column full_name: holds the control character U+000D"),
        ({"full_name": "Ana\tDíaz"}, "column full_name: holds the control character U+0009"),
        ({"full_name": "\u202eanA"}, "column full_name: holds the control character U+202E"),
        ({"full_name": "${SHELL(id)}"}, "column full_name: '${' may not stand in a field"),
        ({"product": "x${EVAL}"}, "column product: '${'"),
        ({"full_name": "=HYPERLINK(1)"}, "column full_name: begins with '='"),
        ({"external_ref": "@SUM(A1)"}, "column external_ref: begins with '@'"),
        ({"full_name": "x" * 301}, "column full_name: 301 characters"),
        ({"full_name": "x" * 10_001}, "column full_name: 10,001 characters; at most 10,000"),
        ({"full_name": "x" * 200_000}, "more than 10,000 characters"),
        ({"phone1": "+1809555010a"}, "column phone1: '+1809555010a' is not a phone number: only digits"),
        ({"phone1": "+18095550101&SIP/x"}, "column phone1: '+18095550101&SIP/x' is not a phone number"),
        ({"phone1": "8095550101"}, "column phone1: '8095550101' has no country code"),
        ({"phone1": "+1809555"}, "column phone1: '+1809555' is no number of its country's numbering plan"),
        ({"phone1": "+999123456789"}, "column phone1"),
        ({"phone1": "()"}, "column phone1"),
        ({"balance": "1.234.56"}, "column balance: '1.234.56' is not an amount"),
        ({"balance": '"1,234.56"'}, "column balance"),
        ({"balance": "1.234"}, "column balance: '1.234' has more decimals than DOP (2)"),
        ({"balance": "-5"}, "column balance"),
        ({"balance": "١٢٣"}, "column balance"),
        ({"currency": "XXY"}, "column currency: 'XXY' is not an ISO 4217 code"),
        ({"due_on": "30/11/2026"}, "column due_on: '30/11/2026' is not a date like 2026-11-30"),
        ({"due_on": "2026-02-30"}, "column due_on"),
        ({"creditor": ""}, "column creditor: is empty, but debt_ref is given"),
        ({"debt_ref": ""}, "column debt_ref: is empty, but creditor is given"),
        ({"language": "fr"}, "column language: 'fr' is not es, en or pt"),
        ({"time_zone": "Bogota"}, "column time_zone: 'Bogota' is not an IANA time zone"),
        ({"priority": "high"}, "column priority: 'high' is not a whole number"),
        ({"full_name": '"Ana'}, "a field in quotes ends on its own line"),
        ({"due_on": "2026-11-30,x"}, "11 fields, but the header has 10"),
    ],
)
def test_a_bad_row_names_itself_and_its_column(cells: dict[str, str], message: str) -> None:
    error = only_error(row_with(**cells))
    assert error.startswith("row 2")
    assert message in error


def test_errors_use_the_files_own_names() -> None:
    assert only_error("referencia,nombre,telefono1\n1,Ana,x\n").startswith("row 2, column telefono1: ")


def test_a_line_without_end_costs_no_memory_and_only_itself() -> None:
    rows = read(f"{HEADER}\n{'x' * 10_000_000}\n{GOOD}\n")
    assert [type(row) for row in rows] == [RowError, LeadRow]
    assert "more than 1,000,000 characters" in str(rows[0])
    assert rows[1].row == 3


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("10", "DOP", 1000),
        ("10,5", "DOP", 1050),
        ("1500", "CLP", 1500),
        ("0.005", "KWD", 5),
        ("1500", "PYG", 1500),
    ],
)
def test_amounts_become_minor_units(text: str, currency: str, minor: int) -> None:
    row = only_row(row_with(balance=f'"{text}"', currency=currency))
    assert row.debt is not None
    assert row.debt.balance_minor == minor


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("809-555-0123", "DO", "+18095550123"),
        ("(305) 555-0101", "US", "+13055550101"),
        ("+52 55 1234 5678", "DO", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("011 52 55 1234 5678", "US", "+525512345678"),
    ],
)
def test_numbers_as_people_write_them(text: str, region: str, e164: str) -> None:
    assert parse_number(text, region).e164 == e164


@pytest.mark.parametrize("area", ["809", "829", "849", "787", "939", "305", "786", "210", "915", "956"])
def test_the_numbers_kept_for_fiction_are_accepted(area: str) -> None:
    for last in range(100):
        assert parse_number(f"+1{area}55501{last:02d}").e164 == f"+1{area}55501{last:02d}"


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_rows_or_a_refusal(content: bytes) -> None:
    try:
        rows = read(HEADER.encode() + b"\n" + content)
    except BadInput:
        return
    assert all(isinstance(row, (LeadRow, RowError)) for row in rows)


def test_a_tab_within_quotes_is_no_separator_and_is_refused() -> None:
    (row,) = read(b'external_ref\tfull_name\tphone1\n1\t"Ana\tLuz"\t+18095550101\n')
    assert isinstance(row, RowError)
    assert row.column == "full_name"
    assert "U+0009" in row.message


@given(
    st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "C", "Z")), max_size=60),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_name_comes_through_whole_or_is_refused(name: str, delimiter: str, encoding: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    content = (
        f"external_ref{delimiter}full_name{delimiter}phone1\n1{delimiter}{quoted}{delimiter}+18095550101\n"
    )
    try:
        (*_, row) = read(content.encode(encoding, "surrogatepass"))
    except BadInput:
        assert any(0xD800 <= ord(letter) < 0xE000 for letter in name)
        return
    if isinstance(row, LeadRow):
        import unicodedata

        assert row.full_name == unicodedata.normalize("NFC", name.strip())
        assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in row.full_name)
        assert "${" not in row.full_name
