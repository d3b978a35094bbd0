"""Contact plans: where the next try falls, and what a wrong plan is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.contact_plan import USUAL, ContactPlan, Quota, parse_rule, read_plan
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import RECYCLE, LeadState, Outcome, PhoneHistory, PhoneStatus, recycle

BOGOTA = ZoneInfo("America/Bogota")
#: Six tries over five days in three parts of the day.
SIX = Quota(6, 5, 2, (2, 2, 2))


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BOGOTA).astimezone(UTC)


@pytest.mark.parametrize(
    ("tried", "at", "slot"),
    [
        ([], local(2, 9), local(2, 9)),
        ([local(2, 9)], local(2, 10), local(2, 10)),
        # The second of the day used it up: the next day begins at its start.
        ([local(2, 9), local(2, 18)], local(2, 19), local(3, 0)),
        # Both mornings are used: the afternoon comes next.
        ([local(2, 9), local(3, 9)], local(3, 10), local(3, 12)),
        ([local(2, 9), local(3, 9)], local(4, 8), local(4, 12)),
        # Mornings and afternoons used: evenings are left.
        ([local(2, 9), local(2, 13), local(3, 9), local(3, 13)], local(4, 8), local(4, 17)),
        ([local(2, 9), local(2, 13), local(3, 9), local(3, 13), local(4, 17)], local(4, 18), local(4, 18)),
        (
            [local(2, 9), local(2, 13), local(3, 9), local(3, 13), local(4, 17), local(5, 17)],
            local(5, 18),
            None,
        ),
        # Five days are over, whatever is left.
        ([local(2, 9)], local(7, 9), None),
        ([local(2, 9)], local(6, 23), local(6, 23)),
    ],
)
def test_the_next_try_falls_where_the_quota_is_open(
    tried: list[datetime], at: datetime, slot: datetime | None
) -> None:
    assert SIX.next_slot(tried, at, BOGOTA) == slot


@given(
    st.lists(st.integers(0, 6 * 24 * 60), max_size=40),
    st.sampled_from(["America/Bogota", "America/Santiago", "America/New_York", "Europe/Madrid"]),
)
def test_whoever_obeys_it_never_exceeds_it(minutes: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    start = datetime(2026, 10, 31, 20, 0, tzinfo=UTC)  # clocks go back that night in the north
    tried: list[datetime] = []
    for minute in sorted(minutes):
        at = start + timedelta(minutes=minute)
        slot = SIX.next_slot(tried, at, zone)
        assert slot is None or slot >= at
        if slot is not None and slot - at < timedelta(hours=1):
            tried.append(slot)
            tried.sort()
    days = [each.astimezone(zone).date() for each in tried]
    parts = [(each.astimezone(zone).hour >= 12) + (each.astimezone(zone).hour >= 17) for each in tried]
    assert len(tried) <= 6
    assert all(days.count(day) <= 2 for day in days)
    assert all(parts.count(part) <= 2 for part in parts)
    assert not days or max(days) - min(days) < timedelta(days=5)


def test_a_plan_comes_through_its_own_words() -> None:
    plan = read_plan(
        {
            "rules": {"busy": {"delay_s": 60, "max_tries": 9}},
            "max_attempts": 20,
            "quota": {"tries": 6, "days": 5, "per_day": 2, "parts": [2, 2, 2]},
        }
    )
    assert plan.quota == SIX
    assert plan.rules[Outcome.BUSY].delay == timedelta(minutes=1)
    assert plan.rules[Outcome.NO_ANSWER] == RECYCLE[Outcome.NO_ANSWER]
    assert read_plan(plan.as_json()) == plan
    assert read_plan(None) == USUAL == read_plan(USUAL.as_json())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "is an object"),
        ({"tries": 3}, "plan has no 'tries'"),
        ({"rules": {"away": {}}}, "there is no outcome 'away'"),
        ({"rules": {"busy": {"delay_s": -1, "max_tries": 1}}}, "busy: delay_s is a whole number from 0"),
        ({"rules": {"busy": {"delay_s": 1, "max_tries": True}}}, "busy: max_tries is a whole number"),
        ({"max_attempts": 0}, "max_attempts is a whole number from 1"),
        (
            {"quota": {"tries": 6, "days": 5, "per_day": 2, "parts": [1, 1, 1]}},
            "hold 3 tries, fewer than the 6",
        ),
        (
            {"quota": {"tries": 6, "days": 2, "per_day": 2, "parts": [2, 2, 2]}},
            "2 days of 2 tries hold fewer",
        ),
        ({"quota": {"tries": 6, "days": 5, "per_day": 2, "parts": [6]}}, "three numbers"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(data: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_plan(data)
    assert said in str(refused.value)


def test_rules_are_typed_as_people_say_them() -> None:
    outcome, rule = parse_rule("no_answer=90m:3")
    assert (outcome, rule.delay, rule.max_tries) == (Outcome.NO_ANSWER, timedelta(minutes=90), 3)
    for wrong in ("no_answer", "away=2h:4", "busy=2x:4", "busy=2h", "busy=61d:1", "busy=2h:many"):
        with pytest.raises(BadInput, match="rule"):
            parse_rule(wrong)


def test_a_campaigns_rules_decide_its_retries() -> None:
    plan = ContactPlan({**RECYCLE, Outcome.NO_ANSWER: RECYCLE[Outcome.BUSY]}, max_attempts=2)
    at = local(2, 9)
    phones = (PhoneHistory(1, PhoneStatus.ACTIVE, Outcome.NO_ANSWER, 1, at),)
    step = recycle(
        Outcome.NO_ANSWER,
        at=at,
        phone_id=1,
        phones=phones,
        attempts=1,
        rules=plan.rules,
        max_attempts=plan.max_attempts,
    )
    assert (step.state, step.next_at) == (LeadState.RESTING, at + timedelta(minutes=10))
    done = recycle(
        Outcome.NO_ANSWER,
        at=at,
        phone_id=1,
        phones=phones,
        attempts=2,
        rules=plan.rules,
        max_attempts=plan.max_attempts,
    )
    assert (done.state, done.reason) == (LeadState.FINISHED, "exhausted")
