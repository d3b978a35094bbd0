"""Conditions of segments: what is taken, and in what words the rest is refused."""

from __future__ import annotations

import pytest

from dialer.domain.errors import BadInput
from dialer.domain.segments import CODES, KINDS, PRESETS, TESTS, Field, Kind, Match, read_conditions
from dialer.store.segments import compile_conditions


def one(field: str, test: str, value: object = None) -> object:
    return {"conditions": [{"field": field, "test": test, "value": value}]}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_comes_through_its_own_words(preset: object) -> None:
    conditions = preset.conditions  # type: ignore[attr-defined]
    assert read_conditions(conditions.as_json()) == conditions


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "conditions are an object"),
        ({"rules": []}, "there is no 'rules'"),
        ({"match": "some"}, "match is 'some'; choose from all, any"),
        ({"conditions": "x"}, "conditions must be a list"),
        ({"conditions": [1]}, "condition 1 must be an object"),
        ({"conditions": [{}] * 31}, "31 conditions; at most 30"),
        (one("balance; DROP TABLE lead", "at_least", 1), "condition 1: field is 'balance; DROP TABLE lead'"),
        (one("balance", ">=", 1), "condition 1: test is '>='"),
        (one("balance", "is_one_of", ["1"]), "balance takes at_least, at_most"),
        (one("balance", "at_least", "1 OR 1=1"), "balance needs a number"),
        (one("balance", "at_least", True), "balance needs a number"),
        (one("balance", "at_least", 1.5), "balance needs a whole number"),
        (one("balance", "at_least", float("nan")), "balance needs a whole number"),
        (one("balance", "at_least", 10**30), "balance needs a whole number"),
        (one("risk_score", "at_least", 2), "a number from 0 to 1"),
        (one("product", "is_one_of", "Tarjeta"), "needs a list of at least one value"),
        (one("product", "is_one_of", []), "needs a list of at least one value"),
        (one("product", "is_one_of", ["a\0b"]), "a text of 1 to 200 characters"),
        (one("stage", "is_one_of", ["soon"]), "stage has no 'soon'; choose from preventive"),
        (one("disputed", "is", "no"), "disputed is true or false"),
        (one("risk_score", "is_known", 1), "is_known takes no value"),
        ({"conditions": [{"field": "balance", "test": "at_least", "value": 1, "or": 2}]}, "there is no 'or'"),
    ],
)
def test_what_is_wrong_is_said(data: object, said: str) -> None:
    with pytest.raises(BadInput, match=None) as refused:
        read_conditions(data)
    assert said in str(refused.value)


def test_no_value_ever_stands_in_the_statement() -> None:
    hostile = "x') OR true; DROP TABLE lead; --"
    conditions = read_conditions(one("product", "is_one_of", [hostile]))
    sql, parameters = compile_conditions(conditions, first=3)
    assert sql == "((debt.product = ANY ($3::text[])) IS TRUE)"
    assert parameters == [[hostile]]


def test_every_field_compiles_with_every_test_it_takes() -> None:
    values = {Kind.AMOUNT: 5, Kind.WHOLE: 5, Kind.SCORE: 0.5, Kind.TEXT: ["x"], Kind.YES_NO: True}
    for field in Field:
        for test in TESTS[KINDS[field]]:
            value = [CODES[field][0]] if field in CODES else values.get(KINDS[field])
            value = None if test in ("is_known", "is_unknown") else value
            sql, parameters = compile_conditions(read_conditions(one(field, test, value)))
            assert sql.count("$1") == len(parameters) == (value is not None)


def test_numbers_follow_the_parameters_that_are_there() -> None:
    data = {
        "match": "any",
        "conditions": [
            {"field": "risk_score", "test": "is_unknown"},
            {"field": "balance", "test": "at_least", "value": 7},
            {"field": "tries", "test": "at_most", "value": 2},
        ],
    }
    sql, parameters = compile_conditions(read_conditions(data), first=4)
    assert parameters == [7, 2]
    assert " OR " in sql
    assert "$4::bigint" in sql
    assert "$5::bigint" in sql
    assert read_conditions(data).match is Match.ANY
