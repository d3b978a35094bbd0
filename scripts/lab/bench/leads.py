"""`scripts/bench leads`: how long the claim of the next leads takes with so many leads in one campaign.

A real PostgreSQL that flushes to disk; a synthetic portfolio (a debtor, a number and a debt each lead), four lists,
four priorities, a third of the leads resting. Measured with the caches as the run leaves them: one claimer as in
operation, eight at once, the claim's plan, and the refresh of the order while a claimer goes on.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from dialer.domain.campaign import DialMode
from dialer.store import leads
from dialer.store.campaigns import create_campaign, ensure_group
from dialer.store.database import HOT_PATH, connect, upgrade
from dialer.store.ordering import refresh_order
from dialer.store.queries import SQL
from lab.bench.figures import run, shares
from lab.cache import say
from lab.errors import LabError
from lab.postgres import Postgres

GOAL_MS = 5.0
CLAIMED = 20
CLAIMS = 500
CLAIMERS = 8
CLAIMS_OF_EACH = 60
#: Leads whose order is refreshed while a claimer goes on; at most this many, the rest is the same again.
REFRESHED = 200_000


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench leads", description=__doc__)
    parser.add_argument(
        "--leads",
        type=int,
        nargs="+",
        default=[1_000_000, 10_000_000],
        help="sizes (default 1 and 10 million)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks/leads.md and .json")
    return parser.parse_args(argv)


async def bench(wanted: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for count in sorted(wanted.leads):
        with tempfile.TemporaryDirectory(prefix="cadencia-bench-data-") as data:
            async with Postgres(Path(data)) as postgres:
                await upgrade(postgres.dsn)
                say(f"making {count:,} leads ...")
                found[str(count)] = await _measure(postgres.dsn, count)
    return found


async def _measure(dsn: str, count: int) -> dict[str, Any]:
    connection = await connect(dsn)
    group = await ensure_group(connection, "Norte")
    campaign = await create_campaign(connection, name="Cartera", group_id=group, mode=DialMode.PROGRESSIVE)
    await connection.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", group)
    began = time.monotonic()
    await _fill(connection, campaign, count)
    made_s = time.monotonic() - began
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    say(f"made in {made_s:.0f} s, {size / 1e9:.1f} GB; claiming ...")
    plan = await _plan(connection, campaign, group)
    one: list[float] = []
    await _claim(dsn, campaign, group, CLAIMS, one)
    await connection.execute(SQL["return_claims"], group, 1)
    eight: list[float] = []
    taken: list[int] = []
    async with asyncio.TaskGroup() as claimers:
        for _ in range(CLAIMERS):
            claimers.create_task(_claim(dsn, campaign, group, CLAIMS_OF_EACH, eight, taken))
    await connection.execute(SQL["return_claims"], group, 1)
    say("refreshing the order while a claimer goes on ...")
    meanwhile: list[float] = []
    claiming = asyncio.create_task(_claim(dsn, campaign, group, 1_000_000, meanwhile, pause_s=0.05))
    refreshed = await _refresh(dsn, campaign, min(count, REFRESHED))
    claiming.cancel()
    with suppress(asyncio.CancelledError):
        await claiming
    await connection.close()
    return {
        "leads": count,
        "made_s": round(made_s, 1),
        "database_bytes": size,
        "plan": plan,
        "claim_ms": shares(one),
        "claim_of_eight_ms": shares(eight),
        "claimed_by_eight": len(taken),
        "duplicates": len(taken) - len(set(taken)),
        "refresh": refreshed,
        "claim_during_refresh_ms": shares(meanwhile),
    }


async def _fill(connection: asyncpg.Connection, campaign: int, count: int) -> None:
    """A portfolio in one statement a table and half a million; the random index is built at the end."""
    definition = await connection.fetchval("SELECT pg_get_indexdef('phone_reversed_idx'::regclass)")
    await connection.execute("DROP INDEX phone_reversed_idx")
    await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
    await connection.execute(
        "INSERT INTO lead_list (campaign_id, name, content_sha256)"
        " SELECT $1, 'lista ' || n, 'made-' || n FROM generate_series(1, 4) AS n",
        campaign,
    )
    for start in range(1, count + 1, 500_000):
        last = min(start + 499_999, count)
        async with connection.transaction():
            for statement in _FILLING:
                of_campaign = [campaign] if "$3" in statement else []
                await connection.execute(statement, start, last, *of_campaign)
    await connection.execute(definition)
    await connection.execute("VACUUM ANALYZE person, phone, debt, lead")


_FILLING = (
    "INSERT INTO person (id, external_ref, full_name, time_zone) OVERRIDING SYSTEM VALUE"
    " SELECT n, 'R' || n, 'Deudor ' || n, 'America/Bogota' FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO phone (person_id, number, position)"
    " SELECT n, '+573' || lpad(n::text, 9, '0'), 0 FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO debt (id, person_id, external_ref, creditor, product, balance_minor, currency, due_on)"
    " OVERRIDING SYSTEM VALUE SELECT n, n, 'D' || n, 'Banco Ficticio', 'Tarjeta',"
    " (exp(13 + 2 * random()))::bigint, 'COP', current_date - (random() * 300)::int"
    " FROM generate_series($1::int, $2::int) AS n",
    "INSERT INTO lead (campaign_id, list_id, person_id, debt_id, priority, value, part, state, next_at)"
    " SELECT $3, 1 + n % 4, n, n, (n / 7) % 4, balance_minor * 0.1, (n / 11) % 4,"
    " CASE WHEN n % 3 = 0 THEN 'resting' ELSE 'callable' END,"
    " now() + CASE WHEN n % 3 = 0 THEN interval '1 day' ELSE interval '-1 hour' END"
    " FROM generate_series($1::int, $2::int) AS n JOIN debt ON debt.id = n",
)


async def _plan(connection: asyncpg.Connection, campaign: int, group: int) -> dict[str, Any]:
    """What the claim reads: its index, and how many pages."""
    now = datetime.now(UTC)
    async with connection.transaction():
        found = orjson.loads(
            await connection.fetchval(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + SQL["claim_leads"],
                *(campaign, CLAIMED, now, group, 1, now + timedelta(seconds=60)),
            )
        )[0]
        await connection.execute("UPDATE lead SET state = 'callable' WHERE state = 'claimed'")
    nodes: list[dict[str, Any]] = []
    waiting = [found["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    top = found["Plan"]
    return {
        "claim_index": "lead_claim_idx" in {node.get("Index Name") for node in nodes},
        "whole_tables_read": sorted(
            {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
            & {"lead", "phone", "person", "debt", "attempt"}
        ),
        "pages": top["Shared Hit Blocks"] + top["Shared Read Blocks"],
        "executed_ms": found["Execution Time"],
    }


async def _claim(
    dsn: str,
    campaign: int,
    group: int,
    count: int,
    took_ms: list[float],
    taken: list[int] | None = None,
    pause_s: float = 0.0,
) -> None:
    """Claim again and again without giving back, and note how long each claim took."""
    connection = await connect(dsn, settings=HOT_PATH)
    try:
        for turn in range(count + 5):
            now = datetime.now(UTC)
            began = time.perf_counter()
            found = await leads.claim(
                connection,
                campaign_id=campaign,
                count=CLAIMED,
                now=now,
                lease_until=now + timedelta(hours=1),
                shard_id=group,
                fence=1,
            )
            # The first of a connection prepare the statements.
            if turn >= 5:
                took_ms.append((time.perf_counter() - began) * 1000)
            if len(found) < CLAIMED:
                raise LabError(f"a claim gave {len(found)} leads instead of {CLAIMED}")
            if taken is not None:
                taken += [lead.id for lead in found]
            await asyncio.sleep(pause_s)
    finally:
        await connection.close()


async def _refresh(dsn: str, campaign: int, most: int) -> dict[str, Any]:
    """Refresh the order of so many leads, and how fast it went."""

    class Enough(Exception):
        pass

    seen = 0

    def progress(count: int) -> None:
        nonlocal seen
        seen = count
        if count >= most:
            raise Enough

    connection = await connect(dsn)
    began = time.monotonic()
    with suppress(Enough):
        await refresh_order(connection, campaign, datetime.now(UTC), progress)
    took_s = time.monotonic() - began
    await connection.close()
    return {"leads": seen, "took_s": round(took_s, 1), "leads_per_s": round(seen / took_s)}


def page(found: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for figures in found["figures"].values():
        claim, eight, during = (
            figures[name] for name in ("claim_ms", "claim_of_eight_ms", "claim_during_refresh_ms")
        )
        verdict = "met" if claim["p99"] <= GOAL_MS else "not met"
        rows += [
            (f"**{figures['leads']:,} leads in one campaign**", f"{figures['database_bytes'] / 1e9:.1f} GB"),
            (
                f"claim of {CLAIMED} leads, one claimer ({claim['n']} claims)",
                f"median {claim['p50']} ms, p99 {claim['p99']} ms, worst {claim['max']} ms"
                f" (goal p99 {GOAL_MS:.0f} ms: {verdict})",
            ),
            (
                f"the same with {CLAIMERS} claimers at once ({eight['n']} claims)",
                f"median {eight['p50']} ms, p99 {eight['p99']} ms, worst {eight['max']} ms",
            ),
            (
                f"duplicates among the {figures['claimed_by_eight']:,} leads they took",
                str(figures["duplicates"]),
            ),
            (
                "the claim reads its index / whole tables / pages",
                f"{'yes' if figures['plan']['claim_index'] else 'no'} /"
                f" {', '.join(figures['plan']['whole_tables_read']) or 'none'} / {figures['plan']['pages']}",
            ),
            ("order refreshed meanwhile", f"{figures['refresh']['leads_per_s']:,} leads/s"),
            (
                f"claims while it was ({during['n']})",
                f"median {during['p50']} ms, p99 {during['p99']} ms, worst {during['max']} ms",
            ),
        ]
    return rows


def main() -> int:
    wanted = arguments(sys.argv[1:])
    preface = __doc__ or ""
    return run(wanted, bench(wanted), page, name="leads", title="Claiming leads", preface=preface)


if __name__ == "__main__":
    sys.exit(main())
