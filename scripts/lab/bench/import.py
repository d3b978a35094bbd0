"""`scripts/bench import`: how long a file of debtors takes into a campaign while another campaign goes on claiming.

A real PostgreSQL that flushes to disk; a synthetic file of so many debtors, each with three numbers in E.164 (made up
within the Colombian plan, never dialled), an address and a debt. Beside the import a claimer takes and gives back leads
of a campaign that was there before, as a dialer's hopper does. What is read is spread over the tables at the same time:
`loading` is what is left of that when the file has ended.
"""

import argparse
import asyncio
import csv
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dialer.domain.campaign import DialMode
from dialer.portfolio.importing import ImportOptions, import_leads
from dialer.store import leads
from dialer.store.campaigns import create_campaign, ensure_group
from dialer.store.database import HOT_PATH, connect, upgrade
from dialer.store.queries import SQL
from lab.bench import processes
from lab.bench.figures import run, shares
from lab.cache import say
from lab.errors import LabError
from lab.portfolio import FAMILY, GIVEN
from lab.postgres import Postgres

GOAL_S = 120.0
COLUMNS = (
    *("referencia", "nombre", "telefono1", "telefono2", "telefono3", "direccion", "ciudad", "pais"),
    *("cliente_desde", "riesgo", "deuda", "acreedor", "producto", "saldo", "moneda", "vencimiento", "cuenta"),
)
#: Leads of the campaign that is being worked meanwhile.
WORKED_LEADS = 20_000
CLAIM_EVERY_S = 0.05


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench import", description=__doc__)
    parser.add_argument("--debtors", type=int, default=1_000_000, help="in the file (default 1,000,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--docs", action="store_true", help="write docs/benchmarks/import.md and .json")
    return parser.parse_args(argv)


def write_file(path: Path, debtors: int, seed: int) -> None:
    """The synthetic portfolio as CSV."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(COLUMNS)
        today = date(2026, 11, 1)
        for n in range(debtors):
            write(
                (
                    *(f"R{n:08d}", f"{chance.choice(GIVEN)} {chance.choice(FAMILY)} {chance.choice(FAMILY)}"),
                    *(f"+57{300 + k}{(n * 7919 + k * 104729) % 10_000_000:07d}" for k in range(3)),
                    *(f"Calle {n % 180} # {n % 97}-{n % 89}", "Bogotá", "CO"),
                    *(today - timedelta(days=chance.randrange(4000)), f"{chance.random():.3f}"),
                    *(f"D{n:08d}", "Banco Ficticio", "Tarjeta", f"{chance.lognormvariate(13, 1):.2f}", "COP"),
                    *(today - timedelta(days=chance.randrange(400)), f"A{n % 500_000}"),
                )
            )


async def bench(wanted: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="cadencia-bench-") as folder:
        file = Path(folder) / "cartera.csv"
        say(f"writing a file of {wanted.debtors:,} debtors ...")
        await asyncio.to_thread(write_file, file, wanted.debtors, wanted.seed)
        with tempfile.TemporaryDirectory(prefix="cadencia-bench-data-") as data:
            async with Postgres(Path(data)) as postgres:
                await upgrade(postgres.dsn)
                return await _measure(postgres.dsn, file, wanted.debtors)


async def _measure(dsn: str, file: Path, debtors: int) -> dict[str, Any]:
    size_bytes = await asyncio.to_thread(lambda: file.stat().st_size)
    connection = await connect(dsn)
    group = await ensure_group(connection, "Norte")
    campaign, worked = [
        await create_campaign(connection, name=name, group_id=group, mode=DialMode.PROGRESSIVE)
        for name in ("Cartera", "En curso")
    ]
    await connection.execute("INSERT INTO shard (agent_group_id, fence) VALUES ($1, 1)", group)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "en_curso.csv"
        write_file(small, WORKED_LEADS, seed=2)
        text = small.read_text(encoding="utf-8").replace("\nR", "\nW").replace(",D0", ",X0")
        small.write_text(text, encoding="utf-8")
        await import_leads(dsn, worked, small)
    phases: list[tuple[str, float]] = []
    began = time.monotonic()

    def progress(what: str, done: int, total: int, rows: int) -> None:
        if not phases or phases[-1][0] != what:
            phases.append((what, time.monotonic() - began))
            say(f"{what} at {phases[-1][1]:.1f} s")

    claims: list[float] = []
    claiming = asyncio.create_task(_claim(dsn, worked, group, claims))
    before, ticks, own = processes.usage(), processes.machine_ticks(), _own_cpu_s()
    try:
        report = await import_leads(dsn, campaign, file, ImportOptions(), progress)
    finally:
        claiming.cancel()
        with suppress(asyncio.CancelledError):
            await claiming
    took_s = time.monotonic() - began
    spent, busy = processes.usage().since(before), processes.machine_ticks()
    python_s = _own_cpu_s() - own
    ends = [at for _, at in phases[1:]] + [took_s]
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return {
        "debtors": debtors,
        "file_bytes": size_bytes,
        "took_s": round(took_s, 1),
        "phases_s": {what: round(end - at, 1) for (what, at), end in zip(phases, ends, strict=True)},
        "leads": report.leads,
        "phones": report.phones,
        "debts": report.debts,
        "balanced": all(book.balanced for book in report.books),
        "claims_ms": shares(claims),
        "postgres_cpu_s": spent["postgres"],
        "python_cpu_s": round(python_s, 1),
        "machine_busy": processes.busy_share(ticks, busy),
        "machine_ours": round(
            (spent["postgres"] + python_s) * processes.TICKS_PER_S / (busy[0] - ticks[0]), 3
        ),
        "database_bytes": size,
    }


def _own_cpu_s() -> float:
    """Processor time of this process and of those it started that have ended: who judges the rows."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


