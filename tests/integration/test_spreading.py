"""A file is spread over the tables while it is still being read: what comes of it is the same, or nothing does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.errors import BadInput
from dialer.portfolio import importing, judging
from dialer.portfolio.importing import BadFile, ImportOptions, import_leads
from dialer.store.ordering import refresh_order
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

HEADER = (
    "external_ref,full_name,phone1,phone2,address,segment,debt_ref,creditor,product,balance,currency,due_on"
)
#: Persons whose rows stand together, apart, and three times; a debt told twice; a number of two persons.
ROWS = (
    "P1,Ana Uno,+18095550101,+18095550102,Calle 1,,D1,Banco,Tarjeta,100,DOP,2026-05-01",
    "P1,Ana Otra,+18095550103,,Calle 2,Tardía,D2,Banco,Tarjeta,50,DOP,2026-01-01",
    "P2,Luis Dos,+18095550104,,Calle 3,,D3,Banco,Tarjeta,70,DOP,2026-02-01",
    "P3,Eva Tres,+18095550105,,,,D4,Banco,Tarjeta,10,DOP,2026-03-01",
    "P4,Sol Cuatro,+18095550106,,Calle 4,,D5,Banco,Tarjeta,0,DOP,2026-03-01",
    "P2,Luis Otro,+18095550107,+18095550104,Calle 3,,D6,Banco,Tarjeta,30,DOP,2026-01-15",
    "P5,Luz Cinco,+18095550101,,,,,,,,,",
    "P3,Eva Tres,+18095550105,,,Temprana,D4,Banco,Tarjeta,15,DOP,2026-03-01",
    "P2,Luis Dos,+18095550108,,Calle 5,,D3,Banco,Tarjeta,65,DOP,2026-02-01",
    "P6,Paz Seis,+18095550109,,,,D7,Banco,Tarjeta,5,DOP,",
)


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool, leads=0)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are judged and three spread at once."""
    monkeypatch.setattr(judging, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 3)


def write(folder: Path, rows: tuple[str, ...] | list[str], name: str = "mora.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


async def said(pool: asyncpg.Pool) -> list[list[tuple[object, ...]]]:
    """Everything the tables say, by the creditor's keys instead of our numbers."""
    questions = (
        "SELECT external_ref, full_name, language FROM person ORDER BY 1",
        "SELECT external_ref, number, position, kind FROM phone JOIN person ON person.id = person_id ORDER BY 1, 3",
        "SELECT person.external_ref, line, city FROM address JOIN person ON person.id = person_id ORDER BY 1, 2",
        "SELECT debt.external_ref, person.external_ref, balance_minor, due_on, status FROM debt"
        " JOIN person ON person.id = person_id ORDER BY 1",
        "SELECT person.external_ref, debt.external_ref, segment.name, lead.priority, state, state_reason, value"
        " FROM lead JOIN person ON person.id = lead.person_id LEFT JOIN debt ON debt.id = debt_id"
        " LEFT JOIN segment ON segment.id = segment_id ORDER BY lead.id",
        "SELECT name FROM segment ORDER BY 1",
    )
    return [[tuple(row) for row in await pool.fetch(question)] for question in questions]


async def test_blocks_say_what_the_whole_file_says(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    report = await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ROWS))
    assert (report.rows, report.leads, report.phones, report.debts) == (10, 6, 10, 7)
    assert (report.repeated_rows, report.shared_numbers, report.known_leads) == (2, 1, 0)
    persons, phones, addresses, debts, leads, segments = await said(pool)
    assert persons == [
        (f"P{n}", name, "es")
        for n, name in enumerate(
            ("Ana Uno", "Luis Dos", "Eva Tres", "Sol Cuatro", "Luz Cinco", "Paz Seis"), 1
        )
    ]
    numbers = [(person, int(str(number)[-1]), position) for person, number, position, _ in phones]
    assert numbers == [
        *(("P1", 1, 0), ("P1", 2, 1), ("P1", 3, 2), ("P2", 4, 0), ("P2", 7, 1), ("P2", 8, 2)),
        *(("P3", 5, 0), ("P4", 6, 0), ("P5", 1, 0), ("P6", 9, 0)),
    ]
    assert [tuple(row[:2]) for row in addresses] == [
        *(("P1", "Calle 1"), ("P1", "Calle 2"), ("P2", "Calle 3"), ("P2", "Calle 5"), ("P4", "Calle 4")),
    ]
    assert [(row[0], row[1], row[2]) for row in debts] == [
        *(("D1", "P1", 10000), ("D2", "P1", 5000), ("D3", "P2", 6500), ("D4", "P3", 1500)),
        *(("D5", "P4", 0), ("D6", "P2", 3000), ("D7", "P6", 500)),
    ]
    # In the order of the file, each about the most overdue of its open debts.
    assert [(row[0], row[1], row[2], row[4]) for row in leads] == [
        *(("P1", "D2", "Tardía", "callable"), ("P2", "D6", None, "callable")),
        *(("P3", "D4", "Temprana", "callable"), ("P4", "D5", None, "finished")),
        *(("P5", None, None, "callable"), ("P6", "D7", None, "callable")),
    ]
    assert segments == [("Tardía",), ("Temprana",)]


