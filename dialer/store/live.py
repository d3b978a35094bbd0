"""The floor as it is now, folded from the log: what supervisors and agents see, with nothing asked of the database.

A `LiveFold` starts from a snapshot of the summary rows (`read_models.load_live`) at some sequence number and is then
fed every later event of its shard. At each number it equals a fresh snapshot: two ways to the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, TypeAlias

from dialer.domain.agent import AgentState
from dialer.domain.call import DIALLING_STATES, CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.outcomes import LIVE_OUTCOMES, Outcome
from dialer.domain.values import AttemptId

#: Answered, and nobody talks to the customer yet.
WAITING_STATES = frozenset({CallState.ANSWERED, CallState.SCREENING, CallState.WAITING})

#: What an event changed: a campaign's figures, an agent (or the call he is in), the link to the switch, somebody's
#: intent (its id, his id, why it was refused).
Change: TypeAlias = (
    tuple[Literal["campaign"], int]
    | tuple[Literal["agent"], int]
    | tuple[Literal["switch"]]
    | tuple[Literal["intent"], int, int, str | None]
)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the log."""

    seq: int
    attempt_id: AttemptId | None
    type: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class CampaignFigures:
    """A campaign at this instant; totals are of the fold's day (UTC)."""

    id: int
    name: str
    state: CampaignState
    state_reason: str | None
    mode: DialMode
    ratio: float
    rule_set: str
    version: int
    abandon_cap: float
    archived: bool = False
    dialling: int = 0  # ordered, not yet ringing
    ringing: int = 0
    waiting: int = 0  # answered, no agent yet
    talking: int = 0
    attempts_today: int = 0
    outcomes_today: dict[Outcome, int] = field(default_factory=dict)
    #: Not finished and not suppressed; asked of the database now and then, no fold.
    leads_left: int = field(default=0, compare=False)
    #: The last pacing decision's reasons, empty before the first.
    pacing: dict[str, Any] = field(default_factory=dict)

    @property
    def live_answers_today(self) -> int:
        return sum(self.outcomes_today.get(outcome, 0) for outcome in LIVE_OUTCOMES)

    @property
    def connected_today(self) -> int:
        return self.outcomes_today.get(Outcome.CONNECTED, 0)

    @property
    def abandoned_today(self) -> int:
        return self.outcomes_today.get(Outcome.ABANDONED, 0)

    @property
    def abandon_rate(self) -> float | None:
        """Abandons / live answers of the day; None until the first live answer."""
        return self.abandoned_today / self.live_answers_today if self.live_answers_today else None


@dataclass(slots=True)
class AgentFigures:
    """An agent at this instant."""

    id: int
    name: str
    state: AgentState
    reason: str | None
    since: datetime
    leg_up: bool = False
    attempt_id: AttemptId | None = None
    lead_id: int | None = None  # the lead he previews
    after_wrap_up: str | None = None
    wrap_up_until: datetime | None = None
    #: Calls of the day (by the moment of the first bridge) that he had, or had last.
    calls_today: int = 0


@dataclass(slots=True)
class OpenCall:
    """An attempt that has not ended."""

    campaign_id: int
    state: CallState
    agent_id: int | None = None  # whom it was last bridged to
    connected_at: datetime | None = None


