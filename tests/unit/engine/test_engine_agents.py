"""The agent's side: his phone leg, calls held when it is lost, wrap-up, going home."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scene import CALL_BACK, LATER, NEVER, PAID, WRONG, Scene, campaign, lead, of, outcomes

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.commands import Bridge, ConnectLeg, HangUpCall, HangUpLeg, Originate
from dialer.domain.events import CustomerHeld, LegHungUp, LegParked, MessageBegan, Woke
from dialer.domain.facts import AgentMoved, AttemptDisposed, IntentSettled, LeadMoved
from dialer.domain.outcomes import LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.values import AttemptId, LegId
from dialer.domain.wishes import (
    ConnectPhone,
    ConsoleLost,
    Dispose,
    GoNotReady,
    GoReady,
    HangUp,
    LeaveGroup,
    LogOut,
    StayInGroup,
    TickNotice,
)


def talking(agents: int = 1, *, leads: int = 1, wrap_up_s: int = 30) -> tuple[Scene, AttemptId]:
    """Agent 1 on a call, the others (if any) ready; nothing else to dial."""
    scene = Scene(
        campaign(mode=DialMode.POWER, wrap_up_s=wrap_up_s),
        leads=[lead(n) for n in range(1, leads + 1)],
        agents=agents,
    )
    scene.log_in(1)
    call = scene.connect()
    scene.log_in(*range(2, agents + 1))
    return scene, call


def held(agents: int = 1) -> tuple[Scene, AttemptId]:
    """As `talking`, then agent 1's leg died and the dialplan holds the customer."""
    scene, call = talking(agents)
    scene.lose_leg(1)
    scene.later(0.02)
    scene.feed(CustomerHeld(at=scene.now, attempt_id=call))
    return scene, call


def rejoin(scene: Scene, agent_id: int = 1) -> list[Bridge]:
    """The agent's phone comes back; the bridges that are ordered then."""
    scene.wish(agent_id, ConnectPhone())
    scene.later(0.5)
    return of(Bridge, scene.park_leg(agent_id))


def error(step: object) -> str | None:
    (settled,) = of(IntentSettled, step)  # type: ignore[arg-type]
    return settled.error


# --- logging in -------------------------------------------------------------------------------------------


def test_log_in() -> None:
    """1. His phone is called on a leg of its own; 2. up and parked he is NOT_READY; 3. READY when he says so."""
    scene = Scene(agents=1)
    step = scene.wish(1, ConnectPhone())
    leg = scene.leg(1)
    assert step.commands == [ConnectLeg(leg, "agent-1")]
    assert scene.agent(1).state is AgentState.UNREACHABLE
    scene.later(1)
    (moved,) = of(AgentMoved, scene.feed(LegParked(at=scene.now, leg_id=leg)))
    assert (moved.state, moved.reason, moved.leg_up) == (AgentState.NOT_READY, "connected", True)
    scene.wish(1, GoReady())
    assert scene.agent(1).state is AgentState.READY


def test_ready_without_a_phone_is_refused() -> None:
    """1. An agent who is logged out or whose phone is down can't be ready."""
    scene = Scene(agents=1)
    assert error(scene.wish(1, GoReady())) == "phone_down"
    scene.wish(1, ConnectPhone())
    assert error(scene.wish(1, GoNotReady("lunch"))) == "phone_down"


def test_agent_created_after_the_start() -> None:
    """1. Somebody the shard has never heard of logs in; 2. he is an agent like the others."""
    scene = Scene(agents=1)
    scene.log_in(99)
    assert scene.agent(99).state is AgentState.READY


def test_phone_that_is_never_picked_up() -> None:
    """1. The leg comes to nothing: the agent stays unreachable; 2. he may try again with another leg."""
    scene = Scene(agents=1)
    scene.wish(1, ConnectPhone())
    first = scene.leg(1)
    scene.feed(LegHungUp(at=scene.now, leg_id=first))
    assert (scene.agent(1).state, scene.agent(1).leg_id) == (AgentState.UNREACHABLE, None)
    scene.later(1)
    scene.log_in(1)
    assert scene.leg(1) != first


def test_reload_replaces_the_leg() -> None:
    """1. The old leg is hung up, a new one called; 2. the old leg's end, told late, concerns nobody."""
    scene = Scene(agents=1)
    scene.log_in(1)
    old = scene.leg(1)
    step = scene.wish(1, ConnectPhone())
    assert step.commands == [HangUpLeg(old), ConnectLeg(scene.leg(1), "agent-1")]
    scene.park_leg(1)
    assert scene.feed(LegHungUp(at=scene.now, leg_id=old)).facts == []
    assert scene.agent(1).state is AgentState.NOT_READY


