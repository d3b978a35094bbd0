"""The planned attempt: on a trunk, written down, dialled once that is on disk."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.compliance.lead_case import ring_s
from dialer.domain.agent import AgentInput
from dialer.domain.call import CallInput, CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.events import AttemptsCommitted
from dialer.domain.facts import AttemptPlanned
from dialer.domain.outcomes import Outcome
from dialer.domain.values import Attempt, AttemptId, HungUpBy, mint_ulid
from dialer.engine import screening
from dialer.engine.choosing import Choice
from dialer.engine.endings import close_if_drained, end_call, free_reservation, let_go
from dialer.engine.floor import Floor
from dialer.engine.records import Agent, Call, CampaignRun

#: A plan that took longer to commit is not dialled: its verdict, and its share of the trunk's rate, are of then.
PLAN_LIFE = timedelta(seconds=3)


def plan(floor: Floor, run: CampaignRun, choice: Choice, at: datetime, agent: Agent | None = None) -> bool:
    """Plan one attempt; it is dialled once committed. False when no trunk may take a call now."""
    lead, phone = choice.lead, choice.phone
    attempt_id = AttemptId(mint_ulid(at, floor.rng))
    refused = phone.history.last_outcome is Outcome.CONGESTION
    slot = floor.carriers.take(attempt_id, at, lead.caller_id, refused_before=refused)
    if slot is None:
        return False
    campaign = run.campaign
    attempt = Attempt(
        id=attempt_id,
        campaign_id=campaign.id,
        lead_id=lead.id,
        person_id=lead.person_id,
        phone_id=phone.id,
        n=lead.last_n + 1,
        mode=campaign.mode,
        number=phone.number,
        trunk=slot[0],
        caller_id=slot[1],
        verdict=choice.verdict,
        planned_at=at,
        ring_timeout_s=ring_s(campaign, lead),
        connect_limit_s=campaign.connect_limit_s,
        language=campaign.language,
        agent_id=agent.id if agent else None,
        ledger_rows=lead.ledger_rows,
    )
    call = Call(attempt, lead, CallState.PLANNED, touched_at=at, agent_id=attempt.agent_id)
    floor.add_call(call)
    if agent:
        agent.attempt_id = call.id
        agent.preview = None
        floor.move_agent(agent, AgentInput.RESERVED, at)
    floor.note(AttemptPlanned(at=at, attempt=attempt))
    return True


def on_committed(floor: Floor, event: AttemptsCommitted) -> None:
    """What is on disk may be dialled, unless the campaign has stopped or the reserved agent has gone."""
    nobody = floor.logged_in() == 0
    for attempt_id in sorted(event.committed):
        call = floor.calls.get(attempt_id)
        if call is None or call.state is not CallState.PLANNED:
            continue
        run = floor.campaigns[call.attempt.campaign_id]
        agent_gone = call.attempt.agent_id is not None and call.agent_id is None
        stale = event.at - call.attempt.planned_at > PLAN_LIFE
        unwanted = nobody or agent_gone or stale or call.hung_up_by is not None
        if run.state is not CampaignState.RUNNING or not floor.switch_up or unwanted:
            end_call(floor, call, event.at, Outcome.CANCELLED, by=call.hung_up_by or HungUpBy.SYSTEM)
            continue
        floor.move_call(call, CallInput.SENT, event.at)
        floor.note_call(call, event.at)
        floor.order(screening.originate(floor, call))
    for attempt_id in sorted(event.refused):
        if call := floor.calls.get(attempt_id):
            _forget(floor, call, event.at)


def _forget(floor: Floor, call: Call, at: datetime) -> None:
    """A refused attempt never was: no row, no fact, nothing but a slot and a reservation to give back."""
    floor.pool.withdraw(at, call.id)
    let_go(floor, call, at, trunk_fault=None)
    free_reservation(floor, call, at)
    close_if_drained(floor, floor.campaigns[call.attempt.campaign_id], at)
