"""What every policy by rule shares: a ledger fed with the events, and a decision kept for `explain()`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any

from pacing.ledger import Ending, Ledger, Ring, Spell
from pacing.policy import (
    AgentId,
    Answer,
    CallId,
    CampaignInfo,
    Explanation,
    Limit,
    PacingDecision,
    Policy,
    Snapshot,
    State,
)

STATE_SCHEMA = "pacing-state/1"
#: Seconds without a sign of life of the switch after which a policy works blind.
BLIND_AFTER_S = 2.0


class LedgerPolicy(Policy):
    """Keeps the ledger; a subclass says how many calls it wants, and may learn from what happened."""

    def __init__(self) -> None:
        self.info = CampaignInfo()
        self.ledger = Ledger(self.info.ring_timeout)
        self.decision: PacingDecision | None = None

    # ------------------------------------------------------- for the subclass

    @abstractmethod
    def want(self, now: float, snap: Snapshot) -> tuple[int, Limit, str, dict[str, Any]]:
        """Calls wanted before lines and leads clip it, the limit that binds, the reason, more figures."""

    def spell_ended(self, now: float, agent_id: AgentId, spell: Spell) -> None:
        """An agent left a state."""

    def ring_ended(self, now: float, ring: Ring) -> None:
        """A call was answered; what by is not known yet."""

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        """A call was judged a person, connected, abandoned (`outcome` None) or ended (its outcome)."""

    # ------------------------------------------------------------------ events

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        self.info = info
        self.ledger = Ledger(info.ring_timeout)
        self.decision = None

    def agent_state(self, now: float, agent_id: AgentId, state: str, segment: Hashable = None) -> None:
        spell = self.ledger.agent_state(now, agent_id, state)
        if spell is not None:
            self.spell_ended(now, agent_id, spell)

    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        self.ledger.call_placed(now, call_id)

    def call_answered(self, now: float, call_id: CallId) -> None:
        ring = self.ledger.call_answered(now, call_id)
        if ring is not None:
            self.ring_ended(now, ring)

    def call_human(self, now: float, call_id: CallId, deadline: float) -> None:
        self.call_moved(now, self.ledger.call_human(now, call_id, deadline), None)

    def call_connected(self, now: float, call_id: CallId, agent_id: AgentId) -> None:
        self.call_moved(now, self.ledger.call_connected(now, call_id), None)

    def call_abandoned(self, now: float, call_id: CallId) -> None:
        self.call_moved(now, self.ledger.call_abandoned(now, call_id), None)

    def call_ended(self, now: float, call_id: CallId, outcome: str) -> None:
        self.call_moved(now, self.ledger.call_ended(now, call_id, outcome), outcome)

    # --------------------------------------------------------------- decisions

    def decide(self, now: float, snap: Snapshot) -> Answer:
        refused = self.ledger.settle(now, snap)
        figures: dict[str, Any] = {
            "ready": snap.ready,
            "logged_in": snap.logged_in,
            "in_flight": snap.in_flight,
            "waiting": snap.waiting,
        }
        if snap.logged_in <= 0:
            calls, limit, reason = 0, Limit.NO_AGENTS, "Nobody is logged in."
        else:
            wanted, limit, reason, more = self.want(now, snap)
            figures |= more
            calls = max(0, wanted)
            if calls > 0:
                calls, limit, reason = self._clip(calls, limit, reason, refused, snap)
        self.ledger.ask(now, calls)
        self.decision = PacingDecision(self.name, calls, limit, reason, figures)
        return calls

    def _clip(
        self, calls: int, limit: Limit, reason: str, refused: int, snap: Snapshot
    ) -> tuple[int, Limit, str]:
        """What lines and leads leave of the calls wanted."""
        if calls > snap.free_lines:
            calls = max(0, snap.free_lines)
            limit, reason = Limit.LINES, f"Only {calls} free lines."
        elif refused:
            limit, reason = Limit.CPS, f"{refused} calls of the last decision were refused: calls per second."
        leads = len(snap.peek(calls)) if calls else 0
        if leads < calls:
            calls, limit, reason = leads, Limit.LEADS, f"Only {leads} leads left to dial."
        return calls, limit, reason

    def explain(self) -> Explanation:
        return {} if self.decision is None else self.decision.explain()

    # ------------------------------------------------------------------- state

    def snapshot(self) -> State:
        return {"schema": STATE_SCHEMA, "policy": self.name, "ledger": self.ledger.snapshot()}

    def restore(self, state: State) -> None:
        if state.get("schema") != STATE_SCHEMA or state.get("policy") != self.name:
            raise ValueError(
                f"a snapshot of policy {state.get('policy')!r} ({state.get('schema')!r}) cannot be restored "
                f"into {self.name!r} ({STATE_SCHEMA!r}): start {self.name!r} afresh"
            )
        self.ledger.restore(state["ledger"])
