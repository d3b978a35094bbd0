"""Random cases against a count of its own: no rule forgotten, none invented, no clearing too early."""

from __future__ import annotations

import random

import pytest

from dialer.compliance import rule_set_names
from dialer.compliance.rule_set import load_rule_set
from lab.law_cases import campaigns_of, random_question
from lab.law_compare import compare
from lab.law_lives import live

PLACES = tuple(name for name in rule_set_names() if load_rule_set(name).zones)
ZONES = {name: load_rule_set(name).zones for name in PLACES}
CAMPAIGNS = {place: campaigns_of(place) for place in PLACES}


@pytest.mark.parametrize("seed", range(10))
def test_the_law_agrees_with_a_plain_count(seed: int) -> None:
    """With contracts, overlays and local holidays laid over, debtors from elsewhere, and their wishes."""
    rng = random.Random(seed)
    every = [terms for of_place in CAMPAIGNS.values() for terms in of_place]
    allowed = 0
    for _ in range(600):
        question = random_question(rng, every, ZONES)
        answer = compare(question)
        assert answer.wrong is None, (answer.wrong, question)
        allowed += answer.allowed
    assert 50 < allowed < 300, "cases of both kinds"


def test_two_dialers_over_one_ledger() -> None:
    """1. No call is placed outside the law; 2. some that one of them allowed would have been, and are refused."""
    rng = random.Random(1)
    placed = saved = 0
    for _ in range(60):
        place = rng.choice(PLACES)
        life = live(rng, rng.sample(CAMPAIGNS[place], 2), rng.choice(ZONES[place]))
        assert not life.wrong
        assert not [answer.wrong for answer in life.answers if answer.wrong]
        placed, saved = placed + life.placed, saved + life.saved
    assert placed > 20
    assert saved > 0
