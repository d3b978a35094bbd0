"""Issabel's predictor (callcenter module), re-implemented from a reading of it.

Calls = free agents + busy agents about to finish - people waiting, less calls already out, each floored at 0;
then divided by max(ASR, 0.20) of the last 30 minutes when overcommit is on and at least ten calls were
placed. A busy agent is about to finish when the exponential distribution function at (talk so far + mean time
to answer) reaches 0.97, with the campaign's mean talk; it needs ten completed calls. That is the probability
that a talk is shorter than this, not that this one ends soon given it has lasted: every long talk always
seems about to end.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable

from pacing.counting import Figures, LedgerPolicy, Wish
from pacing.ledger import Ending, Ring, Spell
from pacing.policy import AgentId, AgentState, CallId, CampaignInfo, Limit, Snapshot, State, register

#: Seconds between two looks at a campaign.
REVIEW_S = 3.0
#: Completed talks before it predicts; calls before it knows the answer rate.
LEAST_TALKS, LEAST_CALLS = 10, 10
ASR_WINDOW_S, ASR_LEAST = 1800.0, 0.20
#: Mean seconds to answer before any was seen; talks below ten seconds count as short calls, not completed
#: ones.
FIRST_ANSWER_S, SHORT_TALK_S = 8.0, 10.0


@register("issabel")
class Issabel(LedgerPolicy):
    """Settings as in its configuration: `quality` (probability from which an agent is about to finish, 0.97),
    `overcommit` (divide by the answer rate; off as shipped), `extra` (calls always added when some are
    placed, 0)."""

    def __init__(self, quality: float = 0.97, overcommit: bool = False, extra: int = 0) -> None:
        super().__init__()
        if not 0.5 <= quality < 1.0:
            raise ValueError(f"quality {quality!r} is out of range: give 0.5 to below 1")
        if not 0 <= extra <= 20:
            raise ValueError(f"extra {extra!r} is out of range: give 0 to 20")
        self.quality, self.overcommit, self.extra = quality, overcommit, extra
        self._begin()

    def campaign_start(self, now: float, info: CampaignInfo) -> None:
        super().campaign_start(now, info)
        self._begin()

    def _begin(self) -> None:
        self.reviewed_at = -math.inf
        self.talks, self.talk_s = 0, 0.0
        self.rings, self.ring_s = 0, 0.0
        self.placed_at: deque[float] = deque()
        self.answered_at: deque[float] = deque()

    def spell_ended(self, now: float, agent_id: AgentId, spell: Spell) -> None:
        if spell.state is AgentState.TALK and spell.seconds >= SHORT_TALK_S:
            self.talks += 1
            self.talk_s += spell.seconds

    def ring_ended(self, now: float, ring: Ring) -> None:
        self.answered_at.append(now)
        if ring.seconds is not None:
            self.rings += 1
            self.ring_s += ring.seconds

    def call_moved(self, now: float, ending: Ending, outcome: str | None) -> None:
        if ending.ring is not None and outcome in (None, "human", "machine", "machine_fn", "abandoned"):
            self.ring_ended(now, ending.ring)

    def call_placed(
        self, now: float, call_id: CallId, p_human: float | None = None, segment: Hashable = None
    ) -> None:
        super().call_placed(now, call_id, p_human, segment)
        self.placed_at.append(now)

    def want(self, now: float, snap: Snapshot) -> Wish:
        for times in (self.placed_at, self.answered_at):
            while times and times[0] < now - ASR_WINDOW_S:
                times.popleft()
        if now - self.reviewed_at < REVIEW_S:
            return Wish(0, Limit.FREE_AGENTS, lambda: (f"Looks at the campaign every {REVIEW_S:g} s.", {}))
        self.reviewed_at = now
        finishing = self._about_to_finish(now)
        calls = max(0, snap.ready + finishing - snap.waiting)
        calls = max(0, calls - self.ledger.dialling(snap))
        rate = len(self.answered_at) / len(self.placed_at) if self.placed_at else 0.0
        if calls and self.overcommit and len(self.placed_at) >= LEAST_CALLS and rate > 0:
            calls = int(calls / max(rate, ASR_LEAST) + 0.5)
        if calls:
            calls += self.extra
        ready = snap.ready

        def tell() -> tuple[str, Figures]:
            why = f"{ready} agents free and {finishing} about to finish."
            return why, {"about_to_finish": finishing, "answer_rate": rate}

        return Wish(calls, Limit.FREE_AGENTS, tell)

    def _about_to_finish(self, now: float) -> int:
        if self.talks < LEAST_TALKS:
            return 0
        mean_s = self.talk_s / self.talks
        answer_s = self.ring_s / self.rings if self.rings else FIRST_ANSWER_S
        return sum(
            1 - math.exp(-(max(0.0, now - since) + answer_s) / mean_s) >= self.quality
            for since in self.ledger.since[AgentState.TALK].values()
        )

    def snapshot(self) -> State:
        return super().snapshot() | {
            "reviewed_at": None if math.isinf(self.reviewed_at) else self.reviewed_at,
            "talks": [self.talks, self.talk_s],
            "rings": [self.rings, self.ring_s],
            "placed_at": list(self.placed_at),
            "answered_at": list(self.answered_at),
        }

    def restore(self, state: State) -> None:
        super().restore(state)
        at = state["reviewed_at"]
        self.reviewed_at = -math.inf if at is None else float(at)
        self.talks, self.talk_s = int(state["talks"][0]), float(state["talks"][1])
        self.rings, self.ring_s = int(state["rings"][0]), float(state["rings"][1])
        self.placed_at = deque(map(float, state["placed_at"]))
        self.answered_at = deque(map(float, state["answered_at"]))
