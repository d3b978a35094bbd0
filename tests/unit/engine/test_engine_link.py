"""The link breaks, the log stalls: what the engine believes afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from listing import OTHER_LEG, customer, leg
from scene import Scene, campaign, lead, of, outcomes

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.commands import Bridge, HangUpCall, HangUpLeg, Originate
from dialer.domain.events import ChannelsListed, LogBack, LogLost
from dialer.domain.facts import (
    AttemptEnded,
    CallAbandoned,
    PacingDecided,
    SwitchMoved,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.wishes import ConnectPhone, GoReady, HangUp


def test_link_lost_freezes_the_dialling() -> None:
    """1. With the link down nothing is planned or dialled; 2. what was being committed is cancelled; 3. back, it
    goes on by itself."""
    scene = Scene(leads=[lead(n) for n in range(1, 5)], agents=2, hold_commits=True)
    scene.log_in(1)
    step = scene.switch_down()
    assert of(SwitchMoved, step) == [SwitchMoved(at=scene.now, up=False)]
    assert outcomes(scene.commit()) == [Outcome.CANCELLED]
    scene.run(5)
    assert of(Originate, scene) == []
    scene.hold_commits = False
    scene.switch_up(leg(scene.leg(1)))
    scene.run(1)
    assert len(scene.dialled) == 1


def test_ringing_call_gone_when_the_link_is_back() -> None:
    """1. It rang, the link broke, it is gone: what happened nobody knows; 2. unknown counts as a try."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.ring(scene.dialled[0])
    scene.switch_down()
    scene.later(5)
    step = scene.switch_up(leg(scene.leg(1)))
    (ended,) = of(AttemptEnded, step)
    assert (ended.outcome, ended.burnt) == (Outcome.UNKNOWN, True)
    assert scene.agent(1).state is AgentState.READY


def test_call_answered_meanwhile() -> None:
    """1. It rang; 2. back, it is up and parked: the agent has him."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.switch_down()
    scene.later(1)
    step = scene.switch_up(leg(scene.leg(1)), customer(call, parked=True))
    assert step.commands == [Bridge(call, scene.leg(1))]


def test_still_ringing() -> None:
    """1. It rang and still does: nothing happened."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.ring(call)
    scene.switch_down()
    scene.later(1)
    scene.switch_up(leg(scene.leg(1)), customer(call, up=False))
    assert scene.call(call).state is CallState.RINGING


def test_talk_goes_on() -> None:
    """1. They talked when the link broke, they talk when it is back: not a fact, not a command."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    scene.switch_down()
    scene.later(60)
    step = scene.switch_up(leg(scene.leg(1), with_call=call), customer(call, with_leg=scene.leg(1)))
    assert [f for f in step.facts if not isinstance(f, PacingDecided)] == [SwitchMoved(at=scene.now, up=True)]
    assert step.commands == []


def test_talk_ended_meanwhile() -> None:
    """1. The customer is gone: connected; 2. the agent wraps up."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.connect()
    scene.switch_down()
    scene.later(60)
    assert outcomes(scene.switch_up(leg(scene.leg(1)))) == [Outcome.CONNECTED]
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_leg_lost_meanwhile() -> None:
    """1. The leg is gone, the customer on hold: he is kept for his agent."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    scene.switch_down()
    scene.later(2)
    scene.switch_up(customer(call, parked=True))
    assert scene.agent(1).state is AgentState.UNREACHABLE
    assert scene.call(call).held_for == 1
    scene.wish(1, ConnectPhone())
    assert of(Bridge, scene.park_leg(1)) == [Bridge(call, scene.leg(1))]


def test_bridge_that_came_about_while_the_link_was_down() -> None:
    """1. Bridge ordered, link lost before its word; 2. neither the bridge's time nor the deadline is judged blind;
    3. back, they talk: connected, nobody abandoned."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    scene.switch_down()
    scene.run(10)
    scene.switch_up(leg(scene.leg(1), with_call=call), customer(call, with_leg=scene.leg(1)))
    assert scene.call(call).state is CallState.BRIDGED
    assert of(CallAbandoned, scene) == []


