"""Files of consents, parties, notes, wishes, numbers and papers, by command into a real database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.command import DONE, REFUSED, Result, dialer
from tests.integration.portfolio import Portfolio, add_agent

pytestmark = pytest.mark.integration

HEADER = (
    "referencia;nombre;telefono;lugar;consentimiento;canal;consentimiento_desde;deuda;rol;nota;deseo;deseo_de;deseo_a;"
    "documento;direccion;tipo_direccion"
)
ROWS = (
    "{0};;;;;;;;;Vive con su madre;;;;;;",
    "{0};;+573001234567;trabajo;;;;;;;;;;;Calle 9;trabajo",
    "{0};;+573001234567;;no;voz;2026-11-01;;;;;;;;;",
    "{0};;;;;;;;;;nunca;08:00;12:00;;;",
    "{0};;;;;;;D0;;;;;;pagare.txt;;",
    "F-1;Rosa Fiadora;+573007654321;casa;;;;D0;fiador;;;;;;;",
)


@pytest_asyncio.fixture
async def debtor(pool: asyncpg.Pool, portfolio: Portfolio) -> str:
    """The reference of one who owes D0."""
    person = await pool.fetchrow("SELECT id, external_ref FROM person ORDER BY id LIMIT 1")
    await pool.execute(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency)"
        " VALUES ($1, 'D0', 'Banco', 'Tarjeta', 10000, 'COP')",
        person["id"],
    )
    return str(person["external_ref"])


def write(folder: Path, debtor: str, *rows: str, header: str = HEADER) -> Path:
    path = folder / "casos.csv"
    path.write_text("\n".join([header, *(row.format(debtor) for row in rows), ""]), encoding="utf-8")
    return path


async def counted(pool: asyncpg.Pool) -> dict[str, int]:
    tables = ("person", "phone", "address", "consent", "preference", "note", "document", "debt_party")
    return {table: await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


def deltas(result: Result) -> dict[str, tuple[int, int, int]]:
    assert isinstance(result.data, dict)
    return {
        matter: (delta["new"], delta["changed"], delta["known"])
        for matter, delta in result.data["deltas"].items()
    }


async def test_a_file_fills_the_debtors_files_once(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, debtor: str, tmp_path: Path
) -> None:
    """1. A dry run writes nothing; 2. the file itself is announced where it bars a call; 3. again, it changes nothing;
    4. another word of the same number and guarantor is a change."""
    (tmp_path / "papeles").mkdir()
    (tmp_path / "papeles" / "pagare.txt").write_text("debo", encoding="utf-8")
    await add_agent(pool, portfolio.group_id, "ana")
    options = ("--documents", tmp_path / "papeles", "--as", "ana", "--json")
    file = write(tmp_path, debtor, *ROWS)
    before = await counted(pool)
    dry = await dialer("person", "import", file, *options, "--dry-run", database_dsn=dsn)
    assert dry.code == DONE, dry.err
    assert await counted(pool) == before

    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(dsn)
    try:
        await listener.add_listener("cadencia_lead", lambda *word: heard.put_nowait(word[3]))
        loaded = await dialer("person", "import", file, *options, database_dsn=dsn)
        assert loaded.code == DONE, loaded.err
        async with asyncio.timeout(60):
            lead = await heard.get()
    finally:
        await listener.close()
    assert lead == str(
        await pool.fetchval(
            "SELECT lead.id FROM lead JOIN person ON person.id = person_id WHERE external_ref = $1", debtor
        )
    )
    assert (
        deltas(loaded)
        == deltas(dry)
        == {
            "persons": (1, 0, 0),
            "phones": (2, 0, 0),
            "addresses": (1, 0, 0),
            "parties": (1, 0, 0),
            "notes": (1, 0, 0),
            "consents": (1, 0, 0),
            "wishes": (1, 0, 0),
            "documents": (1, 0, 0),
        }
    )
    number = await pool.fetchrow(
        "SELECT place, kind, position, source FROM phone WHERE number = '+573001234567'"
    )
    assert dict(number) == {"place": "workplace", "kind": "mobile", "position": 2, "source": "creditor"}
    consent = await pool.fetchrow(
        "SELECT granted, phone_id IS NOT NULL AS of_number, recorded_by FROM consent"
    )
    assert (consent["granted"], consent["of_number"]) == (False, True)
    assert consent["recorded_by"] is not None

    after = await counted(pool)
    again = await dialer("person", "import", file, *options, database_dsn=dsn)
    assert await counted(pool) == after
    assert {(new, changed) for new, changed, _ in deltas(again).values()} == {(0, 0)}
    assert deltas(again)["phones"] == (0, 0, 2)

    other = write(
        tmp_path,
        debtor,
        "{0};;+573001234567;casa;;;;;;;;;;;;",
        "F-1;Otro Nombre;;;;;;D0;codeudor;;;;;;;",
    )
    changed = await dialer("person", "import", other, "--json", database_dsn=dsn)
    assert (deltas(changed)["phones"], deltas(changed)["parties"]) == ((0, 1, 0), (0, 1, 0))
    assert await pool.fetchval("SELECT full_name FROM person WHERE external_ref = 'F-1'") == "Rosa Fiadora"


async def test_one_bad_row_stops_the_file_unless_it_is_skipped(
    pool: asyncpg.Pool, dsn: str, debtor: str, tmp_path: Path
) -> None:
    faults = (
        "NADIE;;;;;;;;;hola;;;;;;",
        "{0};;;;;;;D-NO;;hola;;;;;;",
        "{0};;;;;;;D0;fiador;;;;;;;",
        "{0};;12;;;;;;;;;;;;;",
        "{0};;;;;;;;;;;;;falta.pdf;;",
        "F-2;Luis;;;;;;D0;;soy otro;;;;;;",
        "F-3;Eva;;;;;;D0;fiador;;;;;;;",
        "F-3;Eva;;;;;;D0;conyuge;;;;;;;",
    )
    file, listed = write(tmp_path, debtor, *faults, "{0};;;;;;;;;bien;;;;;;"), tmp_path / "errores.csv"
    options = ("--documents", tmp_path, "--errors", listed)
    before = await counted(pool)
    refused = await dialer("person", "import", file, *options, database_dsn=dsn)
    assert (refused.code, await counted(pool)) == (REFUSED, before)
    for row, said in (
        (2, "column referencia: there is no such person"),
        (3, "column deuda: there is no such debt"),
        (4, "column rol: it is his own debt"),
        (5, "column telefono"),
        (6, "column documento: 'falta.pdf' can't be read"),
        (7, "column deuda: the debt is somebody else's"),
        (8, "column rol: another row says he is something else"),
        (9, "column rol: another row says he is something else"),
    ):
        assert f"row {row}, {said}" in refused.err
    assert len(listed.read_text("utf-8-sig").splitlines()) == 1 + len(faults)
    skipped = await dialer("person", "import", file, *options, "--skip-bad", database_dsn=dsn)
    assert skipped.code == DONE, skipped.err
    assert f"{len(faults)} bad rows were left out" in skipped.err
    assert await counted(pool) == before | {"note": 1}
    nowhere = write(tmp_path, debtor, "{0};;;;;;;;;;;;;falta.pdf;;")
    unsaid = await dialer("person", "import", nowhere, database_dsn=dsn)
    assert (unsaid.code, "--documents FOLDER" in unsaid.err) == (REFUSED, True)


async def test_a_mapping_is_for_files_of_its_kind(
    pool: asyncpg.Pool, dsn: str, debtor: str, tmp_path: Path
) -> None:
    mapping = ("leads", "mapping", "save", "Banco")
    words = ("--column", "Cliente=external_ref", "--column", "Observación=nota")
    wrong = await dialer(*mapping, *words, database_dsn=dsn)
    assert (wrong.code, "there is no such column" in wrong.err) == (REFUSED, True)
    assert (await dialer(*mapping, *words, "--for", "cases", database_dsn=dsn)).code == DONE
    file = write(tmp_path, debtor, "{0};hola", header="Cliente;Observación")
    loaded = await dialer("person", "import", file, "--mapping", "Banco", database_dsn=dsn)
    assert (loaded.code, "notes" in loaded.out) == (DONE, True), loaded.err
    assert await pool.fetchval("SELECT body FROM note") == "hola"
    other = await dialer(
        *("leads", "import", file, "--campaign", "Mora 30", "--mapping", "Banco"), database_dsn=dsn
    )
    assert (other.code, "is for files of cases, not of leads" in other.err) == (REFUSED, True)
