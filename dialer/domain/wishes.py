"""What people ask for in the console, as the engine takes it: checked once more, whatever the API let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from dialer.domain.dispositions import MAX_INSTALMENTS, NO_DETAILS, Details, Instalment
from dialer.domain.errors import Refused
from dialer.domain.values import AttemptId, is_ulid


@dataclass(frozen=True, slots=True)
class ConnectPhone:
    """Log in, or put a lost phone leg back."""


@dataclass(frozen=True, slots=True)
class GoReady:
    pass


@dataclass(frozen=True, slots=True)
class GoNotReady:
    reason: str


@dataclass(frozen=True, slots=True)
class LogOut:
    pass


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """A supervisor sends the agent to another group: he is logged out of this one, at once or after his wrap-up."""


@dataclass(frozen=True, slots=True)
class StayInGroup:
    """He is to stay after all, if he has not gone yet."""


@dataclass(frozen=True, slots=True)
class ConsoleLost:
    """Not a person's wish but the API's finding: nobody sits at that screen any more."""


@dataclass(frozen=True, slots=True)
class HangUp:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class Dispose:
    attempt_id: AttemptId
    code: str
    note: str
    callback_at: datetime | None
    details: Details = NO_DETAILS


@dataclass(frozen=True, slots=True)
class WalkScript:
    """The agent is at this step of the script: `answer` is what brought him there (None: the beginning, or back)."""

    attempt_id: AttemptId
    version_id: int
    step: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class TickNotice:
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class RefuseRecording:
    """The customer does not consent to being recorded."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class DialPreview:
    lead_id: int
    phone_id: int | None


@dataclass(frozen=True, slots=True)
class SkipPreview:
    lead_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class DialNumber:
    number: str


@dataclass(frozen=True, slots=True)
class StartCampaign:
    campaign_id: int


@dataclass(frozen=True, slots=True)
class PauseCampaign:
    campaign_id: int


@dataclass(frozen=True, slots=True)
class StopCampaign:
    campaign_id: int


AgentWish = (
    ConnectPhone
    | GoReady
    | GoNotReady
    | LogOut
    | LeaveGroup
    | StayInGroup
    | ConsoleLost
    | HangUp
    | Dispose
    | TickNotice
    | RefuseRecording
    | WalkScript
    | DialPreview
    | SkipPreview
    | DialNumber
)
CampaignWish = StartCampaign | PauseCampaign | StopCampaign
Wish = AgentWish | CampaignWish


def _text(data: Mapping[str, object], key: str, limit: int, default: str | None = None) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or len(value) > limit:
        raise Refused("bad_request", f"{key} must be text of at most {limit} characters")
    return value


def _id(data: Mapping[str, object], key: str) -> int:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("bad_request", f"{key} must be a whole number")
    return value


def _attempt(data: Mapping[str, object]) -> AttemptId:
    value = _text(data, "attempt_id", 26)
    if not is_ulid(value):
        raise Refused("bad_request", "attempt_id is not one of ours")
    return AttemptId(value)


def _time(data: Mapping[str, object], key: str) -> datetime | None:
    value = data.get(key)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refused("bad_request", f"{key} is not a time (RFC 3339)") from None
    if at.tzinfo is None:
        raise Refused("bad_request", f"{key} needs a time zone")
    return at


def _dispose(data: Mapping[str, object]) -> Dispose:
    return Dispose(
        _attempt(data),
        _text(data, "disposition", 40),
        _text(data, "note", 4000, ""),
        _time(data, "callback_at"),
        _details(data.get("details")),
    )


