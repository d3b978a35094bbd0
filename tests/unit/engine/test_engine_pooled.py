"""Power and predictive dialling: calls for whoever is free, and the fall back to reserved calls over the cap."""

from __future__ import annotations

from scene import Scene, campaign, lead, of, outcomes

from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.commands import Bridge, Originate
from dialer.domain.events import CampaignEdited
from dialer.domain.facts import PacingDecided
from dialer.domain.outcomes import Outcome
from dialer.domain.wishes import StartCampaign


def test_power_dials_its_ratio() -> None:
    """1. Two calls per free agent; 2. none of them reserves anybody; 3. the decision is logged with its reasons."""
    scene = Scene(campaign(mode=DialMode.POWER, ratio=2.0), leads=[lead(n) for n in range(1, 30)], agents=2)
    scene.log_in(1, 2)
    assert len(scene.dialled) == 4
    assert all(planned.agent_id is None for planned in scene.planned)
    decided = of(PacingDecided, scene)
    assert sum(decision.calls for decision in decided) == 4
    assert all(decision.policy == "power" for decision in decided)


def test_power_keeps_to_its_lines_per_agent() -> None:
    """1. A ratio of 5 and at most 2 lines per agent; 2. two calls are out, no more."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=5.0, max_lines_per_agent=2.0),
        leads=[lead(n) for n in range(1, 30)],
        agents=1,
    )
    scene.log_in(1)
    assert len(scene.dialled) == 2


def test_predictive_dials_and_learns() -> None:
    """1. One call at a time while nothing is known; 2. after some hundred it dials ahead of the free agents;
    3. every live answer ends as the law knows it (the watch looks)."""
    scene = Scene(
        campaign(mode=DialMode.PREDICTIVE, wrap_up_s=0, max_lines_per_agent=8.0),
        leads=[lead(n) for n in range(1, 900)],
        agents=8,
    )
    scene.log_in(*range(1, 9))
    n = 0
    for _ in range(300):
        scene.run(0.5)
        for call in list(scene.floor.calls.values()):
            n += 1
            if call.bridging_until and call.agent_id:
                scene.bridge(call.id, call.agent_id)
            elif call.connected_at and scene.now.timestamp() - call.connected_at.timestamp() > 20:
                agent_id = call.agent_id
                scene.hang_up(call.id)
                if agent_id:
                    scene.park_leg(agent_id)
            elif call.outcome:
                scene.hang_up(call.id)
            elif call.answered_at is None and n % 4 == 0:
                if n % 5 == 0:
                    scene.answer(call.id)
                else:
                    scene.hang_up(call.id, Outcome.NO_ANSWER)
    ended = outcomes(scene)
    assert ended.count(Outcome.CONNECTED) > 20
    assert ended.count(Outcome.ABANDONED) <= 2
    assert max(decision.calls for decision in of(PacingDecided, scene)) >= 2


def test_over_the_cap_calls_are_reserved() -> None:
    """1. One abandonment in the first answers: the next would break the cap; 2. from now on each call has its
    agent; 3. the reason is logged, once when it binds and with each call."""
    scene = Scene(
        campaign(mode=DialMode.POWER, ratio=3.0, wrap_up_s=0), leads=[lead(n) for n in range(1, 60)], agents=1
    )
    scene.log_in(1)
    first, second, third = scene.dialled
    scene.answer(first)
    scene.later(0.004)
    scene.bridge(first, 1)
    scene.answer(second)
    scene.run(2.1)
    scene.hang_up(second)
    assert outcomes(scene) == [Outcome.ABANDONED]
    scene.hang_up(third)
    scene.hang_up(first)
    scene.park_leg(1)
    scene.run(1)
    assert len(scene.planned) == 4
    assert scene.planned[-1].agent_id == 1
    capped = [decision.calls for decision in of(PacingDecided, scene) if decision.explain["limit"] == "cap"]
    assert capped == [0, 1]


def test_waiting_customer_first() -> None:
    """1. A customer waits when an agent comes free; 2. he is bridged, and no call is placed for that agent."""
    scene = Scene(campaign(mode=DialMode.POWER, ratio=1.0), leads=[lead(n) for n in range(1, 9)], agents=2)
    scene.log_in(1)
    scene.answer(scene.dialled[0])
    before = len(scene.dialled)
    scene.bridge(scene.dialled[0], 1)
    assert len(scene.dialled) == before


def test_two_pooled_campaigns_share_the_pool_once() -> None:
    """1. Two power campaigns, one agent; 2. the urgent one dials for him, the other not as well; 3. out of leads,
    it leaves him to the other."""
    scene = Scene(
        campaign(1, DialMode.POWER, state=CampaignState.PAUSED),
        campaign(2, DialMode.POWER, state=CampaignState.PAUSED, priority=9),
        leads=[lead(1), lead(2), lead(3, campaign_id=2)],
        agents=1,
    )
    scene.wish(9, StartCampaign(1))
    scene.wish(9, StartCampaign(2))
    scene.log_in(1)
    assert [planned.campaign_id for planned in scene.planned] == [2]
    scene.hang_up(scene.dialled[0])
    scene.run(0.5)
    assert [planned.campaign_id for planned in scene.planned] == [2, 1]


def test_settings_change_the_policy() -> None:
    """1. From power at 1.0 to predictive while calls are out; 2. calls in flight are known to the new policy."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(n) for n in range(1, 30)], agents=2)
    scene.log_in(1, 2)
    scene.feed(CampaignEdited(at=scene.now, campaign=campaign(mode=DialMode.PREDICTIVE)))
    scene.run(3)
    assert {decision.policy for decision in of(PacingDecided, scene)} == {"power", "predictive"}
    assert len(scene.dialled) == 2


def test_pulse_does_not_multiply() -> None:
    """1. However many batches come, the engine asks to be woken at its pulse; 2. not once more per batch."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1)
    for _ in range(300):
        scene.later(0.0001)
        scene.ring(scene.dialled[0])
    woken = len(scene.told)
    scene.run(2)
    assert len(scene.told) - woken <= 12


def test_bridges_do_not_wait_for_the_log() -> None:
    """1. A bridge is ordered in the step of the answer; 2. the next dial only after its commit."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1), lead(2)], agents=2, hold_commits=True)
    scene.log_in(1)
    scene.commit()
    scene.log_in(2)
    step = scene.answer(scene.dialled[0])
    assert of(Bridge, step) == [Bridge(scene.dialled[0], scene.leg(1))]
    assert of(Originate, step) == []
