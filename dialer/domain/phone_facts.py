"""What a call teaches of a number: how sure it is that the number is the person's own.

A number's confidence is a probability. Each thing found out multiplies its odds by a likelihood ratio, how much more
often that happens at the right number than at a wrong one (Bayes' rule in its odds form; Good 1950, Probability and
the Weighing of Evidence). The ratios are a table to be argued with: only their order and rough size matter.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialer.domain.outcomes import Effect, Outcome

#: A number less sure than this is demoted: it is dialled when the person has no other left.
DEMOTED_BELOW = 0.2

#: The person himself spoke there (the campaign's list says of the disposition that he did).
RIGHT_PARTY = 50.0
#: What an agent's word teaches when it is not the person who spoke.
SAID: Mapping[Effect, float] = {
    Effect.WRONG_NUMBER: 1 / 50,
    # He is known there, but it is seldom his own telephone where only others pick up: three of them halve the odds.
    Effect.THIRD_PARTY: 0.8,
}
#: What the network's or the detector's word teaches. A machine has no say: anybody's may answer.
FOUND: Mapping[Outcome, float] = {
    Outcome.INVALID_NUMBER: 1 / 50,
    Outcome.FAX: 1 / 20,
    Outcome.REJECTED: 0.8,
    # People let unknown callers ring, at the right number as at the wrong one; twenty times in vain say something.
    Outcome.NO_ANSWER: 0.95,
}
