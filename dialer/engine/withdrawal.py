"""Leads that must not be dialled any more, by whoever's word: a promise, a payment, a dispute, a do-not-call.

The database has moved them already, so nothing here is written: this only lets go of what is in memory and on the
wire. Who has picked up is not hung up on: an agent tells him, and nobody is abandoned.
"""

from __future__ import annotations

from collections import deque

from dialer.domain.agent import AgentInput, AgentState
from dialer.domain.call import DIALLING_STATES, CallState
from dialer.domain.commands import HangUpCall
from dialer.domain.events import LeadsWithdrawn
from dialer.domain.values import HungUpBy
from dialer.engine.floor import Floor


def on_withdrawn(floor: Floor, event: LeadsWithdrawn) -> None:
    """Hoppers and previews forget them; what is planned dies at its commit, what rings is cancelled."""
    for run in floor.campaigns.values():
        if any(lead.id in event.lead_ids for lead in run.hopper):
            run.hopper = deque(lead for lead in run.hopper if lead.id not in event.lead_ids)
    for agent in floor.agents.values():
        if agent.preview and agent.preview.id in event.lead_ids and agent.state is AgentState.PREVIEWING:
            agent.preview = None
            floor.move_agent(agent, AgentInput.RELEASED, event.at)
    for call in floor.calls.values():
        if call.attempt.lead_id in event.lead_ids and call.state in DIALLING_STATES:
            call.hung_up_by = HungUpBy.SYSTEM
            if call.state is not CallState.PLANNED:
                floor.order(HangUpCall(call.id))
