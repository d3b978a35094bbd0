"""What each kind of result must say: the table, field by field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dialer.domain.dispositions import FIELDS, Details, Instalment, check_details
from dialer.domain.errors import Refused
from dialer.domain.outcomes import Effect

TODAY = date(2026, 11, 20)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


PROMISE: dict[str, Any] = {"amount_minor": 90_000, "currency": "DOP", "due_on": day(7)}
PLAN = (Instalment(50_000, day(7)), Instalment(40_000, day(37)))

GOOD: list[tuple[Effect, dict[str, Any]]] = [
    (Effect.PROMISE, PROMISE),
    (Effect.PROMISE, {**PROMISE, "due_on": TODAY, "method": "transfer"}),
    (Effect.PROMISE, {**PROMISE, "instalments": PLAN}),
    (Effect.PAID, {"paid_on": TODAY}),
    (Effect.PAID, {"paid_on": day(-30), "amount_minor": 1, "currency": "CLP", "reference": "4471"}),
    (Effect.DISPUTE, {"reason": "amount"}),
    (Effect.DISPUTE, {"reason": "other", "explanation": "compró otra persona"}),
    (Effect.HARDSHIP, {"reason": "job_loss", "review_on": day(30)}),
    (Effect.REFUSED, {"reason": "unwilling"}),
    (Effect.REFUSED, {"reason": "no_money", "review_on": day(15)}),
    (Effect.CALLBACK, {"anyone": True}),
    (Effect.THIRD_PARTY, {"relation": "family"}),
    *((effect, {}) for effect in FIELDS if not any(field.required for field in FIELDS[effect])),
]

BAD: list[tuple[Effect, dict[str, Any], str]] = [
    (Effect.PROMISE, {}, "field_missing"),
    (Effect.PROMISE, {**PROMISE, "due_on": None}, "field_missing"),
    (Effect.PROMISE, {**PROMISE, "amount_minor": None, "currency": None}, "field_missing"),
    (Effect.PROMISE, {**PROMISE, "currency": None}, "field_missing"),
    (Effect.PROMISE, {**PROMISE, "currency": "pesos"}, "field_missing"),
    (Effect.PROMISE, {**PROMISE, "amount_minor": 0}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "amount_minor": -5}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "amount_minor": 10**14}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "due_on": day(-1)}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "due_on": day(367)}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "method": "barter"}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "reason": "amount"}, "field_unwanted"),
    (Effect.PROMISE, {**PROMISE, "instalments": PLAN[:1]}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "instalments": PLAN[::-1]}, "field_wrong"),
    (Effect.PROMISE, {**PROMISE, "due_on": day(6), "instalments": PLAN}, "field_wrong"),
    (
        Effect.PROMISE,
        {**PROMISE, "instalments": (Instalment(100_000, day(7)), Instalment(-10_000, day(8)))},
        "field_wrong",
    ),
    (
        Effect.PROMISE,
        {
            **PROMISE,
            "amount_minor": 37,
            "instalments": tuple(Instalment(1, day(7 + n)) for n in range(37)),
        },
        "field_wrong",
    ),
    (Effect.PAID, {}, "field_missing"),
    (Effect.PAID, {"paid_on": day(1)}, "field_wrong"),
    (Effect.PAID, {"paid_on": day(-367)}, "field_wrong"),
    (Effect.PAID, {"paid_on": TODAY, "reference": "x" * 501}, "field_wrong"),
    (Effect.PAID, {"paid_on": TODAY, "currency": "DOP"}, "field_unwanted"),
    (Effect.DISPUTE, {}, "field_missing"),
    (Effect.DISPUTE, {"reason": "mood"}, "field_wrong"),
    (Effect.DISPUTE, {"reason": "other"}, "field_missing"),
    (Effect.HARDSHIP, {"reason": "illness"}, "field_missing"),
    (Effect.REFUSED, {"review_on": day(3)}, "field_missing"),
    (Effect.WRONG_NUMBER, {"relation": "family"}, "field_unwanted"),
    (Effect.DO_NOT_CALL, {"anyone": True}, "field_unwanted"),
    (Effect.FINISH, PROMISE, "field_unwanted"),
]


@pytest.mark.parametrize(("effect", "said"), GOOD)
def test_what_is_enough(effect: Effect, said: dict[str, Any]) -> None:
    check_details(effect, Details(**said), today=TODAY)


@pytest.mark.parametrize(("effect", "said", "code"), BAD)
def test_what_is_refused(effect: Effect, said: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_details(effect, Details(**said), today=TODAY)
    assert refusal.value.code == code
    assert len(str(refusal.value)) > len(code), "says what to do"


def test_every_effect_has_its_fields() -> None:
    assert FIELDS.keys() == set(Effect)
