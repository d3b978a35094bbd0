"""`python -m pacing bench`: run policies over scenarios on common random numbers and print what they
reached."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pacing.measures import Measures, measure
from pacing.policy import create
from pacing.simulator import Simulation, shorten
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


def compare(
    scenarios: Iterable[Scenario], policies: Sequence[str], seeds: int, hours: float | None = None
) -> Iterable[Measures]:
    """Each scenario under each policy, pooled over seeds 1..`seeds`."""
    chosen: list[tuple[str, str, dict[str, Any]]] = []
    for text in policies:
        name, settings = parse_policy(text)
        create(name, **settings)
        chosen.append((text, name, settings))
    for scenario in scenarios:
        played = scenario if hours is None else shorten(scenario, hours)
        for text, name, settings in chosen:
            runs = []
            for seed in range(1, seeds + 1):
                run = Simulation(played, create(name, **settings), seed, time.perf_counter).run()
                run.policy = text
                runs.append(run)
            yield measure(runs)


def row(m: Measures) -> str:
    def percent(rate: float | None) -> str:
        return "-" if rate is None else f"{100 * rate:.2f}"

    return (
        f"{m.scenario:<18}{m.policy:<24}{100 * m.occupancy:>7.1f}{m.talk_min_per_h:>9.1f}{m.idle_s:>8.1f}"
        f"{percent(m.abandonment):>9}{percent(m.worst_day):>7}{percent(m.worst_half_hour):>8}"
        f"{percent(m.worst_rolling):>7}{m.connects_per_h:>8.1f}{m.dials_per_h:>9.0f}"
        f"{m.decision_us or 0:>7.0f}{m.decision_us_p99 or 0:>7.0f}"
    )


def result(measures: Sequence[Measures], seeds: int, hours: float | None) -> dict[str, Any]:
    """The JSON document of a bench."""
    return {
        "schema": RESULT_SCHEMA,
        "seeds": seeds,
        "hours": hours,
        "results": [m.as_dict() for m in measures],
    }
