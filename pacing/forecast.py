"""The distribution of free agents less people answering, a few seconds ahead, and the risk of one call more.

`Rates` is what the estimators know at one moment; `Forecast` the tables made of it, good for a few seconds;
`Slack` one decision's law, from who is where right now.

The slack S(u) = free agents - people waiting + agents freed by u + w - people answering by u is looked at at
`N_INSTANTS` instants u, equal slices of the time at which a call placed now would want an agent; w is the
time a person may still wait then. All terms are independent yes-or-no variables, so S is Poisson binomial and
its law is exact: the log characteristic functions of everyone in the same age bin are the same and tabulated,
a decision adds them up weighted by counts. No normal approximation, which can't be trusted where it matters,
at S around 0 to 2. The risk of a call is the mean over u of P(S(u) <= 0): the chance that it finds no agent,
if a person answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacing.estimators import BIN_S, DurationHazards, Floats, RingEnd, ScreeningDelay

Complex = NDArray[np.complex128]

#: Rows in the forecast's weights, of calls in the order of the list.
Kinds = NDArray[np.int64]
USUAL: Kinds = np.zeros(0, np.int64)

N_INSTANTS = 8
#: Horizons whose expected answers and freed agents are told to the supervisor, seconds.
HORIZONS_S = (5.0, 10.0, 20.0)
#: A survival this small is none: ages that nobody was ever seen to reach.
NEVER = 1e-300
#: How many calls more are tried in one step (few enough to stay on one thread).
STEP = 14
#: How many such steps are looked at together where many calls are wanted; (LEAPS, 1): the calls in 1, 2, ... of them.
LEAPS = 8
CALLS_LEAPT = STEP * np.arange(1, LEAPS + 1)[:, None]
#: Nodes of the table of log characteristic functions; denser towards 0 and 1, where probabilities are small.
NODES = 2048
#: Sizes of the discrete Fourier transform: the law must fit into it.
TRANSFORMS = (32, 64, 128, 256, 512)
#: Standard deviations and values to spare which have to fit into half a transform.
SPREAD, SPARE = 3.8, 3.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known at one moment. Per ring bin (n,): probability of ending so within the bin, if still
    ringing."""

    human: Floats
    machine: Floats
    other: Floats
    #: (n,): the slow part of `human`, without the level of the moment.
    slow: Floats
    #: (2, ScreeningDelay.N_BINS): how long a verdict takes, people and machines; None when nobody listens.
    screening: Floats | None
    talk: Floats
    wrap: Floats
    #: Share of wrap-ups after which the agent is ready.
    p_ready: float
    #: Seconds a person judged as one still waits, on average.
    wait_s: float
    #: (all bins,): calls ringing, agents talking and wrapping up at that moment, for the size of the
    #: transform.
    counts: Floats
    #: Calls with tables of their own: how much likelier than usual a person answers. The usual ones first.
    weights: tuple[float, ...] = (1.0,)
    #: Calls from outside, a second, which will take a free agent before anybody else: a Poisson stream.
    inbound_per_s: float = 0.0

    def snapshot(self) -> dict[str, Any]:
        return {
            "human": self.human.tolist(),
            "machine": self.machine.tolist(),
            "other": self.other.tolist(),
            "screening": None if self.screening is None else self.screening.tolist(),
            "talk": self.talk.tolist(),
            "wrap": self.wrap.tolist(),
            "p_ready": self.p_ready,
            "wait_s": self.wait_s,
            "counts": self.counts.tolist(),
            "slow": self.slow.tolist(),
            "weights": list(self.weights),
            "inbound_per_s": self.inbound_per_s,
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Rates:
        arrays = {k: np.array(state[k], float) for k in ARRAYS}
        screening = state["screening"]
        return cls(
            **arrays,
            screening=None if screening is None else np.array(screening, float),
            p_ready=float(state["p_ready"]),
            wait_s=float(state["wait_s"]),
            weights=tuple(float(w) for w in state["weights"]),
            inbound_per_s=float(state.get("inbound_per_s", 0.0)),
        )


#: The fields of `Rates` which are always arrays.
ARRAYS = ("human", "machine", "other", "slow", "talk", "wrap", "counts")


@dataclass(frozen=True, slots=True)
class Transform:
    """Constants of a discrete Fourier transform of size m, frequencies 1..m/2."""

    m: int
    #: (m/2,): exp(-i w) - 1.
    turn_back: Complex
    #: (NODES + 1, m): log(1 + p (exp(i w) - 1)) at p = sin^2(pi k / 2 NODES), as pairs of real and imaginary part.
    #: Single precision is more than the nodes are worth.
    logs: NDArray[np.float32]
    #: (m + 2, m/2): row m + lo, weights that sum the law over lo..0; the rows at the ends give 0 and all.
    below: Complex
    #: (m + 2,): the weight of frequency 0 in the same sums.
    below_0: Floats
    #: (m, m/2): exp(i w s).
    shift: Complex


@cache
def transform(m: int) -> Transform:
    w = 2 * np.pi * np.arange(1, m // 2 + 1) / m
    p = np.sin(0.5 * np.pi * np.arange(NODES + 1) / NODES) ** 2
    z = 1 + p[:, None] * (np.exp(1j * w) - 1)[None, :]
    # A fair coin has no characteristic function at the highest frequency: its log is cut off, exp gives 0
    # again.
    logs = np.log(np.where(np.abs(z) < 1e-12, 1e-12, z))
    twice = np.where(np.arange(1, m // 2 + 1) < m // 2, 2.0, 1.0)
    below = np.zeros((m + 2, m // 2), np.complex128)
    for row in range(1, m + 1):
        lo = row - m
        below[row] = twice / m * np.exp(-1j * w[None, :] * np.arange(lo, 1)[:, None]).sum(axis=0)
    # Row 0 (and 1) hold all of the law at or below 0, row m + 1 none of it.
    below[0] = below[1] = 0.0
    below_0 = np.array([1.0, 1.0] + [(1 - (row - m)) / m for row in range(2, m + 1)] + [0.0])
    shift = np.exp(1j * w[None, :] * np.arange(m)[:, None])
    pairs = logs.astype(np.complex64).view(np.float32)
    return Transform(m, np.exp(-1j * w) - 1, pairs, below, below_0, shift)


def powers(factors: Complex) -> Complex:
    """(n + 1, ...): products of the first 0, 1, ..., n rows."""
    products = np.ones((len(factors) + 1, factors.shape[1]), np.complex128)
    np.multiply.accumulate(factors, axis=0, out=products[1:])
    return products


class Forecast:
    """Tables of what calls in flight and busy agents do, by age bin, for one `Rates`."""

    def __init__(self, rates: Rates, talk: DurationHazards, wrap: DurationHazards) -> None:
        self.rates = rates
        gain, alive, answered, instants = self._ring(rates)
        #: P(a person answers | placed now), of a usual call.
        self.p_answer = float(answered[-1])
        rings, lifts = self._weighed(rates.weights, gain, alive, answered)
        #: (ring bins, delay bins).
        self.p_person = self._persons(rates)
        ends = np.concatenate([(instants + 0.5) * BIN_S + rates.wait_s, np.array(HORIZONS_S)])
        #: Expected calls from outside by the instants, then by the horizons.
        self.inbound = rates.inbound_per_s * np.concatenate([(instants + 0.5) * BIN_S, np.array(HORIZONS_S)])
        p_talk, p_wrap = self._agents(rates, talk, wrap, ends)
        self.n_ring, self.n_talk, self.n_busy = len(gain), len(p_talk), len(p_talk) + len(p_wrap)
        #: P(answering) per ring bin of a usual call, P(free) per talk and wrap bin, P(answering) per ring bin of
        #: each other weight: at the instants, then at the horizons.
        self.p = np.minimum(np.concatenate([rings[0], p_talk, p_wrap, *rings[1:]]), 0.999)
        p = self.p[:, :N_INSTANTS]
        calls, busy = -np.ones(self.n_ring), np.ones(self.n_busy)
        signs = np.concatenate([calls, busy, *[calls] * (len(rings) - 1)])
        self.signed = self.p * signs[:, None]
        #: P(answering at last), and people a second expected by the slow hazards, by row; 0 for agents.
        self.p_people = np.where(signs < 0, self.p[:, -1], 0.0)
        slow = [rates.slow * lift / BIN_S for lift in lifts]
        self.due = np.concatenate([slow[0], np.zeros(self.n_busy), *slow[1:]])
        self.weights_log = np.log(np.array(rates.weights))
        self.transform = tr = transform(self._size(rates, p))
        nodes = np.rint(np.arcsin(np.sqrt(p)) * (2 * NODES / np.pi)).astype(np.int64)
        #: (N_INSTANTS, all bins, pairs of real and imaginary part of m/2). Small matrices on purpose: a product of this
        #: size, done in one piece, would be shared out to threads, which costs more than it saves.
        self.logs = tr.logs.take(nodes.T, axis=0)
        # A person answering takes an agent away: the conjugate.
        self.logs[:, : self.n_ring, 1::2] *= -1
        self.logs[:, self.n_ring + self.n_busy :, 1::2] *= -1
        fresh = [0, *range(self.n_ring + self.n_busy, len(self.p), self.n_ring)]
        first = self.logs.take(fresh, axis=1).view(np.complex64).astype(np.complex128)
        new = first.transpose(1, 0, 2).reshape(len(fresh), -1)
        #: (weights, N_INSTANTS x m/2): one call placed now; (weights, N_INSTANTS): P(it answers by then).
        self.new, self.p_new = np.exp(new), p[fresh]
        #: (STEP + 1, N_INSTANTS x m/2): k usual calls placed now.
        self.more = powers(np.repeat(self.new[:1], STEP, axis=0))
        self._leaps: Complex | None = None
        #: (N_INSTANTS,): where the middle of the transform is laid, against what is expected so far.
        self.middle = tr.m // 2 - STEP / 4 * self.p_new[0]

    def leaps(self) -> Complex:
        """(LEAPS, N_INSTANTS x m/2): 1, 2, ... whole steps of usual calls placed now."""
        if self._leaps is None:
            self._leaps = powers(np.repeat(self.more[STEP:], LEAPS, axis=0))[1:]
        return self._leaps

    @staticmethod
    def _ring(rates: Rates) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
        """(n, instants and horizons): P(reaching the age bin, and then a person wants an agent by that time);
        (n,): P(reaching it); (n + 1,): P(a person answered by then); the instants in bins from now."""
        n = len(rates.human)
        delay = np.eye(1, ScreeningDelay.N_BINS)[0] if rates.screening is None else rates.screening[0]
        total = np.minimum(rates.human + rates.machine + rates.other, 0.98)
        alive = np.concatenate([[1.0], np.cumprod(1 - total)])
        answered = np.concatenate([[0.0], np.cumsum(rates.human * alive[:-1])])
        steps = n + len(delay)
        # A call placed now, answered and judged within each step.
        fresh = np.convolve(answered[np.minimum(np.arange(1, steps + 1), n)], delay)[:steps]
        quantiles = (np.arange(N_INSTANTS) + 0.5) / N_INSTANTS * fresh[-1]
        instants = np.minimum(np.searchsorted(fresh, quantiles), steps - 1)
        horizons = (np.array(HORIZONS_S) / BIN_S).astype(np.int64) - 1
        times = np.concatenate([instants, horizons])
        # (age, bins from now): P(reaching the age bin, and then a person answers within these bins).
        bins = np.arange(times.max() + 1)
        gain = answered.take(np.arange(n)[:, None] + bins + 1, mode="clip") - answered[:n, None]
        # (bins from now, instant): P(a verdict takes just what is left until the instant).
        left = times - bins[:, None]
        heard = np.where((left >= 0) & (left < len(delay)), delay[np.clip(left, 0, len(delay) - 1)], 0.0)
        return np.asarray(gain @ heard), np.asarray(alive[:n]), np.asarray(answered), instants

    @staticmethod
    def _weighed(
        weights: tuple[float, ...], gain: Floats, alive: Floats, answered: Floats
    ) -> tuple[list[Floats], list[Floats]]:
        """For each weight: P(a person wants an agent by each time | age bin), and the factor on the hazard of
        a person in each bin. The chance of a person is multiplied, that of all else shrinks to make room, and
        both keep their times."""
        rings, lifts = [], []
        p = float(answered[-1])
        people = answered[-1] - answered[:-1]
        for weight in weights:
            more = min(weight, 0.95 / max(p, 1e-9))
            less = (1 - more * p) / max(1 - p, 1e-9)
            left = np.maximum(more * people + less * np.maximum(alive - people, 0.0), 1e-12)
            rings.append(more * gain / left[:, None])
            lifts.append(more * alive / left)
        return rings, lifts

    @staticmethod
    def _agents(
        rates: Rates, talk: DurationHazards, wrap: DurationHazards, ends_s: Floats
    ) -> tuple[Floats, Floats]:
        """P(ready by each time from now | bin of the talk so far), and of the wrap-up so far."""
        steps = np.arange(int(np.ceil(ends_s.max() / BIN_S)) + 1) * BIN_S
        ages = talk.middles[:, None]
        talking = talk.survival(ages + steps[None, :], rates.talk)
        talking /= np.maximum(talking[:, :1], NEVER)
        ended = -np.diff(talking, axis=1)
        # A talk ending in a step is wrapped up from its middle on.
        left = np.maximum(ends_s[None, :] - (steps[1:, None] - 0.5 * BIN_S), 0.0)
        p_talk = ended @ (1 - wrap.survival(left, rates.wrap)) * rates.p_ready
        ages = wrap.middles[:, None]
        still = wrap.survival(ages + ends_s[None, :], rates.wrap)
        still /= np.maximum(wrap.survival(ages, rates.wrap), NEVER)
        return np.asarray(p_talk), np.asarray((1 - still) * rates.p_ready)

    def _size(self, rates: Rates, p: Floats) -> int:
        """Smallest transform that holds the law as things stand."""
        spread = float((rates.counts @ (p * (1 - p))).max()) + float(self.inbound[:N_INSTANTS].max())
        need = 2 * (SPREAD * math.sqrt(spread) + SPARE)
        return next((m for m in TRANSFORMS if m >= need), TRANSFORMS[-1])

    @staticmethod
    def _persons(rates: Rates) -> Floats:
        """P(person | answered at a ring bin, and the classifier still listens after so many delay bins)."""
        person, machine = rates.human[:, None], rates.machine[:, None]
        if rates.screening is not None:
            undecided = np.cumsum(rates.screening[:, ::-1], axis=1)[:, ::-1]
            person = person * undecided[RingEnd.HUMAN]
            machine = machine * undecided[RingEnd.MACHINE]
        shape = (len(rates.human), ScreeningDelay.N_BINS)
        return np.broadcast_to(person / np.maximum(person + machine, 1e-12), shape)

    def slack(
        self, base: int, counts: Floats, screening: Floats, ready: int = 0, p_leaves: float = 0.0
    ) -> Slack:
        """The law right now. `base`: free agents less people waiting; `counts`: (all bins,) calls ringing,
        agents talking, agents wrapping up; `screening`: (n,) P(person) of each call being listened to; each of
        the `ready` agents in `base` leaves with probability `p_leaves`."""
        return Slack(self, base, counts, screening, ready, p_leaves)


class Slack:
    """Free agents less people answering at the instants ahead, for one decision."""

    def __init__(
        self, forecast: Forecast, base: int, counts: Floats, screening: Floats, ready: int, p_leaves: float
    ) -> None:
        self.forecast = forecast
        tr = forecast.transform
        pairs = counts.astype(np.float32) @ forecast.logs
        phi = np.exp(pairs.view(np.complex64).astype(np.complex128))
        phi *= tr.shift[base % tr.m]
        expected = base + counts @ forecast.signed
        if len(screening):
            phi *= np.multiply.reduce(1 + screening[:, None] * tr.turn_back, axis=0)
            expected = expected - screening.sum()
        if ready and p_leaves:
            phi *= (1 + p_leaves * tr.turn_back) ** ready
            expected = expected - ready * p_leaves
        if forecast.inbound[0]:
            phi *= np.exp(forecast.inbound[:N_INSTANTS, None] * tr.turn_back)
            expected = expected - forecast.inbound
        self.phi = phi
        #: Expected slack at the instants, then at the horizons.
        self.expected = expected
        self.summed = self._summed(phi, expected[:N_INSTANTS])
        self.counts, self.judged = counts, float(screening.sum())

    def ahead(self) -> tuple[Floats, Floats]:
        """Expected people answering, and agents freed, by each of `HORIZONS_S`."""
        by_bin = self.counts[:, None] * self.forecast.p[:, N_INSTANTS:]
        first = self.forecast.n_ring
        freed = by_bin[first : first + self.forecast.n_busy].sum(axis=0)
        return by_bin.sum(axis=0) - freed + self.judged, freed

    def answers(self) -> float:
        """Expected people answering within the longest horizon."""
        return float(self.counts @ self.forecast.p_people) + self.judged

    def risks(self, kinds: Kinds = USUAL) -> Floats:
        """Risk of the next call after 0, 1, ..., STEP more, (STEP + 1,). `kinds`: their rows in the forecast's
        weights, in the order of the list; usual ones beyond."""
        weighted, sure = self.summed
        risks = ((self._chain(kinds) @ weighted).real + sure) / N_INSTANTS
        return np.asarray(np.minimum(np.maximum(risks, 0.0), 1.0))

    def _chain(self, kinds: Kinds) -> Complex:
        """(STEP + 1, N_INSTANTS x m/2): characteristic functions of the first k calls placed now."""
        if not len(kinds):
            return np.asarray(self.forecast.more)
        padded = np.zeros(STEP, np.int64)
        padded[: len(kinds)] = kinds
        return powers(self.forecast.new[padded])

    def _summed(self, phi: Complex, expected: Floats) -> tuple[Complex, float]:
        """What a characteristic function of further calls is multiplied by, and what is added, for the sum of their
        risks over the instants."""
        tr = self.forecast.transform
        rows = np.rint(expected + self.forecast.middle).astype(np.int64)
        weighted = (tr.below.take(rows, axis=0, mode="clip") * phi).reshape(-1)
        return weighted, float(tr.below_0.take(rows, mode="clip").sum())

    def next_risk(self) -> float:
        """Risk of the next call, whoever it goes to."""
        weighted, sure = self.summed
        return min(max(0.0, (float(weighted.real.sum()) + sure) / N_INSTANTS), 1.0)

    def most(self, allowed: float, cap: int, kinds: Kinds = USUAL) -> tuple[int, float]:
        """How many calls may be placed now, each within the allowed risk, at most `cap`; and the risk of the
        first that may not (of the next one at the cap)."""
        fc, phi, expected = self.forecast, self.phi, self.expected[:N_INSTANTS]
        placed, (weighted, sure) = 0, self.summed
        while True:
            step = kinds[placed : placed + STEP]
            chain = self._chain(step)
            risks = ((chain @ weighted).real + sure) / N_INSTANTS
            over = risks > allowed
            fit = int(over.argmax()) if over.any() else STEP
            if placed + fit >= cap or fit < STEP or over[STEP]:
                fit = min(fit, max(0, cap - placed))
                return placed + fit, min(max(0.0, float(risks[fit])), 1.0)
            placed += STEP
            phi = phi * chain[STEP].reshape(phi.shape)
            expected = expected - (STEP - len(step)) * fc.p_new[0]
            if len(step):
                expected = expected - fc.p_new[step].sum(axis=0)
            if placed >= len(kinds):
                placed, phi, expected = self._leap(allowed, cap, placed, phi, expected)
            weighted, sure = self._summed(phi, expected)

    def _leap(
        self, allowed: float, cap: int, placed: int, phi: Complex, expected: Floats
    ) -> tuple[int, Complex, Floats]:
        """As many whole steps further, all calls as usual, as the next call's risk allows: the risk only grows with the
        calls placed, so where they are many it is enough to look at it between the steps."""
        fc, tr = self.forecast, self.forecast.transform
        leaps = fc.leaps()
        while True:
            then = expected - CALLS_LEAPT * fc.p_new[0]
            rows = np.rint(then + fc.middle).astype(np.int64)
            weighted = tr.below.take(rows, axis=0, mode="clip") * phi
            sums = np.multiply(weighted.reshape(leaps.shape), leaps).real.sum(axis=1)
            sure = tr.below_0.take(rows, mode="clip").sum(axis=1)
            over = ((sums + sure) / N_INSTANTS > allowed) | (placed + CALLS_LEAPT[:, 0] >= cap)
            fit = int(over.argmax()) if over.any() else LEAPS
            if fit:
                placed, phi, expected = (
                    placed + STEP * fit,
                    phi * leaps[fit - 1].reshape(phi.shape),
                    then[fit - 1],
                )
            if fit < LEAPS:
                return placed, phi, expected
