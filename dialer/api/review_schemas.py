"""Attempts and recordings, as those read them who look back at a call."""

from __future__ import annotations

from datetime import datetime

from dialer.api.wire import Wire
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.outcomes import Outcome


class AttemptView(Wire):
    id: str
    campaign_id: int
    lead_id: int
    person_name: str
    number: str
    n: int
    mode: DialMode
    trunk: str
    state: CallState
    outcome: Outcome | None
    q850: int | None
    sip_status: int | None
    agent_id: int | None
    agent_name: str | None
    planned_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    connect_ms: float | None
    disposition: str | None
    note: str | None
    recording_id: int | None


class EventView(Wire):
    seq: int
    type: str
    at: datetime
    data: dict[str, object]


class AttemptStory(Wire):
    """One attempt, event by event."""

    attempt: AttemptView
    events: list[EventView]


class AttemptPage(Wire):
    items: list[AttemptView]
    #: Pass as `?cursor=`; None on the last page.
    next_cursor: str | None


class RecordingView(Wire):
    id: int
    attempt_id: str
    campaign_id: int
    campaign_name: str
    agent_id: int | None
    agent_name: str | None
    person_name: str
    number: str
    disposition: str | None
    started_at: datetime
    duration_ms: int
    bytes: int
    sha256: str


class RecordingPage(Wire):
    items: list[RecordingView]
    next_cursor: str | None


class Peaks(Wire):
    """Both waveforms: per slice the loudest sample, 0-255. GET /recordings/{id}/audio serves the sound."""

    slices_per_s: int
    customer: list[int]
    agent: list[int]
