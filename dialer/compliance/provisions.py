"""What a law may lay down, typed: hours, limits, consents, whom to call, what to say; with norm and sources.

A country's file (`preset`) and a contract's (`overlays`) are made of the same parts. Unknown keys are refused.
"""

from __future__ import annotations

import re
from datetime import date, time
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from dialer.domain.contact import Channel, Count, Place


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
