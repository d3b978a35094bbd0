"""The control problem of a shift's budget: the model has the policy's own rule, and its optimum is one."""

from __future__ import annotations

import numpy as np
import pytest

from lab.bench import pacing_spending as spending
from pacing.abandonment import AbandonmentBudget, Tally


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("live", "abandoned", "to_come"), [(30, 0, 600), (300, 6, 317), (590, 15, 27), (6000, 171, 900)]
)
def test_the_rule_of_the_model_is_the_policys(told: bool, live: int, abandoned: int, to_come: int) -> None:
    budget = AbandonmentBudget(spending.TARGET)
    budget.to_come = spending.TARGET * to_come if told else None
    tally = Tally(live, abandoned)
    factor = budget.risk_of(tally, 5) / budget.neutral_risk(5)
    share = spending.Rule(told).share(live, np.full(spending.PLAYED, float(abandoned)), to_come)
    assert share[0] == pytest.approx(spending.TARGET * factor)


def test_the_optimum_is_none_below_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short shift of three. 1. The optimum reaches as much as the rule, and more when only the told end counts; 2. it
    runs more risk the more is in hand, and the more for it the fewer answers are to come."""
    monkeypatch.setattr(spending, "PLAYED", 1500)
    earned, answers = spending.memoryless(3), 200
    rule = spending.play(earned, answers, spending.Rule(told=True))
    careful, trusting = (
        spending.Optimum(earned, answers, surprise) for surprise in (spending.SURPRISED, spending.TRUSTING)
    )
    reached = [spending.play(earned, answers, choice).occupancy for choice in (careful, trusting)]
    assert reached[1] > reached[0] > rule.occupancy - 0.1
    shares = [
        [float(careful.share(live, np.array([live * 0.03 - left]), 200 - live)[0]) for left in (1, 3, 6)]
        for live in (20, 150)
    ]
    assert shares[0] == sorted(shares[0])
    assert shares[1][2] > shares[0][2]


def test_the_page_shows_every_way_to_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two short shifts: five lines each, as many columns as headings, nothing counted where nothing was played."""
    monkeypatch.setattr(spending, "PLAYED", 20)
    monkeypatch.setattr(spending, "SHIFTS", ((3, 30, False), (5, 30, True)))
    sheet = spending.sheet(spending.solved())
    assert {len(line) for line in sheet.rows} == {len(sheet.columns)}
    assert [line[1] for line in sheet.rows] == ["memoryless"] * 5 + ["simulator"] * 5
    assert sheet.rows[-1][2:] == ("constant, exactly the target", "74.40", "-", "-", "-")
