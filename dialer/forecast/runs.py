"""The simulations of a forecast: both settings on the same people, seed by seed, as many as the time allows.

Each begins where the campaign stands: with what its policy has learned and the abandonments it has left. A policy that
the campaign does not have yet learns in a run of its own first. What is counted begins when the simulated floor is at
work and ends before its agents go home, so that a short run is as good as its share of a long one.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from dialer.forecast.fit import make_policy
from dialer.forecast.watched import Counts, Start, Watched
from pacing.simulator import Simulation
from pacing.world import Scenario

FIGURES = ("occupancy", "abandonment", "idle_s", "talk_min_per_hour", "connects_per_hour")
#: Pairs of runs: no interval with fewer, no better one worth the wait with more. The length of a run is chosen so that
#: the first ones are done in about FIRST_S.
LEAST_RUNS, MOST_RUNS = 3, 30
FIRST_S = 3.0
#: Seconds of a run before and after what is counted: the first calls ring, agents go home up to two minutes early.
WARM_UP_S, TAIL_S = 120.0, 130.0
#: Hours counted of each run at least and at most, and the agent hours they make at least.
SHORTEST_H, LONGEST_H, LEAST_AGENT_HOURS = 0.05, 1.0, 1.0
#: Hours of the run by which the machine's speed is judged, and of the one in which a policy learns.
PROBE_H, LEARN_H = 0.1, 0.5

#: What one run came to, by the names of `FIGURES`.
Row = dict[str, float]
SIDES = ("now", "changed")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two settings: its world, its knobs, and where its policy begins."""

    scenario: Scenario
    knobs: Mapping[str, Any]
    start: Start


@dataclass(slots=True)
class Pairs:
    """What the runs came to. `hours`: counted of each."""

    hours: float
    done: dict[str, dict[int, Row]] = field(default_factory=lambda: {side: {} for side in SIDES})

    @property
    def finished(self) -> int:
        return sum(map(len, self.done.values()))

    @property
    def pairs(self) -> int:
        """Seeds that both settings have run."""
        return len(self.done["now"].keys() & self.done["changed"].keys())

    def rows(self, side: str) -> list[Row]:
        """By seed, of the seeds that both settings have run."""
        both = self.done["now"].keys() & self.done["changed"].keys()
        return [self.done[side][seed] for seed in sorted(both)]


def simulate(side: Side, seed: int, hours: float) -> Row:
    """One run, of which `hours` are counted."""
    counts = Counts(WARM_UP_S, WARM_UP_S + 3600 * hours)
    _run(side, seed, counts)
    return counts.figures()


def learn(side: Side, seed: int) -> Start:
    """Where the side's policy stands after a simulated while."""
    return _run(side, seed, Counts(WARM_UP_S, WARM_UP_S + 3600 * LEARN_H)).stands


def _run(side: Side, seed: int, counts: Counts) -> Watched:
    watched = Watched(make_policy(side.knobs), side.start, counts)
    hours = (counts.end_s + TAIL_S) / 3600
    Simulation(replace(side.scenario, hours=hours), watched, seed).run()
    return watched


def run_pairs(
    sides: Mapping[str, Side],
    *,
    budget_s: float,
    clock: Callable[[], float],
    tell: Callable[[float, Pairs], None],
    pool: Executor,
    jobs: int,
) -> Pairs:
    """Run both of `sides` (by the names of `SIDES`) until about `budget_s` seconds are over.

    At least `LEAST_RUNS` of each are made, whatever they take; `tell` hears the share done, and what has come of it.
    `pool` does `jobs` runs at once.
    """
    began = clock()
    ready = {name: _ready(side, pool) for name, side in sides.items()}
    hours = _affordable(ready, clock=clock, pool=pool, jobs=jobs)
    pairs = Pairs(hours)
    paced_from, submitted = clock(), 0
    running: dict[Future[Row], tuple[str, int]] = {}
    told = 0.0
    while True:
        while len(running) < jobs and submitted < MOST_RUNS:
            if submitted >= LEAST_RUNS and not _fits(
                pairs, len(running), paced_from, clock(), began + budget_s
            ):
                break
            for name, side in ready.items():
                running[pool.submit(simulate, side, submitted, hours)] = (name, submitted)
            submitted += 1
        if not running:
            return pairs
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            name, seed = running.pop(future)
            pairs.done[name][seed] = future.result()
        by_runs = pairs.finished / (2 * MOST_RUNS)
        by_time = min((clock() - began) / budget_s, pairs.finished / (2 * LEAST_RUNS), 1.0)
        told = max(told, by_runs, by_time)
        tell(told, pairs)


def _ready(side: Side, pool: Executor) -> Side:
    """The side with a policy that has learned."""
    if side.start.state is not None:
        return side
    return replace(side, start=pool.submit(learn, side, MOST_RUNS).result())


def _fits(pairs: Pairs, running: int, since: float, now: float, until: float) -> bool:
    """Would one pair more be done in time, at the pace so far?"""
    if not pairs.finished:
        return False
    return now + (running + len(SIDES)) * (now - since) / pairs.finished <= until


def _affordable(sides: Mapping[str, Side], *, clock: Callable[[], float], pool: Executor, jobs: int) -> float:
    """Hours to count of each run, so that the first pairs take `FIRST_S`."""
    began = clock()
    for probed in [pool.submit(simulate, side, MOST_RUNS, PROBE_H) for side in sides.values()]:
        probed.result()
    pair_s = clock() - began
    around_h = (WARM_UP_S + TAIL_S) / 3600
    agents = min(side.scenario.n_agents for side in sides.values())
    shortest = min(LONGEST_H, max(SHORTEST_H, LEAST_AGENT_HOURS / agents))
    if pair_s <= 0:
        return LONGEST_H
    per_hour_s = pair_s / (PROBE_H + around_h)
    at_once = max(1, jobs // len(SIDES))
    hours = FIRST_S * at_once / LEAST_RUNS / per_hour_s - around_h
    return math.ceil(100 * min(LONGEST_H, max(shortest, hours))) / 100


P = ParamSpec("P")
T = TypeVar("T")


class Here(Executor):
    """Does what is submitted at once, in this process: where one job runs at a time a second process would only cost
    its start."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # whoever asks for the result is told
            future.set_exception(error)
        return future


def open_pool(jobs: int) -> Executor:
    """So many runs at once; processes end with this one however it ends."""
    # One thread each: the matrices are small, and the cores are taken by the other runs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if jobs == 1:
        return Here()
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
