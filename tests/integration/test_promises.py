"""What an agent's word, a payment and a day gone by do to leads, whoever works them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain import facts as f
from dialer.domain.debtor import DisputeState, PaymentSource
from dialer.domain.dispositions import NO_DETAILS, Details, Instalment
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Effect, LeadState, NextStep, Outcome
from dialer.domain.values import AttemptId, mint_ulid
from dialer.portfolio.callability import explain_lead
from dialer.promise_clock import look
from dialer.store.campaigns import create_campaign, ensure_group
from dialer.store.event_log import PostgresShardStore
from dialer.store.payments import Payment, book_payments, resolve_dispute, withdraw_promise
from dialer.store.timelines import read_story
from tests.integration.command import dialer

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DUE = date(2026, 11, 27)
PROMISE = Details(amount_minor=100_000, currency="DOP", due_on=DUE)


class Case:
    """One person with a debt of DOP 1,500.00, worked by two groups' campaigns, and another debt in a third lead."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def furnish(self) -> Case:
        async with self.pool.acquire() as connection:
            self.group = await ensure_group(connection, "Mora")
            other_group = await ensure_group(connection, "Castigo")
            campaigns = [
                await create_campaign(connection, name=name, group_id=group)
                for name, group in (("Uno", self.group), ("Dos", other_group), ("Tres", other_group))
            ]
        self.agent = await self._insert(
            "INSERT INTO app_user (login, display_name, role, password_hash, agent_group_id)"
            " VALUES ('ana', 'Ana', 'agent', 'x', $1)",
            self.group,
        )
        self.person = await self._insert(
            "INSERT INTO person (external_ref, full_name, time_zone)"
            " VALUES ('C-1', 'Ana Pérez', 'America/Santo_Domingo')"
        )
        self.phone = await self._insert(
            "INSERT INTO phone (person_id, number, position) VALUES ($1, '+18095550101', 0)", self.person
        )
        self.debt, self.other_debt = [
            await self._insert(
                "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency)"
                " VALUES ($1, $2, 'Banco', 'Tarjeta', 150000, 'DOP')",
                self.person,
                reference,
            )
            for reference in ("D-1", "D-2")
        ]
        self.leads = []
        for campaign, debt in zip(campaigns, (self.debt, self.debt, self.other_debt), strict=True):
            list_id = await self._insert(
                "INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, 'x', 'x')", campaign
            )
            self.leads.append(
                await self._insert(
                    "INSERT INTO lead (campaign_id, list_id, person_id, debt_id) VALUES ($1, $2, $3, $4)",
                    campaign,
                    list_id,
                    self.person,
                    debt,
                )
            )
        self.attempt = AttemptId(mint_ulid(AT, random.Random(1)))
        await self.pool.execute(
            "INSERT INTO attempt (id, shard_id, fence, campaign_id, lead_id, person_id, phone_id, n, mode, number,"
            " trunk, caller_id, verdict, ring_timeout_s, connect_limit_s, language, state, planned_at, ended_at,"
            " connected_at, agent_id, outcome) VALUES ($1, $2, 1, $3, $4, $5, $6, 1, 'manual', '+18095550101', 't',"
            " '+18095550199', '{}', 25, 2, 'es', 'ended', $7, $7, $7, $8, 'connected')",
            self.attempt,
            self.group,
            campaigns[0],
            self.leads[0],
            self.person,
            self.phone,
            AT,
            self.agent,
        )
        await self.pool.execute("UPDATE lead SET state = 'in_attempt' WHERE id = $1", self.leads[0])
        return self

    async def _insert(self, sql: str, *values: object) -> int:
        return int(await self.pool.fetchval(sql + " RETURNING id", *values))

    async def say(
        self, store: PostgresShardStore, effect: Effect, details: Details, step: NextStep, at: datetime = AT
    ) -> None:
        """What the shard writes when the agent disposes of his call."""
        await store.append(
            [
                f.AttemptDisposed(
                    at=at,
                    attempt_id=self.attempt,
                    agent_id=self.agent,
                    code=effect,
                    note="",
                    effect=effect,
                    details=details,
                ),
                f.LeadMoved(
                    at=at,
                    lead_id=self.leads[0],
                    campaign_id=1,
                    step=step,
                    phone_id=self.phone,
                    outcome=Outcome.CONNECTED,
                    same_outcome_run=1,
                ),
            ]
        )

    async def promise(self, store: PostgresShardStore, details: Details = PROMISE, at: datetime = AT) -> None:
        await self.say(store, Effect.PROMISE, details, NextStep(LeadState.SUPPRESSED, reason="promise"), at)

    async def pay(self, amount: int, *, debt: int | None = None, ref: str = "P-1", at: datetime = AT) -> None:
        payment = Payment(self.person, debt or self.debt, ref, amount, "DOP", at)
        async with self.pool.acquire() as connection:
            await book_payments(connection, [payment], PaymentSource.FILE, at)

    async def stand(self) -> list[tuple[str, str | None]]:
        rows = await self.pool.fetch("SELECT state, state_reason FROM lead ORDER BY id")
        return [(row["state"], row["state_reason"]) for row in rows]

    async def promises(self) -> list[str]:
        return [
            row["state"] for row in await self.pool.fetch("SELECT state FROM promise ORDER BY due_on, id")
        ]


