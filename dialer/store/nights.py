"""The nights of campaigns: when each begins, which was the last, and who is at one just now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dialer.store.database import Connection

#: The first half of the key of the locks that keep two processes from doing the same night.
_LOCK = 0x4E49


@dataclass(frozen=True, slots=True)
class Night:
    """When a campaign's nights begin (`hour` in `zone`; None: never), and how far it is with them."""

    campaign_id: int
    campaign: str
    hour: int | None
    zone: str
    created_at: datetime
    last_done: date | None
    finished_at: datetime | None


async def read_nights(connection: Connection) -> list[Night]:
    """Of every campaign that is not closed. A zone is learned with the first night; before, it is the debtors' most
    frequent one.
    """
    rows = await connection.fetch(
        """
        SELECT campaign.id AS campaign_id, campaign.name AS campaign, campaign.night_hour AS hour,
               coalesce(campaign_order.zone, sample.zone, 'UTC') AS zone, campaign.created_at,
               done.night AS last_done, done.finished_at
        FROM campaign
        LEFT JOIN campaign_order ON campaign_order.campaign_id = campaign.id
        LEFT JOIN LATERAL (
            SELECT mode() WITHIN GROUP (ORDER BY time_zone) AS zone
            FROM (
                SELECT person.time_zone
                FROM lead
                JOIN person ON person.id = lead.person_id
                WHERE campaign_order.zone IS NULL AND lead.campaign_id = campaign.id
                LIMIT 1000
            ) AS debtors
        ) AS sample ON true
        LEFT JOIN LATERAL (
            SELECT night, finished_at
            FROM segment_run
            WHERE segment_run.campaign_id = campaign.id AND segment_run.finished_at IS NOT NULL AND night IS NOT NULL
            ORDER BY night DESC
            LIMIT 1
        ) AS done ON true
        WHERE campaign.state <> 'closed'
        ORDER BY campaign.id
        """
    )
    return [Night(**dict(row)) for row in rows]


async def begin_night(connection: Connection, campaign_id: int, night: date) -> int | None:
    """The run of this night, begun now or left unfinished by somebody who died; None when it is done or being done.

    Its lock is this connection's until `free_night`, or until the connection ends.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _LOCK, campaign_id):
        return None
    row = await connection.fetchrow(
        "INSERT INTO segment_run (campaign_id, night) VALUES ($1, $2)"
        " ON CONFLICT (campaign_id, night) DO UPDATE SET night = excluded.night RETURNING id, finished_at",
        campaign_id,
        night,
    )
    assert row is not None
    if row["finished_at"] is not None:
        await free_night(connection, campaign_id)
        return None
    return int(row["id"])


async def free_night(connection: Connection, campaign_id: int) -> None:
    if not connection.is_closed():  # a connection that is gone has no lock
        await connection.execute("SELECT pg_advisory_unlock($1, $2)", _LOCK, campaign_id)


async def set_night_hour(connection: Connection, campaign_id: int, hour: int | None) -> None:
    """When the campaign's nights begin from now on, 0 to 23; None: it has none."""
    await connection.execute("UPDATE campaign SET night_hour = $2 WHERE id = $1", campaign_id, hour)
