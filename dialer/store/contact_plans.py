"""A campaign's contact plan in the database."""

from __future__ import annotations

import orjson

from dialer.domain.contact_plan import USUAL, ContactPlan, read_plan
from dialer.store.database import Connection


async def read_contact_plan(connection: Connection, campaign_id: int) -> ContactPlan:
    """The campaign's plan; the usual one when it has none of its own."""
    stored = await connection.fetchval("SELECT contact_plan FROM campaign WHERE id = $1", campaign_id)
    return read_plan(None if stored is None else orjson.loads(stored))


async def save_contact_plan(connection: Connection, campaign_id: int, plan: ContactPlan) -> None:
    """Give the campaign this plan; a running dialer takes it over."""
    stored = None if plan == USUAL else orjson.dumps(plan.as_json()).decode()
    async with connection.transaction():
        await connection.execute(
            "UPDATE campaign SET contact_plan = $2::jsonb, version = version + 1 WHERE id = $1",
            campaign_id,
            stored,
        )
        await connection.execute("SELECT pg_notify('cadencia_campaign', $1)", str(campaign_id))