@dataclass(slots=True)
class LiveFold:
    """One shard's floor. Not for two tasks at once."""

    shard_id: int
    seq: int  # of the last event taken in
    day: date  # UTC
    switch_up: bool
    campaigns: dict[int, CampaignFigures]
    agents: dict[int, AgentFigures]
    calls: dict[AttemptId, OpenCall]
    #: Somebody or some campaign was named that the snapshot did not know: read the settings again.
    has_strangers: bool = field(default=False, compare=False)

    def begin_day(self, day: date) -> set[Change]:
        """Set the day's totals to zero when `day` is a new one."""
        if day <= self.day:
            return set()
        self.day = day
        for campaign in self.campaigns.values():
            campaign.attempts_today = 0
            campaign.outcomes_today = {}
        for agent in self.agents.values():
            agent.calls_today = 0
        return {
            *(("campaign", campaign_id) for campaign_id in self.campaigns),
            *(("agent", agent_id) for agent_id in self.agents),
        }

    def recount(self) -> None:
        """Count the open calls of every campaign anew."""
        for campaign in self.campaigns.values():
            campaign.dialling = campaign.ringing = campaign.waiting = campaign.talking = 0
        for call in self.calls.values():
            self._count(call, +1)

    def apply(self, event: Event) -> set[Change]:
        """Take in the next event of the shard; what it changed. An event already taken in changes nothing.

        Raises ValueError on a gap in the numbers: then load a new snapshot.
        """
        if event.seq <= self.seq:
            return set()
        if event.seq != self.seq + 1:
            raise ValueError(f"event {event.seq} after {self.seq} of shard {self.shard_id}")
        self.seq = event.seq
        changes = self.begin_day(event.at.astimezone(UTC).date())
        data = event.data
        match event.type:
            case "AttemptPlanned":
                changes |= self._plan(data["attempt"])
            case "AttemptMoved" if event.attempt_id in self.calls:
                changes |= self._move_call(self.calls[event.attempt_id], event)
            case "AttemptEnded" if event.attempt_id in self.calls:
                changes |= self._end_call(event.attempt_id, Outcome(data["outcome"]), event.at)
            case "AgentMoved":
                changes |= self._move_agent(event)
            case "CampaignMoved" if campaign := self._campaign(data["campaign_id"]):
                campaign.state, campaign.state_reason = CampaignState(data["state"]), data["reason"]
                changes.add(("campaign", campaign.id))
            case "PacingDecided" if campaign := self._campaign(data["campaign_id"]):
                campaign.pacing = data["explain"]
                changes.add(("campaign", campaign.id))
            case "SwitchMoved":
                self.switch_up = data["up"]
                changes.add(("switch",))
            case "IntentSettled":
                changes.add(("intent", data["intent_id"], data["user_id"], data["error"]))
            case "ShardStarted":
                changes.add(("switch",))
            case _:
                pass  # leads, notes and recordings: nothing counted here
        if event.attempt_id is not None:
            # Whoever has this call on his screen must see what became of it.
            changes |= {
                ("agent", agent.id) for agent in self.agents.values() if agent.attempt_id == event.attempt_id
            }
        return changes

    def _campaign(self, campaign_id: int) -> CampaignFigures | None:
        campaign = self.campaigns.get(campaign_id)
        self.has_strangers |= campaign is None
        return campaign

    def _plan(self, attempt: Mapping[str, Any]) -> set[Change]:
        campaign_id = attempt["campaign_id"]
        self.calls[attempt["id"]] = OpenCall(campaign_id, CallState.PLANNED)
        if campaign := self._campaign(campaign_id):
            campaign.dialling += 1
            campaign.attempts_today += self._is_today(datetime.fromisoformat(attempt["planned_at"]))
        return {("campaign", campaign_id)}

    def _move_call(self, call: OpenCall, event: Event) -> set[Change]:
        changes: set[Change] = {("campaign", call.campaign_id)}
        self._count(call, -1)
        call.state = CallState(event.data["state"])
        self._count(call, +1)
        if call.state is not CallState.BRIDGED:
            return changes
        call.connected_at = call.connected_at or event.at
        agent_id = event.data["agent_id"] or call.agent_id
        if agent_id != call.agent_id and self._is_today(call.connected_at):
            for who, step in ((call.agent_id, -1), (agent_id, +1)):
                if agent := self.agents.get(who) if who is not None else None:
                    agent.calls_today += step
                    changes.add(("agent", agent.id))
        call.agent_id = agent_id
        return changes

    def _end_call(self, attempt_id: AttemptId, outcome: Outcome, at: datetime) -> set[Change]:
        call = self.calls.pop(attempt_id)
        self._count(call, -1)
        if (campaign := self.campaigns.get(call.campaign_id)) and self._is_today(at):
            campaign.outcomes_today[outcome] = campaign.outcomes_today.get(outcome, 0) + 1
        return {("campaign", call.campaign_id)}

    def _count(self, call: OpenCall, step: int) -> None:
        campaign = self.campaigns.get(call.campaign_id)
        if campaign is None:
            return
        if call.state is CallState.RINGING:
            campaign.ringing += step
        elif call.state in DIALLING_STATES:
            campaign.dialling += step
        elif call.state is CallState.BRIDGED:
            campaign.talking += step
        elif call.state in WAITING_STATES:
            campaign.waiting += step

    def _move_agent(self, event: Event) -> set[Change]:
        data = event.data
        state, reason = AgentState(data["state"]), data["reason"]
        agent = self.agents.get(data["agent_id"])
        if agent is None:
            self.has_strangers = True
            agent = self.agents[data["agent_id"]] = AgentFigures(
                data["agent_id"], "", state, reason, event.at
            )
        elif (agent.state, agent.reason) != (state, reason):
            agent.state, agent.reason, agent.since = state, reason, event.at
        agent.leg_up, agent.attempt_id, agent.lead_id = data["leg_up"], event.attempt_id, data["lead_id"]
        agent.after_wrap_up = data["after_wrap_up"]
        until = data["wrap_up_until"]
        agent.wrap_up_until = datetime.fromisoformat(until) if until else None
        return {("agent", agent.id)}

    def _is_today(self, at: datetime) -> bool:
        return at.astimezone(UTC).date() == self.day
