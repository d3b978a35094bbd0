"""When a night begins, on calendars that change their hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.night_clock import night_of

NOV_22 = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("zone", "at", "night", "began"),
    [
        # Three in Bogotá is eight in UTC, all year.
        ("America/Bogota", "2026-11-22T08:00:00", NOV_22, "2026-11-22T08:00:00"),
        ("America/Bogota", "2026-11-22T07:59:59", date(2026, 11, 21), "2026-11-21T08:00:00"),
        # Santiago: UTC-3 in summer.
        ("America/Santiago", "2026-11-22T23:00:00", NOV_22, "2026-11-22T06:00:00"),
        # The night on which New York skips from two to three: its third hour begins then.
        ("America/New_York", "2026-03-08T07:00:00", date(2026, 3, 8), "2026-03-08T07:00:00"),
        ("America/New_York", "2026-03-08T06:59:59", date(2026, 3, 7), "2026-03-07T08:00:00"),
    ],
)
def test_a_night_begins_at_its_hour_where_the_debtors_live(
    zone: str, at: str, night: date, began: str
) -> None:
    found = night_of(datetime.fromisoformat(at).replace(tzinfo=UTC), ZoneInfo(zone), 3)
    assert found == (night, datetime.fromisoformat(began).replace(tzinfo=UTC))


@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["America/Sao_Paulo", "America/New_York", "America/Santiago", "Asia/Tokyo", "UTC"]),
    hour=st.integers(0, 23),
)
def test_the_newest_night_began_at_most_a_day_ago(at: datetime, zone: str, hour: int) -> None:
    night, began = night_of(at, ZoneInfo(zone), hour)
    assert began <= at < began + timedelta(hours=25, minutes=1)
    assert night_of(began, ZoneInfo(zone), hour) == (night, began)
