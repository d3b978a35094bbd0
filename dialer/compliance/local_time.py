"""The debtor's own clock: which zones he may live in, and when a local day begins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as phone_zones

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


#: A number is judged a few times within seconds, then not for hours: a larger cache would only grow with each dial.
NUMBERS_KEPT = 1024


@lru_cache(maxsize=NUMBERS_KEPT)
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


@lru_cache(maxsize=NUMBERS_KEPT)
def zones_to_obey(
    zone: str | None, number: str | None, place: tuple[str, ...], others: tuple[str, ...] = ()
) -> tuple[ZoneInfo, ...]:
    """All zones in which a moment must be legal.

    The address's zone, those of his `others`, and the number's when its numbering area lies elsewhere: where they
    disagree only a moment legal in all is legal (12 CFR 1006.6(b)(1), comment 1, used for every jurisdiction). Without
    an address's zone, every zone of the `place`; without a place, all that the number tells. Empty: nobody can tell, no
    moment is legal.
    """
    of_number = zones_of(number) if number and number.startswith("+") else ()
    if zone:
        told = zones_named((zone, *others))
        # An area of one zone says where the line is; a mobile's or a service number's many zones say nothing.
        if told and len(of_number) == 1 and not _alike(zone, of_number[0]):
            return told + zones_named(of_number)
        return told
    return zones_named(
        tuple(dict.fromkeys((*place, *(of_number if not place or len(of_number) == 1 else ()))))
    )


@lru_cache(maxsize=4096)
def _alike(one: str, other: str) -> bool:
    """Whether two zones show the same time now and through the next year."""
    a, b = zones_named((one,)), zones_named((other,))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return bool(a and b) and all(
        (moment := start + n * DAY).astimezone(a[0]).utcoffset() == moment.astimezone(b[0]).utcoffset()
        for n in range(0, 730, 5)
    )


@lru_cache(maxsize=65536)
def midnight(ordinal: int, zone: ZoneInfo) -> datetime:
    """The first instant of a local day (UTC), also where the clocks skip or repeat midnight."""
    return datetime.combine(date.fromordinal(ordinal), time.min, zone).astimezone(UTC)


def changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants of a local day at which its clocks are changed, to the second (UTC)."""
    low, high = midnight(day.toordinal(), zone) - SECOND, midnight(day.toordinal() + 1, zone)
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle in (low, high):
            break
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
