"""Figures of simulated runs, computed from their records (`simulator.Run`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pacing.policy import AgentState
from pacing.simulator import DAY_S, Run

HALF_HOUR_S = 1800.0
#: The rolling windows of live answers reported, and the count from which a running rate means something.
ROLLING_ANSWERS = 500
RUNNING_FROM = 200
#: A day or half hour with fewer live answers than this is not judged: one abandonment would be over any
#: target.
DAY_LEAST, HALF_HOUR_LEAST = 300, 30


@dataclass(frozen=True, slots=True)
class Measures:
    """One run, or several pooled. Rates are shares in [0, 1]; None where there is too little to judge."""

    scenario: str
    policy: str
    seeds: int
    agents: int
    #: (talk + wrap-up) / (that + idle).
    occupancy: float
    talk_min_per_h: float
    idle_s: float
    live: int
    abandoned: int
    abandonment: float
    worst_day: float | None
    worst_half_hour: float | None
    worst_running: float | None
    worst_rolling: float | None
    connects_per_h: float
    dials_per_h: float
    cancelled: int
    refused: int
    unattended: int
    decisions: int
    decision_us: float | None
    decision_us_p99: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(runs: Sequence[Run]) -> Measures:
    """Pool the runs of one scenario and policy over their seeds; worst figures are the worst of any run."""
    spent = {state: sum(run.spent[state] for run in runs) for state in AgentState}
    busy = spent[AgentState.TALK] + spent[AgentState.WRAP]
    staffed_s = busy + spent[AgentState.READY]
    staffed_h = staffed_s / 3600
    live = [answer for run in runs for answer in run.live]
    abandoned = sum(answer.abandoned for answer in live)
    idle = [answer.idle_s for answer in live if not answer.abandoned]
    cost = np.array([us for run in runs for us in run.decision_us])
    return Measures(
        scenario=runs[0].scenario.name,
        policy=runs[0].policy,
        seeds=len(runs),
        agents=runs[0].scenario.n_agents,
        occupancy=busy / staffed_s if staffed_s else 0.0,
        talk_min_per_h=60 * spent[AgentState.TALK] / staffed_s if staffed_s else 0.0,
        idle_s=float(np.mean(idle)) if idle else 0.0,
        live=len(live),
        abandoned=abandoned,
        abandonment=abandoned / len(live) if live else 0.0,
        worst_day=_worst([_worst_window(run, DAY_S, DAY_LEAST) for run in runs]),
        worst_half_hour=_worst([_worst_window(run, HALF_HOUR_S, HALF_HOUR_LEAST) for run in runs]),
        worst_running=_worst([_worst_running(run) for run in runs]),
        worst_rolling=_worst([_worst_rolling(run) for run in runs]),
        connects_per_h=(len(live) - abandoned) / staffed_h if staffed_h else 0.0,
        dials_per_h=sum(run.placed for run in runs) / staffed_h if staffed_h else 0.0,
        cancelled=sum(run.cancelled for run in runs),
        refused=sum(run.refused for run in runs),
        unattended=sum(run.unattended for run in runs),
        decisions=sum(run.decisions for run in runs),
        decision_us=float(cost.mean()) if len(cost) else None,
        decision_us_p99=float(np.percentile(cost, 99)) if len(cost) else None,
    )


def _worst(rates: list[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return max(known) if known else None


def _worst_window(run: Run, width_s: float, least: int) -> float | None:
    """Worst abandonment of the fixed windows of this width with at least so many live answers."""
    counts: dict[int, list[int]] = {}
    for answer in run.live:
        window = counts.setdefault(int(answer.at // width_s), [0, 0])
        window[0] += 1
        window[1] += answer.abandoned
    return _worst([abandoned / n for n, abandoned in counts.values() if n >= least])


def _worst_running(run: Run) -> float | None:
    """Worst rate of a day so far, once it has `RUNNING_FROM` live answers."""
    worst: float | None = None
    day, n, abandoned = -1, 0, 0
    for answer in run.live:
        if int(answer.at // DAY_S) != day:
            day, n, abandoned = int(answer.at // DAY_S), 0, 0
        n += 1
        abandoned += answer.abandoned
        if n >= RUNNING_FROM:
            worst = max(worst or 0.0, abandoned / n)
    return worst


def _worst_rolling(run: Run) -> float | None:
    if len(run.live) <= ROLLING_ANSWERS:
        return None
    total = np.cumsum([0] + [answer.abandoned for answer in run.live])
    return float(np.max(total[ROLLING_ANSWERS:] - total[:-ROLLING_ANSWERS]) / ROLLING_ANSWERS)
