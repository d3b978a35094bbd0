"""What is planned of a group's agents: when they are away, and how many calls from outside will take them.

A plan moves nobody: people take their breaks and go home by their own hand. It tells the pacing beforehand, so that no
call is placed for an agent who will not be there when it is answered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: So long before the planned minute its agents are no longer counted on: a call placed then is answered after it.
AHEAD = timedelta(seconds=15)
#: Who still waits for a call so long after the planned minute has stayed.
LATE = timedelta(minutes=2)
#: An absence so long is no break: a shift ends. (The pacing takes this for another shift, too: `pacing.abandonment`.)
SHIFT_BREAK = timedelta(hours=3)
#: Longest absence of a plan, minutes, and most calls from outside in an hour.
LONGEST_MIN, MOST_INBOUND = 24 * 60, 3600.0
#: Chance that more calls come from outside than agents are kept back, where each call has an agent of its own.
KEPT_RISK = 0.1


@dataclass(frozen=True, slots=True)
class Absence:
    """One time at which an agent will be away; `agent_id` None: everybody of the group."""

    agent_id: int | None
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Inbound:
    """Calls from outside, expected by chance at this rate from `begin` to `end`."""

    begin: datetime
    end: datetime
    per_hour: float


@dataclass(frozen=True, slots=True)
class StaffingPlan:
    """What comes again on days of the week (0 Monday to 6 Sunday), at local time: an absence, or calls from outside.

    A shift's end is an absence, too: it lasts until nobody would work any more.
    """

    id: int
    agent_id: int | None
    reason: str
    at: time
    minutes: int
    weekdays: frozenset[int]
    zone: str
    #: Calls from outside an hour that take agents of the group meanwhile; None: the agents are away.
    per_hour: float | None = None

    @property
    def ends_shift(self) -> bool:
        """Is it no break: an absence to midnight, or a long one?"""
        to_midnight = 60 * self.at.hour + self.at.minute + self.minutes == 24 * 60
        return self.per_hour is None and (to_midnight or timedelta(minutes=self.minutes) >= SHIFT_BREAK)

    def spans(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end (UTC) of each time that touches the time from `begin` to `end`."""
        zone = ZoneInfo(self.zone)
        day = begin.astimezone(zone).date() - timedelta(days=1)  # one of yesterday may last till today
        last = end.astimezone(zone).date()
        while day <= last:
            if day.weekday() in self.weekdays:
                starts = datetime.combine(day, self.at, zone).astimezone(UTC)
                stops = starts + timedelta(minutes=self.minutes)
                if starts <= end and stops > begin:
                    yield starts, stops
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is known beforehand of a group's hours."""

    plans: tuple[StaffingPlan, ...] = ()

    def absences(self, begin: datetime, end: datetime) -> tuple[Absence, ...]:
        """All that touch the time from `begin` to `end`, or begin shortly after it."""
        return tuple(
            Absence(plan.agent_id, *span)
            for plan in self.plans
            if plan.per_hour is None
            for span in plan.spans(begin, end + AHEAD)
        )

    def shift_ends(self, after: datetime, until: datetime) -> dict[int | None, datetime]:
        """When each agent's shift ends first `after` then, up to `until`, by his id; None: when everybody's does."""
        ends: dict[int | None, datetime] = {}
        for plan in self.plans:
            if plan.ends_shift:
                for begin, _ in plan.spans(after, until):
                    if begin > after:
                        ends[plan.agent_id] = min(begin, ends.get(plan.agent_id, begin))
        return ends

    def inbound(self, begin: datetime, end: datetime) -> tuple[Inbound, ...]:
        """The calls from outside that are expected at any time from `begin` to `end`."""
        return tuple(
            Inbound(*span, plan.per_hour)
            for plan in self.plans
            if plan.per_hour is not None
            for span in plan.spans(begin, end)
        )


def inbound_per_hour(expected: Iterable[Inbound], at: datetime) -> float:
    """Calls from outside an hour at this moment: what is planned adds up."""
    return math.fsum(each.per_hour for each in expected if each.begin <= at < each.end)


def agents_kept(per_hour: float, for_s: float) -> int:
    """Free agents to keep back while the others are taken for `for_s` seconds, so that calls from outside find one.

    The quantile of the Poisson number of calls that come meanwhile, at KEPT_RISK.
    """
    expected = per_hour * for_s / 3600
    if expected <= 0:
        return 0
    kept, chance = 0, math.exp(-expected)
    covered = chance
    while covered < 1 - KEPT_RISK:
        kept += 1
        chance *= expected / kept
        covered += chance
    return kept


def away_since(absences: Iterable[Absence], agent_id: int, at: datetime) -> datetime | None:
    """When the absence began, or will within `AHEAD`, that keeps this agent away now; None: he is to be there."""
    return max(
        (
            absence.begin
            for absence in absences
            if absence.agent_id in (None, agent_id) and absence.begin - AHEAD <= at < absence.end
        ),
        default=None,
    )


def last_end(ends: Mapping[int | None, datetime], agent_ids: Iterable[int], at: datetime) -> datetime | None:
    """When the last of these agents goes home; None when somebody's end is not planned, or they are all past."""
    last: datetime | None = None
    everybody = ends.get(None)
    for agent_id in agent_ids:
        his = [end for end in (ends.get(agent_id), everybody) if end is not None]
        if not his:
            return None
        last = max(min(his), last or min(his))
    return last if last is not None and last > at else None


def leaves(begin: datetime | None, worked_since: datetime | None, waits: bool, at: datetime) -> bool:
    """Is an agent whom the plan keeps away since `begin` (None: it does not) not to be counted on?

    Who became ready after that has stayed or come back (`worked_since`); so has who still `waits` for a call `LATE`.
    """
    if begin is None or (worked_since is not None and worked_since >= begin):
        return False
    return not (waits and at >= begin + LATE)
