"""What crosses the wire: the API's requests, answers and live messages. The console's types are made from these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import AwareDatetime, Field, computed_field

from dialer.api.wire import Wire as Wire
from dialer.domain.campaign import AbandonWindow, CampaignState, DialMode, PacingPolicy, RecordingNotice
from dialer.domain.dispositions import FIELDS, MAX_AMOUNT_MINOR, MAX_INSTALMENTS, MAX_TEXT, FieldKind
from dialer.domain.outcomes import Effect

Role = Literal["agent", "supervisor", "qa", "admin"]
Language = Literal["es", "en", "pt"]

#: 26 Crockford letters (domain.values.is_ulid).
ULID = r"^[0-9A-HJKMNP-TV-Z]{26}$"
INTENT_KEY = r"^[A-Za-z0-9_-]+$"
#: Printable, on one line: what PostgreSQL, a log line and a screen can all hold.
LINE = r"^[^\u0000-\u001f\u007f\u2028\u2029]*$"
#: The same with line breaks and tabs.
PROSE = r"^[^\u0000-\u0008\u000b-\u001f\u007f]*$"

#: A row's number: PostgreSQL's bigint.
RowNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]
AttemptId = Annotated[str, Path(pattern=ULID)]
Line = Annotated[str, Field(max_length=200, pattern=LINE)]


# --- session and phone ------------------------------------------------------------------------------------


class Credentials(Wire):
    """POST /session."""

    login: str = Field(min_length=1, max_length=64, pattern=LINE)
    password: str = Field(min_length=1, max_length=256)


class Me(Wire):
    """Who is logged in."""

    id: int
    login: str
    display_name: str
    role: Role
    agent_group_id: int | None


class SoftphoneRequest(Wire):
    """POST /softphone; the body may be left out. Browsers need WebRTC, other SIP phones must not have it."""

    webrtc: bool = True


class Softphone(Wire):
    """POST /softphone: what the browser's SIP stack registers with. The password lives until `expires_at`."""

    sip_user: str
    password: str
    realm: str
    domain: str
    #: ws:// or wss:// address of the switch.
    socket_url: str
    expires_at: datetime


# --- intents: what a person asks of the shard -------------------------------------------------------------


class ConnectPhone(Wire):
    """Call my softphone and keep the leg up for the whole log-in. Replaces a leg that is still there."""

    type: Literal["connect_phone"] = "connect_phone"


class GoReady(Wire):
    type: Literal["go_ready"] = "go_ready"


class GoNotReady(Wire):
    """Now, or after this call's wrap-up when in one."""

    type: Literal["go_not_ready"] = "go_not_ready"
    reason: Literal["break", "lunch", "training", "meeting", "restroom", "technical", "other"] = "break"


class LogOut(Wire):
    """Ends the phone leg too. In a call it waits for the end of wrap-up."""

    type: Literal["log_out"] = "log_out"


class HangUp(Wire):
    """End the customer's call; the agent's leg stays."""

    type: Literal["hang_up"] = "hang_up"
    attempt_id: str = Field(pattern=ULID)


class InstalmentRequest(Wire):
    """A part of a promised plan."""

    amount_minor: int = Field(ge=1, le=MAX_AMOUNT_MINOR)
    due_on: date


class DispositionDetails(Wire):
    """What was said with a disposition: the fields that its effect asks for (`DispositionView.fields`), no others."""

    amount_minor: int | None = Field(default=None, ge=1, le=MAX_AMOUNT_MINOR)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    due_on: date | None = None
    instalments: list[InstalmentRequest] = Field(default=[], max_length=MAX_INSTALMENTS)
    method: str | None = Field(default=None, max_length=40, pattern=LINE)
    reason: str | None = Field(default=None, max_length=40, pattern=LINE)
    explanation: str | None = Field(default=None, max_length=MAX_TEXT, pattern=PROSE)
    paid_on: date | None = None
    reference: str | None = Field(default=None, max_length=MAX_TEXT, pattern=LINE)
    review_on: date | None = None
    relation: str | None = Field(default=None, max_length=40, pattern=LINE)
    #: A callback that any agent may make.
    anyone: bool = False


class Dispose(Wire):
    """The agent's result of a call; ends wrap-up. During the call it also hangs up."""

    type: Literal["dispose"] = "dispose"
    attempt_id: str = Field(pattern=ULID)
    disposition: str = Field(min_length=1, max_length=40, pattern=LINE)
    note: str = Field(default="", max_length=4000, pattern=PROSE)
    #: Only (and always) with a disposition whose effect is `callback`.
    callback_at: AwareDatetime | None = None
    details: DispositionDetails | None = None


