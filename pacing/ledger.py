"""Where every agent and every call stands, as far as the events told it.

The fold over the event stream that all policies share. It takes events late, twice, out of order or never: an
event older than what is known of an agent is dropped, an ended call stays ended, and what should long be over
is written off. It also keeps the placements asked for and not yet confirmed: without them the same free agent
is dialled for again on every tick until the first confirmation arrives.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from pacing.policy import AgentId, AgentState, CallId, CallOutcome, Snapshot, State

#: Seconds beyond the ring timeout after which a ringing call's end must have been lost: post-dial delay and
#: lag.
RINGING_GRACE_S = 15.0
#: Seconds after which a classifier's verdict must have been lost (it decides within 5 s, told at most 3 s
#: late).
SCREENING_GRACE_S = 12.0
#: No person is made to wait longer than this, whatever deadline is told.
WAITING_LONGEST_S = 60.0
#: Seconds after a waiting person's deadline at which his end must have been lost.
WAITING_GRACE_S = 4.0
#: Seconds after which a conversation's end must have been lost.
TALKING_GRACE_S = 4 * 3600.0
#: Seconds a placement may stay unconfirmed before it is taken as lost.
ASKED_GRACE_S = 8.0
#: Seconds an ended call is remembered, so that a late event does not revive it.
CLOSED_MEMORY_S = 60.0

#: A time, and the seconds the call had rung, where known.
Answered = tuple[float, float | None]


class Spell(NamedTuple):
    """A finished stay of an agent in one state."""

    state: AgentState
    seconds: float
    then: AgentState


class Ring(NamedTuple):
    """A call that stopped ringing. `seconds` since it was placed, None when that was never told."""

    seconds: float | None


class Screened(NamedTuple):
    """A verdict on an answered call: how long it had rung and how long the verdict took, where known."""

    ring_s: float | None
    delay_s: float | None


class Ending(NamedTuple):
    """The end of a call, from the stage it was known in."""

    ring: Ring | None
    screened: Screened | None
    #: It was a live answer not yet counted: its connection or abandonment was never told.
    live: bool
    abandoned: bool
    #: It was connected, and is over.
    talked: bool
    #: Seconds an answered call had rung, where known.
    rung_s: float | None


NOTHING = Ending(None, None, False, False, False, None)


class Ledger:
    """Agents by state, calls by stage. Times are seconds on the caller's clock."""

    def __init__(self, ring_timeout_s: float) -> None:
        self.ring_timeout_s = ring_timeout_s
        #: Agent -> state; agents who left stay as OFF so that an older event does not bring them back.
        self.agents: dict[AgentId, AgentState] = {}
        #: State -> agents in it -> since when.
        self.since: dict[AgentState, dict[AgentId, float]] = {state: {} for state in AgentState}
        #: Call -> when it was placed.
        self.ringing: dict[CallId, float] = {}
        #: Call -> (when it was answered, seconds it had rung or None).
        self.screening: dict[CallId, Answered] = {}
        #: Call -> (deadline, seconds it had rung or None).
        self.waiting: dict[CallId, Answered] = {}
        #: Call -> (when it was connected, seconds it had rung or None).
        self.talking: dict[CallId, Answered] = {}
        #: Call -> when it ended, for a while.
        self.closed: dict[CallId, float] = {}
        #: Call -> how much likelier than usual a person answers, for calls still open where it is not 1.
        self.weights: dict[CallId, float] = {}
        #: Placements asked for and not yet confirmed, oldest first: when, and how much likelier than usual a
        #: person answers.
        self.asked: list[tuple[float, float]] = []
        #: How many the last decision asked for.
        self.asked_last = 0
        #: Placements refused so far (beyond lines or calls per second).
        self.refused = 0

    # ------------------------------------------------------------------ events

    def agent_state(self, now: float, agent_id: AgentId, state: str) -> Spell | None:
        """Enter a state; gives the spell it finished, None when nothing new was learned."""
        new = AgentState(state)
        old = self.agents.get(agent_id)
        spell = None
        if old is not None:
            since = self.since[old][agent_id]
            if now < since or new is old:
                return None
            del self.since[old][agent_id]
            spell = Spell(old, now - since, new)
        self.agents[agent_id] = new
        self.since[new][agent_id] = now
        return spell

    def call_placed(self, now: float, call_id: CallId) -> float | None:
        """Sent. Gives the weight it was asked for with, None when it was known before."""
        if not self._is_new(call_id):
            return None
        self.ringing[call_id] = now
        return self._confirm()

    def weigh(self, call_id: CallId, weight: float) -> None:
        """A ringing call is so much likelier than usual to be answered by a person."""
        if weight != 1.0:
            self.weights[call_id] = weight

    def call_answered(self, now: float, call_id: CallId) -> Ring | None:
        placed = self.ringing.pop(call_id, None)
        if placed is None:
            if not self._is_new(call_id):
                return None
            self._confirm()
        ring_s = None if placed is None else max(0.0, now - placed)
        self.screening[call_id] = (now, ring_s)
        return Ring(ring_s)

    def call_human(self, now: float, call_id: CallId, deadline: float) -> Ending:
        """Judged a person. The ring is in the answer when its end was not told before."""
        if call_id in self.closed or call_id in self.talking or call_id in self.waiting:
            return NOTHING
        ending = self._leave(now, call_id)
        self.weights.pop(call_id, None)
        self.waiting[call_id] = (min(deadline, now + WAITING_LONGEST_S), ending.rung_s)
        return ending

    def call_connected(self, now: float, call_id: CallId) -> Ending:
        """Given to an agent: `live` the first time."""
        if call_id in self.closed or call_id in self.talking:
            return NOTHING
        ending = self._leave(now, call_id)
        self.weights.pop(call_id, None)
        self.talking[call_id] = (now, ending.rung_s)
        return ending._replace(live=True)

    def call_abandoned(self, now: float, call_id: CallId) -> Ending:
        """Nobody came: `live` and `abandoned` the first time."""
        if call_id in self.closed or call_id in self.talking:
            return NOTHING
        ending = self._leave(now, call_id)
        self._close(now, call_id)
        return ending._replace(live=True, abandoned=True)

    def call_ended(self, now: float, call_id: CallId, outcome: str) -> Ending:
        """Over. A connection or abandonment which was never told is counted now, by the outcome."""
        why = CallOutcome(outcome)
        if call_id in self.closed:
            return NOTHING
        self._close(now, call_id)
        talked = self.talking.pop(call_id, None)
        if talked is not None:
            return NOTHING._replace(talked=True, rung_s=talked[1])
        waited = call_id in self.waiting
        ending = self._leave(now, call_id)
        if why is CallOutcome.ABANDONED:
            return ending._replace(live=True, abandoned=True)
        # A person who was waiting and is gone without a word of an agent may as well have hung up: not
        # counted.
        return ending._replace(live=why is CallOutcome.HUMAN and not waited)

    # --------------------------------------------------------------- decisions

    def settle(self, now: float, snap: Snapshot) -> int:
        """Begin a decision: take refused placements back, write off what is long over. Gives how many were
        refused."""
        refused = min(max(0, self.asked_last - max(0, snap.placed_last)), len(self.asked))
        if refused:
            del self.asked[-refused:]
            self.refused += refused
        self.asked_last = 0
        while self.asked and now - self.asked[0][0] > ASKED_GRACE_S:
            self.asked.pop(0)
        oldest = now - self.ring_timeout_s - RINGING_GRACE_S
        while self.ringing:
            call_id = next(iter(self.ringing))
            if self.ringing[call_id] >= oldest:
                break
            del self.ringing[call_id]
            self._close(now, call_id)
        self._write_off(self.screening, now - SCREENING_GRACE_S, now)
        self._write_off(self.waiting, now - WAITING_GRACE_S, now)
        self._write_off(self.talking, now - TALKING_GRACE_S, now)
        while self.closed:
            call_id = next(iter(self.closed))
            if now - self.closed[call_id] <= CLOSED_MEMORY_S:
                break
            del self.closed[call_id]
        return refused

    def ask(self, now: float, calls: int, weights: Sequence[float] = ()) -> None:
        """End a decision: these placements are asked for; the first of them have these weights, others 1."""
        known = [(now, weight) for weight in weights[:calls]]
        self.asked += known + [(now, 1.0)] * (calls - len(known))
        self.asked_last = calls

    def dialling(self, snap: Snapshot) -> int:
        """Calls placed or asked for that are not yet a person or over; the platform's own count when it is
        higher."""
        return max(len(self.ringing) + len(self.asked), snap.in_flight) + len(self.screening)

    # ------------------------------------------------------------------- state

    def snapshot(self) -> State:
        return {
            "agents": [[a, str(state), self.since[state][a]] for a, state in self.agents.items()],
            "ringing": [list(x) for x in self.ringing.items()],
            "screening": [[call, *answered] for call, answered in self.screening.items()],
            "waiting": [[call, *answered] for call, answered in self.waiting.items()],
            "talking": [[call, *answered] for call, answered in self.talking.items()],
            "closed": [list(x) for x in self.closed.items()],
            "weights": [list(x) for x in self.weights.items()],
            "asked": [list(x) for x in self.asked],
            "asked_last": self.asked_last,
            "refused": self.refused,
        }

    def restore(self, state: State) -> None:
        self.agents = {a: AgentState(s) for a, s, _ in state["agents"]}
        self.since = {state: {} for state in AgentState}
        for agent_id, held, since in state["agents"]:
            self.since[AgentState(held)][agent_id] = float(since)
        self.ringing = _pairs(state["ringing"])
        self.screening = _answered(state["screening"])
        self.waiting = _answered(state["waiting"])
        self.talking = _answered(state["talking"])
        self.closed = _pairs(state["closed"])
        self.weights = _pairs(state["weights"])
        self.asked = [(float(t), float(weight)) for t, weight in state["asked"]]
        self.asked_last = int(state["asked_last"])
        self.refused = int(state["refused"])

    # ------------------------------------------------------------------ within

    def _is_new(self, call_id: CallId) -> bool:
        return not (
            call_id in self.ringing
            or call_id in self.screening
            or call_id in self.waiting
            or call_id in self.talking
            or call_id in self.closed
        )

    def _confirm(self) -> float:
        """A call not heard of before answers the oldest placement still open: gives its weight."""
        return self.asked.pop(0)[1] if self.asked else 1.0

    def _close(self, now: float, call_id: CallId) -> None:
        self.closed[call_id] = now
        self.weights.pop(call_id, None)

    def _leave(self, now: float, call_id: CallId) -> Ending:
        """Take a call out of whatever stage it is in."""
        placed = self.ringing.pop(call_id, None)
        if placed is not None:
            ring_s = max(0.0, now - placed)
            return NOTHING._replace(ring=Ring(ring_s), rung_s=ring_s)
        heard = self.screening.pop(call_id, None)
        if heard is not None:
            answered, rung_s = heard
            return NOTHING._replace(screened=Screened(rung_s, max(0.0, now - answered)), rung_s=rung_s)
        waited = self.waiting.pop(call_id, None)
        if waited is not None:
            return NOTHING._replace(rung_s=waited[1])
        self._confirm()
        return NOTHING

    def _write_off(self, stage: dict[CallId, Answered], before: float, now: float) -> None:
        while stage:
            call_id = next(iter(stage))
            if stage[call_id][0] >= before:
                break
            del stage[call_id]
            self._close(now, call_id)


def _answered(rows: list[list[Any]]) -> dict[Hashable, Answered]:
    return {call: (float(at), None if ring_s is None else float(ring_s)) for call, at, ring_s in rows}


def _pairs(rows: list[list[Any]]) -> dict[Hashable, float]:
    return {key: float(value) for key, value in rows}