def test_deadline_that_passed_while_the_link_was_down() -> None:
    """1. He waited when the link broke; 2. back, the message plays to him: abandoned, once; 3. then he is gone."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.lose_leg(1)
    scene.answer(call)
    scene.switch_down()
    scene.run(10)
    step = scene.switch_up(customer(call))
    assert len(of(CallAbandoned, step)) == 1
    assert outcomes(scene.hang_up(call)) == [Outcome.ABANDONED]


def test_waiting_customer_gone_while_the_link_was_down() -> None:
    """1. He waited, the deadline passed unseen, he is gone; 2. in doubt it is an abandonment, in the ledger too."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.lose_leg(1)
    scene.answer(scene.dialled[0])
    scene.switch_down()
    scene.run(10)
    step = scene.switch_up()
    assert outcomes(step) == [Outcome.ABANDONED]
    assert len(of(CallAbandoned, step)) == 1


def test_no_bridge_is_ordered_without_a_link() -> None:
    """1. A customer waits, the link breaks, the agent is ready: no Bridge; 2. back within the limit: bridged."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.wish(1, ConnectPhone())  # his new leg is not up yet
    call = scene.dialled[0]
    scene.answer(call)
    scene.switch_down()
    scene.park_leg(1)
    assert of(Bridge, scene.wish(1, GoReady())) == []
    scene.later(0.5)
    step = scene.switch_up(leg(scene.leg(1)), customer(call, parked=True))
    assert step.commands == [Bridge(call, scene.leg(1))]


def test_legs_left_behind_are_hung_up() -> None:
    """1. A leg replaced while the link was down still stands: hung up; 2. another shard's leg is let alone."""
    scene = Scene(agents=1)
    scene.log_in(1)
    old = scene.leg(1)
    scene.switch_down()
    scene.wish(1, ConnectPhone())
    step = scene.switch_up(leg(old), leg(OTHER_LEG))
    assert step.commands == [HangUpLeg(old)]


def test_hangup_ordered_while_the_link_was_down() -> None:
    """1. The agent hung up into a broken link; 2. back, the call still lives: hung up now."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    scene.switch_down()
    scene.wish(1, HangUp(call))
    scene.later(1)
    step = scene.switch_up(leg(scene.leg(1), with_call=call), customer(call, with_leg=scene.leg(1)))
    assert step.commands == [HangUpCall(call)]


def test_routine_listing_finds_a_lost_hangup() -> None:
    """1. Its hang-up was never told; 2. a listing asked for later does not hold it; 3. nor does the next: ended."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.connect()
    scene.later(60)
    listed = ChannelsListed(
        at=scene.now, asked_at=scene.now - timedelta(seconds=1), channels=(leg(scene.leg(1)),)
    )
    assert outcomes(scene.feed(listed)) == []
    scene.later(15)
    step = scene.feed(replace(listed, at=scene.now, asked_at=scene.now))
    assert outcomes(step) == [Outcome.CONNECTED]


def test_routine_listing_older_than_the_call() -> None:
    """1. Asked for before the call rang: it says nothing about it; 2. nor of a leg that came up later."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    asked_at = scene.now
    scene.later(1)
    scene.ring(call)
    scene.agent(1).since = scene.now
    assert scene.feed(ChannelsListed(at=scene.now, asked_at=asked_at, channels=())).facts == []


def test_routine_listing_does_not_hold_an_originate_yet() -> None:
    """1. An overloaded switch begins an Originate late: absent is not gone; 2. until the next listing."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.later(6)
    listed = ChannelsListed(
        at=scene.now, asked_at=scene.now - timedelta(seconds=0.1), channels=(leg(scene.leg(1)),)
    )
    assert outcomes(scene.feed(listed)) == []
    scene.later(20)
    listed = replace(listed, at=scene.now, asked_at=scene.now)
    assert outcomes(scene.feed(listed)) == [Outcome.UNKNOWN]


def test_log_lost_and_back() -> None:
    """1. Nothing is dialled while nothing can be written; 2. calls in flight go on; 3. back, dialling goes on."""
    scene = Scene(leads=[lead(n) for n in range(1, 5)], agents=2)
    scene.log_in(1)
    scene.feed(LogLost(at=scene.now, why="disk full"))
    scene.log_in(2)
    scene.run(5)
    assert len(scene.planned) == 1
    scene.connect()
    scene.feed(LogBack(at=scene.now))
    assert len(scene.dialled) == 2
