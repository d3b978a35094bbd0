"""Planned absences: local time and its changes, who is counted on when, who has stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from dialer.domain.staffing import (
    AHEAD,
    LATE,
    Absence,
    Staffing,
    StaffingPlan,
    agents_kept,
    away_since,
    inbound_per_hour,
    last_end,
    leaves,
)

#: A Monday.
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def plan(
    zone: str = "America/Bogota",
    at: time = time(10, 30),
    minutes: int = 15,
    agent_id: int | None = None,
    days: frozenset[int] = frozenset(range(5)),
) -> StaffingPlan:
    return StaffingPlan(1, agent_id, "break", at, minutes, days, zone)


def begins(staffing: Staffing, begin: datetime, end: datetime) -> list[datetime]:
    return [absence.begin for absence in staffing.absences(begin, end)]


def test_a_plan_comes_again_on_its_days_at_its_local_time() -> None:
    """1. Half past ten in Bogota is 15:30 UTC, Monday to Friday; 2. nothing on the weekend."""
    week = begins(Staffing((plan(),)), MONDAY, MONDAY + timedelta(days=7))
    assert week == [MONDAY + timedelta(days=n, hours=15, minutes=30) for n in range(5)]


def test_the_clocks_change_and_the_break_stays_at_its_hour() -> None:
    """Santiago goes from UTC-4 to UTC-3 on 6 September 2026."""
    saturday = datetime(2026, 9, 5, tzinfo=UTC)
    found = begins(
        Staffing((plan("America/Santiago", days=frozenset(range(7))),)),
        saturday,
        saturday + timedelta(days=3),
    )
    assert [begin.hour for begin in found] == [14, 13, 13]


def test_an_absence_over_midnight_is_found_in_its_middle() -> None:
    night = Staffing((plan("UTC", time(22), 360),))
    three = MONDAY + timedelta(days=1, hours=3)
    (absence,) = night.absences(three, three + timedelta(hours=1))
    assert (absence.begin, absence.end) == (MONDAY + timedelta(hours=22), MONDAY + timedelta(hours=28))


def test_who_is_away_when() -> None:
    """1. From a little before the minute to the end; 2. one's own plan concerns nobody else; 3. of two, the later."""
    begin = MONDAY + timedelta(hours=15)
    everybody = Absence(None, begin, begin + timedelta(minutes=10))
    own = Absence(7, begin + timedelta(minutes=5), begin + timedelta(minutes=20))
    both = (everybody, own)
    assert away_since(both, 1, begin - AHEAD - SECOND) is None
    assert away_since(both, 1, begin - AHEAD) == begin
    assert away_since(both, 1, everybody.end) is None
    assert away_since(both, 7, begin + timedelta(minutes=6)) == own.begin
    assert away_since(both, 7, everybody.end) == own.begin
    assert away_since(both, 7, own.end) is None


@pytest.mark.parametrize(
    ("worked_after_s", "waits", "after_s", "expected"),
    [
        (None, False, 0, True),  # on a call that began before
        (-600, True, 0, True),  # free: he is about to go
        (-600, True, LATE.total_seconds(), False),  # still there: he stays
        (-600, False, LATE.total_seconds(), True),  # the call lasts
        (30, True, 40, False),  # became free after the minute: he works on
        (30, False, 300, False),  # and so in his next call
    ],
)
def test_who_is_not_counted_on(
    worked_after_s: float | None, waits: bool, after_s: float, expected: bool
) -> None:
    worked = None if worked_after_s is None else MONDAY + timedelta(seconds=worked_after_s)
    assert leaves(MONDAY, worked, waits, MONDAY + timedelta(seconds=after_s)) is expected
    assert not leaves(None, worked, waits, MONDAY)


def test_calls_from_outside_are_expected_at_their_hours() -> None:
    """1. Two plans add up where both hold; 2. outside of them nothing is expected."""
    mornings = replace(plan("UTC", time(9), 150), per_hour=12.0)
    eleven = replace(plan("UTC", time(11), 60), per_hour=30.0)
    expected = Staffing((plan("UTC"), mornings, eleven)).inbound(MONDAY, MONDAY + timedelta(days=1))
    rates = [inbound_per_hour(expected, MONDAY + timedelta(hours=h)) for h in (8.9, 9, 10.9, 11.2, 11.6, 12)]
    assert rates == [0, 12, 12, 42, 30, 0]


@pytest.mark.parametrize(("per_hour", "kept"), [(0, 0), (4, 0), (30, 1), (144, 2), (1440, 14)])
def test_agents_kept_for_calls_from_outside(per_hour: float, kept: int) -> None:
    """The least k with P(Poisson(rate x 25 s) > k) <= 0.1: scipy.stats.poisson.ppf(0.9, rate * 25 / 3600)."""
    assert agents_kept(per_hour, 25) == kept


def test_the_shift_ends_when_the_last_one_goes_home() -> None:
    """1. Everybody at 18:00, one at 16:00, another at 20:00 by a plan of his own, which comes after everybody's: the
    last goes at 18:00; 2. without a plan for all nobody knows when; 3. a break is no end, going home at 22:30 is; 4. a
    past end is none."""
    day = frozenset(range(7))
    everybody = StaffingPlan(1, None, "shift end", time(18), 360, day, "UTC")
    early = StaffingPlan(2, 5, "shift end", time(16), 300, day, "UTC")
    late = StaffingPlan(3, 6, "shift end", time(22, 30), 90, day, "UTC")
    pause = StaffingPlan(4, None, "lunch", time(13), 60, day, "UTC")
    calls = StaffingPlan(5, None, "inbound", time(14), 600, day, "UTC", 30.0)
    morning, evening = MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=18)

    def found(*plans: StaffingPlan, agents: tuple[int, ...] = (4, 5, 6)) -> datetime | None:
        return last_end(Staffing(plans).shift_ends(morning, morning + timedelta(hours=16)), agents, morning)

    assert found(everybody, early, late, pause, calls) == evening
    assert found(everybody, early, agents=(5,)) == MONDAY + timedelta(hours=16)
    assert found(early, late, agents=(5, 6)) == MONDAY + timedelta(hours=22.5)
    assert found(early, late) is None
    assert found(pause, calls) is None
    assert found(everybody, agents=()) is None
    ends = Staffing((everybody,)).shift_ends(morning, morning + timedelta(hours=16))
    assert last_end(ends, (4,), evening - SECOND) == evening
    assert last_end(ends, (4,), evening) is None
    assert Staffing((everybody,)).shift_ends(evening, evening + timedelta(hours=16)) == {}
