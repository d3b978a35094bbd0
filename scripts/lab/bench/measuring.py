"""One measured run: a campaign of so many numbers through the real dialer process, or through the bare script."""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import numpy

from dialer.domain.campaign import RecordingNotice
from lab.bench import processes
from lab.bench.observer import LogFollower, Observer
from lab.bench.office import RING_TIMEOUT_S, TRUNK, Office, expected_outcomes, numbers
from lab.bench.sipp import Sipp
from lab.cache import say
from lab.errors import LabError
from lab.stack import ROOT, Stack

Result = dict[str, Any]
#: After the last number was dialled: ring, talk, and what the log still has to write.
LAST_CALLS_S = 60.0
SAMPLE_EVERY_S = 1.0
#: Layer -> where its code lies, and the libraries it works through.
LAYERS = {
    "deciding (engine, pacing, law, carriers)": (
        "dialer/engine/",
        "dialer/carriers",
        "dialer/compliance/",
        "dialer/domain/",
        "pacing/",
    ),
    "switch (AMI, translation)": ("dialer/asterisk/",),
    "log (batches, PostgreSQL)": ("dialer/store/",),
    "MQTT mirror": ("dialer/mqtt", "aiomqtt/", "paho/"),
    "shard (the loop around the engine)": ("dialer/shard",),
}
#: How long the waiting office is watched before each run.
IDLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Run:
    """What is dialled, and how fast."""

    name: str
    calls_per_s: float
    calls: int
    mix: Mapping[str, int]
    agents: int
    seed: int = 1
    notice: RecordingNotice = RecordingNotice.SPOKEN


@dataclass(slots=True)
class Bench:
    """The laboratory that all runs share."""

    stack: Stack
    sipp: Sipp
    office: Office
    connection: "asyncpg.Connection[Any]"
    #: Agents in the runs that are not about their latency.
    floor: int
    profiler: str | None = None

    def observer(self) -> Observer:
        switch = self.stack.switch
        return Observer(switch.ami_port, switch.ami_user, switch.ami_secret)


async def seat(bench: Bench, agents: int) -> None:
    """Start the dialer, and have so many agents ready. Their telephones stay connected when it stops."""
    await bench.stack.start_dialer()
    await bench.office.attended()
    await bench.office.seat(agents)


async def measure(bench: Bench, run: Run, *, memory: bool = False) -> Result:
    """Dial the run's numbers once each through a dialer process of its own, and draw the balance."""
    phones = numbers(run.calls, run.mix, run.seed)
    await bench.office.set_pace(run.calls_per_s)
    campaign = await bench.office.add_campaign(run.name, phones, notice=run.notice)
    try:
        await seat(bench, run.agents)
        idle = await _idle()
        async with bench.observer() as observer, LogFollower(bench.stack.postgres.dsn) as log:
            invites, load = (await bench.sipp.quiet(LAST_CALLS_S)).invites, os.getloadavg()[0]
            before, ticks = processes.usage(), processes.machine_ticks()
            began = time.monotonic()
            profile = await _profile(bench, run)
            await bench.office.start(campaign)
            samples = await _until_ended(bench, campaign, run)
            took_s = time.monotonic() - began
            spent, busy = processes.usage().since(before), processes.machine_ticks()
            telco = await bench.sipp.quiet(LAST_CALLS_S)
            await bench.office.stop(campaign)
            found = await _balance(bench, campaign)
            found["event_lag_ms"] = spread(await log.lags_ms(bench.connection, campaign))
    finally:
        await bench.stack.stop_product()
    seen = observer.read()
    planned = found.pop("planned_at")
    shown = [(seen.created[call] - at) * 1000 for call, at in planned.items() if call in seen.created]
    result = {
        "run": run.name,
        "asked": {"calls_per_s": run.calls_per_s, "calls": run.calls, "mix": dict(run.mix)},
        "agents": run.agents,
        "load_average_before": round(load, 2),
        "machine_busy": processes.busy_share(ticks, busy),
        "took_s": round(took_s, 1),
        **found,
        "telco": {
            "invites": telco.invites - invites,
            "failed": telco.failed,
            "retransmissions": telco.retransmissions,
            "never_ended": telco.open,
        },
        "hangups_seen": len(seen.hung_up & planned.keys()),
        "events": dict(sorted(seen.events.items())),
        "events_per_call": round(sum(seen.events.values()) / max(1, len(planned)), 2),
        "cpu_ms_per_attempt": {
            role: round(cpu_s * 1000 / max(1, found["attempts"]), 2) for role, cpu_s in spent.items()
        },
        # What the same processes use of a core with the agents waiting and nothing dialled.
        "idle_cores": idle,
        "planned_to_switch_ms": spread(shown),
        "answer_to_bridge_observed_ms": spread(seen.bridge_ms()),
    }
    result["lost"] = _lost(result)
    if memory:
        result["memory"] = flatness(samples)
    if profile is not None:
        result["profile"] = await _read_profile(profile)
    return result


