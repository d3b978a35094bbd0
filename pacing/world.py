"""The world a simulated campaign lives in: the scenario format and the seeded streams drawn from it.

`pacing-scenarios/1`: an object with `schema`, `defaults` and `scenarios`, a list of overrides of the
defaults. Times are seconds unless the name says hours. A distribution is a list: `["const", v]`, `["exp",
mean]`, `["unif", a, b]`, `["lognorm", mean, cv]`, `["gamma", mean, cv]`, `["pareto", xm, alpha, cap]`,
`["shift", c, D]`, `["mix", [[weight, D], ...]]`.

Common random numbers: what happens to the k-th call placed and to the k-th connect comes from streams indexed
by k and fixed by the seed, so that two policies meet the same people in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SCHEMA = "pacing-scenarios/1"

#: As read from JSON: the name of the family, then its parameters.
Distribution = Sequence[Any]

#: Family -> number of parameters.
FAMILIES = {"const": 1, "exp": 1, "unif": 2, "lognorm": 2, "gamma": 2, "pareto": 3, "shift": 2, "mix": 1}


def check(spec: Distribution, where: str) -> None:
    """ValueError, naming the place, for anything that is not a distribution of the format."""
    if isinstance(spec, str) or not isinstance(spec, Sequence) or not spec or spec[0] not in FAMILIES:
        raise ValueError(f"{where}: {spec!r} is no distribution; begin with one of {', '.join(FAMILIES)}")
    family, args = spec[0], spec[1:]
    if len(args) != FAMILIES[family]:
        raise ValueError(f"{where}: {family} takes {FAMILIES[family]} parameters, not {len(args)}: {spec!r}")
    if family == "mix":
        if not args[0]:
            raise ValueError(f"{where}: an empty mix")
        for part in args[0]:
            if len(part) != 2 or not _is_number(part[0]) or part[0] < 0:
                raise ValueError(f"{where}: a part of a mix is [weight >= 0, distribution], not {part!r}")
            check(part[1], where)
        if sum(part[0] for part in args[0]) <= 0:
            raise ValueError(f"{where}: the weights of a mix add up to 0")
        return
    numbers = args
    if family == "shift":
        numbers = args[:1]
        check(args[1], where)
    if not all(_is_number(x) and math.isfinite(x) for x in numbers):
        raise ValueError(f"{where}: parameters must be finite numbers: {spec!r}")
    if family in ("exp", "lognorm", "gamma", "pareto") and min(numbers) <= 0:
        raise ValueError(f"{where}: parameters of {family} must be above 0: {spec!r}")


def _is_number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def draw(rng: np.random.Generator, spec: Distribution, n: int) -> NDArray[np.float64]:
    """`n` values of a checked distribution, shape (n,)."""
    family, a = spec[0], spec[1:]
    if family == "const":
        return np.full(n, float(a[0]))
    if family == "exp":
        return rng.exponential(a[0], n)
    if family == "unif":
        return rng.uniform(a[0], a[1], n)
    if family == "lognorm":
        s2 = math.log(1 + a[1] * a[1])
        return rng.lognormal(math.log(a[0]) - s2 / 2, math.sqrt(s2), n)
    if family == "gamma":
        shape = 1 / (a[1] * a[1])
        return rng.gamma(shape, a[0] / shape, n)
    if family == "pareto":
        return np.minimum(float(a[0]) * (1 - rng.random(n)) ** (-1 / float(a[1])), float(a[2]))
    if family == "shift":
        return float(a[0]) + draw(rng, a[1], n)
    weights = np.array([part[0] for part in a[0]], float)
    which = rng.choice(len(weights), n, p=weights / weights.sum())
    values = np.empty(n)
    for i, part in enumerate(a[0]):
        chosen = which == i
        values[chosen] = draw(rng, part[1], int(chosen.sum()))
    return values


def mean(spec: Distribution) -> float:
    """Expected value of a checked distribution (a capped pareto included)."""
    family, a = spec[0], spec[1:]
    if family == "unif":
        return float(a[0] + a[1]) / 2
    if family == "pareto":
        xm, alpha, cap = (float(x) for x in a)
        if cap <= xm:
            return cap
        if alpha == 1.0:
            return xm * (1 + math.log(cap / xm))
        return xm + (xm / (1 - alpha)) * (math.pow(cap / xm, 1 - alpha) - 1)
    if family == "shift":
        return float(a[0]) + mean(a[1])
    if family == "mix":
        return sum(float(w) * mean(d) for w, d in a[0]) / sum(float(w) for w, _ in a[0])
    return float(a[0])


@dataclass(frozen=True)
class Scenario:
    """One campaign to simulate; the fields and defaults of `pacing-scenarios/1`."""

    name: str = "base"
    n_agents: int = 20
    #: Length of a shift, and how many follow each other, one a day.
    hours: float = 6.0
    days: int = 1
    #: [hour of shift, p_human, p_machine, p_busy, p_invalid], linear between; the rest is no answer.
    outcome_knots: Sequence[Sequence[float]] = ((0, 0.28, 0.30, 0.04, 0.03),)
    #: [hour, factor on p_human] from then on.
    step_changes: Sequence[Sequence[float]] = ()
    #: Standard deviation of a lognormal factor on p_human, drawn once a day.
    day_effect: float = 0.0
    pdd: Distribution = ("lognorm", 2.2, 0.45)
    ring_human: Distribution = ("mix", [(0.75, ("gamma", 7.5, 0.55)), (0.25, ("gamma", 15, 0.3))])
    ring_machine: Distribution = ("mix", [(0.3, ("gamma", 3, 0.5)), (0.7, ("gamma", 20, 0.12))])
    busy_time: Distribution = ("lognorm", 3.0, 0.4)
    invalid_time: Distribution = ("lognorm", 2.5, 0.5)
    ring_timeout: float = 25.0
    amd: bool = True
    greeting: Distribution = ("shift", 0.3, ("gamma", 0.8, 0.5))
    amd_silence: float = 0.7
    amd_machine: Distribution = ("unif", 1.8, 4.0)
    #: Shares of people taken for a machine, and of machines passed to an agent.
    amd_fp: float = 0.0
    amd_fn: float = 0.0
    fn_talk: Distribution = ("gamma", 7, 0.4)
    #: The wait limit runs from the end of the "greeting" or from the "answer".
    clock: str = "greeting"
    wait_limit: float = 2.0
    bridge: float = 0.15
    talk: Distribution = (
        "mix",
        [(0.45, ("gamma", 22, 0.7)), (0.40, ("lognorm", 110, 0.6)), (0.15, ("lognorm", 320, 0.5))],
    )
    wrap: Distribution = ("gamma", 18, 0.6)
    agent_wrap_spread: float = 0.25
    agent_talk_spread: float = 0.10
    p_pause: float = 0.01
    pause: Distribution = ("lognorm", 180, 0.8)
    #: Pauses per second of idling.
    idle_pause_rate: float = 0.0
    #: [hour, seconds], each agent within 20 minutes of it.
    breaks: Sequence[Sequence[float]] = ((2.0, 600), (4.0, 600))
    #: [hour, share of agents, seconds], all at once.
    mass_pause: Sequence[Sequence[float]] = ()
    login_spread: float = 120.0
    #: [hour, share of agents].
    late_join: Sequence[Sequence[float]] = ()
    early_leave: Sequence[Sequence[float]] = ()
    trunks_per_agent: float = 6.0
    cps: float = 30.0
    #: [share, hi, lo]: that share of leads has P(human) times hi, the rest times lo, and the policy may peek.
    score: Sequence[float] = ()
    tick: float = 0.2
    #: Distribution of the delay with which the policy hears of an event; empty: at once.
    event_delay: Distribution = ()
    target: float = 0.03
    prior: Mapping[str, float] = field(default_factory=dict)
    #: People wait an exponential time of mean `wait_limit` (the memoryless case of the closed forms).
    wait_exp: bool = False

    def __post_init__(self) -> None:
        where = f"scenario {self.name!r}"
        for name in DISTRIBUTIONS:
            spec = getattr(self, name)
            if spec or name != "event_delay":
                check(spec, f"{where}, {name}")
        if self.n_agents < 1 or self.hours <= 0 or self.days < 1 or self.tick <= 0 or self.cps <= 0:
            raise ValueError(f"{where}: n_agents, hours, days, tick and cps must be above 0")
        if self.clock not in ("greeting", "answer"):
            raise ValueError(f"{where}: clock is 'greeting' or 'answer', not {self.clock!r}")
        if not 0 < self.target < 1:
            raise ValueError(f"{where}: target {self.target!r} is a share, above 0 and below 1")
        if not self.outcome_knots:
            raise ValueError(f"{where}: outcome_knots needs at least one row")
        for knot in self.outcome_knots:
            if len(knot) != 5 or min(knot[1:]) < 0 or sum(knot[1:]) > 1 + 1e-9:
                raise ValueError(
                    f"{where}: a knot is [hour, p_human, p_machine, p_busy, p_invalid] (sum <= 1): {knot!r}"
                )


DISTRIBUTIONS = [f.name for f in fields(Scenario) if f.type == "Distribution"]


def read_scenarios(document: object) -> list[Scenario]:
    """The scenarios of a parsed `pacing-scenarios/1` document; ValueError says what is wrong with it and
    where."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise ValueError(f"not a scenario file: the top level must be an object with schema {SCHEMA!r}")
    known = {f.name for f in fields(Scenario)}
    scenarios = []
    for i, overrides in enumerate(document.get("scenarios", [])):
        merged = {**document.get("defaults", {}), **overrides}
        unknown = sorted(set(merged) - known)
        if unknown:
            raise ValueError(f"scenario {merged.get('name', i)!r}: unknown fields {', '.join(unknown)}")
        scenarios.append(Scenario(**merged))
    if not scenarios:
        raise ValueError("the scenario file lists no scenarios")
    return scenarios


