"""Claiming: no lead twice, by its index, and nothing that must not be called."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import pytest
import pytest_asyncio

from dialer.domain.outcomes import Outcome, PhoneStatus
from dialer.store import leads
from dialer.store.database import HOT_PATH, connect
from dialer.store.event_log import PostgresShardStore
from dialer.store.lead_cards import SQL as CARDS
from dialer.store.queries import SQL
from tests.integration.portfolio import Portfolio, add_agent, add_leads, make_portfolio

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_claimed_lead_carries_all_that_dialling_needs(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    at = now()
    await pool.execute(
        "UPDATE phone SET last_outcome = 'busy', same_outcome_run = 2, tried_at = $1 WHERE position = 1", at
    )
    (lead,) = await store.claim(portfolio.campaign_id, 1, LEASE, at)
    assert [
        (p.history.last_outcome, p.history.same_outcome_run, p.history.tried_at) for p in lead.phones
    ] == [
        (None, 0, None),
        (Outcome.BUSY, 2, at),
    ]
    assert [phone.history.status for phone in lead.phones] == [PhoneStatus.ACTIVE] * 2
    assert lead.next_phone_id == lead.phones[0].id
    assert (lead.attempts, lead.last_n, lead.do_not_call, lead.callback) == (0, 0, False, False)
    assert lead.lease_until == at + LEASE
    row = await pool.fetchrow("SELECT * FROM lead WHERE id = $1", lead.id)
    assert (row["state"], row["claimed_by"], row["claim_fence"]) == ("claimed", portfolio.group_id, 1)


async def test_eight_claimers_never_share_a_lead(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    await add_leads(pool, await _campaign_of_more(pool, portfolio), 2000)
    campaign_id = await pool.fetchval("SELECT max(campaign_id) FROM lead")
    await pool.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", portfolio.group_id)
    taken: list[int] = []

    async def claim_all() -> None:
        async with pool.acquire() as connection:
            while found := await leads.claim(
                connection,
                campaign_id=campaign_id,
                count=17,
                now=now(),
                lease_until=now() + LEASE,
                shard_id=portfolio.group_id,
                fence=1,
            ):
                taken.extend(lead.id for lead in found)

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(claim_all())
    assert len(taken) == len(set(taken)) == 2000


async def _campaign_of_more(pool: asyncpg.Pool, portfolio: Portfolio) -> int:
    return await pool.fetchval(
        "INSERT INTO campaign (name, agent_group_id) VALUES ('big', $1) RETURNING id", portfolio.group_id
    )


async def test_the_claim_reads_its_index_and_little_else(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    """100,000 leads, most of the first priority resting until tomorrow: the claim must not walk through them.

    Planned once, while there were no leads, and never again: the hot path's plan does not hang on what it met then.
    """
    await pool.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", portfolio.group_id)
    connection = await connect(dsn, settings=HOT_PATH)
    try:
        await connection.execute(
            "PREPARE claim (bigint, int, timestamptz, bigint, bigint, timestamptz, text[], bigint[], text[], int2[])"
            f" AS {SQL['claim_leads']}"
        )
        claim = (
            f"EXECUTE claim ({{}}, 50, now(), {portfolio.group_id}, 1, now() + interval '30 s', '{{{{}}}}',"
            " '{{{}}}', '{{{}}}', '{{{}}}')"
        )
        assert await connection.fetch(claim.format(0, "", "", "")) == []
        campaign_id = await _campaign_of_more(pool, portfolio)
        await add_leads(pool, campaign_id, 100_000, phones=1)
        await pool.execute(
            "UPDATE lead SET priority = 5, state = 'resting', next_at = now() + interval '1 day'"
            " WHERE campaign_id = $1 AND id % 10 <> 0",
            campaign_id,
        )
        await pool.execute("VACUUM lead")
        ((list_id, zone, part),) = (await leads.read_runs(connection, campaign_id)).each
        explained = await connection.fetchval(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + claim.format(campaign_id, list_id, f'"{zone}"', part)
        )
        known = await connection.fetchrow(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'claim'"
        )
        others = [
            await connection.fetchval(f"EXPLAIN (FORMAT JSON) {SQL['read_runs']}", campaign_id),
            await connection.fetchval(f"EXPLAIN (FORMAT JSON) {CARDS['cards']}", [1, 2], [1], [1]),
        ]
    finally:
        await connection.close()
    for plan in others:
        assert not [n for n in _nodes(orjson.loads(plan)[0]["Plan"]) if n["Node Type"] == "Seq Scan"], plan
    nodes = list(_nodes(orjson.loads(explained)[0]["Plan"]))
    assert "lead_claim_idx" in {node.get("Index Name") for node in nodes}
    assert not [n for n in nodes if n["Node Type"] in ("Seq Scan", "Bitmap Heap Scan", "Hash Join")]
    assert not [n for n in nodes if n["Node Type"] == "Sort" and n["Actual Rows"] > 1000]
    candidate = next(n for n in nodes if n.get("Subplan Name") == "CTE candidate")
    assert candidate["Actual Rows"] == 50
    assert candidate["Shared Hit Blocks"] + candidate["Shared Read Blocks"] < 1000
    assert tuple(known) == (2, 0)


def _nodes(node: dict[str, object]) -> object:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


async def test_callbacks_come_first_and_name_their_agent(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    agent = await add_agent(pool, portfolio.group_id)
    due, later = (row["id"] for row in await pool.fetch("SELECT id FROM lead ORDER BY id DESC LIMIT 2"))
    await pool.execute(
        "UPDATE lead SET state = 'callback', callback_agent_id = $2, next_at = now() - interval '1 second'"
        " WHERE id = $1",
        due,
        agent,
    )
    await pool.execute(
        "UPDATE lead SET state = 'callback', next_at = now() + interval '1 hour' WHERE id = $1", later
    )
    claimed = await store.claim(portfolio.campaign_id, 100, LEASE, now())
    assert (claimed[0].id, claimed[0].callback, claimed[0].callback_agent_id) == (due, True, agent)
    assert len(claimed) == 9
    assert later not in {lead.id for lead in claimed}
    assert not any(lead.callback for lead in claimed[1:])


async def test_leads_without_a_usable_number_are_finished_and_the_listed_suppressed(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    no_number, one_listed, listed = (
        row["id"] for row in await pool.fetch("SELECT id FROM lead ORDER BY id LIMIT 3")
    )
    of = "(SELECT person_id FROM lead WHERE id = $1)"
    await pool.execute(f"UPDATE phone SET status = 'invalid' WHERE person_id = {of}", no_number)
    await pool.execute(
        "INSERT INTO do_not_call (number, reason, source)"
        f" SELECT number, 'asked', 'debtor' FROM phone WHERE person_id = {of} AND position = 0",
        one_listed,
    )
    await pool.execute(
        f"INSERT INTO do_not_call (person_id, reason, source) VALUES ({of}, 'asked', 'debtor')", listed
    )
    claimed = {lead.id: lead for lead in await store.claim(portfolio.campaign_id, 100, LEASE, now())}
    assert len(claimed) == 8
    phones = claimed[one_listed].phones
    assert [p.history.status for p in phones] == [PhoneStatus.ACTIVE, PhoneStatus.DO_NOT_CALL]
    assert claimed[one_listed].next_phone_id == phones[0].id
    states = {
        row["id"]: (row["state"], row["state_reason"]) for row in await pool.fetch("SELECT * FROM lead")
    }
    assert states[no_number] == ("finished", "no_number")
    assert states[listed] == ("suppressed", "do_not_call")


async def test_a_claim_that_ran_out_goes_back_to_where_it_was(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    await pool.execute(
        "UPDATE lead SET state = 'callback', next_at = now() - interval '1 day' WHERE id = (SELECT min(id) FROM lead)"
    )
    first = await store.claim(portfolio.campaign_id, 100, LEASE, now())
    assert await store.claim(portfolio.campaign_id, 100, LEASE, now()) == []
    again = await store.claim(portfolio.campaign_id, 100, LEASE, now() + LEASE + timedelta(seconds=1))
    assert {lead.id for lead in again} == {lead.id for lead in first}
    assert again[0].callback


async def test_rested_leads_wake_and_lost_claims_return_when_tended(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    """Before anybody asks for leads, so that the next claim finds them in its order."""
    at = now()
    rested, resting, lost = (row["id"] for row in await pool.fetch("SELECT id FROM lead ORDER BY id LIMIT 3"))
    await pool.execute("UPDATE lead SET state = 'resting', next_at = $2 WHERE id = $1", rested, at)
    await pool.execute(
        "UPDATE lead SET state = 'resting', next_at = $2 WHERE id = $1", resting, at + timedelta(seconds=1)
    )
    await pool.execute(
        "UPDATE lead SET state = 'claimed', claimed_from = 'callback', claimed_by = 77, lease_until = $2 WHERE id = $1",
        lost,
        at - timedelta(seconds=1),
    )

    async def states() -> list[str]:
        rows = await pool.fetch(
            "SELECT state FROM lead WHERE id = ANY ($1) ORDER BY id", [rested, resting, lost]
        )
        return [row["state"] for row in rows]

    await pool.execute("UPDATE campaign SET state = 'paused'")
    await store.tend(at)
    assert await states() == ["resting", "resting", "claimed"]
    await pool.execute("UPDATE campaign SET state = 'running'")
    await store.tend(at)
    assert await states() == ["callable", "resting", "callback"]


async def test_closed_zones_are_left_out_untouched(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    """1. Three of ten live where the hours are over, of two nobody knows where; 2. the three stay as they are, but for
    one who was promised a callback; 3. when their zone opens they are claimed like the others."""
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM lead ORDER BY id")]
    zones = ["America/Tijuana"] * 3 + [""] * 2 + ["America/Cancun"] * 5
    await pool.executemany("UPDATE lead SET zone = $2 WHERE id = $1", list(zip(ids, zones, strict=True)))
    await pool.execute(
        "UPDATE lead SET state = 'callback', next_at = now() - interval '1 s' WHERE id = $1", ids[0]
    )
    before = await pool.fetch("SELECT * FROM lead WHERE id = ANY ($1) ORDER BY id", ids[1:3])
    claimed = await store.claim(portfolio.campaign_id, 100, LEASE, now(), ["America/Tijuana", "UTC"])
    assert {lead.id for lead in claimed} == {ids[0], *ids[3:]}
    assert await pool.fetch("SELECT * FROM lead WHERE id = ANY ($1) ORDER BY id", ids[1:3]) == before
    assert {lead.id for lead in await store.claim(portfolio.campaign_id, 100, LEASE, now())} == set(ids[1:3])


async def test_many_runs_give_the_very_best(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    """Ten leads in a run of their own each or all in one, worth anything: always the dearest, in order."""
    await pool.execute("UPDATE campaign SET state = 'running'")
    rng = random.Random(7)
    for _ in range(12):
        rows = await pool.fetch("SELECT id FROM lead ORDER BY id")
        worth = {row["id"]: rng.randrange(1, 6) for row in rows}
        await pool.executemany(
            "UPDATE lead SET state = 'callable', zone = $2, part = $3, priority = $4, value = $5 WHERE id = $1",
            [
                (id, rng.choice(("", "America/Lima")), rng.randrange(3), rng.randrange(2), float(value))
                for id, value in worth.items()
            ],
        )
        order = await pool.fetch("SELECT id FROM lead ORDER BY priority DESC, value DESC, id")
        count = rng.randrange(1, 11)
        await store.tend(now())  # as the shard does every two seconds: in which runs of the index they are
        claimed = await store.claim(portfolio.campaign_id, count, LEASE, now())
        assert [lead.id for lead in claimed] == [row["id"] for row in order[:count]]


async def test_leads_of_a_new_run_are_found_by_who_comes_short(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    """Nothing was tended since they came into it."""
    await store.tend(now())
    await pool.execute("UPDATE lead SET zone = 'America/Lima', part = 2 WHERE id % 2 = 0")
    assert len(await store.claim(portfolio.campaign_id, 100, LEASE, now())) == 10


async def test_an_inactive_list_is_not_dialled(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    await pool.execute("UPDATE lead_list SET active = false")
    assert await store.claim(portfolio.campaign_id, 100, LEASE, now()) == []


async def test_who_lost_the_shard_claims_nothing(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    await pool.execute("UPDATE shard SET fence = fence + 1")
    assert await store.claim(portfolio.campaign_id, 100, LEASE, now()) == []


async def test_a_number_is_found_however_it_is_written(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio
) -> None:
    row = await pool.fetchrow(
        "SELECT phone.number, phone.id, lead.id AS lead_id FROM phone JOIN lead USING (person_id)"
        " WHERE position = 1 ORDER BY phone.id LIMIT 1"
    )
    number = row["number"]
    for written in (number, f"1 ({number[2:5]}) {number[5:8]}-{number[8:]}", number[2:]):
        lead = await store.claim_phone(written, [portfolio.campaign_id], LEASE, now())
        assert lead is not None
        assert (lead.id, lead.next_phone_id) == (row["lead_id"], row["id"])
        assert await store.claim_phone(written, [portfolio.campaign_id], LEASE, now()) is None
        await pool.execute("UPDATE lead SET state = 'resting', next_at = now() + interval '1 day'")
    assert await store.claim_phone("555", [portfolio.campaign_id], LEASE, now()) is None
    assert await store.claim_phone(number, [], LEASE, now()) is None
    await pool.execute("UPDATE lead SET state = 'suppressed', state_reason = 'do_not_call'")
    refused = await store.claim_phone(number, [portfolio.campaign_id], LEASE, now())
    assert refused is not None
    assert refused.do_not_call
    assert await pool.fetchval("SELECT state FROM lead WHERE id = $1", row["lead_id"]) == "suppressed"
