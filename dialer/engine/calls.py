"""What the switch says of calls and legs, and the joint rules that couple call and agent.

Joint rules (nothing else couples the two machines):
- call WAITING + agent READY: reserve, bridge
- call ENDED + agent ON_CALL: WRAP_UP; + agent RESERVED: READY
- agent UNREACHABLE + call BRIDGED: the call WAITS on hold, his for a grace, then anybody's
- agent UNREACHABLE + call WAITING: the reservation is freed
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.compliance.duties import min_ring_s
from dialer.compliance.lead_case import rules_for
from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import DIALLING_STATES, UNATTENDED_STATES, CallInput, CallState
from dialer.domain.campaign import RecordingNotice
from dialer.domain.commands import Bridge, HangUpCall, HangUpLeg, PlayNotice, StartRecording, StopRecording
from dialer.domain.events import (
    BridgeFailed,
    CallAnswered,
    CallBridged,
    CallHungUp,
    CallParked,
    CallRang,
    CustomerHeld,
    LegHungUp,
    LegParked,
    MessageBegan,
    NoticeEnded,
    OriginateFailed,
    RecorderStarted,
)
from dialer.domain.facts import (
    NoticeGiven,
    RecordingBegan,
    RecordingRefused,
)
from dialer.domain.outcomes import (
    Outcome,
)
from dialer.domain.values import AttemptId, HungUpBy
from dialer.engine import screening
from dialer.engine.endings import end_call, expire_wrap_up, free_reservation, miss_deadline
from dialer.engine.floor import Floor
from dialer.engine.records import Agent, Call

#: How long a customer whose agent was lost is that agent's alone: a reload takes 2-4 s.
REJOIN_S = 6.0
#: How long the dialplan holds him in all (asterisk_conf/switch: S(20)), less a second of margin.
HOLD_S = 19.0
#: A Bridge that is not confirmed by then has failed; it takes 4 ms (p50), 25 ms (p99) on a loaded switch.
BRIDGE_TIMEOUT_S = 1.0
#: No bridge is begun so shortly before the deadline: the dialplan would already be leaving the waiting room.
BRIDGE_MARGIN_S = 0.03


def _known(floor: Floor, attempt_id: AttemptId) -> Call | None:
    """The call meant; None, and counted, when there is none (any more)."""
    call = floor.calls.get(attempt_id)
    if call is None:
        floor.unexpected += 1
    return call


def on_rang(floor: Floor, event: CallRang) -> None:
    call = _known(floor, event.attempt_id)
    if call and call.state is CallState.ORIGINATING and floor.move_call(call, CallInput.RANG, event.at):
        call.rang_at = event.at
        floor.carriers.worked(call.attempt.trunk, call.id)
        floor.note_call(call, event.at)


def on_answered(floor: Floor, event: CallAnswered) -> None:
    call = _known(floor, event.attempt_id)
    if (
        call is None
        or call.answered_at is not None
        or not floor.move_call(call, CallInput.ANSWERED, event.at)
    ):
        return
    call.answered_at = event.at
    screening.prepare_message(floor, call)
    floor.carriers.worked(call.attempt.trunk, call.id)
    if not screening.begin(floor, call, event.at):
        call.deadline = event.at + timedelta(seconds=call.attempt.connect_limit_s)
        floor.wake_at(call.deadline)
    floor.note_call(call, event.at)
    screening.begun(floor, call, event.at)


def on_parked(floor: Floor, event: CallParked) -> None:
    """The customer may be bridged now: after his answer, or on hold after his agent was lost."""
    call = _known(floor, event.attempt_id)
    if call is None:
        return
    if call.answered_at is None:
        on_answered(floor, CallAnswered(at=event.at, attempt_id=event.attempt_id))
    call.parked = True
    screening.stream_ended(floor, call, event.at)
    if call.state is CallState.ANSWERED and floor.move_call(call, CallInput.PARKED, event.at):
        floor.note_call(call, event.at)
    elif call.state is CallState.BRIDGED:
        lose_agent(floor, call, event.at)


def on_bridged(floor: Floor, event: CallBridged) -> None:
    call = _known(floor, event.attempt_id)
    if call is None:
        return
    agent = floor.agents.get(floor.legs.get(event.leg_id, 0))
    if agent is None or (call.state is CallState.BRIDGED and call.agent_id == agent.id):
        floor.unexpected += 1
        return
    if agent.attempt_id != call.id or agent.state is not AgentState.RESERVED:
        # A bridge that we had given up for failed and that came about after all.
        free = agent.state in (AgentState.READY, AgentState.NOT_READY)
        if not free or call.state is not CallState.WAITING:
            floor.unexpected += 1
            floor.order(HangUpCall(call.id))
            return
        free_reservation(floor, call, event.at)
        reserve(floor, call, agent, event.at)
    if not floor.move_call(call, CallInput.BRIDGED, event.at):
        floor.order(HangUpCall(call.id))
        return
    call.bridging_until = call.deadline = call.held_for = call.held_until = None
    call.parked = agent.leg_parked = False
    connect_ms = None
    if call.connected_at is None and call.answered_at is not None:
        call.connected_at = event.at
        connect_ms = round((event.at - call.answered_at).total_seconds() * 1000, 3)
        floor.count_live(floor.campaigns[call.attempt.campaign_id], event.at)
    floor.note_call(call, event.at, connect_ms)
    floor.move_agent(agent, AgentInput.CONNECTED, event.at)
    screening.bridged(floor, call)
    campaign = floor.campaigns[call.attempt.campaign_id].campaign
    if connect_ms is not None and campaign.recording_notice is RecordingNotice.PLAYED:
        floor.order(PlayNotice(call.id, call.attempt.language))


def on_bridge_failed(floor: Floor, event: BridgeFailed) -> None:
    call = _known(floor, event.attempt_id)
    agent = floor.agents.get(floor.legs.get(event.leg_id, 0))
    if event.leg_gone and agent and agent.leg_id == event.leg_id and agent.leg_up:
        lose_leg(floor, agent, event.at)
    elif call and agent and agent.state is AgentState.RESERVED and agent.attempt_id == call.id:
        not_before = call.bridging_until
        free_reservation(floor, call, event.at)
        call.bridging_until = not_before  # his hang-up is probably on its way: no second try at once


def on_message_began(floor: Floor, event: MessageBegan) -> None:
    """The dialplan has given the customer up: whatever we had in mind for him is over."""
    call = _known(floor, event.attempt_id)
    if call is None:
        return
    if call.answered_at is None:
        on_answered(floor, CallAnswered(at=event.at, attempt_id=event.attempt_id))
    if call.hearing:
        call.hearing.streaming = False
    if call.state in UNATTENDED_STATES:
        miss_deadline(floor, call, event.at)


def on_customer_held(floor: Floor, event: CustomerHeld) -> None:
    """He hears the announcement, then music; a Bridge takes him out of either."""
    call = _known(floor, event.attempt_id)
    if call is None:
        return
    if call.state is CallState.BRIDGED:
        lose_agent(floor, call, event.at)
    call.parked = call.state is CallState.WAITING


def on_hung_up(floor: Floor, event: CallHungUp) -> None:
    call = _known(floor, event.attempt_id)
    if call is None:
        return
    outcome = _outcome(call, event)
    by = call.hung_up_by or (HungUpBy.CUSTOMER if call.answered_at else None)
    end_call(
        floor,
        call,
        event.at,
        outcome,
        q850=event.q850,
        sip_status=event.sip_status,
        by=by,
        trunk_fault=event.trunk_fault and call.answered_at is None,
    )


def _outcome(call: Call, event: CallHungUp) -> Outcome:
    if call.outcome is not None:
        return call.outcome
    if call.connected_at is not None:
        return Outcome.CONNECTED
    if call.answered_at is not None:  # hung up by us, he is a live answer that nobody spoke to
        return Outcome.CUSTOMER_HUNG_UP if call.hung_up_by is None else Outcome.ABANDONED
    if call.hung_up_by is not None:
        return Outcome.CANCELLED
    return event.network_outcome


def on_originate_failed(floor: Floor, event: OriginateFailed) -> None:
    call = _known(floor, event.attempt_id)
    if call is None or call.state not in DIALLING_STATES:
        return
    if event.unknown:
        return  # the link is gone: what became of it, the next listing of channels tells
    end_call(floor, call, event.at, Outcome.FAILED, by=HungUpBy.SYSTEM, trunk_fault=True)


def on_notice_ended(floor: Floor, event: NoticeEnded) -> None:
    call = _known(floor, event.attempt_id)
    if call and call.state in (CallState.BRIDGED, CallState.WAITING) and not call.notice_given:
        give_notice(floor, call, event.at, spoken=False)


def give_notice(floor: Floor, call: Call, at: datetime, *, spoken: bool) -> None:
    """Only now may the recorder run."""
    call.notice_given = True
    floor.note(NoticeGiven(at=at, attempt_id=call.id, spoken=spoken))
    if not call.recording_refused:
        floor.order(StartRecording(call.id))


def refuse_recording(floor: Floor, call: Call, agent_id: int, at: datetime) -> None:
    """Nothing more of this call is recorded, whatever of the notice is still to come."""
    if call.recording_refused:
        return
    call.recording_refused = True
    floor.note(RecordingRefused(at=at, attempt_id=call.id, agent_id=agent_id))
    if call.notice_given:
        floor.order(StopRecording(call.id))


def on_recorder_started(floor: Floor, event: RecorderStarted) -> None:
    """When the call has ended meanwhile, its files are few samples, and the ingest's scan finds them."""
    call = _known(floor, event.attempt_id)
    if call and not call.recording:
        call.recording = True
        floor.note(RecordingBegan(at=event.at, attempt_id=event.attempt_id))
        if call.recording_refused:  # said while the recorder was on its way
            floor.order(StopRecording(call.id))


