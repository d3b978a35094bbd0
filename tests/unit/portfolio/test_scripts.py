"""Scripts: fields filled in, values escaped, mistakes shown and never raised, no way to eat the machine."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dialer.portfolio.scripts import (
    MAX_BODY_CHARS,
    RenderedScript,
    ScriptCall,
    ScriptDebt,
    check_script,
    escape_markdown,
    render_script,
)

DEBT = ScriptDebt("R-7", "Banco Mirador", "Tarjeta", 123_450, "USD", date(2026, 8, 1), 112)


def call(name: str = "Ana Pérez Mota", debt: ScriptDebt | None = DEBT, language: str = "es") -> ScriptCall:
    return ScriptCall(name, "P-1", "+18095550101", "Luis Vega", "Mora temprana", debt, language)


def shown(markdown: str) -> str:
    """The text a reader of the rendered Markdown sees."""
    tokens = MarkdownIt("js-default").parseInline(markdown)[0].children or []
    return "".join(t.content if t.type == "text" else f"<{t.type}>" for t in tokens)


@pytest.mark.parametrize(
    ("body", "language", "expected"),
    [
        ("Hola, {{ debtor.name }}", "es", "Hola, Ana Pérez Mota"),
        ("Hola, {{ debtor.first_name | upcase }}", "es", "Hola, ANA"),
        ("{{ debt.balance }}", "es", "USD1,234.50"),
        ("{{ debt.balance }}", "en", "$1,234.50"),
        ("{{ debt.balance }}", "pt", "US$\xa01.234,50"),
        ("{{ debt.due_on }}", "es", "1 de agosto de 2026"),
        ("{{ debt.due_on }}", "en", "August 1, 2026"),
        ("{% if debt.days_past_due > 90 %}tarde{% else %}a tiempo{% endif %}", "es", "tarde"),
        ("{{ agent.name }}, {{ campaign.name }}", "es", "Luis Vega, Mora temprana"),
    ],
)
def test_fields_are_filled_in(body: str, language: str, expected: str) -> None:
    rendered = render_script(body, call(language=language))
    assert rendered.error is None
    assert shown(rendered.markdown) == expected


def test_yen_have_no_minor_unit() -> None:
    debt = ScriptDebt("R", "C", "P", 5000, "JPY", None, None)
    assert shown(render_script("{{ debt.balance }}", call(debt=debt, language="en")).markdown) == "¥5,000"


def test_a_call_about_no_debt_skips_its_sentence() -> None:
    body = "Hola{% if debt %}, debe {{ debt.balance }}{% endif %}"
    assert render_script(body, call(debt=None)) == RenderedScript("Hola")


@given(st.text(max_size=60))
def test_a_name_is_shown_literally_whatever_it_holds(name: str) -> None:
    rendered = render_script("x{{ debtor.name }}x", call(name=name))
    assert rendered.error is None
    assert shown(rendered.markdown).split() == f"x{_without_controls(name)}x".split()


def _without_controls(text: str) -> str:
    return "".join(" " if c in "\u2028\u2029" or ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text)


@pytest.mark.parametrize(
    "name",
    ["**bold**", "[pay](http://evil.example)", "<img src=x onerror=alert(1)>", "https://a.example", "# x"],
)
def test_markup_in_a_name_stays_text(name: str) -> None:
    assert shown(escape_markdown(name)) == name


@pytest.mark.parametrize(
    ("body", "said", "still_readable"),
    [
        ("Hola {{ debtor.nam }}", "debtor.nam is undefined (line 1)", "Hola [debtor.nam]"),
        ("Hola\n{{ saldo }}", "'saldo' is undefined (line 2)", "Hola<softbreak>[saldo]"),
        ("Hola {% if %}", "missing expression (line 1)", "Hola"),
        ("Hola {{ debtor }}", "only texts and numbers can be shown (line 1)", "Hola [debtor]"),
        ("Hola {{ debtor.name | replace: 'a', 'b' }}", "unknown filter 'replace'", "Hola [debtor.name"),
        ("Hola {% include 'other' %}", "unexpected tag 'include'", "Hola"),
        ("Hola {{ debtor.__class__ }}", "debtor.__class__ is undefined", "Hola [debtor."),
    ],
)
def test_a_mistake_shows_the_unfilled_text_and_says_where(body: str, said: str, still_readable: str) -> None:
    rendered = render_script(body, call())
    assert rendered.error is not None
    assert said in rendered.error
    assert shown(rendered.markdown).startswith(still_readable)
    assert check_script(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000000) %}a{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}{% endfor %}{% endfor %}",
        "{% assign a = 9999999999 %}" + "{% assign a = a | times: a %}" * 40 + "{{ a }}",
        "{% assign a = 'aaaaaaaaaa' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
        "{% if x %}" * 500,
        "{{ a" + "[b" * 3000 + "]" * 3000 + "}}",
        "x" * (MAX_BODY_CHARS + 1),
    ],
)
def test_greedy_scripts_are_stopped(body: str) -> None:
    """Run to its end, each would take minutes or all memory."""
    assert render_script(body, call()).error is not None


PIECES = (
    "{{ }} {% %} debtor.name debt if endif for i in endfor (1..3) | times: round truncate: 'a' 3 0 == assign"
)


@given(st.lists(st.sampled_from([*PIECES.split(), " ", "\n", "-", "."]), max_size=25).map(" ".join))
@settings(max_examples=300)
def test_no_script_raises(body: str) -> None:
    render_script(body, call())
