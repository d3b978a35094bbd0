"""Facts of one attempt, as an engine notes them."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from dialer.domain import facts as f
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.outcomes import LeadState, NextStep, Outcome
from dialer.domain.values import Attempt, AttemptId, ClaimedLead, HungUpBy, Verdict, mint_ulid

Claim = Callable[[int], Awaitable[list[ClaimedLead]]]

LEASE = timedelta(seconds=30)
AT = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
RNG = random.Random(7)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def plan(lead: ClaimedLead, seconds: float = 0.0) -> f.AttemptPlanned:
    phone = next(phone for phone in lead.phones if phone.id == lead.next_phone_id)
    attempt = Attempt(
        id=AttemptId(mint_ulid(at(seconds), RNG)),
        campaign_id=lead.campaign_id,
        lead_id=lead.id,
        person_id=lead.person_id,
        phone_id=phone.id,
        n=lead.last_n + 1,
        mode=DialMode.POWER,
        number=phone.number,
        trunk="telco",
        caller_id="+18095550100",
        verdict=Verdict("laboratory", "1", ("hours", "do_not_call")),
        planned_at=at(seconds),
        ring_timeout_s=25,
        connect_limit_s=2.0,
        language="es",
    )
    return f.AttemptPlanned(at=at(seconds), attempt=attempt)


def moved(attempt: Attempt, state: CallState, seconds: float, **more: object) -> f.AttemptMoved:
    return f.AttemptMoved(
        at=at(seconds), attempt_id=attempt.id, campaign_id=attempt.campaign_id, state=state, **more
    )


def ended(attempt: Attempt, outcome: Outcome, seconds: float, *, burnt: bool = True) -> f.AttemptEnded:
    return f.AttemptEnded(
        at=at(seconds),
        attempt_id=attempt.id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        phone_id=attempt.phone_id,
        outcome=outcome,
        burnt=burnt,
        q850=17,
        sip_status=486,
        hung_up_by=HungUpBy.CUSTOMER,
    )


def rested(attempt: Attempt, outcome: Outcome, seconds: float, **step: object) -> f.LeadMoved:
    return f.LeadMoved(
        at=at(seconds),
        lead_id=attempt.lead_id,
        campaign_id=attempt.campaign_id,
        step=NextStep(**{"state": LeadState.RESTING, "next_at": at(seconds + 600), **step}),
        phone_id=attempt.phone_id,
        outcome=outcome,
        same_outcome_run=1,
    )
