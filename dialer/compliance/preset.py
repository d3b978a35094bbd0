"""A preset: the contact law of one country with its subdivisions and cities, as its YAML file says it.

Every figure carries its norm, its sources (`sources.yaml`) and how sure we are of it. What the dialer decides by is
typed; what people must know and do besides stands under `duties`, in words. Unknown keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dialer.compliance.strict_yaml import Document, read_yaml
from dialer.domain.contact import Channel, Count, Place
from dialer.domain.errors import BadInput


class Confidence(StrEnum):
    """How we know a rule."""

    READ_PRIMARY = "read_primary"  # the norm's or the regulator's own words
    READ_SECONDARY = "read_secondary"  # a law firm, newspaper, trade body or vendor that reports it
    REMEMBERED_HIGH = "remembered_high"  # no text found; widely known
    REMEMBERED_LOW = "remembered_low"  # no text found; verify before use
    CONFLICT = "conflict"  # sources disagree: the strictest is used, the rest is under `alternative`
    POLICY = "policy"  # no legal figure was found: this project's own
    AGREED = "agreed"  # in overlays alone: a contract's or a campaign's own word


#: Rules known like this need a person's name behind them before a campaign may start.
NEED_APPROVAL = frozenset({Confidence.CONFLICT, Confidence.POLICY})


class Part(BaseModel):
    """A part of a preset: no key unknown, no value converted."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Src = Annotated[str, Field(pattern=r"^S[0-9]{2,3}$")]


class Sourced(Part):
    norm: str = ""
    note: str = ""
    alternative: str = ""
    src: tuple[Src, ...] = ()
    conf: Confidence

    @model_validator(mode="after")
    def _read_has_source(self) -> Sourced:
        if self.conf in (Confidence.READ_PRIMARY, Confidence.READ_SECONDARY) and not self.src:
            raise ValueError(f"{self.conf} needs its sources under src")
        return self


_SPAN = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


def _span(text: object) -> tuple[time, time]:
    found = _SPAN.fullmatch(text) if isinstance(text, str) and text.isascii() else None
    if found is None:
        raise ValueError(f'{text!r} is not "HH:MM-HH:MM" in quotes')
    try:
        start, end = found.groups()
        # 24:00 is the day's end; the last representable instant stands for it, the comparison is exclusive.
        span = time.fromisoformat(start), time.max if end == "24:00" else time.fromisoformat(end)
    except ValueError:
        raise ValueError(f"{text!r} names a time that no clock shows") from None
    if span[0] >= span[1]:
        raise ValueError(f"{text!r} ends before it begins")
    return span


def spans_of(given: object) -> tuple[tuple[time, time], ...]:
    if not isinstance(given, list):
        raise ValueError('a list of "HH:MM-HH:MM"; [] = no calls that day')
    spans = tuple(_span(text) for text in given)
    if any(earlier[1] > later[0] for earlier, later in pairwise(spans)):
        raise ValueError("the spans of a day follow each other")
    return spans


#: Spans [start, end) of one local day; empty = no calls.
Spans = Annotated[tuple[tuple[time, time], ...], BeforeValidator(spans_of)]