def _details(data: object) -> Details:
    """What was said with the disposition, as it lies in the intent (JSON)."""
    if data is None:
        return NO_DETAILS
    if not isinstance(data, dict):
        raise Refused("bad_request", "details is an object")
    if unknown := data.keys() - _DETAILS:
        raise Refused("bad_request", f"details has no {min(unknown)!r:.40}")
    parts = data.get("instalments") or []
    if not isinstance(parts, list) or len(parts) > MAX_INSTALMENTS:
        raise Refused("bad_request", f"instalments is a list of at most {MAX_INSTALMENTS}")
    return Details(
        amount_minor=None if data.get("amount_minor") is None else _id(data, "amount_minor"),
        due_on=_day(data, "due_on"),
        instalments=tuple(_instalment(part) for part in parts),
        paid_on=_day(data, "paid_on"),
        review_on=_day(data, "review_on"),
        anyone=data.get("anyone") is True,
        **{name: _text(data, name, 500) if data.get(name) else None for name in _DETAIL_TEXTS},
    )


_DETAILS = frozenset(field.name for field in fields(Details))
_DETAIL_TEXTS = ("currency", "method", "reason", "explanation", "reference", "relation")


def _instalment(data: object) -> Instalment:
    due_on = _day(data, "due_on") if isinstance(data, dict) else None
    if not isinstance(data, dict) or due_on is None:
        raise Refused("bad_request", "an instalment has amount_minor and due_on")
    return Instalment(_id(data, "amount_minor"), due_on)


def _day(data: Mapping[str, object], key: str) -> date | None:
    value = data.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refused("bad_request", f"{key} is not a day (YYYY-MM-DD)") from None


def _walk(data: Mapping[str, object]) -> WalkScript:
    answer = None if data.get("answer") is None else _text(data, "answer", 80)
    return WalkScript(_attempt(data), _id(data, "version_id"), _text(data, "step", 40), answer)


def _dial_preview(data: Mapping[str, object]) -> DialPreview:
    phone_id = None if data.get("phone_id") is None else _id(data, "phone_id")
    return DialPreview(_id(data, "lead_id"), phone_id)


AGENT_WISHES: dict[str, Callable[[Mapping[str, object]], AgentWish]] = {
    "connect_phone": lambda data: ConnectPhone(),
    "go_ready": lambda data: GoReady(),
    "go_not_ready": lambda data: GoNotReady(_text(data, "reason", 40, "break")),
    "log_out": lambda data: LogOut(),
    "leave_group": lambda data: LeaveGroup(),
    "stay_in_group": lambda data: StayInGroup(),
    "console_lost": lambda data: ConsoleLost(),
    "hang_up": lambda data: HangUp(_attempt(data)),
    "dispose": _dispose,
    "walk_script": _walk,
    "tick_notice": lambda data: TickNotice(_attempt(data)),
    "refuse_recording": lambda data: RefuseRecording(_attempt(data)),
    "dial_preview": _dial_preview,
    "skip_preview": lambda data: SkipPreview(_id(data, "lead_id"), _text(data, "reason", 200, "")),
    "dial_number": lambda data: DialNumber(_text(data, "number", 40)),
}
CAMPAIGN_WISHES: dict[str, Callable[[Mapping[str, object]], CampaignWish]] = {
    "start_campaign": lambda data: StartCampaign(_id(data, "campaign_id")),
    "pause_campaign": lambda data: PauseCampaign(_id(data, "campaign_id")),
    "stop_campaign": lambda data: StopCampaign(_id(data, "campaign_id")),
}


def parse_wish(role: str, kind: str, data: Mapping[str, object]) -> Wish:
    """The wish behind a stored intent. Raises Refused (`bad_request`, `forbidden`)."""
    if kind in AGENT_WISHES:
        if role != "agent":
            raise Refused("forbidden", f"only agents ask for {kind}")
        return AGENT_WISHES[kind](data)
    if kind in CAMPAIGN_WISHES:
        if role not in ("supervisor", "admin"):
            raise Refused("forbidden", f"only supervisors ask for {kind}")
        return CAMPAIGN_WISHES[kind](data)
    raise Refused("bad_request", f"nobody knows the wish {kind[:40]!r}")
