"""What an agent must say with each kind of result: typed fields, checked before anything is believed.

The same table builds the console's form, guards the API and guards the engine: one list, three readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dialer.domain.errors import Refused
from dialer.domain.outcomes import Effect


class FieldKind(StrEnum):
    AMOUNT = "amount"  # minor units, with the currency beside it
    DATE = "date"  # in the debtor's calendar
    MOMENT = "moment"  # an instant
    CHOICE = "choice"
    TEXT = "text"
    FLAG = "flag"
    INSTALMENTS = "instalments"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to say. `choices`: codes, which the console puts into words."""

    name: str
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of a plan, in the promise's currency."""

    amount_minor: int
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What was said with a disposition; every field is one of `FIELDS` or the currency of `amount`."""

    amount_minor: int | None = None
    currency: str | None = None  # ISO 4217
    due_on: date | None = None
    instalments: tuple[Instalment, ...] = ()
    method: str | None = None
    reason: str | None = None
    explanation: str | None = None
    paid_on: date | None = None
    reference: str | None = None
    review_on: date | None = None
    relation: str | None = None
    #: A callback that any agent may make; else it is the one's who agreed it.
    anyone: bool = False


NO_DETAILS = Details()

#: How many days after its day a promise may still be kept: transfers take one or two to show.
GRACE_DAYS = 2
#: A promise further away is not one.
MAX_PROMISE = timedelta(days=366)
MAX_INSTALMENTS = 36
#: 10^13 minor units: beyond any consumer's debt, far within a bigint.
MAX_AMOUNT_MINOR = 10**13
MAX_TEXT = 500
#: A payment said to have been made longer ago would long be in the books.
MAX_PAID_AGO = timedelta(days=366)

_K = FieldKind
METHODS = ("transfer", "card", "cash", "branch", "direct_debit", "link", "other")
DISPUTE_REASONS = ("not_mine", "amount", "already_paid", "identity_fraud", "service", "prescribed", "other")
HARDSHIP_REASONS = ("job_loss", "illness", "income_cut", "family", "disaster", "other")
REFUSAL_REASONS = ("no_money", "unwilling", "lawyer", "creditor_only", "other")
RELATIONS = ("family", "partner", "colleague", "neighbour", "other")

#: What each effect asks for, in the order in which the form shows it.
FIELDS: Mapping[Effect, tuple[Field, ...]] = {
    Effect.PROMISE: (
        Field("amount", _K.AMOUNT, required=True),
        Field("due_on", _K.DATE, required=True),
        Field("instalments", _K.INSTALMENTS),
        Field("method", _K.CHOICE, choices=METHODS),
    ),
    Effect.PAID: (
        Field("paid_on", _K.DATE, required=True),
        Field("amount", _K.AMOUNT),
        Field("reference", _K.TEXT),
    ),
    Effect.DISPUTE: (
        Field("reason", _K.CHOICE, required=True, choices=DISPUTE_REASONS),
        Field("explanation", _K.TEXT),
    ),
    Effect.HARDSHIP: (
        Field("reason", _K.CHOICE, required=True, choices=HARDSHIP_REASONS),
        Field("review_on", _K.DATE, required=True),
    ),
    Effect.REFUSED: (
        Field("reason", _K.CHOICE, required=True, choices=REFUSAL_REASONS),
        Field("review_on", _K.DATE),
    ),
    Effect.CALLBACK: (Field("callback_at", _K.MOMENT, required=True), Field("anyone", _K.FLAG)),
    Effect.THIRD_PARTY: (Field("relation", _K.CHOICE, choices=RELATIONS),),
    Effect.DECEASED: (Field("relation", _K.CHOICE, choices=RELATIONS), Field("explanation", _K.TEXT)),
    Effect.WRONG_NUMBER: (),
    Effect.DO_NOT_CALL: (),
    Effect.MACHINE: (),
    Effect.RETRY: (),
    Effect.FINISH: (),
}


def check_details(effect: Effect, details: Details, *, today: date) -> None:
    """Whether the details fit the effect. Raises Refused, `field_missing`, `field_unwanted` or `field_wrong`.

    `today` is the debtor's. The callback's time is no detail: it is checked where the clock is.
    """
    fields = FIELDS[effect]
    given = {name for name in _NAMES if _said(details, name)}
    known = {field.name for field in fields}
    if unwanted := sorted(given - known):
        raise Refused("field_unwanted", f"{effect} has no {unwanted[0]}: leave it out")
    for field in fields:
        if field.required and field.kind is not _K.MOMENT and field.name not in given:
            raise Refused("field_missing", f"{effect} needs {field.name}")
        value = getattr(details, field.name, None)
        if field.kind is _K.CHOICE and value is not None and value not in field.choices:
            raise Refused("field_wrong", f"{field.name} is one of: {', '.join(field.choices)}")
    if details.reason == "other" and "explanation" in known and not details.explanation:
        raise Refused("field_missing", "reason other needs an explanation")
    for name in ("explanation", "reference"):
        if len(getattr(details, name) or "") > MAX_TEXT:
            raise Refused("field_wrong", f"{name} has at most {MAX_TEXT} characters")
    _check_amount(details)
    _check_dates(details, today)
    if details.instalments:
        _check_plan(details)


_NAMES = tuple(dict.fromkeys(f.name for fields in FIELDS.values() for f in fields if f.kind is not _K.MOMENT))


def _said(details: Details, name: str) -> bool:
    value = details.amount_minor if name == "amount" else getattr(details, name)
    return value is not None and value is not False and value not in ("", ())


def _check_amount(details: Details) -> None:
    amount, currency = details.amount_minor, details.currency
    if amount is None:
        if currency is not None:
            raise Refused("field_unwanted", "a currency without an amount says nothing: leave it out")
        return
    if not 0 < amount <= MAX_AMOUNT_MINOR:
        raise Refused("field_wrong", "amount is more than nothing, in the currency's minor units")
    if currency is None or not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise Refused("field_missing", "amount needs its currency (ISO 4217, e.g. DOP)")


def _check_dates(details: Details, today: date) -> None:
    for name in ("due_on", "review_on"):
        day: date | None = getattr(details, name)
        if day is not None and not today <= day <= today + MAX_PROMISE:
            raise Refused("field_wrong", f"{name} lies between today and {MAX_PROMISE.days} days from now")
    if details.paid_on is not None and not today - MAX_PAID_AGO <= details.paid_on <= today:
        raise Refused("field_wrong", "paid_on is today or a day of the last year")


def _check_plan(details: Details) -> None:
    """The parts of a plan: in order, the first on the promise's own date, together its amount."""
    parts = details.instalments
    if len(parts) > MAX_INSTALMENTS:
        raise Refused("field_wrong", f"a plan has at most {MAX_INSTALMENTS} instalments")
    if any(part.amount_minor <= 0 for part in parts):
        raise Refused("field_wrong", "each instalment is more than nothing")
    if sum(part.amount_minor for part in parts) != details.amount_minor:
        raise Refused("field_wrong", "the instalments together are not the amount promised")
    days = [part.due_on for part in parts]
    if days != sorted(set(days)):
        raise Refused("field_wrong", "each instalment is due after the one before")
    if days[0] != details.due_on or days[-1] - days[0] > MAX_PROMISE:
        raise Refused(
            "field_wrong", "the first instalment is due on the promise's date, the last within a year"
        )
