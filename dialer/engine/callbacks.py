"""Callbacks that are due: promised to a person, so each has an agent of its own before it is dialled.

The agent who promised it gets it himself; while he is busy it waits for him, and after a grace (or at once, when he
will not come: logged out, gone over to another group, his telephone long away) anybody's next free moment will do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.values import ClaimedLead
from dialer.engine import staffing
from dialer.engine.choosing import BUSY_PERSON_REST, choose
from dialer.engine.floor import Floor
from dialer.engine.hopper import LEASE_MARGIN
from dialer.engine.planning import plan
from dialer.engine.records import LOG_OUT, MOVED, Agent, CampaignRun
from dialer.modes import MODES

#: How long a callback waits for the agent who promised it.
OWN_AGENT_GRACE = timedelta(minutes=2)


def dial_callbacks(floor: Floor, run: CampaignRun, at: datetime) -> None:
    """Dial what is due and has an agent now; keep the rest, give back what we may not hold any longer."""
    waiting, run.callbacks = run.callbacks, []
    for lead, since in waiting:
        if lead.lease_until - at < LEASE_MARGIN:
            floor.return_leads(run, at, [lead])
        elif lead.person_id in floor.persons:
            floor.return_leads(run, at, [lead], rest=BUSY_PERSON_REST, rule="one_ring_per_person")
        elif (agent := _agent_for(floor, lead, since, at)) is None or not _dial(floor, run, lead, agent, at):
            run.callbacks.append((lead, since))


def _dial(floor: Floor, run: CampaignRun, lead: ClaimedLead, agent: Agent, at: datetime) -> bool:
    """False when the lead is still ours to dial: no line was free."""
    if MODES[run.campaign.mode].preview:
        agent.preview = lead
        floor.move_agent(agent, AgentInput.PREVIEWED, at)
        return True
    choice = choose(floor, run, lead, at, reserved=True)
    return choice is None or plan(floor, run, choice, at, agent)


def _agent_for(floor: Floor, lead: ClaimedLead, since: datetime, at: datetime) -> Agent | None:
    ready = staffing.counted_on(floor)
    own = floor.agents.get(lead.callback_agent_id or 0)
    if own is None or _will_not_come(own, at) or at - since >= OWN_AGENT_GRACE:
        return ready[0] if ready else None
    return own if own in ready else None


def _will_not_come(agent: Agent, at: datetime) -> bool:
    """Nobody need wait for him: he has left, leaves when his call is over, or went without a word."""
    if agent.state is AgentState.UNREACHABLE:
        return at - agent.since >= OWN_AGENT_GRACE
    return agent.state is AgentState.LOGGED_OUT or agent.after_wrap_up in (LOG_OUT, MOVED)
