"""The order of a campaign's leads: what each is expected to bring, learned and refreshed while dialling goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("ordering.sql"))
#: Leads judged in one transaction: a fraction of a second, and rows that dialling holds are skipped.
SCORED_AT_ONCE = 2000
#: Older attempts say little of when people answer now.
LEARNED_FROM = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Scored:
    """How many leads a refresh saw, and how many are worth something else now."""

    leads: int
    changed: int


async def refresh_order(
    connection: Connection,
    campaign_id: int,
    now: datetime,
    progress: Callable[[int], None] = lambda leads: None,
) -> Scored:
    """Learn from the campaign's attempts and judge its leads anew, batch by batch, each in a transaction of its own.

    Safe to interrupt and to repeat. `progress` hears how many leads were seen so far.
    """
    await connection.execute(SQL["learn"], campaign_id, now - LEARNED_FROM)
    person, leads, changed = 0, 0, 0
    while True:
        row = await connection.fetchrow(SQL["score"], campaign_id, person, SCORED_AT_ONCE)
        assert row is not None
        if row["last_person"] is None:
            break
        person = row["last_person"]
        leads += row["seen"]
        changed += row["changed"]
        progress(leads)
    await connection.execute(SQL["scored"], campaign_id)
    return Scored(leads, changed)
