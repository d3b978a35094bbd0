"""A stretch of a campaign's past as the log tells it: what became of each call, and who worked when.

Read by `store/logged.py`; played again by `dialer.replay`, and what a forecast is fitted to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dialer.domain.agent import AgentState
from dialer.domain.campaign import Campaign, CampaignState
from dialer.domain.outcomes import LIVE_OUTCOMES, Outcome
from dialer.domain.screening import Label
from dialer.domain.staffing import Staffing
from dialer.domain.values import Trunk


@dataclass(frozen=True, slots=True)
class Heard:
    """What the screener found of an answered call. Seconds count from the answer."""

    after_s: float
    #: None: nobody could tell.
    label: Label | None
    #: Why, in the detector's or the engine's word.
    cause: str
    greeting_end_s: float | None = None


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One attempt that has ended. Seconds count from the moment it was planned."""

    planned_at: datetime
    outcome: Outcome
    ended_s: float
    answered_s: float | None
    connected_s: float | None
    agent_id: int | None
    #: The verdict that decided whether it went to an agent; None: nobody listened.
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class AgentSpell:
    """An agent in one state; `until` is the end of the stretch where the log tells no more."""

    agent_id: int
    state: AgentState
    since: datetime
    until: datetime
    #: The call he was reserved for, on, or wrapped up, is of another campaign of the group.
    elsewhere: bool = False

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was logged of a campaign from `begin` to `end`."""

    campaign: Campaign
    begin: datetime
    end: datetime
    #: In the order in which they were planned.
    calls: tuple[LoggedCall, ...]
    #: By agent, then time.
    spells: tuple[AgentSpell, ...]
    #: The campaign's state at `begin` and each one after it.
    states: tuple[tuple[datetime, CampaignState], ...]
    #: Since when there were no leads (True) or were some again (False), as the pacing said.
    dry: tuple[tuple[datetime, bool], ...]
    trunks: tuple[Trunk, ...]
    #: What was planned of the group at `begin`, and after each change of it.
    staffing: tuple[tuple[datetime, Staffing], ...] = ()

    @property
    def screened(self) -> bool:
        """Did a screener stand between answers and agents?"""
        return any(call.heard is not None for call in self.calls)


#: With a customer, or writing down what came of it; and there for one, be it that his call still rings.
BUSY_STATES = frozenset({AgentState.ON_CALL, AgentState.WRAP_UP})
WAITING_STATES = frozenset({AgentState.READY, AgentState.RESERVED, AgentState.PREVIEWING})


@dataclass(frozen=True, slots=True)
class Figures:
    """What a stretch came to."""

    attempts: int
    live_answers: int
    connected: int
    abandoned: int
    busy_s: float
    ready_s: float
    talk_s: float

    @property
    def occupancy(self) -> float | None:
        """(talk + wrap-up) / (that + ready); None when nobody was there."""
        staffed_s = self.busy_s + self.ready_s
        return self.busy_s / staffed_s if staffed_s > 0 else None

    @property
    def abandon_rate(self) -> float | None:
        """Of the live answers; None without one."""
        return self.abandoned / self.live_answers if self.live_answers else None

    @property
    def talk_min_per_hour(self) -> float | None:
        staffed_s = self.busy_s + self.ready_s
        return 60 * self.talk_s / staffed_s if staffed_s > 0 else None

    @property
    def idle_s(self) -> float | None:
        """Mean wait of an agent between two calls."""
        return self.ready_s / self.connected if self.connected else None


def figures_of(stretch: Stretch) -> Figures:
    """Count the stretch."""
    calls = stretch.calls
    own = [spell for spell in stretch.spells if not spell.elsewhere]
    return Figures(
        attempts=len(calls),
        live_answers=sum(call.answered_s is not None and call.outcome in LIVE_OUTCOMES for call in calls),
        connected=sum(call.connected_s is not None for call in calls),
        abandoned=sum(call.outcome is Outcome.ABANDONED for call in calls),
        busy_s=sum(spell.seconds for spell in own if spell.state in BUSY_STATES),
        ready_s=sum(spell.seconds for spell in own if spell.state in WAITING_STATES),
        talk_s=sum(call.ended_s - call.connected_s for call in calls if call.connected_s is not None),
    )


@dataclass(frozen=True, slots=True)
class AgentMove:
    """A row of the log: the agent is in this state (again)."""

    agent_id: int
    at: datetime
    state: AgentState
    elsewhere: bool = False


def spells_of(moves: Iterable[AgentMove], begin: datetime, end: datetime) -> tuple[AgentSpell, ...]:
    """The spells between `begin` and `end`, by agent. `moves`: in order for each; repeated words are one spell."""
    by_agent: dict[int, list[AgentMove]] = {}
    for move in moves:
        held = by_agent.setdefault(move.agent_id, [])
        if not held or (held[-1].state, held[-1].elsewhere) != (move.state, move.elsewhere):
            held.append(move)
    spells = []
    for agent_id, held in by_agent.items():
        for move, following in zip(held, [*held[1:], None], strict=True):
            since = max(begin, move.at)
            until = min(end, following.at) if following else end
            if until > since:
                spells.append(AgentSpell(agent_id, move.state, since, until, move.elsewhere))
    return tuple(spells)


#: Kept before the first call: agents come to their places.
LEAD_IN = timedelta(minutes=1)


def trimmed(stretch: Stretch) -> Stretch:
    """From shortly before its first call to the end of its last; a stretch without calls as it is."""
    if not stretch.calls:
        return stretch
    begin = max(stretch.begin, stretch.calls[0].planned_at - LEAD_IN)
    end = min(stretch.end, max(call.planned_at + timedelta(seconds=call.ended_s) for call in stretch.calls))
    return replace(
        stretch,
        begin=begin,
        end=end,
        spells=tuple(
            replace(spell, since=max(begin, spell.since), until=min(end, spell.until))
            for spell in stretch.spells
            if spell.until > begin and spell.since < end
        ),
        states=tuple((max(begin, at), state) for at, state in stretch.states if at < end),
        dry=tuple((max(begin, at), is_dry) for at, is_dry in stretch.dry if at < end),
        staffing=tuple((max(begin, at), staffing) for at, staffing in stretch.staffing if at < end),
    )
