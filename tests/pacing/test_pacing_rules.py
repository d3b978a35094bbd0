"""Progressive and power on cases worked out by hand, and the interface every policy keeps."""

from __future__ import annotations

from typing import Any

import pytest
from pacing_cases import calls, snap, started

from pacing.policy import Limit, create, names


@pytest.mark.parametrize(
    ("ready", "in_flight", "waiting", "expected"),
    [(3, 0, 0, 3), (3, 1, 0, 2), (3, 1, 1, 1), (3, 3, 0, 0), (1, 4, 0, 0), (0, 0, 0, 0)],
)
def test_progressive_keeps_one_call_per_free_agent(
    ready: int, in_flight: int, waiting: int, expected: int
) -> None:
    policy = started("progressive")
    assert calls(policy, 0.0, snap(ready, 5, in_flight=in_flight, waiting=waiting)) == expected
    assert policy.explain()["limit"] == Limit.FREE_AGENTS


@pytest.mark.parametrize(
    ("ratio", "ready", "in_flight", "waiting", "expected"),
    [
        (2.0, 3, 0, 0, 6),
        (2.0, 3, 2, 1, 3),
        (1.5, 3, 0, 0, 5),  # 4.5 rounds half up
        (2.5, 1, 0, 0, 3),
        (3.0, 2, 7, 0, 0),
        (3.0, 0, 0, 0, 0),
    ],
)
def test_power_keeps_its_ratio_in_flight(
    ratio: float, ready: int, in_flight: int, waiting: int, expected: int
) -> None:
    policy = started("power", ratio=ratio)
    assert calls(policy, 0.0, snap(ready, 9, in_flight=in_flight, waiting=waiting)) == expected


def test_a_call_the_classifier_listens_to_still_holds_its_agent() -> None:
    """1. two free agents, two calls. 2. one is answered: the platform no longer counts it in flight.
    3. nothing is placed for its agent; 4. when it turns out a machine, one is."""
    policy = started("progressive")
    assert calls(policy, 0.0, snap(2)) == 2
    policy.call_placed(0.0, 1)
    policy.call_placed(0.0, 2)
    policy.call_answered(4.0, 1)
    assert calls(policy, 4.0, snap(2, in_flight=1, placed_last=2)) == 0
    policy.call_ended(6.0, 1, "machine")
    assert calls(policy, 6.0, snap(2, in_flight=1)) == 1


def test_a_slot_asked_for_and_not_yet_confirmed_is_not_dialled_twice() -> None:
    """The placements were sent, but their events and the platform's count are still on the way."""
    policy = started("progressive")
    assert calls(policy, 0.0, snap(3)) == 3
    assert calls(policy, 0.2, snap(3, placed_last=3)) == 0


def test_a_refused_placement_is_asked_for_again() -> None:
    """Three asked for, one sent: the other two never were, and the reason names calls per second."""
    policy = started("progressive")
    assert calls(policy, 0.0, snap(3)) == 3
    policy.call_placed(0.0, "a")
    assert calls(policy, 0.2, snap(3, in_flight=1, placed_last=1)) == 2
    assert policy.explain()["limit"] == Limit.CPS


def test_lines_and_leads_bind() -> None:
    policy = started("power", ratio=4)
    assert calls(policy, 0.0, snap(5, free_lines=7)) == 7
    assert policy.explain()["limit"] == Limit.LINES
    policy = started("power", ratio=4)
    assert calls(policy, 0.0, snap(5, peek=lambda n: [1.0] * min(n, 2))) == 2
    assert policy.explain()["limit"] == Limit.LEADS


@pytest.mark.parametrize("name", names())
def test_nobody_logged_in_means_no_call(name: str) -> None:
    policy = started(name)
    policy.agent_state(0.0, "a", "ready")
    assert calls(policy, 0.0, snap(ready=0, logged_in=0)) == 0
    assert policy.explain()["limit"] == Limit.NO_AGENTS
    assert policy.explain()["calls"] == 0


@pytest.mark.parametrize("name", names())
def test_explanations_are_flat_and_name_their_limit(name: str) -> None:
    policy = started(name)
    assert policy.explain() == {}
    for agent in range(4):
        policy.agent_state(0.0, agent, "ready")
    placed = calls(policy, 0.0, snap(4))
    told = policy.explain()
    assert told["policy"] == name
    assert told["calls"] == placed
    assert told["limit"] in {str(limit) for limit in Limit}
    assert isinstance(told["reason"], str)
    assert told["reason"]
    assert {"ready", "logged_in", "in_flight", "waiting"} <= set(told)
    assert all(value is None or isinstance(value, str | int | float | bool) for value in told.values())


def test_an_unknown_policy_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"no pacing policy is called 'prophetic'.*predictive, progressive"):
        create("prophetic")


def test_an_unknown_setting_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"'power' has no setting 'level': it takes ratio"):
        create("power", level=2)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("power", {"ratio": 0.5}),
        ("power", {"ratio": float("nan")}),
        ("predictive", {"caution": 3.0}),
        ("predictive", {"window_s": 60.0}),
        ("predictive", {"min_agents": -1}),
    ],
)
def test_a_setting_out_of_range_is_refused(name: str, settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="out of range: "):
        create(name, **settings)


