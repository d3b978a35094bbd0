"""From the codes of a Hangup to an outcome, against RFC 3261, RFC 3398, Q.850 and what Asterisk 22.10.1 sent."""

from __future__ import annotations

import itertools

import pytest

from dialer.asterisk.causes import NO_CHANNEL, Q850, SIP, NetworkOutcome, classify, code
from dialer.domain.outcomes import UNBURNT_OUTCOMES, Outcome

#: (Cause, TechCause) of the Hangup, rang?, our time-out?, what it means. Seen on Asterisk 22.10.1 with PJSIP.
SEEN = [
    ("17", "486", False, False, NetworkOutcome(Outcome.BUSY)),
    ("1", "404", False, False, NetworkOutcome(Outcome.INVALID_NUMBER)),
    ("1", "404", True, False, NetworkOutcome(Outcome.INVALID_NUMBER)),
    ("21", "603", False, False, NetworkOutcome(Outcome.REJECTED)),
    ("127", "607", False, False, NetworkOutcome(Outcome.REJECTED)),
    ("19", "480", False, False, NetworkOutcome(Outcome.NO_ANSWER)),
    ("34", "503", False, False, NetworkOutcome(Outcome.CONGESTION, trunk_fault=True)),
    # Rang for the whole time; announcement (183) for the whole time.
    ("19", "480", True, True, NetworkOutcome(Outcome.NO_ANSWER)),
    # Nobody listens at the trunk's port, or it swallows, or says "100 Trying" for ever: the same two codes.
    ("19", "480", False, True, NetworkOutcome(Outcome.CONGESTION, trunk_fault=True)),
    # The same trunk with a time-out longer than SIP's own 32 s.
    ("18", "408", False, False, NetworkOutcome(Outcome.NO_ANSWER, trunk_fault=True)),
    ("0", "", True, False, NetworkOutcome(Outcome.UNKNOWN)),
]


@pytest.mark.parametrize(("cause", "tech_cause", "alerted", "ring_timeout", "expected"), SEEN)
def test_what_asterisk_sends_is_understood(
    cause: str, tech_cause: str, alerted: bool, ring_timeout: bool, expected: NetworkOutcome
) -> None:
    found = classify(
        code(cause), code(tech_cause), answered=False, alerted=alerted, ring_timeout=ring_timeout
    )
    assert found == expected


#: The outcome table of the design: SIP statuses, Q.850 causes, outcome, trunk's fault, our fault.
TABLE = [
    ([486, 600], [17], Outcome.BUSY, False, False),
    ([480, 487], [19, 20], Outcome.NO_ANSWER, False, False),
    ([408, 504], [18, 102], Outcome.NO_ANSWER, True, False),
    ([404, 410, 484, 485, 604], [1, 22, 28, 3], Outcome.INVALID_NUMBER, False, False),
    ([403, 603, 607, 608], [21, 55], Outcome.REJECTED, False, False),
    ([401, 407, 402], [], Outcome.FAILED, False, True),
    ([503, 502, 500], [34, 38, 41, 42, 47, 27], Outcome.CONGESTION, True, False),
    ([488, 606, 415], [65, 79, 88, 58], Outcome.FAILED, False, True),
    ([483, 482], [25], Outcome.FAILED, False, True),
    ([301], [], Outcome.INVALID_NUMBER, False, False),
    ([302], [23], Outcome.NO_ANSWER, False, False),
]


@pytest.mark.parametrize(("statuses", "causes", "outcome", "trunk_fault", "own_fault"), TABLE)
def test_the_outcome_table(
    statuses: list[int], causes: list[int], outcome: Outcome, trunk_fault: bool, own_fault: bool
) -> None:
    expected = NetworkOutcome(outcome, trunk_fault, own_fault)
    for sip in statuses:
        assert classify(None, sip, answered=False, alerted=False) == expected
    for q850 in causes:
        assert classify(q850, None, answered=False, alerted=False) == expected


def test_the_sip_status_wins_over_the_cause() -> None:
    for q850, sip in itertools.product(Q850, SIP):
        assert classify(q850, sip, answered=False, alerted=False) == SIP[sip]


@pytest.mark.parametrize("sip", [None, 100, 180, 183, 200])
def test_a_status_that_ends_no_call_leaves_it_to_the_cause(sip: int | None) -> None:
    assert classify(17, sip, answered=False, alerted=True).outcome is Outcome.BUSY


@pytest.mark.parametrize(
    ("sip", "outcome", "trunk_fault", "own_fault"),
    [
        (399, Outcome.NO_ANSWER, False, False),
        (499, Outcome.FAILED, False, True),
        (599, Outcome.CONGESTION, True, False),
        (699, Outcome.REJECTED, False, False),
        (799, Outcome.UNKNOWN, False, False),
    ],
)
def test_a_status_nobody_knows_counts_as_its_class(
    sip: int, outcome: Outcome, trunk_fault: bool, own_fault: bool
) -> None:
    found = classify(16, sip, answered=False, alerted=False)
    assert found == NetworkOutcome(outcome, trunk_fault, own_fault)


def test_a_trunk_that_let_the_phone_ring_is_not_blamed_for_the_silence() -> None:
    for sip in (408, 504):
        assert classify(None, sip, answered=False, alerted=True) == NetworkOutcome(Outcome.NO_ANSWER)
    assert classify(None, 503, answered=False, alerted=True).trunk_fault


def test_an_answered_call_has_no_outcome_of_the_network_whatever_the_codes() -> None:
    for q850, sip in itertools.product([None, *Q850], [None, *SIP]):
        assert classify(q850, sip, answered=True, alerted=True) == NetworkOutcome(None)


def test_what_we_hung_up_ourselves_is_cancelled() -> None:
    for q850 in (None, 16, 19):
        assert classify(q850, None, answered=False, alerted=True, cancelled=True).outcome is Outcome.CANCELLED


def test_no_codes_at_all_is_unknown() -> None:
    for q850 in (None, 0, 77, 999):
        assert classify(q850, None, answered=False, alerted=False) == NetworkOutcome(Outcome.UNKNOWN)


def test_a_fault_that_is_not_the_person_s_burns_no_lead() -> None:
    """But for the time-outs reported by the network: there the person may have been tried."""
    assert NO_CHANNEL.outcome in UNBURNT_OUTCOMES
    for table, timeouts in ((SIP, {408, 504}), (Q850, {18, 102})):
        for number, found in table.items():
            if found.own_fault or (found.trunk_fault and number not in timeouts):
                assert found.outcome in UNBURNT_OUTCOMES


def test_codes_are_read_from_headers() -> None:
    assert [code(text) for text in ("17", "486", "0", "", "SIP 486", "-1", "²", "9" * 5000)] == [
        17,
        486,
        *[None] * 6,
    ]
