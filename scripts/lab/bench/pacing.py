"""`scripts/bench pacing`: what the pacing policies reach in simulation, against the law, each other and the optimum.

Everything is simulated on seeded scenarios (`scripts/lab/bench/scenarios`, format `pacing-scenarios/1`); no switch, no
telephone. Parts: gate (every public scenario, target 3 %), strict (the same at 1 %), peers (every other policy as
shipped, and the best fixed ratio and VICIdial of each scenario, looked for with hindsight; and the clairvoyant),
optimum (the memoryless case against its solution), robust (wrong guesses, late events, turns), told (the planned end of
the shift told, rightly and wrongly), cost (time of a decision, memory).
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pacing
from lab.bench import pacing_spending, pacing_told
from lab.bench.pacing_known import KNOWN, KnownRisk
from lab.bench.pacing_pages import show, write_docs
from lab.bench.pacing_peers import Task, search
from lab.bench.pacing_rows import pooled
from lab.bench.tables import DOCS
from lab.cache import say
from pacing.bench import load_scenarios, make
from pacing.bounds import BaseStock, Clairvoyant, Memoryless, frontier
from pacing.measures import measure
from pacing.policy import Policy, create
from pacing.simulator import Run, Simulation, shorten
from pacing.world import Scenario

SCENARIOS = Path(__file__).parent / "scenarios"
PARTS = ("gate", "strict", "peers", "optimum", "robust", "told", "cost")
#: What the search of the peers' settings runs.
SEARCHED = ("peers", "sift")
STRICT_TARGET = 0.01
#: Agents and hours of the memoryless runs.
MEMORYLESS = ((5, 16.0), (10, 16.0), (20, 12.0), (50, 6.0))
#: Outcomes of the world in which 200 agents have some 300 calls in flight (format of the scenarios).
SELDOM_ANSWERED = ((0, 0.075, 0.36, 0.04, 0.03),)
#: Width of a bucket of a run's course, seconds.
BUCKET_S = 600.0


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench pacing", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; all when none")
    parser.add_argument(
        "--seeds", type=int, default=5, help="of the gate (default 5); other parts take at most two"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one seed and 20 minutes of each shift: to see it work"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: the cores)"
    )
    parser.add_argument(
        "--runs", type=Path, metavar="FILE", help="keep each run there; runs it holds are not repeated"
    )
    parser.add_argument("--held", action="store_true", help="run nothing more: report what --runs holds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--docs", action="store_true", help="write docs/benchmarks/pacing.md, .json and charts"
    )
    wanted = parser.parse_args(argv)
    if unknown := set(wanted.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if wanted.seeds < 1 or wanted.jobs < 1:
        parser.error("--seeds and --jobs are at least 1")
    if wanted.held and not wanted.runs:
        parser.error("--held needs --runs FILE")
    if wanted.docs and wanted.quick:
        parser.error("--docs takes full shifts: not --quick")
    wanted.parts = wanted.parts or list(PARTS)
    return wanted


def tasks(parts: Sequence[str], seeds: int, quick: bool) -> list[Task]:
    """The simulations of these parts, in the order they are run; the peers' own depend on each other (`peers`)."""
    public = load_scenarios(SCENARIOS / "pacing_public.json")
    few = range(1, min(seeds, 2) + 1)
    made: list[Task] = []
    if "gate" in parts:
        made += [Task("gate", s, "predictive", seed) for seed in range(1, seeds + 1) for s in public]
    if "robust" in parts:
        robust = load_scenarios(SCENARIOS / "pacing_robust.json")
        made += [Task("robust", s, "predictive", seed) for seed in few for s in robust]
        three = [s for s in robust if s.n_agents == 3]
        made += [Task("robust", s, "progressive", seed) for seed in few for s in three]
    if "told" in parts:
        every = [*public, *load_scenarios(SCENARIOS / "pacing_robust.json")]
        made += pacing_told.tasks(every, range(1, seeds + 1))
    if "optimum" in parts:
        for agents, hours in MEMORYLESS:
            scenario = Memoryless(agents).scenario(hours)
            made += [
                Task("optimum", scenario, name, seed)
                for seed in few
                for name in ("predictive", "base_stock", *KNOWN)
            ]
    if "peers" in parts:
        made += [Task("peers", s, Clairvoyant.name, 1) for s in public]
    if "strict" in parts:
        made += [
            Task("strict", replace(s, target=STRICT_TARGET), "predictive", seed)
            for seed in few
            for s in public
        ]
    return [replace(task, scenario=shorten(task.scenario, 1 / 3)) for task in made] if quick else made


