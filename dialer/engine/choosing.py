"""Whom to call this instant, and on which number: the contact plan, the numbers, the legal verdict of this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance import Debtor, judge
from dialer.compliance.calling_hours import NO_TABLE, WISH
from dialer.compliance.lead_case import judge_lead, may_ring_there
from dialer.compliance.local_time import zones_to_obey
from dialer.compliance.overlays import rules_of
from dialer.compliance.rule_set import HOURS
from dialer.compliance.whom import CHANNEL_CONSENT
from dialer.domain.facts import LeadMoved
from dialer.domain.outcomes import LeadState, NextStep, PhoneStatus, next_phone
from dialer.domain.values import ClaimedLead, LeadPhone, Verdict
from dialer.engine.floor import Floor
from dialer.engine.records import CampaignRun

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
