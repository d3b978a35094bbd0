"""`python -m dialer.forecast`: one forecast asked on stdin, its progress and result as JSON lines on stdout.

In: `{"evidence": ..., "now": knobs, "changed": knobs, "budget_s": seconds}`. Out: `{"kind": "progress", "share": 0.4}`
... and last `{"kind": "result", ...}`. Now and then meet the same people in the same order, run by run, so their
difference is known better than either. The runs are spread over all cores but one.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import orjson
from scipy.special import stdtrit

from dialer.domain.evidence import Evidence
from dialer.forecast.fit import AGENT_HOURS, fit
from dialer.forecast.runs import FIGURES, open_pool, run_pairs

CONFIDENCE = 0.95
#: Cores taken at most; one is left to the telephones where there are several.
MOST_JOBS = 4


def forecast(
    seen: Evidence,
    now: Mapping[str, Any],
    changed: Mapping[str, Any],
    *,
    budget_s: float,
    clock: Callable[[], float],
    tell: Callable[[float], None],
    pool: Executor,
    jobs: int,
    agent_hours: float = AGENT_HOURS,
) -> dict[str, Any]:
    """Means and intervals of both settings and of their difference; each figure `[mean, low, high]`."""
    scenarios = {
        side: (fit(seen, knobs, agent_hours=agent_hours), knobs)
        for side, knobs in (("now", now), ("changed", changed))
    }
    pairs = run_pairs(scenarios, budget_s=budget_s, clock=clock, tell=tell, pool=pool, jobs=jobs)
    runs = {side: pairs.rows(side) for side in scenarios}
    return {
        "runs": len(runs["changed"]),
        "hours": pairs.hours,
        "now": {f: interval([run[f] for run in runs["now"]]) for f in FIGURES},
        "changed": {f: interval([run[f] for run in runs["changed"]]) for f in FIGURES},
        "difference": {
            f: interval([b[f] - a[f] for a, b in zip(runs["now"], runs["changed"], strict=True)])
            for f in FIGURES
        },
    }


def interval(values: Sequence[float]) -> list[float]:
    """Mean and the bounds of Student's interval for it."""
    n = len(values)
    mean = math.fsum(values) / n
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * spread / math.sqrt(n)
    return [mean, mean - half, mean + half]


def main() -> None:
    began = time.monotonic()
    asked = orjson.loads(sys.stdin.buffer.read())
    jobs = max(1, min(MOST_JOBS, (os.cpu_count() or 1) - 1))

    def say(message: Mapping[str, Any]) -> None:
        sys.stdout.buffer.write(orjson.dumps(message) + b"\n")
        sys.stdout.buffer.flush()

    with open_pool(jobs) as pool:
        found = forecast(
            Evidence(**asked["evidence"]),
            asked["now"],
            asked["changed"],
            budget_s=asked["budget_s"] - (time.monotonic() - began),
            clock=time.monotonic,
            tell=lambda share: say({"kind": "progress", "share": round(share, 3)}),
            pool=pool,
            jobs=jobs,
        )
    say({"kind": "result", **found})


if __name__ == "__main__":
    main()
