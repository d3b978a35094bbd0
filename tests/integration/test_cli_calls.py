"""The story of a call as the command line tells it, on a real database."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from dialer.domain import facts as f
from dialer.domain.call import CallState
from dialer.domain.campaign import DialMode
from dialer.domain.outcomes import LeadState, NextStep, Outcome
from dialer.domain.values import Attempt, AttemptId, HungUpBy, Verdict, mint_ulid
from dialer.store.event_log import PostgresShardStore
from tests.integration.command import DONE, REFUSED, dialer
from tests.integration.portfolio import Portfolio, add_agent

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)


async def tell_a_story(dsn: str, pool: asyncpg.Pool, portfolio: Portfolio) -> AttemptId:
    """A connected call, written as a shard writes it."""
    agent_id = await add_agent(pool, portfolio.group_id, "ana")
    at = datetime.now(UTC)
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", LEASE)
        await store.load()
        (lead,) = await store.claim(portfolio.campaign_id, 1, LEASE, at)
        attempt = Attempt(
            id=AttemptId(mint_ulid(at, random.Random(1))),
            campaign_id=portfolio.campaign_id,
            lead_id=lead.id,
            person_id=lead.person_id,
            phone_id=lead.next_phone_id,
            n=1,
            mode=DialMode.PREDICTIVE,
            number=lead.phones[0].number,
            trunk="telco",
            caller_id="+18095550100",
            verdict=Verdict("laboratory", "1", ("calling_hours", "do_not_call")),
            planned_at=at,
            ring_timeout_s=25,
            connect_limit_s=2.0,
            language="es",
        )
        assert await store.append([f.AttemptPlanned(at=at, attempt=attempt)]) == {attempt.id}

        def after(seconds: float) -> datetime:
            return at + timedelta(seconds=seconds)

        def moved(seconds: float, state: CallState, **more: object) -> f.AttemptMoved:
            return f.AttemptMoved(
                at=after(seconds), attempt_id=attempt.id, campaign_id=attempt.campaign_id, state=state, **more
            )  # type: ignore[arg-type]

        await store.append(
            [
                moved(0.01, CallState.ORIGINATING),
                moved(1.0, CallState.RINGING),
                moved(4.0, CallState.ANSWERED),
                moved(4.004, CallState.BRIDGED, agent_id=agent_id, connect_ms=4.2),
                f.NoticeGiven(at=after(5), attempt_id=attempt.id, spoken=False),
                f.RecordingBegan(at=after(5.1), attempt_id=attempt.id),
                f.AttemptEnded(
                    at=after(20),
                    attempt_id=attempt.id,
                    campaign_id=attempt.campaign_id,
                    lead_id=lead.id,
                    phone_id=attempt.phone_id,
                    outcome=Outcome.CONNECTED,
                    burnt=True,
                    q850=16,
                    hung_up_by=HungUpBy.CUSTOMER,
                ),
                f.AttemptDisposed(
                    at=after(30),
                    attempt_id=attempt.id,
                    agent_id=agent_id,
                    code="promise",
                    note="call 8095550177",
                ),
                f.LeadMoved(
                    at=after(30),
                    lead_id=lead.id,
                    campaign_id=attempt.campaign_id,
                    step=NextStep(LeadState.FINISHED, reason="promise"),
                ),
            ]
        )
        await store.release()
    return attempt.id


async def test_a_call_is_told_event_by_event_and_without_its_number(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    attempt_id = await tell_a_story(dsn, pool, portfolio)
    number = await pool.fetchval("SELECT number FROM attempt")
    told = await dialer("call", "show", attempt_id.lower(), database_dsn=dsn)
    assert told.code == DONE, told.err
    steps = [
        *("planned through telco; allowed by rule set laboratory 1 (checked: calling_hours, do_not_call)",),
        *("the switch was told to dial", "it rings", "answered", "in 4.2 ms", "recording notice played"),
        *("recording began", "ended: connected (Q.850 16), hung up by customer", "says: promise"),
        "the lead is finished (promise)",
    ]
    place = told.out.index("AFTER")
    for step in steps:
        place = told.out.find(step, place)
        assert place > 0, step
    assert "+20.000 s" in told.out
    for secret in (number, number[1:], "8095550177"):
        assert secret not in told.out
    assert f"+…{number[-2:]}" in told.out

    as_json = await dialer("call", "show", attempt_id, "--json", database_dsn=dsn)
    assert isinstance(as_json.data, dict)
    assert [event["type"] for event in as_json.data["events"]][-1] == "LeadMoved"
    assert number not in as_json.out
    assert "8095550177" not in as_json.out
    in_full = await dialer("call", "show", attempt_id, "--json", "--show-numbers", database_dsn=dsn)
    assert isinstance(in_full.data, dict)
    assert in_full.data["attempt"]["number"] == number
    assert "8095550177" in in_full.out

    for filters in ((), ("--campaign", "Mora 30"), ("--agent", "ana"), ("--outcome", "connected")):
        newest = await dialer("call", "list", *filters, database_dsn=dsn)
        assert newest.code == DONE, newest.err
        for shown in (attempt_id, "16 s", "promise", f"+…{number[-2:]}"):
            assert shown in newest.out
    other = await dialer("call", "list", "--outcome", "busy", "--json", database_dsn=dsn)
    assert (other.code, other.data) == (DONE, [])
    for filters, said in ((("--campaign", "Mora 90"), "there are: Mora 30"), (("--agent", "leo"), "leo")):
        unknown = await dialer("call", "list", *filters, database_dsn=dsn)
        assert (unknown.code, said in unknown.err) == (REFUSED, True)

    for wrong, said in ((attempt_id[:-1] + "0", "there is no attempt"), ("12", "26 letters")):
        missing = await dialer("call", "show", wrong, database_dsn=dsn)
        assert (missing.code, said in missing.err) == (REFUSED, True)

    status = await dialer("campaign", "status", "Mora 30", "--json", database_dsn=dsn)
    assert isinstance(status.data, dict)
    assert status.data["outcomes"] == {"connected": 1}
    assert status.data["leads"] == {"callable": 2, "finished": 1}
    assert (status.data["live_answers"], status.data["abandoned"], status.data["dialer_up"]) == (1, 0, False)
    assert (
        "0, 0.0% of 1 live answers" in (await dialer("campaign", "status", "Mora 30", database_dsn=dsn)).out
    )
