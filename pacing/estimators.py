"""What is learned of calls and agents: hazards by age, with priors, forgetting and censoring.

All estimators keep plain arrays, are fed one observation at a time and know no clock. Hazards are
Nelson-Aalen: events over exposure, where whatever is still under way counts as exposure too. (Dropping it
would raise the answer rate after every burst of calls: quick outcomes come first.)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

#: Width of an age bin of a ringing call, seconds.
BIN_S = 0.5
#: Post-dial delay and more after which a call which should ring no longer has its own bins, seconds.
RING_TAIL_S = 8.0
#: A hazard per bin never reaches certainty.
HIGHEST_HAZARD = 0.98
#: What was learned before tonight counts this much tomorrow: lists and teams change between days.
DAY_KEPT = 0.25


class RingEnd(IntEnum):
    """How ringing ends, as three competing risks."""

    HUMAN = 0
    MACHINE = 1
    OTHER = 2


def forgetting(half_life: float) -> float:
    """Factor per observation which halves a weight after `half_life` observations."""
    return float(0.5 ** (1.0 / half_life))


class CallHazards:
    """Competing risks of a call in flight by age since it was placed, in bins of `BIN_S`.

    `events`: (3, n_bins) by `RingEnd`; `exposure`: (n_bins,) calls that reached the bin. A slow part learns
    the shape (half-life `SHAPE_HALF_LIFE` calls); a fast level `theta` (`AnswerLevel`) follows the hour and
    the list.
    """

    SHAPE_HALF_LIFE = 1500.0
    #: The prior counts as this many calls.
    PRIOR_CALLS = 12.0

    def __init__(self, ring_timeout_s: float, p_human: float) -> None:
        self.n_bins = n = int((ring_timeout_s + RING_TAIL_S) / BIN_S) + 1
        self.events = np.zeros((3, n))
        self.exposure = np.zeros(n)
        #: Calls whose end was seen.
        self.calls = 0
        self.level = AnswerLevel()
        self._set_prior(ring_timeout_s, p_human)

    def _set_prior(self, ring_timeout_s: float, p_human: float) -> None:
        """People answer around 8 s, machines anywhere, failures come early, the rest rings out."""
        age = np.arange(self.n_bins) * BIN_S
        human = np.exp(-0.5 * ((age - 8) / 4) ** 2)
        human *= p_human / human.sum()
        machine = np.where((age > 3) & (age < ring_timeout_s + 1), 1.0, 0.0)
        machine *= 0.25 / max(machine.sum(), 1.0)
        failed = np.where(age < 6, 1.0, 0.0)
        failed *= 0.08 / failed.sum()
        rung_out = np.exp(-0.5 * ((age - (ring_timeout_s + 2)) / 1.2) ** 2)
        other = failed + rung_out / rung_out.sum() * max(0.05, 1 - p_human - 0.33)
        density = np.stack([human, machine, other])
        gone = np.concatenate([[0.0], np.cumsum(density.sum(0))[:-1]])
        self.prior_events = self.PRIOR_CALLS * density
        self.prior_exposure = self.PRIOR_CALLS * np.maximum(1 - gone, 1e-6)
        # The last bin holds all older calls: they end soon.
        self.prior_events[RingEnd.OTHER, -1] += 0.1
        self.prior_exposure[-1] += 0.1

    def bin(self, age_s: float) -> int:
        return min(max(int(age_s / BIN_S), 0), self.n_bins - 1)

    def bins(self, ages_s: Floats) -> NDArray[np.int64]:
        return np.minimum((ages_s / BIN_S).astype(np.int64), self.n_bins - 1)

    def count(self, ages_s: Floats) -> Floats:
        """Calls by age bin, shape (n_bins,); ages must not be negative."""
        return np.bincount(self.bins(ages_s), minlength=self.n_bins).astype(float)

    def leave(self, ring_s: float) -> None:
        """A call stopped ringing at this age; how is told by `end` (later, when a classifier listens
        first)."""
        decay = forgetting(self.SHAPE_HALF_LIFE)
        self.events *= decay
        self.exposure *= decay
        self.exposure[: self.bin(ring_s) + 1] += 1

    def end(self, ring_s: float, how: RingEnd) -> None:
        """The call which left ringing at this age ended so."""
        self.events[how, self.bin(ring_s)] += 1
        self.calls += 1
        if how is RingEnd.HUMAN:
            self.level.seen()

    def hazards(self, running: Floats) -> Floats:
        """Slow hazards per bin, shape (3, n_bins), given the calls under way by bin; people and machines
        smoothed."""
        reached = np.cumsum(running[::-1])[::-1] - 0.5 * running
        raw = (self.events + self.prior_events) / (self.exposure + self.prior_exposure + reached)
        padded = np.concatenate([raw[:2, :1], raw[:2], raw[:2, -1:]], axis=1)
        raw[:2] = 0.25 * padded[:, :-2] + 0.5 * padded[:, 1:-1] + 0.25 * padded[:, 2:]
        return np.asarray(np.minimum(raw, HIGHEST_HAZARD))

    def snapshot(self) -> dict[str, Any]:
        return {
            "events": self.events.tolist(),
            "exposure": self.exposure.tolist(),
            "calls": self.calls,
            "level": self.level.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another learned; ages beyond this one's ring timeout are dropped."""
        n = min(self.n_bins, len(state["exposure"]))
        self.events[:, :n] = np.array(state["events"], float)[:, :n]
        self.exposure[:n] = np.array(state["exposure"], float)[:n]
        self.calls = int(state["calls"])
        self.level.restore(state["level"])

    def begin_day(self) -> None:
        """Keep the shape of the days before, at a part of its weight; the level of the hour is gone."""
        self.events *= DAY_KEPT
        self.exposure *= DAY_KEPT
        self.level = AnswerLevel()


