"""Files of leads into the database: merged, updated, refused as a whole."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.errors import BadInput
from dialer.portfolio import judging
from dialer.portfolio.importing import BadFile, ImportOptions, import_leads
from dialer.portfolio.spreadsheet import plain_cell
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

HEADER = "referencia,nombre,telefono1,telefono2,segmento,deuda,acreedor,producto,saldo,moneda,vencimiento,prioridad"
ANA = "C1,Ana Díaz,+18095550101,+18295550101,Tardía,D1,Banco,Tarjeta,100.50,DOP,2026-10-01,0"
ANA_TOO = "C1,Ana Díaz,+18095550101,+18495550101,,D2,Banco,Préstamo,20,DOP,2026-01-01,5"
LUIS = "C2,Luis Peña,+18095550102,,Temprana,D3,Banco,Tarjeta,7,USD,,0"


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool, leads=0)


def write(folder: Path, *rows: str, name: str = "mora.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


async def everything(pool: asyncpg.Pool) -> list[list[tuple[object, ...]]]:
    return [
        [tuple(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY 1")]
        for table in ("person", "phone", "debt", "segment", "lead_list", "lead")
    ]


async def test_rows_of_one_person_become_one_lead(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    seen: list[tuple[object, ...]] = []
    path = write(tmp_path, ANA, ANA_TOO, LUIS)
    report = await import_leads(
        dsn, portfolio.campaign_id, path, progress=lambda *counts: seen.append(counts)
    )
    assert (report.rows, report.leads, report.phones, report.debts, report.bad_rows) == (3, 2, 4, 3, 0)
    assert report.list_name == "mora.csv"
    size = path.stat().st_size
    assert ("reading", size, size, 3) in seen
    leads = await pool.fetch(
        "SELECT person.external_ref AS ref, person.language, debt.external_ref AS debt, segment.name AS segment,"
        " lead.priority, lead.state, array(SELECT number FROM phone WHERE person_id = person.id ORDER BY position)"
        " AS numbers FROM lead JOIN person ON person.id = person_id LEFT JOIN debt ON debt.id = debt_id"
        " LEFT JOIN segment ON segment.id = segment_id ORDER BY lead.id"
    )
    assert [tuple(row) for row in leads] == [
        ("C1", "es", "D2", "Tardía", 5, "callable", ["+18095550101", "+18295550101", "+18495550101"]),
        ("C2", "es", "D3", "Temprana", 0, "callable", ["+18095550102"]),
    ]
    assert await pool.fetchval("SELECT balance_minor FROM debt WHERE external_ref = 'D1'") == 10050


async def test_the_same_file_is_not_loaded_twice(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    path = write(tmp_path, ANA)
    await import_leads(dsn, portfolio.campaign_id, path)
    before = await everything(pool)
    with pytest.raises(BadInput, match=r"this very file was loaded .* as list 'mora.csv'"):
        await import_leads(dsn, portfolio.campaign_id, path.rename(tmp_path / "again.csv"))
    assert await everything(pool) == before


async def test_a_known_person_is_updated_and_keeps_his_state(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ANA, LUIS))
    await pool.execute("UPDATE lead SET state = 'finished', state_reason = 'paid', attempts = 3")
    await pool.execute("UPDATE person SET time_zone = 'America/Santo_Domingo', language = 'en'")
    changed = (
        ANA.replace("Ana Díaz", "Ana Díaz Soto").replace("100.50", "90").replace("0101,+1829", "0177,+1829")
    )
    report = await import_leads(dsn, portfolio.campaign_id, write(tmp_path, changed, name="delta.csv"))
    assert (report.leads, report.known_leads, report.phones, report.debts) == (0, 1, 1, 1)
    row = await pool.fetchrow(
        "SELECT full_name, language, time_zone, state, lead.attempts, balance_minor FROM person"
        " JOIN lead ON lead.person_id = person.id JOIN debt ON debt.id = debt_id WHERE person.external_ref = 'C1'"
    )
    assert tuple(row) == ("Ana Díaz Soto", "en", "America/Santo_Domingo", "finished", 3, 9000)
    numbers = await pool.fetch(
        "SELECT number FROM phone JOIN person ON person.id = person_id WHERE external_ref = 'C1' ORDER BY position"
    )
    assert [row["number"] for row in numbers] == ["+18095550101", "+18295550101", "+18095550177"]


async def test_who_must_not_be_called_comes_in_suppressed(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    await pool.execute("INSERT INTO person (external_ref, full_name) VALUES ('C1', 'Ana')")
    await pool.execute(
        "INSERT INTO do_not_call (person_id, reason, source) SELECT id, 'asked', 'debtor' FROM person"
    )
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ANA, LUIS))
    assert [tuple(row) for row in await pool.fetch("SELECT state, state_reason FROM lead ORDER BY id")] == [
        ("suppressed", "do_not_call"),
        ("callable", None),
    ]


async def test_one_bad_row_stops_the_whole_file(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    before = await everything(pool)
    path = write(tmp_path, ANA, LUIS.replace("+18095550102", "555-0102"), LUIS.replace("7,USD", "7,ZZZ"))
    with pytest.raises(BadFile) as refused:
        await import_leads(dsn, portfolio.campaign_id, path)
    assert [(error.row, error.column) for error in refused.value.errors] == [(3, "telefono1"), (4, "moneda")]
    assert "2 rows are wrong, nothing was loaded:\n  row 3, column telefono1: '555-0102' has no" in str(
        refused.value
    )
    assert await everything(pool) == before


async def test_good_rows_can_be_loaded_and_bad_ones_listed(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        ANA,
        LUIS.replace("Luis Peña", "=cmd|' /C calc'!A0"),
        LUIS.replace("C2", "C3").replace("D3", "D1"),
        LUIS,
    )
    errors = tmp_path / "errors.csv"
    report = await import_leads(
        dsn, portfolio.campaign_id, path, ImportOptions(skip_bad=True, error_file=errors, list_name="enero")
    )
    assert (report.leads, report.bad_rows, report.list_name) == (2, 2, "enero")
    rows = list(csv.reader(errors.read_text(encoding="utf-8-sig").splitlines()))
    assert rows == [
        ["row", "column", "message"],
        ["3", "nombre", "begins with '=', as a spreadsheet's formula does"],
        ["4", "deuda", "debt 'D1' belongs to the person of row 2"],
    ]


async def test_a_debt_of_somebody_already_here_is_refused(
    dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ANA))
    with pytest.raises(BadFile, match="row 2, column deuda: debt 'D1' belongs to a person already here"):
        await import_leads(
            dsn, portfolio.campaign_id, write(tmp_path, LUIS.replace("D3", "D1"), name="two.csv")
        )


async def test_a_file_of_bad_rows_only_loads_nothing(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    path = write(tmp_path, LUIS.replace("+1", "x"))
    with pytest.raises(BadInput, match="no good row"):
        await import_leads(dsn, portfolio.campaign_id, path, ImportOptions(skip_bad=True))
    assert await pool.fetchval("SELECT count(*) FROM lead_list") == 0


async def test_files_and_campaigns_that_are_not_there(dsn: str, portfolio: Portfolio, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        await import_leads(dsn, portfolio.campaign_id, tmp_path / "none.csv")
    with pytest.raises(BadInput, match="campaign 999 does not exist"):
        await import_leads(dsn, 999, write(tmp_path, ANA))


async def test_two_loads_of_one_file_at_once_load_it_once(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    path = write(tmp_path, ANA, LUIS)
    results = await asyncio.gather(
        *(import_leads(dsn, portfolio.campaign_id, path) for _ in range(3)), return_exceptions=True
    )
    assert sorted(isinstance(result, BadInput) for result in results) == [False, True, True]
    assert await pool.fetchval("SELECT count(*) FROM lead") == 2


@pytest.mark.parametrize(
    ("cell", "plain"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("Ana", "Ana"), ("-5", "'-5"), ("", "")]
)
def test_cells_written_for_spreadsheets_are_no_formulas(cell: str, plain: str) -> None:
    assert plain_cell(cell) == plain


async def test_an_interrupted_import_goes_on_where_it_stopped(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "ROWS_AT_ONCE", 2)
    path = write(tmp_path, *(f"K{n},Ana {n},+180955501{n:02d},,,,,,,,,0" for n in range(9)))
    staged = 0

    def die(what: str, done: int, total: int, rows: int) -> None:
        nonlocal staged
        staged = rows
        if rows >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_leads(dsn, portfolio.campaign_id, path, progress=die)
    assert await pool.fetchval("SELECT count(*) FROM lead") == 0
    report = await import_leads(dsn, portfolio.campaign_id, path)
    assert (report.resumed_rows, report.rows, report.leads) == (staged, 9, 9)
    assert await pool.fetchval("SELECT count(*) FROM import_run") == 0
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 0


async def test_large_files_are_judged_by_other_processes_alike(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_WORTH_PROCESSES_BYTES", 0)
    monkeypatch.setattr(judging, "ROWS_AT_ONCE", 3)
    rows = [f"K{n},Ana {n},+180955501{n:02d},{'12' if n == 5 else ''},,,,,,,,0" for n in range(10)]
    path = write(tmp_path, *rows)
    with pytest.raises(BadFile, match="row 7, column telefono2: '12' has no country code"):
        await import_leads(dsn, portfolio.campaign_id, path)
    # The row has a good number besides: with --skip-bad it is loaded without the bad one.
    report = await import_leads(dsn, portfolio.campaign_id, path, ImportOptions(skip_bad=True))
    assert (report.leads, report.bad_rows, report.errors_count, report.phones) == (10, 0, 1, 10)
    assert await pool.fetchval("SELECT array_agg(external_ref ORDER BY id) FROM person") == [
        f"K{n}" for n in range(10)
    ]


async def test_the_books_of_a_creditor_are_drawn(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    head = "external_ref,full_name,phone1,debt_ref,creditor,product,balance,currency"

    def row(n: int, balance: object) -> str:
        return f"P{n},Ana {n},+180955501{n:02d},D{n},Banco,Tarjeta,{balance},DOP"

    await import_leads(
        dsn,
        portfolio.campaign_id,
        write(tmp_path, row(1, 100), row(2, 100), row(3, 100), row(4, 100), row(5, 100), header=head),
    )
    await pool.execute("UPDATE lead SET state = 'resting', next_at = now() + interval '1 day'")
    delta = write(
        tmp_path, row(1, 150), row(2, 60), row(3, 0), row(4, 100), row(6, 7), header=head, name="delta.csv"
    )
    options = ImportOptions(close_missing=True)
    dry = await import_leads(
        dsn, portfolio.campaign_id, delta, ImportOptions(close_missing=True, dry_run=True)
    )
    assert dry.list_id is None
    assert await pool.fetchval("SELECT count(*) FROM debt") == 5
    report = await import_leads(dsn, portfolio.campaign_id, delta, options)
    assert dry.books == report.books
    (book,) = report.books
    assert book.balanced
    assert (book.debts_before, book.before_minor, book.debts_after, book.after_minor) == (5, 50000, 4, 31700)
    assert (book.new_debts, book.new_minor) == (1, 700)
    assert (book.raised_debts, book.raised_minor) == (1, 5000)
    assert (book.lowered_debts, book.lowered_minor) == (1, 4000)
    assert (book.closed_debts, book.closed_minor, book.unchanged_debts) == (2, 20000, 1)
    assert [tuple(row) for row in await pool.fetch("SELECT status FROM debt ORDER BY external_ref")] == [
        *([("open",)] * 2),
        ("paid",),
        ("open",),
        ("withdrawn",),
        ("open",),
    ]
    states = await pool.fetch("SELECT state, state_reason FROM lead ORDER BY person_id")
    assert [tuple(row) for row in states] == [
        *([("resting", None)] * 2),
        ("finished", "debt_closed"),
        ("resting", None),
        ("finished", "debt_closed"),
        ("callable", None),
    ]
    # What was paid and is owed again is called again.
    again = write(tmp_path, row(3, 5), header=head, name="again.csv")
    assert (await import_leads(dsn, portfolio.campaign_id, again)).refreshed_leads == 1
    assert await pool.fetchval(
        "SELECT state FROM lead JOIN debt ON debt.id = debt_id WHERE external_ref = 'D3'"
    ) == ("callable")


async def test_a_debt_keeps_its_currency(dsn: str, portfolio: Portfolio, tmp_path: Path) -> None:
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, LUIS))
    with pytest.raises(BadFile, match="debt 'D3' is in USD until now"):
        await import_leads(
            dsn, portfolio.campaign_id, write(tmp_path, LUIS.replace("USD", "DOP"), name="two.csv")
        )
