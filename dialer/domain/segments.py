"""Segments: typed conditions over a fixed set of fields, and how the leads of a segment are treated.

A segment is data that people write, so everything of it is checked here once, with words that say what to do; how a
field is asked of the database is the store's matter (`store/segments.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from dialer.domain.debtor import DebtStage, PromiseState
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome

E = TypeVar("E", bound=StrEnum)
MAX_CONDITIONS = 30
MAX_VALUES = 200
MAX_TEXT = 200
#: Amounts are minor units in a bigint.
MAX_NUMBER = 2**62


class NumberOrder(StrEnum):
    """Which of a person's numbers goes first: as the creditor lists them, or the likeliest to reach him."""

    LISTED = "listed"
    BEST = "best"


class Match(StrEnum):
    """Whether a lead must meet all conditions or any."""

    ALL = "all"
    ANY = "any"


class Kind(StrEnum):
    """What a field holds."""

    #: Minor units of the debt's currency.
    AMOUNT = "amount"
    WHOLE = "whole"
    #: A fraction, 0 to 1.
    SCORE = "score"
    TEXT = "text"
    CODE = "code"
    YES_NO = "yes_no"


class Test(StrEnum):
    __test__ = False  # not one of pytest's

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_ONE_OF = "is_one_of"
    IS_NONE_OF = "is_none_of"
    IS = "is"
    IS_KNOWN = "is_known"
    IS_UNKNOWN = "is_unknown"


class Field(StrEnum):
    """What a condition may ask of a lead; nothing else can reach the database."""

    BALANCE = "balance"  # of the debt the call is about
    TOTAL_BALANCE = "total_balance"  # of the person's open debts in that currency
    CURRENCY = "currency"
    DAYS_PAST_DUE = "days_past_due"  # negative before the day
    DEBT_AGE_DAYS = "debt_age_days"
    CUSTOMER_AGE_DAYS = "customer_age_days"
    PRODUCT = "product"
    CREDITOR = "creditor"
    STAGE = "stage"
    RISK_SCORE = "risk_score"
    COUNTRY = "country"
    SUBDIVISION = "subdivision"
    TRIES = "tries"
    CONTACTS = "contacts"  # times the person himself spoke
    LAST_OUTCOME = "last_outcome"
    LAST_RESULT = "last_result"  # the agent's word for the last call
    DAYS_SINCE_TRY = "days_since_try"
    PROMISE = "promise"  # the newest one's state
    BROKEN_PROMISES = "broken_promises"
    DAYS_SINCE_PAYMENT = "days_since_payment"
    DISPUTED = "disputed"
    NUMBERS = "numbers"  # that may be dialled


KINDS: dict[Field, Kind] = {
    Field.BALANCE: Kind.AMOUNT,
    Field.TOTAL_BALANCE: Kind.AMOUNT,
    Field.CURRENCY: Kind.TEXT,
    Field.DAYS_PAST_DUE: Kind.WHOLE,
    Field.DEBT_AGE_DAYS: Kind.WHOLE,
    Field.CUSTOMER_AGE_DAYS: Kind.WHOLE,
    Field.PRODUCT: Kind.TEXT,
    Field.CREDITOR: Kind.TEXT,
    Field.STAGE: Kind.CODE,
    Field.RISK_SCORE: Kind.SCORE,
    Field.COUNTRY: Kind.TEXT,
    Field.SUBDIVISION: Kind.TEXT,
    Field.TRIES: Kind.WHOLE,
    Field.CONTACTS: Kind.WHOLE,
    Field.LAST_OUTCOME: Kind.CODE,
    Field.LAST_RESULT: Kind.TEXT,
    Field.DAYS_SINCE_TRY: Kind.WHOLE,
    Field.PROMISE: Kind.CODE,
    Field.BROKEN_PROMISES: Kind.WHOLE,
    Field.DAYS_SINCE_PAYMENT: Kind.WHOLE,
    Field.DISPUTED: Kind.YES_NO,
    Field.NUMBERS: Kind.WHOLE,
}
CODES: dict[Field, tuple[str, ...]] = {
    Field.STAGE: tuple(DebtStage),
    Field.LAST_OUTCOME: tuple(Outcome),
    Field.PROMISE: tuple(PromiseState),
}
_KNOWING = (Test.IS_KNOWN, Test.IS_UNKNOWN)
_MEASURING = (Test.AT_LEAST, Test.AT_MOST, *_KNOWING)
_CHOOSING = (Test.IS_ONE_OF, Test.IS_NONE_OF, *_KNOWING)
TESTS: dict[Kind, tuple[Test, ...]] = {
    Kind.AMOUNT: _MEASURING,
    Kind.WHOLE: _MEASURING,
    Kind.SCORE: _MEASURING,
    Kind.TEXT: _CHOOSING,
    Kind.CODE: _CHOOSING,
    Kind.YES_NO: (Test.IS,),
}

#: What a condition compares with; None for the tests that need nothing.
Value = int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Condition:
    field: Field
    test: Test
    value: Value = None

    def as_json(self) -> dict[str, object]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"field": self.field.value, "test": self.test.value} | (
            {} if value is None else {"value": value}
        )


@dataclass(frozen=True, slots=True)
class Conditions:
    """Who belongs to a segment. No conditions at all: everybody."""

    match: Match
    conditions: tuple[Condition, ...]

    def as_json(self) -> dict[str, object]:
        return {"match": self.match.value, "conditions": [each.as_json() for each in self.conditions]}


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a segment's leads are worked; None leaves it to the campaign and the list."""

    #: Where they are worked, and so in which mode and by whom.
    campaign_id: int | None = None
    priority: int | None = None  # -1000 to 1000, higher first
    script_id: int | None = None
    number_order: NumberOrder = NumberOrder.LISTED
    caller_id: str | None = None  # E.164
    target_handling_s: int | None = None