class WalkScript(Wire):
    """The agent is at this step of the call's script; `answer` brought him there (absent: the beginning, or back)."""

    type: Literal["walk_script"] = "walk_script"
    attempt_id: str = Field(pattern=ULID)
    version_id: RowNumber
    step: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    answer: str | None = Field(default=None, max_length=80, pattern=LINE)


class TickNotice(Wire):
    """The agent has spoken the recording notice (campaigns with `recording_notice` = spoken)."""

    type: Literal["tick_notice"] = "tick_notice"
    attempt_id: str = Field(pattern=ULID)


class RefuseRecording(Wire):
    """The customer does not consent to being recorded: the recorder stops, and the call goes on."""

    type: Literal["refuse_recording"] = "refuse_recording"
    attempt_id: str = Field(pattern=ULID)


class DialPreview(Wire):
    """Preview mode: dial the lead on the screen (its `phone_id`, one of the card's phones)."""

    type: Literal["dial_preview"] = "dial_preview"
    lead_id: RowNumber
    phone_id: RowNumber | None = None


class SkipPreview(Wire):
    type: Literal["skip_preview"] = "skip_preview"
    lead_id: RowNumber
    reason: Line = ""


class DialNumber(Wire):
    """Manual mode: dial a number of the portfolio (any usual way of writing it)."""

    type: Literal["dial_number"] = "dial_number"
    number: str = Field(min_length=3, max_length=40, pattern=LINE)


AgentIntent = Annotated[
    ConnectPhone
    | GoReady
    | GoNotReady
    | LogOut
    | HangUp
    | Dispose
    | TickNotice
    | RefuseRecording
    | WalkScript
    | DialPreview
    | SkipPreview
    | DialNumber,
    Field(discriminator="type"),
]


class IntentRequest(Wire):
    """POST /intents (agents). `key` makes a repeated click one intent."""

    key: str = Field(min_length=8, max_length=64, pattern=INTENT_KEY)
    intent: AgentIntent


class IntentAccepted(Wire):
    """202: it is stored and on its way; the result comes as a live change of kind `intent`."""

    id: int


# --- campaigns --------------------------------------------------------------------------------------------


class CampaignView(Wire):
    """One campaign's settings and state."""

    id: int
    name: str
    agent_group_id: int
    state: CampaignState
    state_reason: str | None
    mode: DialMode
    ratio: float
    max_lines_per_agent: float
    abandon_cap: float
    connect_limit_s: float
    ring_timeout_s: int
    wrap_up_s: int
    recording_notice: RecordingNotice
    rule_set: str
    language: Language
    version: int
    policy: PacingPolicy
    abandon_window: AbandonWindow
    priority: int
    share: float
    archived: bool


class CampaignPatch(Wire):
    """PATCH /campaigns/{id} with `If-Match: <version>`; absent fields stay."""

    mode: DialMode | None = None
    ratio: float | None = Field(default=None, ge=1.0, le=10.0)
    max_lines_per_agent: float | None = Field(default=None, ge=1.0, le=15.0)
    abandon_cap: float | None = Field(default=None, ge=0.0, le=0.05)
    ring_timeout_s: int | None = Field(default=None, ge=15, le=90)
    wrap_up_s: int | None = Field(default=None, ge=0, le=900)
    recording_notice: RecordingNotice | None = None
    connect_limit_s: float | None = Field(default=None, ge=1.0, le=10.0)
    policy: PacingPolicy | None = None
    abandon_window: AbandonWindow | None = None
    priority: int | None = Field(default=None, ge=-1000, le=1000)
    share: float | None = Field(default=None, ge=0.01, le=100.0)


class FieldView(Wire):
    """One field of a disposition's form. `amount` is `amount_minor` and `currency`; dates are the debtor's days."""

    name: str
    kind: FieldKind
    required: bool
    choices: list[str]


class DispositionView(Wire):
    code: str
    label: dict[str, str]
    effect: Effect
    right_party: bool

    @computed_field  # type: ignore[prop-decorator]
    @property
    def fields(self) -> list[FieldView]:
        """What its effect asks for, in the order of the form."""
        return [
            FieldView(name=f.name, kind=f.kind, required=f.required, choices=list(f.choices))
            for f in FIELDS[self.effect]
        ]


# --- every answer -------------------------------------------------------------------------------------------


class Problem(Wire):
    """RFC 9457 problem details; `type` is a stable code, `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str


class Health(Wire):
    """GET /healthz: the process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Wire):
    """GET /readyz: 200 when all are true, else 503."""

    database: bool
    live: bool
