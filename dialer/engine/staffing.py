"""The plan of breaks and shift ends, in the pacing's forecast: who is planned to be away is nobody's free agent."""

from __future__ import annotations

from datetime import datetime, timedelta

from dialer.domain.agent import AgentState
from dialer.domain.events import StaffingPlanned
from dialer.domain.staffing import away_since, leaves
from dialer.engine.floor import Floor
from dialer.engine.pool import paced

#: The absences of so much time are worked out at once.
WORKED_OUT = timedelta(hours=1)


def on_planned(floor: Floor, event: StaffingPlanned) -> None:
    floor.staffing, floor.absences_until = event.staffing, event.at
    look(floor, event.at)


def look(floor: Floor, at: datetime) -> None:
    """Tell the pacing of everybody whom the plan takes away by now, or gives back."""
    if floor.absences_until is None:
        return  # there never was a plan
    if at >= floor.absences_until:
        floor.absences = floor.staffing.absences(at, at + WORKED_OUT)
        floor.absences_until = at + WORKED_OUT
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
