"""The pooled modes' pacing: policies that hear every fact of the floor, and are asked how many calls to place.

A group's campaigns share one policy wherever they ask for the same one with the same limits, and each policy hears all
agents and all calls that may go to any of them: the forecast of free agents less answers is made once for the pool, so
that no idle agent is promised twice. What a campaign has of its own is its abandonment budget, given with each
question. All a policy knows comes from facts (`hear`), so a shard that starts again hears the same from the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import Campaign, DialMode
from dialer.domain.facts import (
    AgentMoved,
    AnyFact,
    AttemptEnded,
    AttemptMoved,
    AttemptPlanned,
    CallAbandoned,
    PacingKept,
)
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Screening
from dialer.domain.stored import KeptPacing
from dialer.domain.values import AttemptId
from dialer.modes import policy_key, policy_of
from pacing.abandonment import AbandonmentBudget
from pacing.policy import AgentState as Paced
from pacing.policy import CallOutcome, CampaignInfo, Explanation, Policy, Snapshot, create

#: How long a decision may stand when nothing happens, s.
TICK_S = 0.2
#: Decisions are at least so far apart, s: a free agent waits that long at most, and hundreds of events a second do
#: not each cost a forecast.
DECIDE_S = 0.1
#: How often what the policies know is set down, s.
KEEP_EVERY_S = 30.0
#: What was kept longer ago tells of other agents and calls: only what was learned of people is taken over.
SAME_SHIFT = timedelta(hours=1)
#: The smallest target a policy takes; a cap of nought leaves the pooled modes to the reserved calls anyway.
LEAST_TARGET = 0.001

_AGENT_STATES = {
    AgentState.LOGGED_OUT: Paced.OFF,
    AgentState.UNREACHABLE: Paced.PAUSED,
    AgentState.NOT_READY: Paced.PAUSED,
    AgentState.PREVIEWING: Paced.PAUSED,
    AgentState.READY: Paced.READY,
    AgentState.RESERVED: Paced.TALK,
    AgentState.ON_CALL: Paced.TALK,
    AgentState.WRAP_UP: Paced.WRAP,
}
_OUTCOMES = {
    Outcome.CONNECTED: CallOutcome.HUMAN,
    Outcome.CUSTOMER_HUNG_UP: CallOutcome.HUMAN,
    Outcome.ABANDONED: CallOutcome.ABANDONED,
    Outcome.MACHINE: CallOutcome.MACHINE,
    Outcome.FAX: CallOutcome.MACHINE,
    Outcome.BUSY: CallOutcome.BUSY,
    Outcome.NO_ANSWER: CallOutcome.NO_ANSWER,
    Outcome.INVALID_NUMBER: CallOutcome.INVALID,
}


@dataclass(frozen=True, slots=True)
class Question:
    """The floor at the moment of a decision."""

    ready: int
    logged_in: int
    in_flight: int
    waiting: int
    free_lines: int
    #: Leads at hand; a policy is never told of more than it may dial.
    leads: int
    lag_s: float
    budget: AbandonmentBudget
    inbound_per_s: float = 0.0
    #: Until the planned end of the shift, where it counts (`engine.staffing.shift_end`).
    shift_left_s: float | None = None


@dataclass(slots=True)
class _Player:
    """A policy at work, and what of its last answer was carried out."""

    policy: Policy
    accepted: int = 0


class Pool:
    """The group's policies, by what they were asked to be."""

    def __init__(self) -> None:
        self._players: dict[str, _Player] = {}
        #: Calls that go to whoever is free -> campaign, seconds that the answering person may wait.
        self._pooled: dict[AttemptId, tuple[int, float]] = {}
        #: Agents whom the plan of the shift has away now.
        self._away: set[int] = set()
        self._kept: KeptPacing | None = None
        self._keep_at: datetime | None = None
        self.decided_at: datetime | None = None

    # --- hearing ----------------------------------------------------------------------------------------

    def hear(self, fact: AnyFact) -> None:
        match fact:
            case AttemptMoved():
                if fact.attempt_id in self._pooled:
                    self._move(fact)
            case AgentMoved():
                leaving, away = fact.after_wrap_up is not None, fact.agent_id in self._away
                state = paced(fact.state, leaving=leaving, away=away)
                if fact.state is AgentState.RESERVED and fact.attempt_id not in self._pooled:
                    state = Paced.PAUSED  # his call rings yet: he talks when it is answered
                for player in self._players.values():
                    player.policy.agent_state(fact.at.timestamp(), fact.agent_id, state)
            case AttemptPlanned():
                if fact.attempt.agent_id is None:
                    self.adopt(fact.attempt.id, fact.attempt.campaign_id, fact.attempt.connect_limit_s)
            case CallAbandoned():
                if fact.attempt_id in self._pooled:
                    for player in self._players.values():
                        player.policy.call_abandoned(fact.at.timestamp(), fact.attempt_id)
            case AttemptEnded():
                self._end(fact.at, fact.attempt_id, _OUTCOMES.get(fact.outcome, CallOutcome.CANCELLED))
            case _:
                pass

    def adopt(self, attempt_id: AttemptId, campaign_id: int, connect_limit_s: float) -> None:
        """This call goes to whoever is free when it is answered."""
        self._pooled[attempt_id] = (campaign_id, connect_limit_s)

    def expect(self, at: datetime, agent_id: int, state: Paced, *, away: bool) -> None:
        """The plan has the agent `away` from now on, or no longer: the pacing takes him to be in `state`."""
        (self._away.add if away else self._away.discard)(agent_id)
        for player in self._players.values():
            player.policy.agent_state(at.timestamp(), agent_id, state)

    def withdraw(self, at: datetime, attempt_id: AttemptId) -> None:
        """It was planned and never sent, and there is no fact of it."""
        self._end(at, attempt_id, CallOutcome.CANCELLED)

    def _end(self, at: datetime, attempt_id: AttemptId, outcome: CallOutcome) -> None:
        if self._pooled.pop(attempt_id, None):
            for player in self._players.values():
                player.policy.call_ended(at.timestamp(), attempt_id, outcome)

    def _move(self, fact: AttemptMoved) -> None:
        """Unless a screening follows, every answer is taken for a person: unknown = human. A wait that the policy knows
        of already is no news to it. After a screening part of the wait is over: the law's clock began at the end of the
        greeting, or with the answer."""
        now, call = fact.at.timestamp(), fact.attempt_id
        campaign_id, limit_s = self._pooled[call]
        for player in self._players.values():
            policy = player.policy
            match fact.state:
                case CallState.ORIGINATING:
                    policy.call_placed(now, call, segment=campaign_id)
                case CallState.ANSWERED:
                    policy.call_answered(now, call)
                    policy.call_human(now, call, now + limit_s)
                case CallState.SCREENING:
                    policy.call_answered(now, call)
                case CallState.WAITING:
                    left_s = limit_s if fact.waits_s is None else min(max(0.0, fact.waits_s), limit_s)
                    policy.call_human(now, call, now + left_s)
                case CallState.MACHINE:
                    policy.call_ended(now, call, CallOutcome.MACHINE)
                case CallState.BRIDGED if fact.agent_id is not None:
                    policy.call_connected(now, call, fact.agent_id)

    # --- asking -----------------------------------------------------------------------------------------

    def follow(
        self,
        at: datetime,
        campaign: Campaign,
        *,
        max_lines: int,
        cps: float,
        agents: Iterable[tuple[int, Paced]],
        in_flight: Iterable[tuple[AttemptId, datetime]],
        campaigns: Iterable[Campaign],
    ) -> str:
        """The key of the campaign's policy, which is made, and told of the floor, when it is new.

        `campaigns`: all of the group's; a policy that none of them asks for any more is forgotten.
        """
        key = policy_key(campaign)
        if key in self._players:
            return key
        wanted = {policy_key(other) for other in campaigns}
        self._players = {held: player for held, player in self._players.items() if held in wanted}
        policy = _make(campaign, at, max_lines, cps)
        self._remember(policy, key, campaign, at)
        for agent_id, state in agents:
            policy.agent_state(at.timestamp(), agent_id, state)
        for attempt_id, placed_at in in_flight:
            policy.call_placed(placed_at.timestamp(), attempt_id)
        self._players[key] = _Player(policy)
        return key

    def decide(self, at: datetime, key: str, question: Question) -> tuple[int, Explanation]:
        """How many calls to place now, and why. `follow` first, `accept` afterwards."""
        player = self._players[key]
        snapshot = Snapshot(
            question.ready,
            question.logged_in,
            question.in_flight,
            question.waiting,
            question.free_lines,
            placed_last=player.accepted,
            peek=lambda n: [1.0] * min(n, question.leads),
            lag=question.lag_s,
            budget=question.budget,
            inbound_per_s=question.inbound_per_s,
            shift_left_s=question.shift_left_s,
        )
        answer = player.policy.decide(at.timestamp(), snapshot)
        calls = answer if isinstance(answer, int) else answer[0]
        player.accepted = 0
        self.decided_at = at
        return calls, player.policy.explain()

    def accept(self, key: str, calls: int) -> None:
        """So many of the calls asked for were planned."""
        self._players[key].accepted = calls

    # --- starting again ---------------------------------------------------------------------------------

    def begin(self, kept: KeptPacing | None, at: datetime) -> None:
        """What an earlier shard knew: taken over by the policies as they are asked for."""
        self._kept, self._keep_at = kept, at + timedelta(seconds=KEEP_EVERY_S)

    def _remember(self, policy: Policy, key: str, campaign: Campaign, at: datetime) -> None:
        """Take over what a policy of this key knew: all of it within a shift, else what it has learned of people."""
        state = self._kept.policies.get(key) if self._kept else None
        if self._kept is None or state is None:
            return
        if at - self._kept.at > SAME_SHIFT:
            policy.warm_start(state)
            return
        policy.restore(state)
        others, self._players = self._players, {key: _Player(policy)}
        pooled, self._pooled = self._pooled, {}
        ledger = state["ledger"]
        for stage in ("ringing", "screening", "waiting", "talking"):
            for attempt_id, *_ in ledger[stage]:
                self._pooled[attempt_id] = (campaign.id, campaign.connect_limit_s)
        for fact in self._kept.since:
            self.hear(fact)
        self._players, self._pooled = others, pooled

    def keep(self, at: datetime, *, now: bool = False) -> PacingKept | None:
        """What is to be set down, when it is time (or `now`), None otherwise."""
        if not self._players or (not now and self._keep_at is not None and at < self._keep_at):
            return None
        self._keep_at = at + timedelta(seconds=KEEP_EVERY_S)
        return PacingKept(at=at, policies={key: p.policy.snapshot() for key, p in self._players.items()})


