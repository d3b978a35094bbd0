"""How to spend a few abandonments over a shift: the control problem behind the price of one, solved and played.

A shift is a row of live answers. Before each a share of abandonment is chosen, and earns what a constant one reaches:
the frontier of the memoryless case (`pacing.bounds`), or that of the simulator, which falls off more steeply where
hardly anybody is abandoned. Each answer adds the target to what is in hand, each abandonment takes one, and a fourth of
them are followed by another, as in the simulator. Less than nothing in hand when the shift ends is over the cap. This
is the world of docs/decisions/0010: nothing to learn, no chance but that of the counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from lab.bench.tables import Sheet
from pacing import abandonment as rule
from pacing.bounds import Memoryless, frontier

Floats = NDArray[np.float64]

TITLE = "Spending the budget: the control problem"
TARGET = 0.03
#: Agents, live answers in six hours of them, and whether the frontier is the simulator's.
SHIFTS = ((3, 380, False), (5, 617, False), (10, 1350, False), (20, 2900, False), (5, 617, True))
#: Five agents in the simulator (decision 10): occupancy in percent at the target, points for each percent abandoned
#: more there, and the share below which the curve is steepest.
SIMULATED = (74.4, 1.2, 0.0007)
#: Share of those abandoned who are followed by another.
PAIRED = 0.25
#: Steps of what is in hand: hundredths, from and to.
STEPS, LOWEST, HIGHEST = 100, -25, 25
#: Shares of abandonment to choose from.
CHOICES = np.concatenate([[0.0003, 0.001], np.linspace(0.002, 0.15, 75)])
#: What an abandonment over the cap costs at the end, in points of occupancy over one answer each.
PENALTY = 20000.0
#: Chance at each answer that the shift ends there and then, whatever was told: rarely, or as good as never.
SURPRISED, TRUSTING = 1 / 3000, 1e-5
PLAYED, SEED = 3000, 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of many shifts: occupancy and shares in percent; abandonments left at the end."""

    occupancy: float
    abandoned: float
    over: float
    left: float


class Choice(Protocol):
    def share(self, live: int, abandoned: Floats, to_come: int) -> Floats:
        """(shifts,): the share of abandonment at the next answer, with so many behind and to come."""


Reward = Callable[[Any], Any]


def simulated(share: Any) -> Any:
    """Occupancy in percent of five agents in the simulator by share of abandonment."""
    at, slope, near = SIMULATED
    return at + 100 * slope * (TARGET + near) * np.log((share + near) / (TARGET + near))


@cache
def memoryless(agents: int) -> Reward:
    """Occupancy in percent by share of abandonment: a smooth curve through the frontier."""
    points = [(p.abandonment, 100 * p.occupancy) for p in frontier(Memoryless(agents))]
    shares, reached = np.array([p for p in points if 1e-4 < p[0] < 0.2]).T

    def curve(share: Any, at: float, slope: float, near: float) -> Any:
        return at + slope * np.log(share + near)

    (at, slope, near), _ = curve_fit(
        curve, shares, reached, p0=(95.0, 4.0, 0.01), bounds=([0, 0, 1e-6], [200, 100, 1])
    )
    return lambda share: curve(share, at, slope, near)


class Optimum:
    """The best control when it is known how many answers are to come (value iteration backwards in time)."""

    def __init__(self, earned: Reward, answers: int, surprise: float) -> None:
        reward = np.asarray(earned(CHOICES))
        in_hand = np.arange(LOWEST * STEPS, HIGHEST * STEPS + 1)
        n, places = len(in_hand), np.arange(len(in_hand))
        gain = round(TARGET * STEPS)
        end = -PENALTY * (in_hand < 0) * (1 - np.minimum(in_hand, 0) / STEPS)
        value = end
        self.chosen = np.zeros((answers + 1, n), np.float32)
        for left in range(1, answers + 1):
            then = (1 - surprise) * value + surprise * end
            kept = then[np.minimum(places + gain, n - 1)]
            one, two = (then[np.maximum(places + gain - k * STEPS, 0)] for k in (1, 2))
            price = kept - (1 - PAIRED) * one - PAIRED * two
            worth = reward[:, None] - (CHOICES / (1 + PAIRED))[:, None] * price[None, :]
            best = worth.argmax(axis=0)
            self.chosen[left], value = CHOICES[best], worth[best, places] + kept

    def share(self, live: int, abandoned: Floats, to_come: int) -> Floats:
        in_hand = np.rint((TARGET * live - abandoned) * STEPS).astype(np.int64) - LOWEST * STEPS
        return np.asarray(self.chosen[to_come].take(in_hand, mode="clip"), float)