@pytest_asyncio.fixture
async def case(pool: asyncpg.Pool) -> Case:
    return await Case(pool).furnish()


@pytest_asyncio.fixture
async def store(dsn: str, case: Case) -> AsyncIterator[PostgresShardStore]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(case.group, "test", timedelta(seconds=30)) == 1
        yield store


SILENT = ("suppressed", "promise")
OPEN = ("callable", None)


async def test_a_promise_silences_the_debt_everywhere_and_nothing_else(
    case: Case, store: PostgresShardStore
) -> None:
    await case.promise(store)
    assert await case.stand() == [SILENT, SILENT, OPEN]
    row = await case.pool.fetchrow("SELECT * FROM promise")
    assert row is not None
    assert (row["amount_minor"], row["currency"], row["due_on"], row["grace_days"]) == (
        100_000,
        "DOP",
        DUE,
        2,
    )
    assert (row["agent_id"], row["attempt_id"], row["debt_id"]) == (case.agent, case.attempt, case.debt)
    phone = await case.pool.fetchrow("SELECT right_party, right_party_at, wrong_number FROM phone")
    assert phone is not None
    assert tuple(phone) == (1, AT, 0)
    # It says until when: the debtor's first day after his own day and the grace.
    zone = await case.pool.fetchval(
        "SELECT coalesce(time_zone, 'UTC') FROM person WHERE id = $1", case.person
    )
    first_day = datetime.combine(DUE + timedelta(days=3), time(), ZoneInfo(zone))
    async with case.pool.acquire() as connection:
        why = await explain_lead(connection, case.leads[0], AT)
    assert why is not None
    assert (why.rule, why.clears_at) == ("promise", first_day)


async def test_a_claimed_lead_of_another_group_can_no_longer_be_planned(
    case: Case, store: PostgresShardStore
) -> None:
    await case.pool.execute(
        "UPDATE lead SET state = 'claimed', claimed_by = 9, claim_fence = 1 WHERE id = $1", case.leads[1]
    )
    await case.promise(store)
    row = await case.pool.fetchrow("SELECT state, claimed_by FROM lead WHERE id = $1", case.leads[1])
    assert row is not None
    assert tuple(row) == ("suppressed", None)


async def test_every_shard_hears_of_the_leads_withdrawn(
    dsn: str, case: Case, store: PostgresShardStore
) -> None:
    heard: set[int] = set()

    async def listen(other: PostgresShardStore) -> None:
        async with aclosing(other.withdrawals()) as words:
            async for lead_ids in words:
                heard.update(lead_ids)

    async with PostgresShardStore(dsn) as other, asyncio.TaskGroup() as group:
        await other.acquire(case.group + 1, "other", timedelta(seconds=30))
        listening = group.create_task(listen(other))
        async with asyncio.timeout(10):
            while not await case.pool.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'LISTEN%cadencia_lead%'"
            ):
                await asyncio.sleep(0.01)
            await case.promise(store)
            while case.leads[1] not in heard:
                await asyncio.sleep(0.01)
        listening.cancel()
    assert case.leads[2] not in heard


