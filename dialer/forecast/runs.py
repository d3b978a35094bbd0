"""The simulations of a forecast: both settings on the same people, seed by seed, as many as the time allows."""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from dialer.forecast.fit import SHORTEST_H, make_policy
from pacing.measures import Measures, measure
from pacing.simulator import Simulation
from pacing.world import Scenario

FIGURES: dict[str, Callable[[Measures], float]] = {
    "occupancy": lambda m: m.occupancy,
    "abandonment": lambda m: m.abandonment,
    "idle_s": lambda m: m.idle_s,
    "talk_min_per_hour": lambda m: m.talk_min_per_h,
    "connects_per_hour": lambda m: m.connects_per_h,
}
#: Pairs of runs: no interval with fewer, no better one worth the wait with more. The length of a run is chosen so that
#: `AIM_RUNS` fit: a few long runs leave Student's interval wide, many short ones learn their hazards again and again.
LEAST_RUNS, AIM_RUNS, MOST_RUNS = 3, 6, 16
#: Shortest run however slow the machine is, by agent hours and by hours: shorter ones are mostly a shift's beginning.
LEAST_AGENT_HOURS, LEAST_HOURS = 2.0, 0.25
#: Hours of the runs by which the machine's speed is judged (agents go home up to two minutes before the end).
PROBE_H = 0.05
#: Part of the time planned for: the runs' lengths differ.
PLANNED = 0.85

#: What one run came to, by the names of `FIGURES`.
Row = dict[str, float]
SIDES = ("now", "changed")


@dataclass(slots=True)
class Pairs:
    """What the runs came to. `hours`: the length of each."""

    hours: float
    done: dict[str, dict[int, Row]] = field(default_factory=lambda: {side: {} for side in SIDES})

    @property
    def finished(self) -> int:
        return sum(map(len, self.done.values()))

    def rows(self, side: str) -> list[Row]:
        """By seed, of the seeds that both settings have run."""
        both = self.done["now"].keys() & self.done["changed"].keys()
        return [self.done[side][seed] for seed in sorted(both)]


def simulate(scenario: Scenario, knobs: Mapping[str, Any], seed: int) -> Row:
    """One run under the policy that these knobs ask for."""
    measured = measure([Simulation(scenario, make_policy(knobs), seed).run()])
    return {figure: read(measured) for figure, read in FIGURES.items()}


def run_pairs(
    scenarios: Mapping[str, tuple[Scenario, Mapping[str, Any]]],
    *,
    budget_s: float,
    clock: Callable[[], float],
    tell: Callable[[float], None],
    pool: Executor,
    jobs: int,
) -> Pairs:
    """Run both sides of `scenarios` (`SIDES`: scenario, knobs) until about `budget_s` seconds are over.

    At least `LEAST_RUNS` of each are made, whatever they take; `tell` hears the share done. `pool` does `jobs` runs
    at once.
    """
    began = clock()
    hours = _affordable(scenarios, budget_s=budget_s, clock=clock, pool=pool, jobs=jobs)
    pairs = Pairs(hours)
    played = {side: (replace(scenario, hours=hours), knobs) for side, (scenario, knobs) in scenarios.items()}
    ready, submitted = clock(), 0
    running: dict[Future[Row], tuple[str, int]] = {}
    told = 0.0
    while True:
        while len(running) < jobs and submitted < MOST_RUNS:
            if submitted >= LEAST_RUNS and not _fits(pairs, len(running), ready, clock(), began + budget_s):
                break
            for side, (scenario, knobs) in played.items():
                running[pool.submit(simulate, scenario, knobs, submitted)] = (side, submitted)
            submitted += 1
        if not running:
            return pairs
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            side, seed = running.pop(future)
            pairs.done[side][seed] = future.result()
        by_runs = pairs.finished / (2 * MOST_RUNS)
        by_time = min((clock() - began) / budget_s, pairs.finished / (2 * LEAST_RUNS), 1.0)
        told = max(told, by_runs, by_time)
        tell(told)


def _fits(pairs: Pairs, running: int, ready: float, now: float, until: float) -> bool:
    """Would one pair more be done in time, at the pace so far?"""
    if not pairs.finished:
        return False
    return now + (running + len(SIDES)) * (now - ready) / pairs.finished <= until


def _affordable(
    scenarios: Mapping[str, tuple[Scenario, Mapping[str, Any]]],
    *,
    budget_s: float,
    clock: Callable[[], float],
    pool: Executor,
    jobs: int,
) -> float:
    """Hours of a run so that `AIM_RUNS` pairs fit into what is left of the time; never more than the scenario's."""
    began = ready = clock()
    probes = [(replace(scenario, hours=PROBE_H), knobs) for scenario, knobs in scenarios.values()]
    for seed in (MOST_RUNS, MOST_RUNS + 1):  # the first pair starts the processes and fills their tables
        ready = clock()
        for probed in [pool.submit(simulate, scenario, knobs, seed) for scenario, knobs in probes]:
            probed.result()
    pair_s = clock() - ready
    longest, agents = min((s.hours, s.n_agents) for s, _ in scenarios.values())
    shortest = min(longest, max(SHORTEST_H, min(LEAST_HOURS, LEAST_AGENT_HOURS / agents)))
    if pair_s <= 0:
        return longest
    pairs_at_once = max(1, jobs // len(SIDES))
    left_s = max(0.0, PLANNED * budget_s - (clock() - began))
    hours = PROBE_H * left_s * pairs_at_once / (AIM_RUNS * pair_s)
    return math.floor(100 * min(longest, max(shortest, hours))) / 100 or shortest


def open_pool(jobs: int) -> ProcessPoolExecutor:
    """So many processes, which end with this one however it ends."""
    # One thread each: the matrices are small, and the cores are taken by the other runs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Of a pool's process: nobody else tells it that its parent was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