def peers(wanted: argparse.Namespace) -> list[dict[str, Any]]:
    """Play the peers and search their settings: all runs it took."""
    found: list[dict[str, Any]] = []

    def play_some(todo: Sequence[Task]) -> list[dict[str, Any]]:
        if wanted.quick:
            todo = [replace(task, scenario=shorten(task.scenario, 1 / 3)) for task in todo]
        rows = play(todo, wanted.jobs, wanted.runs)
        found.extend(rows)
        return rows

    seeds = [1] if wanted.quick else [1, 2][: wanted.seeds]
    search(play_some, pooled, load_scenarios(SCENARIOS / "pacing_public.json"), seeds)
    return list({(row["part"], row["scenario"], row["policy"], row["seed"]): row for row in found}.values())


def simulate(task: Task) -> dict[str, Any]:
    """Run one task: its measures and its course."""
    policy = _policy(task)
    simulation = Simulation(task.scenario, policy, task.seed, time.perf_counter, task.told_late_h)
    if isinstance(policy, Clairvoyant):
        policy.attend(simulation)
    run = simulation.run()
    run.policy = task.policy
    # Only our own policy's course is drawn.
    drawn = course(run) if task.policy == "predictive" else []
    return measure([run]).as_dict() | {"part": task.part, "seed": task.seed, "course": drawn}


def _policy(task: Task) -> Policy:
    model = Memoryless(task.scenario.n_agents)
    if task.policy in KNOWN:
        return KnownRisk(model, task.scenario.target, KNOWN[task.policy])
    if task.policy != "base_stock":
        return make(task.policy)
    # The last policy of the frontier within the target.
    within = [worth for worth in frontier(model) if worth.abandonment <= task.scenario.target]
    return BaseStock(model, within[-1].stock)


def course(run: Run) -> list[list[float]]:
    """By `BUCKET_S`: [hour, live answers, abandoned, seconds idled before the connects]."""
    buckets: dict[int, list[float]] = {}
    for answer in run.live:
        number = int(answer.at // BUCKET_S)
        bucket = buckets.setdefault(number, [number * BUCKET_S / 3600, 0.0, 0.0, 0.0])
        bucket[1] += 1
        bucket[2] += answer.abandoned
        bucket[3] += answer.idle_s
    return [[round(value, 3) for value in buckets[number]] for number in sorted(buckets)]


def play(todo: Sequence[Task], jobs: int, kept: Path | None) -> list[dict[str, Any]]:
    """Run the tasks that `kept` does not hold yet, and give all results in the order of the tasks."""
    done, code = _held(kept), policy_code()
    missing = [task for task in todo if task.key not in done]
    began = time.perf_counter()
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(simulate, task) for task in missing]
        try:
            for n, (task, future) in enumerate(zip(missing, futures, strict=True), 1):
                row = future.result()
                row |= {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "code": code}
                done[task.key] = row
                if kept:
                    with kept.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"key": task.key, "row": row}) + "\n")
                left = (time.perf_counter() - began) / n * (len(missing) - n)
                say(
                    f"{n}/{len(missing)} {task.key}: {100 * row['occupancy']:.1f} %, about {left / 60:.0f} min left"
                )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [done[task.key] for task in todo]


def policy_code() -> str:
    """A short digest of the pacing sources: runs are kept while these change, and the tables tell them apart."""
    folder = Path(pacing.__file__).parent
    digest = hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:10]


def _held(kept: Path | None) -> dict[str, dict[str, Any]]:
    """The runs a file holds, by their tasks' keys."""
    if kept is None or not kept.exists():
        return {}
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    return {line["key"]: line["row"] for line in lines}


