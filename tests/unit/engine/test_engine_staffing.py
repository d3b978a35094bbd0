"""The plan of the shift in the pacing: fewer free agents from the planned minute on, and expected inbound calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, time, timedelta

import pytest
from scene import Scene, campaign, lead, of

from dialer.domain.agent import AgentState
from dialer.domain.campaign import AbandonWindow, DialMode
from dialer.domain.events import StaffingPlanned
from dialer.domain.facts import PacingDecided
from dialer.domain.staffing import LATE, Staffing, StaffingPlan
from dialer.domain.wishes import GoNotReady, GoReady
from dialer.engine.staffing import shift_end


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
        StaffingPlan(n, agent_id, "break", at.time(), 15, frozenset(range(7)), "UTC")
        for n, agent_id in enumerate(agent_ids)
    )
    if inbound_per_hour:
        calls = StaffingPlan(99, None, "inbound", time(), 1440, frozenset(range(7)), "UTC", inbound_per_hour)
        plans += (calls,)
    scene.feed(StaffingPlanned(at=scene.now, staffing=Staffing(plans)))


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


def answered_for(scene: Scene, minutes: int) -> None:
    """Nobody answers, but for one a minute, who hangs up soon."""
    for second in range(0, 60 * minutes, 5):
        scene.run(5)
        if second % 60 == 0:
            scene.hang_up(scene.connect(1))
            scene.run(1)
        for call in list(scene.floor.calls):
            scene.hang_up(call)


@pytest.mark.parametrize("window", list(AbandonWindow))
def test_the_end_of_the_shift_is_told_where_it_ends_the_days_abandonments(window: AbandonWindow) -> None:
    """The group goes home for four hours in 40 minutes, after a break in 20. 1. Where the law counts a month or the
    campaign, the pacing says until when it spends what is in hand; 2. the last 24 hours do not end with the shift: it
    is as if nobody had planned it; 3. after the planned end nothing is said of it; 4. nor when the plan is dropped."""
    scene = Scene(
        replace(
            campaign(mode=DialMode.PREDICTIVE, wrap_up_s=0, max_lines_per_agent=50.0), abandon_window=window
        ),
        leads=[lead(n) for n in range(1, 4000)],
        agents=3,
    )
    scene.log_in(1, 2, 3)
    ends = scene.now + timedelta(minutes=40)
    rest = (scene.now + timedelta(minutes=20)).time()
    days = frozenset(range(7))
    plans = (
        StaffingPlan(1, None, "shift end", ends.time(), 240, days, "UTC"),
        StaffingPlan(2, None, "break", rest, 15, days, "UTC"),
    )
    scene.feed(StaffingPlanned(at=scene.now, staffing=Staffing(plans)))
    answered_for(scene, 12)
    why = of(PacingDecided, scene)[-1].explain
    if window is AbandonWindow.DAY:
        assert "shift_ends_at" not in why
        assert "end of the shift" not in str(why["reason"])
        return
    assert why["shift_ends_at"] == ends.isoformat()
    assert "spent towards the end of the shift in 28 min" in str(why["reason"])
    (run,) = scene.floor.campaigns.values()
    assert run.budget.to_come is not None
    assert shift_end(scene.floor, run, ends - timedelta(seconds=1)) == ends
    assert shift_end(scene.floor, run, ends) is None
    scene.feed(StaffingPlanned(at=scene.now, staffing=Staffing()))
    answered_for(scene, 1)
    assert "shift_ends_at" not in of(PacingDecided, scene)[-1].explain


def test_an_agent_of_its_own_is_none_who_is_about_to_leave() -> None:
    """One call per reserved agent. 1. Two of three have a break in a minute: three calls; 2. the calls end unanswered
    after the minute: only the third gets another, and the reasons say why; 3. released he has not come back:
    two minutes later he has stayed."""
    scene = floor_of(3, DialMode.PROGRESSIVE)
    plan(scene, 60, 1, 2)
    for agent_id in (1, 2, 3):
        scene.wish(agent_id, GoReady())
    scene.run(1)
    assert in_flight(scene) == 3
    scene.run(60)
    for call in list(scene.floor.calls):
        scene.hang_up(call)
    scene.run(1)
    assert [call.agent_id for call in scene.floor.calls.values()] == [3]
    scene.connect()
    scene.run(6)
    why = of(PacingDecided, scene)[-1].explain
    assert (why["limit"], why["planned_away"]) == ("staffing", 2)
    scene.run(LATE.total_seconds())
    assert {call.agent_id for call in scene.floor.calls.values()} == {1, 2, 3}


def test_nobody_looks_at_a_lead_who_is_about_to_leave() -> None:
    """1. Both have a break: no lead is shown; 2. it is dropped: each has one."""
    scene = floor_of(2, DialMode.PREVIEW)
    plan(scene, 5, None)
    for agent_id in (1, 2):
        scene.wish(agent_id, GoReady())
    scene.run(1)
    assert [scene.agent(n).state for n in (1, 2)] == [AgentState.READY] * 2
    scene.feed(StaffingPlanned(at=scene.now, staffing=Staffing()))
    scene.run(1)
    assert [scene.agent(n).state for n in (1, 2)] == [AgentState.PREVIEWING] * 2


def test_agents_are_kept_back_for_calls_from_outside() -> None:
    """One call per reserved agent, which rings for 25 s. 1. One call from outside is expected in that time: two of four
    stay free, and the reasons say so; 2. none any more: all four dial."""
    scene = floor_of(4, DialMode.PROGRESSIVE)
    plan(scene, 600, inbound_per_hour=3600 / 25)
    for agent_id in range(1, 5):
        scene.wish(agent_id, GoReady())
    scene.run(1)
    assert in_flight(scene) == 2
    why = of(PacingDecided, scene)[-1].explain
    assert (why["limit"], why["kept_back"], why["inbound_per_hour"]) == ("staffing", 2, 144.0)
    plan(scene, 600)
    scene.run(1)
    assert in_flight(scene) == 4
