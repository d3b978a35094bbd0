"""What crosses the wire of screening: who answered."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from dialer.api.schemas import PROSE, Wire
from dialer.domain.screening import ConnectClock, Label, OnMachine, Screening, SpokenText


class ScreeningSettingsView(Wire):
    """A campaign's dials of screening; a text of null is the language's own."""

    screening: Screening
    cost_ratio: float
    on_machine: OnMachine
    control_share: float
    connect_clock: ConnectClock
    late_correction: bool
    message_text: str | None
    announcement_text: str | None


class ScreeningPatch(Wire):
    """PATCH /campaigns/{id}/screening with `If-Match: <version>`; absent fields stay, a text of null is the default."""

    screening: Screening | None = None
    cost_ratio: float | None = Field(default=None, ge=1, le=1000)
    on_machine: OnMachine | None = None
    control_share: float | None = Field(default=None, ge=0, le=1)
    connect_clock: ConnectClock | None = None
    late_correction: bool | None = None
    message_text: str | None = Field(default=None, max_length=2000, pattern=PROSE)
    announcement_text: str | None = Field(default=None, max_length=2000, pattern=PROSE)


class VerdictCount(Wire):
    """Calls of the last 24 hours by verdict. `label` is `unknown` where nobody could tell: `cause` says why."""

    label: str
    cause: str
    to_agent: bool
    calls: int
    corrected: int  # unmasked later
    messages: int  # left after the beep


class IntervalView(Wire):
    """A share in 0..1 with its 95 % interval; all null while nothing was counted."""

    share: float | None
    low: float | None
    high: float | None


class TradeOffPoint(Wire):
    """What a cost ratio costs, as shares in 0..1 on generated calls: it shows the way, not a campaign's own rate."""

    cost_ratio: float
    human_as_machine: float  # of people, taken for machines
    machine_passed: float  # of machines, passed to agents


class ScreeningView(Wire):
    """What screening does and how well, by the control sample of the last 30 days."""

    settings: ScreeningSettingsView
    has_sound: bool  # a recorded message is used instead of the text
    version: int
    screener_up: bool
    screener_reason: str | None
    screener_since: datetime | None
    verdicts: list[VerdictCount]
    controls: int  # machine verdicts tried on agents, with their word
    control_persons: int  # of these, people
    machines_ended: int  # machine verdicts that were not tried
    machines_passed: int  # machines that agents heard
    person_by_control: IntervalView  # share of machine verdicts that were people
    human_as_machine: IntervalView  # share of answering people hung up on as machines
    abandon_rate: float | None  # with these people among the abandoned
    trade_off: list[TradeOffPoint]  # by rising cost ratio


class AttemptScreening(Wire):
    """Who answered one call. Times are milliseconds of its own sound, which begins with the answer."""

    attempt_id: str
    answered_at: datetime | None
    judged_at: datetime | None
    mode: Screening | None
    label: Label | None
    cause: str | None
    posterior: float | None
    decided_at_ms: int | None
    greeting_end_ms: int | None
    to_agent: bool | None
    control: bool | None
    features: dict[str, float]
    corrected_label: Label | None
    corrected_cause: str | None
    corrected_at_ms: int | None
    spoken_kind: SpokenText | None
    spoken_at: datetime | None
