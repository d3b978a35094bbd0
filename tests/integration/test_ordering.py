"""The order of the claim: by what a call is expected to bring, by the hour, by the lists' shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.contact_plan import read_plan
from dialer.store import leads
from dialer.store.contact_plans import read_contact_plan, save_contact_plan
from dialer.store.lead_cards import read_leads
from dialer.store.ordering import refresh_order
from dialer.store.queries import SQL as QUERIES
from dialer.store.shard_state import campaign_of
from tests.integration.portfolio import Portfolio, add_leads, make_portfolio

pytestmark = pytest.mark.integration

MORNING = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # nine in Bogotá
EVENING = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    portfolio = await make_portfolio(pool, leads=6, phones=1)
    await pool.execute("UPDATE person SET time_zone = 'America/Bogota'")
    await pool.execute("UPDATE lead SET next_at = '2026-11-01'")
    await pool.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", portfolio.group_id)
    await pool.execute(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency, due_on)"
        " SELECT id, 'D' || id, 'Banco', 'Tarjeta', 1000 * id, 'COP', current_date - 60 FROM person"
    )
    await pool.execute("UPDATE lead SET debt_id = debt.id FROM debt WHERE debt.person_id = lead.person_id")
    return portfolio


async def claimed(pool: asyncpg.Pool, portfolio: Portfolio, count: int, at: datetime) -> list[int]:
    """Which leads (counted from 1 within the campaign) are claimed, in order."""
    async with pool.acquire() as connection:
        found = await leads.claim(
            connection,
            campaign_id=portfolio.campaign_id,
            count=count,
            now=at,
            lease_until=at + timedelta(seconds=60),
            shard_id=portfolio.group_id,
            fence=1,
        )
    first = await pool.fetchval("SELECT min(id) FROM lead")
    return [lead.id - first + 1 for lead in found]


async def tries(pool: asyncpg.Pool, lead: int, at: datetime, said: str | None, count: int = 1) -> None:
    """Attempts on a lead, with the disposition given."""
    for _ in range(count):
        await pool.execute(
            """
            INSERT INTO attempt (
                id, shard_id, fence, campaign_id, lead_id, person_id, phone_id, n, mode, number, trunk, caller_id,
                verdict, ring_timeout_s, connect_limit_s, language, state, outcome, disposition, planned_at, ended_at
            )
            SELECT gen_random_uuid()::text, 1, 1, campaign_id, lead.id, lead.person_id, phone.id, lead.attempts + 1,
                   'power', '+18095550101', 't', '+18095550100', '{}', 25, 2, 'es', 'ended', $3, $4, $2, $2
            FROM lead JOIN phone ON phone.person_id = lead.person_id
            WHERE lead.id = (SELECT min(id) FROM lead) + $1 - 1
            """,
            lead,
            at,
            "connected" if said else "no_answer",
            said,
        )
        await pool.execute(
            "UPDATE lead SET attempts = attempts + 1, last_n = last_n + 1"
            " WHERE id = (SELECT min(id) FROM lead) + $1 - 1",
            lead,
        )


async def refresh(pool: asyncpg.Pool, portfolio: Portfolio) -> int:
    async with pool.acquire() as connection:
        return (await refresh_order(connection, portfolio.campaign_id, EVENING)).changed


async def test_the_largest_debt_comes_first_then_whom_we_reach(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    assert await refresh(pool, portfolio) == 6
    assert await refresh(pool, portfolio) == 0  # nothing new was learned
    assert await claimed(pool, portfolio, 3, MORNING) == [6, 5, 4]
    await pool.execute("UPDATE lead SET state = 'callable'")
    # Many tries in vain make the largest worth less than the next.
    await tries(pool, 6, EVENING, None, count=20)
    await refresh(pool, portfolio)
    assert (await claimed(pool, portfolio, 1, MORNING)) == [5]


async def test_an_evening_person_waits_for_the_evening(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    await pool.execute("UPDATE debt SET balance_minor = 1000")
    for lead in (1, 2, 3):
        await tries(pool, lead, MORNING, None, count=6)
        await tries(pool, lead, EVENING, "promise", count=4)
    await refresh(pool, portfolio)
    # The first time tells their part of the day, the second what the campaign's evenings are worth to such people.
    await refresh(pool, portfolio)
    assert await pool.fetchval("SELECT array_agg(part ORDER BY id) FROM lead") == [3, 3, 3, 0, 0, 0]
    assert set(await claimed(pool, portfolio, 3, EVENING)) == {1, 2, 3}


async def test_whom_we_owe_nothing_to_ask_is_finished_on_the_way(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    await refresh(pool, portfolio)
    await pool.execute("UPDATE debt SET status = 'paid' WHERE external_ref = 'D6'")
    assert await claimed(pool, portfolio, 2, MORNING) == [5, 4], "the next takes the place"
    row = await pool.fetchrow("SELECT state, state_reason FROM lead ORDER BY id DESC LIMIT 1")
    assert tuple(row) == ("finished", "debt_closed")


async def test_leads_carry_the_zone_of_their_person(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """But for whom nobody knows one of, and for who allowed other hours: they are never left out of a claim."""
    await pool.execute("UPDATE person SET time_zone = NULL WHERE id = (SELECT max(id) FROM person)")
    await pool.execute(
        "INSERT INTO preference (person_id, wish, starts, ends, valid_from, source)"
        " SELECT min(id), 'allow', '20:00', '22:00', $1, 'debtor' FROM person",
        MORNING,
    )
    assert await refresh(pool, portfolio) == 6
    bogota = "America/Bogota"
    assert await pool.fetchval("SELECT array_agg(zone ORDER BY id) FROM lead") == ["", *[bogota] * 4, ""]
    await pool.execute("UPDATE person SET time_zone = 'America/Lima' WHERE time_zone IS NULL")
    assert await refresh(pool, portfolio) == 1
    assert await pool.fetchval("SELECT zone FROM lead ORDER BY id DESC LIMIT 1") == "America/Lima"


async def test_lists_take_turns_by_their_share(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    await add_leads(pool, (await _other(pool, portfolio)), 6, phones=1)
    first, second = (row["id"] for row in await pool.fetch("SELECT id FROM lead_list ORDER BY id"))
    await pool.execute("UPDATE lead SET campaign_id = $1, value = 1", portfolio.campaign_id)
    await pool.execute("UPDATE lead_list SET campaign_id = $1", portfolio.campaign_id)
    await pool.execute("UPDATE lead SET value = 1000 WHERE list_id = $1", first)
    assert set(await claimed(pool, portfolio, 6, datetime.now(UTC))) == {1, 2, 3, 4, 5, 6}
    await pool.execute("UPDATE lead SET state = 'callable'")
    await pool.execute("UPDATE lead_list SET share = CASE WHEN id = $1 THEN 1 ELSE 2 END", first)
    found = await claimed(pool, portfolio, 6, datetime.now(UTC))
    assert len([lead for lead in found if lead <= 6]) == 2
    await pool.execute("UPDATE lead SET state = 'callable'")
    await pool.execute("UPDATE lead_list SET active = false WHERE id = $1", second)
    assert set(await claimed(pool, portfolio, 12, datetime.now(UTC))) == {1, 2, 3, 4, 5, 6}


async def _other(pool: asyncpg.Pool, portfolio: Portfolio) -> int:
    return await pool.fetchval(
        "INSERT INTO campaign (name, agent_group_id) VALUES ('other', $1) RETURNING id", portfolio.group_id
    )


async def test_a_rest_ends_by_itself_and_not_before(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    await pool.execute("UPDATE lead SET state = 'resting', next_at = $1", MORNING)
    assert await claimed(pool, portfolio, 6, MORNING - timedelta(seconds=1)) == []
    assert len(await claimed(pool, portfolio, 6, MORNING)) == 6


async def test_a_plan_reaches_the_dialer_with_the_tries_so_far(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    plan = read_plan({"quota": {"tries": 6, "days": 5, "per_day": 2, "parts": [2, 2, 2]}, "max_attempts": 6})
    async with pool.acquire() as connection:
        await save_contact_plan(connection, portfolio.campaign_id, plan)
        assert await read_contact_plan(connection, portfolio.campaign_id) == plan
        row = (await connection.fetch(QUERIES["campaigns_of_group"], portfolio.group_id))[0]
        assert campaign_of(row).plan == plan
        await tries(pool, 1, MORNING, None, count=2)
        await tries(pool, 1, EVENING, "no_result")
        (card,) = await read_leads(
            connection, [await connection.fetchval("SELECT min(id) FROM lead")], EVENING
        )
        assert card.lead.tries_at == (MORNING, MORNING, EVENING)
