"""The plan of the shift in the pacing: fewer free agents from the planned minute on, and expected inbound calls."""

from __future__ import annotations

from datetime import UTC, timedelta

from scene import Scene, campaign, lead, of

from dialer.domain.agent import AgentState
from dialer.domain.campaign import DialMode
from dialer.domain.events import StaffingPlanned
from dialer.domain.facts import PacingDecided
from dialer.domain.staffing import LATE, AbsencePlan, Staffing
from dialer.domain.wishes import GoNotReady, GoReady


def floor_of(agents: int = 6, mode: DialMode = DialMode.POWER, ratio: float = 1.0) -> Scene:
    scene = Scene(
        campaign(mode=mode, ratio=ratio, wrap_up_s=0, max_lines_per_agent=9.0),
        leads=[lead(n) for n in range(1, 400)],
        agents=agents,
    )
    scene.log_in(*range(1, agents + 1), ready=False)
    return scene


def plan(scene: Scene, in_s: float, *agent_ids: int | None, inbound_per_hour: float = 0.0) -> None:
    """A break of a quarter of an hour, `in_s` seconds from now."""
    at = (scene.now + timedelta(seconds=in_s)).astimezone(UTC)
    plans = tuple(
        AbsencePlan(n, agent_id, "break", at.time(), 15, frozenset(range(7)), "UTC")
        for n, agent_id in enumerate(agent_ids)
    )
    scene.feed(StaffingPlanned(at=scene.now, staffing=Staffing(plans, inbound_per_hour)))


def told(scene: Scene, agent_id: int) -> str:
    (player,) = scene.floor.pool._players.values()
    return str(player.policy.ledger.agents[agent_id].value)  # type: ignore[attr-defined]


def in_flight(scene: Scene) -> int:
    return len(scene.floor.calls)


def test_no_call_is_placed_for_who_is_about_to_take_his_break() -> None:
    """One call per free agent. 1. Four of six have a break in a minute: six are counted on; 2. from that minute on two,
    and the next calls are for two; 3. the break is dropped: six again."""
    scene = floor_of()
    plan(scene, 60, 1, 2, 3, 4)
    for agent_id in range(1, 7):
        scene.wish(agent_id, GoReady())
    scene.run(1)
    assert in_flight(scene) == 6
    scene.run(60)
    for call in list(scene.floor.calls):
        scene.hang_up(call)
    scene.run(1)
    assert [told(scene, n) for n in (1, 4, 5, 6)] == ["paused", "paused", "ready", "ready"]
    assert in_flight(scene) == 2
    plan(scene, 60)
    scene.run(1)
    assert told(scene, 1) == "ready"
    assert in_flight(scene) == 6


def test_who_talks_into_his_break_is_no_agent_to_come_until_he_works_on() -> None:
    """1. He talks, and the minute comes: away; 2. he goes on his break and comes back early: counted on at once;
    3. also through his next call."""
    scene = floor_of(2)
    scene.wish(1, GoReady())
    scene.run(1)
    scene.connect()
    assert told(scene, 1) == "talk"
    plan(scene, 20, None)
    scene.run(30)
    assert told(scene, 1) == "paused"
    call = scene.agent(1).attempt_id
    assert call is not None
    scene.wish(1, GoNotReady("break"))
    scene.hang_up(call)
    scene.park_leg(1)
    scene.run(1)
    assert (scene.agent(1).state, told(scene, 1)) == (AgentState.NOT_READY, "paused")
    scene.wish(1, GoReady())
    scene.run(1)
    assert told(scene, 1) == "ready"
    scene.connect()
    scene.run(1)
    assert (scene.agent(1).state, told(scene, 1)) == (AgentState.ON_CALL, "talk")


def test_who_stays_is_counted_on_again() -> None:
    """1. He waits, and his break begins: no call for him; 2. two minutes later he waits still: he gets one."""
    scene = floor_of(1)
    plan(scene, 20, None)
    scene.wish(1, GoReady())
    scene.run(21)
    for call in list(scene.floor.calls):
        scene.hang_up(call)
    scene.run(10)
    assert in_flight(scene) == 0
    scene.run(LATE.total_seconds())
    assert in_flight(scene) == 1


def test_expected_inbound_calls_are_told_to_the_forecast() -> None:
    """1. None are expected: the decisions say nothing of them; 2. planned, the pacing's reasons name the rate."""
    scene = floor_of(2, DialMode.PREDICTIVE)
    for agent_id in (1, 2):
        scene.wish(agent_id, GoReady())
    for _ in range(25):  # what it needs to have seen
        scene.run(0.5)
        for call in list(scene.floor.calls):
            scene.hang_up(call)
    scene.run(1)
    assert "inbound_per_hour" not in of(PacingDecided, scene)[-1].explain
    plan(scene, 60, inbound_per_hour=90.0)
    scene.run(11)
    assert of(PacingDecided, scene)[-1].explain["inbound_per_hour"] == 90.0
