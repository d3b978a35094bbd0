"""The plan of the shift from the command line to the group's shard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import time, timedelta

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.staffing import AbsencePlan, Staffing
from dialer.store.event_log import PostgresShardStore
from tests.integration.command import DONE, REFUSED, Result, dialer
from tests.integration.portfolio import Portfolio, add_agent, make_portfolio

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool)


@pytest_asyncio.fixture
async def store(dsn: str, portfolio: Portfolio) -> AsyncIterator[PostgresShardStore]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", timedelta(minutes=5)) == 1
        yield store


async def test_what_is_planned_reaches_the_shard(
    dsn: str, pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    """1. A break of everybody, one agent's shift end, inbound calls: each is told; 2. listed; 3. what is dropped is
    told, too; 4. a shard that starts is told at once."""

    async def staffing(*arguments: str) -> Result:
        return await dialer("staffing", *arguments, database_dsn=dsn)

    agent = await add_agent(pool, portfolio.group_id)
    login = await pool.fetchval("SELECT login FROM app_user WHERE id = $1", agent)
    group = await pool.fetchval("SELECT name FROM agent_group WHERE id = $1", portfolio.group_id)
    zone = ("--zone", "America/Bogota")
    async with asyncio.timeout(120), aclosing(store.staffing()) as told:
        heard = asyncio.ensure_future(anext(told))
        planned = await staffing(
            "break", group, "--at", "10:30", "--minutes", "15", *zone, "--days", "mon,wed-fri", "--json"
        )
        assert planned.code == DONE, planned.err
        assert isinstance(planned.data, dict)
        lunch = AbsencePlan(
            planned.data["id"], None, "break", time(10, 30), 15, frozenset({0, 2, 3, 4}), zone[1]
        )
        assert await heard == Staffing((lunch,))

        ended = await staffing("shift-end", group, "--at", "18:00", *zone, "--agent", login)
        assert ended.code == DONE, ended.err
        (_, home) = (await anext(told)).plans
        assert (home.agent_id, home.reason, home.at, home.minutes) == (agent, "shift end", time(18), 360)
        assert (await staffing("inbound", group, "--per-hour", "12")).code == DONE
        assert await anext(told) == Staffing((lunch, home), 12.0)

        listed = await staffing("list", "--json")
        assert isinstance(listed.data, dict)
        assert [row["agent"] for row in listed.data["absences"]] == [None, login]
        assert listed.data["inbound"] == [{"group": group, "per_hour": 12.0}]

        assert (await staffing("drop", str(lunch.id))).code == DONE
        assert await anext(told) == Staffing((home,), 12.0)
        assert (await staffing("inbound", group, "--per-hour", "0")).code == DONE
        assert await anext(told) == Staffing((home,))
    async with asyncio.timeout(60), aclosing(store.staffing()) as anew:
        assert await anext(anew) == Staffing((home,))


async def test_what_cannot_be_planned_is_refused_with_what_to_do(dsn: str, portfolio: Portfolio) -> None:
    async def refused(*arguments: str) -> str:
        result = await dialer("staffing", *arguments, database_dsn=dsn)
        assert result.code == REFUSED, result.out
        return result.err

    usual = ("--minutes", "15", "--zone", "America/Bogota")
    assert "no agent group" in await refused("break", "Nobody", "--at", "10:30", *usual)
    assert "HH:MM" in await refused("break", "Nobody", "--at", "half ten", *usual)
    assert "mon-fri" in await refused("break", "Nobody", "--at", "10:30", *usual, "--days", "fri-mon")
    assert "IANA" in await refused("shift-end", "Nobody", "--at", "18:00", "--zone", "../Bogota")
    assert "1440" in await refused("break", "Nobody", "--at", "10:30", "--minutes", "0", *usual[2:])
    assert "3600" in await refused("inbound", "Nobody", "--per-hour", "-1")
    assert "staffing list" in await refused("drop", "99")
