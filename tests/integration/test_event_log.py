"""The log and its summary rows: what a batch of facts leaves behind, and what a lost shard or database cannot do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
import pytest
import pytest_asyncio

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.outcomes import Effect, LeadState, Outcome, PhoneStatus
from dialer.domain.screening import MACHINE_DISPOSITION, Label, Screening
from dialer.domain.values import LegId
from dialer.store.event_log import PostgresShardStore
from tests.integration.call_facts import AT, LEASE, Claim, at, ended, moved, plan, rested
from tests.integration.portfolio import Portfolio, add_agent, make_portfolio

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    return await make_portfolio(pool)


async def test_a_call_from_plan_to_disposition(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    agent = await add_agent(pool, portfolio.group_id)
    (lead,) = await claim(1)
    planned = plan(lead)
    a = planned.attempt
    assert await store.append([planned]) == {a.id}
    row = await pool.fetchrow("SELECT * FROM lead WHERE id = $1", lead.id)
    assert (row["state"], row["last_n"]) == ("in_attempt", 1)

    await store.append([moved(a, CallState.ORIGINATING, 0.1), moved(a, CallState.RINGING, 1)])
    await store.append(
        [
            moved(a, CallState.ANSWERED, 5),
            moved(a, CallState.WAITING, 5.01),
            moved(a, CallState.BRIDGED, 5.02, agent_id=agent, connect_ms=20.0),
            f.NoticeGiven(at=at(8), attempt_id=a.id, spoken=False),
            f.RecordingBegan(at=at(8), attempt_id=a.id),
        ]
    )
    await store.append(
        [
            ended(a, Outcome.CONNECTED, 60),
            f.AttemptDisposed(at=at(70), attempt_id=a.id, agent_id=agent, code="promise", note="día 30"),
            rested(a, Outcome.CONNECTED, 70, state=LeadState.FINISHED, next_at=None, reason="promise"),
        ]
    )
    row = await pool.fetchrow("SELECT * FROM attempt WHERE id = $1", a.id)
    assert (row["state"], row["outcome"], row["agent_id"]) == ("ended", "connected", agent)
    assert [row[n] for n in ("ringing_at", "answered_at", "connected_at", "notice_at", "ended_at")] == [
        at(1), at(5), at(5.02), at(8), at(60),
    ]  # fmt: skip
    assert (row["connect_ms"], row["disposition"], row["note"]) == (20.0, "promise", "día 30")
    assert (row["q850"], row["sip_status"], row["disposed_at"]) == (17, 486, at(70))
    row = await pool.fetchrow("SELECT * FROM lead WHERE id = $1", lead.id)
    assert (row["state"], row["state_reason"], row["attempts"]) == ("finished", "promise", 1)
    row = await pool.fetchrow("SELECT * FROM phone WHERE id = $1", a.phone_id)
    assert (row["last_outcome"], row["same_outcome_run"], row["tried_at"]) == ("connected", 1, at(70))

    events = await pool.fetch("SELECT * FROM call_event ORDER BY seq")
    assert [event["seq"] for event in events] == list(range(1, 12))
    assert {event["attempt_id"] for event in events if event["type"] != "LeadMoved"} == {a.id}
    first = orjson.loads(events[0]["data"])["attempt"]
    assert a.number.e164 not in events[0]["data"]
    assert (first["id"], first["phone_id"], first["verdict"]["checked"]) == (
        a.id,
        a.phone_id,
        ["hours", "do_not_call"],
    )


async def test_a_person_has_one_call_open_at_a_time(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    first, second = await claim(2)
    await pool.execute("UPDATE lead SET campaign_id = (SELECT id FROM campaign), person_id = person_id")
    second = replace(second, person_id=first.person_id)
    one, two = plan(first), plan(second, 1)  # of plans of the same millisecond either may win
    assert await store.append([one, two]) == {one.attempt.id}
    row = await pool.fetchrow("SELECT * FROM lead WHERE id = $1", second.id)
    assert (row["state"], row["state_reason"], row["next_at"]) == ("resting", "person_busy", at(61))
    assert await pool.fetchval("SELECT count(*) FROM call_event") == 1  # the refused plan is not in the log

    await pool.execute("UPDATE lead SET next_at = now() - interval '1 day' WHERE id = $1", second.id)
    # The first call's end and the second's plan in one batch: the end goes first.
    again = replace(next(lead for lead in await claim(10) if lead.id == second.id), person_id=first.person_id)
    two = plan(again, 70)
    assert await store.append([two, ended(one.attempt, Outcome.BUSY, 69)]) == {two.attempt.id}


async def test_a_plan_without_a_claim_is_refused(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    (lead,) = await claim(1)
    planned = plan(lead)
    await pool.execute(
        "UPDATE lead SET state = 'suppressed', state_reason = 'do_not_call' WHERE id = $1", lead.id
    )
    assert await store.append([planned]) == frozenset()
    assert await pool.fetchval("SELECT state FROM lead WHERE id = $1", lead.id) == "suppressed"
    assert await pool.fetchval("SELECT count(*) FROM attempt") == 0


async def test_the_same_try_is_never_dialled_twice(
    pool: asyncpg.Pool, store: PostgresShardStore, claim: Claim
) -> None:
    (lead,) = await claim(1)
    one, two = plan(lead), plan(lead)
    assert await store.append([one]) == {one.attempt.id}
    assert await store.append([two]) == frozenset()


async def test_late_and_doubled_words_change_nothing(
    pool: asyncpg.Pool, store: PostgresShardStore, claim: Claim
) -> None:
    (lead,) = await claim(1)
    planned = plan(lead)
    a = planned.attempt
    await store.append([planned, moved(a, CallState.RINGING, 1)])
    await store.append([ended(a, Outcome.BUSY, 2), rested(a, Outcome.BUSY, 2)])
    await store.append([moved(a, CallState.RINGING, 3), ended(a, Outcome.FAILED, 3, burnt=False)])
    row = await pool.fetchrow("SELECT * FROM attempt")
    assert (row["state"], row["outcome"], row["ringing_at"], row["ended_at"]) == (
        "ended",
        "busy",
        at(1),
        at(2),
    )


async def test_a_do_not_call_request_suppresses_the_person_everywhere(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    other = await make_portfolio(pool, leads=1, group="Sur", campaign="Mora 60")
    (lead, free) = await claim(2)
    elsewhere = await pool.fetchval(
        "UPDATE lead SET person_id = $1 WHERE campaign_id = $2 RETURNING id",
        lead.person_id,
        other.campaign_id,
    )
    planned = plan(lead)
    a = planned.attempt
    await store.append([planned])
    await store.append(
        [
            ended(a, Outcome.CONNECTED, 9),
            rested(
                a,
                Outcome.CONNECTED,
                9,
                state=LeadState.SUPPRESSED,
                next_at=None,
                reason="do_not_call",
                phone_status=PhoneStatus.DO_NOT_CALL,
            ),
        ]
    )
    states = dict(await pool.fetch("SELECT id, state FROM lead"))
    assert (states[lead.id], states[elsewhere], states[free.id]) == ("suppressed", "suppressed", "claimed")
    listed = await pool.fetchrow("SELECT * FROM do_not_call")
    assert (listed["person_id"], listed["reason"]) == (lead.person_id, "do_not_call")
    assert await pool.fetchval("SELECT status FROM phone WHERE id = $1", a.phone_id) == "do_not_call"
    # A later step, from whoever had the lead in a call, does not lift it.
    await store.append([rested(a, Outcome.BUSY, 20)])
    assert await pool.fetchval("SELECT state FROM lead WHERE id = $1", lead.id) == "suppressed"


async def test_returned_leads_are_callable_again_or_wait(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    now_, later = await claim(2)
    await store.append(
        [
            f.LeadsReturned(at=AT, lead_ids=(now_.id,), campaign_id=portfolio.campaign_id),
            f.LeadsReturned(
                at=AT,
                lead_ids=(later.id,),
                campaign_id=portfolio.campaign_id,
                blocked_until=datetime.now(UTC) + timedelta(hours=1),
                rule="calling_hours",
            ),
        ]
    )
    assert now_.id in {lead.id for lead in await claim(100)}
    row = await pool.fetchrow("SELECT * FROM lead WHERE id = $1", later.id)
    assert (row["state"], row["state_reason"], row["claimed_by"]) == ("resting", "calling_hours", None)


async def test_agents_campaigns_intents_the_link_and_abandons_have_their_rows(
    pool: asyncpg.Pool, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    agent = await add_agent(pool, portfolio.group_id)
    (lead,) = await claim(1)
    planned = plan(lead)
    intent = await pool.fetchval(
        "INSERT INTO intent (shard_id, user_id, key, type, data) VALUES ($1, $2, 'k', 'go_ready', '{}') RETURNING id",
        portfolio.group_id,
        agent,
    )

    def agent_moved(state: AgentState, seconds: float, **more: object) -> f.AgentMoved:
        return f.AgentMoved(at=at(seconds), agent_id=agent, state=state, **more)

    leg = {"leg_id": LegId("leg-1"), "leg_up": True}
    await store.append(
        [
            planned,
            f.SwitchMoved(at=AT, up=True),
            f.CampaignMoved(at=AT, campaign_id=portfolio.campaign_id, state=CampaignState.RUNNING),
            f.PacingDecided(
                at=AT, campaign_id=portfolio.campaign_id, policy="simple", calls=3, explain={"free": 3}
            ),
            f.IntentSettled(at=AT, intent_id=intent, user_id=agent, error="in_a_call"),
            f.CallAbandoned(
                at=at(4),
                attempt_id=planned.attempt.id,
                campaign_id=portfolio.campaign_id,
                answered_at=at(2),
                deadline_at=at(4),
            ),
            agent_moved(AgentState.NOT_READY, 0),
            agent_moved(AgentState.READY, 1, **leg),
        ]
    )
    await store.append([agent_moved(AgentState.READY, 2, **leg, after_wrap_up="not_ready")])
    row = await pool.fetchrow("SELECT * FROM agent_session")
    assert (row["state"], row["since"], row["leg_id"], row["leg_up"]) == ("ready", at(1), "leg-1", True)
    assert row["after_wrap_up"] == "not_ready"
    # In one batch away and back: he is in that state since he came back.
    await store.append([agent_moved(AgentState.RESERVED, 3), agent_moved(AgentState.READY, 4, **leg)])
    assert await pool.fetchval("SELECT since FROM agent_session") == at(4)

    assert await pool.fetchval("SELECT switch_up FROM shard")
    assert await pool.fetchval("SELECT state FROM campaign") == "running"
    assert tuple(await pool.fetchrow("SELECT done_at, error FROM intent")) == (AT, "in_a_call")
    assert tuple(await pool.fetchrow("SELECT answered_at, deadline_at, abandoned_at FROM abandonment")) == (
        at(2),
        at(4),
        at(4),
    )


async def test_a_started_shard_finds_everything_open(
    pool: asyncpg.Pool, dsn: str, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    agent = await add_agent(pool, portfolio.group_id)
    ringing, talked, waiting, hoarded = await claim(4)
    plans = [plan(lead) for lead in (ringing, talked, waiting)]
    a, b, c = (planned.attempt for planned in plans)
    now = datetime.now(UTC)
    await store.append(plans)
    await store.append(
        [
            moved(a, CallState.RINGING, 1),
            moved(b, CallState.BRIDGED, 2, agent_id=agent, connect_ms=9.0),
            f.AttemptEnded(
                at=now, attempt_id=b.id, campaign_id=b.campaign_id, lead_id=b.lead_id, phone_id=b.phone_id,
                outcome=Outcome.CONNECTED, burnt=True,
            ),
            f.AgentMoved(at=at(3), agent_id=agent, state=AgentState.WRAP_UP, attempt_id=b.id, leg_up=True),
            moved(c, CallState.WAITING, 3),
        ]
    )  # fmt: skip
    await pool.execute("UPDATE attempt SET planned_at = now() - interval '1 minute'")
    await store.release()
    assert await pool.fetchval("SELECT state FROM lead WHERE id = $1", hoarded.id) == "callable"

    async with PostgresShardStore(dsn) as next_store:
        assert await next_store.acquire(portfolio.group_id, "next", LEASE) == 2
        state = await next_store.load()
        await next_store.append([f.ShardStarted(at=now, fence=2, seed=1)])
    assert await pool.fetchval("SELECT max(seq) FROM call_event") == 9
    assert state.fence == 2
    (campaign,) = state.campaigns
    assert (campaign.id, campaign.state, campaign.mode) == (
        portfolio.campaign_id, CampaignState.DRAFT, DialMode.PROGRESSIVE,
    )  # fmt: skip
    assert [(o.attempt.id, o.state, o.answered_at) for o in state.open_attempts] == sorted(
        [(a.id, CallState.RINGING, None), (c.id, CallState.WAITING, at(3))]
    )
    opened = next(o for o in state.open_attempts if o.attempt.id == a.id)
    assert replace(opened.attempt, planned_at=AT) == a
    assert (opened.lead.id, opened.lead.last_n) == (ringing.id, 1)
    (unfinished,) = state.unfinished
    assert (unfinished.attempt.id, unfinished.agent_id, unfinished.lead.attempts) == (b.id, agent, 1)
    (stored,) = state.agents
    assert (stored.id, stored.sip_user, stored.state, stored.attempt_id) == (
        agent, f"agent-{agent}", AgentState.WRAP_UP, b.id,
    )  # fmt: skip
    assert [(t.live_answers, t.abandoned) for t in state.tallies] == [(1, 0)]
    assert len(state.dispositions) == 13


async def test_what_became_of_machine_verdicts_comes_back(
    pool: asyncpg.Pool, dsn: str, store: PostgresShardStore, portfolio: Portfolio, claim: Claim
) -> None:
    """Hung up on; tried, by the agent's word a machine and a person; tried, and nothing said; a person by the verdict;
    an intercept before any answer."""
    agent = await add_agent(pool, portfolio.group_id)
    plans = [plan(lead) for lead in await claim(6)]
    ended, machine, person, unsaid, live, early = (planned.attempt for planned in plans)
    await store.append(plans)
    for attempt in (ended, machine, person, unsaid, live, early):
        if attempt is not early:
            await store.append([moved(attempt, CallState.SCREENING, 2)])
        control = attempt in (machine, person, unsaid)
        label = {live: Label.HUMAN, early: Label.SIT}.get(attempt, Label.MACHINE)
        heard = f.CallScreened(
            at=at(3), attempt_id=attempt.id, campaign_id=portfolio.campaign_id, label=label, cause="model",
            mode=Screening.ON, to_agent=control or attempt is live, control=control,
        )  # fmt: skip
        await store.append([heard])
    for attempt, code in ((machine, MACHINE_DISPOSITION), (person, "refused")):
        said = f.AttemptDisposed(
            at=at(9), attempt_id=attempt.id, agent_id=agent, code=code, note="", effect=Effect.RETRY
        )  # fmt: skip
        await store.append([said])
    (tally,) = (await store.load()).tallies
    assert (tally.ended, tally.trials, tally.persons, tally.live_answers) == (1, 2, 1, 0)


async def test_what_pacing_knew_comes_back_with_what_was_logged_since(
    store: PostgresShardStore, claim: Claim
) -> None:
    """1. A call; 2. the pacing set down; 3. its answer and end, and an abandoned one: those come back as facts."""
    first, second = await claim(2)
    a, b = plan(first), plan(second, 6.0)
    assert (await store.load()).pacing is None
    await store.append([a, moved(a.attempt, CallState.ORIGINATING, 0.1)])
    await store.append(
        [f.PacingKept(at=at(5), policies={"predictive": {"schema": "x", "ledger": [1, None]}})]
    )
    since: list[f.AnyFact] = [
        moved(a.attempt, CallState.ANSWERED, 6),
        b,
        ended(a.attempt, Outcome.CUSTOMER_HUNG_UP, 7),
        f.PacingDecided(
            at=at(7), campaign_id=a.attempt.campaign_id, policy="predictive", calls=1, explain={}
        ),
    ]
    await store.append(since)
    kept = (await store.load()).pacing
    assert kept is not None
    assert (kept.at, kept.policies) == (at(5), {"predictive": {"schema": "x", "ledger": [1, None]}})
    planned = next(fact for fact in kept.since if isinstance(fact, f.AttemptPlanned))
    assert planned.attempt.id == b.attempt.id
    assert [type(fact) for fact in kept.since] == [f.AttemptMoved, f.AttemptPlanned, f.AttemptEnded]
    assert [fact.at for fact in kept.since] == [at(6), at(6.0), at(7)]
