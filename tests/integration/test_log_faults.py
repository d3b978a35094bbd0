"""A lost shard or database: what the log holds afterwards, and that each fact is in it once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain import facts as f
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId
from dialer.ports import FenceLost, LogUnavailable
from dialer.store import event_log
from dialer.store.event_log import PostgresShardStore
from tests.integration.call_facts import AT, LEASE, Claim, ended, plan, rested
from tests.integration.portfolio import Portfolio, add_agent, make_portfolio

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool)


async def test_one_owner_at_a_time(
    pool: asyncpg.Pool, dsn: str, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    (lead,) = await claim(1)
    async with PostgresShardStore(dsn) as rival:
        assert await rival.acquire(portfolio.group_id, "rival", LEASE) is None
        await store.renew(LEASE)
        await pool.execute("UPDATE shard SET lease_until = now() - interval '1 second'")
        assert await rival.acquire(portfolio.group_id, "rival", LEASE) == 2
        assert await pool.fetchval("SELECT state FROM lead WHERE id = $1", lead.id) == "callable"
        with pytest.raises(FenceLost):
            await store.renew(LEASE)
        with pytest.raises(FenceLost):
            await store.append([f.SwitchMoved(at=AT, up=True)])
        assert await store.append([plan(lead)]) == frozenset()
        assert await store.claim(portfolio.campaign_id, 5, LEASE, datetime.now(UTC)) == []
        await rival.append([f.SwitchMoved(at=AT, up=False)])
    assert [r["seq"] for r in await pool.fetch("SELECT seq FROM call_event")] == [1]


async def test_a_lost_connection_costs_nothing(
    pool: asyncpg.Pool, store: PostgresShardStore, claim: Claim
) -> None:
    """The database ends the log's connection between two batches: the next one goes over a new connection."""
    (lead,) = await claim(1)
    await store.append([f.SwitchMoved(at=AT, up=True)])
    await pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'COMMIT%' AND pid <> pg_backend_pid()"
    )
    planned = plan(lead)
    assert await store.append([planned]) == {planned.attempt.id}
    assert await pool.fetchval("SELECT count(*) FROM call_event") == 2


@pytest.mark.parametrize("committed", [True, False])
async def test_an_unanswered_commit_is_read_back(
    pool: asyncpg.Pool,
    store: PostgresShardStore,
    claim: Claim,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,
) -> None:
    """The connection breaks at COMMIT, before or after the database did it, and the database stays away a while.

    1. The batch is reported as not written. 2. Handed in again with more, each fact is in the log once.
    """
    one, two = await claim(2)
    planned, later = plan(one), plan(two)
    original = asyncpg.transaction.Transaction.commit

    async def broken_commit(transaction: asyncpg.transaction.Transaction) -> None:
        if committed:
            await original(transaction)
        monkeypatch.setattr(event_log, "connect", unreachable)
        raise ConnectionResetError("cut")

    async def unreachable(dsn: str) -> asyncpg.Connection:
        raise ConnectionRefusedError

    reach = event_log.connect
    await store.append([f.SwitchMoved(at=AT, up=True)])
    monkeypatch.setattr(asyncpg.transaction.Transaction, "commit", broken_commit)
    with pytest.raises(LogUnavailable):
        await store.append([planned])
    monkeypatch.setattr(asyncpg.transaction.Transaction, "commit", original)
    with pytest.raises(LogUnavailable):
        await store.append([planned])
    monkeypatch.setattr(event_log, "connect", reach)
    assert await store.append([planned, later]) == {planned.attempt.id, later.attempt.id}
    types = [(r["seq"], r["type"]) for r in await pool.fetch("SELECT seq, type FROM call_event ORDER BY seq")]
    assert types == [(1, "SwitchMoved"), (2, "AttemptPlanned"), (3, "AttemptPlanned")]


