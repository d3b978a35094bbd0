"""One call's way through the engine, from the lead to its next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scene import PAID, Scene, campaign, lead, of, outcomes

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode, RecordingNotice
from dialer.domain.commands import (
    Bridge,
    HangUpCall,
    Originate,
    PlayNotice,
    StartRecording,
    StopRecording,
)
from dialer.domain.events import (
    BridgeFailed,
    CallBridged,
    CallHungUp,
    CallRang,
    CustomerHeld,
    MessageBegan,
    NoticeEnded,
    OriginateFailed,
    RecorderStarted,
)
from dialer.domain.facts import (
    AgentMoved,
    AnyFact,
    AttemptDisposed,
    AttemptEnded,
    AttemptMoved,
    CallAbandoned,
    LeadMoved,
    NoticeGiven,
    PacingDecided,
    RecordingBegan,
    RecordingClosed,
    RecordingRefused,
)
from dialer.domain.outcomes import LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.values import AttemptId, HungUpBy
from dialer.domain.wishes import Dispose, GoReady, HangUp, RefuseRecording, TickNotice
from dialer.engine import Step

STRANGER = AttemptId("0" * 26)


def states(scene: Scene, attempt_id: AttemptId) -> list[CallState]:
    moved = [fact for fact in scene.facts if isinstance(fact, AttemptMoved)]
    return [fact.state for fact in moved if fact.attempt_id == attempt_id]


def without_pacing(step: Step) -> list[AnyFact]:
    """Its facts but the pacing's own, which come now and then."""
    return [fact for fact in step.facts if not isinstance(fact, PacingDecided)]


def test_progressive_happy_path() -> None:
    """1. A ready agent is reserved and the attempt planned; 2. dialled once committed; 3. answered, parked and
    bridged to him at once; 4. at the hang-up he wraps up; 5. his word moves the lead and readies him."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    (attempt,) = scene.planned
    assert scene.dialled == []
    assert scene.agent(1).state is AgentState.RESERVED

    step = scene.commit()
    assert step.commands == [Originate(attempt)]
    assert without_pacing(step) == [
        AttemptMoved(at=scene.now, attempt_id=attempt.id, campaign_id=1, state=CallState.ORIGINATING)
    ]
    scene.ring(attempt.id)
    scene.later(3)
    step = scene.answer(attempt.id)
    assert step.commands == [Bridge(attempt.id, scene.leg(1))]

    scene.later(0.004)
    step = scene.bridge(attempt.id, 1)
    assert step.commands == []
    assert without_pacing(step) == [
        AttemptMoved(
            at=scene.now,
            attempt_id=attempt.id,
            campaign_id=1,
            state=CallState.BRIDGED,
            agent_id=1,
            connect_ms=14.0,
        ),
        AgentMoved(
            at=scene.now,
            agent_id=1,
            state=AgentState.ON_CALL,
            leg_id=scene.leg(1),
            leg_up=True,
            attempt_id=attempt.id,
        ),
    ]
    scene.later(60)
    step = scene.hang_up(attempt.id)
    assert without_pacing(step) == [
        AttemptEnded(
            at=scene.now,
            attempt_id=attempt.id,
            campaign_id=1,
            lead_id=1,
            phone_id=10,
            outcome=Outcome.CONNECTED,
            burnt=True,
            q850=16,
            hung_up_by=HungUpBy.CUSTOMER,
        ),
        AgentMoved(
            at=scene.now,
            agent_id=1,
            state=AgentState.WRAP_UP,
            leg_id=scene.leg(1),
            leg_up=True,
            attempt_id=attempt.id,
            wrap_up_until=scene.now + timedelta(seconds=30),
        ),
    ]
    scene.later(5)
    step = scene.wish(1, Dispose(attempt.id, PAID, "paid in full", None))
    assert without_pacing(step)[:3] == [
        AttemptDisposed(at=scene.now, attempt_id=attempt.id, agent_id=1, code=PAID, note="paid in full"),
        LeadMoved(
            at=scene.now,
            lead_id=1,
            campaign_id=1,
            step=NextStep(LeadState.FINISHED, reason=PAID),
            phone_id=10,
            outcome=Outcome.CONNECTED,
            same_outcome_run=1,
        ),
        AgentMoved(at=scene.now, agent_id=1, state=AgentState.READY, leg_id=scene.leg(1), leg_up=True),
    ]
    assert scene.agent(1).attempt_id is None


def test_answer_before_ringing() -> None:
    """1. An answer may come without ringing; 2. ringing told afterwards changes nothing."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    assert scene.ring(call).facts == []
    assert states(scene, call) == [CallState.ORIGINATING, CallState.ANSWERED, CallState.WAITING]


