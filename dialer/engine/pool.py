"""The pooled modes' pacing: tells one policy what happens on the floor and asks it how many calls to place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dialer.domain.agent import AgentState
from dialer.domain.campaign import Campaign
from dialer.domain.outcomes import Outcome
from dialer.domain.values import AttemptId
from dialer.modes import MODES
from pacing.policy import AgentState as Paced
from pacing.policy import CallOutcome, CampaignInfo, Explanation, Policy, Snapshot, create

#: How long a decision may stand when nothing happens, s.
TICK_S = 0.2
#: Decisions are at least so far apart, s: a free agent waits that long at most, and hundreds of events a second do
#: not each cost a forecast.
DECIDE_S = 0.1

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


class Pool:
    """One policy for the whole agent group, so that no idle agent is promised twice.

    It follows the settings of the campaign being dialled; when those change, a new policy starts with what the
    floor looks like (`rebuild` tells it).
    """

    def __init__(self) -> None:
        self._policy: Policy | None = None
        self._key: tuple[object, ...] = ()
        self._epoch: datetime | None = None
        self._placed = 0
        self.decided_at: datetime | None = None

    def _s(self, at: datetime) -> float:
        """`at` on the policy's clock: seconds since the first thing it heard."""
        if self._epoch is None:
            self._epoch = at
        return (at - self._epoch).total_seconds()

    def follow(
        self,
        at: datetime,
        campaign: Campaign,
        *,
        max_lines: int,
        cps: float,
        agents: Iterable[tuple[int, AgentState]],
        in_flight: Iterable[tuple[AttemptId, datetime]],
    ) -> None:
        """Use this campaign's policy and settings from now on; cheap when they have not changed."""
        name = MODES[campaign.mode].policy
        if name is None:
            raise ValueError(f"{campaign.mode} has no pacing policy")
        key = (name, campaign.ratio, campaign.abandon_cap, campaign.ring_timeout_s, campaign.connect_limit_s)
        if self._policy is not None and key == self._key:
            return
        settings = {"ratio": campaign.ratio} if name == "power" else {}
        policy = create(name, **settings)
        policy.campaign_start(
            self._s(at),
            CampaignInfo(
                target_abandon=max(campaign.abandon_cap, 0.001),
                ring_timeout=campaign.ring_timeout_s,
                wait_limit=campaign.connect_limit_s,
                tick=TICK_S,
                max_lines=max_lines,
                cps=cps,
                amd=False,
            ),
        )
        self._policy, self._key = policy, key
        for agent_id, state in agents:
            policy.agent_state(self._s(at), agent_id, _AGENT_STATES[state])
        for attempt_id, placed_at in in_flight:
            policy.call_placed(self._s(placed_at), attempt_id)

    def agent(self, at: datetime, agent_id: int, state: AgentState) -> None:
        if self._policy:
            self._policy.agent_state(self._s(at), agent_id, _AGENT_STATES[state])

    def placed(self, at: datetime, attempt_id: AttemptId) -> None:
        self._placed += 1
        if self._policy:
            self._policy.call_placed(self._s(at), attempt_id)

    def answered(self, at: datetime, attempt_id: AttemptId, deadline: datetime) -> None:
        """Nobody screens yet, so every answer is taken for a person: unknown = human."""
        if self._policy:
            self._policy.call_answered(self._s(at), attempt_id)
            self._policy.call_human(self._s(at), attempt_id, self._s(deadline))

    def connected(self, at: datetime, attempt_id: AttemptId, agent_id: int) -> None:
        if self._policy:
            self._policy.call_connected(self._s(at), attempt_id, agent_id)

    def ended(self, at: datetime, attempt_id: AttemptId, outcome: Outcome) -> None:
        if self._policy:
            if outcome is Outcome.ABANDONED:
                self._policy.call_abandoned(self._s(at), attempt_id)
            paced = _OUTCOMES.get(outcome, CallOutcome.CANCELLED)
            self._policy.call_ended(self._s(at), attempt_id, paced)

    def decide(
        self, at: datetime, *, ready: int, logged_in: int, in_flight: int, waiting: int, free_lines: int
    ) -> tuple[int, Explanation]:
        """How many calls to place now, and why. `follow` first."""
        if self._policy is None:
            raise ValueError("no campaign is followed")
        snapshot = Snapshot(ready, logged_in, in_flight, waiting, free_lines, placed_last=self._placed)
        self._placed = 0
        answer = self._policy.decide(self._s(at), snapshot)
        calls = answer if isinstance(answer, int) else answer[0]
        self.decided_at = at
        return calls, self._policy.explain()
