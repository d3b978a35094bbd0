"""Who hears what, and what may be said of the difference: checked against published examples."""

from __future__ import annotations

import pytest

from dialer.portfolio.split import (
    Interval,
    Judgement,
    Tally,
    choose,
    difference_of_means,
    difference_of_shares,
    judge,
    wilson,
)


def near(interval: Interval | None, low: float, high: float, within: float = 5e-5) -> bool:
    return interval is not None and abs(interval.low - low) < within and abs(interval.high - high) < within


def test_wilsons_interval_of_newcombes_examples() -> None:
    """Newcombe, Statist. Med. 17 (1998) 857-872, table I, method 3."""
    assert near(wilson(81, 263), 0.2553, 0.3662)
    assert near(wilson(15, 148), 0.0624, 0.1605)
    assert near(wilson(0, 20), 0.0, 0.1611)
    assert near(wilson(1, 29), 0.0061, 0.1718)
    assert wilson(0, 0) == Interval(0.0, 1.0)


def test_newcombes_interval_of_the_difference() -> None:
    """Statist. Med. 17 (1998) 873-890, table II, method 10: 56/70 less 48/80, 9/10 less 3/10, 10/10 less 0/20."""
    assert near(difference_of_shares(Tally(70, 56), Tally(80, 48)), 0.0524, 0.3339)
    assert near(difference_of_shares(Tally(10, 9), Tally(10, 3)), 0.1705, 0.8090)
    assert near(difference_of_shares(Tally(10, 10), Tally(20, 0)), 0.6791, 1.0)


def test_welchs_interval_of_the_handling_time() -> None:
    """By hand: u = 100/50, v = 400/40, reach = t(0.975; 54.4) * sqrt(12)."""
    one, other = Tally(50, 0, 180.0, 10.0), Tally(40, 0, 170.0, 20.0)
    assert near(difference_of_means(one, other), 10 - 6.944, 10 + 6.944, 0.02)
    assert difference_of_means(Tally(5, 1), other) is None


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (Tally(29, 29), Tally(500, 0), Judgement.TOO_FEW),
        (Tally(200, 60), Tally(200, 50), Judgement.NOT_YET),
        (Tally(2000, 600), Tally(2000, 500), Judgement.BETTER),
        (Tally(2000, 500), Tally(2000, 600), Judgement.WORSE),
        (Tally(40, 0), Tally(40, 0), Judgement.NOT_YET),
    ],
)
def test_nothing_is_claimed_too_early(one: Tally, other: Tally, says: Judgement) -> None:
    assert judge(one, other) is says


def test_a_lead_always_hears_the_same_version() -> None:
    versions = [(1, 30), (2, 70)]
    assert all(choose(lead, versions) == choose(lead, versions[::-1]) for lead in range(200))


def test_the_leads_are_split_by_the_shares() -> None:
    """Of 20,000 leads 30 % within four standard deviations."""
    heard = [choose(lead, [(1, 30), (2, 70), (3, 0)]) for lead in range(20_000)]
    assert set(heard) == {1, 2}
    assert abs(heard.count(1) - 6000) < 4 * (20_000 * 0.3 * 0.7) ** 0.5
    assert choose(1, []) is None
    assert choose(1, [(1, 0)]) is None