def test_parked_before_answered() -> None:
    """1. Who stands in the waiting room has answered; 2. the answer told afterwards does not move its deadline."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    assert scene.park(call).commands == [Bridge(call, scene.leg(1))]
    deadline = scene.call(call).deadline
    scene.later(0.5)
    assert scene.answer(call, park=False).facts == []
    assert scene.call(call).deadline == deadline == scene.now + timedelta(seconds=1.5)


def test_busy_rests_ten_minutes() -> None:
    """1. Busy burns an attempt; 2. the same number rests 10 minutes; 3. the agent is ready for the next lead."""
    scene = Scene(leads=[lead(1), lead(2)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.later(2)
    step = scene.hang_up(call, Outcome.BUSY, q850=17, sip=486)
    ended, moved = of(AttemptEnded, step), of(LeadMoved, step)
    assert ended == [
        AttemptEnded(
            at=scene.now,
            attempt_id=call,
            campaign_id=1,
            lead_id=1,
            phone_id=10,
            outcome=Outcome.BUSY,
            burnt=True,
            q850=17,
            sip_status=486,
        )
    ]
    assert moved == [
        LeadMoved(
            at=scene.now,
            lead_id=1,
            campaign_id=1,
            step=NextStep(LeadState.RESTING, scene.now + timedelta(minutes=10), 10),
            phone_id=10,
            outcome=Outcome.BUSY,
            same_outcome_run=1,
        )
    ]
    assert [attempt.lead_id for attempt in scene.planned] == [1, 2]


def test_invalid_number_gives_way_to_the_next_one() -> None:
    """1. A number that does not exist is marked so; 2. the person's next number may be dialled at once."""
    scene = Scene(leads=[lead(1, phones=2)], agents=1)
    scene.log_in(1)
    step = scene.hang_up(scene.dialled[0], Outcome.INVALID_NUMBER, q850=1, sip=404)
    (moved,) = of(LeadMoved, step)
    assert moved.step == NextStep(LeadState.RESTING, scene.now, 11, phone_status=PhoneStatus.INVALID)


def test_lead_with_only_bad_numbers_is_finished_undialled() -> None:
    """1. A claimed lead whose numbers are all invalid is finished; 2. the next lead is dialled in its place."""
    scene = Scene(leads=[lead(1, statuses=[PhoneStatus.INVALID]), lead(2)], agents=1)
    scene.log_in(1)
    assert [attempt.lead_id for attempt in scene.planned] == [2]
    assert of(LeadMoved, scene) == [
        LeadMoved(
            at=scene.planned[0].planned_at,
            lead_id=1,
            campaign_id=1,
            step=NextStep(LeadState.FINISHED, reason="no_number"),
        )
    ]


def test_usable_number_is_dialled_when_the_next_one_is_not() -> None:
    """1. `next_phone_id` that has gone bad meanwhile is passed over; 2. another good number is dialled."""
    scene = Scene(leads=[lead(1, phones=2, statuses=[PhoneStatus.WRONG_PERSON])], agents=1)
    scene.log_in(1)
    assert [attempt.phone_id for attempt in scene.planned] == [11]


def test_longest_idle_agent_first() -> None:
    """1. Of two free agents the one idle longer is bridged; 2. then the other."""
    scene = Scene(campaign(mode=DialMode.POWER), leads=[lead(1), lead(2)], agents=2)
    scene.log_in(2, 1)
    assert len(scene.dialled) == 2
    assert scene.answer(scene.dialled[0]).commands == [Bridge(scene.dialled[0], scene.leg(2))]
    assert scene.answer(scene.dialled[1]).commands == [Bridge(scene.dialled[1], scene.leg(1))]


