"""How calls and wrap-ups end: reservations given back, abandonments booked, the outcome set, the lead sent on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import CallInput
from dialer.domain.campaign import CampaignInput, CampaignState, DialMode
from dialer.domain.commands import HangUpLeg, LearnPrompt, StopListening
from dialer.domain.facts import (
    AttemptDisposed,
    AttemptEnded,
    CallAbandoned,
    LeadMoved,
    RecordingClosed,
    TrunkStopped,
)
from dialer.domain.outcomes import (
    LIVE_OUTCOMES,
    UNBURNT_OUTCOMES,
    NextStep,
    Outcome,
    PhoneHistory,
    RecycleRule,
    dispose,
    recycle,
)
from dialer.domain.screening import MACHINE_DISPOSITION, Label
from dialer.domain.values import ClaimedLead, HungUpBy
from dialer.engine.floor import Floor
from dialer.engine.records import LOG_OUT, MOVED, Agent, Call, CampaignRun


def free_reservation(floor: Floor, call: Call, at: datetime) -> None:
    """The agent reserved for this call is free again (a wish uttered meanwhile is carried out)."""
    agent = floor.agents.get(call.agent_id or 0)
    call.agent_id = call.bridging_until = None
    if agent and agent.state is AgentState.RESERVED:
        agent.attempt_id = call.id if call.held_for == agent.id else None
        floor.move_agent(agent, AgentInput.RELEASED, at)
        settle_wishes(floor, agent, at, default_ready=call.attempt.mode is not DialMode.MANUAL)


def settle_wishes(floor: Floor, agent: Agent, at: datetime, *, default_ready: bool = True) -> None:
    """READY, unless the agent had asked for something else in the meantime."""
    wish, agent.after_wrap_up = agent.after_wrap_up, None
    if wish in (LOG_OUT, MOVED):
        log_out(floor, agent, at)
    elif wish is not None:
        floor.move_agent(agent, AgentInput.WENT_NOT_READY, at, wish)
    elif not default_ready:
        floor.move_agent(agent, AgentInput.WENT_NOT_READY, at, "manual")
    elif agent.state is AgentState.WRAP_UP:
        floor.move_agent(agent, AgentInput.WENT_READY, at)


def log_out(floor: Floor, agent: Agent, at: datetime) -> None:
    if agent.leg_id:
        floor.order(HangUpLeg(agent.leg_id))
    agent.leg_up = agent.leg_parked = False
    agent.leg_id = None
    agent.after_wrap_up = None
    if agent.attempt_id and (call := floor.wrapping.get(agent.attempt_id)):
        close_without_disposition(floor, call, at)
    agent.attempt_id = None
    floor.move_agent(agent, AgentInput.LOGGED_OUT, at)


def miss_deadline(floor: Floor, call: Call, at: datetime) -> None:
    """Nobody came in time. Before any agent had him that is an abandonment; after, an end of the hold."""
    free_reservation(floor, call, at)
    if not floor.move_call(call, CallInput.DEADLINE, at):
        return
    call.parked = False
    if call.connected_at is None:
        _book_abandonment(floor, call, at)
    floor.note_call(call, at)


def _book_abandonment(floor: Floor, call: Call, at: datetime) -> None:
    """A live answer that nobody spoke to: outcome, gauge and ledger."""
    call.outcome = Outcome.ABANDONED
    floor.count_live(floor.campaigns[call.attempt.campaign_id], at, abandoned=1)
    floor.note(
        CallAbandoned(
            at=at,
            attempt_id=call.id,
            campaign_id=call.attempt.campaign_id,
            answered_at=call.answered_at or at,
            deadline_at=call.deadline or at,
        )
    )


def end_call(
    floor: Floor,
    call: Call,
    at: datetime,
    outcome: Outcome,
    *,
    q850: int | None = None,
    sip_status: int | None = None,
    by: HungUpBy | None = None,
    trunk_fault: bool = False,
) -> None:
    """The call is over: the outcome is set, the line is free, agent and lead go their ways."""
    agent = floor.agents.get(call.agent_id or call.held_for or 0)
    if not floor.move_call(call, CallInput.ENDED, at):
        return
    if outcome is Outcome.ABANDONED and call.outcome is not Outcome.ABANDONED:
        _book_abandonment(floor, call, at)
    call.outcome = outcome
    attempt = call.attempt
    run = floor.campaigns[attempt.campaign_id]
    if call.answered_at is None and (why := floor.carriers.heed(attempt.trunk, sip_status)):
        floor.note(TrunkStopped(at=at, trunk=attempt.trunk, reason=why))
    untold = outcome in (Outcome.CANCELLED, Outcome.UNKNOWN)
    let_go(floor, call, at, trunk_fault=True if trunk_fault else None if untold else False)
    if outcome in LIVE_OUTCOMES and call.connected_at is None and outcome is not Outcome.ABANDONED:
        floor.count_live(run, at)
    floor.note(
        AttemptEnded(
            at=at,
            attempt_id=call.id,
            campaign_id=attempt.campaign_id,
            lead_id=attempt.lead_id,
            phone_id=attempt.phone_id,
            outcome=outcome,
            burnt=outcome not in UNBURNT_OUTCOMES,
            q850=q850,
            sip_status=sip_status,
            hung_up_by=by,
        )
    )
    if call.recording:
        floor.note(RecordingClosed(at=at, attempt_id=call.id))
    his = agent is not None and (agent.state is AgentState.ON_CALL or call.held_for == agent.id)
    if agent and his and agent.attempt_id == call.id:
        _begin_wrap_up(floor, call, agent, at)
    else:
        free_reservation(floor, call, at)
        move_lead(floor, call, at)
    close_if_drained(floor, run, at)


def let_go(floor: Floor, call: Call, at: datetime, *, trunk_fault: bool | None) -> None:
    """The call is no more: its line, its person and its campaign's count are free of it."""
    attempt = call.attempt
    if call.hearing and call.answered_at is not None:
        floor.order(StopListening(call.id))
        if call.outcome is Outcome.MACHINE:
            floor.order(LearnPrompt(call.id, call.attempt.number, sure=False))
    elif call.hearing and call.hearing.early_since:
        floor.order(StopListening(call.id, early=True))
    del floor.calls[call.id]
    floor.campaigns[attempt.campaign_id].calls.discard(call.id)
    floor.persons.discard(attempt.person_id)
    floor.carriers.release(attempt.trunk, call.id, fault=trunk_fault, now=at, rng=floor.rng)


