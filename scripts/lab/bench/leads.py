"""How long the claim of the next lawful leads takes, with so many leads in one campaign.

A real PostgreSQL that flushes to disk, with 2 GB of shared buffers for a million leads and 5 GB for ten, as
`docs/operating.md` asks. The leads are made by rule (`lab/bench/made_portfolio.py`): four lists by three zones by
four parts of the day are 48 runs of the claim's index, more than most campaigns have. Claims are not given back
within a series, so each reads leads that nobody has read before. Everything is claimed of a server that has run for a
while, whose buffers hold the portfolio as far as they reach, but for one series of a server just started: its buffers
are empty, the machine's memory holds the files. Processor time is what the server's process of that connection used:
on a machine that does other things besides, it tells more of the claim than the clock does.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from dialer.compliance import Debtor, judge, load_rule_set
from dialer.domain.campaign import DialMode
from dialer.domain.values import ClaimedLead
from dialer.store import leads
from dialer.store.campaigns import create_campaign, ensure_group
from dialer.store.database import HOT_PATH, connect, upgrade
from dialer.store.ordering import refresh_order
from dialer.store.queries import SQL
from lab.bench import attempt_cost, made_portfolio
from lab.bench.figures import run, shares
from lab.cache import say
from lab.errors import LabError
from lab.postgres import Postgres

GOAL_MS = 5.0
VERDICT_GOAL_US = 50.0
CLAIMED = 20
CLAIMS = 500
CLAIMERS = 8
CLAIMS_OF_EACH = 60
#: Leads of a series kept for the verdict on them.
KEPT = 1000
#: Claims of a connection before the clock counts: they prepare the statement and load the catalogue.
WARMING = 5
#: The shard reads the runs of the claim's index anew this often, whenever it tends its leads.
RUNS_READ_EVERY_S = 2.0
#: Leads whose order is refreshed while a claimer goes on; at most this many, the rest is the same again.
REFRESHED = 40_000
#: The server's buffers for portfolios up to so many leads, and for larger ones, as `docs/operating.md` asks.
LARGE, BUFFERS, BUFFERS_LARGE = 2_000_000, "2GB", "5GB"
LEASE = timedelta(hours=1)


@dataclass(slots=True)
class Claims:
    """What a series of claims took: the clock, the server's processor, and which leads."""

    took_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    #: Of the first ones all that was claimed. Not of every one: a dialer does not keep thousands either, and Python's
    #: collector would walk over them in the middle of a claim.
    kept: list[ClaimedLead] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {"took_ms": shares(self.took_ms), "server_cpu_ms": shares(self.cpu_ms)}


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench leads", description=__doc__)
    parser.add_argument(
        "--leads",
        type=int,
        nargs="+",
        default=[1_000_000, 10_000_000],
        help="sizes (default 1 and 10 million; the larger needs 15 GB of disk)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keep the portfolios there, and use them again"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks/leads.md and .json")
    wanted = parser.parse_args(argv)
    if min(wanted.leads) < 100_000:
        parser.error("--leads: at least 100,000, for the series claim some 30,000")
    return wanted


async def bench(wanted: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for count in sorted(wanted.leads):
        with tempfile.TemporaryDirectory(prefix="cadencia-bench-data-") as gone:
            folder = Path(gone) if wanted.data is None else wanted.data / f"leads-{count}"
            folder.mkdir(parents=True, exist_ok=True)
            buffers = {"shared_buffers": BUFFERS if count <= LARGE else BUFFERS_LARGE}
            async with Postgres(folder, buffers) as postgres:
                await upgrade(postgres.dsn)
                made_s, campaign, group = await _portfolio(postgres.dsn, count)
            _read_once(folder)
            async with Postgres(folder, buffers) as postgres:
                found[str(count)] = {
                    "leads": count,
                    "made_s": made_s,
                    **await _measure(postgres.dsn, count, campaign, group),
                }
    return found


def _read_once(folder: Path) -> None:
    """Bring the server's files into the machine's memory."""
    for file in sorted(folder.glob("cluster/base/*/*")):
        with file.open("rb") as content:
            while content.read(1 << 24):
                pass


async def _measure(dsn: str, count: int, campaign: int, group: int) -> dict[str, Any]:
    connection = await connect(dsn)
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    say(f"{count:,} leads, {size / 1e9:.1f} GB; claiming ...")
    anew = Claims()
    await _claim(dsn, campaign, group, CLAIMS, anew)
    await _prewarm(connection)
    plan = await _plan(dsn, campaign, group)
    one = Claims()
    await _claim(dsn, campaign, group, CLAIMS, one)
    one_by_one = Claims()
    await _claim(dsn, campaign, group, CLAIMS, one_by_one, size=1)
    await _return(connection, group)
    eight = Claims()
    async with asyncio.TaskGroup() as claimers:
        for _ in range(CLAIMERS):
            claimers.create_task(_claim(dsn, campaign, group, CLAIMS_OF_EACH, eight))
    await _return(connection, group)
    closed = Claims()
    await _claim(dsn, campaign, group, CLAIMS_OF_EACH, closed, closed_zones=["America/Mexico_City"])
    await _return(connection, group)
    say("refreshing the order while a claimer goes on ...")
    meanwhile = Claims()
    claiming = asyncio.create_task(_claim(dsn, campaign, group, 1_000_000, meanwhile, pause_s=0.05))
    refreshed = await _refresh(dsn, campaign, min(count, REFRESHED))
    claiming.cancel()
    with suppress(asyncio.CancelledError):
        await claiming
    await _return(connection, group)
    say("planning attempts with and without the ledger's chain ...")
    ledger = await attempt_cost.measure(dsn, group, campaign)
    await _return(connection, group)
    await connection.close()
    ids = eight.taken
    return {
        "database_bytes": size,
        "plan": plan,
        "claim_anew": anew.figures(),
        "claim": one.figures(),
        "claim_of_one": one_by_one.figures(),
        "claim_of_eight": eight.figures(),
        "claimed_by_eight": len(ids),
        "duplicates": len(ids) - len(set(ids)),
        "claim_with_a_closed_zone": closed.figures(),
        "verdict_us": _verdicts([*one.kept, *one_by_one.kept]),
        "refresh": refreshed,
        "claim_during_refresh": meanwhile.figures(),
        "ledger": ledger,
    }


async def _portfolio(dsn: str, count: int) -> tuple[float | None, int, int]:
    """The portfolio, made unless it is there: how long that took, the campaign's and the group's id."""
    connection = await connect(dsn)
    try:
        return await _make(connection, count)
    finally:
        await connection.close()


async def _prewarm(connection: asyncpg.Connection) -> None:
    """Read the portfolio's tables and indexes into the server's buffers, the leads' last."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
    await connection.execute(
        """
        SELECT pg_prewarm(file)
        FROM unnest($1::text[]) WITH ORDINALITY AS named (name, place)
        CROSS JOIN LATERAL (
            SELECT name::regclass AS file
            UNION ALL
            SELECT indexrelid::regclass FROM pg_index WHERE indrelid = name::regclass
        ) AS of_table
        ORDER BY place
        """,
        sorted(made_portfolio.TABLES, key="lead".__eq__),
    )


async def _make(connection: asyncpg.Connection, count: int) -> tuple[float | None, int, int]:
    group = await ensure_group(connection, "Norte")
    campaign = await connection.fetchval("SELECT id FROM campaign")
    made = await connection.fetchval("SELECT count(*) FROM lead")
    if made == count and campaign is not None:
        await _return(connection, group)
        return None, campaign, group
    if made:
        raise LabError(f"the kept portfolio has {made:,} leads instead of {count:,}: remove its folder")
    if campaign is None:
        campaign = await create_campaign(
            connection, name="Cartera", group_id=group, mode=DialMode.PROGRESSIVE
        )
        await connection.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", group)
    began = time.monotonic()
    say(f"making {count:,} leads ...")
    await made_portfolio.make(connection, campaign, count, lambda done: say(f"{done:,} made"))
    return round(time.monotonic() - began, 1), campaign, group


async def _return(connection: asyncpg.Connection, group: int) -> None:
    """What was claimed is free again, and no claim of a former owner is left."""
    await connection.execute(SQL["return_claims"], group, 1_000_000)
    await connection.execute(
        "UPDATE shard SET fence = 1, lease_until = NULL WHERE agent_group_id = $1", group
    )


async def _plan(dsn: str, campaign: int, group: int) -> dict[str, Any]:
    """What the claim reads, planned as in operation: its index, and how many pages."""
    connection = await connect(dsn, settings=HOT_PATH)
    await connection.execute(
        "PREPARE claim (bigint, int, timestamptz, bigint, bigint, timestamptz, text[], bigint[], text[], int2[]) AS "
        + SQL["claim_leads"]
    )
    columns = (await leads.read_runs(connection, campaign)).columns
    runs = ", ".join("'{" + ",".join(map(str, column)) + "}'" for column in columns)
    found = orjson.loads(
        await connection.fetchval(
            "EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON)"
            f" EXECUTE claim ({campaign}, {CLAIMED}, now(), {group}, 1, now() + interval '1 hour', '{{}}', {runs})"
        )
    )[0]
    await connection.close()
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
        ),
        "pages": top["Shared Hit Blocks"] + top["Shared Read Blocks"],
        "wal_bytes": sum(node.get("WAL Bytes", 0) for node in nodes if node["Node Type"] == "ModifyTable"),
    }


async def _claim(
    dsn: str,
    campaign: int,
    group: int,
    times: int,
    claims: Claims,
    *,
    size: int = CLAIMED,
    closed_zones: Sequence[str] = (),
    pause_s: float = 0.0,
) -> None:
    """Claim again and again without giving back, as the shard does."""
    connection = await connect(dsn, settings=HOT_PATH)
    schedule = Path(f"/proc/{connection.get_server_pid()}/schedstat")
    try:
        runs, read_at = await leads.read_runs(connection, campaign), time.monotonic()
        for turn in range(times + WARMING):
            if time.monotonic() - read_at > RUNS_READ_EVERY_S:
                runs, read_at = await leads.read_runs(connection, campaign), time.monotonic()
            now = datetime.now(UTC)
            used = _cpu_ms(schedule)
            began = time.perf_counter()
            found = await leads.claim(
                connection,
                campaign_id=campaign,
                count=size,
                now=now,
                lease_until=now + LEASE,
                shard_id=group,
                fence=1,
                closed_zones=closed_zones,
                runs=runs,
            )
            if turn >= WARMING:
                claims.took_ms.append((time.perf_counter() - began) * 1000)
                claims.cpu_ms.append(_cpu_ms(schedule) - used)
            if len(found) < size:
                raise LabError(f"a claim gave {len(found)} leads instead of {size}")
            claims.taken += [lead.id for lead in found]
            if len(claims.kept) < KEPT:
                claims.kept += found
            await asyncio.sleep(pause_s)
    finally:
        await connection.close()


def _cpu_ms(schedule: Path) -> float:
    """Milliseconds the process has run so far (Linux, Documentation/scheduler/sched-stats.rst)."""
    return int(schedule.read_text().split()[0]) / 1e6


def _verdicts(claimed: Sequence[ClaimedLead]) -> dict[str, float]:
    """Microseconds of the verdict on each lead as claimed, on a Tuesday at noon."""
    rules = load_rule_set("MX")
    at = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    took_us = []
    for lead in claimed:
        debtor = Debtor(
            number=lead.phones[0].number.e164, zone=lead.time_zone, debts=lead.debts, creditor=lead.creditor
        )
        began = time.perf_counter_ns()
        judge(rules, debtor, at=at, history=lead.contacts, agent_reserved=True, ring_timeout_s=25)
        took_us.append((time.perf_counter_ns() - began) / 1000)
    return shares(took_us)


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
        p99 = figures["claim"]["took_ms"]["p99"]
        goal = f" (goal p99 {GOAL_MS:.0f} ms: {'met' if p99 <= GOAL_MS else 'not met'})"
        per_lead = figures["claim"]["took_ms"]["p50"] / CLAIMED
        plan, verdict, ledger = figures["plan"], figures["verdict_us"], figures["ledger"]
        rows += [
            (f"**{figures['leads']:,} leads in one campaign**", f"{figures['database_bytes'] / 1e9:.1f} GB"),
            (f"claim of {CLAIMED} leads, one claimer", _said(figures["claim"]) + goal),
            ("the same of a server just started", _said(figures["claim_anew"])),
            ("the same a lead", f"median {per_lead:.2f} ms"),
            ("claim of one lead", _said(figures["claim_of_one"])),
            (f"claim of {CLAIMED}, {CLAIMERS} claimers at once", _said(figures["claim_of_eight"])),
            (
                f"duplicates among the {figures['claimed_by_eight']:,} leads they took",
                str(figures["duplicates"]),
            ),
            (
                f"claim of {CLAIMED} with four leads of five in a closed zone",
                _said(figures["claim_with_a_closed_zone"]),
            ),
            (
                "the claim's index read / whole tables / pages / log written",
                f"{'yes' if plan['claim_index'] else 'no'} / {', '.join(plan['whole_tables_read']) or 'none'}"
                f" / {plan['pages']} / {plan['wal_bytes'] / 1000:.0f} kB",
            ),
            (
                f"legal verdict on a claimed lead (goal {VERDICT_GOAL_US:.0f} µs)",
                f"median {verdict['p50']} µs, p99 {verdict['p99']} µs",
            ),
            ("order refreshed meanwhile", f"{figures['refresh']['leads_per_s']:,} leads/s"),
            (f"claim of {CLAIMED} while it was", _said(figures["claim_during_refresh"])),
            *(
                (
                    f"transaction that plans {what}, with / without the ledger's chain",
                    f"median {ledger[f'{kind}_chained']['p50']} / {ledger[f'{kind}_unchained']['p50']} ms,"
                    f" p99 {ledger[f'{kind}_chained']['p99']} / {ledger[f'{kind}_unchained']['p99']} ms",
                )
                for what, kind in (("one attempt", "one"), (f"{attempt_cost.BATCH} attempts", "batch"))
            ),
            (
                "a row of the ledger, with / without its chain",
                f"median {ledger['row_chained']['p50']} / {ledger['row_unchained']['p50']} µs",
            ),
            (
                f"a row of it in one transaction of {', '.join(f'{rows:,}' for rows in attempt_cost.LARGE)}",
                ", ".join(f"{cost}" for cost in ledger["large_us"].values()) + " µs",
            ),
        ]
    return rows


def _said(claims: dict[str, Any]) -> str:
    took, cpu = claims["took_ms"], claims["server_cpu_ms"]
    return (
        f"median {took['p50']} ms, p99 {took['p99']} ms, worst {took['max']} ms of {took['n']};"
        f" processor {cpu['p50']} ms, p99 {cpu['p99']} ms"
    )


def main() -> int:
    wanted = arguments(sys.argv[1:])
    preface = __doc__ or ""
    return run(wanted, bench(wanted), page, name="leads", title="Claiming leads", preface=preface)


if __name__ == "__main__":
    sys.exit(main())
