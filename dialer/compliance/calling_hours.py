"""Contacts only within the hours of the debtor's own day, ring time included; holidays go before weekdays.

Every layer of the law (country, subdivision, city), the debtor's own wish and every zone he may live in must be open.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from zoneinfo import ZoneInfo

from dialer.compliance.case import Case, DaySpans, Deny, joined
from dialer.compliance.holiday_calendar import HolidayCalendar
from dialer.compliance.local_time import DAY, changes
from dialer.compliance.provisions import Hours
from dialer.compliance.rule_set import HOURS, RuleSet

#: How far ahead an open moment is looked for before giving up: the longest run of closed days is far shorter.
HORIZON_DAYS = 40
HOLIDAY = 7
#: Holidays that no table tells: the rule that closes every day of such a year.
NO_TABLE = "holiday_table"
WISH = "debtor_wish"

Rows = tuple[DaySpans, ...]


def calling_hours(case: Case, at: datetime) -> Deny | None:
    layers = _layers(case)
    if not layers:
        return None
    if not case.zones:
        return Deny(
            "zone_unknown", None, note="no moment is known to be legal: the debtor's time zone is unknown"
        )
    for name, rows, hours in layers:
        for zone in case.zones:
            if _open(rows, case.rules.calendar, zone, at, case.margin):
                continue
            if not _covered(case.rules.calendar, at.astimezone(zone).date()):
                name = NO_TABLE
            until = _opens(layers, case, at)
            return Deny.by(name, hours, until) if hours else Deny(name, until)
    return None


Layer = tuple[str, Rows, Hours | None]


def _layers(case: Case) -> list[Layer]:
    """What must be open, by rule name. Hours that never close, with no calendar, close nothing."""
    wishes = case.debtor.wishes
    layers = _layers_of(case.rules, wishes.more_hours)
    return [*layers, (WISH, wishes.only_hours, None)] if wishes.only_hours else layers


@lru_cache(maxsize=1024)
def _layers_of(rules: RuleSet, more_hours: Rows | None) -> list[Layer]:
    layers: list[Layer] = []
    for hours in rules.hours:
        rows = hours.days.rows()
        if hours.debtor_can_widen and more_hours:
            rows = _union(rows, more_hours)
        if rules.calendar is not None or any(row != _WHOLE for row in rows):
            layers.append((HOURS, rows, hours))
    return layers


_WHOLE: DaySpans = ((time.min, time.max),)


def _union(rows: Rows, more: Rows) -> Rows:
    return tuple(joined([*row, *added]) for row, added in zip(rows, more, strict=True))


def _covered(calendar: HolidayCalendar | None, day: date) -> bool:
    return calendar is None or day.year in calendar.years


def _row(rows: Rows, calendar: HolidayCalendar | None, day: date) -> DaySpans:
    if calendar is not None:
        if day.year not in calendar.years:
            return ()
        if day in calendar.days:
            return rows[HOLIDAY]
    return rows[day.weekday()]


def _open(
    rows: Rows, calendar: HolidayCalendar | None, zone: ZoneInfo, at: datetime, margin: timedelta
) -> bool:
    """Whether a call placed at `at` has rung out before the hours end."""
    local = at.astimezone(zone)
    now = local.time()
    for start, end in _row(rows, calendar, local.date()):
        if start <= now < end:
            last = (at + margin).astimezone(zone)
            if last.date() == local.date():
                return last.time() <= end
            if last.time() == time.min:
                return end == time.max
            # Through midnight: the next day must begin open and stay so till then.
            following = _row(rows, calendar, last.date())
            return (
                end == time.max
                and bool(following)
                and following[0][0] == time.min <= last.time() <= following[0][1]
            )
    return False


def _opens(layers: list[Layer], case: Case, at: datetime) -> datetime | None:
    """The first instant from `at` on at which every layer is open in every zone."""
    calendar = case.rules.calendar
    for moment in merge(*(_openings(layers, calendar, zone, at) for zone in case.zones)):
        if all(
            _open(rows, calendar, zone, moment, case.margin) for _, rows, _ in layers for zone in case.zones
        ):
            return moment
    return None


def _openings(
    layers: list[Layer], calendar: HolidayCalendar | None, zone: ZoneInfo, at: datetime
) -> Iterator[datetime]:
    """When hours may begin in a zone, in order: at a span's start, and at a change of its clocks."""
    first = at.astimezone(zone).date()
    for n in range(HORIZON_DAYS):
        day = first + n * DAY
        starts = frozenset(start for _, rows, _ in layers for start, _ in _row(rows, calendar, day))
        yield from (moment for moment in _moments(day, starts, zone) if moment >= at)


@lru_cache(maxsize=65536)
def _moments(day: date, starts: frozenset[time], zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants of these times of a day, and of its changes of clocks."""
    shown = {
        datetime.combine(day, start.replace(fold=fold), zone).astimezone(UTC)
        for start in starts
        for fold in (0, 1)
    }
    return tuple(sorted(shown.union(changes(day, zone))))