def close_if_drained(floor: Floor, run: CampaignRun, at: datetime) -> None:
    if run.state is CampaignState.DRAINING and not run.calls:
        floor.move_campaign(run, CampaignInput.DRAINED, at)


def _begin_wrap_up(floor: Floor, call: Call, agent: Agent, at: datetime) -> None:
    wrap_up_s = floor.campaigns[call.attempt.campaign_id].campaign.wrap_up_s
    floor.wrapping[call.id] = call
    call.agent_id = agent.id
    agent.wrap_up_until = at + timedelta(seconds=wrap_up_s)
    if agent.state is AgentState.UNREACHABLE:
        floor.note_agent(agent, at)
    else:
        floor.move_agent(agent, AgentInput.CALL_ENDED, at)
    if call.disposition is not None:
        settle_disposition(floor, call, agent, at)
    else:
        floor.wake_at(agent.wrap_up_until)


def settle_disposition(floor: Floor, call: Call, agent: Agent, at: datetime) -> None:
    """The agent's word decides the lead's next step, and ends his wrap-up."""
    said = call.disposition
    if said is None:
        return
    effect = floor.dispositions[call.attempt.campaign_id, said.code]
    machine = said.code == MACHINE_DISPOSITION
    if machine and call.hearing:
        floor.order(LearnPrompt(call.id, call.attempt.number))
    _learn_of_control(floor, call, at, persons=0 if machine else 1)
    step = dispose(
        effect,
        said.code,
        at=at,
        phone_id=call.attempt.phone_id,
        phones=_histories(call, Outcome.CONNECTED, at),
        attempts=call.lead.attempts + 1,
        callback_at=said.callback_at,
        review_at=_begin_of(call.lead, said.details.review_on),
        **_retries(floor, call),
    )
    floor.note(
        AttemptDisposed(
            at=at,
            attempt_id=call.id,
            agent_id=agent.id,
            code=said.code,
            note=said.note,
            effect=effect,
            details=said.details,
        )
    )
    his = said.callback_at is not None and not said.details.anyone
    callback_agent = agent.id if his else None
    move_lead(floor, call, at, step, callback_agent)
    _end_wrap_up(floor, call, agent, at)


