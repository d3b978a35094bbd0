"""`python -m dialer.forecast`: one forecast asked on stdin, its progress and results as JSON lines on stdout.

In: `{"evidence": ..., "now": knobs, "changed": knobs, "kept": {key: snapshot}, "clock_s": ..., "budget_s": ...}`, times
in seconds. Out: `{"kind": "progress", "share": 0.4}` ..., then `{"kind": "result", "share": 0.5, ...}` with the first
runs, and again with each one more, until `share` is 1. Now and then meet the same people in the same order, run by run,
so their difference is known better than either. The runs are spread over all cores but one.
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

from dialer.domain.campaign import DialMode
from dialer.domain.evidence import Evidence
from dialer.forecast.fit import fit, make_policy
from dialer.forecast.runs import FIGURES, LEAST_RUNS, Pairs, Side, open_pool, run_pairs
from dialer.forecast.watched import Start
from dialer.modes import key_of
from pacing.counting import STATE_SCHEMA
from pacing.policy import State

CONFIDENCE = 0.95
#: Cores taken at most; one is left to the telephones where there are several.
MOST_JOBS = 4


def sides_of(asked: Mapping[str, Any]) -> dict[str, Side]:
    """Both settings in the world that was seen, each where the campaign's policy stands if it is of the same kind."""
    seen, clock_s = Evidence(**asked["evidence"]), float(asked["clock_s"])
    kept = _kept(asked["kept"], asked["now"]) or {}

    def start_of(knobs: Mapping[str, Any]) -> Start:
        fits = kept.get("policy") == make_policy(knobs).name and kept.get("schema") == STATE_SCHEMA
        return Start(clock_s, kept if fits else None)

    return {
        name: Side(fit(seen, asked[name]), asked[name], start_of(asked[name])) for name in ("now", "changed")
    }


def _kept(kept: Mapping[str, State], knobs: Mapping[str, Any]) -> State | None:
    """The snapshot of the policy that these knobs ask for."""
    return kept.get(
        key_of(
            make_policy(knobs).name,
            ratio=knobs["ratio"] if knobs["mode"] == DialMode.POWER else None,
            abandon_cap=knobs["abandon_cap"],
            ring_timeout_s=knobs["ring_timeout_s"],
            connect_limit_s=knobs["connect_limit_s"],
            screened=knobs["screened"],
        )
    )


def forecast(
    sides: Mapping[str, Side],
    *,
    budget_s: float,
    clock: Callable[[], float],
    say: Callable[[Mapping[str, Any]], None],
    pool: Executor,
    jobs: int,
) -> dict[str, Any]:
    """Means and intervals of both settings and of their difference; each figure `[mean, low, high]`.

    `say` hears of progress, and the result so far as soon as there is one.
    """

    def tell(share: float, pairs: Pairs) -> None:
        share = round(min(share, 0.999), 3)
        if pairs.pairs >= LEAST_RUNS:
            say({"kind": "result", "share": share, **figures_of(pairs)})
        else:
            say({"kind": "progress", "share": share})

    pairs = run_pairs(sides, budget_s=budget_s, clock=clock, tell=tell, pool=pool, jobs=jobs)
    return {"kind": "result", "share": 1.0, **figures_of(pairs)}


def figures_of(pairs: Pairs) -> dict[str, Any]:
    """What the runs say."""
    runs = {side: pairs.rows(side) for side in ("now", "changed")}
    return {
        "runs": pairs.pairs,
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
            sides_of(asked),
            budget_s=asked["budget_s"] - (time.monotonic() - began),
            clock=time.monotonic,
            say=say,
            pool=pool,
            jobs=jobs,
        )
    say(found)


if __name__ == "__main__":
    main()
