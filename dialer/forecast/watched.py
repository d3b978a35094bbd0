"""A policy in a simulation that goes on where the campaign stands: its clock, what it has learned, what it came to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from pacing.policy import (
    AgentId,
    AgentState,
    Answer,
    CallId,
    CampaignInfo,
    Explanation,
    Policy,
    Snapshot,
    State,
)

#: What a snapshot tells of the floor: agents and calls which the simulation does not have.
_FLOOR = ("ledger", "next_weights", "rates", "rates_at", "drift_since", "drift_least", "astray_since")
_BUSY = frozenset({AgentState.TALK, AgentState.WRAP})


@dataclass(frozen=True, slots=True)
class Start:
    """Where a policy begins: the time on its clock (s), and its snapshot of then; None: it has everything to learn."""

    clock_s: float = 0.0
    state: State | None = None


@dataclass(slots=True)
class Counts:
    """What happened between two moments of a simulation. Seconds of all agents together."""

    begin_s: float
    end_s: float
    spent_s: dict[AgentState, float] = field(default_factory=lambda: dict.fromkeys(AgentState, 0.0))
    connected: int = 0
    abandoned: int = 0

    def figures(self) -> dict[str, float]:
        """As a campaign's figures are counted (`domain.logged.Figures`), by agent and hour."""
        busy_s, ready_s = sum(self.spent_s[state] for state in _BUSY), self.spent_s[AgentState.READY]
        staffed_s = max(busy_s + ready_s, 1e-9)
        return {
            "occupancy": busy_s / staffed_s,
            "abandonment": self.abandoned / max(1, self.abandoned + self.connected),
            "idle_s": ready_s / max(1, self.connected),
            "talk_min_per_hour": 60 * self.spent_s[AgentState.TALK] / staffed_s,
            "connects_per_hour": 3600 * self.connected / staffed_s,
        }


class Watched(Policy):
    """Stands before a policy: moves the simulation's clock to its own, gives it its past, counts what comes of it."""

    name = "watched"

    def __init__(self, policy: Policy, start: Start, counts: Counts) -> None:
        self.policy, self.start, self.counts = policy, start, counts
        self.agents: dict[AgentId, tuple[AgentState, float]] = {}
        self.now_s = start.clock_s

    @property
    def stands(self) -> Start:
        """Where the policy stands now."""
        return Start(self.now_s, self.policy.snapshot())

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        self.policy.campaign_start(self._at(now), info)
        if self.start.state is not None:
            empty = self.policy.snapshot()
            floor = {name: empty[name] for name in _FLOOR if name in empty}
            self.policy.restore({**self.start.state, **floor})

    def agent_state(self, now: float, agent_id: AgentId, state: str, segment: Hashable = None) -> None:
        was, since = self.agents.get(agent_id, (AgentState.OFF, now))
        self.counts.spent_s[was] += max(0.0, min(now, self.counts.end_s) - max(since, self.counts.begin_s))
        self.agents[agent_id] = (AgentState(state), now)
        self.policy.agent_state(self._at(now), agent_id, state, segment)

    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        self.policy.call_placed(self._at(now), call_id, p_human, segment)

    def call_answered(self, now: float, call_id: CallId) -> None:
        self.policy.call_answered(self._at(now), call_id)

    def call_human(self, now: float, call_id: CallId, deadline: float) -> None:
        self.policy.call_human(self._at(now), call_id, self.start.clock_s + deadline)

    def call_connected(self, now: float, call_id: CallId, agent_id: AgentId) -> None:
        self.counts.connected += self._counts(now)
        self.policy.call_connected(self._at(now), call_id, agent_id)

    def call_abandoned(self, now: float, call_id: CallId) -> None:
        self.counts.abandoned += self._counts(now)
        self.policy.call_abandoned(self._at(now), call_id)

    def call_ended(self, now: float, call_id: CallId, outcome: str) -> None:
        self.policy.call_ended(self._at(now), call_id, outcome)

    def decide(self, now: float, snap: Snapshot) -> Answer:
        return self.policy.decide(self._at(now), snap)

    def explain(self) -> Explanation:
        return self.policy.explain()

    def snapshot(self) -> State:
        return self.policy.snapshot()

    def restore(self, state: State) -> None:
        self.policy.restore(state)

    def warm_start(self, state: State) -> None:
        self.policy.warm_start(state)

    def _at(self, now: float) -> float:
        self.now_s = self.start.clock_s + now
        return self.now_s

    def _counts(self, now: float) -> bool:
        return self.counts.begin_s <= now < self.counts.end_s
