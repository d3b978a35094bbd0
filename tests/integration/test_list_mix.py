"""A campaign's knobs by command: settings with their log, the mix of its lists, its share, its night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from dialer.store.event_log import PostgresShardStore
from tests.integration.command import DONE, REFUSED, USAGE, dialer
from tests.integration.portfolio import Portfolio, add_leads, make_portfolio

pytestmark = pytest.mark.integration

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    """Two lists of forty leads each."""
    portfolio = await make_portfolio(pool, leads=40)
    await pool.execute("UPDATE lead_list SET name = 'enero'")
    await pool.execute("UPDATE person SET external_ref = 'E' || id")
    await add_leads(pool, portfolio.campaign_id, 40)
    await pool.execute("UPDATE lead_list SET name = 'mora' WHERE name = 'test'")
    await pool.execute("UPDATE lead SET next_at = $1", NOW - timedelta(hours=1))
    return portfolio


async def claimed(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, count: int
) -> dict[str, int]:
    leads = await store.claim(portfolio.campaign_id, count, timedelta(minutes=5), NOW)
    rows = await pool.fetch(
        "SELECT lead_list.name, count(*) FROM lead JOIN lead_list ON lead_list.id = list_id"
        " WHERE lead.id = ANY ($1) GROUP BY 1",
        [lead.id for lead in leads],
    )
    return {row["name"]: row["count"] for row in rows}


async def test_the_mix_of_lists_is_set_by_command_and_claimed_by(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", timedelta(seconds=60)) == 1
        mixed = await dialer("lists", "share", "Mora 30", "enero=3", "mora=1", database_dsn=dsn)
        assert mixed.code == DONE, mixed.err
        assert [line.split()[2:] for line in mixed.out.splitlines()[1:]] == [
            ["enero", "3", "75%", "40", "40", "yes"],
            ["mora", "1", "25%", "40", "40", "yes"],
        ]
        assert await claimed(pool, store, portfolio, 20) == {"enero": 15, "mora": 5}
        assert (await dialer("lists", "use", "Mora 30", "enero", "--off", database_dsn=dsn)).code == DONE
        assert await claimed(pool, store, portfolio, 10) == {"mora": 10}
        assert (await dialer("lists", "use", "Mora 30", "enero", database_dsn=dsn)).code == DONE
        assert (await dialer("lists", "share", "Mora 30", "mora=none", database_dsn=dsn)).code == DONE
        assert await claimed(pool, store, portfolio, 10) == {"mora": 10}
    told = (await dialer("lists", "show", "--json", database_dsn=dsn)).data
    assert isinstance(told, list)
    assert [(row["name"], row["share"]) for row in told] == [("enero", 3.0), ("mora", None)]
    for wrong, said in (
        ("mora", "LIST=SHARE"),
        ("mora=x", "number"),
        ("mora=0", "0.01"),
        ("abril=1", "no list"),
    ):
        refused = await dialer("lists", "share", "Mora 30", wrong, database_dsn=dsn)
        assert (refused.code, said in refused.err) == (REFUSED, True), refused.err


async def test_settings_are_changed_by_command_and_in_the_log(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    changed = await dialer(
        *(
            "campaign",
            "set",
            "Mora 30",
            "--policy",
            "erlang",
            "--share",
            "2.5",
            "--abandon-window",
            "campaign",
        ),
        *("--lines-per-agent", "4", "--night-hour", "2", "--json"),
        database_dsn=dsn,
    )
    assert isinstance(changed.data, dict), changed.err
    row = await pool.fetchrow("SELECT * FROM campaign")
    assert row is not None
    stored = (
        row["policy"],
        row["share"],
        row["abandon_window"],
        row["max_lines_per_agent"],
        row["night_hour"],
    )
    assert stored == ("erlang", 2.5, "campaign", 4.0, 2)
    assert row["version"] == 2
    logged = await pool.fetchval("SELECT after ->> 'policy' FROM campaign_change")
    assert logged == "erlang"
    assert (await dialer("campaign", "set", "Mora 30", "--no-night", database_dsn=dsn)).code == DONE
    shown = await dialer("campaign", "set", "Mora 30", database_dsn=dsn)
    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines()[1:])
    assert (lines["night_hour"].strip(), lines["policy"].strip()) == ("none", "erlang")
    assert await pool.fetchval("SELECT version FROM campaign") == 2
    assert (await dialer("campaign", "set", "Mora 30", "--share", "0", database_dsn=dsn)).code == USAGE
    both = await dialer("campaign", "set", "Mora 30", "--night-hour", "2", "--no-night", database_dsn=dsn)
    assert (both.code, "not both" in both.err) == (REFUSED, True)


async def test_a_campaign_is_made_with_its_policy_share_and_window(dsn: str, pool: asyncpg.Pool) -> None:
    made = await dialer(
        *("campaign", "create", "Nueva", "--group", "Sur", "--policy", "vicidial_average", "--share", "3"),
        *("--abandon-window", "month", "--rule-set", "laboratory"),
        database_dsn=dsn,
    )
    assert made.code == DONE, made.err
    row = await pool.fetchrow("SELECT policy, share, abandon_window FROM campaign")
    assert row is not None
    assert tuple(row) == ("vicidial_average", 3.0, "month")
