"""The live view: what a console is shown of the shift, and the messages that keep it so."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from dialer.api.schemas import DispositionView
from dialer.api.script_views import ScriptView
from dialer.api.wire import Wire
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode, RecordingNotice
from dialer.domain.outcomes import Outcome, PhoneStatus


class CampaignLive(Wire):
    """A campaign as the supervisor's strip shows it; counts are of this instant, totals of today (UTC)."""

    id: int
    name: str
    state: CampaignState
    state_reason: str | None
    mode: DialMode
    ratio: float
    rule_set: str
    version: int
    dialling: int  # ordered, not yet ringing
    ringing: int
    waiting: int  # answered, no agent yet
    talking: int
    attempts_today: int
    live_answers_today: int
    connected_today: int
    abandoned_today: int
    abandon_rate: float | None  # None until the first live answer
    abandon_cap: float
    outcomes_today: dict[Outcome, int]
    leads_left: int
    #: The pacing's last decision in words and numbers (`explain()`), empty before the first.
    pacing: dict[str, str | float | int | bool | None]


class AgentLive(Wire):
    """An agent as the supervisor's list shows him."""

    id: int
    name: str
    state: AgentState
    reason: str | None
    since: datetime
    leg_up: bool
    attempt_id: str | None
    calls_today: int


class SwitchLive(Wire):
    """Can we dial at all? `dialer_up` is the shard's lease, `switch_up` its AMI link."""

    dialer_up: bool
    switch_up: bool


class PersonCard(Wire):
    full_name: str
    external_ref: str
    language: str
    time_zone: str | None


class PhoneCard(Wire):
    id: int
    number: str
    status: PhoneStatus


class DebtCard(Wire):
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None
    days_past_due: int | None


class CallCard(Wire):
    """All that the agent sees of the call (or, previewing, of the lead) he has."""

    #: None while previewing.
    attempt_id: str | None
    lead_id: int
    campaign_id: int
    campaign_name: str
    mode: DialMode
    rule_set: str
    #: None while previewing.
    state: CallState | None
    number: str | None
    phone_id: int | None
    person: PersonCard
    phones: list[PhoneCard]
    debts: list[DebtCard]
    segment: str | None
    #: How long a call of the segment should take, talk and wrap-up.
    target_handling_s: int | None
    script_name: str | None
    script: ScriptView | None
    dispositions: list[DispositionView]
    recording_notice: RecordingNotice
    notice_at: datetime | None
    recording: bool
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    #: When wrap-up ends by itself.
    wrap_up_until: datetime | None


class MeLive(Wire):
    """The logged-in agent himself."""

    state: AgentState
    reason: str | None
    since: datetime
    leg_up: bool
    #: What was asked for during a call and happens after wrap-up: not_ready | logged_out.
    after_wrap_up: str | None
    calls_today: int
    call: CallCard | None
    campaigns: list[str]


class LiveView(Wire):
    """The whole state one role sees: agents get `me`, supervisors campaigns and agents, QA only the switch."""

    me: MeLive | None
    campaigns: dict[int, CampaignLive]
    agents: dict[int, AgentLive]
    switch: SwitchLive
    server_time: datetime


class MeChange(Wire):
    kind: Literal["me"] = "me"
    value: MeLive


class CampaignChange(Wire):
    kind: Literal["campaign"] = "campaign"
    id: int
    #: None: it is gone.
    value: CampaignLive | None


class AgentChange(Wire):
    kind: Literal["agent"] = "agent"
    id: int
    value: AgentLive | None


class SwitchChange(Wire):
    kind: Literal["switch"] = "switch"
    value: SwitchLive


class IntentChange(Wire):
    """One of my intents was carried out, or refused with a code the console has words for."""

    kind: Literal["intent"] = "intent"
    id: int
    error: str | None


LiveChange = Annotated[
    MeChange | CampaignChange | AgentChange | SwitchChange | IntentChange, Field(discriminator="kind")
]


class Snapshot(Wire):
    """First message on /live, and the answer to {"type": "resync"}. Numbering starts again at `seq`."""

    type: Literal["snapshot"] = "snapshot"
    seq: int
    view: LiveView


class Delta(Wire):
    """What changed since `seq` - 1. A gap in `seq` means: send {"type": "resync"}."""

    type: Literal["delta"] = "delta"
    seq: int
    changes: list[LiveChange]


class Resync(Wire):
    """What a console may say on /live: send me a new snapshot."""

    type: Literal["resync"] = "resync"
