"""A small portfolio for the tests of the store: fictional numbers, one group, as many leads as asked for."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from dialer.domain.campaign import DialMode
from dialer.store.campaigns import create_campaign, ensure_group


@dataclass(frozen=True)
class Portfolio:
    group_id: int
    campaign_id: int


async def make_portfolio(
    pool: asyncpg.Pool, *, leads: int = 10, phones: int = 2, group: str = "Norte", campaign: str = "Mora 30"
) -> Portfolio:
    """`leads` callable leads, each a person with `phones` numbers."""
    async with pool.acquire() as connection:
        group_id = await ensure_group(connection, group)
        campaign_id = await create_campaign(
            connection, name=campaign, group_id=group_id, mode=DialMode.PROGRESSIVE
        )
    if leads:
        await add_leads(pool, campaign_id, leads, phones=phones)
    return Portfolio(group_id, campaign_id)


async def add_leads(pool: asyncpg.Pool, campaign_id: int, count: int, *, phones: int = 2) -> None:
    await pool.execute(
        """
        WITH list AS (
            INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, 'test', gen_random_uuid()::text)
            RETURNING id
        ), people AS (
            INSERT INTO person (external_ref, full_name)
            SELECT 'C' || $1 || '-' || n, 'Debtor ' || n FROM generate_series(1, $2) AS n
            RETURNING id
        ), numbers AS (
            INSERT INTO phone (person_id, number, position)
            SELECT id, '+1809' || lpad((id * 10 + position)::text, 7, '0'), position
            FROM people, generate_series(0, $3 - 1) AS position
        )
        INSERT INTO lead (campaign_id, list_id, person_id, next_at)
        SELECT $1, list.id, people.id, '2026-11-01' FROM people, list
        """,
        campaign_id,
        count,
        phones,
    )


async def add_agent(pool: asyncpg.Pool, group_id: int, login: str = "ana") -> int:
    return await pool.fetchval(
        "INSERT INTO app_user (login, display_name, role, password_hash, agent_group_id)"
        " VALUES ($1, $1, 'agent', 'x', $2) RETURNING id",
        login,
        group_id,
    )
