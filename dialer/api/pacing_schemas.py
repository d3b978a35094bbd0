"""What crosses the wire of the supervisor's pacing page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from dialer.api.schemas import CampaignPatch, Wire
from dialer.domain.logged import Figures

Share = Annotated[float, Field(ge=0, le=1)]
#: Mean, and the bounds of its 95 % interval.
Interval = tuple[float, float, float]
Setting = str | int | float | bool | None


class StretchFigures(Wire):
    """What a stretch of time came to; rates are None without anything to count."""

    minutes: float
    attempts: int
    live_answers: int
    connected: int
    abandoned: int
    abandon_rate: float | None
    occupancy: float | None
    idle_s: float | None


class CampaignChangeView(Wire):
    """One change of settings, and the hour before it against the hour after it."""

    id: int
    at: datetime
    #: None: by the command line.
    user_name: str | None
    before: dict[str, Setting]
    after: dict[str, Setting]
    undoes_id: int | None
    #: Another change has come over it, or it was undone: undoing would touch what is no longer its own.
    undoable: bool
    figures_before: StretchFigures
    figures_after: StretchFigures


class ForecastRequest(Wire):
    """POST /campaigns/{id}/forecast: what if these settings were changed?"""

    change: CampaignPatch
    #: Hours of the past to learn from.
    hours: float = Field(default=3.0, ge=0.25, le=24.0)


class ForecastFigures(Wire):
    occupancy: Interval
    abandonment: Interval
    idle_s: Interval
    talk_min_per_hour: Interval
    connects_per_hour: Interval


class ForecastProgress(Wire):
    """A line while it works."""

    kind: Literal["progress"] = "progress"
    share: Share


class ForecastResult(Wire):
    """A line once there are enough runs, and again with each one more: now, then, their difference on equal people."""

    kind: Literal["result"] = "result"
    #: Of the time and the runs it takes; 1: this is the last.
    share: Share
    runs: int
    hours: float
    now: ForecastFigures
    changed: ForecastFigures
    difference: ForecastFigures
    #: What it was fitted to.
    calls_seen: int
    minutes_seen: float
    agents_seen: float


class ForecastFailure(Wire):
    """The last line when it can't be told; `code` is stable."""

    kind: Literal["failure"] = "failure"
    code: Literal["too_little_history", "too_slow", "broken"]
    detail: str


class ForecastLine(Wire):
    """Each line of the answer to POST /campaigns/{id}/forecast (application/x-ndjson)."""

    line: Annotated[ForecastProgress | ForecastResult | ForecastFailure, Field(discriminator="kind")]


def show_figures(figures: Figures, minutes: float) -> StretchFigures:
    shown: dict[str, Any] = {
        name: getattr(figures, name) for name in StretchFigures.model_fields if name != "minutes"
    }
    return StretchFigures(minutes=round(minutes, 1), **shown)