class Rule:
    """`pacing.abandonment` for many shifts at once, in a world where its risk amounts to `scale` times the guess."""

    def __init__(self, told: bool, scale: float = 1.0) -> None:
        self.told, self.scale = told, scale
        self.lean = np.zeros(PLAYED)

    def share(self, live: int, abandoned: Floats, to_come: int) -> Floats:
        allowed = TARGET * live
        loan = rule.LOAN_SHARE * rule.LOAN_ANSWERS * TARGET * max(0.0, 1 - live / rule.LOAN_ANSWERS)
        neutral = rule.NEUTRAL_LEFT + rule.WIDER_SHARE * max(0.0, allowed - rule.WIDER_FROM)
        neutral, reserve = min(neutral, rule.WIDEST), rule.RESERVE
        if self.told:
            coming = TARGET * to_come
            loan = min(loan, rule.LOAN_SHARE * coming)
            neutral = min(neutral, rule.END_LEFT + rule.END_SHARE * coming)
            reserve += (rule.END_RESERVE - reserve) / (1 + coming)
        in_hand = allowed - abandoned + loan - min(rule.RESERVE_SHARE * allowed, rule.RESERVE_MORE)
        above = np.maximum((in_hand - reserve) / (neutral - reserve), 0.0)
        bold = np.clip(above**rule.ROOT, rule.FLOOR, rule.BOLDEST)
        lean = np.where(self.lean > 0, self.lean * np.clip(in_hand, 0, 1), self.lean)
        away = in_hand - min(neutral, rule.YOUNG_SHARE * allowed)
        pace = np.where(away > 0, rule.LEAN, rule.LEAN * rule.LEAN_DOWN)
        step = pace * np.clip(away, -rule.LEAN_FURTHEST, rule.LEAN_FURTHEST) * TARGET
        self.lean = np.clip(self.lean + step, *rule.LEAN_RANGE)
        return np.asarray(self.scale * TARGET * np.minimum(bold * np.exp(lean), rule.HIGHEST_FACTOR))


def play(earned: Reward, answers: int, choice: Choice) -> Outcome:
    """Many shifts at once."""
    rng = np.random.default_rng(SEED)
    abandoned, points = np.zeros(PLAYED), 0.0
    for live in range(answers):
        share = np.minimum(choice.share(live, abandoned, answers - live), rule.HIGHEST_RISK)
        points += float(np.mean(earned(share)))
        lost = rng.random(PLAYED) < share / (1 + PAIRED)
        abandoned += lost * (1 + (rng.random(PLAYED) < PAIRED))
    left = TARGET * answers - abandoned
    return Outcome(
        points / answers,
        100 * float(abandoned.mean()) / answers,
        100 * float(np.mean(left < -1e-9)),
        float(left.mean()),
    )


def solved() -> list[dict[str, Any]]:
    """By size of team: the rule with and without a told end, the optima, and a constant risk."""
    rows = []
    for agents, answers, from_simulator in SHIFTS:
        earned = simulated if from_simulator else memoryless(agents)
        choices: dict[str, Choice] = {
            "not told": Rule(told=False),
            "told": Rule(told=True),
            "best, legal at any end": Optimum(earned, answers, SURPRISED),
            "best, only the told end counts": Optimum(earned, answers, TRUSTING),
        }
        of = {"agents": agents, "frontier": "simulator" if from_simulator else "memoryless"}
        for name, choice in choices.items():
            found = play(earned, answers, choice)
            rows.append({**of, "how": name, **{k: getattr(found, k) for k in FIGURES}})
        rows.append({**of, "how": "constant, exactly the target", "occupancy": float(earned(TARGET))})
    return rows


FIGURES = ("occupancy", "abandoned", "over", "left")


def sheet(rows: list[dict[str, Any]]) -> Sheet:
    return Sheet(
        TITLE,
        (
            "agents",
            "frontier",
            "how the budget is spent",
            "occupancy %",
            "abandoned %",
            "shifts over %",
            "left at the end",
        ),
        [
            (
                str(row["agents"]),
                row["frontier"],
                row["how"],
                *(f"{row[k]:.2f}" if k in row else "-" for k in FIGURES),
            )
            for row in rows
        ],
    )


NOTE = """
Shifts of six hours as rows of live answers, 3,000 of each; nothing has to be learned
(`scripts/lab/bench/pacing_spending.py`). "Legal at any end" fears that the shift ends at any answer, in one case of
3,000; the other optimum may be over the cap until the last answer.
"""
