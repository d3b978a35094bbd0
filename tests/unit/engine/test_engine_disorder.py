"""Whatever comes, in whatever order: the watch holds after every step, and the same story gives the same facts."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scene import Scene, campaign, lead, outcomes
from world import World

from dialer.domain.agent import AgentState
from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.events import AnyEvent, CallAnswered, CallHungUp, CallParked, CallRang
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId
from dialer.engine import Engine

number = st.integers(0, 9_999)
stories = st.lists(st.tuples(number, number), min_size=10, max_size=250)
QUIET = [HealthCheck.data_too_large, HealthCheck.large_base_example]


@pytest.mark.parametrize("mode", DialMode)
@pytest.mark.parametrize("seed", range(4))
def test_long_story(mode: DialMode, seed: int) -> None:
    """As below, for long and always the same: some ten minutes of a busy and unlucky floor."""
    rng = random.Random(f"{seed} {mode}")
    notice = rng.choice(list(RecordingNotice))
    tell_and_judge(mode, notice, [(rng.randrange(10_000), rng.randrange(10_000)) for _ in range(600)], seed)


@settings(max_examples=25, suppress_health_check=QUIET)
@given(
    mode=st.sampled_from(DialMode),
    notice=st.sampled_from(RecordingNotice),
    story=stories,
    seed=st.integers(0, 99),
)
def test_any_story(mode: DialMode, notice: RecordingNotice, story: list[tuple[int, int]], seed: int) -> None:
    """1. Calls, agents, campaigns, trunks, link and log do anything in any order, events come late, twice or never;
    2. no invariant breaks at any step; 3. when all is over nothing is left; 4. told again, the same facts come."""
    tell_and_judge(mode, notice, story, seed)


def tell_and_judge(mode: DialMode, notice: RecordingNotice, story: list[tuple[int, int]], seed: int) -> None:
    world = World(mode, notice, seed)
    world.play(story)
    world.settle()

    scene = world.scene
    floor = scene.floor
    assert (floor.calls, floor.persons, floor.wrapping) == ({}, set(), {})
    assert all(agent.state is AgentState.LOGGED_OUT for agent in floor.agents.values())
    assert all(load.in_use == 0 for load in floor.carriers.loads)

    again = Engine(scene.state, at=scene.told[0][1], seed=seed)
    steps = [again.handle(events, at) for events, at in scene.told]
    assert [fact for step in steps for fact in step.facts] == scene.facts
    assert [command for step in steps for command in step.commands] == scene.commands


def one_call(mode: DialMode = DialMode.POWER) -> tuple[Scene, AttemptId]:
    scene = Scene(campaign(mode=mode), leads=[lead(1)], agents=1)
    scene.log_in(1)
    return scene, scene.dialled[0]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_unconnected_call_told_in_any_order(order: tuple[int, ...]) -> None:
    """1. Rang, answered, parked, hung up, told in any order with the agent away; 2. one end: hung up by the
    customer."""
    scene, call = one_call()
    scene.lose_leg(1)
    at = scene.now
    told: list[AnyEvent] = [
        CallRang(at=at, attempt_id=call),
        CallAnswered(at=at, attempt_id=call),
        CallParked(at=at, attempt_id=call),
        CallHungUp(
            at=at,
            attempt_id=call,
            q850=16,
            sip_status=None,
            network_outcome=Outcome.CUSTOMER_HUNG_UP,  # as the translator says of a channel that was up
            trunk_fault=False,
        ),
    ]
    for n in order:
        scene.feed(told[n])
    assert outcomes(scene) == [Outcome.CUSTOMER_HUNG_UP]


@pytest.mark.parametrize("order", list(permutations(["rang", "answered", "parked"])))
@pytest.mark.parametrize("again", ["rang", "answered", "parked", "bridged", "hung up"])
def test_connected_call_told_in_any_order_and_twice(order: tuple[str, ...], again: str) -> None:
    """1. The way to the bridge told in any order, and one thing twice; 2. one end: connected."""
    scene, call = one_call()
    tell = {"rang": scene.ring, "parked": scene.park, "hung up": scene.hang_up}
    tell["answered"] = lambda attempt_id: scene.answer(attempt_id, park=False)
    tell["bridged"] = lambda attempt_id: scene.bridge(attempt_id, 1)
    for event in (*order, "bridged"):
        tell[event](call)
    scene.later(1)
    tell[again](call)
    scene.hang_up(call)
    assert outcomes(scene) == [Outcome.CONNECTED]
