"""`python -m dialer.forecast`: one forecast asked on stdin, its progress and result as JSON lines on stdout.

In: `{"evidence": ..., "now": knobs, "changed": knobs, "budget_s": seconds}`. Out: `{"kind": "progress", "share": 0.4}`
... and last `{"kind": "result", ...}`. Now and then meet the same people in the same order, run by run, so their
difference is known better than either.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from scipy import stats

from dialer.domain.evidence import Evidence
from dialer.forecast.fit import AGENT_HOURS, fit, make_policy
from pacing.measures import Measures, measure
from pacing.simulator import Simulation

#: Runs of each: no interval with fewer, no better one worth the wait with more.
LEAST_RUNS, MOST_RUNS = 3, 12
CONFIDENCE = 0.95
FIGURES: dict[str, Callable[[Measures], float]] = {
    "occupancy": lambda m: m.occupancy,
    "abandonment": lambda m: m.abandonment,
    "idle_s": lambda m: m.idle_s,
    "talk_min_per_hour": lambda m: m.talk_min_per_h,
    "connects_per_hour": lambda m: m.connects_per_h,
}


def forecast(
    seen: Evidence,
    now: Mapping[str, Any],
    changed: Mapping[str, Any],
    *,
    budget_s: float,
    clock: Callable[[], float],
    tell: Callable[[float], None],
    agent_hours: float = AGENT_HOURS,
) -> dict[str, Any]:
    """Means and intervals of both settings and of their difference; each figure `[mean, low, high]`."""
    began = clock()
    runs: dict[str, list[dict[str, float]]] = {"now": [], "changed": []}
    settings = {"now": now, "changed": changed}
    scenarios = {name: fit(seen, knobs, agent_hours=agent_hours) for name, knobs in settings.items()}
    while len(runs["changed"]) < MOST_RUNS:
        n = len(runs["changed"])
        spent_s = clock() - began
        if n >= LEAST_RUNS and spent_s * (n + 1) / n > budget_s:
            break
        for name, scenario in scenarios.items():
            run = Simulation(scenario, make_policy(settings[name]), seed=n).run()
            measured = measure([run])
            runs[name].append({figure: read(measured) for figure, read in FIGURES.items()})
            by_time = min(1.0, (clock() - began) / budget_s)
            by_runs = (n + (0.5 if name == "now" else 1.0)) / MOST_RUNS
            tell(max(by_runs, min(by_time, n / LEAST_RUNS)))
    return {
        "runs": len(runs["changed"]),
        "hours": scenarios["changed"].hours,
        "now": {f: _interval([run[f] for run in runs["now"]]) for f in FIGURES},
        "changed": {f: _interval([run[f] for run in runs["changed"]]) for f in FIGURES},
        "difference": {
            f: _interval([b[f] - a[f] for a, b in zip(runs["now"], runs["changed"], strict=True)])
            for f in FIGURES
        },
    }


def _interval(values: Sequence[float]) -> list[float]:
    """Mean and the bounds of Student's interval for it."""
    n = len(values)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * spread / math.sqrt(n)
    return [mean, mean - half, mean + half]


def main() -> None:
    asked = orjson.loads(sys.stdin.buffer.read())

    def say(message: Mapping[str, Any]) -> None:
        sys.stdout.buffer.write(orjson.dumps(message) + b"\n")
        sys.stdout.buffer.flush()

    found = forecast(
        Evidence(**asked["evidence"]),
        asked["now"],
        asked["changed"],
        budget_s=asked["budget_s"],
        clock=time.monotonic,
        tell=lambda share: say({"kind": "progress", "share": round(share, 3)}),
    )
    say({"kind": "result", **found})


if __name__ == "__main__":
    main()
