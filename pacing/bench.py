"""`python -m pacing bench`: run policies over scenarios on common random numbers and print what they
reached."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pacing.bounds import Clairvoyant
from pacing.measures import Measures, measure
from pacing.policy import Policy, create
from pacing.simulator import Run, Simulation, shorten
from pacing.world import Scenario, read_scenarios

RESULT_SCHEMA = "pacing-bench/1"

COLUMNS = (
    f"{'scenario':<18}{'policy':<24}{'occ %':>7}{'talk m/h':>9}{'idle s':>8}{'aband %':>9}{'day':>7}"
    f"{'30 min':>8}{'r500':>7}{'con/ah':>8}{'dial/ah':>9}{'us':>7}{'p99':>7}"
)


def load_scenarios(path: Path, only: Sequence[str] = ()) -> list[Scenario]:
    """The file's scenarios, or those named; ValueError says what is wrong with it."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    scenarios = read_scenarios(document)
    missing = sorted(set(only) - {scenario.name for scenario in scenarios})
    if missing:
        there = ", ".join(scenario.name for scenario in scenarios)
        raise ValueError(f"{path} has no scenario {', '.join(missing)}: it has {there}")
    return [scenario for scenario in scenarios if not only or scenario.name in only]


def parse_policy(text: str) -> tuple[str, dict[str, Any]]:
    """`name` or `name:setting=value:setting=value`; values are JSON, or else taken as words."""
    name, *rest = text.split(":")
    settings: dict[str, Any] = {}
    for part in rest:
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: write settings as name:setting=value")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError:
            settings[key] = value
    return name, settings


@dataclass(frozen=True, slots=True)
class Job:
    """One simulation to run: plain values, so that another process can."""

    scenario: Scenario
    #: As written on the command line, with settings.
    policy: str
    seed: int
    #: Told is when the shift ends, so many hours later than it does; None: it is not (`Simulation`).
    told_late_h: float | None = None


def simulate(job: Job) -> Run:
    """Run one simulation, timing its decisions."""
    policy = make(job.policy)
    simulation = Simulation(job.scenario, policy, job.seed, time.perf_counter, job.told_late_h)
    if isinstance(policy, Clairvoyant):
        policy.attend(simulation)
    run = simulation.run()
    run.policy = job.policy
    return run


def make(text: str) -> Policy:
    """A policy by name and settings, or the clairvoyant; ValueError for another."""
    name, settings = parse_policy(text)
    if name == Clairvoyant.name and not settings:
        return Clairvoyant()
    return create(name, **settings)


def compare(
    scenarios: Iterable[Scenario],
    policies: Sequence[str],
    seeds: int,
    hours: float | None = None,
    jobs: int = 1,
    told: Callable[[str], None] = lambda line: None,
    told_late_h: float | None = None,
) -> Iterator[Measures]:
    """Each scenario under each policy, pooled over seeds 1..`seeds`, in `jobs` processes. `told` hears a line
    of progress with each run that ends. With `told_late_h` the policies know when the shift ends (`Simulation`)."""
    for text in policies:
        make(text)
    played = [scenario if hours is None else shorten(scenario, hours) for scenario in scenarios]
    groups = [
        [Job(scenario, text, seed, told_late_h) for seed in range(1, seeds + 1)]
        for scenario in played
        for text in policies
    ]
    done, began, of = 0, time.perf_counter(), sum(len(group) for group in groups)

    def one(run: Run) -> Run:
        nonlocal done
        done += 1
        left = (time.perf_counter() - began) / done * (of - done)
        told(f"{done}/{of} runs, {run.scenario.name} {run.policy} seed {run.seed}, about {left:.0f} s left")
        return run

    if jobs <= 1:
        for group in groups:
            yield measure([one(simulate(job)) for job in group])
        return
    # Fresh processes, not copies of this one with whatever threads it has.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = [[pool.submit(simulate, job) for job in group] for group in groups]
        try:
            for futures in running:
                yield measure([one(future.result()) for future in futures])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def row(m: Measures) -> str:
    def percent(rate: float | None) -> str:
        return "-" if rate is None else f"{100 * rate:.2f}"

    return (
        f"{m.scenario:<18}{m.policy:<24}{100 * m.occupancy:>7.1f}{m.talk_min_per_h:>9.1f}{m.idle_s:>8.1f}"
        f"{percent(m.abandonment):>9}{percent(m.worst_day):>7}{percent(m.worst_half_hour):>8}"
        f"{percent(m.worst_rolling):>7}{m.connects_per_h:>8.1f}{m.dials_per_h:>9.0f}"
        f"{m.decision_us or 0:>7.0f}{m.decision_us_p99 or 0:>7.0f}"
    )


def result(
    measures: Sequence[Measures], seeds: int, hours: float | None, told_late_h: float | None = None
) -> dict[str, Any]:
    """The JSON document of a bench."""
    return {
        "schema": RESULT_SCHEMA,
        "seeds": seeds,
        "hours": hours,
        "told_late_h": told_late_h,
        "results": [m.as_dict() for m in measures],
    }
