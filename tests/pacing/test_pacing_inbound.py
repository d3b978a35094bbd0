"""Calls from outside in the forecast: a Poisson stream that takes free agents."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from test_pacing_estimators import constant_rates

from pacing.estimators import CallHazards, DurationHazards
from pacing.forecast import HORIZONS_S, N_INSTANTS, Forecast, Rates


def forecast_of(per_s: float) -> Forecast:
    talk, wrap = DurationHazards(60.0, 2.0, 1500.0), DurationHazards(10.0, 1.0, 400.0)
    rates = constant_rates(CallHazards(25.0, 0.2), talk, wrap, 0.01, (1.0,))
    kept = json.loads(json.dumps(rates.snapshot())) | {"inbound_per_s": per_s}
    return Forecast(Rates.restored(kept), talk, wrap)


@pytest.mark.parametrize("per_hour", [30.0, 360.0, 3600.0])
@pytest.mark.parametrize("free", [1, 3])
def test_the_risk_is_that_of_a_poisson_stream(per_hour: float, free: int) -> None:
    """Nobody rings or talks: the next call finds no agent if `free` or more calls from outside come before it."""
    forecast = forecast_of(per_hour / 3600)
    slack = forecast.slack(free, np.zeros(len(forecast.p)), np.zeros(0))
    assert len(forecast.inbound) == N_INSTANTS + len(HORIZONS_S)
    expected = [
        1 - sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(free))
        for mean in forecast.inbound[:N_INSTANTS]
    ]
    assert slack.next_risk() == pytest.approx(float(np.mean(expected)), abs=1e-6)


def test_fewer_calls_are_placed_the_more_come_from_outside() -> None:
    placed = []
    for per_hour in (0.0, 60.0, 360.0):
        forecast = forecast_of(per_hour / 3600)
        placed.append(forecast.slack(4, np.zeros(len(forecast.p)), np.zeros(0)).most(0.05, 50)[0])
    assert placed[0] > placed[1] > placed[2]


def test_without_them_nothing_changes_and_older_snapshots_are_read() -> None:
    forecast = forecast_of(0.0)
    assert not forecast.inbound.any()
    kept = forecast.rates.snapshot()
    del kept["inbound_per_s"]
    assert Rates.restored(kept).inbound_per_s == 0.0
    assert forecast.slack(1, np.zeros(len(forecast.p)), np.zeros(0)).next_risk() == pytest.approx(0, abs=1e-9)
