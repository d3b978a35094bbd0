"""The textbook: answers as a Poisson stream, agents as an Erlang loss system.

Keeps in flight the calls whose answers load the agents just so much that the Erlang B loss, thinned by the
chance that somebody frees within the wait limit, is the target. Means of answer rate, ring time and handling
time by exponential smoothing. It knows neither who is busy since when nor which calls are about to be
answered.
"""

from __future__ import annotations

import math

from pacing.counting import Figures, LedgerPolicy, Wish
from pacing.ledger import Ending, Spell
from pacing.policy import AgentId, AgentState, CampaignInfo, Limit, Snapshot, State, register

#: Guesses without a prior, and the first mean time from placing a call to its end or verdict.
P_HUMAN, TALK_S, WRAP_S, FLIGHT_S = 0.2, 90.0, 20.0, 15.0
#: Weights of one new observation.
P_WEIGHT, FLIGHT_WEIGHT, HANDLING_WEIGHT = 0.005, 0.01, 0.02
#: Share of the wait limit in which an agent who frees up is in time.
USEFUL_WAIT = 0.6
#: Below this answer rate it would want calls without end.
P_LEAST = 0.02
BISECTIONS = 30


def erlang_b(servers: int, load: float) -> float:
    """Share of arrivals which find all servers busy, load in Erlang (Erlang 1917, by recursion)."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


@register("erlang")
class Erlang(LedgerPolicy):
    """No settings."""

    def __init__(self) -> None:
        super().__init__()
        self._begin(self.info)

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        super().campaign_start(now, info)
        self._begin(info)

    def _begin(self, info: CampaignInfo) -> None:
        prior = info.prior or {}
        self.p_human = min(max(prior.get("p_human", P_HUMAN), P_LEAST), 0.9)
        self.flight_s = FLIGHT_S
        self.handling_s = max(prior.get("talk", TALK_S), 1.0) + max(prior.get("wrap", WRAP_S), 0.0)
        #: Agent -> seconds of the talk whose wrap-up is under way.
        self.talked: dict[AgentId, float] = {}
        self.loads: dict[tuple[int, int], float] = {}

    def spell_ended(self, now: float, agent_id: AgentId, spell: Spell) -> None:
        if spell.state is AgentState.TALK:
            self.talked[agent_id] = spell.seconds
        elif spell.state is AgentState.WRAP:
            talk_s = self.talked.pop(agent_id, None)
            if talk_s is not None:
                self.handling_s += HANDLING_WEIGHT * (talk_s + spell.seconds - self.handling_s)

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        if ending.ring is not None:
            flight_s = ending.ring.seconds
        elif ending.screened is not None:
            ring_s, delay_s = ending.screened
            flight_s = None if ring_s is None or delay_s is None else ring_s + delay_s
        else:
            return
        if flight_s is not None:
            self.flight_s += FLIGHT_WEIGHT * (flight_s - self.flight_s)
        person = outcome in (None, "human", "machine_fn", "abandoned")
        self.p_human += P_WEIGHT * (person - self.p_human)

    def want(self, now: float, snap: Snapshot) -> Wish:
        held = self.ledger.since
        able = len(held[AgentState.READY]) + len(held[AgentState.TALK]) + len(held[AgentState.WRAP])
        agents = min(able, snap.logged_in)
        if agents <= 0:
            return Wish(0, Limit.NO_AGENTS, lambda: ("Every agent is paused.", {}))
        load = self._load(agents)
        wanted = load / self.handling_s * self.flight_s / max(P_LEAST, self.p_human)
        figures: Figures = {"p_human": self.p_human, "load": load, "in_flight_wanted": wanted}
        calls = math.floor(wanted + 0.5) - self.ledger.dialling(snap) - snap.waiting
        return Wish(
            calls, Limit.RISK, lambda: (f"{agents} agents may be offered {load:.1f} Erlang.", figures)
        )

    def _load(self, agents: int) -> float:
        """The offered load in Erlang at which the loss is the target."""
        key = (agents, round(self.handling_s))
        if key not in self.loads:
            in_time = math.exp(-agents / key[1] * self.info.wait_limit * USEFUL_WAIT)
            low, high = 0.05, 3.0
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                if erlang_b(agents, middle * agents) * in_time > self.info.target_abandon:
                    high = middle
                else:
                    low = middle
            self.loads[key] = low * agents
        return self.loads[key]

    def snapshot(self) -> State:
        return super().snapshot() | {
            "p_human": self.p_human,
            "flight_s": self.flight_s,
            "handling_s": self.handling_s,
            "talked": [[agent, seconds] for agent, seconds in self.talked.items()],
        }

    def restore(self, state: State) -> None:
        super().restore(state)
        self.p_human, self.flight_s = float(state["p_human"]), float(state["flight_s"])
        self.handling_s = float(state["handling_s"])
        self.talked = {agent: float(seconds) for agent, seconds in state["talked"]}
