"""Whatever the order of events: no error, no absurd number, nobody dialled for who is not there, and a replay
or a restart decides the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pacing_cases import INFO, calls, snap, started

from pacing.policy import AgentState, CallOutcome, Policy, Snapshot, names

AGENTS = st.integers(0, 5)
CALLS = st.integers(0, 12)
#: What may be told of a call besides, and the scores of the next leads: nothing, sense and nonsense.
P_HUMAN = st.sampled_from([None, None, 0.05, 0.6, 0.0, -1.0, 7.0, float("nan")])
SEGMENTS = st.sampled_from([None, None, "mobile", "fixed", 3])
SCORES = st.sampled_from([(1.0,), (3.4, 0.2, 0.2), (0.0, 1e9, float("nan"), -2.0), ()])
#: Seconds until the planned end of the shift, where it is told.
ENDS = st.sampled_from([None, None, 7200.0, 1.0, 0.0, -5.0, 1e12])
#: An event as (method, arguments); its time comes from a separate draw, so it may lie before the last one's.
EVENTS = st.one_of(
    st.tuples(st.just("agent_state"), st.tuples(AGENTS, st.sampled_from([s.value for s in AgentState]))),
    st.tuples(st.just("call_placed"), st.tuples(CALLS, P_HUMAN, SEGMENTS)),
    st.tuples(st.just("call_answered"), st.tuples(CALLS)),
    st.tuples(st.just("call_human"), st.tuples(CALLS, st.floats(0, 1e6, allow_nan=False))),
    st.tuples(st.just("call_connected"), st.tuples(CALLS, AGENTS)),
    st.tuples(st.just("call_abandoned"), st.tuples(CALLS)),
    st.tuples(st.just("call_ended"), st.tuples(CALLS, st.sampled_from([o.value for o in CallOutcome]))),
)
LOOKS = st.tuples(
    st.just("decide"),
    st.tuples(
        st.integers(0, 6), st.integers(0, 6), st.integers(0, 30), st.integers(0, 3), st.integers(0, 60),
        st.integers(0, 40), st.sampled_from([0.0, 0.0, 0.0, 3.0]), SCORES, ENDS,
    ),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.one_of(EVENTS, LOOKS), st.sampled_from([0.0, 0.2, 1.0, 7.0, 40.0]), st.floats(0.0, 3.0)),
    max_size=60,
)
#: More calls than this for six agents is no answer.
UNBOUNDED = 150


def warm(policy: Policy) -> Policy:
    """Six agents, and enough calls seen that the predictive policy forecasts."""
    for agent in range(6):
        policy.agent_state(0.0, agent, "ready")
    for i in range(30):
        policy.call_placed(0.0, f"warm-{i}")
        policy.call_ended(20.0, f"warm-{i}", "no_answer")
    return policy


def repeated(scores: tuple[float, ...]) -> Callable[[int], list[float]]:
    """A list of leads with these scores over and over; none when there are none."""
    return lambda n: [scores[i % len(scores)] for i in range(n)] if scores else []


def play(policy: Policy, steps: list[Any], begin: float = 30.0) -> list[int]:
    """Tell the steps, each event up to 3 s late, and give every decision."""
    now, decisions = begin, []
    for (method, args), wait, late in steps:
        now += wait
        if method != "decide":
            getattr(policy, method)(now - late, *args)
            continue
        ready, others, in_flight, waiting, free_lines, placed, lag, scores, shift_left_s = args
        snapshot = Snapshot(
            ready, ready + others, in_flight, waiting, free_lines, placed, peek=repeated(scores), lag=lag
        )
        snapshot.shift_left_s = shift_left_s
        answer = calls(policy, now, snapshot)
        json.dumps(policy.explain(), allow_nan=False)
        if snapshot.logged_in == 0:
            assert answer == 0
        assert 0 <= answer <= min(free_lines, UNBOUNDED)
        decisions.append(answer)
    return decisions


@pytest.mark.parametrize("name", names())
@settings(max_examples=60)
@given(steps=STEPS)
def test_no_order_of_events_breaks_a_policy(name: str, steps: list[Any]) -> None:
    first = play(warm(started(name)), steps)
    assert play(warm(started(name)), steps) == first


@pytest.mark.parametrize("name", names())
@settings(max_examples=40)
@given(before=STEPS, after=STEPS)
def test_a_restored_policy_decides_as_the_one_that_never_stopped(
    name: str, before: list[Any], after: list[Any]
) -> None:
    policy = warm(started(name))
    play(policy, before)
    restored = started(name)
    restored.restore(json.loads(json.dumps(policy.snapshot())))
    begin = 30.2 + sum(wait for _, wait, _ in before)
    assert play(restored, after, begin) == play(policy, after, begin)


def test_a_new_day_begins_with_what_the_last_one_taught_and_an_empty_floor() -> None:
    """1. a day ends with 30 calls seen, 40 live answers, one agent on the phone; 2. the next day's policy keeps
    calls and answers, so it forecasts at once, and knows of no agent or call."""
    yesterday = warm(started("predictive"))
    for i in range(40):
        yesterday.call_human(20.0, f"x-{i}", 22.0)
        yesterday.call_connected(21.0, f"x-{i}", 0)
        yesterday.call_ended(25.0, f"x-{i}", "human")
    yesterday.agent_state(26.0, 0, "talk")
    today = started("predictive")
    today.warm_start(json.loads(json.dumps(yesterday.snapshot())))
    assert calls(today, 80_000.0, snap(0, 1)) == 0
    assert today.explain()["limit"] == "no_agents"
    today.agent_state(80_001.0, 0, "ready")
    assert calls(today, 80_001.0, snap(1)) >= 1
    told = today.explain()
    assert told["limit"] == "risk"
    assert told["live_answers"] == 0.0  # of the shift, the tightest window
    assert today.snapshot()["budget"]["campaign"][0] == 40.0


@pytest.mark.parametrize("name", names())
def test_a_new_day_refuses_another_policys_snapshot(name: str) -> None:
    state = started("power" if name != "power" else "progressive").snapshot()
    with pytest.raises(ValueError, match="afresh"):
        started(name).warm_start(state)


def test_an_older_event_does_not_undo_a_newer_one() -> None:
    """1. the agent went on a break at 10 s; 2. now it is told that he was ready at 9 s: he stays away."""
    policy = warm(started("predictive"))
    policy.agent_state(100.0, 0, "paused")
    policy.agent_state(99.0, 0, "ready")
    assert policy.snapshot()["ledger"]["agents"][0] == [0, "paused", 100.0]


def test_an_ended_call_stays_ended() -> None:
    policy = started("progressive")
    policy.call_ended(5.0, 1, "busy")
    policy.call_placed(4.0, 1)
    policy.call_answered(4.5, 1)
    assert calls(policy, 6.0, snap(1)) == 1


def test_a_lost_end_is_written_off() -> None:
    """A call whose end was never told holds its slot until the ring timeout and the grace are over, no
    longer."""
    policy = started("progressive")
    policy.call_placed(0.0, 1)
    assert calls(policy, 1.0, snap(1)) == 0
    assert calls(policy, 30.0, snap(1)) == 0
    assert calls(policy, INFO.ring_timeout + 16.0, snap(1)) == 1


def test_a_lost_ready_event_does_not_idle_an_agent_for_good() -> None:
    """The only agent finished his wrap-up and the event was lost: the switch says ready, the ledger wrap-up.
    After a few seconds he is dialled for all the same."""
    policy = started("predictive")
    for i in range(30):
        policy.call_placed(0.0, i)
        policy.call_ended(20.0, i, "no_answer")
    policy.agent_state(0.0, "ana", "ready")
    policy.agent_state(25.0, "ana", "talk")
    policy.agent_state(90.0, "ana", "wrap")
    placed = [calls(policy, 100.0 + 0.2 * i, snap(1)) for i in range(40)]
    assert sum(placed) > 0


def test_lost_departures_do_not_make_agents_for_good() -> None:
    """Two of six agents went on a break and nobody was told: after some seconds only four are dialled for."""
    policy, complete = warm(started("predictive")), warm(started("predictive"))
    placed = [calls(policy, 30.0 + 0.2 * i, snap(4, 6)) for i in range(30)]
    six = [calls(complete, 30.0 + 0.2 * i, snap(6)) for i in range(30)]
    assert placed[0] == six[0]  # an event may just be on its way
    assert placed[-1] < six[-1]


@pytest.mark.parametrize("name", ["predictive"])
def test_a_silent_gauge_falls_back_to_one_call_per_free_agent(name: str) -> None:
    policy = warm(started(name))
    assert calls(policy, 30.0, snap(6)) > 6
    policy = warm(started(name))
    assert calls(policy, 30.0, snap(6, lag=2.5)) == 6
    assert policy.explain()["limit"] == "blind"


def test_a_gauge_that_contradicts_the_switch_falls_back() -> None:
    """The switch has three of six agents ready for seconds, the ledger has all six."""
    policy = warm(started("predictive"))
    placed = calls(policy, 30.0, snap(3, 6))
    assert placed > 3
    assert policy.explain()["limit"] == "risk"
    for i in range(1, 30):
        placed = calls(policy, 30.0 + 0.2 * i, snap(3, 6, placed_last=placed))
    assert placed == 0
    assert policy.explain()["limit"] == "blind"


def test_learning_dials_one_call_per_free_agent() -> None:
    policy = started("predictive")
    for agent in range(4):
        policy.agent_state(0.0, agent, "ready")
    assert calls(policy, 0.0, snap(4)) == 4
    assert policy.explain()["limit"] == "warm_up"


def test_a_window_at_its_cap_runs_hardly_any_risk() -> None:
    """300 live answers, 12 abandoned: three over a 3 % target, so a tenth of the usual risk at most."""
    policy = warm(started("predictive"))
    before = calls(policy, 21.0, snap(6))
    for i in range(300):
        policy.call_human(20.0, f"x-{i}", 22.0)
        if i < 12:
            policy.call_abandoned(22.0, f"x-{i}")
            policy.call_ended(22.0, f"x-{i}", "abandoned")
        else:
            policy.call_connected(21.0, f"x-{i}", 0)
            policy.call_ended(25.0, f"x-{i}", "human")
    assert 0 < calls(policy, 30.0, snap(6)) < before
    told = policy.explain()
    assert told["limit"] == "cap"
    risk = told["risk_allowed"]
    assert isinstance(risk, float)
    assert 0 < risk <= 0.002
    assert told["abandonments_left"] == pytest.approx(-3.0)


@pytest.mark.parametrize("state", ["talk", "wrap"])
def test_the_longest_spell_so_far_breaks_no_forecast(state: str) -> None:
    """It ended just beyond the border of an age bin, in which nobody was ever seen before: who gets there is expected
    to end at once, and nobody to get further. (0 / 0 it was, and the decision failed.)"""
    for n in range(20, 29):
        policy: Any = warm(started("predictive"))
        border = float((policy.talk if state == "talk" else policy.wrap).edges[n])
        policy.agent_state(0.0, 0, state)
        policy.agent_state(border + 1e-3, 0, "ready")
        assert 0 < calls(policy, border + 1.0, snap(ready=6, logged_in=6, free_lines=60)) <= 60


def test_machines_that_agents_met_are_taken_out_of_the_live_answers() -> None:
    """Nobody listens: 10 answers passed on, 4 of them machines by the agents' word."""
    policy = started("predictive")
    for i in range(10):
        policy.call_human(1.0, i, 3.0)
        policy.call_connected(1.0, i, 0)
        policy.call_ended(9.0, i, "machine_fn" if i < 4 else "human")
    policy.agent_state(9.0, 0, "ready")
    calls(policy, 10.0, snap(1))
    assert policy.explain()["live_answers"] == 6.0


def test_a_caution_above_one_places_no_more() -> None:
    bold, careful = warm(started("predictive", caution=0.5)), warm(started("predictive", caution=2.0))
    few, many = calls(careful, 30.0, snap(6)), calls(bold, 30.0, snap(6))
    assert few <= many
    assert many > 6
