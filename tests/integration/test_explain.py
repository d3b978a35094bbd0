"""Why a lead is not called, and the approvals without which a campaign does not start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio
from api_harness import furnish, serve

from dialer.compliance import load_rule_set
from dialer.domain.contact import Channel, Contact, Count
from dialer.portfolio.callability import Callability, explain_campaign, explain_lead
from dialer.store import approvals, ledger_book, shard_state
from dialer.store.ledger_book import Report
from dialer.store.queries import SQL
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

#: A Wednesday, 14:00 in Bogotá, and the night after.
DAY = datetime(2026, 11, 18, 19, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 19, 2, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    made = await make_portfolio(pool, leads=4)
    await pool.execute("UPDATE campaign SET rule_set = 'CO', state = 'running'")
    await pool.execute("UPDATE person SET time_zone = 'America/Bogota'")
    await pool.execute("UPDATE phone SET number = '+57300' || lpad(id::text, 7, '0')")
    await pool.execute("UPDATE lead SET next_at = $1", DAY - timedelta(days=3))
    return made


async def why(pool: asyncpg.Pool, lead_id: int, at: datetime = DAY) -> Callability:
    async with pool.acquire() as connection:
        found = await explain_lead(connection, lead_id, at)
    assert found is not None
    return found


async def test_each_thing_that_can_be_in_the_way(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM lead ORDER BY id")]
    free = await why(pool, ids[0])
    assert (free.rule, free.rule_set, len(free.phones)) == (None, "CO", 2)
    night = await why(pool, ids[0], NIGHT)
    assert (night.rule, night.norm, night.src) == ("hours", "Ley 2300 de 2023 art. 3", ("S02", "S03", "S04"))
    assert night.clears_at == datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    ref = await pool.fetchval(
        "SELECT external_ref FROM person JOIN lead ON lead.person_id = person.id WHERE lead.id = $1", ids[1]
    )
    talk = Contact(DAY - timedelta(hours=4), Channel.VOICE, frozenset({Count.CONTACT}))
    async with pool.acquire() as connection:
        await ledger_book.report(connection, [Report(ref, talk)])
    spoken = await why(pool, ids[1])
    assert (spoken.rule, spoken.clears_at) == ("CO-day", datetime(2026, 11, 19, 12, 0, tzinfo=UTC))
    await pool.execute(
        "UPDATE lead SET state = 'suppressed', state_reason = 'do_not_call' WHERE id = $1", ids[2]
    )
    assert (await why(pool, ids[2])).rule == "do_not_call"
    later = DAY + timedelta(hours=1)
    await pool.execute("UPDATE lead SET state = 'resting', next_at = $2 WHERE id = $1", ids[3], later)
    resting = await why(pool, ids[3])
    assert (resting.rule, resting.clears_at) == ("resting", later)
    async with pool.acquire() as connection:
        counts = await explain_campaign(connection, portfolio.campaign_id, DAY)
        assert (counts.due, counts.judged, counts.law) == (2, 2, {"callable": 1, "CO-day": 1})
        denial = counts.denials["CO-day"]
        assert (denial.norm, denial.until) == ("Ley 2300 art. 3", spoken.clears_at)
        assert counts.states == {"suppressed: do_not_call": 1, "resting": 1}
        few = await explain_campaign(connection, portfolio.campaign_id, DAY, most=1)
        assert (few.due, few.judged) == (2, 1), "what was not judged is not guessed"
        assert await explain_lead(connection, 999, DAY) is None
    await pool.execute("UPDATE campaign SET state = 'paused'")
    assert (await why(pool, ids[0])).rule == "campaign_paused"
    await pool.execute("UPDATE campaign SET state = 'running'")
    await pool.execute("UPDATE lead_list SET active = false")
    assert (await why(pool, ids[0])).rule == "list_inactive"


async def test_approvals_reach_the_campaign(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """Written with name and reason, for the figures of today; taken back, they are history."""
    await pool.execute("UPDATE campaign SET rule_set = 'MX'")
    rules = load_rule_set("MX")

    async def missing() -> list[str]:
        rows = await pool.fetch(SQL["campaigns_of_group"], portfolio.group_id)
        (campaign,) = map(shard_state.campaign_of, rows)
        return rules.unapproved(campaign.approvals)

    assert await missing() == ["MX-hours"]
    version = await pool.fetchval("SELECT version FROM campaign")
    async with pool.acquire() as connection:
        for figures in ("2020-01-01+00000000", rules.version):
            await approvals.approve(
                connection, "MX", "MX-hours", figures, by="Legal counsel", reason="strictest reading"
            )
        assert await missing() == []
        assert await connection.fetchval("SELECT version FROM campaign") > version, "the dialer hears of it"
        assert await approvals.withdraw(connection, "MX", "MX-hours") == 2
        assert await missing() == ["MX-hours"]
        assert await approvals.withdraw(connection, "MX", "MX-hours") == 0
        history = await approvals.approvals(connection, "MX")
    assert [row["withdrawn_at"] is None for row in history] == [False, False]


async def test_supervisors_are_told_why(dsn: str, pool: asyncpg.Pool) -> None:
    office = await furnish(pool)
    await pool.execute("UPDATE campaign SET rule_set = 'CO', state = 'running'")
    await pool.execute("UPDATE lead SET state = 'suppressed', state_reason = 'do_not_call'")
    lead, campaign = f"/api/v1/leads/{office.lead_id}", f"/api/v1/campaigns/{office.campaign_id}"
    async with serve(dsn) as api, api.client("supervisor") as client, api.client("agent") as agent:
        told = (await client.get(f"{lead}/callability")).json()
        assert (told["callable"], told["rule"], told["rule_set"]) == (False, "do_not_call", "CO")
        counts = (await client.get(f"{campaign}/callability")).json()
        assert counts["not_due"] == [{"reason": "suppressed: do_not_call", "leads": 1}]
        assert (counts["due"], counts["law"]) == (0, [])
        await pool.execute("UPDATE lead SET state = 'callable', state_reason = NULL")
        await pool.execute(
            "INSERT INTO do_not_call (person_id, reason, source) SELECT id, 'x', 'debtor' FROM person"
        )
        (asked,) = (await client.get(f"{campaign}/callability")).json()["law"]
        assert (asked["reason"], asked["leads"], asked["clears_at"]) == ("do_not_call", 1, None)
        assert (await client.get("/api/v1/leads/999999/callability")).status_code == 404
        assert (await client.get("/api/v1/campaigns/999999/callability")).status_code == 404
        assert (await agent.get(f"{lead}/callability")).status_code == 403


async def test_the_debtor_s_wishes_and_consents_are_heeded(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """As his file holds them: an hour he barred, and the newest word on each number."""
    first, second = [
        tuple(row) for row in await pool.fetch("SELECT id, person_id FROM lead ORDER BY id LIMIT 2")
    ]
    await pool.execute(
        "INSERT INTO preference (person_id, wish, weekdays, starts, ends, valid_from, source)"
        " VALUES ($1, 'never', '{3}', '13:00', '15:00', $2, 'debtor')",
        first[1],
        DAY - timedelta(days=9),
    )
    barred = await why(pool, first[0])
    assert (barred.rule, barred.clears_at) == ("debtor_wish", DAY + timedelta(hours=1))
    phone = await pool.fetchval("SELECT min(id) FROM phone WHERE person_id = $1", second[1])
    await pool.executemany(
        "INSERT INTO consent (person_id, phone_id, channel, purpose, granted, given_at, source)"
        " VALUES ($1, $2, 'voice', 'contact', $3, $4, 'debtor')",
        [
            (second[1], phone, True, DAY - timedelta(days=9)),
            (second[1], phone, False, DAY - timedelta(days=2)),
        ],
    )
    one = await why(pool, second[0])
    assert one.rule is None
    assert {p.phone_id: p.denial.rule if p.denial else None for p in one.phones}[phone] == "channel_consent"
    await pool.execute(
        "INSERT INTO consent (person_id, channel, purpose, granted, given_at, source)"
        " VALUES ($1, 'voice', 'contact', false, $2, 'debtor')",
        second[1],
        DAY - timedelta(days=1),
    )
    assert (await why(pool, second[0])).rule == "channel_consent"
