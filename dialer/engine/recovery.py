"""Starting again: from what was stored, and from what the switch says is alive.

The same reconciliation serves a restart of this process, a lost AMI link and the routine listing: what we believe
alive and the switch does not hold has ended; what it holds and we thought ringing has been answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.carriers import Carriers
from dialer.domain.agent import AgentState
from dialer.domain.call import DIALLING_STATES, CallState
from dialer.domain.commands import HangUpLeg
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
from dialer.engine import calls
from dialer.engine.floor import Floor
from dialer.engine.records import Agent, Call

LEG_PREFIX = "leg-"


def restore(floor: Floor, state: ShardState, at: datetime, seed: int) -> None:
    """Fill an empty floor with what the store remembers."""
    floor.note(ShardStarted(at=at, fence=state.fence, seed=seed))
    floor.carriers = Carriers.of(state.trunks, at)
    for campaign in state.campaigns:
        floor.add_campaign(campaign)
    for tally in state.tallies:
        if run := floor.campaigns.get(tally.campaign_id):
            run.gauge.add(at, live=tally.live_answers, abandoned=tally.abandoned)
    for said in state.dispositions:
        floor.dispositions[said.campaign_id, said.code] = said.effect
    for found in state.open_attempts:
        _restore_call(floor, found, at)
    for owed in state.unfinished:
        _restore_wrap_up(floor, owed)
    for stored in state.agents:
        _restore_agent(floor, stored, at)


def _restore_call(floor: Floor, found: OpenAttempt, at: datetime) -> None:
    attempt = found.attempt
    call = Call(
        attempt,
        found.lead,
        found.state,
        touched_at=attempt.planned_at,
        agent_id=found.agent_id if found.agent_id is not None else attempt.agent_id,
        answered_at=found.answered_at,
        connected_at=found.connected_at,
        notice_given=found.notice_given,
    )
    if call.state is CallState.PLANNED:
        # Committed, perhaps sent: only the switch knows. It is never sent again.
        call.state = CallState.ORIGINATING
    if call.state in (CallState.ANSWERED, CallState.WAITING) and found.answered_at is not None:
        wait_s = calls.HOLD_S if found.connected_at else attempt.connect_limit_s
        call.deadline = (at if found.connected_at else found.answered_at) + timedelta(seconds=wait_s)
        floor.wake_at(max(at, call.deadline))
    if call.state is CallState.MESSAGE and call.connected_at is None:
        call.outcome = Outcome.ABANDONED
    floor.add_call(call)
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
        leg_up=stored.leg_id is not None,
        attempt_id=stored.attempt_id,
        after_wrap_up=stored.after_wrap_up,
    )
    floor.add_agent(agent)
    if agent.leg_id:
        floor.legs[agent.leg_id] = agent.id
    call = floor.calls.get(agent.attempt_id) if agent.attempt_id else None
    owed = floor.wrapping.get(agent.attempt_id) if agent.attempt_id else None
    if agent.state is AgentState.PREVIEWING:
        agent.state = AgentState.READY  # the lead on his screen has gone back to the list with the old fence
    elif agent.state is AgentState.RESERVED and call is None:
        agent.state = AgentState.READY
    elif agent.state is AgentState.ON_CALL and call is None and owed is None:
        agent.state = AgentState.NOT_READY
    elif agent.state in (AgentState.WRAP_UP, AgentState.ON_CALL) and owed is not None:
        agent.state = AgentState.WRAP_UP
        run = floor.campaigns[owed.attempt.campaign_id]
        agent.wrap_up_until = max(at, stored.since) + timedelta(seconds=run.campaign.wrap_up_s)
        floor.wake_at(agent.wrap_up_until)
    elif agent.state is AgentState.WRAP_UP:
        agent.state = AgentState.NOT_READY
    if agent.attempt_id and call is None and owed is None:
        agent.attempt_id = None
    if agent.state is not stored.state:
        agent.since = at
        floor.note_agent(agent, at)
    if owed and owed.agent_id != agent.id:
        agent.attempt_id = None
    floor.pool.agent(at, agent.id, agent.state)


def reconcile(
    floor: Floor,
    channels: Sequence[LiveChannel],
    asked_at: datetime,
    at: datetime,
    *,
    routine: bool = False,
) -> None:
    """Make the floor agree with a listing of the switch's channels that was asked for at `asked_at`.

    `routine`: the link stood all the time, so what the switch was told on it may still lie before us.
    """
    live = {channel.id: channel for channel in channels}
    for call in list(floor.calls.values()):
        if call.state is CallState.PLANNED or call.touched_at >= asked_at:
            continue
        channel = live.get(call.id)
        if channel is None and routine and _may_still_come(call, at):
            continue
        if channel is None:
            calls.end_call(floor, call, at, _outcome_unseen(call, at))
        else:
            _catch_up(floor, call, channel, at)
    for agent in list(floor.agents.values()):
        _reconcile_leg(floor, agent, live, asked_at, at)
    known = {agent.leg_id for agent in floor.agents.values()}
    for channel in channels:
        if channel.id.startswith(LEG_PREFIX) and channel.id not in known:
            floor.order(HangUpLeg(LegId(channel.id)))
    floor.wake_at(at)


def _may_still_come(call: Call, at: datetime) -> bool:
    """An overloaded switch takes seconds to begin an Originate (5.7 s were seen), and then it does dial."""
    rung_out = call.touched_at + timedelta(seconds=call.attempt.ring_timeout_s)
    return call.state is CallState.ORIGINATING and at < rung_out


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
    if channel.bridged_with and channel.bridged_with in floor.legs and call.state is CallState.WAITING:
        calls.on_bridged(floor, CallBridged(at=at, attempt_id=call.id, leg_id=LegId(channel.bridged_with)))
    elif channel.parked and not call.parked:
        calls.on_parked(floor, CallParked(at=at, attempt_id=call.id))


def _reconcile_leg(
    floor: Floor, agent: Agent, live: dict[str, LiveChannel], asked_at: datetime, at: datetime
) -> None:
    if agent.leg_id is None or agent.since >= asked_at:
        return
    channel = live.get(agent.leg_id)
    if channel is None:
        if agent.leg_up:
            calls.on_leg_hung_up(floor, LegHungUp(at=at, leg_id=agent.leg_id))
    elif channel.parked:
        calls.on_leg_parked(floor, LegParked(at=at, leg_id=agent.leg_id))