class Days(Part):
    """Local hours per weekday; `holiday` beats the weekday."""

    mon: Spans
    tue: Spans
    wed: Spans
    thu: Spans
    fri: Spans
    sat: Spans
    sun: Spans
    holiday: Spans

    def rows(self) -> tuple[tuple[tuple[time, time], ...], ...]:
        """Monday to Sunday, then holidays."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun, self.holiday)


class Hours(Sourced):
    days: Days
    debtor_can_widen: bool = False


class WindowKind(StrEnum):
    CALENDAR_DAY = "calendar_day"  # midnight to midnight, debtor's local time
    CALENDAR_WEEK = "calendar_week"  # Monday 00:00 to Sunday 24:00, debtor's local time
    ROLLING_DAYS = "rolling_days"  # the last n x 24 h
    CONSECUTIVE_DAYS = "consecutive_days"  # n local days, the event's own being day 1
    SUCCESSIVE_BLOCKS = "successive_blocks"  # back-to-back blocks of n days from the campaign's start


_COUNTED = frozenset({WindowKind.ROLLING_DAYS, WindowKind.CONSECUTIVE_DAYS, WindowKind.SUCCESSIVE_BLOCKS})


class Window(Part):
    kind: WindowKind
    days: Annotated[int, Field(ge=1, le=366)] = 1

    @model_validator(mode="after")
    def _days_where_counted(self) -> Window:
        if (self.kind in _COUNTED) != ("days" in self.model_fields_set):
            raise ValueError(f"days belongs to {', '.join(sorted(_COUNTED))}, and only to them")
        return self


class Unit(StrEnum):
    """Whom or what a limit is counted for."""

    PERSON = "person"
    PHONE = "phone"
    PERSON_DEBT = "person_debt"
    PERSON_ACCOUNT = "person_account"
    PERSON_CREDITOR = "person_creditor"


Channels = Literal["all"] | tuple[Channel, ...]


class Limit(Sourced):
    """At most `max` events (or `max_distinct_channels` channels) of a kind per unit and window."""

    id: str
    counts: Count
    unit: Unit
    channels: Channels
    #: The law says that letters, texts or voicemails count, too, though nothing was dialled.
    messages_count: bool = False
    max: Annotated[int, Field(ge=0)] | None = None
    max_distinct_channels: Annotated[int, Field(ge=1)] | None = None
    min_gap_days: Annotated[int, Field(ge=1)] | None = None  # between two of them, n x 24 h
    window: Window
    to: tuple[Place, ...] = ()  # only these kinds of number or address; none = all
    effective: date | None = None

    @model_validator(mode="after")
    def _one_figure(self) -> Limit:
        if (self.max is None) == (self.max_distinct_channels is None):
            raise ValueError("either max or max_distinct_channels")
        return self


class CoolingOff(Sourced):
    """After an event of this kind, whoever began it, silence for the window; its own day is day 1."""

    id: str
    after: Count
    unit: Unit
    channels: Channels
    window: Window


class ConsentExclusion(Sourced):
    """Calls under the debtor's direct prior consent are outside this jurisdiction's limits for so many days."""

    max_days: Annotated[int, Field(ge=1)]


class SamePhonePattern(Sourced):
    """Two unanswered calls to one number so close together count as harassment."""

    min_gap_s: Annotated[int, Field(ge=1)]


class ConsentBasis(StrEnum):
    AUTHORISED = "authorised"  # by the debtor, in any form that leaves a record
    WRITTEN = "written"  # given in writing, beforehand


class ChannelConsent(Sourced):
    channels: Channels
    basis: ConsentBasis
    #: What holds while nothing is recorded of the debtor's choice.
    when_unknown: Literal["allowed", "refused"]


class Abandonment(Sourced):
    cap_pct: Annotated[float, Field(ge=0, le=100)]
    target_pct: Annotated[float, Field(ge=0, le=100)] | None = None
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    time_to_agent_s: Annotated[float, Field(gt=0)]

    def shortest_days(self) -> int:
        """The shortest window that the share is held over."""
        return min(window.days for window in self.windows)


class MinRing(Sourced):
    value: Annotated[int, Field(ge=1)]


class Redial(Sourced):
    """No automatic call so many hours after one; earlier only with an agent reserved for it."""

    no_automatic_redial_h: Annotated[int, Field(ge=1)]


class Exemption(Part):
    """Whom a rule spares. It holds when a named person says that the campaign's owner is one of them, and why."""

    id: str
    who: str
    norm: str = ""


class CallerId(Sourced):
    """What a shown number must be. A number class is the numbering plan's; the owner's word gives the rest."""

    must_be_owned: bool = False
    must_be_callable_back: bool = False
    withhold_forbidden: bool = False
    mobile_forbidden: bool = False
    no_premium_rate: bool = False
    #: Behind the country code it begins with one of these.
    prefixes: tuple[Annotated[str, Field(pattern=r"^[0-9]{1,6}$")], ...] = ()
    exemption: Exemption | None = None  # from the prefixes
    since: date | None = None


class RecordingConsent(StrEnum):
    NOTICE = "notice"
    ONE_PARTY = "one_party"
    ALL_PARTY = "all_party"


class Recording(Sourced):
    consent: RecordingConsent
    announce_before: bool = True
    all_party_subdivisions: tuple[str, ...] = ()


class MustSay(StrEnum):
    """What a message must hold."""

    COMPANY_NAME = "company_or_creditor_neutral_name"
    SELLER_NAME = "seller_name"
    CALLBACK_NUMBER = "callback_number"
    SELLER_PHONE = "seller_phone"
    BASIC_RATE_NUMBER = "free_or_basic_rate_number"