def on_leg_parked(floor: Floor, event: LegParked) -> None:
    agent = floor.agents.get(floor.legs.get(event.leg_id, 0))
    if agent is None or agent.leg_id != event.leg_id:
        floor.unexpected += 1
        return
    agent.leg_parked = True
    if agent.leg_up:
        return  # back in its waiting room after a call
    agent.leg_up = True
    if agent.state is not AgentState.UNREACHABLE:
        floor.note_agent(agent, event.at)
    elif agent.attempt_id in floor.wrapping:
        floor.move_agent(agent, AgentInput.WRAP_UP_RESUMED, event.at)
    else:
        floor.move_agent(agent, AgentInput.LEG_BACK, event.at, "connected")


def on_leg_hung_up(floor: Floor, event: LegHungUp) -> None:
    agent = floor.agents.get(floor.legs.pop(event.leg_id, 0))
    if agent is None or agent.leg_id != event.leg_id:
        return  # a leg that was replaced
    lose_leg(floor, agent, event.at)


def lose_leg(floor: Floor, agent: Agent, at: datetime) -> None:
    """The agent's phone is gone: he can't be reached, and what he had goes on without him for now."""
    agent.leg_up = agent.leg_parked = False
    agent.leg_id = None
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id else None
    if agent.state is AgentState.LOGGED_OUT:
        return
    if agent.state is AgentState.UNREACHABLE:
        floor.note_agent(agent, at)  # the phone could not be reached
        return
    if agent.state is AgentState.PREVIEWING and agent.preview:
        floor.return_leads(floor.campaigns[agent.preview.campaign_id], at, [agent.preview])
        agent.preview = None
    if agent.state is AgentState.RESERVED and call:
        call.agent_id = call.bridging_until = None
        agent.attempt_id = call.id if call.held_for == agent.id else None
        if call.state in (CallState.ORIGINATING, CallState.RINGING):
            _give_up_ringing(floor, call, at)
    was_talking = agent.state is AgentState.ON_CALL
    floor.move_agent(agent, AgentInput.LEG_LOST, at)
    if was_talking and call and call.state is CallState.BRIDGED:
        lose_agent(floor, call, at)


