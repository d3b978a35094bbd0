"""Calling hours to the second, in the debtor's own day: edges, ring time, midnight, daylight saving, many zones."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import TIMEZONE_DATA  # type: ignore[attr-defined]

from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.compliance.local_time import zones_of
from dialer.compliance.preset import Preset
from dialer.compliance.provisions import Confidence, Days, Hours
from dialer.compliance.rule_set import RuleSet, merge
from dialer.domain.values import Verdict

NONE = None
WHOLE = (time.min, time.max)
#: Monday to Sunday.
Week = tuple[tuple[time, time] | None, ...]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def span(start: str, end: str) -> tuple[time, time]:
    return time.fromisoformat(start), time.max if end == "24:00" else time.fromisoformat(end)


def week(hours: Week) -> RuleSet:
    """A rule set of these hours alone."""

    def spans(span: tuple[time, time] | None) -> list[str]:
        if span is None:
            return []
        start, end = (f"{edge:%H:%M}" if edge != time.max else "24:00" for edge in span)
        return [f"{start}-{end}"]

    days = Days.model_validate({day: spans(hours[n]) for n, day in enumerate(DAYS)} | {"holiday": []})
    told = Hours(days=days, conf=Confidence.POLICY)
    preset = Preset(format="cadencia-law/1", code="t", name="t", version="1", with_policy=False, hours=told)
    return merge(preset, [], "t")


def rules(weekdays: tuple[time, time] | None, saturday: tuple[time, time] | None = NONE) -> RuleSet:
    return week((*[weekdays] * 5, saturday, None))


#: Colombia, Ley 2300 de 2023: Monday to Friday 07-19, Saturday 08-15, not on Sundays.
CO = rules(span("07:00", "19:00"), span("08:00", "15:00"))
MX = rules(span("07:00", "22:00"))
CL = rules(span("08:00", "20:00"), span("08:00", "20:00"))


def said(
    rules: RuleSet, at: datetime, zone: str | None, *, ring_s: int = 25, number: str | None = None
) -> Deny | None:
    verdict = judge(rules, Debtor(number=number, zone=zone), at=at, ring_timeout_s=ring_s)
    return None if isinstance(verdict, Verdict) else Deny(verdict.rule, verdict.until)


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- edges ------------------------------------------------------------------------------------------------

BOGOTA = "America/Bogota"


@pytest.mark.parametrize(
    ("at", "ring_s", "allowed"),
    [
        ("2026-11-20 06:59:59", 25, False),
        ("2026-11-20 07:00:00", 25, True),
        ("2026-11-20 07:00:01", 25, True),
        ("2026-11-20 18:59:34", 25, True),
        ("2026-11-20 18:59:35", 25, True),  # it rings until 19:00:00, not a moment longer
        ("2026-11-20 18:59:36", 25, False),
        ("2026-11-20 19:00:00", 25, False),
        ("2026-11-20 19:00:00", 0, False),
        ("2026-11-21 07:59:59", 60, False),  # Saturday
        ("2026-11-21 08:00:00", 60, True),
        ("2026-11-21 14:59:00", 60, True),
        ("2026-11-21 14:59:30", 60, False),
        ("2026-11-21 15:00:00", 60, False),
        ("2026-11-22 12:00:00", 25, False),  # Sunday
        ("2026-11-20 00:00:00", 25, False),
        ("2026-11-20 23:59:59", 25, False),
    ],
)
def test_edges_in_colombia(at: str, ring_s: int, allowed: bool) -> None:
    assert (said(CO, local(at, BOGOTA), BOGOTA, ring_s=ring_s) is None) is allowed


@pytest.mark.parametrize(
    ("at", "clears"),
    [
        ("2026-11-20 06:10:00", "2026-11-20 07:00:00"),
        ("2026-11-20 06:59:59", "2026-11-20 07:00:00"),
        ("2026-11-20 18:59:50", "2026-11-21 08:00:00"),  # Friday evening to Saturday
        ("2026-11-21 15:00:00", "2026-11-23 07:00:00"),  # Saturday afternoon to Monday
        ("2026-11-22 12:00:00", "2026-11-23 07:00:00"),
    ],
)
def test_when_a_denial_clears(at: str, clears: str) -> None:
    denial = said(CO, local(at, BOGOTA), BOGOTA)
    assert denial == Deny("hours", local(clears, BOGOTA))


def test_a_day_s_end_at_midnight() -> None:
    """Until 24:00 and closed the next day: a ring may end with the day and not go into the next."""
    late = rules(span("08:00", "24:00"))
    assert said(late, local("2026-11-20 23:59:35", BOGOTA), BOGOTA) is None
    assert said(late, local("2026-11-20 23:59:36", BOGOTA), BOGOTA) is not None  # into Saturday, closed
    assert said(late, local("2026-11-19 23:59:50", BOGOTA), BOGOTA) is not None  # into Friday, closed till 08
    through = week((WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, None))
    assert said(through, local("2026-11-19 23:59:50", BOGOTA), BOGOTA) is None
    assert said(through, local("2026-11-21 23:59:50", BOGOTA), BOGOTA) is not None


def test_never_is_never() -> None:
    """Hours that are shut all week: no moment clears it."""
    assert said(rules(None), local("2026-11-20 12:00:00", BOGOTA), BOGOTA) == Deny("hours", None)


def test_laboratory_dials_at_any_hour_and_any_number() -> None:
    laboratory = load_rule_set("laboratory")
    for hour in range(24):
        assert (
            said(laboratory, datetime(2026, 11, 22, hour, 30, tzinfo=UTC), None, number="+99912345678")
            is None
        )


# --- daylight saving --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "zone", "before", "after"),
    [
        # The first legal second of the day, in UTC, the day before the change and the day after.
        (CL, "America/Santiago", "2027-04-02T11:00:00", "2027-04-05T12:00:00"),
        (CL, "America/Santiago", "2027-09-03T12:00:00", "2027-09-06T11:00:00"),
        (CO, "Europe/Madrid", "2027-03-26T06:00:00", "2027-03-29T05:00:00"),
        (CO, "Europe/London", "2027-03-26T07:00:00", "2027-03-29T06:00:00"),
        (CO, "America/New_York", "2027-03-12T12:00:00", "2027-03-15T11:00:00"),
        (MX, "America/Tijuana", "2027-03-12T15:00:00", "2027-03-15T14:00:00"),
        (MX, "America/Ciudad_Juarez", "2027-03-12T14:00:00", "2027-03-15T13:00:00"),
        # These keep their time all year.
        (MX, "America/Mexico_City", "2027-03-12T13:00:00", "2027-03-15T13:00:00"),
        (MX, "America/Hermosillo", "2027-03-12T14:00:00", "2027-03-15T14:00:00"),
        (MX, "America/Cancun", "2027-03-12T12:00:00", "2027-03-15T12:00:00"),
        (CO, "America/Bogota", "2027-03-12T12:00:00", "2027-03-15T12:00:00"),
        (CO, "America/Lima", "2027-03-12T12:00:00", "2027-03-15T12:00:00"),
        (CO, "America/Argentina/Buenos_Aires", "2027-03-12T10:00:00", "2027-03-15T10:00:00"),
        (CO, "America/Sao_Paulo", "2027-03-12T10:00:00", "2027-03-15T10:00:00"),
    ],
)
def test_opening_around_the_change(rules: RuleSet, zone: str, before: str, after: str) -> None:
    for text in (before, after):
        opens = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert said(rules, opens, zone) is None
        denial = said(rules, opens - timedelta(seconds=1), zone)
        assert denial == Deny("hours", opens)


def test_denial_that_clears_over_the_change() -> None:
    """Santiago, Saturday 2027-04-03 evening: clocks go back in the night, Monday 08:00 is 12:00 UTC."""
    denial = said(CL, local("2027-04-03 20:00:00", "America/Santiago"), "America/Santiago")
    assert denial == Deny("hours", datetime(2027, 4, 5, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize("fold", [0, 1])
def test_hour_that_comes_twice(fold: int) -> None:
    """02:30 in Madrid on 2027-10-31 comes twice, and is night both times; 09:00 UTC+1 is open (a Sunday rule)."""
    sundays = week((*[None] * 6, span("03:00", "20:00")))
    twice = datetime(2027, 10, 31, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Madrid")).astimezone(UTC)
    assert said(sundays, twice, "Europe/Madrid") == Deny("hours", datetime(2027, 10, 31, 2, 0, tzinfo=UTC))


# --- many zones -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "allowed"),
    [
        ("America/Cancun", True),
        ("America/Mexico_City", True),
        ("America/Hermosillo", False),
        ("America/Tijuana", False),
    ],
)
def test_one_campaign_over_mexico(zone: str, allowed: bool) -> None:
    """2026-11-20 13:30 UTC is 08:30, 07:30, 06:30, 05:30 in the four zones of the country."""
    assert (said(MX, datetime(2026, 11, 20, 13, 30, tzinfo=UTC), zone) is None) is allowed


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("America/Punta_Arenas", 11),
        ("America/Coyhaique", 11),
        ("Pacific/Easter", 13),
        ("Pacific/Galapagos", 14),
        ("Atlantic/Canary", 8),
    ],
)
def test_far_corners(zone: str, hour: int) -> None:
    """08:00 there on 2026-11-20."""
    opens = datetime(2026, 11, 20, hour, 0, tzinfo=UTC)
    assert said(CL, opens, zone) is None
    assert said(CL, opens - timedelta(seconds=1), zone) is not None


def test_number_of_several_zones() -> None:
    """An 800 number can lie anywhere in North America: only what is legal everywhere is legal."""
    number = "+18005550100"
    zones = zones_of(number)
    assert {"America/New_York", "America/Los_Angeles"} <= set(zones)
    wide = rules(span("08:00", "21:00"))
    at = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # 09:00 in New York, 06:00 in Los Angeles
    assert said(wide, at, None, number=number) is not None
    assert said(wide, at, "America/New_York", number=number) is None, "the debtor's own zone is known"


def test_denial_of_several_zones_clears_when_all_are_open() -> None:
    number = "+18005550100"
    wide = rules(span("06:00", "23:00"))
    denial = said(wide, datetime(2026, 11, 20, 11, 0, tzinfo=UTC), None, number=number)
    assert denial is not None
    if denial.until is None:
        pytest.fail("some moment is legal from coast to coast")
    assert said(wide, denial.until, None, number=number) is None
    assert said(wide, denial.until - timedelta(seconds=1), None, number=number) is not None


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+18095550100", "America/Santo_Domingo"),
        ("+17875550100", "America/Puerto_Rico"),
        ("+13055550100", "America/New_York"),
    ],
)
def test_zone_of_a_number(number: str, zone: str) -> None:
    assert zones_of(number) == (zone,)


@pytest.mark.parametrize("number", ["+99912345678", "+00000000", "+888123456789"])
def test_number_of_no_zone_is_never_called(number: str) -> None:
    assert said(CO, datetime(2026, 11, 20, 15, 0, tzinfo=UTC), None, number=number) == Deny(
        "zone_unknown", None
    )


@pytest.mark.parametrize(
    "zone", ["America/Atlantis", "../../etc/passwd", "/etc/localtime", "America", "\0", "x" * 300]
)
def test_zone_that_is_none_is_never_called(zone: str) -> None:
    assert said(CO, datetime(2026, 11, 20, 15, 0, tzinfo=UTC), zone) == Deny("zone_unknown", None)


def test_every_zone_of_the_numbering_plan_is_known() -> None:
    """Else numbers there would never be called, and nobody would know why."""
    named = {zone for zones in TIMEZONE_DATA.values() for zone in zones} - {"Etc/Unknown"}
    assert named <= available_timezones()


# --- against a plain oracle -------------------------------------------------------------------------------

SOME_ZONES = st.sampled_from(
    [
        "America/Bogota",
        "America/Santiago",
        "America/Tijuana",
        "Europe/Madrid",
        "Pacific/Easter",
        "Asia/Kolkata",
    ]
)
MINUTES = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
SPANS = st.none() | st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] < pair[1])


@given(
    hours=st.tuples(*[SPANS] * 7),
    zone=SOME_ZONES,
    at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    ring_s=st.integers(15, 60),
)
def test_each_second_of_a_call_allowed_is_legal(hours: Week, zone: str, at: datetime, ring_s: int) -> None:
    """Brute force: every second from the dial to the last ring lies in that day's span; a denial's end is legal."""
    case = week(hours)

    def legal(moment: datetime) -> bool:
        there = moment.astimezone(ZoneInfo(zone))
        day = hours[there.weekday()]
        return day is not None and day[0] <= there.time() < day[1]

    whole = at.replace(microsecond=0)
    denial = said(case, whole, zone, ring_s=ring_s)
    assert (denial is None) is all(legal(whole + timedelta(seconds=n)) for n in range(ring_s))
    if denial and denial.until:
        assert denial.until > whole
        assert said(case, denial.until, zone, ring_s=ring_s) is None