def read_conditions(data: object) -> Conditions:
    """Conditions as they are stored and sent. Raises BadInput that says which one is wrong, and how."""
    if not isinstance(data, Mapping):
        raise BadInput('conditions are an object: {"match": "all", "conditions": [...]}')
    if unknown := set(data) - {"match", "conditions"}:
        raise BadInput(f"conditions: there is no {min(map(str, unknown))!r}; give match and conditions")
    match = _member(Match, data.get("match", Match.ALL), "match")
    listed = data.get("conditions", ())
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise BadInput("conditions must be a list")
    if len(listed) > MAX_CONDITIONS:
        raise BadInput(f"{len(listed)} conditions; at most {MAX_CONDITIONS} are allowed")
    return Conditions(match, tuple(_condition(each, n) for n, each in enumerate(listed, 1)))


def _condition(data: object, n: int) -> Condition:
    where = f"condition {n}"
    if not isinstance(data, Mapping):
        raise BadInput(f"{where} must be an object with field, test and value")
    if unknown := set(data) - {"field", "test", "value"}:
        raise BadInput(f"{where}: there is no {min(map(str, unknown))!r}; give field, test and value")
    field = _member(Field, data.get("field"), f"{where}: field")
    kind = KINDS[field]
    test = _member(Test, data.get("test"), f"{where}: test")
    if test not in TESTS[kind]:
        raise BadInput(f"{where}: {field} takes {', '.join(TESTS[kind])}, not {test}")
    return Condition(field, test, _value(field, kind, test, data.get("value"), where))


def _value(field: Field, kind: Kind, test: Test, value: object, where: str) -> Value:
    if test in _KNOWING:
        if value is not None:
            raise BadInput(f"{where}: {test} takes no value")
        return None
    if kind is Kind.YES_NO:
        if not isinstance(value, bool):
            raise BadInput(f"{where}: {field} is true or false")
        return value
    if kind in (Kind.TEXT, Kind.CODE):
        return _choices(field, value, where)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{where}: {field} needs a number")
    if kind is Kind.SCORE:
        if not 0 <= value <= 1:
            raise BadInput(f"{where}: {field} is a number from 0 to 1")
        return float(value)
    if value != value or abs(value) > MAX_NUMBER or int(value) != value:
        raise BadInput(f"{where}: {field} needs a whole number")
    return int(value)


def _choices(field: Field, value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise BadInput(f"{where}: {field} needs a list of at least one value")
    if len(value) > MAX_VALUES:
        raise BadInput(f"{where}: {len(value)} values; at most {MAX_VALUES} are allowed")
    for each in value:
        if not isinstance(each, str) or not 0 < len(each) <= MAX_TEXT or "\0" in each:
            raise BadInput(f"{where}: every value is a text of 1 to {MAX_TEXT} characters")
        if field in CODES and each not in CODES[field]:
            raise BadInput(f"{where}: {field} has no {each!r}; choose from {', '.join(CODES[field])}")
    return tuple(str(each) for each in value)


def _member(kind: type[E], value: object, where: str) -> E:
    for member in kind:
        if member == value:
            return member
    raise BadInput(f"{where} is {str(value)[:40]!r}; choose from {', '.join(kind)}")


@dataclass(frozen=True, slots=True)
class Preset:
    """A segment ready to be taken over; names in Spanish, as the floor says them."""

    name: str
    conditions: Conditions
    treatment: Treatment


def _all(*conditions: Condition) -> Conditions:
    return Conditions(Match.ALL, conditions)


#: In the order in which they are tried: what needs care first, then by age.
PRESETS: tuple[Preset, ...] = (
    Preset(
        "Promesa incumplida",
        _all(Condition(Field.PROMISE, Test.IS_ONE_OF, (PromiseState.BROKEN,))),
        Treatment(priority=300, target_handling_s=240),
    ),
    Preset(
        "Judicial",
        _all(Condition(Field.STAGE, Test.IS_ONE_OF, (DebtStage.LEGAL,))),
        Treatment(priority=100, target_handling_s=420),
    ),
    Preset(
        "Saldo alto, riesgo bajo",
        _all(
            Condition(Field.BALANCE, Test.AT_LEAST, 5_000_000_00),
            Condition(Field.RISK_SCORE, Test.AT_MOST, 0.3),
        ),
        Treatment(priority=200, number_order=NumberOrder.BEST, target_handling_s=360),
    ),
    Preset(
        "Nunca contactado",
        _all(Condition(Field.TRIES, Test.AT_LEAST, 6), Condition(Field.CONTACTS, Test.AT_MOST, 0)),
        Treatment(priority=-100, number_order=NumberOrder.BEST, target_handling_s=180),
    ),
    Preset(
        "Preventiva",
        _all(Condition(Field.DAYS_PAST_DUE, Test.AT_MOST, 0)),
        Treatment(target_handling_s=120),
    ),
    Preset(
        "Temprana",
        _all(
            Condition(Field.DAYS_PAST_DUE, Test.AT_LEAST, 1), Condition(Field.DAYS_PAST_DUE, Test.AT_MOST, 30)
        ),
        Treatment(target_handling_s=180),
    ),
    Preset(
        "Media",
        _all(
            Condition(Field.DAYS_PAST_DUE, Test.AT_LEAST, 31),
            Condition(Field.DAYS_PAST_DUE, Test.AT_MOST, 90),
        ),
        Treatment(target_handling_s=240),
    ),
    Preset(
        "Tardía",
        _all(Condition(Field.DAYS_PAST_DUE, Test.AT_LEAST, 91)),
        Treatment(number_order=NumberOrder.BEST, target_handling_s=300),
    ),
)
