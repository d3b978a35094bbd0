"""Files of payments in, files of leads out."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.errors import BadInput
from dialer.portfolio.exporting import export_leads
from dialer.portfolio.payment_file import import_payments
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

HEADER = "pago;deuda;monto;moneda;fecha"


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    portfolio = await make_portfolio(pool, leads=3)
    await pool.execute(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency)"
        " SELECT id, 'D' || row_number() OVER (ORDER BY id), 'Banco', 'Tarjeta', 10000, 'DOP' FROM person"
    )
    await pool.execute("UPDATE lead SET debt_id = debt.id FROM debt WHERE debt.person_id = lead.person_id")
    return portfolio


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "pagos.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


async def test_payments_are_booked_once(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    path = write(tmp_path, "P1;D1;100.00;DOP;2026-11-01", "P2;D2;40;DOP;2026-11-02")
    dry = await import_payments(dsn, path, dry_run=True)
    assert (dry.rows, dry.new) == (2, 2)
    assert await pool.fetchval("SELECT count(*) FROM payment") == 0
    report = await import_payments(dsn, path)
    assert (report.new, report.known) == (2, 0)
    assert await pool.fetchval("SELECT array_agg(balance_minor ORDER BY external_ref) FROM debt") == [
        *(0, 6000, 10000)
    ]
    paid = await pool.fetchrow("SELECT state, state_reason FROM lead ORDER BY id LIMIT 1")
    assert paid["state"] == "finished"
    again = await import_payments(dsn, path)
    assert (again.new, again.known) == (0, 2)
    assert await pool.fetchval("SELECT count(*) FROM payment") == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("P1;D9;1;DOP;2026-11-01", "row 3, column debt_ref: there is no debt 'D9'"),
        ("P1;D1;1;USD;2026-11-01", "is USD, but the debt is in DOP"),
        ("P1;D1;0;DOP;2026-11-01", "row 3, column monto: is zero"),
        ("P1;D1;-5;DOP;2026-11-01", "'-5' is not an amount"),
        ("P1;D1;1;DOP;01/11/2026", "is not a date like"),
        (";D1;1;DOP;2026-11-01", "column pago: is empty"),
        ("=1+1;D1;1;DOP;2026-11-01", "begins with '='"),
        ("P0;D1;7;DOP;2026-11-01", "stands twice, with different payments"),
    ],
)
async def test_one_wrong_payment_books_nothing(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path, row: str, said: str
) -> None:
    path = write(tmp_path, "P0;D1;1;DOP;2026-11-01", row)
    with pytest.raises(BadInput, match="nothing was booked") as refused:
        await import_payments(dsn, path)
    assert said in str(refused.value)
    assert await pool.fetchval("SELECT count(*) FROM payment") == 0
    assert await pool.fetchval("SELECT min(balance_minor) FROM debt") == 10000


async def test_a_file_of_leads_holds_no_formula(
    pool: asyncpg.Pool, dsn: str, portfolio: Portfolio, tmp_path: Path
) -> None:
    await pool.execute(
        "UPDATE person SET full_name = '=cmd|'' /C calc''!A0' WHERE id = (SELECT min(id) FROM person)"
    )
    path = tmp_path / "leads.csv"
    assert await export_leads(dsn, portfolio.campaign_id, path) == 3
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0]["full_name"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["phones"].startswith("'+1809")
    assert (rows[0]["debt_ref"], rows[0]["balance_minor"], rows[0]["state"]) == ("D1", "10000", "callable")
    assert path.stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["leads.csv"]
    with pytest.raises(BadInput, match="is there already"):
        await export_leads(dsn, portfolio.campaign_id, path)
    with pytest.raises(BadInput, match="can't be written"):
        await export_leads(dsn, portfolio.campaign_id, tmp_path / "none" / "leads.csv")
