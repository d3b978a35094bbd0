"""What no policy can beat: the optimum of the memoryless case, and a pacer that knows the future.

The memoryless case has a small Markov decision process, so its best policy can be computed: calls in flight end
at rate 1/`ring_s`, as a person with probability `p_human`; busy agents are free again at rate 1/`service_s`;
people waiting give up at rate 1/`patience_s`; any number of calls may be placed at any moment. Maximised is
busy agents less a price for each abandonment (a Lagrange multiplier); the price at which abandonments are the
target share gives the largest occupancy of all policies with the same information that keep the target.

The state is (m, r): m busy agents and people waiting together, r calls in flight. Policy iteration (Howard
1960) over sparse linear systems; a few steps are enough, since the best policy keeps r up to a stock for each
m.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from pacing.counting import LedgerPolicy, Wish
from pacing.policy import AgentState, CallOutcome, Limit, Snapshot
from pacing.simulator import Call, Simulation, Stage
from pacing.world import Scenario

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Agents who come back by themselves.
BUSY = (AgentState.TALK, AgentState.WRAP)
#: Rate per second at which the decision may be thought over although nothing happened: without it a state
#: nothing leaves has no long-run mean. It changes no policy's worth.
RECONSIDER = 0.05
#: Prices of an abandonment (seconds of an agent's time) over which a frontier is drawn.
PRICES = (20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 180, 200, 220, 250, 300, 350)
PRICES_DEAR = (500.0, 800.0, 1500.0, 3000.0, 10000.0)


@dataclass(frozen=True, slots=True)
class Memoryless:
    """The memoryless case. Times in seconds."""

    agents: int
    service_s: float = 110.0
    ring_s: float = 12.0
    p_human: float = 0.25
    patience_s: float = 2.0

    @property
    def waiting_most(self) -> int:
        """People waiting at most; one more gives up at once. More than that never wait at small abandonment."""
        return 4 if self.agents <= 20 else 6

    @property
    def flying_most(self) -> int:
        """Calls in flight at most: three times what keeps all agents busy, and some."""
        busy = self.agents / self.service_s * self.ring_s / self.p_human
        return int(max(16.0, 3 * busy + 16))

    def scenario(self, hours: float, tick: float = 0.25) -> Scenario:
        """The same case for the simulator."""
        return Scenario(
            name=f"memoryless-{self.agents}",
            n_agents=self.agents,
            hours=hours,
            outcome_knots=((0, self.p_human, 0.0, 1 - self.p_human, 0.0),),
            pdd=("const", 0.0),
            ring_human=("exp", self.ring_s),
            busy_time=("exp", self.ring_s),
            ring_timeout=5 * self.ring_s,
            amd=False,
            greeting=("const", 0.0),
            wait_limit=self.patience_s,
            wait_exp=True,
            bridge=0.0,
            talk=("exp", self.service_s - 0.2),
            wrap=("const", 0.2),
            agent_wrap_spread=0.0,
            agent_talk_spread=0.0,
            p_pause=0.0,
            breaks=(),
            login_spread=1.0,
            trunks_per_agent=20.0,
            tick=tick,
        )


@dataclass(frozen=True, slots=True)
class Worth:
    """What a policy of the memoryless case reaches in the long run; shares in [0, 1]."""

    occupancy: float
    abandonment: float
    #: (m states,): calls in flight kept up to, by busy agents and people waiting.
    stock: tuple[int, ...]


class _Chain:
    """The transitions of the memoryless case, state m * (flying_most + 1) + r."""

    def __init__(self, model: Memoryless) -> None:
        self.model = model
        self.top, self.width = model.agents + model.waiting_most, model.flying_most + 1
        self.n = (self.top + 1) * self.width
        m, r = np.divmod(np.arange(self.n), self.width)
        self.m, self.r = m, r
        busy = np.minimum(m, model.agents)
        full = m == self.top
        freed, gives_up = busy / model.service_s, (m - busy) / model.patience_s
        person = r / model.ring_s * model.p_human
        other = r / model.ring_s * (1 - model.p_human)
        self.busy, self.person = busy.astype(float), person
        self.abandoned = gives_up + np.where(full, person, 0.0)
        one_less = np.maximum(r - 1, 0)
        #: Rates (k, n) and the states they lead to, before new calls are placed.
        self.rates = np.stack([freed + gives_up, person, other, np.full(self.n, RECONSIDER)])
        self.next = np.stack(
            [
                np.maximum(m - 1, 0) * self.width + r,
                np.where(full, m, m + 1) * self.width + one_less,
                m * self.width + one_less,
                np.arange(self.n),
            ]
        )

    def post(self, stock: Integers) -> Integers:
        """State after placing, by state before, when r is kept up to `stock[m]`."""
        return np.asarray(self.m * self.width + np.maximum(self.r, stock[self.m]), np.int64)

    def _entries(self, post: Integers) -> tuple[Integers, Integers, Floats]:
        here = np.arange(self.n)
        rows = np.concatenate([here] * 5)
        columns = np.concatenate([here, *post[self.next]])
        return rows, columns, np.concatenate([-self.rates.sum(axis=0), *self.rates])

    def bias(self, post: Integers, gain: Floats) -> Floats:
        """Relative values of the states after placing, for the gain per second in each; state 0 has 0."""
        rows, columns, values = self._entries(post)
        kept = columns != 0
        here = np.arange(self.n)
        # Column 0, whose value is 0, carries the long-run mean instead.
        matrix = csc_matrix(
            (
                np.concatenate([values[kept], np.full(self.n, -1.0)]),
                (np.concatenate([rows[kept], here]), np.concatenate([columns[kept], np.zeros(self.n, int)])),
            ),
            shape=(self.n, self.n),
        )
        values = splu(matrix).solve(-gain)
        values[0] = 0.0
        return np.asarray(values)

    def law(self, post: Integers) -> Floats:
        """Long-run probabilities of the states after placing."""
        rows, columns, values = self._entries(post)
        kept = columns != 0
        here = np.arange(self.n)
        # One balance equation follows from the others: it gives way to "they add up to 1".
        matrix = csc_matrix(
            (
                np.concatenate([values[kept], np.ones(self.n)]),
                (np.concatenate([columns[kept], np.zeros(self.n, int)]), np.concatenate([rows[kept], here])),
            ),
            shape=(self.n, self.n),
        )
        return np.asarray(splu(matrix).solve(np.eye(1, self.n)[0]))

    def worth(self, stock: Integers) -> Worth:
        law = self.law(self.post(stock))
        return Worth(
            occupancy=float(law @ self.busy) / self.model.agents,
            abandonment=float(law @ self.abandoned) / max(float(law @ self.person), 1e-12),
            stock=tuple(int(x) for x in stock),
        )


def evaluate(model: Memoryless, stock: Sequence[int]) -> Worth:
    """What keeping `stock[m]` calls in flight reaches; `stock` covers m = 0 .. agents + waiting_most."""
    chain = _Chain(model)
    if len(stock) != chain.top + 1 or min(stock) < 0 or max(stock) >= chain.width:
        raise ValueError(f"stock needs {chain.top + 1} numbers from 0 to {chain.width - 1}: {stock!r}")
    return chain.worth(np.array(stock, np.int64))


def optimum(model: Memoryless, price: float) -> Worth:
    """The best policy when an abandonment costs `price` seconds of an agent's time."""
    chain = _Chain(model)
    gain = chain.busy - price * chain.abandoned
    stock = np.clip(2 * (model.agents - np.arange(chain.top + 1)), 0, chain.width - 1).astype(np.int64)
    for _ in range(100):
        values = chain.bias(chain.post(stock), gain).reshape(chain.top + 1, chain.width)
        better = values.argmax(axis=1)
        at = np.arange(chain.top + 1)
        # Where nothing is gained the policy stays as it is: that ends the iteration.
        new = np.where(values[at, better] > values[at, stock] + 1e-9, better, stock)
        if (new == stock).all():
            return chain.worth(stock)
        stock = new
    raise ArithmeticError(f"policy iteration did not settle for {model} at price {price}")


