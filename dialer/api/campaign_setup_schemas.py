"""What crosses the wire of the campaigns' page: a campaign's setup, and what keeps it from starting."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dialer.api.callability import CitedSource
from dialer.api.schemas import LINE, PROSE, Language, RowNumber
from dialer.api.wire import Wire
from dialer.compliance.breach import Fault
from dialer.domain.campaign import AbandonWindow, CampaignState, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.screening import OnMachine, Screening

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=LINE)]
#: A Liquid text that a call says by itself; null: the language's own, or the switch's recording.
Spoken = Annotated[str, Field(min_length=1, max_length=2000, pattern=PROSE)]


class CampaignFields(Wire):
    """A campaign's setup as it stands."""

    name: str
    #: By its name.
    agent_group: str
    language: Language
    #: The law that every attempt is judged by: CO, BR-SP, strict, ...
    rule_set: str
    mode: DialMode
    policy: PacingPolicy
    ratio: float
    max_lines_per_agent: float
    abandon_cap: float
    abandon_window: AbandonWindow
    connect_limit_s: float
    ring_timeout_s: int
    wrap_up_s: int
    recording_notice: RecordingNotice
    priority: int
    share: float
    screening: Screening
    on_machine: OnMachine
    message_text: str | None
    abandoned_text: str | None


class CampaignSettings(CampaignFields):
    """A campaign's setup as it is written; an agent group that is not there yet is made."""

    name: Name
    agent_group: Name
    rule_set: str = Field(min_length=2, max_length=20, pattern=r"^[A-Za-z0-9-]+$")
    ratio: float = Field(ge=1, le=10)
    max_lines_per_agent: float = Field(ge=1, le=15)
    abandon_cap: float = Field(ge=0, le=1)
    connect_limit_s: float = Field(ge=1, le=10)
    ring_timeout_s: int = Field(ge=15, le=120)
    wrap_up_s: int = Field(ge=0, le=3600)
    priority: int = Field(ge=-1000, le=1000)
    share: float = Field(ge=0.01, le=100)
    message_text: Spoken | None
    abandoned_text: Spoken | None


class NewCampaign(Wire):
    """POST /campaigns. What the settings do not say is taken over from campaign `copy_of`, never its leads."""

    settings: CampaignSettings
    copy_of: RowNumber | None = None


class CheckRequest(NewCampaign):
    """POST /campaigns/check: of a campaign that is there (`campaign_id`), or of one to be made."""

    campaign_id: RowNumber | None = None


class BreachView(Wire):
    """What a setting breaks. `fault` is stable and its words name the `values`; `says` is English."""

    rule: str
    fault: Fault
    values: dict[str, str | float]
    says: str
    norm: str | None
    sources: list[CitedSource]
    confidence: str
    #: It may not even be stored so; or it only keeps the campaign from starting.
    bars: Literal["storing", "starting"]


class CampaignChecked(Wire):
    """What the rules forbid in a setup, and the version of the rules that it was asked of."""

    breaches: list[BreachView]
    rule_set_version: str


class CampaignEntry(Wire):
    """A row of the campaigns' list."""

    id: int
    name: str
    agent_group: str
    agents: int  # active ones of the group
    rule_set: str
    mode: DialMode
    state: CampaignState
    state_reason: str | None
    has_leads: bool
    archived: bool
    version: int
    breaches: list[BreachView]


class CampaignSetup(CampaignEntry):
    """A campaign with all that its form shows. Only while it is a draft may its group change."""

    settings: CampaignFields
    #: Fields that its state does not let anybody change now.
    fixed: list[str]


class LawView(Wire):
    """A rule set to choose, and the limits it sets to the form; null: none. `place`: empty for a country."""

    name: str
    place: str
    version: str
    least_ring_s: int | None
    most_abandoned: float | None  # share of live answers
    widest_window: AbandonWindow
    most_wait_s: float | None


class ShownNumberView(Wire):
    """A number that the campaigns show; empty: nothing is on record of it."""

    trunk: str
    number: str
    owner: str
    answered_by: str


class GroupChoice(Wire):
    name: str
    agents: int


class CampaignParts(Wire):
    """What a setup is made of."""

    groups: list[GroupChoice]
    laws: list[LawView]
    numbers: list[ShownNumberView]
    #: Of a new campaign, but for its name, group and law.
    usual: CampaignFields
    #: What is left to a machine without a text of one's own, by language.
    own_messages: dict[Language, str]


class ArchiveRequest(Wire):
    """PUT /campaigns/{id}/archive: put it away, or take it back."""

    archived: bool
