"""What crosses the wire of persons: whom a search finds, all that is known of one, and what a supervisor decides."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from dialer.api.schemas import PROSE
from dialer.api.wire import Wire

#: What only a kind of entry has: texts, amounts in minor units, days, lists of codes or weekdays.
Detail = str | int | float | bool | list[str] | list[int] | None


class FoundPerson(Wire):
    id: int
    external_ref: str
    full_name: str
    numbers: list[str]
    creditors: str | None


class NumberView(Wire):
    """A number and what calling it has taught; `confidence` that it is the person's own, 0 to 1. A demoted one is
    dialled only when he has no other."""

    number: str
    kind: str
    source: str
    status: str
    confidence: float
    demoted: bool
    tries: int
    right_party: int
    right_party_at: datetime | None
    wrong_number: int
    wrong_number_at: datetime | None
    last_outcome: str | None
    tried_at: datetime | None


class DebtView(Wire):
    """A debt that the person owes (`role` null) or answers for as `role`; then `debtor` owes it."""

    id: int
    external_ref: str
    creditor: str
    product: str
    balance_minor: int
    currency: str
    due_on: date | None
    stage: str | None
    status: str
    role: str | None
    debtor: str | None


class PersonLeadView(Wire):
    id: int
    campaign: str
    state: str
    state_reason: str | None
    attempts: int
    next_at: datetime
    segment: str | None
    debt: str | None


class AddressView(Wire):
    kind: str
    line: str
    city: str | None
    subdivision: str | None
    country: str | None


class EntryView(Wire):
    """One thing that happened to a person."""

    kind: str
    at: datetime
    state: str | None
    who: str | None
    text: str | None
    more: dict[str, Detail]


class PersonView(Wire):
    """A person with his numbers, debts, leads and story, the newest first."""

    id: int
    external_ref: str
    full_name: str
    language: str
    time_zone: str | None
    do_not_call: bool
    numbers: list[NumberView]
    debts: list[DebtView]
    leads: list[PersonLeadView]
    addresses: list[AddressView]
    entries: list[EntryView]


class NewNote(Wire):
    body: str = Field(min_length=1, max_length=4000, pattern=PROSE)


class Reason(Wire):
    """Why: kept with what it decides."""

    because: str = Field(min_length=1, max_length=2000, pattern=PROSE)


class DisputeAnswer(Reason):
    """`upheld`: the debtor was right; his leads are closed, else they may be called again."""

    state: Literal["upheld", "rejected", "withdrawn"]
