"""Ten thousand random cases against a count of its own: no rule forgotten, none invented, no clearing too early."""

from __future__ import annotations

import random

import pytest

from dialer.compliance import rule_set_names
from dialer.compliance.rule_set import load_rule_set
from lab.law_compare import compare
from lab.law_oracle import random_question

PLACES = tuple(name for name in rule_set_names() if load_rule_set(name).zones)
ZONES = {name: load_rule_set(name).zones for name in PLACES}


@pytest.mark.parametrize("seed", range(10))
def test_the_law_agrees_with_a_plain_count(seed: int) -> None:
    rng = random.Random(seed)
    allowed = 0
    for _ in range(1000):
        question = random_question(rng, PLACES, ZONES)
        answer = compare(question)
        assert answer.wrong is None, (answer.wrong, question)
        allowed += answer.allowed
    assert 100 < allowed < 900, "cases of both kinds"
