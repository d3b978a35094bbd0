"""What time alone changes: promises whose day is over, and messages nobody will repeat any more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog

from dialer.store.database import CONNECTION_ERRORS
from dialer.store.payments import PROMISES_AT_ONCE, break_promises, hold_newcomers

log = structlog.get_logger()

#: A promise ends with a day: nobody waits for the second.
LOOK_EVERY_S = 20.0
#: A webhook is worth minutes; its row says for this long that it was taken.
DELIVERIES_KEPT = timedelta(days=90)


async def keep_time(pool: asyncpg.Pool) -> None:
    """Break what is overdue, until cancelled. Several processes may do so at once: each takes other rows."""
    while True:
        try:
            await look(pool, datetime.now(UTC))
        except (*CONNECTION_ERRORS, asyncpg.PostgresError) as error:
            log.warning("promises_not_looked_at", why=str(error) or type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_S)


async def look(pool: asyncpg.Pool, at: datetime) -> int:
    """Settle what is overdue at `at`; how many promises that were."""
    settled = 0
    async with pool.acquire() as connection:
        while True:
            some = await break_promises(connection, at)
            settled += some
            if some < PROMISES_AT_ONCE:
                break
        await hold_newcomers(connection)
        await connection.execute("DELETE FROM webhook_delivery WHERE received_at < $1", at - DELIVERIES_KEPT)
    if settled:
        log.info("promises_broken", count=settled)
    return settled
