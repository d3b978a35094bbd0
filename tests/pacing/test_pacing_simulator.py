"""The simulated world against closed forms, the scenario format, and the bench's command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pacing_cases import memoryless

from pacing.__main__ import main
from pacing.measures import measure
from pacing.policy import AgentState, Policy, create
from pacing.simulator import Simulation
from pacing.world import Scenario, check, draw, generator, mean, odds_at, read_scenarios, score_of


def run(scenario: Scenario, policy: Policy, seed: int) -> Any:
    return Simulation(scenario, policy, seed).run()


def interval(values: list[float], z: float = 3.3) -> tuple[float, float]:
    """Confidence interval of the replications' mean (99.9 % for z = 3.3, were they normal)."""
    centre, half = float(np.mean(values)), z * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return centre - half, centre + half


@pytest.mark.parametrize(
    "spec",
    [
        ["const", 3.5],
        ["exp", 12.0],
        ["unif", 1.8, 4.0],
        ["lognorm", 2.2, 0.45],
        ["gamma", 7.5, 0.55],
        ["pareto", 2.0, 1.5, 60.0],
        ["pareto", 2.0, 1.0, 60.0],
        ["shift", 0.3, ["gamma", 0.8, 0.5]],
        ["mix", [[3, ["const", 1.0]], [1, ["exp", 9.0]]]],
    ],
)
def test_samples_have_the_mean_of_their_distribution(spec: list[Any]) -> None:
    check(spec, "test")
    sample = draw(generator(7, 1), spec, 40_000)
    half = 4 * float(sample.std()) / math.sqrt(len(sample)) + 1e-9
    assert abs(float(sample.mean()) - mean(spec)) <= half


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (["weibull", 1, 2], "begin with one of"),
        (["exp"], "takes 1 parameters, not 0"),
        (["exp", 0], "above 0"),
        (["unif", 1, "x"], "finite numbers"),
        (["mix", []], "empty mix"),
        (["mix", [[0, ["const", 1]]]], "add up to 0"),
        (["shift", 1, ["exp", -1]], "above 0"),
        ("exp", "begin with one of"),
    ],
)
def test_a_wrong_distribution_is_refused_with_its_place(spec: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"talk.*{complaint}|{complaint}"):
        check(spec, "scenario 'x', talk")


