"""Calls only within the hours of the debtor's own day, ring time included.

The debtor's zone, when known, else every zone his number can lie in: only a moment that is legal in all of them is
legal (strict reading of 12 CFR 1006.6(b)(1) comment 1; the same rule is used for each jurisdiction).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as phone_zones

from dialer.compliance.rule_set import Case, Deny, Hours

#: How far ahead a lawful moment is looked for before giving up.
HORIZON_DAYS = 8
WHOLE_DAY = (time.min, time.max)
QUARTER = timedelta(minutes=15)


def calling_hours(case: Case) -> Deny | None:
    hours = case.rules.hours
    if all(span == WHOLE_DAY for span in hours):
        return None
    zones = zones_named((case.time_zone,) if case.time_zone else zones_of(case.number))
    if not zones:
        return Deny("calling_hours", None)
    ring = timedelta(seconds=case.ring_timeout_s)
    if all(_open(hours, zone, case.at, ring) for zone in zones):
        return None
    quarter = case.at.replace(minute=case.at.minute // 15 * 15, second=0, microsecond=0)
    return Deny("calling_hours", _clears(hours, zones, quarter + QUARTER, ring))


@lru_cache(maxsize=65536)
def zones_of(number: str) -> tuple[str, ...]:
    """Every time zone the E.164 `number` can lie in; empty when the numbering plan does not say."""
    try:
        zones = phone_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:  # of no country
        return ()
    return tuple(z for z in zones if z != "Etc/Unknown")


@lru_cache(maxsize=4096)
def zones_named(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """The zones of these names; none at all when one of them is unknown, for then no moment is known to be legal."""
    try:
        return tuple(ZoneInfo(name) for name in names)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ()


def _open(hours: Hours, zone: ZoneInfo, at: datetime, ring: timedelta) -> bool:
    """Whether a call placed at `at` has rung out before the hours end."""
    local, last = at.astimezone(zone), (at + ring).astimezone(zone)
    span = hours[local.weekday()]
    if span is None or not span[0] <= local.time() < span[1]:
        return False
    if last.date() == local.date():
        return last.time() <= span[1]
    if last.time() == time.min:
        return span[1] == time.max
    following = hours[last.weekday()]
    return span[1] == time.max and following is not None and following[0] == time.min


@lru_cache(maxsize=4096)
def _clears(hours: Hours, zones: tuple[ZoneInfo, ...], at: datetime, ring: timedelta) -> datetime | None:
    """The first quarter hour from `at` on at which every zone is open (legal hours begin on quarters everywhere)."""
    for _ in range(HORIZON_DAYS * 96):
        if all(_open(hours, zone, at, ring) for zone in zones):
            return at
        at += QUARTER
    return None
