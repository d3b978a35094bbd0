"""What a campaign owes the law before it dials: each setting at its limit passes, one step beyond is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.compliance import load_rule_set, rule_set_names
from dialer.compliance.duties import Terms, breaches, demand, min_ring_s, settings_breaches
from dialer.domain.campaign import AbandonWindow, DialMode, RecordingNotice, ShownNumber
from dialer.domain.errors import BadInput

TODAY = date(2026, 11, 21)
GOOD_TEXT = {
    "es": "Buenos días. Le llamó Cobertura del Sur. Puede devolvernos la llamada al número desde el que le llamamos.",
    "en": "Hello. This was a call from Cobertura del Sur. You may call us back at 1 212 555 0101.",
}
US_MESSAGE = "16 CFR 310.4(b)(4)(iii)"
OFCOM = "Ofcom statements 2006-2010"
OWNED = ShownNumber("carrier", "+12125550101", "Cobertura del Sur", "the inbound desk")


def terms(**changes: object) -> Terms:
    good = Terms(
        mode=DialMode.PREDICTIVE,
        ring_timeout_s=15,
        abandon_cap=0.03,
        abandon_window=AbandonWindow.DAY,
        connect_limit_s=2.0,
        recording_notice=RecordingNotice.PLAYED,
        abandoned_text=GOOD_TEXT["en"],
        shown=(OWNED,),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def rules_broken(place: str, wanted: Terms, **named: object) -> list[str]:
    return [found.rule for found in breaches(load_rule_set(place), wanted, on=TODAY, **named)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "place", [n for n in rule_set_names() if n != "laboratory" and not n.startswith(("CL", "ES"))]
)
def test_a_lawful_campaign_starts_everywhere(place: str) -> None:
    """1. At the very limits nothing is broken."""
    assert rules_broken(place, terms()) == []


def test_the_laboratory_asks_for_nothing() -> None:
    wild = terms(ring_timeout_s=1, abandon_cap=1.0, connect_limit_s=60.0, abandoned_text=None)
    assert rules_broken("laboratory", replace(wild, shown=(ShownNumber("t", "+12125550101"),))) == []


@pytest.mark.parametrize(
    ("place", "change", "rule", "norm"),
    [
        ("GB", {"ring_timeout_s": 14}, "min_ring_s", OFCOM),
        ("US", {"ring_timeout_s": 14}, "min_ring_s", "16 CFR 310.4(b)(4)(ii)"),
        ("CO", {"ring_timeout_s": 14}, "min_ring_s", ""),
        ("US", {"abandon_cap": 0.0301}, "abandonment_cap", "16 CFR 310.4(b)(4)"),
        ("CO", {"abandon_cap": 0.031}, "abandonment_cap", ""),
        ("US", {"abandon_window": AbandonWindow.CAMPAIGN}, "abandonment_window", "16 CFR 310.4(b)(4)"),
        ("GB", {"abandon_window": AbandonWindow.MONTH}, "abandonment_window", ""),
        ("CO", {"abandon_window": AbandonWindow.MONTH}, "abandonment_window", ""),
        ("MX", {"connect_limit_s": 2.1}, "time_to_agent_s", ""),
        ("US-WA", {"recording_notice": RecordingNotice.SPOKEN}, "recording_notice", "18 USC 2511(2)(d)"),
        ("CO", {"abandoned_text": None}, "abandoned_message", ""),
        (
            "US",
            {"abandoned_text": "Cobertura del Sur called."},
            "abandoned_message",
            US_MESSAGE,
        ),
        (
            "US",
            {"abandoned_text": "Call us back at 1 212 555 0101."},
            "abandoned_message",
            US_MESSAGE,
        ),
        (
            "US",
            {"abandoned_text": GOOD_TEXT["en"] + " It is about a debt."},
            "abandoned_message",
            US_MESSAGE,
        ),
        (
            "GB",
            {"abandoned_text": GOOD_TEXT["en"] + " Ask for our offer!"},
            "abandoned_message",
            OFCOM,
        ),
        (
            "US",
            {"abandoned_text": "Cobertura del Sur called: 1 212 555 0199."},
            "abandoned_message",
            US_MESSAGE,
        ),
        ("CO", {"shown": (replace(OWNED, owner=""),)}, "caller_id", ""),
        ("CO", {"shown": (replace(OWNED, answered_by=""),)}, "caller_id", ""),
        ("ES", {"shown": (replace(OWNED, number="+34612345678"),)}, "caller_id", "Orden TDF/149/2025 art. 9"),
        ("GB", {"shown": (replace(OWNED, number="+449098790001"),)}, "caller_id", ""),
        ("CL", {"shown": (replace(OWNED, number="+56223334455"),)}, "caller_id", ""),
    ],
)
def test_one_step_beyond_is_named(place: str, change: dict[str, object], rule: str, norm: str) -> None:
    """1. Exactly this rule, with its norm, and something to do."""
    text = {"abandoned_text": GOOD_TEXT["es"]} if rule == "caller_id" else {}
    found = breaches(load_rule_set(place), terms(**{**text, **change}), on=TODAY)
    assert [(breach.rule, breach.norm) for breach in found] == [(rule, norm)]
    assert str(found[0]).startswith(f"{rule}: ")


def test_where_the_law_knows_more() -> None:
    """1. Spain's rule holds from its day on; 2. a geographic number passes; 3. who is spared the Chilean prefixes says
    so by name, for these figures; 4. an agent may say the notice where one party's consent is enough; 5. the US window
    of 30 days allows the month; 6. nobody's message is asked for where an agent is reserved."""
    mobile = terms(shown=(replace(OWNED, number="+34612345678"),), abandoned_text=GOOD_TEXT["es"])
    assert breaches(load_rule_set("ES"), mobile, on=date(2025, 6, 6)) == []
    assert rules_broken("ES", replace(mobile, shown=(replace(OWNED, number="+34912345678"),))) == []
    chile = load_rule_set("CL")
    fixed = terms(shown=(replace(OWNED, number="+56223334455"),), abandoned_text=GOOD_TEXT["es"])
    claimed = frozenset({f"CL-caller-id-exempt@{chile.version}"})
    assert rules_broken("CL", fixed, exempted=frozenset({"CL-caller-id-exempt@2020"})) == ["caller_id"]
    assert rules_broken("CL", fixed, exempted=claimed) == []
    assert rules_broken("CL", replace(fixed, shown=(replace(OWNED, number="+56600123456"),))) == []
    assert rules_broken("US", terms(recording_notice=RecordingNotice.SPOKEN)) == []
    assert rules_broken("US", terms(abandon_window=AbandonWindow.MONTH)) == []
    assert rules_broken("CO", terms(mode=DialMode.PROGRESSIVE, abandoned_text=None)) == []