def paced(state: AgentState, *, leaving: bool, away: bool = False) -> Paced:
    """What the pacing is told of an agent. Who is `leaving` after this call is nobody's free agent to come, nor is who
    is planned to be `away`."""
    if leaving and state in (AgentState.ON_CALL, AgentState.WRAP_UP):
        return Paced.PAUSED
    if away and state is not AgentState.LOGGED_OUT:
        return Paced.PAUSED
    return _AGENT_STATES[state]


def _make(campaign: Campaign, at: datetime, max_lines: int, cps: float) -> Policy:
    name = policy_of(campaign)
    if name is None:
        raise ValueError(f"{campaign.mode} has no pacing policy")
    settings: dict[str, Any] = {"ratio": campaign.ratio} if campaign.mode is DialMode.POWER else {}
    if name.startswith("vicidial"):
        settings["start_hour"] = at.hour + at.minute / 60  # its drop rate is counted by the (UTC) day
    policy = create(name, **settings)
    policy.campaign_start(
        at.timestamp(),
        CampaignInfo(
            target_abandon=max(campaign.abandon_cap, LEAST_TARGET),
            ring_timeout=campaign.ring_timeout_s,
            wait_limit=campaign.connect_limit_s,
            tick=TICK_S,
            max_lines=max_lines,
            cps=cps,
            amd=campaign.screening.mode is Screening.ON,
        ),
    )
    return policy
