"""Starting again: from what was stored, and from what the switch says is alive.

The same reconciliation serves a restart of this process, a lost AMI link and the routine listing: what we believe
alive and the switch does not hold has ended; what it holds and we thought ringing has been answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.carriers import Carriers
from dialer.domain.agent import AgentState
from dialer.domain.call import DIALLING_STATES, UNATTENDED_STATES, CallState
from dialer.domain.campaign import RecordingNotice
from dialer.domain.commands import HangUpCall, HangUpLeg, PlayNotice
from dialer.domain.events import (
    CallAnswered,
    CallBridged,
    CallParked,
    LegHungUp,
    LegParked,
    LiveChannel,
)
from dialer.domain.facts import ShardStarted
from dialer.domain.outcomes import Outcome
from dialer.domain.stored import OpenAttempt, ShardState, StoredAgent, UnfinishedCall
from dialer.domain.values import LegId
from dialer.engine import calls, endings, reasons, screening
from dialer.engine.floor import Floor
from dialer.engine.records import Agent, Call


def restore(floor: Floor, state: ShardState, at: datetime, seed: int) -> None:
    """Fill an empty floor with what the store remembers."""
    floor.note(ShardStarted(at=at, fence=state.fence, seed=seed))
    floor.carriers = Carriers.of(state.trunks, at)
    floor.pool.begin(state.pacing, at)
    for campaign in state.campaigns:
        floor.add_campaign(campaign)
        screening.watch_campaign(floor, campaign)
        reasons.halt_unlawful(floor, floor.campaigns[campaign.id], at)
    for tally in state.tallies:
        if run := floor.campaigns.get(tally.campaign_id):
            floor.count_live(run, tally.at, live=tally.live_answers, abandoned=tally.abandoned)
            lost = run.lost.end(tally.at, tally.ended)
            lost += run.lost.learn(tally.at, trials=tally.trials, persons=tally.persons)
            floor.count_lost(run, tally.at, lost)
    for said in state.dispositions:
        floor.dispositions[said.campaign_id, said.code] = said.effect
    for found in state.open_attempts:
        _restore_call(floor, found, at)
    for owed in state.unfinished:
        _restore_wrap_up(floor, owed)
    for stored in state.agents:
        _restore_agent(floor, stored, at)
    owing = {agent.attempt_id for agent in floor.agents.values()}
    for call in [c for c in floor.wrapping.values() if c.id not in owing]:
        endings.close_without_disposition(floor, call, at)


def _restore_call(floor: Floor, found: OpenAttempt, at: datetime) -> None:
    """The call without its agent, who knows better himself whether he still has it."""
    attempt = found.attempt
    call = Call(
        attempt,
        found.lead,
        found.state,
        touched_at=attempt.planned_at,
        answered_at=found.answered_at,
        connected_at=found.connected_at,
        notice_given=found.notice_given,
        recording=found.notice_given,
    )
    if call.state is CallState.PLANNED:
        # Committed, perhaps sent: only the switch knows. It is never sent again.
        call.state = CallState.ORIGINATING
    if call.connected_at is not None and call.state is not CallState.BRIDGED:
        call.held_for = found.agent_id
    if call.state in UNATTENDED_STATES:
        if call.connected_at is not None:
            call.held_until = at + timedelta(seconds=calls.REJOIN_S)
            call.deadline = at + timedelta(seconds=calls.HOLD_S)
            floor.wake_at(call.held_until)
        else:
            call.answered_at = call.answered_at or at
            since = call.answered_at
            if call.state is CallState.SCREENING:
                # Nobody hears him any more: he waits from now on, and the dialplan counts from now, too.
                since, call.state = at, CallState.WAITING
                floor.note_call(call, at)
            call.deadline = since + timedelta(seconds=attempt.connect_limit_s)
        floor.wake_at(max(at, call.deadline))
    if call.state is CallState.MESSAGE and call.connected_at is None:
        call.outcome = Outcome.ABANDONED
    if call.state is CallState.MACHINE:
        call.outcome = Outcome.MACHINE
    floor.add_call(call)
    if attempt.agent_id is None:
        floor.pool.adopt(call.id, attempt.campaign_id, attempt.connect_limit_s)
    floor.carriers.adopt(attempt.trunk)


def _restore_wrap_up(floor: Floor, owed: UnfinishedCall) -> None:
    call = Call(
        owed.attempt,
        owed.lead,
        CallState.ENDED,
        touched_at=owed.attempt.planned_at,
        agent_id=owed.agent_id,
        answered_at=owed.attempt.planned_at,
        connected_at=owed.attempt.planned_at,
        outcome=Outcome.CONNECTED,
        notice_given=True,
    )
    floor.wrapping[call.id] = call


def _restore_agent(floor: Floor, stored: StoredAgent, at: datetime) -> None:
    agent = Agent(
        stored.id,
        stored.name,
        stored.sip_user,
        stored.state,
        stored.since,
        stored.reason,
        leg_id=stored.leg_id,
        leg_up=stored.leg_id is not None and stored.state is not AgentState.UNREACHABLE,
        attempt_id=stored.attempt_id,
        after_wrap_up=stored.after_wrap_up,
    )
    if agent.leg_id:
        floor.legs[agent.leg_id] = agent.id
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id else None
    owed = floor.wrapping.get(agent.attempt_id) if agent.attempt_id else None
    if owed and owed.agent_id == agent.id and agent.state is not AgentState.LOGGED_OUT:
        run = floor.campaigns[owed.attempt.campaign_id]
        agent.wrap_up_until = max(at, stored.since) + timedelta(seconds=run.campaign.wrap_up_s)
        floor.wake_at(agent.wrap_up_until)
        if agent.state is not AgentState.UNREACHABLE:
            agent.state = AgentState.WRAP_UP
    elif call and _has(agent, call):
        if call.held_for != agent.id or agent.state is AgentState.RESERVED:
            call.agent_id = agent.id
    else:
        agent.attempt_id = None
        # A lead on his screen has gone back to the list with the old fence; a reservation was for nothing.
        agent.state = _WITHOUT_A_CALL.get(agent.state, agent.state)
    if (agent.state, agent.attempt_id) != (stored.state, stored.attempt_id) or agent.wrap_up_until:
        agent.since = at
        floor.note_agent(agent, at)
    floor.add_agent(agent)


_WITHOUT_A_CALL = {
    AgentState.PREVIEWING: AgentState.READY,
    AgentState.RESERVED: AgentState.READY,
    AgentState.ON_CALL: AgentState.NOT_READY,
    AgentState.WRAP_UP: AgentState.NOT_READY,
}


def _has(agent: Agent, call: Call) -> bool:
    """Whether the stored agent and the stored call belong together."""
    match agent.state:
        case AgentState.RESERVED:
            return call.agent_id is None and call.state in DIALLING_STATES | UNATTENDED_STATES
        case AgentState.ON_CALL:
            return call.agent_id is None and call.state is CallState.BRIDGED
        case AgentState.UNREACHABLE | AgentState.NOT_READY | AgentState.READY:
            return call.held_for == agent.id
        case _:
            return False


def reconcile(
    floor: Floor,
    channels: Sequence[LiveChannel],
    asked_at: datetime,
    at: datetime,
    *,
    routine: bool = False,
) -> None:
    """Make the floor agree with a listing of the switch's channels that was asked for at `asked_at`.

    `routine`: the link stood all the time. A call that such a listing does not hold may be one whose Hangup is on its
    way to us, or one that an overloaded switch has not begun (5.7 s were seen): it ends when the next does not either.
    """
    live = {channel.id: channel for channel in channels}
    older = [c for c in floor.calls.values() if c.state is not CallState.PLANNED and c.touched_at < asked_at]
    for agent in list(floor.agents.values()):
        _reconcile_leg(floor, agent, live, asked_at, at, routine=routine)
    for call in older:
        channel = live.get(call.id)
        missed_before, call.missed = call.missed, channel is None
        if channel is not None:
            _catch_up(floor, call, channel, at)
        elif missed_before or not routine:
            endings.end_call(floor, call, at, _outcome_unseen(call, at))
    for leg_id in [leg for leg, agent_id in floor.legs.items() if floor.agents[agent_id].leg_id != leg]:
        if leg_id in live:
            floor.order(HangUpLeg(leg_id))  # replaced or left, and told so while the link was down
        else:
            del floor.legs[leg_id]
    floor.wake_at(at)


def repeat_notices(floor: Floor) -> None:
    """Say the recording notice again in conversations of which nobody heard that it was played to its end.

    One that is being played now is not doubled: its channel is named after the call, and the switch refuses a second.
    """
    for call in floor.calls.values():
        campaign = floor.campaigns[call.attempt.campaign_id].campaign
        played = campaign.recording_notice is RecordingNotice.PLAYED
        if played and call.state is CallState.BRIDGED and not call.notice_given:
            floor.order(PlayNotice(call.id, call.attempt.language))


def _outcome_unseen(call: Call, at: datetime) -> Outcome:
    """What to book for a call that ended while nobody watched. In doubt it counts against us."""
    if call.outcome is not None:
        return call.outcome
    if call.connected_at is not None:
        return Outcome.CONNECTED
    if call.answered_at is None:
        return Outcome.UNKNOWN
    return Outcome.ABANDONED if call.deadline and call.deadline <= at else Outcome.CUSTOMER_HUNG_UP


def _catch_up(floor: Floor, call: Call, channel: LiveChannel, at: datetime) -> None:
    if channel.up and call.state in DIALLING_STATES:
        calls.on_answered(floor, CallAnswered(at=at, attempt_id=call.id))
    if call.hung_up_by is not None or (channel.bridged_with and call.state is CallState.MESSAGE):
        floor.order(HangUpCall(call.id))  # ordered before, perhaps while the link was down
    elif channel.bridged_with in floor.legs and call.state in UNATTENDED_STATES:
        calls.on_parked(floor, CallParked(at=at, attempt_id=call.id))
        calls.on_bridged(floor, CallBridged(at=at, attempt_id=call.id, leg_id=LegId(channel.bridged_with)))
    elif channel.parked and not call.parked:
        calls.on_parked(floor, CallParked(at=at, attempt_id=call.id))


def _reconcile_leg(
    floor: Floor,
    agent: Agent,
    live: dict[str, LiveChannel],
    asked_at: datetime,
    at: datetime,
    *,
    routine: bool,
) -> None:
    if agent.leg_id is None or agent.since >= asked_at:
        return
    channel = live.get(agent.leg_id)
    if channel is None:
        if agent.leg_up:
            calls.on_leg_hung_up(floor, LegHungUp(at=at, leg_id=agent.leg_id))
        return
    if channel.parked or (channel.up and not agent.leg_up):
        calls.on_leg_parked(floor, LegParked(at=at, leg_id=agent.leg_id))
    if not routine:
        agent.leg_parked = channel.parked
