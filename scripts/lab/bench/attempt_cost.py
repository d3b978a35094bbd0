"""What the contact ledger's chain of hashes costs where it is written: in the transaction that plans an attempt.

The same attempts are planned through the shard's store with the chain and without it, in turns, so that what else the
machine does meets both alike. Without: the rows are numbered by a sequence and not hashed.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

import dialer.store
from dialer.domain.campaign import DialMode
from dialer.domain.facts import AttemptPlanned
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, Verdict, mint_ulid
from dialer.store.database import connect
from dialer.store.event_log import PostgresShardStore
from dialer.store.queries import read_statements
from lab.bench.figures import shares

LEASE = timedelta(hours=1)
#: Transactions with and without the chain, in turns of so many.
TURNS = 8
SINGLE = 25
TOGETHER = 5
BATCH = 20
#: Rows written to the ledger alone: a transaction's, and how many transactions a turn.
ROWS = 20
ROW_TURNS = 25
#: Rows written to it in one transaction: what one of them costs must not grow with their number.
LARGE = (1_000, 10_000, 100_000)

_FOLDER = Path(dialer.store.__file__).parent / "migrations"
_LINK = read_statements(_FOLDER / "0025_ledger_head.sql")["link"]
_BY_INDEX = read_statements(_FOLDER / "0029_ledger_by_index.sql")["link"]
_CHAINED = f"{_LINK}; {_BY_INDEX}; ALTER TABLE contact_ledger ENABLE TRIGGER contact_ledger_move_head"
_UNCHAINED = """
ALTER TABLE contact_ledger DISABLE TRIGGER contact_ledger_move_head;
CREATE OR REPLACE FUNCTION contact_ledger_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.n := nextval('unchained');
    NEW.hash := '';
    RETURN NEW;
END
$$
"""
_ROWS = (
    "INSERT INTO contact_ledger (chain, at, person_id, channel, counts, phone_id, debts, creditor, attempt_id, source)"
    " SELECT 98, now(), n, 'voice', ARRAY['attempt'], n, ARRAY[n], 'Banco Ficticio', 'B' || lpad(n::text, 25, '0'),"
    " 'dialled' FROM generate_series(1, $1::bigint) AS n"
)


async def measure(dsn: str, group: int, campaign: int) -> dict[str, Any]:
    """Milliseconds of a transaction that plans one attempt, and twenty; microseconds of a row of the ledger."""
    rng = random.Random(1)
    took: dict[str, list[float]] = {
        name: [] for name in ("one_chained", "one_unchained", "batch_chained", "batch_unchained")
    }
    row_us: dict[str, list[float]] = {"row_chained": [], "row_unchained": []}
    connection = await connect(dsn)
    # What an earlier run rolled back stands at the chain's end until it is vacuumed.
    await connection.execute("VACUUM contact_ledger")
    # From now in microseconds: beyond every number of the chain, and of an earlier run on the same portfolio.
    await connection.execute(f"CREATE SEQUENCE unchained START {time.time_ns() // 1000}")
    try:
        async with PostgresShardStore(dsn) as store:
            if await store.acquire(group, "bench", LEASE) is None:
                raise RuntimeError("the shard is taken")
            for turn in range(2 * TURNS):
                how = "unchained" if turn % 2 else "chained"
                await connection.execute(_UNCHAINED if turn % 2 else _CHAINED)
                for size, times, kind in ((1, SINGLE, "one"), (BATCH, TOGETHER, "batch")):
                    # The first two turns prepare the statements.
                    kept = took[f"{kind}_{how}"] if turn >= 2 else []
                    await _plan(store, campaign, size, times, rng, kept)
                row_us[f"row_{how}"] += [await _write_rows(connection, ROWS) for _ in range(ROW_TURNS)]
            await store.release()
        await connection.execute(_CHAINED)
        large_us = {str(rows): round(await _write_rows(connection, rows), 1) for rows in LARGE}
    finally:
        await connection.execute(_CHAINED)
        await connection.execute("DROP SEQUENCE unchained")
        await connection.close()
    return {name: shares(sample) for name, sample in (took | row_us).items()} | {"large_us": large_us}


async def _plan(
    store: PostgresShardStore, campaign: int, size: int, times: int, rng: random.Random, took_ms: list[float]
) -> None:
    """So many transactions of so many attempts each, of leads claimed for it."""
    leads = await store.claim(campaign, size * times, LEASE, datetime.now(UTC))
    for start in range(0, size * times, size):
        facts = [_planned(lead, rng) for lead in leads[start : start + size]]
        began = time.perf_counter()
        accepted = await store.append(facts)
        took_ms.append((time.perf_counter() - began) * 1000)
        if len(accepted) != size:
            raise RuntimeError(f"{size - len(accepted)} of {size} attempts were refused")


async def _write_rows(connection: asyncpg.Connection, rows: int) -> float:
    """Microseconds a row of the ledger costs in a transaction of so many, with what its commit does; then undone."""
    transaction = connection.transaction()
    await transaction.start()
    began = time.perf_counter()
    await connection.execute(_ROWS, rows)
    await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    took_s = time.perf_counter() - began
    await transaction.rollback()
    return took_s / rows * 1e6


def _planned(lead: ClaimedLead, rng: random.Random) -> AttemptPlanned:
    now = datetime.now(UTC)
    phone = lead.phones[0]
    return AttemptPlanned(
        at=now,
        attempt=Attempt(
            id=AttemptId(mint_ulid(now, rng)),
            campaign_id=lead.campaign_id,
            lead_id=lead.id,
            person_id=lead.person_id,
            phone_id=phone.id,
            n=lead.last_n + 1,
            mode=DialMode.POWER,
            number=phone.number,
            trunk="telco",
            caller_id="+525500000000",
            verdict=Verdict("laboratory", "1", ("hours", "do_not_call")),
            planned_at=now,
            ring_timeout_s=25,
            connect_limit_s=2.0,
            language="es",
            ledger_rows=lead.ledger_rows,
        ),
    )
