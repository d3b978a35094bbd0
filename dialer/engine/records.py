"""What the engine holds in memory: calls, agents, campaigns. Mutable, slotted, owned by one engine."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from dialer.compliance.abandonment import AbandonGauge, LostPeople
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import Campaign, CampaignState
from dialer.domain.commands import Command
from dialer.domain.facts import AnyFact
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Label, ScreeningSettings, SpokenText
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, HungUpBy, LegId
from dialer.domain.wishes import Dispose
from pacing.abandonment import AbandonmentBudget


@dataclass(slots=True)
class Hearing:
    """What is known of who answered a call, and what is still to be done about it."""

    #: The campaign's, as they were when it was dialled.
    settings: ScreeningSettings
    #: Where the dialplan was told to send the sound; None: nobody listened then.
    screener: str | None
    #: t = 0 of what the screener hears: the answer, or the end of what an assistant was told.
    began_at: datetime | None = None
    #: What the trunk sends before the answer is heard since then.
    early_since: datetime | None = None
    #: A verdict was noted, or that there will be none.
    judged: bool = False
    label: Label | None = None
    #: The customer stands in the dialplan's listening step, not in the waiting room.
    streaming: bool = False
    #: SCREENING: no verdict by then, and he gets an agent. MACHINE: no beep by then, and it ends.
    until: datetime | None = None
    greeting_end_ms: int | None = None
    #: A machine by the verdict that an agent gets all the same.
    control: bool = False
    #: An assistant has been told who calls.
    announced: bool = False
    beep_ended: bool = False
    #: Ready to be spoken after the beep.
    file: str | None = None
    #: Being spoken.
    spoken: tuple[SpokenText, str] | None = None


@dataclass(slots=True)
class Call:
    """One attempt's life."""

    attempt: Attempt
    lead: ClaimedLead
    state: CallState
    #: When anything was last heard of it; a channel listing asked for earlier says nothing about it.
    touched_at: datetime
    #: The last listing that says something about it did not hold its channel.
    missed: bool = False
    #: Reserved before the dial, about to be bridged, or talking.
    agent_id: int | None = None
    rang_at: datetime | None = None
    #: It rings for no agent, and is given up then unless one is free: so long the law wants it to ring.
    ring_until: datetime | None = None
    answered_at: datetime | None = None
    #: The customer's channel stands in the waiting room.
    parked: bool = False
    #: Until then an agent must be bridged: the law's limit, or the end of the hold after a lost agent.
    deadline: datetime | None = None
    #: A Bridge is ordered; without an answer by then it has failed.
    bridging_until: datetime | None = None
    connected_at: datetime | None = None
    #: The agent whose leg died under this call: it is his alone until `held_until`.
    held_for: int | None = None
    held_until: datetime | None = None
    hung_up_by: HungUpBy | None = None
    notice_given: bool = False
    recording: bool = False
    #: The customer did not consent to it.
    recording_refused: bool = False
    outcome: Outcome | None = None
    #: Given while the call was still up.
    disposition: Dispose | None = None
    #: Who answered: None when nobody was asked to listen.
    hearing: Hearing | None = None
    story: list[str] = field(default_factory=list)

    @property
    def id(self) -> AttemptId:
        return self.attempt.id


@dataclass(slots=True)
class Agent:
    """One agent of the group."""

    id: int
    name: str
    sip_user: str
    state: AgentState
    since: datetime
    reason: str | None = None
    leg_id: LegId | None = None
    leg_up: bool = False
    #: The leg stands in its waiting room, so a Bridge finds it there.
    leg_parked: bool = False
    #: The call he is reserved for, on, or owes a disposition for.
    attempt_id: AttemptId | None = None
    #: PREVIEWING: the lead on his screen.
    preview: ClaimedLead | None = None
    #: Asked for during a call: a reason for NOT_READY, LOG_OUT or MOVED.
    after_wrap_up: str | None = None
    wrap_up_until: datetime | None = None
    #: When he last became ready, or was seen to stay at work through a planned absence.
    worked_since: datetime | None = None
    #: The plan of the shift has him away now: the pacing does not count on him.
    planned_away: bool = False
    story: list[str] = field(default_factory=list)


#: `Agent.after_wrap_up` of an agent who wants to go home.
LOG_OUT = "logged_out"
#: Of one who goes over to another group: not his to take back.
MOVED = "moved"


@dataclass(slots=True)
class CampaignRun:
    """A campaign at work."""

    campaign: Campaign
    state: CampaignState
    gauge: AbandonGauge
    budget: AbandonmentBudget
    lost: LostPeople = field(default_factory=LostPeople)
    hopper: deque[ClaimedLead] = field(default_factory=deque)
    claiming: bool = False
    #: The list had nothing more: not asked again before.
    claim_not_before: datetime | None = None
    calls: set[AttemptId] = field(default_factory=set)
    #: Calls it has had of the pool, divided by its share.
    served: float = 0.0
    #: Callbacks that are due, each with the moment we first had it: they wait for an agent of their own.
    callbacks: list[tuple[ClaimedLead, datetime]] = field(default_factory=list)
    #: The last lead that the law did not allow: the rule, and when it would.
    denied: tuple[str, datetime | None] | None = None
    #: Zones in which the law's hours are over for everybody, and until when: none of their leads is claimed till then.
    closed_zones: dict[str, datetime] = field(default_factory=dict)
    #: What bound the last logged decision, and when that was logged.
    last_limit: str | None = None
    told_at: datetime | None = None


@dataclass(slots=True)
class Step:
    """What came of a batch of events: facts for the log, commands for the world."""

    facts: list[AnyFact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
