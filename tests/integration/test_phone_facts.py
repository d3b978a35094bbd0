"""What calls teach of a person's numbers, which one is dialled then, and how the command line shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain import facts as f
from dialer.domain.debtor import PhoneKind
from dialer.domain.dispositions import NO_DETAILS
from dialer.domain.outcomes import Effect, LeadState, NextStep, Outcome, PhoneStatus
from dialer.domain.phone_facts import DEMOTED_BELOW, FOUND, RIGHT_PARTY, SAID
from dialer.store.event_log import PostgresShardStore
from tests.integration.command import dialer
from tests.integration.test_promises import AT, PROMISE, Case

pytestmark = pytest.mark.integration

REST = NextStep(LeadState.RESTING, AT)


def after(confidence: float, *ratios: float) -> float:
    """Bayes by hand: odds times ratios, as a probability again."""
    odds = confidence / (1 - confidence)
    for ratio in ratios:
        odds *= ratio
    return odds / (1 + odds)


@pytest_asyncio.fixture
async def case(pool: asyncpg.Pool) -> Case:
    case = await Case(pool).furnish()
    await pool.execute(
        "INSERT INTO phone (person_id, number, position, kind) VALUES ($1, '+18095550102', 1, $2)",
        case.person,
        PhoneKind.MOBILE,
    )
    return case


@pytest_asyncio.fixture
async def store(dsn: str, case: Case) -> AsyncIterator[PostgresShardStore]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(case.group, "test", timedelta(seconds=30)) == 1
        yield store


async def confidence(case: Case) -> float:
    found = await case.pool.fetchval("SELECT confidence FROM phone WHERE id = $1", case.phone)
    return float(found)


async def test_the_person_himself_makes_his_number_sure(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    assert await confidence(case) == pytest.approx(after(0.5, RIGHT_PARTY))
    await case.promise(store, PROMISE, AT + timedelta(days=1))
    assert await confidence(case) == 0.99


async def test_a_stranger_ends_a_number_and_a_relative_lowers_it(
    case: Case, store: PostgresShardStore
) -> None:
    await case.say(store, Effect.THIRD_PARTY, NO_DETAILS, REST)
    assert await confidence(case) == pytest.approx(after(0.5, SAID[Effect.THIRD_PARTY]))
    wrong = NextStep(LeadState.RESTING, AT, phone_status=PhoneStatus.WRONG_PERSON)
    await case.say(store, Effect.WRONG_NUMBER, NO_DETAILS, wrong)
    assert await confidence(case) == pytest.approx(
        after(0.5, SAID[Effect.THIRD_PARTY], SAID[Effect.WRONG_NUMBER])
    )
    row = await case.pool.fetchrow("SELECT status, wrong_number FROM phone WHERE id = $1", case.phone)
    assert row is not None
    assert tuple(row) == ("wrong_person", 1)


async def test_a_voicemail_says_nothing_of_whose_number_it_is(case: Case, store: PostgresShardStore) -> None:
    await case.say(store, Effect.MACHINE, NO_DETAILS, REST)
    assert await confidence(case) == 0.5


async def test_rings_in_vain_demote_a_number_behind_the_others(case: Case, store: PostgresShardStore) -> None:
    """Forty in vain against one never tried; where the other is wrong, the demoted one is dialled again."""
    for _ in range(40):
        unanswered = f.LeadMoved(
            at=AT,
            lead_id=case.leads[0],
            campaign_id=1,
            step=REST,
            phone_id=case.phone,
            outcome=Outcome.NO_ANSWER,
            same_outcome_run=1,
        )
        await store.append([unanswered])
    assert await confidence(case) == pytest.approx(after(0.5, FOUND[Outcome.NO_ANSWER] ** 40))
    assert await confidence(case) < DEMOTED_BELOW
    other = await case.pool.fetchval("SELECT id FROM phone WHERE id <> $1", case.phone)
    # Tried just now, so without the demotion it would not be its turn.
    await case.pool.execute("UPDATE phone SET tried_at = now() WHERE id = $1", other)
    await case.pool.execute("UPDATE lead SET state = 'callable', next_at = $1", AT)
    [claimed] = await store.claim(1, 1, timedelta(minutes=5), AT)
    assert claimed.next_phone_id == other
    await case.pool.execute("UPDATE phone SET status = 'wrong_person' WHERE id = $1", other)
    await case.pool.execute("UPDATE lead SET state = 'callable'")
    [claimed] = await store.claim(1, 1, timedelta(minutes=5), AT)
    assert claimed.next_phone_id == case.phone


async def test_person_show_tells_what_is_known_of_each_number(
    dsn: str, case: Case, store: PostgresShardStore
) -> None:
    await case.promise(store)
    await case.pool.execute("UPDATE phone SET confidence = 0.1 WHERE id <> $1", case.phone)
    shown = await dialer("person", "show", "C-1", database_dsn=dsn)
    first, second = [line.split() for line in shown.out.splitlines() if line.startswith("+…")]
    assert first == ["+…01", "unknown", "active", "98%", "1,", "last", "2026-11-20", "0", "1", "connected"]
    assert second[:4] == ["+…02", "mobile", "demoted", "10%"]
    told = (await dialer("person", "show", "C-1", "--show-numbers", "--json", database_dsn=dsn)).data
    assert isinstance(told, dict)
    assert [(n["number"], n["right_party"], n["demoted"]) for n in told["numbers"]] == [
        ("+18095550101", 1, False),
        ("+18095550102", 0, True),
    ]