def test_notice_is_played_before_the_recorder_runs() -> None:
    """1. Connected: the notice plays; 2. only its end starts the recorder; 3. a second end changes nothing."""
    scene = Scene(campaign(notice=RecordingNotice.PLAYED), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call)
    scene.later(0.004)
    assert scene.bridge(call, 1).commands == [PlayNotice(call, "es")]
    scene.later(2)
    ended = NoticeEnded(at=scene.now, attempt_id=call)
    step = scene.feed(ended)
    assert step.commands == [StartRecording(call)]
    assert step.facts == [NoticeGiven(at=scene.now, attempt_id=call, spoken=False)]
    started = RecorderStarted(at=scene.now, attempt_id=call)
    assert scene.feed(started).facts == [RecordingBegan(at=scene.now, attempt_id=call)]
    assert scene.feed(ended).commands == []
    assert of(RecordingClosed, scene.hang_up(call)) == [RecordingClosed(at=scene.now, attempt_id=call)]


def test_the_customer_does_not_consent_to_the_recording() -> None:
    """1. Refused while it records: it stops, the call goes on, and it is told once; 2. refused while the recorder was
    on its way: stopped as soon as it runs; 3. refused before the notice was over: nothing begins."""
    scene = Scene(leads=[lead(1), lead(2), lead(3)], agents=1)
    scene.log_in(1)
    for said in ("recording", "on its way", "before"):
        call = scene.connect()
        if said != "before":
            scene.wish(1, TickNotice(call))
        if said == "recording":
            scene.feed(RecorderStarted(at=scene.now, attempt_id=call))
        step = scene.wish(1, RefuseRecording(call))
        assert of(RecordingRefused, step) == [RecordingRefused(at=scene.now, attempt_id=call, agent_id=1)]
        assert step.commands == ([] if said == "before" else [StopRecording(call)])
        assert scene.wish(1, RefuseRecording(call)).commands == []
        if said == "on its way":
            late = scene.feed(RecorderStarted(at=scene.now, attempt_id=call))
            assert of(StopRecording, late) == [StopRecording(call)]
        if said == "before":
            assert of(StartRecording, scene.wish(1, TickNotice(call))) == []
        assert scene.call(call).state is CallState.BRIDGED
        assert bool(of(RecordingClosed, scene.hang_up(call))) == (said != "before")
        scene.wish(1, Dispose(call, PAID, "", None))
        scene.park_leg(1)


