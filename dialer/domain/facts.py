"""What the engine says happened: the event log's vocabulary.

The engine emits facts, the store writes each as one `call_event` row and updates the summary rows (`attempt`,
`lead`, `phone`, `agent_session`, `campaign`, `abandonment`, `intent`) in the same transaction. Read models are
folds over them. A fact's class name is its `type` in the log, its other fields are `data`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState
from dialer.domain.dispositions import NO_DETAILS, Details
from dialer.domain.outcomes import Effect, NextStep, Outcome
from dialer.domain.screening import Label, Screening, SpokenText
from dialer.domain.values import Attempt, AttemptId, HungUpBy, LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptPlanned(Fact):
    """Must be committed, its lease and fence still good, before the Originate goes out."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptMoved(Fact):
    """The call is in a new state. `agent_id` is set on BRIDGED, `connect_ms` on the first BRIDGED, and on WAITING
    `waits_s`: for so long the person may wait yet."""

    attempt_id: AttemptId
    campaign_id: int
    state: CallState
    agent_id: int | None = None
    connect_ms: float | None = None
    waits_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAbandoned(Fact):
    """A live answer met its deadline without an agent: a row of the abandonment ledger."""

    attempt_id: AttemptId
    campaign_id: int
    answered_at: datetime
    deadline_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Fact):
    """The end, with the outcome set once. `burnt` says whether it counts as a try of the lead."""

    attempt_id: AttemptId
    campaign_id: int
    lead_id: int
    phone_id: int
    outcome: Outcome
    burnt: bool
    q850: int | None = None
    sip_status: int | None = None
    hung_up_by: HungUpBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadMoved(Fact):
    """The lead's next step. After an attempt, `phone_id` is the dialled number, `same_outcome_run` its run."""

    lead_id: int
    campaign_id: int
    step: NextStep
    phone_id: int | None = None
    outcome: Outcome | None = None
    same_outcome_run: int | None = None
    callback_agent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsReturned(Fact):
    """Claimed but not dialled: callable again at once (`blocked_until` set: not before then)."""

    lead_ids: tuple[int, ...]
    campaign_id: int
    blocked_until: datetime | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptDisposed(Fact):
    """The agent's word on the call: the campaign's code, what it does, and what was said with it."""

    attempt_id: AttemptId
    agent_id: int
    code: str
    note: str
    effect: Effect = Effect.FINISH
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCeased(Fact):
    """The debtor does not want to be called: from this moment, the conversation going on or not."""

    attempt_id: AttemptId
    agent_id: int
    lead_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStepped(Fact):
    """The agent went to this step of the script, by `answer` (None: the beginning, or back)."""

    attempt_id: AttemptId
    agent_id: int
    version_id: int
    step: str
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Fact):
    """The customer has been told of the recording."""

    attempt_id: AttemptId
    spoken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingBegan(Fact):
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRefused(Fact):
    """The customer did not consent, as his agent says: nothing is recorded from here on."""

    attempt_id: AttemptId
    agent_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingClosed(Fact):
    """The recorded call is over: the switch closes its files now, and ingest may take them."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMoved(Fact):
    """An agent in a new state; the whole session row."""

    agent_id: int
    state: AgentState
    reason: str | None = None
    leg_id: LegId | None = None
    leg_up: bool = False
    attempt_id: AttemptId | None = None
    lead_id: int | None = None  # PREVIEWING: the lead on his screen
    after_wrap_up: str | None = None
    wrap_up_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScreened(Fact):
    """Who answered, once per call. Without a verdict of the detector `label` is None and `cause` says why.

    `control`: a machine by the verdict that goes to an agent all the same, who is not told. `to_agent`: it did.
    """

    attempt_id: AttemptId
    campaign_id: int
    label: Label | None
    cause: str
    mode: Screening
    to_agent: bool
    control: bool = False
    posterior: float | None = None
    decided_at_ms: int | None = None
    greeting_end_ms: int | None = None
    features: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningCorrected(Fact):
    """A machine was unmasked by a beep or a known recording after it had been taken for a person."""

    attempt_id: AttemptId
    campaign_id: int
    label: Label
    cause: str
    at_ms: int
    freed_agent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSpoken(Fact):
    """The far end heard a text of ours: `file` is named by the text's hash."""

    attempt_id: AttemptId
    campaign_id: int
    kind: SpokenText
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenerMoved(Fact):
    """The screener began to listen, or was lost; until it is back everybody who answers goes to an agent."""

    up: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignMoved(Fact):
    campaign_id: int
    state: CampaignState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingDecided(Fact):
    """A decision that placed calls, or whose binding limit is a new one, with its reasons."""

    campaign_id: int
    policy: str
    calls: int
    explain: dict[str, str | float | int | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingKept(Fact):
    """What the group's pacing knows, set down: the log tells only that it was, `policies` is in a table of its own.

    A shard that starts takes it over and hears what the log holds after it.
    """

    policies: dict[str, dict[str, Any]]  # a policy's key -> its snapshot, JSON values only


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentSettled(Fact):
    """A person's wish was carried out (`error` None) or refused with a stable code."""

    intent_id: int
    user_id: int
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchMoved(Fact):
    """The AMI link came up or went down."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStopped(Fact):
    """The carrier refuses us: out of service, for every group, until a person puts the trunk back."""

    trunk: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardStarted(Fact):
    """A new owner of the shard: its fence and the seed of its generator."""

    fence: int
    seed: int


AnyFact = (
    AttemptPlanned
    | AttemptMoved
    | CallAbandoned
    | AttemptEnded
    | LeadMoved
    | LeadsReturned
    | AttemptDisposed
    | ContactCeased
    | ScriptStepped
    | NoticeGiven
    | RecordingBegan
    | RecordingRefused
    | RecordingClosed
    | AgentMoved
    | CallScreened
    | ScreeningCorrected
    | TextSpoken
    | ScreenerMoved
    | CampaignMoved
    | PacingDecided
    | PacingKept
    | IntentSettled
    | SwitchMoved
    | TrunkStopped
    | ShardStarted
)