class MustNotSay(StrEnum):
    DEBT = "debt"
    MARKETING = "marketing"


class Message(Sourced):
    """What a person without an agent must be told, and must not."""

    start_within_s: Annotated[float, Field(gt=0)]
    must_say: tuple[MustSay, ...]
    must_not_say: tuple[MustNotSay, ...] = ()


class Role(StrEnum):
    """What the person called is to the debt."""

    DEBTOR = "debtor"
    CODEBTOR = "codebtor"
    GUARANTOR = "guarantor"
    SPOUSE = "spouse"
    REFERENCE = "reference"
    FAMILY = "family"
    EMPLOYER = "employer"
    COWORKER = "coworker"
    NEIGHBOUR = "neighbour"
    OTHER = "other"


class ContactScope(Sourced):
    roles: tuple[Role, ...]
    workplace: Literal["forbidden", "unless_employer_forbids"]
    cease_request_stops: bool = True
    attorney_stops: bool = False


class Retention(Sourced):
    contact_ledger_years: Annotated[int, Field(ge=1)]
    recordings_days: Annotated[int, Field(ge=1)] | None = None
    recordings_min_days: Annotated[int, Field(ge=1)] | None = None


class Topic(StrEnum):
    """What a duty is about."""

    SCOPE = "scope"
    EXCEPTION = "exception"
    DNC = "dnc"
    PROHIBITED = "prohibited"
    CALLER_ID = "caller_id"
    RECORDING = "recording"
    ABANDONMENT = "abandonment"
    MIN_RING_S = "min_ring_s"
    AMD = "amd"
    AUTOMATED_VOICE = "automated_voice"
    AUTOMATED_DECISION = "automated_decision"
    DATA_PROTECTION = "data_protection"
    FIRST_CONTACT_MUST_SAY = "first_contact_must_say"
    MUST_SAY = "must_say"
    REGISTRY = "registry"
    PENALTY = "penalty"
    PENDING = "pending"
    PATTERN = "pattern"
    SHORT_CALLS = "short_calls"
    RETENTION = "retention"
    DUTY = "duty"
    FREQUENCY = "frequency"
    HOURS = "hours"


class Duty(Sourced):
    """What people must know or do, in words: no decision of the dialer hangs on it."""

    about: Topic
    says: str


class NothingFound(Part):
    """Looked for and not found: the policy's figure holds."""

    about: Topic
    note: str = ""
    src: tuple[Src, ...] = ()


class Rules(Part):
    """What a country, a subdivision or a city may lay down."""

    hours: Hours | None = None
    limits: tuple[Limit, ...] = ()
    cooling_off: tuple[CoolingOff, ...] = ()
    consent_exclusion: ConsentExclusion | None = None
    #: Information that the debtor asked for may be brought to him outside this jurisdiction's limits.
    reply_exception: Sourced | None = None
    same_phone_pattern: SamePhonePattern | None = None
    channel_consent: ChannelConsent | None = None
    abandonment: Abandonment | None = None
    min_ring_s: MinRing | None = None
    abandoned_message: Message | None = None
    after_abandoned_call: Redial | None = None
    after_amd_machine: Redial | None = None
    caller_id: CallerId | None = None
    recording: Recording | None = None
    contact_scope: ContactScope | None = None
    retention: Retention | None = None
    duties: tuple[Duty, ...] = ()
    nothing_found: tuple[NothingFound, ...] = ()


class Subdivision(Rules):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,4}){1,2}$")]  # ISO 3166-2, a city after it
    name: str
    zones: tuple[str, ...]


class Preset(Rules):
    format: Literal["cadencia-law/1"]
    code: str
    name: str
    version: str
    #: Shown on every screen of a campaign that runs under it, by language.
    notice: dict[str, str] = Field(default_factory=dict)
    #: An overlay adds to other jurisdictions and is none by itself.
    overlay: bool = False
    #: False in the laboratory's alone: it reaches nobody, so nothing else limits it.
    with_policy: bool = True
    zones: tuple[str, ...] = ()
    holidays: str | None = None
    subdivisions: tuple[Subdivision, ...] = ()


class Gaps(Part):
    same_phone: Annotated[int, Field(ge=0)]
    same_person_other_phone: Annotated[int, Field(ge=0)]


