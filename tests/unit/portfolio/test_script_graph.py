"""What may be published: a graph without a dead end, a lost step, a text that can't be filled, or a word unsaid."""

from __future__ import annotations

from typing import Any

import pytest

from dialer.domain.errors import BadInput
from dialer.portfolio.must_say import must_say
from dialer.portfolio.script_graph import Fault, Graph, find_faults, one_page, parse_graph


def step(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "title": id, "say": f"Paso {id}"} | more


def answers(*targets: str) -> list[dict[str, Any]]:
    return [{"label": f"a {target}", "to": target} for target in targets]


def graph(*steps: dict[str, Any], **more: Any) -> Graph:
    return parse_graph({"start": steps[0]["id"], "steps": list(steps)} | more)


GOOD = graph(
    step("hello", answers=answers("pays", "refuses")),
    step("pays", to="thanks", notices=["debt_collector_disclosure"]),
    step("refuses", result={"disposition": "refused", "fields": {"reason": "no_money"}}),
    step("thanks", result={"disposition": "promise"}),
    objections=[{"title": "Ya pagué", "say": "¿En qué fecha, {{ debtor.first_name }}?"}],
)


def test_a_good_script_has_no_fault() -> None:
    assert find_faults(GOOD) == []
    assert find_faults(GOOD, ["debt_collector_disclosure"]) == []
    assert find_faults(one_page("Saludo", "Hola {{ debtor.name }}")) == []


@pytest.mark.parametrize(
    ("script", "where", "words"),
    [
        (graph(step("a", to="b")), "a", "no such step"),
        (graph(step("a"), start="z"), "script", "no such step"),
        (graph(step("a"), step("b")), "b", "no way leads here"),
        (graph(step("a", to="b"), step("b", to="a")), "a", "round in circles"),
        (graph(step("a", answers=answers("b", "c")), step("b"), step("c", to="c")), "c", "round in circles"),
        (graph(step("a"), step("a")), "a", "this name"),
        (graph(step("a", answers=answers("b"), to="b"), step("b")), "a", "one of the two"),
        (graph(step("a", answers=[*answers("b"), *answers("b")]), step("b")), "a", "same words"),
        (graph(step("a", say="  ")), "a", "says nothing"),
        (graph(step("a", say="Hola {{ debtor.phone }}")), "a", "undefined"),
        (graph(step("a", say="Hola {% if %}")), "a", "line 1"),
        (graph(step("a"), objections=[{"title": "x", "say": "{{ y }}"}]), "objection 1", "undefined"),
        (graph(step("a", result={"disposition": "promise", "fields": {"amount": "5"}})), "a", "fills in"),
        (
            graph(
                *(step(f"s{n}", say="x" * 8000, **({"to": f"s{n + 1}"} if n < 4 else {})) for n in range(5))
            ),
            "script",
            "shorten",
        ),
    ],
)
def test_each_fault_is_found_at_its_place(script: Graph, where: str, words: str) -> None:
    faults = find_faults(script)
    assert any(fault.where == where and words in fault.what for fault in faults), faults


def test_what_the_law_wants_said_must_be_somewhere() -> None:
    assert find_faults(graph(step("a")), ["agent_name"]) == [
        Fault(
            "script",
            "nowhere says agent_name, which the law wants said: write it in a step and tick it there",
        )
    ]


def test_the_notices_come_from_the_rule_sets() -> None:
    assert must_say("US") == must_say("US-MA") == ("debt_collector_disclosure",)
    assert {"agency_name", "agent_name", "creditor"} <= set(must_say("MX"))
    assert must_say("laboratory") == must_say("strict") == must_say("CO") == ()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"start": "a"},
        {"start": "a", "steps": []},
        {"start": "A b", "steps": [step("a")]},
        {"start": "a", "steps": [step("a")], "extra": 1},
        {"start": "a", "steps": [step("a", onclick="x")]},
        {"start": "a", "steps": [step("a", say="x" * 8001)]},
        {"start": "a", "steps": [step("a", answers=answers(*"bcdefghijk"))]},
        {"start": "a", "steps": [step(f"s{n}") for n in range(61)]},
        {"start": "a", "steps": [step("a", title="two\nlines")]},
    ],
)
def test_what_is_no_script_is_refused_in_a_line(data: object) -> None:
    with pytest.raises(BadInput, match=r"^script: [^\n]+$"):
        parse_graph(data)
