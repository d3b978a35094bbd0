"""A forecast: fitted to what was seen, the same people for both settings, an interval that holds."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from test_replay import campaign, invented, play

from dialer.domain.campaign import DialMode
from dialer.domain.evidence import Evidence, evidence_of, knobs_of
from dialer.forecast.__main__ import forecast
from dialer.forecast.fit import fit, make_policy, slices
from pacing.world import mean


def seen(agents: float = 8.0) -> Evidence:
    """One call in four is answered, after nine seconds; talks of a minute."""
    rng = random.Random(3)
    answered = [rng.uniform(4, 14) if rng.random() < 0.25 else None for _ in range(800)]
    return Evidence(
        answered_s=answered,
        ended_s=[60.0 if a else rng.choice([2.0, 25.0, 25.0]) for a in answered],
        talks_s=[rng.expovariate(1 / 60) for _ in range(180)],
        wraps_s=[rng.uniform(5, 20) for _ in range(180)],
        breaks_s=[200.0] * 4,
        agents=agents,
        lines=100,
        cps=20.0,
        minutes=60.0,
    )


def ask(
    now: dict[str, Any], then: dict[str, Any], budget_s: float = 3.5
) -> tuple[dict[str, Any], list[float]]:
    """A clock of its own: a second a look, so that three runs of each fit the budget."""
    told: list[float] = []
    ticks = count()
    with ThreadPoolExecutor(1) as pool:
        found = forecast(
            seen(),
            now,
            then,
            budget_s=budget_s,
            clock=lambda: float(next(ticks)),
            tell=told.append,
            pool=pool,
            jobs=1,
            agent_hours=0.8,
        )
    return found, told


KNOBS = knobs_of(campaign())


def test_what_was_seen_is_what_is_drawn_from() -> None:
    scenario = fit(seen(), KNOBS)
    _, p_human, p_machine, p_busy, _ = scenario.outcome_knots[0]
    assert p_human == pytest.approx(sum(a is not None for a in seen().answered_s) / 800)
    assert p_machine == 0.0
    assert 0.2 < p_busy < 0.3
    assert mean(scenario.talk) == pytest.approx(sum(seen().talks_s) / 180, rel=0.1)
    assert (scenario.n_agents, scenario.wait_limit, scenario.target) == (8, 2.0, 0.03)
    assert mean(slices([])) == 1.0


def test_a_shorter_wrap_up_and_ring_are_heeded() -> None:
    scenario = fit(seen(), {**KNOBS, "wrap_up_s": 8, "ring_timeout_s": 15})
    assert mean(scenario.wrap) <= 8
    assert scenario.ring_timeout == 15
    assert scenario.outcome_knots[0][1] == pytest.approx(fit(seen(), KNOBS).outcome_knots[0][1])


def test_the_same_settings_differ_by_nothing() -> None:
    """1. Now and then alike, on the same people; 2. no difference, not even a small one; 3. progress to the end."""
    found, told = ask(KNOBS, KNOBS)
    assert found["difference"]["occupancy"] == [0.0, 0.0, 0.0]
    assert found["runs"] >= 3
    assert told == sorted(told)
    low, high = found["now"]["occupancy"][1:]
    assert low <= found["now"]["occupancy"][0] <= high


def test_one_call_per_agent_costs_occupancy() -> None:
    """1. From predictive to progressive: agents wait longer and nobody is abandoned; 2. the interval says so."""
    found, _ = ask(KNOBS, {**KNOBS, "mode": "progressive"})
    assert found["difference"]["occupancy"][2] < 0
    assert found["changed"]["abandonment"][0] <= found["now"]["abandonment"][0]


def test_each_mode_has_a_policy() -> None:
    made = {mode: make_policy({**KNOBS, "mode": mode.value}).name for mode in DialMode}
    assert made[DialMode.PREDICTIVE] == "predictive"
    assert made[DialMode.POWER] == "power"
    assert made[DialMode.PREVIEW] == "progressive"


def test_evidence_of_a_day() -> None:
    """1. A worked day: agents at work on average, their break, talks and wrap-ups; 2. it suffices, an empty one not."""
    day = play(invented(DialMode.POWER)).stretch
    found = evidence_of(day)
    assert 5.0 < found.agents <= 6.0
    assert len(found.breaks_s) == 1
    assert len(found.talks_s) == len([c for c in day.calls if c.connected_s is not None])
    assert found.suffices
    assert not evidence_of(replace(day, calls=())).suffices
    assert (found.lines, found.cps) == (200, 50.0)