@pytest.mark.parametrize("written", [True, False])
async def test_an_unanswered_statement_is_read_back(
    pool: asyncpg.Pool,
    store: PostgresShardStore,
    claim: Claim,
    monkeypatch: pytest.MonkeyPatch,
    written: bool,
) -> None:
    """The same for a batch that goes as one statement: the answer is lost, the next connection tells."""

    class Cut:
        """A connection that breaks at the next statement, done or not."""

        def __init__(self, connection: asyncpg.Connection) -> None:
            self.connection = connection

        async def execute(self, *statement: object) -> None:
            if written:
                await self.connection.execute(*statement)
            raise ConnectionResetError("cut")

    original = PostgresShardStore._log_connection
    cuts = 0

    async def cut_once(self: PostgresShardStore) -> asyncpg.Connection | Cut:
        nonlocal cuts
        cuts += 1
        connection = await original(self)
        return Cut(connection) if cuts == 1 else connection

    (lead,) = await claim(1)
    planned = plan(lead)
    await store.append([planned])
    monkeypatch.setattr(PostgresShardStore, "_log_connection", cut_once)
    facts = [ended(planned.attempt, Outcome.BUSY, 3), rested(planned.attempt, Outcome.BUSY, 3)]
    assert await store.append(facts) == frozenset()
    assert await pool.fetchval("SELECT attempts FROM lead WHERE id = $1", lead.id) == 1
    rows = await pool.fetch("SELECT seq, type FROM call_event ORDER BY seq")
    assert [tuple(row) for row in rows] == [(1, "AttemptPlanned"), (2, "AttemptEnded"), (3, "LeadMoved")]


async def test_a_backlog_is_written_in_parts_and_each_fact_once(
    pool: asyncpg.Pool, store: PostgresShardStore, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third of four transactions fails: the same facts handed in again add only what is missing."""
    monkeypatch.setattr(event_log, "FACTS_AT_ONCE", 3)
    plans = [plan(lead) for lead in await claim(10)]
    original = PostgresShardStore._write
    calls = 0

    async def fail_third(self: PostgresShardStore, facts: tuple[f.AnyFact, ...]) -> frozenset[AttemptId]:
        nonlocal calls
        calls += 1
        if calls in (3, 4):  # it is tried twice
            raise ConnectionResetError
        return await original(self, facts)

    monkeypatch.setattr(PostgresShardStore, "_write", fail_third)
    with pytest.raises(LogUnavailable):
        await store.append(plans)
    assert await pool.fetchval("SELECT count(*) FROM call_event") == 6
    assert await store.append(plans) == {planned.attempt.id for planned in plans}
    rows = await pool.fetch("SELECT attempt_id FROM call_event ORDER BY seq")
    assert [row["attempt_id"] for row in rows] == [planned.attempt.id for planned in plans]
    assert await store.append([]) == frozenset()


async def test_intents_come_once_each_and_in_order(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    agent = await add_agent(pool, portfolio.group_id)

    async def click(key: str) -> int:
        async with pool.acquire() as connection, connection.transaction():
            intent = await connection.fetchval(
                "INSERT INTO intent (shard_id, user_id, key, type, data)"
                " VALUES ($1, $2, $3, 'dial_number', '{\"number\": \"8095550100\"}') RETURNING id",
                portfolio.group_id,
                agent,
                key,
            )
            await connection.execute(f"NOTIFY cadencia_intent, '{portfolio.group_id}'")
            return intent

    waiting = await click("before")
    async with asyncio.timeout(10), aclosing(store.intents()) as intents:
        first = await anext(intents)
        assert (first.id, first.user_id, first.role, first.type) == (waiting, agent, "agent", "dial_number")
        assert first.data == {"number": "8095550100"}
        later = await click("after")
        assert (await anext(intents)).id == later
        # The listening connection is cut: what came meanwhile is found.
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        )
        await store.append([f.IntentSettled(at=AT, intent_id=waiting, user_id=agent)])
        last = await click("last")
        assert (await anext(intents)).id == last


async def test_edited_settings_reach_the_shard(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    await store.load()
    async with asyncio.timeout(10), aclosing(store.campaign_changes()) as changes:
        change = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0.1)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE campaign SET ratio = 2.5, version = version + 1")
            await connection.execute(f"NOTIFY cadencia_campaign, '{portfolio.campaign_id}'")
        campaign, dispositions = await change
    assert {said.campaign_id for said in dispositions} <= {campaign.id}
    assert (campaign.id, campaign.ratio, campaign.version) == (portfolio.campaign_id, 2.5, 2)


async def test_followers_of_the_log_hear_each_batch(
    dsn: str, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener("cadencia_log", lambda *words: heard.put_nowait(words[3]))
    await store.append([f.SwitchMoved(at=AT, up=True)] * 3)
    async with asyncio.timeout(5):
        assert await heard.get() == f"{portfolio.group_id}:3"
    await listener.close()
