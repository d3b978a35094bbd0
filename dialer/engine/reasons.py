"""Why so many calls are placed and not more, told for every mode: one `PacingDecided` whenever something changes.

A policy's own limits (`pacing.policy.Limit`) pass through as they are; here are those that the floor itself knows. The
console has words for each; `reason` is the English sentence of the log.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from dialer.compliance.duties import start_breaches
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import AbandonWindow, CampaignInput, CampaignState
from dialer.domain.errors import BadInput
from dialer.domain.facts import PacingDecided
from dialer.domain.staffing import inbound_per_hour
from dialer.engine import staffing
from dialer.engine.floor import Floor
from dialer.engine.records import CampaignRun
from dialer.modes import MODES
from pacing.policy import Explanation, Limit

#: Without word of the switch or of the store for so long the gauge is blind: noticed 2 s after the cut at the latest,
#: since signs of life come twice a second and the floor is looked at five times.
BLIND_AFTER = timedelta(seconds=1.7)
#: Blind for so long though the link stands, something is broken that a person must see.
HALT_AFTER = timedelta(minutes=5)
#: While nothing changes, figures are told anew this often.
TELL_EVERY = timedelta(seconds=5)


class Hindrance(StrEnum):
    """What the floor itself knows to stand in the way of more calls."""

    #: No link to the switch: nothing is dialled.
    SWITCH_DOWN = "switch_down"
    #: The log can't be written: nothing is dialled.
    LOG_LOST = "log_lost"
    #: Every trunk is out of service: nothing is dialled.
    NO_TRUNK = "no_trunk"
    #: The database is slow to confirm planned calls: one call per reserved agent.
    STORE_SILENT = "store_silent"
    #: The law does not allow the leads at hand to be called now.
    LAW = "law"
    #: The agents dial themselves, or look at a lead first.
    AGENTS_DIAL = "agents_dial"
    #: The campaign's lines per agent are in use.
    LINES_PER_AGENT = "lines_per_agent"
    #: The group's free agents went to a campaign before it.
    TURN = "turn"
    #: Whoever is free is about to leave by the plan, or kept back for calls from outside.
    STAFFING = "staffing"


_SENTENCES: dict[str, str] = {
    Hindrance.SWITCH_DOWN: "No link to the switch: nothing is dialled until it is back.",
    Hindrance.LOG_LOST: "The log can't be written: nothing is dialled until it can.",
    Hindrance.NO_TRUNK: "No trunk is in service: nothing is dialled until one is.",
    Hindrance.STORE_SILENT: "The database is slow to confirm: one call per reserved agent.",
    Hindrance.LAW: "The law does not allow the leads at hand to be called now.",
    Hindrance.AGENTS_DIAL: "The agents of this mode start each call themselves.",
    Hindrance.LINES_PER_AGENT: "The campaign's lines per agent are in use.",
    Hindrance.TURN: "The group's free agents went to a campaign before this one.",
    Hindrance.STAFFING: "Whoever is free leaves by the plan, or is kept back for calls from outside.",
    Limit.NO_AGENTS: "No agent can take a call now.",
    Limit.FREE_AGENTS: "One call per free agent, and every free agent has his.",
    Limit.LEADS: "No leads are left to call now.",
    Limit.LINES: "No line is free, or no more calls may be placed this second.",
    Limit.CAP: "The abandonments that the cap allows are used up: one call per reserved agent.",
    Limit.BLIND: "Word of the switch is late or missing: one call per reserved agent.",
}


def sentence(limit: str) -> str:
    return _SENTENCES.get(limit, limit)


def standstill(floor: Floor) -> str | None:
    """Why nothing at all may be dialled in this group now, or None."""
    if not floor.switch_up:
        return Hindrance.SWITCH_DOWN
    if not floor.log_up:
        return Hindrance.LOG_LOST
    if not floor.carriers.in_service():
        return Hindrance.NO_TRUNK
    return Limit.NO_AGENTS if floor.logged_in() == 0 else None


def blindness(floor: Floor, at: datetime) -> str | None:
    """Why no forecast can be trusted now, or None: every call then has an agent of its own."""
    if floor.heard_at is None or at - floor.heard_at > BLIND_AFTER:
        return Limit.BLIND
    if any(c.state is CallState.PLANNED and at - c.touched_at > BLIND_AFTER for c in floor.calls.values()):
        return Hindrance.STORE_SILENT
    return None


def watch_gauge(floor: Floor, at: datetime) -> None:
    """Halt the running campaigns of a group that has been blind for long while its link stood."""
    if not floor.switch_up or blindness(floor, at) is None:
        floor.blind_since = None
        return
    floor.blind_since = floor.blind_since or at
    if at - floor.blind_since >= HALT_AFTER:
        halt(floor, at, "blind")


def halt(floor: Floor, at: datetime, reason: str) -> None:
    """Only a person starts these campaigns again."""
    for run in floor.running():
        floor.move_campaign(run, CampaignInput.TRIPPED, at, reason)


def halt_unlawful(floor: Floor, run: CampaignRun, at: datetime) -> bool:
    """Halt a running campaign whose settings its rules no longer allow: a caller id disowned, an approval gone.

    `dialer campaign check` tells which; a person puts it right and starts it again.
    """
    if run.state is not CampaignState.RUNNING:
        return False
    try:
        broken = bool(start_breaches(run.campaign, at.date()))
    except BadInput:  # a rule set that is there no more
        broken = True
    return broken and floor.move_campaign(run, CampaignInput.TRIPPED, at, "breaks_rules")


def no_lead(run: CampaignRun) -> str | None:
    """Why there is no lead to dial; None while the store is being asked for some."""
    if run.claiming or run.hopper:
        return None
    return Hindrance.LAW if run.denied else Limit.LEADS


def of_reserved(floor: Floor, run: CampaignRun, at: datetime) -> str | None:
    """What binds a mode that dials for free agents only, once it has dialled what it could."""
    if any(a.state is AgentState.READY for a in floor.agents.values()):
        if not run.hopper:
            return no_lead(run)
        if not floor.carriers.free_lines(at):
            return Limit.LINES
        if len(staffing.counted_on(floor)) <= staffing.kept_back(floor, run, at):
            return Hindrance.STAFFING
    elif not any(a.state in _WORKING for a in floor.agents.values()):
        return Limit.NO_AGENTS
    return Limit.FREE_AGENTS


_WORKING = frozenset({AgentState.RESERVED, AgentState.ON_CALL, AgentState.WRAP_UP, AgentState.PREVIEWING})


def tell(
    floor: Floor,
    run: CampaignRun,
    at: datetime,
    limit: str | None,
    calls: int = 0,
    why: Explanation | None = None,
) -> None:
    """Log the decision when it placed calls, when another limit binds, or when the last word is some seconds old."""
    if limit is None:
        return
    stale = run.told_at is None or at - run.told_at >= TELL_EVERY
    if not (calls or limit != run.last_limit or (stale and floor.logged_in())):
        return
    run.last_limit, run.told_at = limit, at
    figures: Explanation = {
        "policy": str(run.campaign.mode),
        "ready": len(floor.ready_agents()),
        "logged_in": floor.logged_in(),
        "reason": sentence(limit),
        **(why or {}),
        "limit": str(limit),
        "calls": calls,
        **_budgets(run, at),
        **_planned(floor, run, at),
    }
    if out := floor.carriers.faults():
        # The code alone: the console puts the rest into its own words.
        figures["trunks_out"] = ", ".join(f"{name} ({why.partition(':')[0]})" for name, why in out.items())
    if limit == Hindrance.LAW and run.denied:
        rule, until = run.denied
        figures |= {"rule": rule, "until": until.isoformat() if until else None}
    policy = str(figures["policy"])
    floor.note(PacingDecided(at=at, campaign_id=run.campaign.id, policy=policy, calls=calls, explain=figures))


def _planned(floor: Floor, run: CampaignRun, at: datetime) -> Explanation:
    """What of the plan is heeded now: agents counted on no more, calls from outside, agents kept back for them."""
    said: Explanation = {}
    if away := staffing.away(floor):
        said["planned_away"] = away
    if per_hour := inbound_per_hour(floor.inbound, at):
        said["inbound_per_hour"] = round(per_hour, 1)
        if not MODES[run.campaign.mode].pooled:
            said["kept_back"] = staffing.kept_back(floor, run, at)
    return said


def _budgets(run: CampaignRun, at: datetime) -> Explanation:
    """Live answers and abandonments left in each of the law's windows."""
    run.gauge.expire(at)
    said: Explanation = {"window": str(run.gauge.window), "cap": run.gauge.cap}
    for window in AbandonWindow:
        count = run.gauge.counts[window]
        said[f"live_{window}"] = round(count.live, 2)
        said[f"abandoned_{window}"] = round(count.abandoned, 2)
        said[f"left_{window}"] = round(count.left(run.gauge.cap), 2)
    return said
