"""Whom to dial now: hoppers, the modes' counts, the legal verdict, and the planned attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance import Debtor, judge
from dialer.compliance.calling_hours import NO_TABLE, WISH
from dialer.compliance.lead_case import judge_lead, may_ring_there, ring_s
from dialer.compliance.local_time import zones_to_obey
from dialer.compliance.overlays import rules_of
from dialer.compliance.rule_set import HOURS
from dialer.compliance.whom import CHANNEL_CONSENT
from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import DIALLING_STATES, CallInput, CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.commands import ClaimLeads
from dialer.domain.events import AttemptsCommitted, LeadsClaimed
from dialer.domain.facts import AttemptPlanned, LeadMoved
from dialer.domain.outcomes import LeadState, NextStep, Outcome, PhoneStatus, next_phone
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, HungUpBy, LeadPhone, Verdict, mint_ulid
from dialer.engine import callbacks, pooling, reasons, screening
from dialer.engine.endings import close_if_drained, end_call, free_reservation, let_go
from dialer.engine.floor import Floor
from dialer.engine.pool import TICK_S
from dialer.engine.records import Agent, Call, CampaignRun
from dialer.modes import MODES

#: Leads kept in memory per logged-in agent, and at least: two seconds of dialling at a fast pace.
HOPPER_PER_AGENT = 4
MIN_HOPPER = 10
#: A list that had nothing more is asked again after this.
EMPTY_LIST_PAUSE = timedelta(seconds=2)
#: A claimed lead is not planned with less than this left of its lease: the commit still lies ahead.
LEASE_MARGIN = timedelta(seconds=5)
#: A plan that took longer to commit is not dialled: its verdict, and its share of the trunk's rate, are of then.
PLAN_LIFE = timedelta(seconds=3)
#: A lead whose person is being called by somebody else rests so long.
BUSY_PERSON_REST = timedelta(minutes=1)
#: What the debtor wishes he may wish otherwise: asked again after this when no hour of it is open.
WISH_REST = timedelta(days=1)
#: What everybody of a zone is denied by at the same hours.
_HOURS_OF_ALL = frozenset({HOURS, NO_TABLE})


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom to dial on which number, and the verdict that allows it at this moment."""

    lead: ClaimedLead
    phone: LeadPhone
    verdict: Verdict


def dial(floor: Floor, at: datetime) -> None:
    """Place what each running campaign may place now. Asked after every batch and every TICK_S."""
    running = floor.running()
    for run in running:
        _return_expiring(floor, run, at)
    if running and (limit := reasons.standstill(floor)):
        for run in running:
            reasons.tell(floor, run, at, limit)
        return
    if not running:
        return
    pulse = floor.tick_at is None or floor.tick_at <= at
    if pulse:  # one, however many batches come between
        floor.tick_at = at + timedelta(seconds=TICK_S)
        floor.wake_at(floor.tick_at)
        reasons.watch_gauge(floor, at)
    pooled = []
    for run in running:
        if run.campaign.mode in _CLAIMING:
            callbacks.dial_callbacks(floor, run, at)
        mode = MODES[run.campaign.mode]
        if mode.pooled:
            pooled.append(run)
        elif mode.preview:
            _offer_previews(floor, run, at)
        elif run.campaign.mode in _DIALER_STARTED:
            calls = dial_reserved(floor, run, at)
            reasons.tell(floor, run, at, reasons.of_reserved(floor, run, at), calls)
        if run.campaign.mode not in _DIALER_STARTED:
            reasons.tell(floor, run, at, reasons.Hindrance.AGENTS_DIAL)
    # While every trunk is at its limit the policy could only be told so: its pulse is enough.
    if pooled and (pulse or floor.carriers.ready(at)):
        pooling.dial_pooled(floor, pooled, at)
    if not floor.carriers.ready(at) and (floor.slot_at is None or floor.slot_at <= at):
        floor.slot_at = floor.carriers.next_token_at(at)
        if floor.slot_at:
            floor.wake_at(floor.slot_at)
    for run in running:
        if run.campaign.mode in _CLAIMING:
            refill(floor, run, at)
    if kept := floor.pool.keep(at):
        floor.note(kept)