def test_unknown_leg_is_counted() -> None:
    """1. A leg nobody knows is parked: counted, nothing else."""
    scene = Scene(agents=1)
    seen = scene.floor.unexpected
    assert scene.feed(LegParked(at=scene.now, leg_id=LegId("leg-" + "0" * 26))).facts == []
    assert scene.floor.unexpected == seen + 1


def test_agent_waits_for_his_leg_to_be_parked_again() -> None:
    """1. Disposed at once, he is ready before his leg is back in its waiting room; 2. he gets no call until it is."""
    scene, call = talking(leads=2)
    scene.hang_up(call)
    scene.wish(1, Dispose(call, PAID, "", None))
    assert scene.agent(1).state is AgentState.READY
    scene.run(1)
    assert len(scene.dialled) == 1
    scene.park_leg(1)
    scene.run(0.1)
    assert len(scene.dialled) == 2


def test_console_lost_while_ready() -> None:
    """1. Nobody sits at the screen: his leg is hung up; 2. he is unreachable and gets no calls."""
    scene = Scene(agents=1, leads=[])
    scene.log_in(1)
    leg = scene.leg(1)
    assert scene.wish(1, ConsoleLost()).commands == [HangUpLeg(leg)]
    assert scene.agent(1).state is AgentState.UNREACHABLE


# --- the leg dies under a call ----------------------------------------------------------------------------


def test_same_agent_rejoins() -> None:
    """1. His leg dies: the call waits on hold, his alone; 2. another ready agent is not sent; 3. his new leg is
    bridged as it comes; 4. the talk goes on, counted as connected once."""
    scene, call = held(agents=2)
    assert scene.call(call).state is CallState.WAITING
    assert scene.agent(1).state is AgentState.UNREACHABLE
    assert of(Bridge, scene.run(3)) == []
    assert rejoin(scene) == [Bridge(call, scene.leg(1))]
    scene.bridge(call, 1)
    assert scene.agent(1).state is AgentState.ON_CALL
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP
    assert scene.floor.campaigns[1].gauge.live == 1


def test_leg_end_and_hold_told_in_the_other_order() -> None:
    """1. The hold is told before the leg's end: the leg is asked to hang up; 2. the same agent rejoins."""
    scene, call = talking()
    leg = scene.leg(1)
    step = scene.feed(CustomerHeld(at=scene.now, attempt_id=call))
    assert step.commands == [HangUpLeg(leg)]
    assert scene.agent(1).state is AgentState.UNREACHABLE
    scene.feed(LegHungUp(at=scene.now, leg_id=leg))
    scene.later(2)
    assert rejoin(scene) == [Bridge(call, scene.leg(1))]


def test_leg_end_never_told() -> None:
    """1. The hold is told, the leg's end never; 2. after the grace another agent has the customer."""
    scene, call = talking(agents=2)
    scene.feed(CustomerHeld(at=scene.now, attempt_id=call))
    assert of(Bridge, scene.run(6.1)) == [Bridge(call, scene.leg(2))]
    assert scene.agent(1).state is AgentState.UNREACHABLE


def test_held_customer_goes_to_another_agent_after_six_seconds() -> None:
    """1. Until 6 s he is kept for his agent; 2. then any ready agent has him; 3. the first owes nothing."""
    scene, call = held(agents=2)
    assert of(Bridge, scene.run(5.9)) == []
    assert of(Bridge, scene.run(0.2)) == [Bridge(call, scene.leg(2))]
    assert scene.agent(1).attempt_id is None
    scene.bridge(call, 2)
    scene.hang_up(call)
    assert scene.agent(2).state is AgentState.WRAP_UP


def test_held_customer_and_nobody_comes() -> None:
    """1. After 19 s the hold is over; 2. no abandonment: he had been connected; 3. the agent owes a result still."""
    scene, call = held()
    scene.run(19.1)
    assert scene.call(call).state is CallState.MESSAGE
    scene.feed(MessageBegan(at=scene.now, attempt_id=call))
    assert outcomes(scene.hang_up(call)) == [Outcome.CONNECTED]
    assert scene.floor.campaigns[1].gauge.abandoned == 0
    assert call in scene.floor.wrapping
    rejoin(scene)
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_customer_hangs_up_on_hold() -> None:
    """1. He goes while his agent is away; 2. back at his phone the agent is in wrap-up; 3. and disposes."""
    scene, call = held()
    scene.later(1)
    assert outcomes(scene.hang_up(call)) == [Outcome.CONNECTED]
    assert of(LeadMoved, scene) == []
    rejoin(scene)
    assert scene.agent(1).state is AgentState.WRAP_UP
    scene.wish(1, Dispose(call, PAID, "", None))
    assert scene.agent(1).state is AgentState.READY
    assert len(of(LeadMoved, scene)) == 1


