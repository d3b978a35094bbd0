"""What is planned of a group's agents: when they are away, and how many calls from outside will take them.

A plan moves nobody: people take their breaks and go home by their own hand. It tells the pacing beforehand, so that no
call is placed for an agent who will not be there when it is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: So long before the planned minute its agents are no longer counted on: a call placed then is answered after it.
AHEAD = timedelta(seconds=15)
#: Who still waits for a call so long after the planned minute has stayed.
LATE = timedelta(minutes=2)
#: Longest absence of a plan, minutes, and most calls from outside in an hour.
LONGEST_MIN, MOST_INBOUND = 24 * 60, 3600.0


@dataclass(frozen=True, slots=True)
class Absence:
    """One time at which an agent will be away; `agent_id` None: everybody of the group."""

    agent_id: int | None
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class AbsencePlan:
    """An absence that comes again on days of the week (0 Monday to 6 Sunday), at local time. A shift's end is one, too:
    it lasts until nobody would work any more."""

    id: int
    agent_id: int | None
    reason: str
    at: time
    minutes: int
    weekdays: frozenset[int]
    zone: str

    def absences(self, first: date, last: date) -> Iterator[Absence]:
        """Those that begin on the local days from `first` to `last`."""
        day, zone = first, ZoneInfo(self.zone)
        while day <= last:
            if day.weekday() in self.weekdays:
                begin = datetime.combine(day, self.at, zone).astimezone(UTC)
                yield Absence(self.agent_id, begin, begin + timedelta(minutes=self.minutes))
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Staffing:
    """What is known beforehand of a group's hours."""

    plans: tuple[AbsencePlan, ...] = ()
    inbound_per_hour: float = 0.0

    def absences(self, begin: datetime, end: datetime) -> tuple[Absence, ...]:
        """All that touch the time from `begin` to `end`."""
        found: list[Absence] = []
        for plan in self.plans:
            zone = ZoneInfo(plan.zone)
            first = begin.astimezone(zone).date() - timedelta(days=1)  # one of yesterday may last till today
            found += plan.absences(first, (end + AHEAD).astimezone(zone).date())
        return tuple(a for a in found if a.begin - AHEAD <= end and a.end > begin)


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


def leaves(begin: datetime | None, worked_since: datetime | None, waits: bool, at: datetime) -> bool:
    """Is an agent whom the plan keeps away since `begin` (None: it does not) not to be counted on?

    Who became ready after that has stayed or come back (`worked_since`); so has who still `waits` for a call `LATE`.
    """
    if begin is None or (worked_since is not None and worked_since >= begin):
        return False
    return not (waits and at >= begin + LATE)
