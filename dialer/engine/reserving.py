"""Calls with an agent of their own: one per free agent, or previewed by him first."""

from __future__ import annotations

from datetime import datetime

from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import DIALLING_STATES
from dialer.engine import staffing
from dialer.engine.choosing import next_lead
from dialer.engine.floor import Floor
from dialer.engine.planning import plan
from dialer.engine.records import Agent, CampaignRun


def dial_reserved(floor: Floor, run: CampaignRun, at: datetime) -> int:
    """One call per reserved agent: whoever answers has somebody waiting for him. How many were placed."""
    placed = 0
    for agent in unpromised(floor, run, at):
        if (choice := next_lead(floor, run, at, reserved=True)) is None:
            break
        if not plan(floor, run, choice, at, agent):
            run.hopper.appendleft(choice.lead)
            break
        placed += 1
    return placed


def offer_previews(floor: Floor, run: CampaignRun, at: datetime) -> None:
    for agent in unpromised(floor, run, at):
        if (choice := next_lead(floor, run, at, reserved=True)) is None:
            return
        agent.preview = choice.lead
        floor.move_agent(agent, AgentInput.PREVIEWED, at)


def unpromised(floor: Floor, run: CampaignRun, at: datetime) -> list[Agent]:
    """Free agents beyond those whom calls without an agent of their own, ringing or waiting, may need.

    Who reserves one of the others takes him from a person about to answer. The plan's are left out as well: who is
    about to leave, and who is kept back for calls from outside.
    """
    ready = staffing.counted_on(floor)
    if not ready:
        return []
    promised = sum(c.agent_id is None for c in floor.calls.values() if c.state in DIALLING_STATES)
    promised += sum(c.agent_id is None for c in floor.unattended.values())
    return ready[promised + staffing.kept_back(floor, run, at) :]


def withdraw_preview(floor: Floor, agent: Agent, at: datetime) -> None:
    """The lead on the agent's screen goes back to the list; he stays where he is until moved."""
    if agent.preview:
        floor.return_leads(floor.campaigns[agent.preview.campaign_id], at, [agent.preview])
        agent.preview = None
    if agent.state is AgentState.PREVIEWING:
        floor.move_agent(agent, AgentInput.RELEASED, at)