def debtor_time(lead: ClaimedLead, at: datetime) -> datetime:
    """`at` on the debtor's own clock; where his zone is unknown, by UTC."""
    return at.astimezone(ZoneInfo(lead.time_zone or "UTC"))


def _begin_of(lead: ClaimedLead, day: date | None) -> datetime | None:
    """When that day begins for the debtor; which of its hours are lawful the verdict knows."""
    if day is None:
        return None
    return datetime.combine(day, time(), ZoneInfo(lead.time_zone or "UTC")).astimezone(UTC)


def _learn_of_control(floor: Floor, call: Call, at: datetime, *, persons: int) -> None:
    """What an agent heard of a machine verdict: it tells of those hung up on untried."""
    if call.hearing and call.hearing.control and call.hearing.label is not Label.SIT:
        run = floor.campaigns[call.attempt.campaign_id]
        floor.count_lost(run, at, run.lost.learn(at, persons=persons))


def close_without_disposition(floor: Floor, call: Call, at: datetime) -> None:
    """Nobody said what came of the talk: the lead is recycled as connected."""
    floor.wrapping.pop(call.id, None)
    move_lead(floor, call, at)


def _end_wrap_up(floor: Floor, call: Call, agent: Agent, at: datetime) -> None:
    floor.wrapping.pop(call.id, None)
    agent.attempt_id = None
    agent.wrap_up_until = None
    if agent.state is AgentState.WRAP_UP:
        settle_wishes(floor, agent, at, default_ready=call.attempt.mode is not DialMode.MANUAL)
    else:
        floor.note_agent(agent, at)


def expire_wrap_up(floor: Floor, agent: Agent, at: datetime) -> None:
    """The time is up and nothing was chosen: he is probably not there, so he gets no next call unasked.

    A campaign without wrap-up (0 s) asks for no result, and there the next call may come at once.
    """
    call = floor.wrapping.get(agent.attempt_id) if agent.attempt_id else None
    asked = True
    if call:
        asked = floor.campaigns[call.attempt.campaign_id].campaign.wrap_up_s > 0
        close_without_disposition(floor, call, at)
    agent.attempt_id = None
    agent.wrap_up_until = None
    if agent.state is AgentState.WRAP_UP:
        if agent.after_wrap_up is None and asked:
            agent.after_wrap_up = "wrap_up_expired"
        settle_wishes(floor, agent, at)
    else:
        floor.note_agent(agent, at)


def move_lead(
    floor: Floor, call: Call, at: datetime, step: NextStep | None = None, callback_agent: int | None = None
) -> None:
    """Send the lead to `step`, or where its outcome's recycle rule says."""
    outcome = call.outcome or Outcome.UNKNOWN
    phones = _histories(call, outcome, at)
    if step is None:
        burnt = outcome not in UNBURNT_OUTCOMES
        step = recycle(
            outcome,
            at=at,
            phone_id=call.attempt.phone_id,
            phones=phones,
            attempts=call.lead.attempts + burnt,
            **_retries(floor, call),
        )
    dialled = next(p for p in phones if p.phone_id == call.attempt.phone_id)
    floor.note(
        LeadMoved(
            at=at,
            lead_id=call.attempt.lead_id,
            campaign_id=call.attempt.campaign_id,
            step=step,
            phone_id=call.attempt.phone_id,
            outcome=outcome,
            same_outcome_run=dialled.same_outcome_run,
            callback_agent_id=callback_agent,
        )
    )


class _Retries(TypedDict):
    rules: Mapping[Outcome, RecycleRule]
    max_attempts: int


def _retries(floor: Floor, call: Call) -> _Retries:
    """The campaign's own retry rules."""
    plan = floor.campaigns[call.attempt.campaign_id].campaign.plan
    return {"rules": plan.rules, "max_attempts": plan.max_attempts}


def _histories(call: Call, outcome: Outcome, at: datetime) -> tuple[PhoneHistory, ...]:
    """The person's numbers with this attempt counted in."""

    def counted(history: PhoneHistory) -> PhoneHistory:
        if history.phone_id != call.attempt.phone_id:
            return history
        run = history.same_outcome_run + 1 if history.last_outcome == outcome else 1
        return replace(history, last_outcome=outcome, same_outcome_run=run, tried_at=at)

    return tuple(counted(p.history) for p in call.lead.phones)