async def _claim(dsn: str, campaign: int, group: int, took_ms: list[float]) -> None:
    """Claim and give back, as a hopper does, and note how long each claim took."""
    connection = await connect(dsn, settings=HOT_PATH)
    while True:
        now = datetime.now(UTC)
        began = time.perf_counter()
        found = await leads.claim(
            connection,
            campaign_id=campaign,
            count=20,
            now=now,
            lease_until=now + timedelta(seconds=60),
            shard_id=group,
            fence=1,
        )
        took_ms.append((time.perf_counter() - began) * 1000)
        if not found:
            raise LabError("the campaign that is worked meanwhile has no leads: the claim is not measured")
        await connection.execute(SQL["return_claims"], group, 1)
        await asyncio.sleep(CLAIM_EVERY_S)


def page(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures that matter, in words."""
    figures = found["figures"]
    claims = figures["claims_ms"]
    verdict = "met" if figures["took_s"] <= GOAL_S else "not met"
    return [
        ("debtors, each with three numbers", f"{figures['debtors']:,}"),
        ("file", f"{figures['file_bytes'] / 1e6:,.0f} MB"),
        ("whole import", f"{figures['took_s']} s (goal for 1,000,000: {GOAL_S:.0f} s, {verdict})"),
        *((f"of that {what}", f"{seconds} s") for what, seconds in figures["phases_s"].items()),
        ("numbers written", f"{figures['phones']:,}"),
        ("books balanced", str(figures["balanced"]).lower()),
        (
            f"claims of another campaign meanwhile ({claims['n']})",
            f"median {claims['p50']} ms, p99 {claims['p99']} ms, worst {claims['max']} ms",
        ),
        ("PostgreSQL's processor time, with the claims", f"{figures['postgres_cpu_s']} s"),
        ("processor time of reading and judging", f"{figures['python_cpu_s']} s"),
        ("database afterwards", f"{figures['database_bytes'] / 1e9:.1f} GB"),
        ("machine busy (all that ran on it)", f"{figures['machine_busy']:.0%}"),
        ("of the machine's time this bench got", f"{figures['machine_ours']:.0%}"),
    ]


def main() -> int:
    wanted = arguments(sys.argv[1:])
    preface = __doc__ or ""
    return run(wanted, bench(wanted), page, name="import", title="Importing a portfolio", preface=preface)


if __name__ == "__main__":
    sys.exit(main())
