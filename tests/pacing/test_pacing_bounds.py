"""The optimum of the memoryless case against closed forms and the simulator, and the pacer that knows all."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pacing.bounds import BaseStock, Clairvoyant, Memoryless, evaluate, frontier, occupancy_at, optimum
from pacing.measures import measure
from pacing.policy import create
from pacing.simulator import Simulation
from pacing.world import Scenario


def test_a_constant_stock_is_a_birth_death_process() -> None:
    """With r calls always in flight people answer as a Poisson process of rate r p / ring: M/M/c+M with as
    many waiting places as the model has."""
    model = Memoryless(agents=5)
    places = model.agents + model.waiting_most
    worth = evaluate(model, [6] * (places + 1))
    arrival = 6 * model.p_human / model.ring_s
    weights = [1.0]
    for m in range(1, places + 1):
        leave = min(m, 5) / model.service_s + max(0, m - 5) / model.patience_s
        weights.append(weights[-1] * arrival / leave)
    law = np.array(weights) / sum(weights)
    busy = float(law @ np.minimum(np.arange(places + 1), 5))
    # Whoever is not served is abandoned, waiting in vain or turned away.
    assert worth.occupancy == pytest.approx(busy / 5, abs=1e-6)
    assert worth.abandonment == pytest.approx(1 - busy / model.service_s / arrival, abs=1e-6)


def test_no_neighbour_of_the_optimum_is_better() -> None:
    """One call more or less in any state that is met gains nothing at the same price."""
    model, price = Memoryless(agents=3), 150.0

    def gain(stock: tuple[int, ...]) -> float:
        worth = evaluate(model, stock)
        answers = worth.occupancy * model.agents / model.service_s / (1 - worth.abandonment)
        return worth.occupancy * model.agents - price * answers * worth.abandonment

    best = optimum(model, price)
    for m in range(model.agents + 1):
        for step in (-1, 1):
            other = list(best.stock)
            other[m] = max(0, other[m] + step)
            assert gain(tuple(other)) <= gain(best.stock) + 1e-6


def test_the_frontier_rises_with_what_may_be_abandoned() -> None:
    points = frontier(Memoryless(agents=5), [60, 130, 400, 3000])
    occupancies = [point.occupancy for point in points]
    assert occupancies == sorted(occupancies)
    # The design's figure for five agents at 3 %, computed there by value iteration.
    assert occupancy_at(frontier(Memoryless(agents=5)), 0.03) == pytest.approx(0.787, abs=0.0005)


def test_the_simulator_agrees_with_the_optimum() -> None:
    """An optimal policy played: what the chain says lies in the interval of six replications, but for what
    deciding four times a second instead of at once costs."""
    model = Memoryless(agents=5)
    worth = optimum(model, 130.0)
    runs = [
        measure([Simulation(model.scenario(4.0), BaseStock(model, worth.stock), seed).run()])
        for seed in range(1, 7)
    ]
    for expected, found in (
        (worth.occupancy, [run.occupancy for run in runs]),
        (worth.abandonment, [run.abandonment for run in runs]),
    ):
        half = 3.5 * float(np.std(found, ddof=1)) / math.sqrt(len(found))
        assert abs(float(np.mean(found)) - expected) <= half + 0.005


def test_the_clairvoyant_wastes_nobody_and_hardly_idles() -> None:
    scenario = Scenario(n_agents=4, hours=0.3, p_pause=0.0, breaks=())
    clairvoyant = Clairvoyant()
    simulation = Simulation(scenario, clairvoyant, 1)
    clairvoyant.attend(simulation)
    knows = measure([simulation.run()])
    other = measure([Simulation(scenario, create("progressive"), 1).run()])
    assert knows.occupancy > 0.95 > other.occupancy
    assert knows.abandoned <= 1


def test_the_clairvoyant_refuses_a_world_it_cannot_see() -> None:
    with pytest.raises(ValueError, match="patience"):
        Clairvoyant().attend(Simulation(Memoryless(3).scenario(0.1), create("progressive"), 1))


def test_a_stock_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="numbers from 0 to"):
        evaluate(Memoryless(3), [1, 2, 3])