async def measure_bare(bench: Bench, run: Run) -> Result:
    """The same numbers by the script that only sends and counts."""
    phones = numbers(run.calls, run.mix, run.seed)
    switch = bench.stack.switch
    wanted = {
        "port": switch.ami_port,
        "user": switch.ami_user,
        "secret": switch.ami_secret,
        "trunk": TRUNK,
        "rate": run.calls_per_s,
        "ring_timeout_ms": RING_TIMEOUT_S * 1000,
        "numbers": [number.removeprefix("+") for number in phones],
    }
    invites = (await bench.sipp.quiet(LAST_CALLS_S)).invites
    before, ticks, load = processes.usage(), processes.machine_ticks(), os.getloadavg()[0]
    async with bench.observer() as observer:
        script = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "lab.bench.bare",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
        )
        try:
            output, _ = await script.communicate(json.dumps(wanted).encode())
        except BaseException:
            script.kill()
            raise
        if script.returncode != 0:
            raise LabError("the bare script failed; what it said is above")
        spent, busy = processes.usage().since(before), processes.machine_ticks()
        telco = await bench.sipp.quiet(LAST_CALLS_S)
        seen = observer.read()
    counted = json.loads(output)
    cpu = {role: round(cpu_s * 1000 / run.calls, 2) for role, cpu_s in spent.items()}
    return {
        "run": run.name,
        "asked": {"calls_per_s": run.calls_per_s, "calls": run.calls, "mix": dict(run.mix)},
        "load_average_before": round(load, 2),
        "machine_busy": processes.busy_share(ticks, busy),
        **counted,
        "telco": {"invites": telco.invites - invites, "failed": telco.failed},
        "hangups_seen": len(seen.hung_up),
        "events_per_call": round(sum(seen.events.values()) / run.calls, 2),
        "cpu_ms_per_attempt": {**cpu, "bare": counted["cpu_ms_per_call"]},
    }


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Count, median, tail and worst of a measure."""
    if not values:
        return {"n": 0, "p50": None, "p95": None, "p99": None, "max": None}
    p50, p95, p99 = (round(float(v), 2) for v in numpy.percentile(values, (50, 95, 99)))
    return {"n": len(values), "p50": p50, "p95": p95, "p99": p99, "max": round(max(values), 2)}


def flatness(samples: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Whether memory grew with the attempts, by least squares over (attempts ended, resident bytes).

    The first quarter is left out: pools and caches fill in it.
    """
    total = samples[-1][0]
    steady = [(n, size) for n, size in samples if total / 4 <= n < total]
    n, size = numpy.array(steady, dtype=float).T
    slope, base = numpy.polyfit(n, size, 1)
    quarters = [next(size for n, size in samples if n >= total * part / 4) for part in (0, 1, 2, 3, 4)]
    return {
        "attempts": total,
        "mib_at_quarters": [round(size / 2**20, 2) for size in quarters],
        "bytes_per_attempt": round(float(slope), 1),
        "noise_mib": round(float(numpy.std(size - (slope * n + base))) / 2**20, 3),
    }


async def _idle() -> dict[str, float]:
    before = processes.usage()
    await asyncio.sleep(IDLE_S)
    return {role: round(cpu_s / IDLE_S, 3) for role, cpu_s in processes.usage().since(before).items()}


async def _until_ended(bench: Bench, campaign: int, run: Run) -> list[tuple[int, int]]:
    """Wait until every number was dialled and every attempt has ended; samples of (ended, dialer's memory)."""
    deadline = time.monotonic() + run.calls / run.calls_per_s * 1.5 + LAST_CALLS_S
    samples, told = [], time.monotonic()
    while True:
        ended = await bench.connection.fetchval(
            "SELECT count(*) FROM lead WHERE campaign_id = $1 AND last_n > 0 AND state <> 'in_attempt'",
            campaign,
        )
        if not (bench.stack.dialer and bench.stack.dialer.running):
            raise LabError(f"the dialer ended by itself; its log:\n{bench.stack.logs('dialer')[-4000:]}")
        samples.append((ended, processes.resident_bytes("dialer")))
        if ended >= run.calls:
            return samples
        if time.monotonic() > deadline:
            if not ended:
                raise LabError(
                    f"nothing was dialled; the dialer's log:\n{bench.stack.logs('dialer')[-4000:]}"
                )
            return samples  # the balance says what is missing
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"  {run.name}: {ended} of {run.calls} attempts have ended")
        await asyncio.sleep(SAMPLE_EVERY_S)


