"""The abandonment gauge: what a day's live answers allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.compliance.abandonment import FIRST_ANSWERS, AbandonGauge, LostPeople
from dialer.domain.campaign import AbandonWindow

T0 = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


def gauge(live: int, abandoned: int = 0, cap: float = 0.03) -> AbandonGauge:
    """`live` answers at T0, `abandoned` of them abandoned."""
    filled = AbandonGauge(cap)
    filled.add(T0, live=live, abandoned=abandoned)
    return filled


@pytest.mark.parametrize(
    ("live", "abandoned", "over"),
    [
        (0, 0, False),  # one is on credit
        (1, 1, True),
        (33, 1, True),
        (33, 0, False),
        (34, 1, True),  # 2 of 35 would be 5.7 %
        (65, 1, True),  # 2 of 66 would be 3.03 %
        (66, 1, False),  # 2 of 67 is 2.99 %
        (100, 2, False),  # 3 of 101 is 2.97 %
        (100, 3, True),
        (1000, 29, False),
        (1000, 30, True),
    ],
)
def test_whether_the_next_one_would_break_the_cap(live: int, abandoned: int, over: bool) -> None:
    assert gauge(live, abandoned).over(T0) is over


@pytest.mark.parametrize(
    ("live", "abandoned", "broken"),
    [
        (0, 0, False),
        (1, 1, False),
        (20, 2, True),
        (66, 2, True),
        (67, 2, False),
        (1000, 30, False),
        (1000, 31, True),
    ],
)
def test_whether_it_is_broken(live: int, abandoned: int, broken: bool) -> None:
    assert gauge(live, abandoned).broken(T0) is broken


def test_cap_of_nought_allows_none() -> None:
    assert gauge(10_000, 0, cap=0.0).over(T0)
    assert gauge(0, 0, cap=0.0).broken(T0)


def test_window_is_a_day() -> None:
    old = gauge(100, 10)
    assert old.over(T0 + DAY - timedelta(seconds=1))
    assert not old.over(T0 + DAY)
    assert (old.live, old.abandoned) == (0, 0)


def test_the_window_named_is_the_one_that_binds() -> None:
    """1. A bad day yesterday; 2. over 24 hours it is forgotten, over 30 days and the campaign it is not; 3. in five
    weeks the campaign alone remembers it."""
    for window, tomorrow, later in (
        (AbandonWindow.DAY, False, False),
        (AbandonWindow.MONTH, True, False),
        (AbandonWindow.CAMPAIGN, True, True),
    ):
        bad = AbandonGauge(0.03, window)
        bad.add(T0, live=100, abandoned=10)
        assert bad.over(T0)
        assert bad.over(T0 + timedelta(days=1)) is tomorrow
        assert bad.over(T0 + timedelta(days=35)) is later
        assert bad.counts[AbandonWindow.CAMPAIGN].left(0.03) == -7


def test_cap_may_be_changed_while_it_counts() -> None:
    counted = gauge(1000, 20)
    assert not counted.over(T0)
    counted.cap = 0.01
    assert counted.over(T0)


@given(
    st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=400),
    st.sampled_from([0.01, 0.02, 0.03, 0.05]),
)
def test_rate_never_passes_the_cap_when_heeded(answers: list[tuple[float, bool]], cap: float) -> None:
    """Whoever risks an abandonment only when the gauge allows stays under the cap once answers are many enough,
    by a count of his own of the last 24 hours."""
    heeded, ledger, at = AbandonGauge(cap), [], T0
    for minutes, unlucky in answers:
        at += timedelta(minutes=minutes)
        abandoned = unlucky and not heeded.over(at)
        heeded.add(at, abandoned=int(abandoned))
        ledger.append((at, abandoned))
        heeded.expire(at)
        window = [lost for when, lost in ledger if when > at - DAY]
        assert (heeded.live, heeded.abandoned) == (len(window), sum(window))
        if abandoned:
            assert sum(window) <= max(1, cap * len(window)) or len(window) <= FIRST_ANSWERS


def test_one_person_among_few_trials_does_not_stand_for_all() -> None:
    """1. 400 hung up on; 2. the first one tried was a person: 3 in 100, not all of them; 3. the next 70 were none."""
    lost = LostPeople()
    counted = lost.end(T0, 400)
    assert counted == pytest.approx(0.8)
    counted += lost.learn(T0, persons=1)
    assert counted == pytest.approx(400 * 1.06 / 31)
    counted += lost.learn(T0, trials=70)
    assert counted == pytest.approx(400 * 1.06 / 101)


def test_many_trials_say_what_they_show() -> None:
    lost = LostPeople()
    lost.learn(T0, trials=3000, persons=150)
    assert lost.share == pytest.approx(0.05, rel=0.02)


def test_what_a_trial_tells_of_days_before_is_left_alone() -> None:
    lost = LostPeople()
    lost.end(T0, 400)
    assert lost.learn(T0 + DAY + timedelta(minutes=1), persons=1) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), max_size=60))
def test_in_a_day_the_estimate_is_the_share_of_those_hung_up_on(told: list[tuple[bool, int]]) -> None:
    lost, counted, ended = LostPeople(), 0.0, 0
    for person, calls in told:
        counted += lost.end(T0, calls) + lost.learn(T0, persons=int(person))
        ended += calls
        assert counted == pytest.approx(ended * lost.share)
        assert 0 <= counted <= ended