def _give_up_ringing(floor: Floor, call: Call, at: datetime) -> None:
    """Nobody is there for whoever would answer. A telephone that rings is let ring as long as the law asks, for another
    agent may be free by then; unless to leave its answerer alone would break the cap, which is the graver breach."""
    run = floor.campaigns[call.attempt.campaign_id]
    least_s = min_ring_s(rules_for(run.campaign, call.lead)) if call.rang_at else 0
    until = (call.rang_at or at) + timedelta(seconds=least_s)
    if until <= at or run.gauge.over(at):
        call.hung_up_by = HungUpBy.SYSTEM
        floor.order(HangUpCall(call.id))
    else:
        call.ring_until = until
        floor.ringing_out.append(call)
        floor.wake_at(until)


def lose_agent(floor: Floor, call: Call, at: datetime) -> None:
    """BRIDGED without an agent: the dialplan holds the customer with music while we look for one."""
    agent = floor.agents.get(call.agent_id or 0)
    floor.move_call(call, CallInput.AGENT_LOST, at)
    call.held_for, call.agent_id = call.agent_id, None
    call.held_until = at + timedelta(seconds=REJOIN_S)
    call.deadline = at + timedelta(seconds=HOLD_S)
    floor.wake_at(call.held_until)
    floor.wake_at(call.deadline)
    floor.note_call(call, at)
    if agent and agent.state is AgentState.ON_CALL and agent.leg_id:
        # The customer fell out of the bridge while the leg still stands, or its end has yet to be told: the
        # phone is asked to hang up, which makes both cases one.
        floor.order(HangUpLeg(agent.leg_id))
        lose_leg(floor, agent, at)


