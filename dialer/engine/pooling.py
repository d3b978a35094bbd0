"""Dialling for whoever will be free: which campaign is asked, what its policy says, the fall back to reserved calls.

The most urgent campaign that has leads gets the pool's slack, among equals the one that has had least of its share; the
next is asked when leads, lines or abandonments ran out before the slack did.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dialer.domain.call import DIALLING_STATES, CallState
from dialer.domain.staffing import inbound_per_hour
from dialer.engine import reasons, staffing
from dialer.engine.choosing import next_lead
from dialer.engine.floor import Floor
from dialer.engine.planning import plan
from dialer.engine.pool import DECIDE_S, Question, paced
from dialer.engine.reasons import Hindrance
from dialer.engine.records import CampaignRun
from dialer.engine.reserving import dial_reserved
from dialer.modes import spends_budget
from pacing.policy import Limit

#: With these a campaign may leave agents to the next one: they are limits of its own, not of the pool.
_OWN_LIMITS = frozenset({Limit.LEADS, Limit.BUDGET, Limit.CAP, Hindrance.LINES_PER_AGENT, Hindrance.LAW})


def dial_pooled(floor: Floor, pooled: Sequence[CampaignRun], at: datetime) -> None:
    """`pooled`: the running campaigns that dial for whoever is free, in the order of their right to it."""
    if floor.pool.decided_at and at < (soonest := floor.pool.decided_at + timedelta(seconds=DECIDE_S)):
        if floor.tick_at is None or soonest < floor.tick_at:
            floor.tick_at = soonest
            floor.wake_at(soonest)
        return
    blind = reasons.blindness(floor, at)
    taken = False
    for run in pooled:
        if taken:
            reasons.tell(floor, run, at, Hindrance.TURN)
        elif blind or _at_cap(run, at):
            calls = dial_reserved(floor, run, at)
            limit = blind or Limit.CAP
            reasons.tell(
                floor, run, at, reasons.no_lead(run) if not run.hopper and not calls else limit, calls
            )
        elif not run.hopper:
            reasons.tell(floor, run, at, reasons.no_lead(run))
        else:
            taken = _place(floor, run, at) not in _OWN_LIMITS


def _at_cap(run: CampaignRun, at: datetime) -> bool:
    """A policy that spends the budget itself is stopped when the cap is broken. Any earlier, the first abandonment of a
    day would hold a small team at one call per agent until it has had 66 answers."""
    return run.gauge.broken(at) if spends_budget(run.campaign) else run.gauge.over(at)


def _place(floor: Floor, run: CampaignRun, at: datetime) -> str:
    """Ask the campaign's policy and plan what it says; what binds."""
    campaign = run.campaign
    logged_in = floor.logged_in()
    # Whoever a due callback waits for is not free for others, nor is who is about to take his planned break.
    ready = max(0, len(staffing.counted_on(floor)) - sum(len(each.callbacks) for each in floor.running()))
    in_flight = [c for c in floor.calls.values() if c.state in DIALLING_STATES and c.agent_id is None]
    key = floor.pool.follow(
        at,
        campaign,
        max_lines=floor.carriers.total_channels(),
        cps=floor.carriers.total_cps(),
        agents=(
            (a.id, paced(a.state, leaving=a.after_wrap_up is not None, away=a.planned_away))
            for a in floor.agents.values()
        ),
        in_flight=((c.id, c.attempt.planned_at) for c in in_flight),
        campaigns=(r.campaign for r in floor.campaigns.values()),
    )
    lines = int(campaign.max_lines_per_agent * logged_in) - len(floor.calls)
    free_lines = floor.carriers.free_lines(at)
    shift_end = staffing.shift_end(floor, run, at)
    calls, why = floor.pool.decide(
        at,
        key,
        Question(
            ready=ready,
            logged_in=logged_in,
            in_flight=len(in_flight),
            waiting=sum(
                c.agent_id is None and c.state is not CallState.SCREENING for c in floor.unattended.values()
            ),
            free_lines=free_lines,
            leads=len(run.hopper),
            lag_s=(at - floor.heard_at).total_seconds() if floor.heard_at else 0.0,
            budget=run.budget,
            inbound_per_s=inbound_per_hour(floor.inbound, at) / 3600,
            shift_left_s=None if shift_end is None else (shift_end - at).total_seconds(),
        ),
    )
    limit, placed = str(why.get("limit")), 0
    if calls > max(0, lines):
        calls, limit = max(0, lines), Hindrance.LINES_PER_AGENT
    while placed < calls:
        if (choice := next_lead(floor, run, at, reserved=False)) is None:
            limit = reasons.no_lead(run) or Limit.LEADS
            break
        if not plan(floor, run, choice, at):
            run.hopper.appendleft(choice.lead)
            limit = Limit.LINES
            break
        placed += 1
    floor.pool.accept(key, placed)
    run.served += placed / run.campaign.share
    if shift_end is not None and "shift_left_s" in why:  # the policy heeds it
        why = {**why, "shift_ends_at": shift_end.isoformat()}
    if limit != why.get("limit"):
        why = {**why, "reason": reasons.sentence(limit)}
    reasons.tell(floor, run, at, limit, placed, why)
    return limit