def test_held_customer_hangs_up_before_his_agent_is_bridged_again() -> None:
    """1. The agent is back and reserved for his customer; 2. who hangs up; 3. the agent owes a result."""
    scene, call = held()
    scene.later(1)
    rejoin(scene)
    assert scene.agent(1).state is AgentState.RESERVED
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_agent_is_back_before_the_hold_is_told() -> None:
    """1. The leg is back and the customer not yet on hold: nothing to bridge; 2. the hold told, he rejoins."""
    scene, call = talking()
    scene.lose_leg(1)
    scene.later(0.5)
    assert rejoin(scene) == []
    assert scene.agent(1).state is AgentState.NOT_READY
    assert of(Bridge, scene.feed(CustomerHeld(at=scene.now, attempt_id=call))) == [Bridge(call, scene.leg(1))]


def test_customer_gone_when_his_agent_is_back_but_unbridged() -> None:
    """1. Agent back, the hold never told, the customer hangs up; 2. the agent owes a result for the talk."""
    scene, call = talking()
    scene.lose_leg(1)
    scene.later(0.5)
    rejoin(scene)
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_leg_lost_again_while_rejoining() -> None:
    """1. Back, reserved, and lost again; 2. the customer stays his for the grace; 3. he rejoins by a third leg."""
    scene, call = held()
    scene.later(1)
    rejoin(scene)
    scene.lose_leg(1)
    assert scene.agent(1).state is AgentState.UNREACHABLE
    scene.later(1)
    assert rejoin(scene) == [Bridge(call, scene.leg(1))]
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_console_lost_during_a_call() -> None:
    """1. The screen is gone: the leg is hung up, the customer held; 2. he rejoins."""
    scene, call = talking()
    leg = scene.leg(1)
    assert scene.wish(1, ConsoleLost()).commands == [HangUpLeg(leg)]
    assert scene.call(call).state is CallState.WAITING
    scene.feed(LegHungUp(at=scene.now, leg_id=leg))
    scene.feed(CustomerHeld(at=scene.now, attempt_id=call))
    assert rejoin(scene) == [Bridge(call, scene.leg(1))]


def test_logged_out_while_his_customer_is_held() -> None:
    """1. Unreachable, he logs out; 2. the customer goes to another agent after the grace; 3. nothing is owed."""
    scene, call = held(agents=2)
    scene.wish(1, LogOut())
    assert scene.agent(1).state is AgentState.LOGGED_OUT
    assert of(Bridge, scene.run(6.1)) == [Bridge(call, scene.leg(2))]


def test_reserved_agent_lost_before_the_commit() -> None:
    """1. His leg dies between plan and commit; 2. the attempt is cancelled undialled and unburnt."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    scene.lose_leg(1)
    step = scene.commit()
    assert of(Originate, step) == []
    assert outcomes(step) == [Outcome.CANCELLED]


def test_reserved_agent_lost_while_it_rings() -> None:
    """1. The agent the call was dialled for is gone; 2. it is hung up before anybody answers into the void."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.ring(call)
    assert scene.lose_leg(1).commands == [HangUpCall(call)]
    assert outcomes(scene.hang_up(call, Outcome.NO_ANSWER, sip=487)) == [Outcome.CANCELLED]


def test_reserved_agent_lost_while_the_customer_waits() -> None:
    """1. Answered, and the agent's leg dies before the bridge; 2. another ready agent takes the customer."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=2)
    scene.log_in(1, 2)
    call = scene.dialled[0]
    scene.answer(call)
    assert scene.lose_leg(1).commands == [Bridge(call, scene.leg(2))]


# --- wrap-up and the result -------------------------------------------------------------------------------


def test_disposition_during_the_call() -> None:
    """1. A result given while talking hangs the customer up; 2. at the end there is no wrap-up left."""
    scene, call = talking()
    step = scene.wish(1, Dispose(call, PAID, "said so", None))
    assert step.commands == [HangUpCall(call)]
    assert of(AttemptDisposed, step) == []
    step = scene.hang_up(call)
    assert [said.code for said in of(AttemptDisposed, step)] == [PAID]
    assert scene.agent(1).state is AgentState.READY


def test_callback_whose_time_comes_before_the_hangup() -> None:
    """1. "Call me in two seconds", said during the call; 2. the hang-up takes three; 3. the callback is due at once."""
    scene, call = talking()
    scene.wish(1, Dispose(call, CALL_BACK, "", scene.now + timedelta(seconds=2)))
    scene.later(3)
    (moved,) = of(LeadMoved, scene.hang_up(call))
    assert moved.step.state is LeadState.CALLBACK


@pytest.mark.parametrize(
    ("code", "state", "phone_status"),
    [
        (PAID, LeadState.FINISHED, None),
        (LATER, LeadState.RESTING, None),
        (WRONG, LeadState.FINISHED, PhoneStatus.WRONG_PERSON),
        (NEVER, LeadState.SUPPRESSED, PhoneStatus.DO_NOT_CALL),
    ],
)
def test_dispositions_move_the_lead(code: str, state: LeadState, phone_status: PhoneStatus | None) -> None:
    """1. The agent's word decides where the lead goes."""
    scene, call = talking()
    scene.hang_up(call)
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(call, code, "", None)))
    assert (moved.step.state, moved.step.phone_status) == (state, phone_status)
    assert moved.callback_agent_id is None


