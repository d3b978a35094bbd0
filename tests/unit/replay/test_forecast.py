"""A forecast: fitted to what was seen, the same people for both settings, an interval that holds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import count
from typing import Any

import pytest
from test_replay import campaign, invented, play

from dialer.domain.campaign import DialMode
from dialer.domain.evidence import Evidence, evidence_of, knobs_of
from dialer.forecast.__main__ import forecast, interval, sides_of
from dialer.forecast.fit import fit, make_policy, slices
from dialer.forecast.runs import Here, Side, learn, simulate
from dialer.forecast.watched import Counts, Start, Watched
from dialer.modes import policy_key
from pacing.simulator import Simulation
from pacing.world import mean

#: Seconds since the epoch, as a campaign's policies count.
CLOCK_S = 1.7e9


def seen(agents: float = 8.0) -> Evidence:
    """One call in four is answered, after nine seconds; talks of a minute."""
    rng = random.Random(3)
    answered = [rng.uniform(4, 14) if rng.random() < 0.25 else None for _ in range(800)]
    return Evidence(
        answered_s=answered,
        machine_s=[None] * 800,
        greetings_s=[],
        persons_heard_s=[],
        machines_heard_s=[],
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
    now: dict[str, Any],
    then: dict[str, Any],
    evidence: Evidence | None = None,
    kept: dict[str, Any] | None = None,
    *,
    budget_s: float = 6.0,
) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """The last answer and all before it. A clock of its own, a second a look: as many runs on any machine."""
    told: list[Mapping[str, Any]] = []
    ticks = count()
    sides = sides_of(
        {
            "evidence": asdict(evidence or seen()),
            "now": now,
            "changed": then,
            # A policy that knows nothing, by default: so that none has to learn first.
            "kept": kept or {policy_key(campaign()): dict(UNTAUGHT.snapshot())},
            "clock_s": CLOCK_S,
        }
    )
    found = forecast(
        sides,
        budget_s=budget_s,
        clock=lambda: float(next(ticks)),
        say=told.append,
        pool=Here(),
        jobs=1,
    )
    return found, told


class Recorder(Watched):
    """A shift as its log would tell it."""

    def __init__(self, knobs: dict[str, Any], counts: Counts) -> None:
        super().__init__(make_policy(knobs), Start(CLOCK_S - 9000.0), counts)
        self.calls: dict[Any, list[float | None]] = {}
        self.ended: list[tuple[float | None, float]] = []
        self.spells: dict[str, list[float]] = {"talk": [], "wrap": []}

    def call_placed(
        self, now: float, call_id: Any, p_human: float | None = None, segment: Any = None
    ) -> None:
        self.calls[call_id] = [now, None]
        super().call_placed(now, call_id, p_human, segment)

    def call_answered(self, now: float, call_id: Any) -> None:
        self.calls[call_id][1] = now - (self.calls[call_id][0] or 0.0)
        super().call_answered(now, call_id)

    def call_ended(self, now: float, call_id: Any, outcome: str) -> None:
        placed_at, answered_s = self.calls.pop(call_id)
        self.ended.append((answered_s, now - (placed_at or 0.0)))
        super().call_ended(now, call_id, outcome)

    def agent_state(self, now: float, agent_id: Any, state: str, segment: Any = None) -> None:
        was, since = self.agents.get(agent_id, ("off", now))
        if was in self.spells:
            self.spells[was].append(now - since)
        super().agent_state(now, agent_id, state, segment)


def shift(seed: int) -> tuple[dict[str, float], Evidence, dict[str, Any]]:
    """An hour of eight agents under `predictive`: what was measured after its first twenty minutes, its evidence, and
    what the policy knows at its end."""
    counts = Counts(1200, 3470)
    recorder = Recorder(KNOBS, counts)
    scenario = replace(fit(seen(), KNOBS), talk=("lognorm", 60.0, 0.9), tick=0.5, hours=1.0)
    Simulation(scenario, recorder, seed).run()
    evidence = replace(
        seen(),
        answered_s=[answered for answered, _ in recorder.ended],
        machine_s=[None for _ in recorder.ended],
        ended_s=[ended for _, ended in recorder.ended],
        talks_s=recorder.spells["talk"],
        wraps_s=recorder.spells["wrap"],
    )
    return counts.figures(), evidence, dict(recorder.snapshot())


KNOBS = knobs_of(campaign())
UNTAUGHT = Watched(make_policy(KNOBS), Start(CLOCK_S), Counts(0, 0))


def test_the_forecast_of_the_present_settings_is_what_the_campaign_shows() -> None:
    """Two shifts, and after each a forecast of the same settings from what its policy knows. 1. Together the interval
    of the forecasts covers what was measured; 2. and says more than nothing; 3. from nothing learned it is less."""
    shifts = [shift(seed) for seed in (1, 2)]
    known, cold = (
        [
            simulate(Side(fit(evidence, KNOBS), KNOBS, Start(CLOCK_S, state if warm else None)), n, 0.1)
            for _, evidence, state in shifts
            for n in range(4)
        ]
        for warm in (True, False)
    )
    for figure, widest in (("occupancy", 0.05), ("abandonment", 0.04)):
        _, low, high = interval([run[figure] for run in known])
        assert low <= sum(measured[figure] for measured, _, _ in shifts) / len(shifts) <= high
        assert high - low < widest
    assert sum(run["occupancy"] for run in cold) < sum(run["occupancy"] for run in known) - len(known) * 0.01


def test_each_side_begins_where_the_campaign_stands_if_its_policy_is_of_the_same_kind() -> None:
    """1. The snapshot of the campaign's own policy serves another cap, too; 2. another policy has its own to learn;
    3. nothing kept, or by another version: both learn, and from then on the clock goes on."""
    state = UNTAUGHT.snapshot()
    asked = {
        "evidence": asdict(seen()),
        "now": KNOBS,
        "changed": {**KNOBS, "abandon_cap": 0.01},
        "kept": {policy_key(campaign()): state, "predictive of another campaign": {}},
        "clock_s": CLOCK_S,
    }
    assert [side.start.state for side in sides_of(asked).values()] == [state, state]
    power = sides_of({**asked, "changed": {**KNOBS, "mode": "power", "ratio": 2.0}})
    assert [side.start.state for side in power.values()] == [state, None]
    old = {policy_key(campaign()): {**state, "schema": "of an older version"}}
    assert [side.start.state for side in sides_of({**asked, "kept": old}).values()] == [None, None]
    learned = learn(sides_of({**asked, "kept": {}})["now"], 1)
    assert learned.clock_s > CLOCK_S + 1800
    assert learned.state is not None


def test_the_first_answer_is_refined() -> None:
    """1. Progress, then an answer as soon as three pairs are done; 2. each one after it stands on more runs; 3. the
    last says that it is."""
    found, told = ask(KNOBS, KNOBS, budget_s=14.0)
    kinds = [message["kind"] for message in told]
    first = kinds.index("result")
    assert set(kinds[:first]) == {"progress"}
    assert set(kinds[first:]) == {"result"}
    runs = [message["runs"] for message in told[first:]]
    assert (runs[0], runs) == (3, sorted(runs))
    assert found["runs"] > 3
    shares = [message["share"] for message in told]
    assert shares == sorted(shares)
    assert (max(shares) < 1, found["share"]) == (True, 1.0)


def test_machines_that_are_heard_cost_no_agent() -> None:
    """Every second answer is a machine's, known 1.5 s after it. 1. The world has as many; 2. connects are of people; 3.
    without the screening's word they are all taken for people."""
    plain = seen()
    heard = [a is not None and n % 2 == 0 for n, a in enumerate(plain.answered_s)]
    screened = replace(
        plain,
        answered_s=[None if h else a for a, h in zip(plain.answered_s, heard, strict=True)],
        machine_s=[a if h else None for a, h in zip(plain.answered_s, heard, strict=True)],
        greetings_s=[0.8] * 90,
        persons_heard_s=[1.6] * 90,
        machines_heard_s=[1.5] * 90,
    )
    knobs = {**KNOBS, "screened": True, "clock": "greeting_end"}
    scenario = fit(screened, knobs)
    _, p_human, p_machine, p_busy, _ = scenario.outcome_knots[0]
    assert p_human + p_machine == pytest.approx(fit(plain, KNOBS).outcome_knots[0][1])
    assert p_busy == fit(plain, KNOBS).outcome_knots[0][3]
    assert (scenario.amd, scenario.clock) == (True, "greeting")
    assert mean(scenario.greeting) + scenario.amd_silence == pytest.approx(1.6)
    assert mean(scenario.amd_machine) == pytest.approx(1.5)
    assert not fit(screened, KNOBS).amd


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
    """Now and then alike, on the same people: no difference, not even a small one."""
    found, _ = ask(KNOBS, KNOBS)
    assert found["difference"]["occupancy"] == [0.0, 0.0, 0.0]
    assert found["runs"] >= 3
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
