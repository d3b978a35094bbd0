"""The plan of the shift from the command line to the group's shard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import time, timedelta

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.staffing import Staffing, StaffingPlan
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
    told, too, and what is undone, once; 4. a shard that starts is told at once."""

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
        lunch = StaffingPlan(
            planned.data["id"], None, "break", time(10, 30), 15, frozenset({0, 2, 3, 4}), zone[1]
        )
        assert await heard == Staffing((lunch,))

        ended = await staffing("shift-end", group, "--at", "18:00", *zone, "--agent", login)
        assert ended.code == DONE, ended.err
        (_, home) = (await anext(told)).plans
        assert (home.agent_id, home.reason, home.at, home.minutes) == (agent, "shift end", time(18), 360)
        mornings = ("--per-hour", "12", "--at", "09:00", "--minutes", "150", "--days", "mon-fri", *zone)
        expected = await staffing("inbound", group, *mornings, "--json")
        assert isinstance(expected.data, dict), expected.err
        calls = StaffingPlan(
            expected.data["id"], None, "inbound", time(9), 150, frozenset(range(5)), zone[1], 12.0
        )
        assert await anext(told) == Staffing((lunch, home, calls))

        listed = await staffing("list", "--json")
        assert isinstance(listed.data, list)
        assert [(row["agent"], row["per_hour"]) for row in listed.data] == [
            (None, None),
            (login, None),
            (None, 12),
        ]

        assert (await staffing("drop", str(lunch.id))).code == DONE
        assert await anext(told) == Staffing((home, calls))
        changes = await staffing("changes", "--json")
        assert isinstance(changes.data, list)
        assert [(row["plan"], row["after"] is None) for row in changes.data] == [
            (lunch.id, True),
            (calls.id, False),
            (home.id, False),
            (lunch.id, False),
        ]
        assert (await staffing("undo", str(changes.data[0]["id"]))).code == DONE
        assert await anext(told) == Staffing((lunch, home, calls))
        again = await staffing("undo", str(changes.data[0]["id"]))
        assert (again.code, "another change" in again.err) == (REFUSED, True)
        assert (await staffing("drop", str(lunch.id))).code == DONE
        assert await anext(told) == Staffing((home, calls))
        assert (await staffing("drop", str(calls.id))).code == DONE
        assert await anext(told) == Staffing((home,))
    async with asyncio.timeout(60), aclosing(store.staffing()) as anew:
        assert await anext(anew) == Staffing((home,))


async def test_what_cannot_be_planned_is_refused_with_what_to_do(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    async def refused(*arguments: str) -> str:
        result = await dialer("staffing", *arguments, database_dsn=dsn)
        assert result.code == REFUSED, result.out
        return result.err

    usual = ("--minutes", "15", "--zone", "America/Bogota")
    group = await pool.fetchval("SELECT name FROM agent_group WHERE id = $1", portfolio.group_id)
    assert "no agent group" in await refused("break", "Nobody", "--at", "10:30", *usual)
    assert "HH:MM" in await refused("break", "Nobody", "--at", "half ten", *usual)
    assert "mon-fri" in await refused("break", "Nobody", "--at", "10:30", *usual, "--days", "fri-mon")
    assert "IANA" in await refused("shift-end", group, "--at", "18:00", "--zone", "../Bogota")
    assert "1440" in await refused("break", group, "--at", "10:30", "--minutes", "0", *usual[2:])
    assert "3600" in await refused("inbound", group, "--per-hour", "-1")
    assert "user list" in await refused("break", group, "--at", "10:30", *usual, "--agent", "nobody")
    assert "staffing list" in await refused("drop", "99")