def test_an_unknown_state_or_outcome_is_refused() -> None:
    policy = started("progressive")
    with pytest.raises(ValueError, match="asleep"):
        policy.agent_state(0.0, 1, "asleep")
    with pytest.raises(ValueError, match="vanished"):
        policy.call_ended(0.0, 1, "vanished")


def test_a_snapshot_of_another_policy_is_refused() -> None:
    state = started("power").snapshot()
    with pytest.raises(ValueError, match="start 'progressive' afresh"):
        started("progressive").restore(state)


def test_vicidial_raises_its_level_with_idle_agents_and_brakes_hard() -> None:
    """1. four agents ready for 15 s, nobody waiting: the level doubles from 1 to 2, so eight lines for four
    agents. 2. 60 calls, 20 answers, 5 dropped: over 3 %, so the level falls to 1 and the limit is the cap."""
    policy = started("vicidial_hard_limit")
    for agent in range(4):
        policy.agent_state(0.0, agent, "ready")
    placed = [calls(policy, 0.2 * i, snap(4)) for i in range(100)]
    assert policy.explain()["level"] == pytest.approx(3.0)  # 1 -> 2 at 0 s, 2 -> 3 (the maximum) at 15 s
    assert sum(placed[:13]) == 8  # the first loop: 2 x 4 agents, four calls in 0.2 s
    assert placed[:2] == [4, 4]
    for i in range(60):
        policy.call_placed(20.0, i)
        policy.call_human(24.0, i, 26.0)
        if i < 5:
            policy.call_abandoned(26.0, i)
        elif i < 20:
            policy.call_connected(25.0, i, 0)
        policy.call_ended(30.0, i, "abandoned" if i < 5 else "human" if i < 20 else "busy")
    for i in range(400):
        calls(policy, 30.0 + 0.2 * i, snap(4))
    told = policy.explain()
    assert (told["level"], told["limit"]) == (1.0, Limit.CAP)
    assert told["dropped_today"] == pytest.approx(0.25)


def test_vicidial_tapers_in_decimal_hours() -> None:
    """At 15:30 with the taper at 21:00 the level counts (2100 - 1530) / 1000 = 0.57 of itself."""
    policy = started("vicidial_tapered", start_hour=15.5, difference_target=-4.0, max_level=10.0)
    policy.level = 10.0
    policy.drop_rate, policy.judged_calls = 0.5, 60
    policy.dropped_at = 0.0
    for agent in range(4):
        policy.agent_state(0.0, agent, "ready")
    calls(policy, 0.0, snap(4))
    assert policy.explain()["level"] == pytest.approx(5.7)


def test_issabel_counts_agents_about_to_finish_by_the_wrong_law() -> None:
    """Ten talks of 60 s. An agent 203 s into a call: 1 - exp(-(203 + 8) / 60) = 0.970, he counts; at 201 s
    not yet."""
    policy = started("issabel")
    for i in range(10):
        policy.agent_state(100.0 * i, "a", "talk")
        policy.agent_state(100.0 * i + 60.0, "a", "ready")
    policy.agent_state(2000.0, "a", "talk")
    assert calls(policy, 2201.0, snap(0, 1)) == 0
    assert calls(policy, 2205.0, snap(0, 1)) == 1
    assert policy.explain()["about_to_finish"] == 1


def test_issabel_divides_by_the_answer_rate_when_told_to() -> None:
    """Twenty calls, one in four answered: two free agents make 2 / 0.25 = 8 calls."""
    policy = started("issabel", overcommit=True)
    for i in range(20):
        policy.call_placed(0.0, i)
        if i < 5:
            policy.call_answered(5.0, i)
        policy.call_ended(20.0, i, "machine" if i < 5 else "no_answer")
    assert calls(policy, 21.0, snap(2)) == 8


def test_erlang_loads_its_agents_to_the_target() -> None:
    """The load it offers ten agents is where Erlang B, thinned by who frees up within 60 % of two seconds, is
    3 %."""
    from math import exp

    from pacing.policies.erlang import erlang_b

    assert erlang_b(10, 5.0) == pytest.approx(0.01838, abs=1e-5)  # tables of Erlang B
    policy = started("erlang")
    for agent in range(10):
        policy.agent_state(0.0, agent, "ready")
    placed = calls(policy, 0.0, snap(10))
    load = policy.explain()["load"]
    assert isinstance(load, float)
    assert erlang_b(10, load) * exp(-10 / 120 * 2.0 * 0.6) == pytest.approx(0.03, rel=1e-3)
    # Answers a second, times 15 s in flight, over one answer in five.
    assert placed == int(load / 120.0 * 15.0 / 0.2 + 0.5)


@pytest.mark.parametrize("name", names())
def test_a_caller_may_bring_its_own_classes(name: str) -> None:
    """Duck typing: only the fields the interface names, a prior that is absent, no look ahead."""
    from types import SimpleNamespace

    info: Any = SimpleNamespace(
        target_abandon=0.03,
        ring_timeout=25.0,
        wait_limit=2.0,
        tick=0.2,
        max_lines=10,
        cps=5.0,
        amd=True,
        prior=None,
    )
    policy = started(name, info)
    snapshot: Any = SimpleNamespace(
        ready=2, logged_in=2, in_flight=0, waiting=0, free_lines=10, placed_last=0, peek=None
    )
    for agent in ("a", "b"):
        policy.agent_state(0.0, agent, "ready")
    assert 0 <= calls(policy, 0.0, snapshot) <= 10
    assert policy.explain()["ready"] == 2
