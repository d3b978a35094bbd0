"""What the night does by itself: every campaign's leads judged anew and put into their segments, once a night.

Each campaign has an hour of its own, in the zone in which most of its debtors live. A night that nobody was there for
is made up for as soon as somebody is, also by day: dialling goes on meanwhile. Several dialers may run this at once:
the row of the night says whether it is done, a lock of the database who is at it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from dialer.domain.errors import DialerError
from dialer.store.database import CONNECTION_ERRORS, Connection, connect
from dialer.store.nights import Night, begin_night, free_night, read_nights
from dialer.store.ordering import refresh_order
from dialer.store.segments import run_segments

log = structlog.get_logger()

#: A night begins within this of its hour.
LOOK_EVERY_S = 30.0


def night_of(at: datetime, zone: ZoneInfo, hour: int) -> tuple[date, datetime]:
    """The newest night that has begun by `at`: its day on the calendar of `zone`, and when it began (UTC)."""
    day = at.astimezone(zone).date()
    begin = _begin(day, zone, hour)
    if begin > at:
        day -= timedelta(days=1)
        begin = _begin(day, zone, hour)
    return day, begin


def _begin(day: date, zone: ZoneInfo, hour: int) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


async def keep_nights(dsn: str) -> None:
    """Do what each night asks for, until cancelled."""
    while True:
        try:
            connection = await connect(dsn)
            try:
                await work(connection, datetime.now(UTC))
            finally:
                connection.terminate()
        except (*CONNECTION_ERRORS, asyncpg.PostgresError, DialerError) as error:
            log.warning("night_put_off", why=str(error) or type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_S)


async def work(connection: Connection, at: datetime) -> list[tuple[int, date]]:
    """Do the nights that are due at `at` and that nobody else is at: (campaign, night) of each."""
    done = []
    for campaign in await read_nights(connection):
        if campaign.hour is None:
            continue
        night, begin = night_of(at, ZoneInfo(campaign.zone), campaign.hour)
        last = campaign.last_done
        if campaign.created_at > begin or (last is not None and last >= night):
            continue
        if await _do(connection, campaign, night, at):
            done.append((campaign.campaign_id, night))
    return done


async def _do(connection: Connection, campaign: Night, night: date, at: datetime) -> bool:
    """One night, if nobody else is at it or has done it meanwhile."""
    run_id = await begin_night(connection, campaign.campaign_id, night)
    if run_id is None:
        return False
    try:
        scored = await refresh_order(connection, campaign.campaign_id, at)
        run = await run_segments(connection, campaign_id=campaign.campaign_id, run_id=run_id)
    finally:
        await free_night(connection, campaign.campaign_id)
    log.info(
        "night_done",
        campaign=campaign.campaign_id,
        night=str(night),
        leads=run.leads,
        moved=run.moved,
        reordered=scored.changed,
    )
    return True