class AnswerLevel:
    """How many more people answer now than the slow hazards say: theta, follows the hour and the list.

    Gamma-Poisson filters that forget with different half-lives run side by side. Each is weighted by how well
    it foretold the counts so far (negative binomial predictive probabilities), and a part of the weights is
    shared out again as time goes ("fixed share", Herbster & Warmuth 1998, Machine Learning 32). While nothing
    turns the long memory wins and theta hardly moves; a turn makes the short one win within seconds.
    """

    HALF_LIVES_S = np.array([12.0, 60.0, 300.0, 1500.0])
    #: Each filter is shrunk to 1 by so many people.
    PRIOR = np.array([3.0, 8.0, 15.0, 25.0])
    #: Weights before anything was seen, and what they are pulled back to within `SHARE_S`.
    SHARES = np.array([0.05, 0.15, 0.3, 0.5])
    SHARE_S = 400.0
    RANGE = (0.15, 7.0)
    #: Caution for a level not well known, per squared relative error.
    DOUBT = 2.0
    #: People answered since the last look beyond twice what was expected: worth a look at once.
    SURPRISE = 4.0

    def __init__(self) -> None:
        self.people = np.zeros(len(self.PRIOR))
        self.expected = np.zeros(len(self.PRIOR))
        self.weights = self.SHARES.copy()
        #: Since the last look: people seen, and expected at theta 1.
        self.new, self.due = 0, 0.0
        self.passed_at: float | None = None
        self.looked_at: float | None = None
        self.theta, self.unsure = 1.0, 1.0

    def seen(self) -> None:
        self.new += 1

    def surprised(self) -> bool:
        """Have so many people answered since the last look that it is old?"""
        return self.new > self.SURPRISE + 2 * self.theta * self.due

    def expect(self, now: float, rate: float) -> None:
        """Time passes, with `rate` people a second expected at theta 1."""
        if self.passed_at is not None:
            self.due += rate * min(max(now - self.passed_at, 0.0), 10.0)
        self.passed_at = now if self.passed_at is None else max(now, self.passed_at)

    def look(self, now: float) -> tuple[float, float]:
        """Take in what was seen since the last look: (theta, a factor >= 1 for what is not known of it)."""
        elapsed = 0.0 if self.looked_at is None else max(now - self.looked_at, 0.0)
        shape, scale = self.people + self.PRIOR, self.expected + self.PRIOR
        if self.due > 0.0:
            # log P(new | gamma(shape, scale) level, due), but for what is the same for all.
            fit = gammaln(shape + self.new) - gammaln(shape)
            fit += shape * np.log(scale / (scale + self.due)) - self.new * np.log(scale + self.due)
            weights = self.weights * np.exp(fit - fit.max())
            share = min(1.0, elapsed / self.SHARE_S)
            self.weights = (1 - share) * weights / weights.sum() + share * self.SHARES
        keep = 0.5 ** (elapsed / self.HALF_LIVES_S)
        self.people = self.people * keep + self.new
        self.expected = self.expected * keep + self.due
        self.new, self.due, self.looked_at = 0, 0.0, now
        shape, scale = self.people + self.PRIOR, self.expected + self.PRIOR
        means = shape / scale
        theta = float(self.weights @ means)
        variance = float(self.weights @ (shape / scale**2 + (means - theta) ** 2))
        self.theta = min(max(theta, self.RANGE[0]), self.RANGE[1])
        # Not knowing the level costs as its variance does; in calm that is next to nothing.
        self.unsure = 1 + self.DOUBT * variance / theta**2
        return self.theta, self.unsure

    def snapshot(self) -> dict[str, Any]:
        return {
            "people": self.people.tolist(),
            "expected": self.expected.tolist(),
            "weights": self.weights.tolist(),
            "new": self.new,
            "due": self.due,
            "passed_at": self.passed_at,
            "looked_at": self.looked_at,
            "theta": self.theta,
            "unsure": self.unsure,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.people = np.array(state["people"], float)
        self.expected = np.array(state["expected"], float)
        self.weights = np.array(state["weights"], float)
        self.new, self.due = int(state["new"]), float(state["due"])
        self.passed_at = None if state["passed_at"] is None else float(state["passed_at"])
        self.looked_at = None if state["looked_at"] is None else float(state["looked_at"])
        self.theta, self.unsure = float(state["theta"]), float(state["unsure"])


class ScreeningDelay:
    """How long a classifier takes on people and on machines, in bins of `BIN_S`."""

    N_BINS = 14
    KEEP = 0.995
    #: The prior counts as this many verdicts of each kind.
    PRIOR = 5.0

    def __init__(self) -> None:
        age = np.arange(self.N_BINS) * BIN_S
        human = np.exp(-0.5 * ((age - 1.5) / 0.7) ** 2)
        machine = np.exp(-0.5 * ((age - 2.7) / 1.0) ** 2)
        #: (2, N_BINS) by `RingEnd.HUMAN`, `RingEnd.MACHINE`.
        self.counts = self.PRIOR * np.stack([human / human.sum(), machine / machine.sum()])

    def add(self, delay_s: float, verdict: RingEnd) -> None:
        self.counts[verdict] *= self.KEEP
        self.counts[verdict, self.bin(delay_s)] += 1

    def bin(self, delay_s: float) -> int:
        return min(max(int(delay_s / BIN_S), 0), self.N_BINS - 1)

    def bins(self, delays_s: Floats) -> NDArray[np.int64]:
        return np.minimum((delays_s / BIN_S).astype(np.int64), self.N_BINS - 1)

    def density(self) -> Floats:
        """(2, N_BINS), each row adding up to 1."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True))


class DurationHazards:
    """How long a talk or a wrap-up lasts: piecewise constant hazards (1/s) over geometric bins.

    Prior: `PRIOR` exponential durations of the given mean. Forgotten with a half-life of `HALF_LIFE`
    durations.
    """

    PRIOR = 6.0
    HALF_LIFE = 400.0
    RATIO = 1.22

    def __init__(self, mean_s: float, first_s: float, last_s: float) -> None:
        edges = [0.0, first_s]
        while edges[-1] < last_s:
            edges.append(edges[-1] + max(first_s, edges[-1] * (self.RATIO - 1)))
        #: Left edges of the bins; the last bin is open.
        self.edges = np.array(edges)
        self.widths = np.diff(np.append(self.edges, self.edges[-1] * 1.5))
        self.middles = self.edges + 0.5 * self.widths
        self.events = np.zeros(len(edges))
        self.exposure = np.zeros(len(edges))
        alive = np.exp(-self.edges / mean_s)
        self.prior_exposure = self.PRIOR * mean_s * (alive - np.append(alive[1:], 0.0))
        self.prior_events = self.prior_exposure / mean_s

    def add(self, seconds: float, ended: bool = True) -> None:
        """A duration seen; `ended` False when it was cut off at that age by something else (censored)."""
        decay = forgetting(self.HALF_LIFE)
        self.events *= decay
        self.exposure *= decay
        self.exposure += np.clip(seconds - self.edges, 0, self.widths)
        if ended:
            self.events[max(0, int(self.edges.searchsorted(seconds, side="right")) - 1)] += 1

    def bins(self, ages_s: Floats) -> NDArray[np.int64]:
        """Age bins; ages must not be negative."""
        return self.edges.searchsorted(ages_s, side="right") - 1

    def hazards(self, running_s: Floats) -> Floats:
        """Hazards 1/s per bin, given the ages of those under way."""
        # How far each is in its bin, and the whole width of those before.
        bins = self.bins(running_s)
        there = np.bincount(bins, minlength=len(self.edges))
        into_s = np.minimum(running_s - self.edges.take(bins), self.widths.take(bins))
        into_s = np.bincount(bins, weights=into_s, minlength=len(self.edges))
        under_way = into_s + self.widths * (there[::-1].cumsum()[::-1] - there)
        return np.asarray(
            (self.events + self.prior_events) / (self.exposure + under_way + self.prior_exposure)
        )

    def survival(self, ages_s: Floats, hazards: Floats) -> Floats:
        """P(lasts longer than each age) under these hazards, any shape."""
        cumulated = np.concatenate([[0.0], np.cumsum(hazards * self.widths)])
        bins = self.bins(ages_s)
        into_s = ages_s - self.edges.take(bins)
        return np.asarray(np.exp(-(cumulated.take(bins) + hazards.take(bins) * into_s)))

    def snapshot(self) -> dict[str, Any]:
        return {"events": self.events.tolist(), "exposure": self.exposure.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        self.events = np.array(state["events"], float)
        self.exposure = np.array(state["exposure"], float)

    def begin_day(self) -> None:
        """Keep what the days before taught, at a part of its weight."""
        self.events *= DAY_KEPT
        self.exposure *= DAY_KEPT


class PeopleByRing:
    """P(person) of a call given to an agent, by how long it had rung: machines come through where nobody
    listens, and mostly pick up at their own times. Counts in bins of `BIN_S`, seen through a triangle of
    `REACH` bins."""

    KEEP = 0.998
    #: The prior counts as this many people: everybody, until a machine came through.
    PRIOR = 2.0
    #: Weight of the share over all rings within that of one ring time.
    SHRINK = 4.0
    REACH = 3

    def __init__(self, n_bins: int) -> None:
        #: (2, n_bins): people, machines.
        self.counts = np.zeros((2, n_bins))

    def add(self, ring_s: float | None, person: bool) -> None:
        self.counts *= self.KEEP
        self.counts[0 if person else 1, self._bin(ring_s)] += 1

    def _bin(self, ring_s: float | None) -> int:
        return min(max(int((ring_s or 0.0) / BIN_S), 0), self.counts.shape[1] - 1)

    def share(self, ring_s: float | None) -> float:
        """P(person | rung so long), over all rings where that is not known."""
        people, machines = (float(x) for x in self.counts.sum(axis=1))
        overall = (people + self.PRIOR) / (people + machines + self.PRIOR)
        if ring_s is None:
            return overall
        near = np.arange(self.counts.shape[1]) - self._bin(ring_s)
        weights = np.maximum(0.0, 1 - np.abs(near) / self.REACH)
        people, machines = (float(x) for x in self.counts @ weights)
        return (people + self.SHRINK * overall) / (people + machines + self.SHRINK)


class Share:
    """A share learned with forgetting, e.g. wrap-ups after which the agent stays."""

    KEEP = 0.99

    def __init__(self, hits: float, trials: float) -> None:
        self.hits, self.trials = hits, trials

    def add(self, hit: bool) -> None:
        self.hits = self.hits * self.KEEP + hit
        self.trials = self.trials * self.KEEP + 1

    @property
    def value(self) -> float:
        return self.hits / self.trials


class Departures:
    """How likely an agent now there is about to log out: log-outs of the last minutes against who is left.
    Shifts end for a team within minutes, and who idles then takes no call that is still ringing."""

    HALF_LIFE_S = 90.0

    def __init__(self) -> None:
        self.recent = 0.0
        self.at: float | None = None

    def add(self, now: float) -> None:
        self.recent = self._kept(now) + 1.0
        self.at = now if self.at is None else max(now, self.at)

    def _kept(self, now: float) -> float:
        if self.at is None:
            return 0.0
        return float(self.recent * 0.5 ** (max(now - self.at, 0.0) / self.HALF_LIFE_S))

    def share(self, now: float, left: int) -> float:
        """P(an agent there leaves before a call placed now is answered), with `left` agents there."""
        recent = self._kept(now)
        return recent / (recent + max(left, 1)) if recent > 0.01 else 0.0

    def snapshot(self) -> dict[str, Any]:
        return {"recent": self.recent, "at": self.at}

    def restore(self, state: dict[str, Any]) -> None:
        self.recent = float(state["recent"])
        self.at = None if state["at"] is None else float(state["at"])


def as_array(values: Iterable[float]) -> Floats:
    return np.fromiter(values, dtype=np.float64)
