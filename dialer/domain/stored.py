"""What a starting shard finds: the fold of its log so far, kept as summary rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import Campaign
from dialer.domain.facts import AnyFact
from dialer.domain.outcomes import Effect
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, LegId, Trunk


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt without an end, as found when a shard starts."""

    attempt: Attempt
    lead: ClaimedLead
    state: CallState
    answered_at: datetime | None
    connected_at: datetime | None
    agent_id: int | None
    notice_given: bool


@dataclass(frozen=True, slots=True)
class StoredAgent:
    """An agent of the group, with his session as last written."""

    id: int
    name: str
    sip_user: str
    state: AgentState
    reason: str | None
    since: datetime
    leg_id: LegId | None
    attempt_id: AttemptId | None
    after_wrap_up: str | None


@dataclass(frozen=True, slots=True)
class StoredDisposition:
    campaign_id: int
    code: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Tally:
    """A campaign's live answers and abandons of ten minutes, the ones that ended by `at` and not before."""

    campaign_id: int
    live_answers: int
    abandoned: int
    at: datetime
    #: Machine verdicts of the same time: hung up on untried, put through to agents, and people among these.
    ended: int = 0
    trials: int = 0
    persons: int = 0


@dataclass(frozen=True, slots=True)
class UnfinishedCall:
    """An ended, connected attempt whose agent still owes a disposition (he is in wrap-up)."""

    attempt: Attempt
    lead: ClaimedLead
    agent_id: int


@dataclass(frozen=True, slots=True)
class KeptPacing:
    """What the group's pacing knew at `at`, and what was logged since (of the facts that it hears)."""

    at: datetime
    policies: dict[str, dict[str, Any]]
    since: tuple[AnyFact, ...]


@dataclass(frozen=True, slots=True)
class ShardState:
    """All a starting shard reads: the fold of its log so far, kept as summary rows."""

    fence: int
    campaigns: tuple[Campaign, ...]
    trunks: tuple[Trunk, ...]
    agents: tuple[StoredAgent, ...]
    dispositions: tuple[StoredDisposition, ...]
    open_attempts: tuple[OpenAttempt, ...]
    unfinished: tuple[UnfinishedCall, ...]
    #: Oldest first.
    tallies: tuple[Tally, ...]
    pacing: KeptPacing | None = None
