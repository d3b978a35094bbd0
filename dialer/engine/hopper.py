"""Leads claimed ahead of their call: asked for in time, given back before their lease ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.compliance.rule_set import HOURS
from dialer.domain.campaign import CampaignState
from dialer.domain.commands import ClaimLeads
from dialer.domain.events import LeadsClaimed
from dialer.engine.floor import Floor
from dialer.engine.records import CampaignRun
from dialer.modes import MODES

#: Leads kept in memory per logged-in agent, and at least: two seconds of dialling at a fast pace.
HOPPER_PER_AGENT = 4
MIN_HOPPER = 10
#: A list that had nothing more is asked again after this.
EMPTY_LIST_PAUSE = timedelta(seconds=2)
#: A claimed lead is not planned with less than this left of its lease: the commit still lies ahead.
LEASE_MARGIN = timedelta(seconds=5)


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
    if run.state is not CampaignState.RUNNING or not MODES[run.campaign.mode].claims:
        floor.return_leads(run, event.at, event.leads)
        return
    run.callbacks += [(lead, event.at) for lead in event.leads if lead.callback]
    run.hopper.extend(lead for lead in event.leads if not lead.callback)


def return_expiring(floor: Floor, run: CampaignRun, at: datetime) -> None:
    """Give back what was not dialled before its lease ends; the oldest claims come first in the hopper."""
    expiring = []
    while run.hopper and run.hopper[0].lease_until - at < LEASE_MARGIN:
        expiring.append(run.hopper.popleft())
    floor.return_leads(run, at, expiring)