def frontier(model: Memoryless, prices: Iterable[float] = (*PRICES, *PRICES_DEAR)) -> list[Worth]:
    """Optimal policies by falling price: occupancy against abandonment. Between two of them lie the mixtures."""
    found = {worth.stock: worth for worth in (optimum(model, price) for price in prices)}
    return sorted(found.values(), key=lambda worth: worth.abandonment)


def occupancy_at(points: Sequence[Worth], abandonment: float) -> float:
    """The largest occupancy at this abandonment: a mixture of the two policies next to it on the frontier."""
    return float(np.interp(abandonment, [p.abandonment for p in points], [p.occupancy for p in points]))


class BaseStock(LedgerPolicy):
    """Keeps a stock of calls in flight for each number of busy agents and people waiting: an optimal policy
    of the memoryless case, played."""

    name = "base_stock"

    def __init__(self, model: Memoryless, stock: Sequence[int]) -> None:
        super().__init__()
        self.model, self.stock = model, tuple(stock)

    def want(self, now: float, snap: Snapshot) -> Wish:
        # Whoever is not free counts as busy, also when he has gone home.
        m = min(max(0, self.model.agents - snap.ready + snap.waiting), len(self.stock) - 1)
        wanted = self.stock[m] - self.ledger.dialling(snap)
        return Wish(max(0, wanted), Limit.RISK, lambda: (f"{self.stock[m]} calls in flight are best.", {}))


