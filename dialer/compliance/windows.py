"""The windows that laws count in: when an event leaves one.

An event is in the window of an instant until it leaves; all but `rolling_days` are told in the debtor's local days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.compliance.local_time import midnight
from dialer.compliance.provisions import Window, WindowKind


def oldest_day(window: Window, today: int, first_day: int | None) -> int:
    """The earliest local day (as a number) whose events the window of `today` still holds.

    `first_day` is the campaign's first; blocks of a campaign not known are taken to begin with each event, which is
    the strictest they can be. `rolling_days` knows no days.
    """
    match window.kind:
        case WindowKind.CALENDAR_DAY:
            return today
        case WindowKind.CALENDAR_WEEK:
            return today - (today - 1) % 7  # day number 1 was a Monday
        case WindowKind.SUCCESSIVE_BLOCKS if first_day is not None:
            return today - (today - first_day) % window.days
        case _:
            return today - window.days + 1


def leaves(window: Window, at: datetime, day: int, zone: ZoneInfo, first_day: int | None) -> datetime:
    """The instant at which an event of `at`, local day `day`, leaves the window."""
    match window.kind:
        case WindowKind.ROLLING_DAYS:
            return at + timedelta(days=window.days)
        case WindowKind.CALENDAR_DAY:
            gone = day + 1
        case WindowKind.CALENDAR_WEEK:
            gone = day - (day - 1) % 7 + 7
        case WindowKind.SUCCESSIVE_BLOCKS if first_day is not None:
            gone = day + window.days - (day - first_day) % window.days
        case _:
            gone = day + window.days
    return midnight(gone, zone)
