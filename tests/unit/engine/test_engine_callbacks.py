"""Callbacks: dialled for the agent who promised them, and for others when he will not come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scene import LEASE, Scene, campaign, lead, of

from dialer.domain.campaign import DialMode
from dialer.domain.facts import LeadsReturned
from dialer.domain.values import ClaimedLead
from dialer.domain.wishes import (
    ConsoleLost,
    GoNotReady,
    GoReady,
    LeaveGroup,
    LogOut,
    PauseCampaign,
    StayInGroup,
    Wish,
)
from dialer.engine.callbacks import OWN_AGENT_GRACE


def callback(agent_id: int | None, id: int = 1) -> ClaimedLead:
    return replace(lead(id), callback=True, callback_agent_id=agent_id)


def both_ready(scene: Scene) -> None:
    """Both at their phones, then ready one after the other."""
    scene.log_in(1, 2, ready=False)
    for agent_id in (1, 2):
        scene.wish(agent_id, GoReady())
        scene.run(0.2)


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.POWER, DialMode.PREDICTIVE])
def test_a_callback_goes_to_the_agent_who_promised_it(mode: DialMode) -> None:
    """1. Two free agents, the first idle for longer; 2. the second's callback is dialled for him."""
    scene = Scene(campaign(mode=mode), leads=[callback(2)], agents=2)
    both_ready(scene)
    assert [planned.agent_id for planned in scene.planned] == [2]


def test_a_callback_waits_for_its_agent_and_then_for_nobody() -> None:
    """1. Her agent is on a break: not dialled; 2. after the grace, anybody's; 3. an agent gone home: at once."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[], agents=2)
    scene.log_in(1, 2)
    scene.wish(2, GoNotReady("lunch"))
    scene.list = [callback(2)]
    scene.run(OWN_AGENT_GRACE.total_seconds() - 5)
    assert scene.planned == []
    scene.run(10)
    assert [planned.agent_id for planned in scene.planned] == [1]
    home = Scene(campaign(mode=DialMode.POWER), leads=[callback(2)], agents=2)
    home.log_in(1)
    assert [planned.agent_id for planned in home.planned] == [1]


def in_a_call_of_his_own() -> Scene:
    """The second agent talks; the first waits; nothing else is to be dialled."""
    scene = Scene(campaign(mode=DialMode.PROGRESSIVE), leads=[lead(7)], agents=2)
    scene.log_in(2)
    scene.connect(2)
    scene.log_in(1)
    scene.list = [callback(2)]
    return scene


@pytest.mark.parametrize("wish", [LeaveGroup(), LogOut()])
def test_a_callback_does_not_wait_for_who_leaves_after_his_call(wish: Wish) -> None:
    """1. He talks, and goes to another group or home when that is over: others make his callback; 2. while he only
    talks, it waits for him."""
    leaves = in_a_call_of_his_own()
    leaves.wish(2, wish)
    leaves.run(5)
    assert [(p.lead_id, p.agent_id) for p in leaves.planned[1:]] == [(1, 1)]
    stays = in_a_call_of_his_own()
    stays.wish(2, LeaveGroup())
    stays.wish(2, StayInGroup())
    stays.run(5)
    assert stays.planned[1:] == []


def test_a_callback_does_not_wait_for_who_went_without_a_word() -> None:
    """1. His telephone has just gone: a reload takes moments, so it waits; 2. gone for the grace: the next callback
    waits no more; 3. let in no more, he is logged out: at once."""
    scene = Scene(campaign(mode=DialMode.PROGRESSIVE), leads=[], agents=2)
    scene.log_in(1, 2)
    scene.lose_leg(2)
    scene.list = [callback(2)]
    scene.run(OWN_AGENT_GRACE.total_seconds() - 5)
    assert scene.planned == []
    scene.run(10)
    scene.hang_up(scene.planned[0].id)
    scene.list = [callback(2, id=2)]
    scene.run(5)
    assert [(p.lead_id, p.agent_id) for p in scene.planned] == [(1, 1), (2, 1)]
    disabled = Scene(campaign(mode=DialMode.PROGRESSIVE), leads=[], agents=2)
    disabled.log_in(1, 2)
    disabled.wish(2, ConsoleLost())
    disabled.wish(2, LogOut())
    disabled.list = [callback(2)]
    disabled.run(5)
    assert [(p.lead_id, p.agent_id) for p in disabled.planned] == [(1, 1)]


def test_a_callback_outlives_an_empty_room() -> None:
    """1. Nobody is free when it is due, nor while its claim lasts: given back; 2. whoever is ready first makes it."""
    scene = Scene(campaign(mode=DialMode.PROGRESSIVE), leads=[callback(2)], agents=2)
    scene.log_in(1, ready=False)
    scene.run(LEASE.total_seconds() + 10)
    assert scene.planned == []
    assert (1,) in [returned.lead_ids for returned in of(LeadsReturned, scene)]
    scene.list = [callback(2)]
    scene.wish(1, GoReady())
    scene.run(5)
    assert [(p.lead_id, p.agent_id) for p in scene.planned] == [(1, 1)]


def test_a_callback_is_shown_to_its_agent_in_preview() -> None:
    scene = Scene(campaign(mode=DialMode.PREVIEW), leads=[callback(2)], agents=2)
    both_ready(scene)
    assert scene.agent(2).preview is not None
    assert scene.agent(1).preview is None


def test_an_agent_waited_for_by_a_callback_is_not_promised_to_others() -> None:
    """1. A callback waits for the second agent, who talks; 2. the pool is asked for one agent fewer; 3. back and
    ready, he gets his callback before anything else."""
    scene = Scene(campaign(mode=DialMode.POWER, ratio=1.0, wrap_up_s=0), leads=[callback(2)], agents=2)
    scene.log_in(1, 2, ready=False)
    scene.wish(1, GoReady())
    scene.run(3)
    scene.list = [lead(n) for n in range(2, 20)]
    scene.run(3)
    assert scene.planned == []
    scene.wish(2, GoReady())
    scene.run(1)
    assert [p.agent_id for p in scene.planned if p.lead_id == 1] == [2]


def test_a_paused_campaign_gives_its_callbacks_back() -> None:
    scene = Scene(campaign(mode=DialMode.POWER), leads=[callback(2)], agents=2)
    scene.log_in(1, 2, ready=False)
    scene.run(1)
    scene.wish(9, PauseCampaign(1))
    assert (1,) in [returned.lead_ids for returned in of(LeadsReturned, scene)]