class Clairvoyant(LedgerPolicy):
    """Knows what every call will do and when every agent is free, and dials the list in order: each call as
    soon as nobody will be abandoned for it. Greedy, so no strict bound, but no policy that keeps the order and
    abandons nobody does much better."""

    name = "clairvoyant"

    def __init__(self) -> None:
        super().__init__()
        self.simulation: Simulation | None = None

    def attend(self, simulation: Simulation) -> None:
        """The world to look into. ValueError where people's patience is drawn only as they wait."""
        if simulation.scenario.wait_exp:
            raise ValueError(f"{simulation.scenario.name}: the clairvoyant needs people of known patience")
        self.simulation = simulation

    def want(self, now: float, snap: Snapshot) -> Wish:
        sim = self.simulation
        if sim is None:
            raise ValueError("the clairvoyant has no world: attend() a simulation first")
        people = [
            call for call in sim.calls.values() if call.stage is not Stage.TALKING and wants_agent(call)
        ]
        calls = 0
        while calls < sim.allowance():
            call = sim.foresee(calls)
            if wants_agent(call):
                if not self._fits(sim, [*people, call]):
                    break
                people.append(call)
            calls += 1
        return Wish(calls, Limit.RISK, lambda: ("The next person would find no agent.", {}))

    def _fits(self, sim: Simulation, people: Sequence[Call]) -> bool:
        """Does everyone find an agent in time, first come, first served?"""
        free = [agent.free_at for agent in sim.agents if agent.state in BUSY] + [sim.now] * len(sim.ready)
        heapq.heapify(free)
        for i, call in enumerate(sorted(people, key=lambda call: call.judged_at)):
            if not free:
                return False
            starts = max(heapq.heappop(free), call.judged_at)
            if starts > call.deadline:
                return False
            heapq.heappush(free, starts + sim.busy_s(i, call))
        return True


def wants_agent(call: Call) -> bool:
    """Will somebody have to take this call?"""
    return (call.fate is CallOutcome.HUMAN and not call.false_positive) or call.passed_machine
