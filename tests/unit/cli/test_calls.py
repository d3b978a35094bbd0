"""Each kind of event has words; the numbers in them are hidden."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from dialer.cli.calls import describe
from dialer.cli.output import shown_number
from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.outcomes import LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.values import Attempt, AttemptId, HungUpBy, PhoneNumber, Verdict, mint_ulid
from dialer.store.batch import event_of

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ID = AttemptId(mint_ulid(AT, random.Random(1)))
ATTEMPT = Attempt(
    id=ID,
    campaign_id=1,
    lead_id=2,
    person_id=3,
    phone_id=4,
    n=1,
    mode=DialMode.PREVIEW,
    number=PhoneNumber("+18095550101"),
    trunk="telco",
    caller_id="+18095550100",
    verdict=Verdict("strict", "3", ()),
    planned_at=AT,
    ring_timeout_s=25,
    connect_limit_s=2.0,
    language="es",
    agent_id=9,
)


def moved(state: CallState, agent_id: int | None = None, connect_ms: float | None = None) -> f.AttemptMoved:
    return f.AttemptMoved(
        at=AT, attempt_id=ID, campaign_id=1, state=state, agent_id=agent_id, connect_ms=connect_ms
    )


def ended(outcome: Outcome, **more: object) -> f.AttemptEnded:
    values = {"burnt": True, "q850": None, "sip_status": None, "hung_up_by": None} | more
    return f.AttemptEnded(
        at=AT,
        attempt_id=ID,
        campaign_id=1,
        lead_id=2,
        phone_id=4,
        outcome=outcome,
        **values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (
            f.AttemptPlanned(at=AT, attempt=ATTEMPT),
            "planned through telco, agent 9 reserved; allowed by rule set strict 3 (checked: nothing)",
        ),
        (moved(CallState.RINGING), "it rings"),
        (moved(CallState.BRIDGED, 9, 4.25), "connected to agent 9 in 4.2 ms"),
        (moved(CallState.BRIDGED, 9), "connected to agent 9"),
        (moved(CallState.MESSAGE), "nobody was free in time: the customer hears the message"),
        (
            ended(Outcome.BUSY, q850=17, sip_status=486),
            "ended: busy (Q.850 17, SIP 486)",
        ),
        (
            ended(Outcome.CONGESTION, burnt=False),
            "ended: congestion; does not count as a try",
        ),
        (
            ended(Outcome.CONNECTED, hung_up_by=HungUpBy.AGENT),
            "ended: connected, hung up by agent",
        ),
        (
            f.CallAbandoned(
                at=AT,
                attempt_id=ID,
                campaign_id=1,
                answered_at=AT,
                deadline_at=AT + timedelta(seconds=2),
            ),
            "abandoned: no agent by 2026-11-20T15:00:02+00:00, answered 2026-11-20T15:00:00+00:00",
        ),
        (
            f.LeadMoved(
                at=AT,
                lead_id=2,
                campaign_id=1,
                step=NextStep(LeadState.RESTING, AT, 5, phone_status=PhoneStatus.INVALID),
            ),
            "the lead is resting until 2026-11-20T15:00:00+00:00, next number id 5; the number is now invalid",
        ),
        (
            f.AgentMoved(at=AT, agent_id=9, state=AgentState.WRAP_UP, leg_up=True, attempt_id=ID),
            "agent 9 is wrap_up",
        ),
        (
            f.AgentMoved(at=AT, agent_id=9, state=AgentState.UNREACHABLE, attempt_id=ID),
            "agent 9 is unreachable, his phone is not connected",
        ),
        (
            f.AttemptDisposed(at=AT, attempt_id=ID, agent_id=9, code="paid", note=""),
            "agent 9 says: paid",
        ),
        (f.NoticeGiven(at=AT, attempt_id=ID, spoken=True), "recording notice spoken by the agent"),
        (f.RecordingBegan(at=AT, attempt_id=ID), "recording began"),
        (f.RecordingClosed(at=AT, attempt_id=ID), "recording files closed"),
    ],
)
def test_a_fact_is_told_in_words(fact: f.AnyFact, told: str) -> None:
    _, kind, _, data = event_of(fact)
    assert describe(kind, orjson.loads(data)) == told


def test_every_state_of_a_call_has_words() -> None:
    for state in CallState:
        _, kind, _, data = event_of(moved(state))
        text = describe(kind, orjson.loads(data))
        assert " " in text or state in (CallState.ANSWERED, CallState.PLANNED), text


def test_an_event_of_a_later_version_is_shown_as_it_is() -> None:
    assert describe("CallParked", {"slot": 3}) == 'CallParked {"slot":3}'


@pytest.mark.parametrize(
    ("number", "shown"), [("+18095550101", "+…01"), ("0000", "…"), ("+1809555", "…"), (None, None)]
)
def test_a_number_is_hidden_but_for_its_last_two_digits(number: str | None, shown: str | None) -> None:
    assert shown_number(number, in_full=False) == shown
    assert shown_number(number, in_full=True) == number
