"""What the engine orders of the world. An order that fails comes back as an event, never as an exception."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.values import Attempt, AttemptId, LegId


@dataclass(frozen=True, slots=True)
class Originate:
    """Dial. Only ever ordered for an attempt that is committed."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class ConnectLeg:
    """Call the agent's phone and keep the leg up."""

    leg_id: LegId
    sip_user: str


@dataclass(frozen=True, slots=True)
class Bridge:
    """Connect the waiting customer with the agent."""

    attempt_id: AttemptId
    leg_id: LegId


@dataclass(frozen=True, slots=True)
class HangUpCall:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    leg_id: LegId


@dataclass(frozen=True, slots=True)
class PlayNotice:
    """Tell both that the call is recorded; ends with NoticeEnded."""

    attempt_id: AttemptId
    language: str


@dataclass(frozen=True, slots=True)
class StartRecording:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class ClaimLeads:
    campaign_id: int
    count: int


@dataclass(frozen=True, slots=True)
class ClaimPhone:
    """Find and claim the lead of a number that an agent typed."""

    intent_id: int
    agent_id: int
    number: str
    campaign_ids: tuple[int, ...]


SwitchCommand = Originate | ConnectLeg | Bridge | HangUpCall | HangUpLeg | PlayNotice | StartRecording
StoreCommand = ClaimLeads | ClaimPhone
Command = SwitchCommand | StoreCommand