_DIALER_STARTED = frozenset(mode for mode, how in MODES.items() if not how.preview and mode != "manual")
_CLAIMING = _DIALER_STARTED | frozenset(mode for mode, how in MODES.items() if how.preview)


# --- the hopper -------------------------------------------------------------------------------------------


def refill(floor: Floor, run: CampaignRun, at: datetime) -> None:
    want = max(MIN_HOPPER, HOPPER_PER_AGENT * floor.logged_in())
    if run.claiming or len(run.hopper) > want // 2:
        return
    if run.claim_not_before and at < run.claim_not_before:
        return
    run.claiming = True
    run.closed_zones = {zone: until for zone, until in run.closed_zones.items() if at < until}
    floor.order(ClaimLeads(run.campaign.id, want - len(run.hopper), tuple(run.closed_zones)))


def on_leads_claimed(floor: Floor, event: LeadsClaimed) -> None:
    run = floor.campaigns[event.campaign_id]
    run.claiming = False
    short = len(event.leads) < event.asked
    run.claim_not_before = event.at + EMPTY_LIST_PAUSE if short else None
    if short and run.closed_zones and run.denied is None:
        run.denied = (HOURS, min(run.closed_zones.values()))
    if run.state is not CampaignState.RUNNING or run.campaign.mode not in _CLAIMING:
        floor.return_leads(run, event.at, event.leads)
        return
    run.callbacks += [(lead, event.at) for lead in event.leads if lead.callback]
    run.hopper.extend(lead for lead in event.leads if not lead.callback)


def _return_expiring(floor: Floor, run: CampaignRun, at: datetime) -> None:
    """Give back what was not dialled before its lease ends; the oldest claims come first in the hopper."""
    expiring = []
    while run.hopper and run.hopper[0].lease_until - at < LEASE_MARGIN:
        expiring.append(run.hopper.popleft())
    floor.return_leads(run, at, expiring)


def next_lead(floor: Floor, run: CampaignRun, at: datetime, *, reserved: bool) -> Choice | None:
    """The next lead of the hopper that may be called this instant, by an agent `reserved` for it or by nobody yet."""
    while run.hopper:
        lead = run.hopper.popleft()
        if lead.person_id in floor.persons:
            floor.return_leads(run, at, [lead], rest=BUSY_PERSON_REST, rule="one_ring_per_person")
        elif not _in_plan(floor, run, lead, at):
            continue
        elif choice := choose(floor, run, lead, at, reserved=reserved):
            return choice
    return None


def _in_plan(floor: Floor, run: CampaignRun, lead: ClaimedLead, at: datetime) -> bool:
    """Whether the campaign's quota allows another try now; otherwise the lead rests until it does, or is done."""
    quota = run.campaign.plan.quota
    if quota is None:
        return True
    number = phone_of(lead)
    zones = zones_to_obey(lead.time_zone, number.number.e164 if number else None, ())
    slot = quota.next_slot(lead.tries_at, at, zones[0] if zones else ZoneInfo("UTC"))
    if slot is None:
        step = NextStep(LeadState.FINISHED, reason="plan_done")
        floor.note(LeadMoved(at=at, lead_id=lead.id, campaign_id=lead.campaign_id, step=step))
    elif slot > at:
        floor.return_leads(run, at, [lead], rest=slot - at, rule="contact_plan")
    return slot is not None and slot <= at


def choose(
    floor: Floor, run: CampaignRun, lead: ClaimedLead, at: datetime, *, reserved: bool
) -> Choice | None:
    """The lead's number to dial this instant; None when there is none, and then the lead has been seen to."""
    if (phone := phone_of(lead)) is None:
        _finish_without_number(floor, lead, at)
        return None
    if not may_ring_there(run.campaign, lead, phone):
        others = (p for p in lead.phones if p.history.status is PhoneStatus.ACTIVE)
        phone = next((p for p in others if may_ring_there(run.campaign, lead, p)), phone)
    return allow(floor, run, lead, phone, at, reserved=reserved)