def test_notice_spoken_by_the_agent() -> None:
    """1. Nothing plays; 2. the agent's tick starts the recorder, once; 3. without a tick nothing is recorded."""
    scene = Scene(leads=[lead(1), lead(2)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    assert of(PlayNotice, scene) == []
    assert scene.wish(1, TickNotice(call)).commands == [StartRecording(call)]
    assert scene.wish(1, TickNotice(call)).commands == []
    scene.hang_up(call)
    scene.wish(1, Dispose(call, PAID, "", None))
    scene.park_leg(1)
    untold = scene.connect()
    assert of(RecordingClosed, scene.hang_up(untold)) == []


def test_notice_that_ends_after_the_call() -> None:
    """1. The customer hangs up during the notice; 2. its end starts no recorder."""
    scene = Scene(campaign(notice=RecordingNotice.PLAYED), leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    scene.hang_up(call)
    assert scene.feed(NoticeEnded(at=scene.now, attempt_id=call)).commands == []


def test_agent_hangs_up() -> None:
    """1. His wish hangs up the customer; 2. the end is connected, by the agent."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.connect()
    assert scene.wish(1, HangUp(call)).commands == [HangUpCall(call)]
    (ended,) = of(AttemptEnded, scene.hang_up(call))
    assert (ended.outcome, ended.hung_up_by) == (Outcome.CONNECTED, HungUpBy.AGENT)


def test_agent_hangs_up_while_it_rings() -> None:
    """1. Cancelled and unburnt; 2. the agent is ready; 3. the lead rests 5 minutes."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.ring(call)
    assert scene.wish(1, HangUp(call)).commands == [HangUpCall(call)]
    (ended,) = of(AttemptEnded, scene.hang_up(call, Outcome.NO_ANSWER, sip=487))
    assert (ended.outcome, ended.burnt) == (Outcome.CANCELLED, False)
    assert scene.agent(1).state is AgentState.READY


def test_agent_hangs_up_before_the_commit() -> None:
    """1. Wished away while its row is being written; 2. committed, it is not dialled but cancelled."""
    scene = Scene(leads=[lead(1)], agents=1, hold_commits=True)
    scene.log_in(1)
    (attempt,) = scene.planned
    assert scene.wish(1, HangUp(attempt.id)).commands == []
    step = scene.commit()
    assert of(Originate, step) == []
    assert outcomes(step) == [Outcome.CANCELLED]


def test_agent_hangs_up_on_a_customer_who_just_answered() -> None:
    """1. The customer answered before the hang-up took effect: a live answer nobody spoke to; 2. it is an
    abandonment, in the ledger and the gauge."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.answer(call, park=False)
    scene.wish(1, HangUp(call))
    step = scene.hang_up(call)
    assert outcomes(step) == [Outcome.ABANDONED]
    assert len(of(CallAbandoned, step)) == 1
    assert scene.floor.campaigns[1].gauge.abandoned == 1


def test_originate_that_failed() -> None:
    """1. The switch made no channel: failed and unburnt; 2. the agent is ready again."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    (ended,) = of(
        AttemptEnded, scene.feed(OriginateFailed(at=scene.now, attempt_id=call, why="no such trunk"))
    )
    assert (ended.outcome, ended.burnt) == (Outcome.FAILED, False)
    assert scene.agent(1).state is AgentState.READY


def test_originate_of_unknown_fate_waits_for_the_listing() -> None:
    """1. The link broke on the Originate: nothing is concluded; 2. the call may ring after all."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    event = OriginateFailed(at=scene.now, attempt_id=call, why="link lost", unknown=True)
    assert scene.feed(event).facts == []
    scene.ring(call)
    assert scene.call(call).state is CallState.RINGING


@pytest.mark.parametrize("told_twice", [False, True])
def test_hangup_told_twice_ends_once(told_twice: bool) -> None:
    """1. A call ends at its first hang-up; 2. another is noise."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    call = scene.dialled[0]
    scene.hang_up(call, Outcome.NO_ANSWER)
    if told_twice:
        seen = scene.floor.unexpected
        assert scene.hang_up(call, Outcome.BUSY).facts == []
        assert scene.floor.unexpected == seen + 1
    assert len(of(AttemptEnded, scene)) == 1


def test_strangers_are_counted_and_change_nothing() -> None:
    """1. Every event of an attempt or leg nobody knows; 2. each is counted; 3. no fact, no command."""
    scene = Scene(leads=[lead(1)], agents=1)
    scene.log_in(1)
    seen = scene.floor.unexpected
    leg = scene.leg(1)
    at = scene.now
    events = [
        CallRang(at=at, attempt_id=STRANGER),
        CustomerHeld(at=at, attempt_id=STRANGER),
        MessageBegan(at=at, attempt_id=STRANGER),
        NoticeEnded(at=at, attempt_id=STRANGER),
        OriginateFailed(at=at, attempt_id=STRANGER, why="gone"),
        CallBridged(at=at, attempt_id=STRANGER, leg_id=leg),
        BridgeFailed(at=at, attempt_id=STRANGER, leg_id=leg, leg_gone=False, why="gone"),
        CallHungUp(
            at=at,
            attempt_id=STRANGER,
            q850=16,
            sip_status=None,
            network_outcome=Outcome.NO_ANSWER,
            trunk_fault=False,
        ),
    ]
    for event in events:
        step = scene.feed(event)
        assert (step.facts, step.commands) == ([], []), event
    assert scene.answer(STRANGER).facts == []
    assert scene.floor.unexpected == seen + len(events) + 2


def test_go_ready_twice_is_no_news() -> None:
    """1. READY asked for by a ready agent: granted, and his idle time goes on counting."""
    scene = Scene(agents=1)
    scene.log_in(1)
    since = scene.agent(1).since
    scene.later(10)
    scene.wish(1, GoReady())
    assert scene.agent(1).since == since