def test_callback_is_remembered_with_its_agent() -> None:
    """1. The lead calls back at the time agreed; 2. on that number; 3. for that agent."""
    scene, call = talking()
    scene.hang_up(call)
    when = scene.now + timedelta(hours=3)
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(call, CALL_BACK, "", when)))
    assert moved.step == NextStep(LeadState.CALLBACK, when, 10)
    assert moved.callback_agent_id == 1


def test_dispositions_refused() -> None:
    """1. Unknown code; 2. callback without, or a result with, a time; 3. a time gone by; 4. not his call; 5. once
    only; each refused by its code, and nothing moves."""
    scene, call = talking()
    scene.hang_up(call)
    past, future = scene.now - timedelta(minutes=1), scene.now + timedelta(minutes=1)
    assert error(scene.wish(1, Dispose(call, "nonsense", "", None))) == "unknown_disposition"
    assert error(scene.wish(1, Dispose(call, CALL_BACK, "", None))) == "callback_time"
    assert error(scene.wish(1, Dispose(call, PAID, "", future))) == "callback_time"
    assert error(scene.wish(1, Dispose(call, CALL_BACK, "", past))) == "callback_time"
    assert error(scene.wish(2, Dispose(call, PAID, "", None))) == "not_your_call"
    assert of(LeadMoved, scene) == []
    assert error(scene.wish(1, Dispose(call, PAID, "", None))) is None
    assert error(scene.wish(1, Dispose(call, LATER, "", None))) == "not_your_call"
    assert len(of(LeadMoved, scene)) == 1


def test_wrap_up_expires() -> None:
    """1. No result within the wrap-up time: the lead is recycled as connected; 2. the agent is NOT_READY, since
    he is probably not there."""
    scene, call = talking()
    scene.hang_up(call)
    assert of(LeadMoved, scene.run(29.9)) == []
    step = scene.run(0.2)
    (moved,) = of(LeadMoved, step)
    assert moved.step.next_at == moved.at + timedelta(days=1)
    assert (scene.agent(1).state, scene.agent(1).reason) == (AgentState.NOT_READY, "wrap_up_expired")


def test_wrap_up_expires_for_an_agent_who_never_came_back() -> None:
    """1. Lost in wrap-up; 2. at its end the lead is recycled and nothing is owed any more."""
    scene, call = talking()
    scene.hang_up(call)
    scene.lose_leg(1)
    assert len(of(LeadMoved, scene.run(31))) == 1
    assert scene.agent(1).attempt_id is None
    rejoin(scene)
    assert scene.agent(1).state is AgentState.NOT_READY


def test_campaign_without_wrap_up() -> None:
    """1. With 0 s of wrap-up nothing is asked for; 2. the agent is ready in the same step."""
    scene, call = talking(wrap_up_s=0)
    step = scene.hang_up(call)
    assert [moved.state for moved in of(AgentMoved, step)] == [AgentState.WRAP_UP, AgentState.READY]
    assert len(of(LeadMoved, step)) == 1


def test_break_asked_for_during_a_call() -> None:
    """1. It waits for the wrap-up's end; 2. then he is NOT_READY for his reason; 3. READY in between undoes it."""
    scene, call = talking(leads=2)
    scene.wish(1, GoNotReady("lunch"))
    assert scene.agent(1).state is AgentState.ON_CALL
    scene.hang_up(call)
    scene.wish(1, Dispose(call, PAID, "", None))
    assert (scene.agent(1).state, scene.agent(1).reason) == (AgentState.NOT_READY, "lunch")
    scene.park_leg(1)
    scene.wish(1, GoReady())
    scene.run(0.1)
    second = scene.connect()
    scene.wish(1, GoNotReady("lunch"))
    scene.wish(1, GoReady())
    scene.hang_up(second)
    scene.wish(1, Dispose(second, PAID, "", None))
    assert scene.agent(1).state is AgentState.READY