def phone_of(lead: ClaimedLead, phone_id: int | None = None) -> LeadPhone | None:
    """The number to dial: the one asked for, else the lead's next, else any that is still good."""
    usable = {p.id: p for p in lead.phones if p.history.status is PhoneStatus.ACTIVE}
    if phone_id is not None:
        return usable.get(phone_id)
    if lead.next_phone_id in usable:
        return usable[lead.next_phone_id]
    if not usable:
        return None
    return usable[next_phone([p.history for p in usable.values()], lead.next_phone_id)]


def allow(
    floor: Floor,
    run: CampaignRun,
    lead: ClaimedLead,
    phone: LeadPhone,
    at: datetime,
    *,
    reserved: bool,
) -> Choice | None:
    """The legal verdict of this moment; `reserved`: an agent waits for this very call.

    Denied, the lead rests until it may, or for good when time does not help.
    """
    verdict = judge_lead(run.campaign, lead, phone, at, reserved=reserved)
    if isinstance(verdict, Verdict):
        run.denied = None
        return Choice(lead, phone, verdict)
    run.denied = (verdict.rule, verdict.until)
    if verdict.rule in _HOURS_OF_ALL and lead.time_zone:
        _close_zone(run, lead.time_zone, at)
    rest = (
        verdict.until - at
        if verdict.until
        else WISH_REST
        if verdict.rule in (WISH, CHANNEL_CONSENT)
        else None
    )
    if rest is not None:
        floor.return_leads(run, at, [lead], rest=rest, rule=verdict.rule)
    else:
        step = NextStep(LeadState.SUPPRESSED, reason=verdict.rule)
        floor.note(LeadMoved(at=at, lead_id=lead.id, campaign_id=lead.campaign_id, step=step))
    return None


def _close_zone(run: CampaignRun, zone: str, at: datetime) -> None:
    """Claim nobody else of the zone where the hours are over not only for this one debtor, until they begin again.

    By what binds the campaign whoever is called: contracts, cities and wishes are heeded one by one.
    """
    verdict = judge(
        rules_of(run.campaign),
        Debtor(zone=zone),
        at=at,
        agent_reserved=True,
        ring_timeout_s=run.campaign.ring_timeout_s,
    )
    if not isinstance(verdict, Verdict) and verdict.rule in _HOURS_OF_ALL and verdict.until:
        run.closed_zones[zone] = verdict.until


def _finish_without_number(floor: Floor, lead: ClaimedLead, at: datetime) -> None:
    step = NextStep(LeadState.FINISHED, reason="no_number")
    floor.note(LeadMoved(at=at, lead_id=lead.id, campaign_id=lead.campaign_id, step=step))


# --- the modes --------------------------------------------------------------------------------------------


def _unpromised(floor: Floor) -> list[Agent]:
    """Free agents beyond those whom calls without an agent of their own, ringing or waiting, may need.

    Who reserves one of the others takes him from a person about to answer.
    """
    ready = floor.ready_agents()
    if not ready:
        return []
    promised = sum(c.agent_id is None for c in floor.calls.values() if c.state in DIALLING_STATES)
    promised += sum(c.agent_id is None for c in floor.unattended.values())
    return ready[promised:]


def _offer_previews(floor: Floor, run: CampaignRun, at: datetime) -> None:
    for agent in _unpromised(floor):
        if (choice := next_lead(floor, run, at, reserved=True)) is None:
            return
        agent.preview = choice.lead
        floor.move_agent(agent, AgentInput.PREVIEWED, at)


def dial_reserved(floor: Floor, run: CampaignRun, at: datetime) -> int:
    """One call per reserved agent: whoever answers has somebody waiting for him. How many were placed."""
    placed = 0
    for agent in _unpromised(floor):
        if (choice := next_lead(floor, run, at, reserved=True)) is None:
            break
        if not plan(floor, run, choice, at, agent):
            run.hopper.appendleft(choice.lead)
            break
        placed += 1
    return placed


# --- the attempt ------------------------------------------------------------------------------------------


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


def withdraw_preview(floor: Floor, agent: Agent, at: datetime) -> None:
    """The lead on the agent's screen goes back to the list; he stays where he is until moved."""
    if agent.preview:
        floor.return_leads(floor.campaigns[agent.preview.campaign_id], at, [agent.preview])
        agent.preview = None
    if agent.state is AgentState.PREVIEWING:
        floor.move_agent(agent, AgentInput.RELEASED, at)