class Attempt(NamedTuple):
    """The fate of the k-th call placed, but for P(human) of the moment: `u_outcome` is compared with it
    then."""

    u_outcome: float
    pdd: float
    ring_human: float
    ring_machine: float
    busy: float
    invalid: float
    greeting: float
    amd_machine: float
    u_false_positive: float
    u_false_negative: float


class Connect(NamedTuple):
    """What the k-th connect costs its agent, before his own speed."""

    talk: float
    wrap: float
    u_pause: float
    pause: float
    machine_talk: float


#: Stream numbers under a seed, so that no two parts of the world share random numbers.
ATTEMPTS, CONNECTS, AGENTS, DAYS, DELAYS, PATIENCE = 1, 2, 3, 4, 7, 9
#: Values drawn at a time; part of the definition of the streams.
ATTEMPT_BLOCK, CONNECT_BLOCK, DELAYS_DRAWN = 4096, 1024, 1 << 16
#: Blocks kept: calls are looked up in order, but for a peek ahead.
BLOCKS_KEPT = 6


def generator(seed: int, stream: int, *index: int) -> np.random.Generator:
    return np.random.default_rng((seed, stream, *index))


class AttemptStream:
    """k -> `Attempt`, for any k in any order."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        self.blocks: dict[int, list[Attempt]] = {}

    def __getitem__(self, k: int) -> Attempt:
        number, i = divmod(k, ATTEMPT_BLOCK)
        block = self.blocks.get(number)
        if block is None:
            sc, n = self.scenario, ATTEMPT_BLOCK
            rng = generator(self.seed, ATTEMPTS, number)
            columns = [
                rng.random(n),
                draw(rng, sc.pdd, n),
                draw(rng, sc.ring_human, n),
                draw(rng, sc.ring_machine, n),
                draw(rng, sc.busy_time, n),
                draw(rng, sc.invalid_time, n),
                draw(rng, sc.greeting, n),
                draw(rng, sc.amd_machine, n),
                rng.random(n),
                rng.random(n),
            ]
            block = [Attempt(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
            _keep(self.blocks, number, block)
        return block[i]


class ConnectStream:
    """k -> `Connect`, for any k in any order."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        self.blocks: dict[int, list[Connect]] = {}

    def __getitem__(self, k: int) -> Connect:
        number, i = divmod(k, CONNECT_BLOCK)
        block = self.blocks.get(number)
        if block is None:
            sc, n = self.scenario, CONNECT_BLOCK
            rng = generator(self.seed, CONNECTS, number)
            columns = [
                draw(rng, sc.talk, n),
                draw(rng, sc.wrap, n),
                rng.random(n),
                draw(rng, sc.pause, n),
                draw(rng, sc.fn_talk, n),
            ]
            block = [Connect(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
            _keep(self.blocks, number, block)
        return block[i]


def _keep(blocks: dict[int, list[Any]], number: int, block: list[Any]) -> None:
    blocks[number] = block
    if len(blocks) > BLOCKS_KEPT:
        del blocks[min(blocks)]


class Odds(NamedTuple):
    """Probabilities of a call's outcome; the rest is no answer."""

    human: float
    machine: float
    busy: float
    invalid: float

    def with_human(self, p_human: float) -> Odds:
        """Another chance of a person, the others keeping their proportions."""
        rest = (1 - p_human) / max(1e-9, 1 - self.human)
        return Odds(p_human, self.machine * rest, self.busy * rest, self.invalid * rest)


#: No list answers better than this, whatever the factors.
HIGHEST_P_HUMAN = 0.95


def odds_at(scenario: Scenario, hour: float, day_factor: float = 1.0) -> Odds:
    """Outcome probabilities at an hour of the shift."""
    knots = scenario.outcome_knots
    if len(knots) == 1:
        base = Odds(*(float(x) for x in knots[0][1:]))
    else:
        hours = [knot[0] for knot in knots]
        base = Odds(*(float(np.interp(hour, hours, [knot[j] for knot in knots])) for j in range(1, 5)))
    factor = day_factor
    for since, change in scenario.step_changes:
        if hour >= since:
            factor *= change
    return base.with_human(min(base.human * factor, HIGHEST_P_HUMAN)) if factor != 1.0 else base


#: Multiplicative hashing constant (Knuth): spreads attempt numbers evenly over 32 bits.
KNUTH = 2654435761


def score_of(scenario: Scenario, k: int) -> float:
    """Known multiplier on P(human) of attempt `k`."""
    if not scenario.score:
        return 1.0
    share, high, low = scenario.score
    return high if (k * KNUTH % 2**32) / 2**32 < share else low