class Stopwatch:
    """Stands before a policy and adds up the processor time of all it is told and asked."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.name, self.spent_s = policy, policy.name, 0.0

    def __getattr__(self, method: str) -> Any:
        inner = getattr(self.policy, method)

        def timed(*args: Any, **more: Any) -> Any:
            began = time.process_time()
            answer = inner(*args, **more)
            self.spent_s += time.process_time() - began
            return answer

        return timed


#: How often the same decisions are timed.
ROUNDS = 5


def cost(quick: bool) -> dict[str, Any]:
    """Time of a decision with 200 agents, a house of 1,000 agents in ten campaigns, memory of a campaign."""
    steady = next(s for s in load_scenarios(SCENARIOS / "pacing_public.json") if s.name == "steady-200")
    # The same where one call in thirteen is answered by a person: some 300 calls in flight at any time.
    seldom = replace(steady, outcome_knots=SELDOM_ANSWERED, trunks_per_agent=12.0)
    hours = 0.1 if quick else 0.5
    house = replace(steady, n_agents=100)
    spent = worked = 0.0
    for seed in range(1, 11):
        watched: Any = Stopwatch(create("predictive"))
        played = shorten(house, 0.02 if quick else 0.1)
        Simulation(played, watched, seed).run()
        spent, worked = spent + watched.spent_s, worked + played.hours
    tracemalloc.start()
    policy = create("predictive")
    Simulation(shorten(steady, 0.1), policy, 1).run()
    state = len(json.dumps(policy.snapshot()))
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": policy_code(),
        "load": os.getloadavg()[0],
        **decisions(shorten(steady, hours)),
        "seldom_answered": decisions(shorten(seldom, hours)),
        "agents": steady.n_agents,
        # Ten campaigns of 100 agents at once, each deciding five times a second.
        "house_core_share": 10 * spent / (worked * 3600),
        "memory_mib": memory / 2**20,
        "snapshot_kib": state / 1024,
    }


def decisions(scenario: Scenario) -> dict[str, Any]:
    """Microseconds of a decision of `predictive` there, and the calls in flight it looked at: the quickest of the
    rounds, and the mean of each. All are the same decisions; what one takes longer is the machine's doing."""
    rounds = [_decisions(scenario) for _ in range(ROUNDS)]
    quickest = min(rounds, key=lambda found: found["decision_us"])
    return {**quickest, "rounds_us": [found["decision_us"] for found in rounds]}


def _decisions(scenario: Scenario) -> dict[str, float]:
    flying: list[int] = []

    class Counting(Stopwatch):
        def decide(self, now: float, snap: Any) -> Any:
            flying.append(snap.in_flight)
            return self.policy.decide(now, snap)

    timed: Any = Counting(create("predictive"))
    # Processor time: what else runs on the machine is not the policy's doing.
    found = measure([Simulation(scenario, timed, 1, time.process_time).run()])
    return {
        "decision_us": found.decision_us or 0.0,
        "decision_us_p99": found.decision_us_p99 or 0.0,
        "in_flight": sum(flying) / len(flying),
    }


def optima() -> dict[str, Any]:
    """The frontiers of the memoryless case."""
    return {
        str(agents): [[p.abandonment, p.occupancy] for p in frontier(Memoryless(agents))]
        for agents, _ in MEMORYLESS
    }


def carry_over(found: dict[str, Any], parts: Sequence[str], published: Path) -> dict[str, Any]:
    """`found`, with what was `published` of the parts that were not asked for: a page loses no part by another."""
    if not published.exists():
        return found
    before = json.loads(published.read_text(encoding="utf-8"))
    anew = {*parts, *(SEARCHED if "peers" in parts else ())}
    kept = [row for row in before["runs"] if row["part"] not in anew]
    whole = {**found, "runs": [*found["runs"], *kept]}
    for key, part in (("frontiers", "optimum"), ("spending", "told"), ("cost", "cost")):
        if part not in parts and key in before:
            whole[key] = before[key]
    return whole


def main(argv: Sequence[str]) -> int:
    wanted = arguments(argv)
    before = os.getloadavg()[0]
    todo = tasks(wanted.parts, 1 if wanted.quick else wanted.seeds, wanted.quick)
    if wanted.held:
        held = _held(wanted.runs)
        todo = [task for task in todo if task.key in held]
        known = {task.key for task in todo}
        searched = [
            row
            for key, row in held.items()
            if "peers" in wanted.parts and row["part"] in SEARCHED and key not in known
        ]
    else:
        searched = peers(wanted) if "peers" in wanted.parts else []
    found: dict[str, Any] = {
        "schema": "pacing-benchmark/1",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": before,
        "runs": [*play(todo, wanted.jobs, wanted.runs), *searched],
    }
    if "optimum" in wanted.parts:
        found["frontiers"] = optima()
    if "told" in wanted.parts:
        found["spending"] = pacing_spending.solved()
    if "cost" in wanted.parts:
        found["cost"] = cost(wanted.quick)
    show(found)
    if wanted.json:
        wanted.json.write_text(json.dumps(found) + "\n", encoding="utf-8")
    if wanted.docs:
        write_docs(carry_over(found, wanted.parts, DOCS / "pacing.json"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
