"""The campaign: its settings, and its states as a table.

DRAFT -> RUNNING <-> PAUSED; RUNNING, PAUSED -> DRAINING -> CLOSED; HALTED when a breaker trips, left by a person only.
"Out of leads" is a figure, not a state.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dialer.domain.contact_plan import USUAL, ContactPlan
from dialer.domain.screening import ScreeningSettings


class CampaignState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    CLOSED = "closed"
    HALTED = "halted"


class DialMode(StrEnum):
    MANUAL = "manual"
    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREDICTIVE = "predictive"


class PacingPolicy(StrEnum):
    """What decides how many calls mode predictive places: ours, or one that a supervisor knows from elsewhere.

    The values are the names in `pacing.policy`'s registry.
    """

    PREDICTIVE = "predictive"
    PROGRESSIVE = "progressive"
    ERLANG = "erlang"
    ISSABEL = "issabel"
    VICIDIAL_HARD_LIMIT = "vicidial_hard_limit"
    VICIDIAL_AVERAGE = "vicidial_average"
    VICIDIAL_TAPERED = "vicidial_tapered"


class AbandonWindow(StrEnum):
    """Over what the abandoned share is held under the campaign's cap."""

    DAY = "day"  # the last 24 hours
    MONTH = "month"  # the last 30 days
    CAMPAIGN = "campaign"  # since its first call


class RecordingNotice(StrEnum):
    """Who tells the customer that the call is recorded: the switch into the bridge, or the agent."""

    PLAYED = "played"
    SPOKEN = "spoken"


class CampaignInput(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    STOPPED = "stopped"
    DRAINED = "drained"
    TRIPPED = "tripped"


S, I = CampaignState, CampaignInput  # noqa: E741

TRANSITIONS: dict[CampaignState, dict[CampaignInput, CampaignState]] = {
    S.DRAFT: {I.STARTED: S.RUNNING},
    S.RUNNING: {I.PAUSED: S.PAUSED, I.STOPPED: S.DRAINING, I.TRIPPED: S.HALTED},
    S.PAUSED: {I.STARTED: S.RUNNING, I.STOPPED: S.DRAINING},
    S.DRAINING: {I.DRAINED: S.CLOSED, I.TRIPPED: S.HALTED},
    S.HALTED: {I.PAUSED: S.PAUSED},
    S.CLOSED: {I.STARTED: S.RUNNING},
}


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """A caller id of a trunk in service, with what is on record of it; empty = nothing."""

    trunk: str
    number: str  # E.164
    owner: str = ""  # in whose name it is, as callers know him
    answered_by: str = ""  # who answers when it is called back


class OverlayScope(StrEnum):
    CONTRACT = "contract"  # with a creditor: binds every call about his debts
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Rules beyond the law, as they were written (YAML, `cadencia-overlay/1`)."""

    name: str  # contract:Banco Uno@2, campaign:Norte@1
    creditor: str | None  # of a contract
    text: str


@dataclass(frozen=True, slots=True)
class LocalHoliday:
    """A day that a place keeps and no table tells: an election, a day of mourning, a town's own feast."""

    day: date
    place: str  # country or subdivision, ISO 3166: CO, CO-ANT
    city: str | None = None

    def holds(self, rule_set: str, subdivision: str | None, city: str | None) -> bool:
        """Whether it is one for who lives there; where that is not known, it may be."""
        country = rule_set.partition("-")[0]
        where = subdivision if subdivision and subdivision.startswith(f"{country}-") else rule_set
        here = f"{where}-".startswith(f"{self.place}-")
        perhaps = where == country and self.place.startswith(f"{country}-")
        if not (here or perhaps):
            return False
        return self.city is None or city is None or _plain(self.city) == _plain(city)


def _plain(text: str) -> str:
    """Without accents, case and spaces around, as people write towns."""
    letters = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's settings as the engine knows them; one version, replaced whole."""

    id: int
    name: str
    agent_group_id: int
    state: CampaignState
    mode: DialMode
    ratio: float  # power mode: calls per free agent
    max_lines_per_agent: float
    abandon_cap: float  # share of live answers, 0..1
    connect_limit_s: float  # from the answer
    ring_timeout_s: int
    wrap_up_s: int
    priority: int
    rule_set: str
    recording_notice: RecordingNotice
    language: str
    version: int
    policy: PacingPolicy = PacingPolicy.PREDICTIVE  # of mode predictive
    share: float = 1.0  # of the group's calls among campaigns of its priority
    abandon_window: AbandonWindow = AbandonWindow.DAY
    screening: ScreeningSettings = field(default_factory=ScreeningSettings)
    #: `rule@version` of the doubtful rules that a named person stands behind.
    approvals: frozenset[str] = frozenset()
    plan: ContactPlan = USUAL
    #: What is said to whom no agent attends, a Liquid text; None: the switch's own recording.
    abandoned_text: str | None = None
    shown: tuple[ShownNumber, ...] = ()
    #: Its own and all contracts', in that order.
    overlays: tuple[Overlay, ...] = ()
    local_holidays: tuple[LocalHoliday, ...] = ()
    #: Put away: it is in no list of those at work, and does not start.
    archived: bool = False