async def test_a_row_set_aside_leaves_no_trace_of_what_was_spread(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ROWS[-1:], "before.csv"))
    # Of rows 3 and 9 the debt is of the person of row 2, of row 5 it is of somebody here already.
    taken = [
        "Q1,Ana,+18095550111,,Calle 1,,E1,Banco,Tarjeta,100,DOP,",
        "Q2,Luis,+18095550112,,Calle 2,,E1,Banco,Tarjeta,200,DOP,",
        "Q3,Eva,+18095550113,,,,E3,Banco,Tarjeta,300,DOP,",
        "Q4,Sol,+18095550114,,,,D7,Banco,Tarjeta,400,DOP,",
        *(f"R{n},Paz {n},+180955501{20 + n},,,,F{n},Banco,Tarjeta,1,DOP," for n in range(3)),
        "Q5,Luz,+18095550115,,,,E1,Banco,Tarjeta,500,DOP,",
    ]
    with pytest.raises(BadFile, match="3 rows are wrong"):
        await import_leads(dsn, portfolio.campaign_id, write(tmp_path, taken))
    assert await pool.fetchval("SELECT count(*) FROM person") == 1
    report = await import_leads(
        dsn, portfolio.campaign_id, write(tmp_path, taken), ImportOptions(skip_bad=True)
    )
    assert (report.rows, report.bad_rows, report.leads, report.phones, report.debts) == (8, 3, 5, 5, 5)
    assert all(book.balanced for book in report.books)
    debts = await pool.fetch("SELECT external_ref, balance_minor FROM debt ORDER BY 1")
    assert [tuple(row) for row in debts] == [
        *(("D7", 500), ("E1", 10000), ("E3", 30000), ("F0", 100), ("F1", 100), ("F2", 100)),
    ]
    known = await pool.fetchval("SELECT count(*) FROM person WHERE external_ref IN ('Q2', 'Q4', 'Q5')")
    assert known == 0