def test_log_out_during_a_call_waits_for_the_wrap_up() -> None:
    """1. Talking, he asks to go home; 2. call and wrap-up go their way; 3. then leg and session end."""
    scene, call = talking()
    leg = scene.leg(1)
    scene.wish(1, LogOut())
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP
    step = scene.wish(1, Dispose(call, PAID, "", None))
    assert step.commands == [HangUpLeg(leg)]
    assert scene.agent(1).state is AgentState.LOGGED_OUT


def test_sent_to_another_group_while_ready() -> None:
    """1. Ready, a supervisor sends him to another group: he leaves this one at once; 2. once more changes nothing."""
    scene = Scene(agents=1)
    scene.log_in(1)
    leg = scene.leg(1)
    assert scene.wish(1, LeaveGroup()).commands == [HangUpLeg(leg)]
    assert scene.agent(1).state is AgentState.LOGGED_OUT
    assert of(AgentMoved, scene.wish(1, LeaveGroup())) == []


def test_sent_to_another_group_during_a_call() -> None:
    """1. Talking, he is sent to another group, and can't take that back; 2. after his wrap-up he leaves."""
    scene, call = talking()
    scene.wish(1, LeaveGroup())
    for wish in (GoReady(), GoNotReady("lunch"), LogOut()):
        scene.wish(1, wish)
        assert scene.agent(1).after_wrap_up == "moved"
    scene.hang_up(call)
    assert scene.agent(1).state is AgentState.WRAP_UP
    scene.wish(1, Dispose(call, PAID, "", None))
    assert scene.agent(1).state is AgentState.LOGGED_OUT


def test_sent_to_another_group_and_kept_after_all() -> None:
    """1. Talking, he is sent to another group, and the supervisor changes his mind; 2. he stays after the call; 3. what
    he asks for himself is left alone."""
    scene, call = talking()
    scene.wish(1, LeaveGroup())
    scene.wish(1, StayInGroup())
    scene.wish(1, GoNotReady("lunch"))
    scene.wish(1, StayInGroup())
    scene.hang_up(call)
    scene.wish(1, Dispose(call, PAID, "", None))
    assert scene.agent(1).state is AgentState.NOT_READY


def test_log_out_while_reserved() -> None:
    """1. Reserved, he asks to go home; 2. nobody answers; 3. he is logged out then."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    scene.wish(1, LogOut())
    assert scene.agent(1).state is AgentState.RESERVED
    scene.hang_up(scene.dialled[0], Outcome.NO_ANSWER)
    assert scene.agent(1).state is AgentState.LOGGED_OUT


def test_log_out_with_a_result_owed() -> None:
    """1. Lost in wrap-up he logs out; 2. the lead is recycled as connected, nothing is owed."""
    scene, call = talking()
    scene.hang_up(call)
    scene.lose_leg(1)
    assert len(of(LeadMoved, scene.wish(1, LogOut()))) == 1
    assert scene.floor.wrapping == {}
    assert scene.agent(1).state is AgentState.LOGGED_OUT


def test_log_out_of_the_last_agent_stops_the_dialling() -> None:
    """1. Planned, and the last agent of a pooled campaign logs out; 2. committed, it is cancelled, not dialled."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    assert len(scene.planned) == 1
    scene.wish(1, LogOut())
    step = scene.commit()
    assert of(Originate, step) == []
    assert outcomes(step) == [Outcome.CANCELLED]
    assert scene.floor.campaigns[1].state is CampaignState.RUNNING


def test_others_call_is_not_his() -> None:
    """1. Hanging up or ticking a call that is not his is refused."""
    scene, call = talking(agents=2)
    assert error(scene.wish(2, HangUp(call))) == "not_your_call"
    assert error(scene.wish(2, TickNotice(call))) == "not_your_call"


def test_notice_ticked_before_the_talk_is_refused() -> None:
    """1. Ringing is no talk: nothing to tick."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    assert error(scene.wish(1, TickNotice(scene.dialled[0]))) == "not_in_call"


def test_woken_for_nothing() -> None:
    """1. A wake-up with nothing due changes nothing."""
    scene = Scene(agents=1)
    scene.log_in(1)
    step = scene.feed(Woke(at=scene.now))
    assert (step.facts, step.commands) == ([], [])
