"""`scripts/bench calls`: how many calls a second one dialer process carries, and what a call costs.

SIPp is the telco, a third Asterisk holds the agents' telephones, and everything runs on this one machine: the real
switch, a real PostgreSQL that flushes to disk, the real dialer process. Beside it, in the same run, a bare script sends
the same Originates and only counts.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from dialer.domain.campaign import RecordingNotice
from dialer.domain.errors import DialerError
from dialer.store.database import connect
from lab.bench import processes
from lab.bench.measuring import Bench, Result, Run, measure, measure_bare, seat
from lab.bench.office import ANSWERS_ONLY, FLOOR_MIX, TALKERS, TRUNK, Office
from lab.bench.sipp import Sipp
from lab.bench.tables import show, write_docs
from lab.cache import say
from lab.errors import LabError
from lab.stack import Stack

PARTS = ("sustained", "latency", "curve", "memory")
CURVE = (10, 25, 50, 100)
#: Agents where the answer's latency is not the question: each telephone costs 0.6 % of a core in sound alone. With 60
#: the pace was limited by free agents at times: power mode dials at most 20 calls for each.
FLOOR_AGENTS = 80


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench calls", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; all when none")
    parser.add_argument("--quick", action="store_true", help="a tenth of each part: to see that it works")
    parser.add_argument(
        "--agents", type=int, default=100, help="agents with telephones in the latency part (default 100)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the numbers dialled")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--docs", action="store_true", help="write docs/benchmarks/calls.md and .json from this run"
    )
    parser.add_argument(
        "--profile", metavar="PY-SPY", help="py-spy's path: add where the dialer's time goes at 50 calls/s"
    )
    wanted = parser.parse_args(argv)
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if wanted.docs and (wanted.quick or wanted.parts):
        parser.error("--docs takes a full run: neither --quick nor single parts")
    if not 1 <= wanted.agents <= 200:
        parser.error("--agents takes 1 to 200")
    wanted.parts = wanted.parts or list(PARTS)
    return wanted


async def bench(wanted: argparse.Namespace, results: Result) -> None:
    """Everything that was asked for, part by part, into `results`."""
    scale = 0.1 if wanted.quick else 1.0
    async with AsyncExitStack() as exit_stack:
        folder = Path(tempfile.mkdtemp(prefix="cadencia-bench-"))
        exit_stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # A data folder of its own makes PostgreSQL flush every commit, as in production.
        data = Path(tempfile.mkdtemp(prefix="cadencia-bench-data-"))
        exit_stack.callback(shutil.rmtree, data, ignore_errors=True)
        sipp = await exit_stack.enter_async_context(Sipp(folder))
        stack = await exit_stack.enter_async_context(
            Stack(data_dir=data, trunks=[sipp.trunk(TRUNK)], quiet=False)
        )
        connection = await connect(stack.postgres.dsn)
        exit_stack.push_async_callback(connection.close)
        office = Office(connection)
        accounts = await office.open(wanted.agents)
        say(f"{wanted.agents} telephones ...")
        phones = await exit_stack.enter_async_context(stack.phones())
        await phones.set_accounts(accounts)
        await phones.registered(stack.switch)
        lab = Bench(stack, sipp, office, connection, min(FLOOR_AGENTS, wanted.agents), wanted.profile)
        for part in wanted.parts:
            say(f"{part} ...")
            results[part] = await _PARTS[part](lab, scale, wanted.seed)


async def _sustained(lab: Bench, scale: float, seed: int) -> Result:
    calls = int(6000 * scale)
    bare = Run("bare", 100, calls, FLOOR_MIX, 0, seed)
    # The same telephones are connected during all three.
    await lab.office.set_pace(bare.calls_per_s)
    await seat(lab, lab.floor)
    await lab.stack.stop_product()
    # The trunk's bucket is the most there may be, and a pause is never caught up: somewhat above what is to be
    # sustained.
    run = Run("sustained", 104, calls, FLOOR_MIX, lab.floor, seed)
    return {
        "bare_before": await measure_bare(lab, bare),
        "dialer": await _unprofiled(lab, run),
        "bare_after": await measure_bare(lab, bare),
    }


async def _latency(lab: Bench, scale: float, seed: int) -> Result:
    calls, agents = int(3000 * scale), len(lab.office.agents)
    return {
        "mixed": await _unprofiled(lab, Run("latency-mixed", 50, calls, FLOOR_MIX, agents, seed)),
        "answers_only": await _unprofiled(lab, Run("latency-answers", 50, calls, ANSWERS_ONLY, agents, seed)),
        "recorded": await _unprofiled(
            lab, Run("latency-recorded", 50, calls, TALKERS, agents, seed, RecordingNotice.PLAYED)
        ),
    }


async def _curve(lab: Bench, scale: float, seed: int) -> Result:
    found = {
        str(rate): await _unprofiled(
            lab, Run(f"curve-{rate}", rate, int(rate * 60 * scale), FLOOR_MIX, lab.floor, seed)
        )
        for rate in CURVE
    }
    if lab.profiler is not None:
        run = Run("profile", 50, int(3000 * scale), FLOOR_MIX, lab.floor, seed)
        found["50 with profiler"] = await measure(lab, run)
    return found


async def _memory(lab: Bench, scale: float, seed: int) -> Result:
    run = Run("memory", 100, int(20_000 * scale), FLOOR_MIX, lab.floor, seed)
    return await _unprofiled(lab, run, memory=True)


async def _unprofiled(lab: Bench, run: Run, *, memory: bool = False) -> Result:
    profiler, lab.profiler = lab.profiler, None
    try:
        return await measure(lab, run, memory=memory)
    finally:
        lab.profiler = profiler


_PARTS = {"sustained": _sustained, "latency": _latency, "curve": _curve, "memory": _memory}


def main() -> int:
    wanted = arguments(sys.argv[1:])
    began = datetime.now(UTC)
    results: Result = {}
    failed = False
    try:
        asyncio.run(bench(wanted, results))
    except (LabError, DialerError) as error:
        say(f"{error}; what was measured before that follows")
        failed = True
    except KeyboardInterrupt:
        return 130
    found = {
        "began": began.isoformat(timespec="seconds"),
        "machine": processes.machine(),
        "quick": wanted.quick,
        "agents": wanted.agents,
        "parts": results,
    }
    show(found)
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if failed:
        return 1
    if wanted.docs:
        write_docs(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
