"""What numbers answered with, in the real database: kept, found by number, forgotten in time and with the person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
from api_harness import furnish

from dialer.domain.values import PhoneNumber
from dialer.retention import GREETINGS_KEPT
from dialer.screening.process import origin
from dialer.store.greetings import PostgresGreetings, forget_greetings
from dialer.store.retention import erase_persons

PRINTS = [-1, 0, 65535] * 40


def row(source: str, prompt_id: str) -> dict[str, object]:
    return {
        "prompt_id": prompt_id,
        "country": "MX",
        "label": "MACHINE",
        "prints": PRINTS,
        "sources": [source],
    }


async def test_the_newest_greeting_of_a_number_is_known(pool: asyncpg.Pool) -> None:
    greetings = PostgresGreetings(pool)
    await greetings.keep(row("one", "a"))
    await greetings.keep(row("one", "b"))
    await greetings.keep(row("two", "c"))
    assert await greetings.read(["one", "three"]) == {"one": row("one", "b")}
    assert await greetings.read([]) == {}


async def test_greetings_go_in_time_and_with_the_person(pool: asyncpg.Pool) -> None:
    """1. The person's number is kept under a name that is not it; 2. erased with him; 3. the others when their time is
    over."""
    office = await furnish(pool)
    greetings = PostgresGreetings(pool)
    number = await pool.fetchval("SELECT number FROM phone WHERE person_id = $1", office.person_id)
    his, _ = origin(PhoneNumber(number))
    assert his not in number
    await greetings.keep(row(his, "a"))
    await greetings.keep(row("other", "b"))
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await erase_persons(connection, [office.person_id], now, by={"rule_set": "", "rule": ""})
        assert set(await greetings.read([his, "other"])) == {"other"}
        assert await forget_greetings(connection, now - GREETINGS_KEPT) == 0
        assert await forget_greetings(connection, now + timedelta(minutes=1)) == 1
    assert await greetings.read([his, "other"]) == {}