def test_scenarios_override_the_defaults() -> None:
    document = {
        "schema": "pacing-scenarios/1",
        "defaults": {"n_agents": 7, "hours": 2.0},
        "scenarios": [{"name": "a"}, {"name": "b", "n_agents": 3, "talk": ["exp", 60]}],
    }
    first, second = read_scenarios(document)
    assert (first.name, first.n_agents, first.hours) == ("a", 7, 2.0)
    assert (second.n_agents, mean(second.talk)) == (3, 60.0)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "schema"),
        ({"schema": "pacing-scenarios/2"}, "schema"),
        ({"schema": "pacing-scenarios/1", "scenarios": []}, "lists no scenarios"),
        ({"schema": "pacing-scenarios/1", "scenarios": [{"agents": 3}]}, "unknown fields agents"),
        (
            {"schema": "pacing-scenarios/1", "scenarios": [{"outcome_knots": [[0, 0.9, 0.9, 0, 0]]}]},
            "sum <= 1",
        ),
        ({"schema": "pacing-scenarios/1", "scenarios": [{"clock": "dawn"}]}, "clock is"),
    ],
)
def test_a_wrong_scenario_file_says_why(document: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_scenarios(document)


def test_outcome_odds_follow_knots_steps_and_days() -> None:
    scenario = Scenario(outcome_knots=((0, 0.1, 0.4, 0, 0), (2, 0.3, 0.4, 0, 0)), step_changes=((3.0, 2.0),))
    assert odds_at(scenario, 1.0).human == pytest.approx(0.2)
    later = odds_at(scenario, 3.5)
    assert later.human == pytest.approx(0.6)
    # The others keep their proportions: 0.4 of the 0.7 not human become 0.4 / 0.7 of 0.4.
    assert later.machine == pytest.approx(0.4 / 0.7 * 0.4)
    assert odds_at(scenario, 3.5, day_factor=9.0).human == 0.95


def test_scores_are_spread_as_said() -> None:
    scenario = Scenario(score=(0.25, 3.4, 0.2))
    scores = [score_of(scenario, k) for k in range(8000)]
    assert scores.count(3.4) / 8000 == pytest.approx(0.25, abs=0.01)


class Flood(Policy):
    """Places calls at a fixed rate, whatever happens: turns the simulation into an Erlang loss system."""

    name = "flood"

    def __init__(self, rate_per_s: float, tick_s: float, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.mean = rate_per_s * tick_s

    def decide(self, now: float, snap: Any) -> int:
        return int(self.rng.poisson(self.mean))

    def campaign_start(self, now: float, info: Any) -> None: ...
    def agent_state(self, now: float, agent_id: Any, state: str, segment: Any = None) -> None: ...
    def call_placed(self, now: float, call_id: Any, p_human: Any = None, segment: Any = None) -> None: ...
    def call_answered(self, now: float, call_id: Any) -> None: ...
    def call_human(self, now: float, call_id: Any, deadline: float) -> None: ...
    def call_connected(self, now: float, call_id: Any, agent_id: Any) -> None: ...
    def call_abandoned(self, now: float, call_id: Any) -> None: ...
    def call_ended(self, now: float, call_id: Any, outcome: str) -> None: ...
    def explain(self) -> dict[str, Any]:
        return {}

    def snapshot(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None: ...
    def warm_start(self, state: dict[str, Any]) -> None: ...


def erlang_b(servers: int, load: float) -> float:
    """Share of arrivals lost in M/M/c/c (Erlang 1917), by the usual recursion."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


@pytest.mark.parametrize(("agents", "load"), [(4, 3.0), (10, 8.0)])
def test_without_patience_it_is_an_erlang_loss_system(agents: int, load: float) -> None:
    """Poisson answers find c agents busy for an exponential time; those who find none are lost. Abandonment
    is the Erlang B formula and occupancy the load carried; both must lie in the interval of eight
    replications."""
    talk_s, tick_s = 60.0, 0.5
    scenario = memoryless(agents, 4.0, talk=("exp", talk_s), tick=tick_s, wait_limit=0.0)
    lost, busy = [], []
    for seed in range(1, 9):
        figures = measure([run(scenario, Flood(load / (talk_s + 0.2), tick_s, seed), seed)])
        lost.append(figures.abandonment)
        busy.append(figures.occupancy)
    blocked = erlang_b(agents, load)
    low, high = interval(lost)
    assert low <= blocked <= high
    low, high = interval(busy)
    # Talks shorter than half a second last half a second: less than 0.3 % of the load.
    assert low - 0.003 <= load * (1 - blocked) / agents <= high + 0.003


def test_patience_is_a_birth_death_process() -> None:
    """Exponential patience: M/M/c+M. The share who give up follows from the stationary law of its birth-death
    chain."""
    agents, load, talk_s, patience_s, tick_s = 5, 4.5, 60.0, 20.0, 0.5
    scenario = memoryless(
        agents,
        4.0,
        talk=("exp", talk_s),
        tick=tick_s,
        wait_limit=patience_s,
        wait_exp=True,
        trunks_per_agent=60.0,
    )
    arrival = load / (talk_s + 0.2)
    weights = [1.0]
    for k in range(1, 120):
        leave = min(k, agents) / (talk_s + 0.2) + max(0, k - agents) / patience_s
        weights.append(weights[-1] * arrival / leave)
    waiting = sum(w * max(0, k - agents) for k, w in enumerate(weights)) / sum(weights)
    expected = waiting / patience_s / arrival
    gave_up = [measure([run(scenario, Flood(arrival, tick_s, s), s)]).abandonment for s in range(1, 9)]
    low, high = interval(gave_up)
    assert low <= expected <= high


def test_progressive_with_certain_answers_cycles_through_its_times() -> None:
    """One agent, one call after the other: idle for post-dial delay and ring, then talk and wrap-up: all
    constant."""
    scenario = memoryless(
        1, 2.0, pdd=("const", 2.0), ring_human=("const", 6.0), talk=("const", 100.0), wrap=("const", 20.0)
    )
    figures = measure([run(scenario, create("progressive"), 1)])
    # Placed at the first tick after the wrap-up: up to 0.2 s of idling more.
    assert figures.occupancy == pytest.approx(120.0 / 128.1, abs=0.01)
    assert figures.abandoned == 0


def test_policies_meet_the_same_people_in_the_same_order() -> None:
    """Common random numbers: attempt k has the same fate under every policy; a run repeats to the last
    figure."""
    scenario = Scenario(n_agents=4, hours=0.4)
    first, again = (run(scenario, create("progressive"), 3) for _ in range(2))
    other = run(scenario, create("power", ratio=3), 3)
    assert first.live == again.live
    assert first.spent == again.spent
    assert other.placed > first.placed


def test_a_shift_of_the_predictive_policy_is_legal_and_busier() -> None:
    """Ten agents, most of an hour: within the target plus one abandonment (the credit of the first answers),
    never a call with nobody there, and at least 12 points of occupancy above one call per agent."""
    scenario = Scenario(
        name="ten",
        n_agents=10,
        hours=0.8,
        tick=0.4,
        breaks=(),
        p_pause=0.0,
        outcome_knots=((0, 0.2, 0.36, 0.04, 0.03),),
    )
    predictive = measure([run(scenario, create("predictive"), 1)])
    progressive = measure([run(scenario, create("progressive"), 1)])
    assert predictive.abandoned <= 0.03 * predictive.live + 1
    assert predictive.unattended == 0
    assert predictive.occupancy >= progressive.occupancy + 0.12


def test_a_slow_limit_on_calls_per_second_is_kept_and_used() -> None:
    """One call a second at five ticks a second: a flood of requests places just that."""
    scenario = memoryless(2, 0.1, cps=1.0, tick=0.2, trunks_per_agent=1000.0, talk=("const", 600.0))
    result = run(scenario, Flood(50.0, 0.2, 1), 1)
    assert result.placed == pytest.approx(1.0 * result.decisions * 0.2, abs=2)


def test_a_shift_of_a_minute_ends() -> None:
    """Some would go home before they came: they never come, and nobody stays behind."""
    simulation = Simulation(Scenario(n_agents=8, hours=1 / 60), create("progressive"), 1)
    run = simulation.run()
    assert {agent.state for agent in simulation.agents} == {AgentState.OFF}
    assert 0.0 < run.spent[AgentState.READY] < 8 * 240.0


class Listening:
    """Notes what is told of the shift's end, and dials nothing."""

    name = "listening"

    def __init__(self) -> None:
        self.told: list[tuple[float, float | None]] = []

    def __getattr__(self, method: str) -> Any:
        return lambda *args: None

    def decide(self, now: float, snap: Any) -> int:
        self.told.append((now, snap.shift_left_s))
        return 0


@pytest.mark.parametrize("late_h", [None, 0.0, 0.1, -0.1])
def test_the_plan_of_the_shift_is_told(late_h: float | None) -> None:
    """Each day anew, rightly or not; after the planned end nothing more."""
    scenario, listening = Scenario(n_agents=2, hours=0.3, days=2, tick=1.0, breaks=()), Listening()
    policy: Any = listening
    Simulation(scenario, policy, 1, told_late_h=late_h).run()
    for now, left in listening.told:
        planned = None if late_h is None else (0.3 + late_h) * 3600 - now % 86400.0
        assert left == (pytest.approx(planned) if planned is not None and planned > 0 else None)
    assert {now // 86400.0 for now, _ in listening.told} == {0.0, 1.0}


def test_restarts_in_mid_shift_change_nothing() -> None:
    """Every 300th decision is taken by a new object restored from the stored snapshot: the shift is the
    same, also where its end is told."""
    scenario = Scenario(n_agents=5, hours=0.4, tick=0.4)

    class Restarting:
        """Stands in for a policy whose process is killed and started again."""

        name = "predictive"

        def __init__(self) -> None:
            self.policy, self.decisions = create("predictive"), 0

        def __getattr__(self, method: str) -> Any:
            return getattr(self.policy, method)

        def agent_state(self, *args: Any) -> None:
            self.policy.agent_state(*args)

        def campaign_start(self, now: float, info: Any) -> None:
            self.info = info
            self.policy.campaign_start(now, info)

        def decide(self, now: float, snap: Any) -> Any:
            self.decisions += 1
            if self.decisions % 300 == 0:
                stored = json.dumps(self.policy.snapshot())
                self.policy = create("predictive")
                self.policy.campaign_start(now, self.info)
                self.policy.restore(json.loads(stored))
            return self.policy.decide(now, snap)

    for late_h in (None, 0.1):
        restarting: Any = Restarting()
        unbroken = Simulation(scenario, create("predictive"), 5, told_late_h=late_h).run()
        assert Simulation(scenario, restarting, 5, told_late_h=late_h).run().live == unbroken.live
        assert restarting.decisions > 2800


def test_late_events_and_a_full_breakdown_stay_legal() -> None:
    """Events late by up to 3 s, calls per second scarce, and most agents away at once for ten minutes."""
    scenario = Scenario(
        n_agents=10,
        hours=0.8,
        tick=0.4,
        cps=2.0,
        mass_pause=((0.4, 0.8, 600.0),),
        event_delay=("mix", [[0.9, ["exp", 0.4]], [0.1, ["unif", 1.0, 3.0]]]),
    )
    result = run(scenario, create("predictive"), 2)
    figures = measure([result])
    assert figures.abandoned <= 0.03 * figures.live + 2
    assert figures.unattended == 0
    assert result.spent[AgentState.PAUSED] > 0


def test_the_bench_writes_its_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenarios = tmp_path / "scenarios.json"
    scenarios.write_text(
        json.dumps(
            {"schema": "pacing-scenarios/1", "defaults": {"n_agents": 2}, "scenarios": [{"name": "two"}]}
        )
    )
    out = tmp_path / "out.json"
    policies = ["progressive", "power:ratio=3", "clairvoyant"]
    argv = ["bench", "--scenarios", str(scenarios), "--policies", ",".join(policies), "--seeds", "2"]
    assert main([*argv, "--hours", "0.2", "--json", str(out), "--jobs", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4
    results = json.loads(out.read_text())["results"]
    assert [r["policy"] for r in results] == policies
    assert all(0 < r["occupancy"] < 1 and r["seeds"] == 2 and r["decision_us"] > 0 for r in results)
    # In two processes: the same figures, but for the stopwatch.
    assert main([*argv, "--hours", "0.2", "--json", str(out), "--jobs", "2", "--tell-end"]) == 0
    assert json.loads(out.read_text())["told_late_h"] == 0.0  # these policies do not heed it
    timed = ("decision_us", "decision_us_p99")
    again = json.loads(out.read_text())["results"]
    assert [{k: v for k, v in r.items() if k not in timed} for r in again] == [
        {k: v for k, v in r.items() if k not in timed} for r in results
    ]


@pytest.mark.parametrize(
    ("content", "policies", "complaint"),
    [
        ("{", "progressive", "is not JSON"),
        ("{}", "progressive", "schema"),
        (None, "progressive", "cannot read"),
        ('{"schema": "pacing-scenarios/1", "scenarios": [{}]}', "prophetic", "no pacing policy"),
        ('{"schema": "pacing-scenarios/1", "scenarios": [{}]}', "power:3", "name:setting=value"),
    ],
)
def test_the_bench_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, policies: str, complaint: str
) -> None:
    scenarios = tmp_path / "scenarios.json"
    if content is not None:
        scenarios.write_text(content)
    assert main(["bench", "--scenarios", str(scenarios), "--policies", policies]) == 2
    assert complaint in capsys.readouterr().err
