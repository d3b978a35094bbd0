"""Progressive and power on cases worked out by hand, and the interface every policy keeps."""

from __future__ import annotations

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
