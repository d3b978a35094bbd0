"""Calls only within the hours of the debtor's own day, ring time included.

The debtor's zone, when known, else every zone his number can lie in: only a moment that is legal in all of them is
legal (strict reading of 12 CFR 1006.6(b)(1) comment 1; the same rule is used for each jurisdiction).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as phone_zones

from dialer.compliance.rule_set import Case, Deny, RuleSet

#: How far ahead a lawful moment is looked for before giving up.
HORIZON_DAYS = 8


def calling_hours(case: Case) -> Deny | None:
    if all(span == (time.min, time.max) for span in case.rules.hours):
        return None
    zones = (case.time_zone,) if case.time_zone else zones_of(case.number)
    if not zones:
        return Deny("calling_hours", None)
    ring = timedelta(seconds=case.ring_timeout_s)
    if all(_open(case.rules, zone, case.at, ring) for zone in zones):
        return None
    return Deny("calling_hours", _clears(case, zones, ring))


@lru_cache(maxsize=65536)
def zones_of(number: str) -> tuple[str, ...]:
    """Every time zone the E.164 `number` can lie in; empty when the numbering plan does not say."""
    zones = phone_zones.time_zones_for_number(phonenumbers.parse(number))
    return tuple(z for z in zones if z != "Etc/Unknown")


def _open(rules: RuleSet, zone: str, at: datetime, ring: timedelta) -> bool:
    local = at.astimezone(ZoneInfo(zone))
    span = rules.hours[local.weekday()]
    if span is None:
        return False
    last = (at + ring).astimezone(ZoneInfo(zone))
    same_day = last.date() == local.date()
    if span[1] == time.max:
        return span[0] <= local.time()
    return span[0] <= local.time() and same_day and last.time() < span[1]


def _clears(case: Case, zones: tuple[str, ...], ring: timedelta) -> datetime | None:
    """The first whole quarter hour at which every zone is open (legal hours begin on quarters everywhere)."""
    quarter = timedelta(minutes=15)
    at = case.at.replace(minute=case.at.minute // 15 * 15, second=0, microsecond=0) + quarter
    for _ in range(HORIZON_DAYS * 96):
        if all(_open(case.rules, zone, at, ring) for zone in zones):
            return at
        at += quarter
    return None
