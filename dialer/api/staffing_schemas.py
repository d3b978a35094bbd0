"""What crosses the wire of staffing plans: breaks, shift ends, calls from outside, and who planned them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated

from pydantic import Field

from dialer.api.schemas import LINE, RowNumber
from dialer.api.wire import Wire
from dialer.domain.staffing import LONGEST_MIN, MOST_INBOUND, StaffingPlan

#: 0 Monday to 6 Sunday.
Weekday = Annotated[int, Field(ge=0, le=6)]


class StaffingPlanSettings(Wire):
    """A plan as a supervisor writes it: agents away (`per_hour` null), or calls from outside."""

    group_id: RowNumber
    #: Null: everybody of the group.
    agent_id: RowNumber | None = None
    reason: str = Field(min_length=1, max_length=40, pattern=LINE)
    #: Local time, HH:MM.
    at: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    minutes: int = Field(ge=1, le=LONGEST_MIN)
    weekdays: list[Weekday] = Field(min_length=1, max_length=7)
    #: IANA, like America/Bogota.
    zone: str = Field(min_length=1, max_length=64, pattern=LINE)
    #: Calls from outside an hour that take agents of the group meanwhile.
    per_hour: float | None = Field(default=None, gt=0, le=MOST_INBOUND)

    def plan(self, plan_id: int = 0) -> StaffingPlan:
        """As the domain has it."""
        fields = self.model_dump(exclude={"group_id", "at", "weekdays"})
        return StaffingPlan(
            **fields, id=plan_id, at=time.fromisoformat(self.at), weekdays=frozenset(self.weekdays)
        )


class StaffingTime(Wire):
    """One time of a plan that is now, or comes within a day."""

    plan_id: int
    begins_at: datetime
    ends_at: datetime


class StaffingPlanView(StaffingPlanSettings):
    """A plan as stored."""

    id: int
    version: int


class StaffedAgent(Wire):
    id: int
    name: str


class StaffingGroupView(Wire):
    """A group with its agents, what is planned of them, and when that is next, the soonest first."""

    id: int
    name: str
    agents: list[StaffedAgent]
    plans: list[StaffingPlanView]
    times: list[StaffingTime]


class StaffingChangeView(Wire):
    """One change of the plans. `before` null: it was added, `after` null: it was dropped."""

    id: int
    plan_id: int
    group_id: int
    at: datetime
    #: Null: by the command line.
    user_name: str | None
    before: StaffingPlanSettings | None
    after: StaffingPlanSettings | None
    undoes_id: int | None
    undoable: bool


def show_plan(group_id: int, plan: StaffingPlan) -> StaffingPlanSettings:
    """As it crosses the wire."""
    return StaffingPlanSettings(
        group_id=group_id,
        agent_id=plan.agent_id,
        reason=plan.reason,
        at=f"{plan.at:%H:%M}",
        minutes=plan.minutes,
        weekdays=sorted(plan.weekdays),
        zone=plan.zone,
        per_hour=plan.per_hour,
    )