async def test_a_bad_row_at_the_end_refuses_what_was_spread(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    path = write(tmp_path, [*ROWS, "P9,Mal,555,,,,,,,,,"])
    before = await said(pool)
    with pytest.raises(BadFile, match="row 12, column phone1"):
        await import_leads(dsn, portfolio.campaign_id, path)
    assert await said(pool) == before
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 0


async def test_a_dry_run_writes_nothing_and_says_the_same(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    path = write(tmp_path, ROWS)
    dry = await import_leads(dsn, portfolio.campaign_id, path, ImportOptions(dry_run=True))
    assert await pool.fetchval("SELECT count(*) FROM person") == 0
    report = await import_leads(dsn, portfolio.campaign_id, path)
    assert (dry.leads, dry.phones, dry.debts, dry.books) == (
        *(report.leads, report.phones, report.debts, report.books),
    )


async def test_a_file_about_known_persons_is_a_file_of_changes(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ROWS))
    before = await said(pool)
    lines = [row.replace(",D3,Banco,Tarjeta,65,", ",D3,Banco,Tarjeta,60,") for row in ROWS]
    report = await import_leads(dsn, portfolio.campaign_id, write(tmp_path, lines, "again.csv"))
    assert (report.leads, report.known_leads, report.phones, report.debts) == (0, 6, 0, 1)
    after = await said(pool)
    assert after[:3] == before[:3]
    assert [row for row in after[3] if row not in before[3]] == [
        ("D3", "P2", 6000, *next(row[3:] for row in before[3] if row[0] == "D3"))
    ]


async def test_two_files_about_the_same_persons_take_turns(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, small_blocks: None
) -> None:
    other = await make_portfolio(pool, leads=0, campaign="Mora 60")
    # The same persons, from the end to the beginning: without turns each would wait for the other.
    files = (
        (portfolio.campaign_id, write(tmp_path, ROWS, "one.csv")),
        (other.campaign_id, write(tmp_path, ROWS[::-1], "two.csv")),
    )
    reports = await asyncio.gather(*(import_leads(dsn, campaign, path) for campaign, path in files))
    assert [report.leads for report in reports] == [6, 6]
    assert sorted(report.debts for report in reports)[1] == 7
    assert await pool.fetchval("SELECT count(*) FROM person") == 6
    assert await pool.fetchval("SELECT count(*) FROM phone") == 10


async def test_debts_that_stay_somebody_elses_refuse_the_file(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another program writes the same debts again and again between our looking and our writing."""
    await import_leads(dsn, portfolio.campaign_id, write(tmp_path, ROWS[-1:], "before.csv"))

    async def find_nothing(connection: asyncpg.Connection) -> list[tuple[int, str]]:
        return []

    monkeypatch.setattr(importing.lead_lists, "find_clashes", find_nothing)
    path = write(tmp_path, ["Q1,Ana,+18095550111,,,,D7,Banco,Tarjeta,1,DOP,"])
    with pytest.raises(BadInput, match="somebody else writes the same persons or debts at this moment"):
        await import_leads(dsn, portfolio.campaign_id, path)
    assert await pool.fetchval("SELECT count(*) FROM person") == 1


async def test_leads_carry_their_persons_zone(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    """As the refresh of the order sets it: else the first refresh would write every new lead again."""
    bogota, lima = "America/Bogota", "America/Lima"
    await pool.execute(
        "INSERT INTO person (external_ref, full_name, time_zone) VALUES ('P1', 'Ana', $1), ('P2', 'Luis', $1)",
        lima,
    )
    await pool.execute(
        "INSERT INTO preference (person_id, wish, starts, ends, valid_from, source)"
        " SELECT id, 'allow', '20:00', '22:00', now(), 'debtor' FROM person WHERE external_ref = 'P2'"
    )
    path = tmp_path / "zones.csv"
    rows = (
        "P1,Ana,+18095550101,",
        "P2,Luis,+18095550102,",
        f"P3,Eva,+18095550103,{bogota}",
        "P4,Sol,+18095550104,",
    )
    path.write_text("\n".join(["external_ref,full_name,phone1,time_zone", *rows, ""]), encoding="utf-8")
    await import_leads(dsn, portfolio.campaign_id, path)
    assert await pool.fetchval("SELECT array_agg(zone ORDER BY id) FROM lead") == [lima, "", bogota, ""]
    async with pool.acquire() as connection:
        await refresh_order(connection, portfolio.campaign_id, datetime.now(UTC))
    assert await pool.fetchval("SELECT array_agg(zone ORDER BY id) FROM lead") == [lima, "", bogota, ""]