class Policy(Part):
    """What holds wherever the law says nothing."""

    format: Literal["cadencia-policy/1"]
    version: str
    conf: Literal["policy"]
    hours: Hours
    stop_originating_before_end_s: Annotated[int, Field(ge=0)]
    max_attempts: tuple[Limit, ...]
    after_contact_block: CoolingOff
    min_gap_between_attempts_s: Gaps
    max_in_flight_per_person: Annotated[int, Field(ge=1)]
    abandonment: Abandonment
    min_ring_s: MinRing
    abandoned_message: Message
    after_abandoned_call: Redial
    after_amd_machine: Redial
    caller_id: CallerId
    recording: Recording
    contact_scope: ContactScope
    retention: Retention


class Source(Part):
    ref: str
    url: str
    kind: str


class Sources(Part):
    format: Literal["cadencia-sources/1"]
    sources: dict[Src, Source]


Kind = TypeVar("Kind", bound=Part)


def parse(kind: type[Kind], document: Document) -> Kind:
    """The document as this kind of file. Raises BadInput naming file, line and path of the first thing wrong."""
    try:
        # As JSON, where an array may be a tuple and a text an enum member, but "3" is never 3.
        return kind.model_validate_json(orjson.dumps(document.tree), strict=True)
    except ValidationError as error:
        # A misspelt key is told before the one it leaves missing; of a union's branches the one that got furthest.
        first = min(
            error.errors(),
            key=lambda found: (found["type"] != "extra_forbidden", found["type"] == "literal_error"),
        )
        # A union's branches are no part of the path in the file.
        path = tuple(part for part in first["loc"] if not (isinstance(part, str) and _is_branch(part)))
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "no such key; is it misspelt?"
        elif first["type"] == "missing":
            message = "this key is missing"
        raise document.error(path, message) from None


def _is_branch(part: str) -> bool:
    return part.startswith(("literal[", "tuple[", "function-"))


def parse_preset(text: str, file: str) -> Preset:
    """A preset from its text. Raises BadInput."""
    document = read_yaml(text, file)
    preset = parse(Preset, document)
    known = sources()
    for path, part in _sourced(preset, ()):
        for n, src in enumerate(part.src):
            if src not in known:
                raise document.error((*path, "src", n), f"{src} is not among the sources")
    for path, rule in sourced_parts(preset):
        if rule.conf is Confidence.AGREED:
            raise document.error((*path, "conf"), "only an overlay's rules are agreed")
    return preset


def sourced_parts(part: Part) -> list[tuple[tuple[str | int, ...], Sourced]]:
    """Every rule in it, with its path."""
    return [(path, found) for path, found in _sourced(part, ()) if isinstance(found, Sourced)]


def cite(src: str) -> str:
    """What a source is called; an overlay is its own."""
    found = sources().get(src)
    return found.ref if found else src


def _sourced(
    part: Part, path: tuple[str | int, ...]
) -> list[tuple[tuple[str | int, ...], Sourced | NothingFound]]:
    found: list[tuple[tuple[str | int, ...], Sourced | NothingFound]] = []
    if isinstance(part, (Sourced, NothingFound)):
        found.append((path, part))
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Part):
            found += _sourced(value, (*path, name))
        elif isinstance(value, tuple):
            for n, item in enumerate(value):
                if isinstance(item, Part):
                    found += _sourced(item, (*path, name, n))
    return found


_FOLDER = files("dialer.compliance")


@cache
def sources() -> Mapping[str, Source]:
    """All that the presets cite, by id."""
    return parse(Sources, read_yaml((_FOLDER / "sources.yaml").read_text("utf-8"), "sources.yaml")).sources


@cache
def policy() -> Policy:
    return parse(Policy, read_yaml((_FOLDER / "policy.yaml").read_text("utf-8"), "policy.yaml"))


@cache
def preset_names() -> tuple[str, ...]:
    """The files under `presets/`, without `.yaml`."""
    found = (entry.name for entry in (_FOLDER / "presets").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


@cache
def load_preset(name: str) -> Preset:
    """The preset `name`. Raises BadInput when there is none."""
    if name not in preset_names():
        raise BadInput(f"no rules for {name!r}; there are: {', '.join(preset_names())}")
    file = f"{name}.yaml"
    preset = parse_preset((_FOLDER / "presets" / file).read_text("utf-8"), file)
    if preset.code != name:
        raise BadInput(f"{file} says code: {preset.code}; a preset carries the name of its file")
    return preset
