"""How much likelier than usual a person answers the next call: scores of leads, and segments learned.

A score multiplies P(person) and is taken at its word, but relative to the scores dialled lately: what is
learned of calls is learned of those. A segment (a carrier, a phone type, a list) has no number of its own: its
factor is people seen over people expected of its calls, shrunk to 1.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Any

from pacing.policy import CallId

#: Weights beyond these are cut: no list is so good or bad, and tables stay few.
WEIGHT_RANGE = (0.1, 8.0)
#: Scores differ by this factor from one table to the next.
STEP = 2**0.5
#: A running mean forgets this much with each call, and begins with so many calls of weight 1.
KEEP, PRIOR_CALLS = 0.998, 20.0
#: A segment's factor is shrunk to 1 by so many people expected; segments beyond so many are not told apart.
SEGMENT_PRIOR, SEGMENTS_MOST = 8.0, 64


class LeadWeights:
    """Weights of calls, and what is learned of segments."""

    def __init__(self) -> None:
        #: Sums with forgetting: scores and their number, told probabilities and their number.
        self.scores, self.scored = PRIOR_CALLS, PRIOR_CALLS
        self.told, self.tellings = 0.0, 0.0
        #: Of calls whose end is known: people, and calls by weight without their segment.
        self.people, self.calls = 0.0, 0.0
        #: Segment -> people seen, calls by weight.
        self.segments: dict[str, list[float]] = {}
        #: Open call -> its segment and its weight without it.
        self.open: dict[CallId, tuple[str, float]] = {}

    def of_score(self, score: float) -> float:
        """Weight of a lead with this multiplier on P(person)."""
        return cut(score / (self.scores / self.scored))

    def placed(self, call_id: CallId, weight: float, p_human: float | None, segment: Hashable) -> float:
        """The weight of a call sent, asked for with `weight`, when this is told of it besides."""
        self.scores = self.scores * KEEP + weight * (self.scores / self.scored)
        self.scored = self.scored * KEEP + 1.0
        if p_human is not None and 0.0 < p_human <= 1.0:
            self.told = self.told * KEEP + p_human
            self.tellings = self.tellings * KEEP + 1.0
            weight = cut(p_human / (self.told / self.tellings))
        if segment is None:
            return weight
        key = str(segment)
        if key not in self.segments and len(self.segments) >= SEGMENTS_MOST:
            return weight
        self.open[call_id] = (key, weight)
        return cut(weight * self.factor(key))

    def ended(self, call_id: CallId, person: bool | None) -> None:
        """A person answered, or nobody did; None: it can't be said."""
        known = self.open.pop(call_id, None)
        if known is None or person is None:
            return
        key, weight = known
        counts = self.segments.setdefault(key, [0.0, 0.0])
        for i, value in enumerate((float(person), weight)):
            counts[i] = counts[i] * KEEP + value
        self.people = self.people * KEEP + person
        self.calls = self.calls * KEEP + weight

    def factor(self, key: str) -> float:
        """How much likelier than the average of all segments a person answers in this one."""
        people, calls = self.segments.get(key, (0.0, 0.0))
        if not calls or not self.calls:
            return 1.0
        expected = calls * (self.people + 1.0) / (self.calls + 4.0)
        return (people + SEGMENT_PRIOR) / (expected + SEGMENT_PRIOR)

    def forget(self, alive: Iterable[CallId]) -> None:
        """Drop calls whose end was never told."""
        if not self.open:
            return
        kept = set(alive)
        self.open = {call_id: known for call_id, known in self.open.items() if call_id in kept}

    def snapshot(self) -> dict[str, Any]:
        return {
            "sums": [self.scores, self.scored, self.told, self.tellings, self.people, self.calls],
            "segments": {key: list(counts) for key, counts in self.segments.items()},
            "open": [[call_id, *known] for call_id, known in self.open.items()],
        }

    def restore(self, state: dict[str, Any], floor: bool) -> None:
        """Take over what another learned, and with `floor` its open calls."""
        self.scores, self.scored, self.told, self.tellings, self.people, self.calls = map(
            float, state["sums"]
        )
        self.segments = {key: [float(x) for x in counts] for key, counts in state["segments"].items()}
        if floor:
            self.open = {call_id: (str(key), float(weight)) for call_id, key, weight in state["open"]}


def cut(weight: float) -> float:
    """A weight within what is possible; 1 for what is no number above 0."""
    if not weight > 0.0:
        return 1.0
    return float(min(max(weight, WEIGHT_RANGE[0]), WEIGHT_RANGE[1]))


def tables_for(weights: Iterable[float]) -> tuple[float, ...]:
    """The weights that get tables of their own, 1 first: the mean of those that differ by less than a step."""
    near: dict[int, list[float]] = {}
    for weight in weights:
        number = round(math.log(weight) / math.log(STEP))
        if number:
            near.setdefault(number, []).append(weight)
    return (1.0, *(sum(near[number]) / len(near[number]) for number in sorted(near)))
