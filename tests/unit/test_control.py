"""The control sample's arithmetic, against tables and against itself."""

from __future__ import annotations

import pytest

from dialer.screening.control import abandon_rate, human_as_machine, share_of


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [  # R: binom.test(hits, trials)$conf.int
        (0, 10, 0.0, 0.3084971),
        (1, 100, 0.0002531, 0.0544594),
        (5, 50, 0.0332751, 0.2181354),
        (10, 10, 0.6915029, 1.0),
    ],
)
def test_the_exact_interval(hits: int, trials: int, low: float, high: float) -> None:
    found = share_of(hits, trials)
    assert found.share == hits / trials
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_nothing_tried_says_nothing() -> None:
    assert share_of(0, 0).share is None
    assert human_as_machine(0, 0, 500, 100).high is None
    assert abandon_rate(3, 100, 0, 0, 0) == pytest.approx(0.03)
    assert abandon_rate(0, 0, 0, 0, 0) is None


def test_people_hung_up_on_stand_against_all_who_answered() -> None:
    # 2 of 100 tried verdicts were people, so 20 of the 1000 untried ones; 978 were connected, 2 saved by the trial.
    lost = human_as_machine(2, 100, 1000, 978)
    assert lost.share == pytest.approx(0.02)
    assert lost.low is not None
    assert lost.high is not None
    assert lost.low < 0.02 < lost.high


def test_they_count_as_abandoned() -> None:
    # Of 2000 tried ones 40 were people, which is 2 in 100 as nearly as makes no difference: 20 of the 1000 untried.
    assert abandon_rate(3, 980, 40, 2000, 1000) == pytest.approx(23 / 1000, rel=0.02)
    # Before any was tried, what is known of the detector: 2 in 1000.
    assert abandon_rate(3, 998, 0, 0, 1000) == pytest.approx(5 / 1000)
