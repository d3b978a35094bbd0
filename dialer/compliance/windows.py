"""The windows that laws count in: when an event leaves one.

An event is in the window of an instant until it leaves; all but `rolling_days` are told in the debtor's local days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.local_time import midnight
from dialer.compliance.preset import Window, WindowKind


def leaving_day(window: Window, day: int, first_day: int | None) -> int:
    """The local day (as a number) on which an event of local day `day` no longer counts.

    `first_day` is the campaign's first; blocks of a campaign not known are taken to begin with the event, which is
    the strictest they can be. `rolling_days` has no such day: see `leaves`.
    """
    match window.kind:
        case WindowKind.CALENDAR_DAY:
            return day + 1
        case WindowKind.CALENDAR_WEEK:
            return day - (day - 1) % 7 + 7  # day number 1 is a Monday
        case WindowKind.SUCCESSIVE_BLOCKS if first_day is not None:
            return day + window.days - (day - first_day) % window.days
        case WindowKind.SUCCESSIVE_BLOCKS | WindowKind.CONSECUTIVE_DAYS:
            return day + window.days
        case WindowKind.ROLLING_DAYS:
            raise ValueError("a rolling window is no matter of local days")


def leaves(window: Window, at: datetime, day: int, zone: ZoneInfo, first_day: int | None) -> datetime:
    """The instant at which an event of `at`, local day `day`, leaves the window."""
    if window.kind is WindowKind.ROLLING_DAYS:
        return at + timedelta(days=window.days)
    return midnight(leaving_day(window, day, first_day), zone)
