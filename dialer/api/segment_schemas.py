"""What crosses the wire of segments: conditions as they are built by clicks, treatments, counts and moves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field as Bound

from dialer.api.schemas import LINE
from dialer.api.wire import Wire
from dialer.domain.segments import MAX_CONDITIONS, Field, Kind, Match, NumberOrder, Test

#: Ids are bigints, positions a list's places.
Id = Annotated[int, Bound(ge=1, le=2**63 - 1)]


class ConditionView(Wire):
    """One condition; `value` as the field's kind and the test want it: a number, true or false, texts, or null."""

    field: Field
    test: Test
    value: int | float | bool | list[str] | None = None


class ConditionsView(Wire):
    """Who belongs to a segment; no conditions at all: everybody."""

    match: Match = Match.ALL
    conditions: list[ConditionView] = Bound(max_length=MAX_CONDITIONS)


class TreatmentView(Wire):
    """How its leads are worked; null leaves it to the campaign and the list."""

    campaign_id: Id | None = None
    priority: int | None = Bound(default=None, ge=-1000, le=1000)
    script_id: Id | None = None
    number_order: NumberOrder = NumberOrder.LISTED
    caller_id: str | None = Bound(default=None, max_length=20, pattern=LINE)
    target_handling_s: int | None = Bound(default=None, ge=10, le=7200)


class SegmentSettings(Wire):
    """A segment as a supervisor writes it. `conditions` null: only files name it, and nobody is moved in or out."""

    name: str = Bound(min_length=1, max_length=80, pattern=LINE)
    position: int | None = Bound(default=None, ge=0, le=10_000)
    active: bool = True
    conditions: ConditionsView | None
    treatment: TreatmentView


class SegmentView(SegmentSettings):
    """A segment as stored; the first active one that fits has the lead. `leads`: how many are in it."""

    id: int
    leads: int
    version: int


class CountRequest(Wire):
    conditions: ConditionsView
    campaign_id: Id | None = None


class CountedView(Wire):
    """Open leads that meet the conditions, of how many, and what they owe by currency (minor units)."""

    leads: int
    of: int
    balances_minor: dict[str, int]


class SegmentField(Wire):
    """What a condition may ask; `choices` of a code."""

    name: Field
    kind: Kind
    tests: list[Test]
    choices: list[str]


class SegmentPreset(Wire):
    name: str
    conditions: ConditionsView
    treatment: TreatmentView


class Named(Wire):
    id: int
    name: str


class SegmentParts(Wire):
    """What segments are built of."""

    fields: list[SegmentField]
    presets: list[SegmentPreset]
    scripts: list[Named]


class MoveView(Wire):
    """Leads that went from one segment (null: none) to another."""

    from_name: str | None
    to_name: str | None
    leads: int


class SegmentRunView(Wire):
    """A re-segmentation: how many leads it judged, and who moved."""

    id: int
    started_at: datetime
    finished_at: datetime | None
    leads: int
    moved: int
    moves: list[MoveView]
