"""Files made to break an import: each is refused in clear words, and nothing of it stays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from openpyxl import Workbook

from dialer.domain.errors import BadInput
from dialer.portfolio.importing import ImportOptions, import_leads
from tests.integration.portfolio import make_portfolio

pytestmark = pytest.mark.integration

HEADER = "external_ref,full_name,phone1,phone2"
GOOD = "C1,Ana Díaz,+18095550101,"


def csv(*rows: str) -> bytes:
    return "\n".join([HEADER, GOOD, *rows, ""]).encode("utf-8", "surrogatepass")


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    sheet = book.active
    for row in (tuple(HEADER.split(",")), *rows):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """A workbook whose files went through `change`."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return result.getvalue()


def bomb() -> bytes:
    return repacked(
        workbook(("C1", "Ana", "+18095550101", "")),
        lambda name, data: b" " * (40 << 20) if name.endswith("sheet1.xml") else data,
    )


def laughs() -> bytes:
    """Entities that would grow without end (billion laughs)."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    prologue = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "ha">{entities}]>'

    def poison(name: str, data: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return data
        text = data.decode()
        return (prologue + text[text.index("<worksheet") :].replace("Ana", "&l11;")).encode()

    return repacked(workbook(("C1", "Ana", "+18095550101", "")), poison)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (csv("C2,Ana\x00,+18095550102,"), "row 3, column full_name: holds the control character U+0000"),
        (csv("C2,Ana,+18095550102,,,x"), "row 3: 6 fields, but the header has 4"),
        (csv("C2,Ana"), "row 3: 2 fields, but the header has 4"),
        (csv(f"C2,{'x' * 10_000_000},+18095550102,"), "row 3: the line has more than 1,000,000 characters"),
        (csv("C2,=HYPERLINK(1),+18095550102,"), "row 3, column full_name: begins with '='"),
        (csv("C2,@SUM(A1),+18095550102,"), "row 3, column full_name: begins with '@'"),
        (csv("C2,\u202eanA,+18095550102,"), "row 3, column full_name: holds the control character U+202E"),
        (csv("C2,Ana\rAction: Originate,+18095550102,"), "U+000D"),
        (csv('"C2","Ana\r\nAction: Command",+18095550102,'), "row 3"),
        (csv("C2,${SHELL(id)},+18095550102,"), "'${' may not stand in a field"),
        (csv("C2,Ana,+18095550102&SIP/x,"), "row 3, column phone1"),
        (csv("C2,Ana,12,"), "row 3, column phone1: '12' has no country code"),
        (csv("C2,\ud800,+18095550102,"), "not utf-8 text"),
        (HEADER.encode() + b"\nC1,Jos\xe9,+18095550101,\n", "give its encoding (cp1252 or latin-1)"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le") + b"\n\x00C\x00\xd8\xd8\xd8", "not utf-16-le text"),
        (b"", "no header"),
        (b"\xef\xbb\xbf", "no header"),
        (b"\x00\x00\x00\x00", "missing columns"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "an old workbook or an archive"),
        (b"PK\x03\x04" + b"\x00" * 600, "no workbook that can be read"),
        (b"external_ref,full_name,phone1,phone1\n", "stands twice"),
        (b"a,b,c\n1,2,3\n", "missing columns: external_ref (referencia)"),
        (bomb(), "unpacks"),
        (laughs(), "no workbook that can be read"),
        (workbook(("C1", "=1+1", "+18095550101", "")), "cell B2 holds a formula"),
        (workbook(("C1", True, "+18095550101", "")), "cell B2 holds true or false"),
        (workbook(("C1", "#N/A", "+18095550101", "")), "cell B2 holds the error #N/A"),
        (workbook(("C1", "Ana\u202e", "+18095550101", "")), "U+202E"),
        (workbook(("C1", "x" * 20_000, "+18095550101", "")), "20,000 characters"),
        (workbook(), "no good row"),
    ],
)
async def test_a_nasty_file_is_refused_and_nothing_of_it_stays(
    pool: asyncpg.Pool, dsn: str, tmp_path: Path, content: bytes, said: str
) -> None:
    portfolio = await make_portfolio(pool, leads=0)
    path = tmp_path / "nasty"
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        await import_leads(dsn, portfolio.campaign_id, path)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 2000
    for table in ("person", "phone", "debt", "lead", "lead_list", "import_run"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 0


async def test_a_workbook_is_read_as_its_cells_are_shown(
    pool: asyncpg.Pool, dsn: str, tmp_path: Path
) -> None:
    from datetime import datetime

    portfolio = await make_portfolio(pool, leads=0)
    book = Workbook()
    sheet = book.active
    sheet.append(
        [
            "Referencia",
            "Nombre",
            "Teléfono 1",
            "Deuda",
            "Acreedor",
            "Producto",
            "Saldo",
            "Moneda",
            "Vencimiento",
        ]
    )
    sheet.append(
        [17, "José Ñandú", 8095550101, "D1", "Banco", "Tarjeta", 1234.5, "DOP", datetime(2026, 11, 30)]
    )
    sheet.append([])
    sheet.append(["R-2", "Ana", "829 555 0102"])
    path = tmp_path / "cartera.xlsx"
    book.save(path)
    report = await import_leads(dsn, portfolio.campaign_id, path, ImportOptions(default_region="DO"))
    assert (report.rows, report.leads, report.encoding) == (2, 2, "xlsx")
    row = await pool.fetchrow(
        "SELECT person.external_ref, full_name, number, balance_minor, due_on::text FROM person"
        " JOIN phone ON phone.person_id = person.id JOIN debt ON debt.person_id = person.id"
    )
    assert tuple(row) == ("17", "José Ñandú", "+18095550101", 123450, "2026-11-30")
