"""The nights: done once by whoever is there, made up for, and told by the command line."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.segments import Treatment, read_conditions
from dialer.night_clock import work
from dialer.store.nights import begin_night, free_night
from dialer.store.segments import read_runs, save_segment
from tests.integration.command import dialer
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

#: Three in the morning in Bogotá.
THREE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOV_21, NOV_22, NOV_25 = (date(2026, 11, day) for day in (21, 22, 25))


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    """Ten debtors in Bogotá, five of them with a risk above one half; a segment for each half."""
    portfolio = await make_portfolio(pool, leads=10)
    await pool.execute("UPDATE person SET time_zone = 'America/Bogota', risk_score = (id % 2) * 0.9")
    await pool.execute("UPDATE campaign SET created_at = '2026-11-01'")
    async with pool.acquire() as connection:
        for name, test in (("Alto", "at_least"), ("Bajo", "at_most")):
            condition = {"field": "risk_score", "test": test, "value": 0.5}
            await save_segment(connection, name, read_conditions({"conditions": [condition]}), Treatment())
    return portfolio


async def nights(pool: asyncpg.Pool, at: datetime) -> list[tuple[int, date]]:
    async with pool.acquire() as connection:
        return await work(connection, at)


async def segments(pool: asyncpg.Pool) -> dict[str | None, int]:
    rows = await pool.fetch(
        "SELECT segment.name, count(*) FROM lead LEFT JOIN segment ON segment.id = segment_id GROUP BY 1"
    )
    return {row["name"]: row["count"] for row in rows}


async def test_a_night_is_done_once_and_tells_who_moved(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    assert await nights(pool, THREE) == [(portfolio.campaign_id, NOV_22)]
    assert await segments(pool) == {"Alto": 5, "Bajo": 5}
    assert await pool.fetchval("SELECT scored_at IS NOT NULL FROM campaign_order")
    await pool.execute("UPDATE person SET risk_score = 0.9 WHERE id = 2")
    for later in (timedelta(minutes=1), timedelta(hours=23)):
        assert await nights(pool, THREE + later) == []
    assert await nights(pool, THREE + timedelta(days=1)) == [(portfolio.campaign_id, date(2026, 11, 23))]
    async with pool.acquire() as connection:
        last, first = await read_runs(connection, 5, campaign_id=portfolio.campaign_id)
    assert [(m.from_name, m.to_name, m.leads) for m in first.moves] == [(None, "Alto", 5), (None, "Bajo", 5)]
    assert [(m.from_name, m.to_name, m.leads) for m in last.moves] == [("Bajo", "Alto", 1)]
    assert (last.leads, last.moved, last.night) == (10, 1, date(2026, 11, 23))


async def test_nights_that_nobody_was_there_for_are_made_up_for_once_and_by_day(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    assert await nights(pool, THREE - timedelta(minutes=1)) == [(portfolio.campaign_id, NOV_21)]
    afternoon = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    assert await nights(pool, afternoon) == [(portfolio.campaign_id, NOV_25)]
    assert await nights(pool, afternoon) == []


async def test_no_night_before_the_campaign_nor_without_an_hour_nor_after_its_end(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    await pool.execute("UPDATE campaign SET created_at = $1", THREE + timedelta(seconds=1))
    assert await nights(pool, THREE + timedelta(hours=5)) == []
    await pool.execute("UPDATE campaign SET created_at = '2026-11-01', night_hour = NULL")
    assert await nights(pool, THREE) == []
    await pool.execute("UPDATE campaign SET night_hour = 3, state = 'closed'")
    assert await nights(pool, THREE) == []


async def test_of_many_dialers_one_does_the_night(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    done = await asyncio.gather(*(nights(pool, THREE) for _ in range(6)))
    assert [each for some in done for each in some] == [(portfolio.campaign_id, NOV_22)]
    assert await pool.fetchval("SELECT count(*) FROM segment_run") == 1


async def test_a_night_whose_dialer_died_is_finished_by_the_next(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    async with pool.acquire() as dying:
        run_id = await begin_night(dying, portfolio.campaign_id, NOV_22)
        await dying.execute("UPDATE lead SET segment_id = 1 WHERE id <= 3")
        await dying.execute(
            "INSERT INTO segment_move (run_id, lead_id, from_id, to_id) SELECT $1, id, NULL, 1"
            " FROM lead WHERE id <= 3",
            run_id,
        )
        # While it lives nobody else does it.
        assert await nights(pool, THREE) == []
        await free_night(dying, portfolio.campaign_id)
    assert await nights(pool, THREE) == [(portfolio.campaign_id, NOV_22)]
    assert await segments(pool) == {"Alto": 5, "Bajo": 5}
    assert await pool.fetchval("SELECT moved FROM segment_run WHERE id = $1", run_id) == 10


async def test_segment_nights_shows_the_last_of_each_campaign(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    before = await dialer("segment", "nights", database_dsn=dsn)
    assert before.out.splitlines()[1].split() == ["Mora", "30", "03:00", "America/Bogota", "none", "yet"]
    await nights(pool, THREE)
    shown = await dialer("segment", "nights", database_dsn=dsn)
    assert "2026-11-22" in shown.out.splitlines()[1]
    assert "'Mora 30', night of 2026-11-22: 10 leads judged, 10 moved" in shown.out
    told = (await dialer("segment", "nights", "--json", database_dsn=dsn)).data
    assert isinstance(told, list)
    assert (told[0]["last_done"], told[0]["run"]["moved"]) == ("2026-11-22", 10)
    moves = await dialer("segment", "moves", "--campaign", "Mora 30", database_dsn=dsn)
    assert "Alto" in moves.out
