"""What comes in at the engine's one door. Each carries `at` (UTC); the engine never reads a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.campaign import Campaign
from dialer.domain.outcomes import Outcome
from dialer.domain.screening import Label, SpokenText, Unheard
from dialer.domain.staffing import Staffing
from dialer.domain.stored import StoredDisposition
from dialer.domain.values import AttemptId, ClaimedLead, LegId, Trunk
from dialer.domain.wishes import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime


# --- from the switch: a customer's leg --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRang(Event):
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyMediaBegan(Event):
    """The far end sends sound before the answer (183): ringback, music, or an announcement. May be told again."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParked(Event):
    """The answered customer stands in the switch's waiting room: a bridge may take him now."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBridged(Event):
    """Customer and agent hear each other."""

    attempt_id: AttemptId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeFailed(Event):
    """The switch refused to connect the two; `leg_gone` when it was for want of the agent's leg."""

    attempt_id: AttemptId
    leg_id: LegId
    leg_gone: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBegan(Event):
    """The dialplan's dead-man's switch fired: the safe-harbour message plays, then the call ends."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerHeld(Event):
    """The agent's leg died under the customer; the dialplan has him on hold with music."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHungUp(Event):
    """The customer's leg is gone: Q.850 cause and, where there was one, the SIP status.

    `network_outcome` is what those two say of a call that nobody answered; `trunk_fault`: the carrier itself
    failed, the callee was never tried.
    """

    attempt_id: AttemptId
    q850: int | None
    sip_status: int | None
    network_outcome: Outcome
    trunk_fault: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateFailed(Event):
    """The switch never made the channel (or we can't know: `unknown`)."""

    attempt_id: AttemptId
    why: str
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeEnded(Event):
    """The recording notice has been played to its end."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStarted(Event):
    """The switch records this call from now on."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(Event):
    """A text was spoken to the far end, to its end."""

    attempt_id: AttemptId


# --- from the screener ------------------------------------------------------------------------------------
# Times `..._ms` are of the call's own sound, which begins with the answer.


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenerUp(Event):
    """It listens at `address` (host:port)."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenerDown(Event):
    """It is gone, and with it whatever it was listening to; it is being started again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallJudged(Event):
    """Who answered. `posterior`: P(human); `greeting_end_ms`: None while the first speaker talks, or nobody spoke."""

    attempt_id: AttemptId
    label: Label
    cause: str
    posterior: float
    decided_at_ms: int
    greeting_end_ms: int | None = None
    features: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyMediaJudged(CallJudged):
    """What was heard before the answer; times count from when listening began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnheard(Event):
    """The screener will give no verdict on this call."""

    attempt_id: AttemptId
    why: Unheard


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingEnded(Event):
    """The first speaker has stopped (again)."""

    attempt_id: AttemptId
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeepEnded(Event):
    """A voicemail's beep is over: speak now."""

    attempt_id: AttemptId
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCorrected(Event):
    """What was taken for a person is a machine: a beep or a known recording."""

    attempt_id: AttemptId
    label: Label
    cause: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRendered(Event):
    """The answer to RenderText: a file of the switch's message folder, None when it could not be made."""

    attempt_id: AttemptId
    kind: SpokenText
    file: str | None


# --- from the switch: an agent's leg, and the link itself -------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LegParked(Event):
    """The agent's leg stands in its waiting room (again)."""

    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHungUp(Event):
    leg_id: LegId


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A channel of ours that the switch reports in a listing."""

    id: str
    up: bool
    parked: bool
    #: The other channel of its two-party bridge.
    bridged_with: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchUp(Event):
    """The link is (again) there, and this is all that lived on the switch at `asked_at` (None: now)."""

    channels: tuple[LiveChannel, ...]
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchAlive(Event):
    """A sign of life: what the switch had told by `at` is known here, but for events that come `late_s` late."""

    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchDown(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsListed(Event):
    """A routine listing asked for at `asked_at`: what we believe alive and it does not hold is gone."""

    asked_at: datetime
    channels: tuple[LiveChannel, ...]


# --- from the store ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsCommitted(Event):
    """These planned attempts are on disk and may be dialled; the refused ones may not."""

    committed: frozenset[AttemptId]
    refused: frozenset[AttemptId]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsClaimed(Event):
    """The answer to ClaimLeads; fewer than asked for means the list has no more just now."""

    campaign_id: int
    asked: int
    leads: tuple[ClaimedLead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneClaimed(Event):
    """The answer to ClaimPhone: the lead behind a number typed by an agent, or None."""

    intent_id: int
    agent_id: int
    lead: ClaimedLead | None
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsWithdrawn(Event):
    """These leads (anybody's) must not be dialled from now on: a promise, a payment, a dispute, a do-not-call."""

    lead_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLost(Event):
    """The event log can't be written: nothing may be dialled."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBack(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEdited(Event):
    """Settings as they are now; `state` in it is ignored, the engine's own counts."""

    campaign: Campaign
    #: Its dispositions as they are now.
    dispositions: tuple[StoredDisposition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunksEdited(Event):
    """The trunks as they are set now, in any order; those not among them are out of service."""

    trunks: tuple[Trunk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingPlanned(Event):
    """What is planned of the group's agents, as it stands now."""

    staffing: Staffing


# --- from people, and from time ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished(Event):
    intent_id: int
    user_id: int
    wish: Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Woke(Event):
    """`Engine.next_deadline()` has come."""


AnyEvent = (
    CallRang
    | EarlyMediaBegan
    | CallAnswered
    | CallParked
    | CallBridged
    | BridgeFailed
    | MessageBegan
    | CustomerHeld
    | CallHungUp
    | OriginateFailed
    | NoticeEnded
    | RecorderStarted
    | MessageLeft
    | ScreenerUp
    | ScreenerDown
    | CallJudged
    | EarlyMediaJudged
    | CallUnheard
    | GreetingEnded
    | BeepEnded
    | CallCorrected
    | TextRendered
    | LegParked
    | LegHungUp
    | SwitchUp
    | SwitchAlive
    | SwitchDown
    | ChannelsListed
    | AttemptsCommitted
    | LeadsClaimed
    | PhoneClaimed
    | LeadsWithdrawn
    | LogLost
    | LogBack
    | CampaignEdited
    | TrunksEdited
    | StaffingPlanned
    | Wished
    | Woke
)
