"""A new process takes over: what the engine believes of the calls and agents it finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from listing import LEG, OTHER_LEG, customer, leg
from scene import PAID, T0, Scene, campaign, lead, of, outcomes, shard_state, stored_agent

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode, RecordingNotice
from dialer.domain.commands import Bridge, ConnectLeg, HangUpCall, Originate, PlayNotice
from dialer.domain.events import LegHungUp, LegParked, SwitchUp
from dialer.domain.facts import (
    AttemptEnded,
    CallAbandoned,
    LeadMoved,
    ShardStarted,
)
from dialer.domain.outcomes import LeadState, NextStep, Outcome
from dialer.domain.screening import person_share
from dialer.domain.stored import OpenAttempt, ShardState, StoredAgent, Tally, UnfinishedCall
from dialer.domain.values import Attempt, AttemptId, Verdict
from dialer.domain.wishes import ConnectPhone, Dispose


def attempt(n: int = 1, *, mode: DialMode = DialMode.POWER, agent_id: int | None = None) -> Attempt:
    return Attempt(
        id=AttemptId(f"01KJT{n:021}"),
        campaign_id=1,
        lead_id=n,
        person_id=1000 + n,
        phone_id=10 * n,
        n=1,
        mode=mode,
        number=lead(n).phones[0].number,
        trunk="telco",
        caller_id="+18095550190",
        verdict=Verdict("laboratory", "1", ("do_not_call",)),
        planned_at=T0 - timedelta(seconds=30),
        ring_timeout_s=25,
        connect_limit_s=2.0,
        language="es",
        agent_id=agent_id,
    )


def found(
    state: CallState,
    *,
    agent_id: int | None = None,
    answered_at: datetime | None = None,
    connected: bool = False,
    mode: DialMode = DialMode.POWER,
) -> OpenAttempt:
    return OpenAttempt(
        attempt=attempt(mode=mode, agent_id=agent_id),
        lead=lead(1),
        state=state,
        answered_at=answered_at or (T0 - timedelta(seconds=20) if connected else None),
        connected_at=T0 - timedelta(seconds=19) if connected else None,
        agent_id=agent_id,
        notice_given=False,
    )


def restart(
    *calls: OpenAttempt,
    agents: tuple[StoredAgent, ...] = (),
    unfinished: tuple[UnfinishedCall, ...] = (),
    state: CampaignState = CampaignState.RUNNING,
    notice: RecordingNotice = RecordingNotice.SPOKEN,
) -> Scene:
    """The engine of a process that has just taken over, the link not up yet."""
    stored: ShardState = replace(
        shard_state(campaign(mode=DialMode.POWER, state=state, notice=notice), agents=agents),
        fence=5,
        open_attempts=calls,
        unfinished=unfinished,
    )
    scene = Scene(state=stored, switch_up=False)
    scene.later(0.1)
    return scene


CALL = attempt().id


def on_call(agent_id: int = 1) -> StoredAgent:
    return stored_agent(agent_id, AgentState.ON_CALL, leg_id=LEG, attempt_id=CALL)


def test_start_is_a_fact() -> None:
    """1. The first fact of a shard names its fence and its seed."""
    scene = Scene(seed=11)
    assert of(ShardStarted, scene) == [ShardStarted(at=T0, fence=1, seed=11)]


@pytest.mark.parametrize("state", [CallState.PLANNED, CallState.ORIGINATING, CallState.RINGING])
def test_restart_with_a_call_being_dialled(state: CallState) -> None:
    """1. Committed, perhaps sent: never sent again; 2. gone from the switch it ended unknown."""
    scene = restart(found(state), agents=(stored_agent(1, AgentState.READY, leg_id=LEG),))
    step = scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    assert outcomes(step) == [Outcome.UNKNOWN]
    assert of(Originate, scene) == []


def test_restart_with_a_call_that_rings_on() -> None:
    """1. It still rings; 2. answered, a ready agent has him."""
    scene = restart(
        found(CallState.PLANNED),
        agents=(stored_agent(1, AgentState.READY, leg_id=LEG),),
        state=CampaignState.PAUSED,
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG), customer(CALL, up=False))))
    assert of(Bridge, scene.answer(CALL)) == [Bridge(CALL, LEG)]


def test_restart_with_a_reserved_call() -> None:
    """1. Progressive: agent and call still belong together; 2. answered he is bridged to him and no other."""
    scene = restart(
        found(CallState.RINGING, agent_id=1, mode=DialMode.PROGRESSIVE),
        agents=(
            stored_agent(1, AgentState.RESERVED, leg_id=LEG, attempt_id=CALL),
            stored_agent(2, AgentState.READY, leg_id=OTHER_LEG, since=T0 - timedelta(hours=1)),
        ),
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG), leg(OTHER_LEG), customer(CALL, up=False))))
    assert of(Bridge, scene.answer(CALL)) == [Bridge(CALL, LEG)]


def test_restart_with_a_call_whose_agent_had_left_it() -> None:
    """1. Dialled for agent 1, who lost his phone and is READY again; 2. he is not taken for reserved; 3. answered,
    whoever is idle longest has the customer."""
    scene = restart(
        found(CallState.RINGING, agent_id=1, mode=DialMode.PROGRESSIVE),
        agents=(
            stored_agent(1, AgentState.READY, leg_id=LEG),
            stored_agent(2, AgentState.READY, leg_id=OTHER_LEG, since=T0 - timedelta(hours=1)),
        ),
        state=CampaignState.PAUSED,
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG), leg(OTHER_LEG), customer(CALL, up=False))))
    assert of(Bridge, scene.answer(CALL)) == [Bridge(CALL, OTHER_LEG)]


def test_restart_with_a_customer_waiting() -> None:
    """1. Answered a second ago, parked: bridged at once; 2. within the limit that ran on."""
    scene = restart(
        found(CallState.WAITING, answered_at=T0 - timedelta(seconds=1)),
        agents=(stored_agent(1, AgentState.READY, leg_id=LEG),),
    )
    step = scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG), customer(CALL, parked=True))))
    assert step.commands == [Bridge(CALL, LEG)]
    assert scene.call(CALL).deadline == T0 + timedelta(seconds=1)


def test_restart_with_a_bridge_under_way() -> None:
    """1. The agent was reserved, the Bridge perhaps sent; 2. the switch says they talk: they do."""
    scene = restart(
        found(CallState.WAITING, answered_at=T0 - timedelta(seconds=9)),
        agents=(stored_agent(1, AgentState.RESERVED, leg_id=LEG, attempt_id=CALL),),
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG, with_call=CALL), customer(CALL, with_leg=LEG))))
    assert scene.call(CALL).state is CallState.BRIDGED
    assert scene.agent(1).state is AgentState.ON_CALL
    assert of(CallAbandoned, scene) == []


def test_restart_with_a_reservation_for_a_call_that_ended() -> None:
    """1. Waiting customer, agent reserved, both restored; 2. he is gone: the agent is free."""
    scene = restart(
        found(CallState.WAITING, answered_at=T0 - timedelta(seconds=1)),
        agents=(stored_agent(1, AgentState.RESERVED, leg_id=LEG, attempt_id=CALL),),
        state=CampaignState.PAUSED,
    )
    step = scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    assert outcomes(step) == [Outcome.CUSTOMER_HUNG_UP]
    assert scene.agent(1).state is AgentState.READY


def test_restart_behind_the_switch() -> None:
    """1. The last the log knew was ORIGINATING; 2. meanwhile answered, parked and bridged to a READY agent; 3. the
    conversation is taken as it is."""
    scene = restart(found(CallState.ORIGINATING), agents=(stored_agent(1, AgentState.READY, leg_id=LEG),))
    step = scene.feed(
        SwitchUp(at=scene.now, channels=(leg(LEG, with_call=CALL), customer(CALL, with_leg=LEG)))
    )
    assert of(HangUpCall, step) == []
    assert scene.agent(1).state is AgentState.ON_CALL


def test_restart_behind_a_rejoin() -> None:
    """1. The log holds: agent unreachable with a new leg, customer held; 2. the switch: they talk again; 3. so be
    it."""
    scene = restart(
        found(CallState.WAITING, agent_id=1, connected=True),
        agents=(stored_agent(1, AgentState.UNREACHABLE, leg_id=LEG, attempt_id=CALL),),
    )
    step = scene.feed(
        SwitchUp(at=scene.now, channels=(leg(LEG, with_call=CALL), customer(CALL, with_leg=LEG)))
    )
    assert step.commands == []
    assert scene.agent(1).state is AgentState.ON_CALL


def test_restart_in_a_talk() -> None:
    """1. They talk on; 2. at the end the agent wraps up."""
    scene = restart(found(CallState.BRIDGED, agent_id=1, connected=True), agents=(on_call(),))
    step = scene.feed(
        SwitchUp(at=scene.now, channels=(leg(LEG, with_call=CALL), customer(CALL, with_leg=LEG)))
    )
    assert (step.commands, of(AttemptEnded, step)) == ([], [])
    assert outcomes(scene.hang_up(CALL)) == [Outcome.CONNECTED]
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_restart_with_a_talk_that_ended() -> None:
    """1. The customer is gone: connected, and the agent owes a result."""
    scene = restart(found(CallState.BRIDGED, agent_id=1, connected=True), agents=(on_call(),))
    assert outcomes(scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))) == [Outcome.CONNECTED]
    assert scene.agent(1).state is AgentState.WRAP_UP


def test_restart_with_a_held_customer() -> None:
    """1. Held for agent 1 when the process died; 2. his grace and the hold begin anew; 3. he rejoins."""
    scene = restart(
        found(CallState.WAITING, agent_id=1, connected=True),
        agents=(
            stored_agent(1, AgentState.UNREACHABLE, attempt_id=CALL),
            stored_agent(2, AgentState.READY, leg_id=OTHER_LEG),
        ),
        state=CampaignState.PAUSED,
    )
    step = scene.feed(SwitchUp(at=scene.now, channels=(leg(OTHER_LEG), customer(CALL, parked=True))))
    assert of(Bridge, step) == []
    scene.wish(1, ConnectPhone())
    assert of(Bridge, scene.park_leg(1)) == [Bridge(CALL, scene.leg(1))]


def test_restart_with_the_message_playing() -> None:
    """1. Abandoned before the restart: in the ledger once, not again."""
    scene = restart(
        found(CallState.MESSAGE, answered_at=T0 - timedelta(seconds=5)),
        agents=(stored_agent(1, AgentState.READY, leg_id=LEG),),
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG), customer(CALL))))
    assert outcomes(scene.hang_up(CALL)) == [Outcome.ABANDONED]
    assert of(CallAbandoned, scene) == []


def unfinished(agent_id: int = 1) -> UnfinishedCall:
    return UnfinishedCall(attempt(agent_id=agent_id), lead(1), agent_id)


def test_restart_in_wrap_up() -> None:
    """1. The result is still owed, the time for it begins anew; 2. given, it moves the lead."""
    scene = restart(
        agents=(stored_agent(1, AgentState.WRAP_UP, leg_id=LEG, attempt_id=CALL),), unfinished=(unfinished(),)
    )
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    assert scene.agent(1).wrap_up_until == T0 + timedelta(seconds=30)
    (moved,) = of(LeadMoved, scene.wish(1, Dispose(CALL, PAID, "", None)))
    assert moved.step == NextStep(LeadState.FINISHED, reason=PAID)


def test_restart_in_wrap_up_without_a_phone() -> None:
    """1. Unreachable and owing; 2. he never comes back: the time runs out, the lead is recycled."""
    scene = restart(
        agents=(stored_agent(1, AgentState.UNREACHABLE, attempt_id=CALL),), unfinished=(unfinished(),)
    )
    scene.feed(SwitchUp(at=scene.now, channels=()))
    assert len(of(LeadMoved, scene.run(31))) == 1


def test_restart_with_a_result_nobody_owes() -> None:
    """1. Connected and ended, and its agent has gone home: the lead is recycled at the start."""
    scene = restart(agents=(stored_agent(1),), unfinished=(unfinished(),))
    step = scene.feed(SwitchUp(at=scene.now, channels=()))
    assert len(of(LeadMoved, step)) == 1


@pytest.mark.parametrize(
    ("stored", "restored"),
    [
        (AgentState.PREVIEWING, AgentState.READY),
        (AgentState.RESERVED, AgentState.READY),
        (AgentState.ON_CALL, AgentState.NOT_READY),
        (AgentState.WRAP_UP, AgentState.NOT_READY),
        (AgentState.READY, AgentState.READY),
        (AgentState.NOT_READY, AgentState.NOT_READY),
    ],
)
def test_restart_with_agents_whose_call_is_gone(stored: AgentState, restored: AgentState) -> None:
    """1. What they were in the middle of is over; 2. nothing stale sticks to them."""
    scene = restart(agents=(stored_agent(1, stored, leg_id=LEG, attempt_id=CALL),))
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    assert (scene.agent(1).state, scene.agent(1).attempt_id) == (restored, None)


def test_restart_while_a_phone_was_being_called() -> None:
    """1. Unreachable, his leg on its way; 2. the switch holds it parked: he is back."""
    scene = restart(agents=(stored_agent(1, AgentState.UNREACHABLE, leg_id=LEG),))
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    assert (scene.agent(1).state, scene.agent(1).leg_up) == (AgentState.NOT_READY, True)


def test_restart_with_a_leg_that_is_gone() -> None:
    """1. READY in the log, no leg on the switch: unreachable; 2. he connects his phone anew."""
    scene = restart(agents=(stored_agent(1, AgentState.READY, leg_id=LEG),))
    scene.feed(SwitchUp(at=scene.now, channels=()))
    assert scene.agent(1).state is AgentState.UNREACHABLE
    assert len(of(ConnectLeg, scene.wish(1, ConnectPhone()))) == 1
    assert scene.feed(LegHungUp(at=scene.now, leg_id=LEG)).facts == []


def test_restart_dials_on() -> None:
    """1. A ready agent and a running campaign; 2. the link up, dialling goes on by itself."""
    scene = restart(agents=(stored_agent(1, AgentState.READY, leg_id=LEG),))
    scene.list = [lead(1)]
    scene.feed(SwitchUp(at=scene.now, channels=(leg(LEG),)))
    scene.run(0.2)
    assert len(scene.dialled) == 1


def test_restart_keeps_the_abandonment_gauge() -> None:
    """1. Live answers and abandons of the window are counted on; 2. over the cap, calls are reserved."""
    stored = replace(
        shard_state(campaign(mode=DialMode.POWER, ratio=3.0)),
        tallies=(Tally(campaign_id=1, live_answers=100, abandoned=5, at=T0),),
    )
    scene = Scene(state=stored, leads=[lead(n) for n in range(1, 9)])
    scene.log_in(1)
    assert [planned.agent_id for planned in scene.planned] == [1]


def test_restart_keeps_what_the_control_sample_told() -> None:
    """1. Machine verdicts of before: 900 hung up on, 30 tried, 3 of these people; 2. counted as then."""
    tally = Tally(1, live_answers=1000, abandoned=5, at=T0, ended=900, trials=30, persons=3)
    run = Scene(state=replace(shard_state(campaign()), tallies=(tally,))).floor.campaigns[1]
    lost = 900 * person_share(3, 30)
    assert (run.gauge.live, run.gauge.abandoned) == (pytest.approx(1000 + lost), pytest.approx(5 + lost))
    assert run.budget.campaign.abandoned == pytest.approx(5 + lost)
    assert (run.lost.trials, run.lost.persons) == (30, 3)


def test_restart_in_the_notice() -> None:
    """1. Died while the notice played, so its end was never heard; 2. it is said again; 3. a spoken one is not."""
    for notice, commands in (
        (RecordingNotice.PLAYED, [PlayNotice(CALL, "es")]),
        (RecordingNotice.SPOKEN, []),
    ):
        scene = restart(
            found(CallState.BRIDGED, agent_id=1, connected=True), agents=(on_call(),), notice=notice
        )
        talking = (leg(LEG, with_call=CALL), customer(CALL, with_leg=LEG))
        assert scene.feed(SwitchUp(at=scene.now, channels=talking)).commands == commands


def test_leg_that_parks_while_the_first_listing_runs() -> None:
    """1. The listing is asked for; 2. a leg comes up; 3. the listing, without it, arrives: the leg is not lost."""
    scene = restart(agents=(stored_agent(1, AgentState.UNREACHABLE, leg_id=LEG),))
    asked_at = scene.now
    scene.later(0.1)
    scene.feed(LegParked(at=scene.now, leg_id=LEG))
    scene.later(0.1)
    scene.feed(SwitchUp(at=scene.now, asked_at=asked_at, channels=()))
    assert scene.agent(1).state is AgentState.NOT_READY
