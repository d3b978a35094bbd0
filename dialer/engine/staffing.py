"""The plan of breaks, shift ends and calls from outside: whom a call may be placed for now, in every mode."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.domain.agent import AgentState
from dialer.domain.campaign import AbandonWindow
from dialer.domain.events import StaffingPlanned
from dialer.domain.staffing import agents_kept, away_since, inbound_per_hour, last_end, leaves
from dialer.engine.floor import Floor
from dialer.engine.pool import paced
from dialer.engine.records import Agent, CampaignRun

#: What is planned of so much time is worked out at once; ends of shifts further ahead.
WORKED_OUT, SHIFT_LONGEST = timedelta(hours=1), timedelta(hours=16)


def on_planned(floor: Floor, event: StaffingPlanned) -> None:
    floor.staffing, floor.planned_until = event.staffing, event.at
    look(floor, event.at)


def look(floor: Floor, at: datetime) -> None:
    """Note, and tell the pacing, of everybody whom the plan takes away by now, or gives back."""
    if floor.planned_until is None:
        return  # there never was a plan
    if at >= floor.planned_until:
        floor.absences = floor.staffing.absences(at, at + WORKED_OUT)
        floor.inbound = floor.staffing.inbound(at, at + WORKED_OUT)
        floor.shift_ends = floor.staffing.shift_ends(at, at + SHIFT_LONGEST)
        floor.planned_until = at + WORKED_OUT
    for agent in floor.agents.values():
        begin = away_since(floor.absences, agent.id, at)
        waits = agent.state is AgentState.READY
        away = leaves(begin, agent.worked_since, waits, at)
        if waits and begin is not None and not away:
            agent.worked_since = at  # he stayed: the call that he takes next is not his last
        if away != agent.planned_away:
            agent.planned_away = away
            leaving = agent.after_wrap_up is not None
            floor.pool.expect(at, agent.id, paced(agent.state, leaving=leaving, away=away), away=away)


def counted_on(floor: Floor) -> list[Agent]:
    """Free agents for whom a call may be placed: those who will still be there when it is answered."""
    return [agent for agent in floor.ready_agents() if not agent.planned_away]


def kept_back(floor: Floor, run: CampaignRun, at: datetime) -> int:
    """How many of them a call with an agent of its own leaves alone: calls from outside are expected while it rings."""
    return agents_kept(inbound_per_hour(floor.inbound, at), run.campaign.ring_timeout_s)


def shift_end(floor: Floor, run: CampaignRun, at: datetime) -> datetime | None:
    """When the last of those at work goes home by the plan, where that ends what the campaign's abandonments of the day
    are counted over: a window of any 24 hours goes on, and what is spent at the end of one shift would be missed
    through the next."""
    if run.campaign.abandon_window is AbandonWindow.DAY or not floor.shift_ends:
        return None
    return last_end(floor.shift_ends, floor.present(), at)


def away(floor: Floor) -> int:
    """Agents at work whom the plan has away by now."""
    return sum(a.planned_away and a.state is not AgentState.LOGGED_OUT for a in floor.agents.values())