# --- joint rules ------------------------------------------------------------------------------------------


def match(floor: Floor, at: datetime) -> None:
    """Give waiting customers agents: the one who has waited longest first, the longest idle agent first."""
    if not floor.unattended or not floor.switch_up:
        return
    waiting = [
        c
        for c in floor.unattended.values()
        if c.state is CallState.WAITING and c.parked and not c.bridging_until
    ]
    waiting.sort(key=lambda c: c.deadline or at)
    for call in waiting:
        agent = _agent_for(floor, call, at)
        if agent is not None:
            connect(floor, call, agent, at)


def _agent_for(floor: Floor, call: Call, at: datetime) -> Agent | None:
    if (
        call.connected_at is None
        and call.deadline
        and call.deadline - at < timedelta(seconds=BRIDGE_MARGIN_S)
    ):
        return None
    if call.agent_id is not None:  # reserved before the dial
        agent = floor.agents[call.agent_id]
        return agent if agent.leg_up and agent.leg_parked else None
    if call.held_for is not None and call.held_until is not None:
        owner = floor.agents.get(call.held_for)
        if (
            owner
            and owner.leg_up
            and owner.leg_parked
            and owner.state in (AgentState.NOT_READY, AgentState.READY)
        ):
            return owner
        if at < call.held_until:
            return None
    ready = floor.ready_agents()
    return ready[0] if ready else None


def connect(floor: Floor, call: Call, agent: Agent, at: datetime) -> None:
    if agent.leg_id is None:
        return
    if agent.state is not AgentState.RESERVED:
        reserve(floor, call, agent, at)
    call.bridging_until = at + timedelta(seconds=BRIDGE_TIMEOUT_S)
    floor.wake_at(call.bridging_until)
    floor.order(Bridge(call.id, agent.leg_id, listened=bool(call.hearing and call.hearing.streaming)))


def reserve(floor: Floor, call: Call, agent: Agent, at: datetime) -> None:
    if call.held_for is not None and call.held_for != agent.id:
        previous = floor.agents.get(call.held_for)
        if previous and previous.attempt_id == call.id:
            previous.attempt_id = None
            floor.note_agent(previous, at)
    call.agent_id = agent.id
    agent.attempt_id = call.id
    floor.move_agent(agent, AgentInput.RESERVED, at)


def due(floor: Floor, at: datetime) -> None:
    """Deadlines that have come: rings without an agent, waits, bridges, holds, wrap-ups."""
    for call in [c for c in floor.ringing_out if c.ring_until is not None and c.ring_until <= at]:
        floor.ringing_out.remove(call)
        if call.state is CallState.RINGING and call.agent_id is None and not floor.ready_agents():
            call.hung_up_by = HungUpBy.SYSTEM
            floor.order(HangUpCall(call.id))
    # With the link down nobody knows whether a bridge came about: that is judged when it is back.
    unattended = list(floor.unattended.values()) if floor.switch_up else []
    for call in unattended:
        if call.bridging_until and call.bridging_until <= at:
            free_reservation(floor, call, at)
    for call in unattended:
        if call.deadline and call.deadline <= at:
            miss_deadline(floor, call, at)
            screening.deadline_missed(floor, call)
    screening.due(floor, at)
    for agent in floor.agents.values():
        if agent.wrap_up_until and agent.wrap_up_until <= at:
            expire_wrap_up(floor, agent, at)
