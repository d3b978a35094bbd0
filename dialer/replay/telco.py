"""The far end of a day played again: the n-th call placed has the fate of the n-th call of the day.

The same fates in the same order whatever is dialled when, so two policies meet the same people. Beyond the last logged
call the fates begin again at the first (`wrapped` counts how often).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialer.domain.agent import AgentState
from dialer.domain.errors import BadInput
from dialer.domain.logged import Heard, Stretch
from dialer.domain.outcomes import LIVE_OUTCOMES, Outcome

#: A talk or wrap-up where the day has none.
TALK_S, WRAP_S = 60.0, 10.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call: an answer after so many seconds, or another end."""

    outcome: Outcome
    answered_s: float | None
    ended_s: float
    #: Who answered hangs up by himself so long after the answer, if nobody has come.
    patience_s: float | None
    #: What the screener finds of the answer, where it listens.
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """What a connect costs its agent."""

    talk_s: float
    wrap_s: float


class People:
    """The fates of calls and the lengths of talks, each in the order of the day."""

    def __init__(self, fates: Sequence[Fate], talks: Sequence[Talk]) -> None:
        self._fates, self._talks = fates, talks
        self.placed = self.connected = 0

    def next_fate(self) -> Fate:
        self.placed += 1
        return self._fates[(self.placed - 1) % len(self._fates)]

    def next_talk(self) -> Talk:
        self.connected += 1
        return self._talks[(self.connected - 1) % len(self._talks)]

    @property
    def wrapped(self) -> float:
        """Calls placed beyond those of the day, as a share of them."""
        return max(0.0, self.placed / len(self._fates) - 1)


def people_of(stretch: Stretch) -> People:
    """Raises BadInput for a day without calls."""
    if not stretch.calls:
        raise BadInput("nothing was dialled in that stretch: choose a day on which the campaign worked")
    fates = []
    for call in stretch.calls:
        patience = None
        # A machine's line is held as long as that day: to its hang-up, or to the end of the message after its beep.
        alone = call.outcome is Outcome.CUSTOMER_HUNG_UP or call.outcome not in LIVE_OUTCOMES
        if alone and call.answered_s is not None:
            patience = call.ended_s - call.answered_s
        fates.append(Fate(call.outcome, call.answered_s, call.ended_s, patience, call.heard))
    return People(fates, talks_of(stretch) or [Talk(TALK_S, WRAP_S)])


def talks_of(stretch: Stretch) -> list[Talk]:
    """Talks and the wrap-ups that followed them, in the order of their connection."""
    wraps = {
        (spell.agent_id, spell.since.timestamp() // 0.5): spell.seconds
        for spell in stretch.spells
        if spell.state is AgentState.WRAP_UP and not spell.elsewhere
    }
    connected = sorted(
        (call.planned_at.timestamp() + call.connected_s, call)
        for call in stretch.calls
        if call.connected_s is not None
    )
    talks = []
    for connected_at, call in connected:
        talk_s = call.ended_s - (call.connected_s or 0.0)
        wrap_s = _wrap_after(wraps, call.agent_id, connected_at + talk_s)
        talks.append(Talk(talk_s, WRAP_S if wrap_s is None else wrap_s))
    return talks


def _wrap_after(wraps: dict[tuple[int, float], float], agent_id: int | None, at: float) -> float | None:
    """The wrap-up of the agent that began at that moment, give or take half a second."""
    if agent_id is None:
        return None
    slot = at // 0.5
    return next((wraps[agent_id, s] for s in (slot, slot - 1, slot + 1) if (agent_id, s) in wraps), None)