async def _balance(bench: Bench, campaign: int) -> Result:
    """What the product's own tables say of a campaign."""
    rows = await bench.connection.fetch(
        "SELECT id, number, outcome, q850, sip_status, connect_ms, ended_at IS NOT NULL AS ended,"
        " extract(epoch FROM planned_at)::float8 AS planned_at FROM attempt WHERE campaign_id = $1 ORDER BY id",
        campaign,
    )
    planned = {row["id"]: row["planned_at"] for row in rows}
    wrong = [row for row in rows if row["outcome"] not in expected_outcomes(row["number"])]
    times = sorted(planned.values())
    seconds = Counter(int(at - times[0]) for at in times)
    full = [seconds[n] for n in range(max(seconds, default=0))]
    return {
        "attempts": len(rows),
        "recordings": await bench.connection.fetchval(
            "SELECT count(*) FROM recording JOIN attempt ON attempt.id = attempt_id WHERE campaign_id = $1",
            campaign,
        ),
        "attempts_ended": sum(row["ended"] for row in rows),
        "originates_per_s": round((len(times) - 1) / (times[-1] - times[0]), 2) if len(times) > 1 else 0.0,
        "slowest_second": min(full, default=0),
        "outcomes": dict(sorted(Counter(row["outcome"] or "none" for row in rows).items())),
        "outcomes_wrong": len(wrong),
        "wrong_examples": [
            f"...{row['number'][-2:]}: {row['outcome']}, cause {row['q850']}, SIP {row['sip_status']}"
            for row in wrong[:10]
        ],
        "answer_to_bridge_ms": spread([row["connect_ms"] for row in rows if row["connect_ms"] is not None]),
        "planned_at": planned,
    }


def _lost(result: Result) -> dict[str, int]:
    """Where the four books differ: our tables, the telco, the second pair of eyes, the scripted outcomes."""
    attempts = result["attempts"]
    return {
        "not_dialled": result["asked"]["calls"] - attempts,
        "not_ended": attempts - result["attempts_ended"],
        "invites_missing": attempts - result["telco"]["invites"],
        "hangups_missing": attempts - result["hangups_seen"],
        "ends_missing": result["telco"]["never_ended"],
        "outcomes_wrong": result["outcomes_wrong"],
    }


async def _profile(bench: Bench, run: Run) -> tuple[asyncio.subprocess.Process, str] | None:
    """A sampling profiler beside the dialer, in the middle half of the run."""
    if bench.profiler is None:
        return None
    target = str(bench.stack.folder / f"{run.name}.profile")
    seconds = max(1, int(run.calls / run.calls_per_s / 2))
    command = [bench.profiler, "record", "--pid", str(processes.pid_of("dialer")), "--rate", "200"]
    command += ["--duration", str(seconds), "--format", "raw", "--output", target]
    await asyncio.sleep(0)
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'sleep {seconds / 2} && exec "$@"', "sh", *command,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return process, target


async def _read_profile(profile: tuple[asyncio.subprocess.Process, str]) -> dict[str, Any]:
    """Shares of the samples: by the layer they were in, and by the function at work."""
    process, target = profile
    await process.wait()
    own: Counter[str] = Counter()
    layers: Counter[str] = Counter()
    total = 0
    for line in (await asyncio.to_thread(Path(target).read_text, "utf-8")).splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame.rsplit(":", 1)[0] for frame in stack.split(";")]
        if any(frame.startswith("_worker ") for frame in frames):
            continue  # a thread of a pool that waits
        total += int(count)
        own[frames[-1]] += int(count)
        layers[_layer(frames)] += int(count)

    def shares(counted: Counter[str], most: int) -> dict[str, float]:
        return {name: round(100 * n / total, 1) for name, n in counted.most_common(most)}

    return {"samples": total, "layers_percent": shares(layers, 20), "own_percent": shares(own, 25)}


def _layer(frames: Sequence[str]) -> str:
    """The innermost of our layers on a stack; `name (path` is a frame."""
    for frame in reversed(frames):
        path = frame.rpartition("(")[2]
        for layer, starts in LAYERS.items():
            if path.startswith(starts):
                return layer
    return "event loop and kernel (uvloop, sockets)"
