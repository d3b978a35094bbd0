"""Leads, plans and segments by command, on a real database."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.integration.command import DONE, REFUSED, dialer
from tests.integration.portfolio import Portfolio

pytestmark = pytest.mark.integration


GOOD = "external_ref,full_name,phone1\nC-1,Ana Pérez Mota,+18095550101\nC-2,Luis Gómez Díaz,+18295550102\n"


async def test_leads_are_loaded_or_checked_only(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    file = tmp_path / "mora.csv"
    file.write_text(GOOD, encoding="utf-8")
    dry = await dialer("leads", "import", file, "--campaign", "Mora 30", "--dry-run", database_dsn=dsn)
    assert dry.code == DONE, dry.err
    assert dry.out.startswith("2 new leads would be in list 'mora.csv'")
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3
    loaded = await dialer("leads", "import", file, "--campaign", "Mora 30", "--json", database_dsn=dsn)
    assert isinstance(loaded.data, dict)
    assert (loaded.data["leads"], loaded.data["bad_rows"], loaded.data["list_name"]) == (2, 0, "mora.csv")
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3 + 2
    twice = await dialer("leads", "import", file, "--campaign", "Mora 30", database_dsn=dsn)
    assert (twice.code, await pool.fetchval("SELECT count(*) FROM lead")) == (REFUSED, 5)


async def test_a_creditors_own_words_are_saved_once(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    nobody = await dialer("leads", "mapping", "list", database_dsn=dsn)
    assert (nobody.code, "no mappings are saved" in nobody.out) == (DONE, True)
    words = ("--column", "Cliente=external_ref", "--column", "Titular=nombre", "--column", "Celular=phone1")
    wrong = await dialer("leads", "mapping", "save", "Banco", "--column", "Celular=fone", database_dsn=dsn)
    assert (wrong.code, "there is no such column" in wrong.err) == (REFUSED, True)
    saved = await dialer("leads", "mapping", "save", "Banco", *words, "--region", "DO", database_dsn=dsn)
    assert saved.code == DONE, saved.err
    file = tmp_path / "banco.csv"
    file.write_text("Cliente;Titular;Celular\nB-1;Ana Pérez;809-555-0101\n", encoding="utf-8")
    loaded = await dialer(
        *("leads", "import", file, "--campaign", "Mora 30", "--mapping", "Banco"), database_dsn=dsn
    )
    assert loaded.code == DONE, loaded.err
    assert await pool.fetchval("SELECT number FROM phone ORDER BY id DESC LIMIT 1") == "+18095550101"
    assert (await dialer("leads", "mapping", "delete", "Banco", database_dsn=dsn)).code == DONE
    gone = await dialer(
        *("leads", "import", file, "--campaign", "Mora 30", "--mapping", "Banco"), database_dsn=dsn
    )
    assert (gone.code, "there is no mapping 'Banco'" in gone.err) == (REFUSED, True)


async def test_a_bad_row_stops_the_file_unless_it_is_skipped(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    file, errors = tmp_path / "mora.csv", tmp_path / "errors.csv"
    file.write_text(GOOD + "C-3,${EVIL},+18095550103\nC-4,Eva Ruiz,12\n", encoding="utf-8")
    options = ("--campaign", "Mora 30")
    for extra in ((), ("--dry-run",)):
        refused = await dialer("leads", "import", file, *options, *extra, database_dsn=dsn)
        assert refused.code == REFUSED
        assert "row 4, column full_name" in refused.err
        assert "row 5, column phone1" in refused.err
        assert "--skip-bad" in refused.err
    assert await pool.fetchval("SELECT count(*) FROM lead") == 3
    skipped = await dialer(
        *("leads", "import", file, *options, "--skip-bad", "--errors", errors), database_dsn=dsn
    )
    assert skipped.code == DONE, skipped.err
    assert skipped.out.startswith("2 new leads in list 'mora.csv'")
    assert "2 bad rows were left out" in skipped.err
    assert len(errors.read_text("utf-8-sig").splitlines()) == 3
    absent = await dialer("leads", "import", tmp_path / "none.csv", *options, database_dsn=dsn)
    assert (absent.code, "can't be read" in absent.err) == (REFUSED, True)


async def test_plans_and_segments_are_set_in_plain_words(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    usual = await dialer("campaign", "plan", "Mora 30", database_dsn=dsn)
    assert (usual.code, "no quota by day" in usual.out) == (DONE, True), usual.err
    six = ("--tries", "6", "--days", "5", "--rule", "no_answer=3h:2")
    plan = await dialer("campaign", "plan", "Mora 30", *six, database_dsn=dsn)
    assert plan.code == DONE, plan.err
    assert "6 tries over 5 days, at most 2 a day; 2 in the morning, 2 in the afternoon" in plan.out
    assert "no_answer *" in plan.out
    wrong = await dialer("campaign", "plan", "Mora 30", "--parts", "1,1,1", database_dsn=dsn)
    assert (wrong.code, "hold 3 tries, fewer than the 6" in wrong.err) == (REFUSED, True)
    reset = await dialer("campaign", "plan", "Mora 30", "--reset", "--json", database_dsn=dsn)
    assert reset.data == {"rules": {}, "max_attempts": 10}
    assert (await dialer("segment", "presets", "--save", database_dsn=dsn)).code == DONE
    counted = await dialer("segment", "preview", "--where", "tries <= 0", "--json", database_dsn=dsn)
    assert isinstance(counted.data, dict)
    assert (counted.data["leads"], counted.data["of"]) == (3, 3)
    bad = await dialer("segment", "preview", "--where", "balance; DROP TABLE lead >= 1", database_dsn=dsn)
    assert (bad.code, "is not FIELD >= VALUE" in bad.err) == (REFUSED, True)
    run = await dialer("segment", "run", database_dsn=dsn)
    assert (run.code, "3 leads judged, 0 moved" in run.out) == (DONE, True), run.err
    order = await dialer("order", "refresh", "--campaign", "Mora 30", database_dsn=dsn)
    assert (order.code, order.out.startswith("3 leads of 'Mora 30' judged")) == (DONE, True), order.err