async def test_a_kept_promise(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    await case.pay(40_000)
    assert (await case.promises(), await case.stand()) == (["open"], [SILENT, SILENT, OPEN])
    await case.pay(60_000, ref="P-2")
    assert await case.promises() == ["kept"]
    assert await case.stand() == [("resting", "promise_kept")] * 2 + [OPEN]
    assert await case.pool.fetchval("SELECT balance_minor FROM debt WHERE id = $1", case.debt) == 50_000
    next_at = await case.pool.fetchval("SELECT next_at FROM lead WHERE id = $1", case.leads[0])
    assert next_at == AT + timedelta(days=1)


async def test_a_payment_counts_once(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    await case.pay(60_000)
    await case.pay(60_000)
    assert await case.promises() == ["open"]
    assert await case.pool.fetchval("SELECT balance_minor FROM debt WHERE id = $1", case.debt) == 90_000


async def test_a_debt_paid_in_full_closes_its_leads(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    await case.pay(150_000)
    assert await case.stand() == [("finished", "debt_paid")] * 2 + [OPEN]
    row = await case.pool.fetchrow("SELECT status, balance_minor FROM debt WHERE id = $1", case.debt)
    assert row is not None
    assert tuple(row) == ("paid", 0)


async def test_a_part_paid_without_a_promise_gives_a_day_of_rest(case: Case) -> None:
    await case.pay(10_000)
    assert await case.stand() == [("resting", "payment")] * 2 + [OPEN]


async def test_the_recycling_of_a_cancelled_ring_does_not_undo_the_rest(
    case: Case, store: PostgresShardStore
) -> None:
    await case.pay(10_000)
    soon = NextStep(LeadState.RESTING, AT + timedelta(minutes=5))
    await store.append([f.LeadMoved(at=AT, lead_id=case.leads[0], campaign_id=1, step=soon)])
    next_at = await case.pool.fetchval("SELECT next_at FROM lead WHERE id = $1", case.leads[0])
    assert next_at == AT + timedelta(days=1)


async def test_a_broken_promise_is_a_callback_of_the_same_agent(
    case: Case, store: PostgresShardStore
) -> None:
    await case.promise(store)
    # The 29th is the last day of grace, and it is over in Santo Domingo four hours after it is in London.
    assert await look(case.pool, datetime(2026, 11, 30, 3, 59, tzinfo=UTC)) == 0
    over = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
    assert await look(case.pool, over) == 1
    assert await case.promises() == ["broken"]
    assert await case.stand() == [("callback", "promise_broken")] * 2 + [OPEN]
    row = await case.pool.fetchrow("SELECT * FROM lead WHERE id = $1", case.leads[0])
    assert row is not None
    assert (row["callback_agent_id"], row["next_at"], row["next_phone_id"]) == (case.agent, over, case.phone)
    assert await look(case.pool, over) == 0


async def test_a_lead_that_comes_after_the_promise_is_silent_too(
    case: Case, store: PostgresShardStore
) -> None:
    await case.promise(store)
    await case.pool.execute(
        "UPDATE lead SET state = 'callable', state_reason = NULL WHERE id = $1", case.leads[1]
    )
    await look(case.pool, AT)
    assert await case.stand() == [SILENT, SILENT, OPEN]


async def test_a_plan_is_kept_part_by_part_and_breaks_as_a_whole(
    case: Case, store: PostgresShardStore
) -> None:
    parts = tuple(Instalment(30_000, DUE + timedelta(days=30 * n)) for n in range(3))
    await case.promise(store, Details(amount_minor=90_000, currency="DOP", due_on=DUE, instalments=parts))
    await case.pay(30_000)
    assert await case.promises() == ["kept", "open", "open"]
    assert await case.stand() == [SILENT, SILENT, OPEN]
    assert await look(case.pool, AT + timedelta(days=60)) == 2
    assert await case.promises() == ["kept", "broken", "withdrawn"]
    assert await case.stand() == [("callback", "promise_broken")] * 2 + [OPEN]


async def test_a_new_promise_replaces_the_old_one(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    later = Details(amount_minor=50_000, currency="DOP", due_on=DUE + timedelta(days=5))
    await case.promise(store, later, AT + timedelta(hours=1))
    assert await case.promises() == ["withdrawn", "open"]


async def test_a_promise_taken_back_frees_its_leads(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    promise = await case.pool.fetchval("SELECT id FROM promise")
    async with case.pool.acquire() as connection:
        await withdraw_promise(connection, promise, AT)
        with pytest.raises(BadInput, match="not open"):
            await withdraw_promise(connection, promise, AT)
    assert await case.stand() == [("resting", "promise_withdrawn")] * 2 + [OPEN]
    assert await case.pool.fetchval(
        "SELECT bool_and(next_at <= $1) FROM lead WHERE debt_id = $2", AT, case.debt
    )


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (DisputeState.UPHELD, ("finished", "dispute_upheld")),
        (DisputeState.REJECTED, ("callable", "dispute_rejected")),
    ],
)
async def test_a_dispute_suspends_until_it_is_answered(
    case: Case, store: PostgresShardStore, answer: DisputeState, then: tuple[str, str]
) -> None:
    said = Details(reason="other", explanation="no es mía")
    await case.say(store, Effect.DISPUTE, said, NextStep(LeadState.SUPPRESSED, reason="dispute"))
    assert await case.stand() == [("suppressed", "dispute")] * 2 + [OPEN]
    await case.pay(10_000)
    assert await case.stand() == [("suppressed", "dispute")] * 2 + [OPEN], "money answers no dispute"
    dispute = await case.pool.fetchrow("SELECT * FROM dispute")
    assert dispute is not None
    assert (dispute["reason"], dispute["note"], dispute["opened_by"]) == ("other", "no es mía", case.agent)
    async with case.pool.acquire() as connection:
        with pytest.raises(BadInput, match="words that say why"):
            await resolve_dispute(connection, dispute["id"], answer, " ", user_id=None, at=AT)
        await resolve_dispute(connection, dispute["id"], answer, "Se revisó", user_id=case.agent, at=AT)
        with pytest.raises(BadInput, match="not open"):
            await resolve_dispute(connection, dispute["id"], answer, "otra vez", user_id=None, at=AT)
    assert await case.stand() == [then] * 2 + [OPEN]


async def test_do_not_call_blocks_the_person_everywhere(case: Case, store: PostgresShardStore) -> None:
    await store.append(
        [
            f.ContactCeased(
                at=AT,
                attempt_id=case.attempt,
                agent_id=case.agent,
                lead_id=case.leads[0],
                code="do_not_call",
            )
        ]
    )
    assert await case.stand() == [("suppressed", "do_not_call")] * 3
    assert await case.pool.fetchval("SELECT person_id FROM do_not_call") == case.person
    await case.promise(store)
    assert await case.stand() == [("suppressed", "do_not_call")] * 3
    await look(case.pool, AT + timedelta(days=30))
    assert await case.stand() == [("suppressed", "do_not_call")] * 3, "no broken promise brings him back"


async def test_the_dead_are_left_in_peace(case: Case, store: PostgresShardStore) -> None:
    step = NextStep(LeadState.SUPPRESSED, reason="deceased")
    await case.say(store, Effect.DECEASED, NO_DETAILS, step)
    assert await case.stand() == [("suppressed", "deceased")] * 3


async def test_who_says_he_has_paid_is_left_alone_until_it_shows(
    case: Case, store: PostgresShardStore
) -> None:
    step = NextStep(LeadState.RESTING, AT + timedelta(days=3), reason="says_paid")
    await case.say(store, Effect.PAID, Details(paid_on=AT.date()), step)
    assert await case.stand() == [("resting", "says_paid")] * 2 + [OPEN]


async def test_nothing_closes_without_a_reason(case: Case) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="lead_closed_check"):
        await case.pool.execute("UPDATE lead SET state = 'finished', state_reason = NULL")


async def test_a_persons_story_is_told_newest_first(dsn: str, case: Case, store: PostgresShardStore) -> None:
    await case.promise(store, at=AT + timedelta(minutes=1))
    await case.pay(40_000, at=AT + timedelta(hours=1))
    await case.pool.execute(
        "INSERT INTO note (person_id, body, created_at) VALUES ($1, 'llamar de tarde', $2)",
        case.person,
        AT + timedelta(hours=2),
    )
    story = await read_story(case.pool, "C-1")
    assert [(entry.kind, entry.state) for entry in story.entries] == [
        ("note", None),
        ("payment", "file"),
        ("promise", "open"),
        ("attempt", "connected"),
    ]
    assert story.entries[2].more["amount_minor"] == 100_000
    with pytest.raises(BadInput, match="there is no person"):
        await read_story(case.pool, "C-404")

    told = await dialer("person", "show", "C-1", database_dsn=dsn)
    assert "1,000.00 DOP by 2026-11-27" in told.out
    assert "+…01" in told.out
    assert "18095550101" not in told.out
    listed = await dialer("case", "list", "--json", database_dsn=dsn)
    assert [(found["kind"], found["person"], found["debt"]) for found in listed.data] == [
        ("promise", "C-1", "D-1")
    ]
    taken = await dialer("case", "withdraw", str(listed.data[0]["id"]), database_dsn=dsn)
    assert taken.code == 0, taken.err
    assert await case.promises() == ["withdrawn"]
    again = await dialer("case", "withdraw", str(listed.data[0]["id"]), database_dsn=dsn)
    assert (again.code, "not open" in again.err) == (1, True)