def test_a_number_in_words_is_a_number() -> None:
    """1. Spoken digit by digit it is compared like digits; 2. another one is not ours."""
    shown = (replace(OWNED, number="+18095550100"),)
    words = "Le llamó Cobertura del Sur. Llame al {}, ocho cero nueve, cinco cinco cinco, cero uno cero {}. Gracias."
    assert rules_broken("CO", terms(shown=shown, abandoned_text=words.format("uno", "cero"))) == []
    assert rules_broken("CO", terms(shown=shown, abandoned_text=words.format("uno", "nueve"))) == [
        "abandoned_message"
    ]


@given(
    place=st.sampled_from([name for name in rule_set_names() if name != "laboratory"]),
    ring_s=st.integers(1, 60),
    cap=st.floats(0, 0.2),
    window=st.sampled_from(AbandonWindow),
    wait_s=st.floats(0.5, 10),
)
def test_stricter_never_breaks_more(
    place: str, ring_s: int, cap: float, window: AbandonWindow, wait_s: float
) -> None:
    """1. A longer ring, a smaller share, the shortest window and a shorter wait break no rule that was kept."""
    rules = load_rule_set(place)
    given_terms = terms(ring_timeout_s=ring_s, abandon_cap=cap, abandon_window=window, connect_limit_s=wait_s)
    stricter = replace(
        given_terms,
        ring_timeout_s=ring_s + 1,
        abandon_cap=cap / 2,
        abandon_window=AbandonWindow.DAY,
        connect_limit_s=wait_s / 2,
    )
    before = {found.rule for found in settings_breaches(rules, given_terms)}
    assert {found.rule for found in settings_breaches(rules, stricter)} <= before
    assert ("min_ring_s" in before) == (ring_s < min_ring_s(rules))


def test_all_of_it_is_told_at_once() -> None:
    """1. Every breach stands in the one refusal; 2. none, no refusal."""
    rules = load_rule_set("US")
    demand(settings_breaches(rules, terms()), rules)
    with pytest.raises(
        BadInput, match=r"US does not allow it: min_ring_s: .*310\.4.*; abandonment_cap: .*S52"
    ):
        demand(settings_breaches(rules, terms(ring_timeout_s=5, abandon_cap=0.2)), rules)
