"""What every policy by rule shares: a ledger fed with the events, and a decision kept for `explain()`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

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

STATE_SCHEMA = "pacing-state/2"
#: Seconds without a sign of life of the switch after which a policy works blind.
BLIND_AFTER_S = 2.0


#: More figures of a decision by name.
Figures = dict[str, str | float | int | bool | None]


class Wish(NamedTuple):
    """What a policy wants before lines and leads clip it."""

    calls: int
    limit: Limit
    #: The reason and figures. Asked for only when somebody wants to know, so it holds what it needs by value.
    tell: Callable[[], tuple[str, Figures]]


class LedgerPolicy(Policy):
    """Keeps the ledger; a subclass says how many calls it wants, and may learn from what happened."""

    def __init__(self) -> None:
        self.info = CampaignInfo()
        self.ledger = Ledger(self.info.ring_timeout)
        self._told: Callable[[], PacingDecision] | None = None

    # ------------------------------------------------------- for the subclass

    @abstractmethod
    def want(self, now: float, snap: Snapshot) -> Wish:
        """Calls wanted, and why not more. Asked only while somebody is logged in."""

    def weigh(self, call_id: CallId, asked: float, p_human: float | None, segment: Hashable) -> float:
        """How much likelier than usual a person answers this call, asked for with weight `asked`."""
        return asked

    def weights_ahead(self) -> Sequence[float]:
        """The same for the calls of the last wish, in the order of the list."""
        return ()

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
        self._told = None

    def agent_state(self, now: float, agent_id: AgentId, state: str, segment: Hashable = None) -> None:
        spell = self.ledger.agent_state(now, agent_id, state)
        if spell is not None:
            self.spell_ended(now, agent_id, spell)

    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        asked = self.ledger.call_placed(now, call_id)
        if asked is not None:
            self.ledger.weigh(call_id, self.weigh(call_id, asked, p_human, segment))

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
        if snap.logged_in > 0:
            wish = self.want(now, snap)
        else:
            wish = Wish(0, Limit.NO_AGENTS, lambda: ("Nobody is logged in.", {}))
        calls, limit, clipped = max(0, wish.calls), wish.limit, ""
        if calls > snap.free_lines:
            calls, limit = max(0, snap.free_lines), Limit.LINES
            clipped = f"Only {calls} lines are free. "
        elif calls and refused:
            limit, clipped = Limit.CPS, f"{refused} calls were refused, being too many in a second. "
        leads = len(snap.peek(calls)) if calls and snap.peek is not None else calls
        if leads < calls:
            calls, limit, clipped = leads, Limit.LEADS, f"Only {leads} leads are left to dial. "
        self.ledger.ask(now, calls, self.weights_ahead())
        ready, logged_in, in_flight, waiting = snap.ready, snap.logged_in, snap.in_flight, snap.waiting

        def told() -> PacingDecision:
            reason, more = wish.tell()
            figures = {"ready": ready, "logged_in": logged_in, "in_flight": in_flight, "waiting": waiting}
            return PacingDecision(self.name, calls, limit, clipped + reason, figures | more)

        self._told = told
        return calls

    def explain(self) -> Explanation:
        return {} if self._told is None else self._told().explain()

    # ------------------------------------------------------------------- state

    def snapshot(self) -> State:
        return {"schema": STATE_SCHEMA, "policy": self.name, "ledger": self.ledger.snapshot()}

    def restore(self, state: State) -> None:
        self._check(state)
        self.ledger.restore(state["ledger"])

    def warm_start(self, state: State) -> None:
        """A policy by rule learns nothing of calls: only whether the snapshot is its own is checked."""
        self._check(state)

    def _check(self, state: State) -> None:
        if state.get("schema") != STATE_SCHEMA or state.get("policy") != self.name:
            raise ValueError(
                f"a snapshot of policy {state.get('policy')!r} ({state.get('schema')!r}) cannot be restored "
                f"into {self.name!r} ({STATE_SCHEMA!r}): start {self.name!r} afresh"
            )
