"""The last hours as a scenario of the simulator: what was seen is drawn from again, in twenty slices each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dialer.domain.evidence import Evidence
from dialer.domain.screening import ConnectClock
from pacing.policy import Policy, create
from pacing.world import Distribution, Scenario

#: Slices of an empirical distribution.
SLICES = 20
#: Decisions are so far apart in a forecast: seconds of waiting cost more than the fifths they take from agents.
TICK_S = 0.5
#: The shortest target that the simulator takes.
LEAST_TARGET = 0.001
#: A bridge takes this much of the wait.
BRIDGE_S = 0.05


def fit(seen: Evidence, knobs: Mapping[str, Any]) -> Scenario:
    """What would meet these settings if the next hours were like the last ones; how many is left to the runs."""
    agents = max(1, round(seen.agents))
    timeout_s = float(knobs["ring_timeout_s"])
    answered = [s for s in seen.answered_s if s is not None and s <= timeout_s]
    machines = [s for s in seen.machine_s if s is not None and s <= timeout_s]
    others = [
        ended
        for answer, machine, ended in zip(seen.answered_s, seen.machine_s, seen.ended_s, strict=True)
        if answer is None and machine is None and ended < timeout_s
    ]
    screened = bool(knobs["screened"] and seen.persons_heard_s)
    greeting_s = float(np.mean(seen.greetings_s)) if seen.greetings_s else 0.0
    heard_s = float(np.mean(seen.persons_heard_s)) if screened else 0.0
    calls = len(seen.ended_s)
    lines = min(float(knobs["max_lines_per_agent"]), seen.lines / agents) if seen.lines else 3.0
    wraps = [min(wrap, float(knobs["wrap_up_s"])) for wrap in seen.wraps_s]
    breaks = len(seen.breaks_s) / len(seen.talks_s)
    return Scenario(
        name="last hours",
        n_agents=agents,
        outcome_knots=((0, len(answered) / calls, len(machines) / calls, len(others) / calls, 0.0),),
        pdd=("const", 0.0),
        ring_human=slices(answered),
        busy_time=slices(others),
        ring_timeout=timeout_s,
        ring_machine=slices(machines),
        amd=screened,
        # The verdict comes as long after a greeting as it did on average; where nobody listens, with the answer.
        greeting=slices(seen.greetings_s) if screened and seen.greetings_s else ("const", 0.0),
        amd_silence=max(0.0, heard_s - greeting_s),
        amd_machine=slices(seen.machines_heard_s),
        amd_fp=0.0,
        amd_fn=0.0,
        clock="greeting" if screened and knobs["clock"] == ConnectClock.GREETING_END else "answer",
        wait_limit=float(knobs["connect_limit_s"]),
        bridge=BRIDGE_S,
        talk=slices(seen.talks_s),
        wrap=slices(wraps),
        agent_wrap_spread=0.0,
        agent_talk_spread=0.0,
        p_pause=min(0.5, breaks),
        pause=slices(seen.breaks_s),
        breaks=(),
        login_spread=5.0,
        tick=TICK_S,
        trunks_per_agent=lines,
        cps=max(0.5, seen.cps),
        target=max(LEAST_TARGET, float(knobs["abandon_cap"])),
        prior={
            "p_human": max(0.01, len(answered) / calls),
            "talk": float(np.mean(seen.talks_s)),
            "wrap": max(0.5, float(np.mean(wraps))) if wraps else 1.0,
        },
    )


def slices(seen: Sequence[float]) -> Distribution:
    """What was seen, drawn from again; without anything seen, one second."""
    if not seen:
        return ("const", 1.0)
    values = np.quantile(np.array(seen, float), (np.arange(SLICES) + 0.5) / SLICES)
    return ("mix", [(1.0, ("const", max(0.05, round(float(value), 3)))) for value in values])


def make_policy(knobs: Mapping[str, Any]) -> Policy:
    """The policy that these settings ask for; one call per free agent for a mode without one."""
    match knobs["mode"]:
        case "power":
            return create("power", ratio=float(knobs["ratio"]))
        case "predictive":
            return create(str(knobs["policy"]))
        case _:
            return create("progressive")
