"""The contact ledger: counted with the attempt, never changed, and obeyed by two dialers together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from dialer.compliance import Debtor, Deny, judge, load_rule_set
from dialer.domain import facts as f
from dialer.domain.call import CallState
from dialer.domain.contact import Channel, Contact, Count
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.domain.values import Attempt, ClaimedLead
from dialer.store import ledger_book
from dialer.store.event_log import PostgresShardStore
from dialer.store.ledger_book import Report
from tests.integration.call_facts import AT, LEASE, at, ended, moved, plan, rested
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

A, H, C, T = Count.ATTEMPT, Count.ANSWERED_HUMAN, Count.CONTACT, Count.CONVERSATION


async def claimed(store: PostgresShardStore, portfolio: Portfolio, count: int = 1) -> list[ClaimedLead]:
    return await store.claim(portfolio.campaign_id, count, LEASE, AT + timedelta(days=400))


def planned(lead: ClaimedLead, seconds: float = 0.0) -> f.AttemptPlanned:
    """Planned by a verdict that knew what the claim brought."""
    fact = plan(lead, seconds)
    return replace(fact, attempt=replace(fact.attempt, ledger_rows=lead.ledger_rows))


async def counted(pool: asyncpg.Pool, attempt: Attempt) -> list[tuple[list[str], bool, str | None]]:
    rows = await pool.fetch(
        "SELECT counts, withdrawn, mark FROM contact_ledger WHERE attempt_id = $1 ORDER BY n", attempt.id
    )
    return [(row["counts"], row["withdrawn"], row["mark"]) for row in rows]


async def test_a_talk_counts_as_all_it_is(
    store: PostgresShardStore, portfolio: Portfolio, pool: asyncpg.Pool
) -> None:
    (lead,) = await claimed(store, portfolio)
    assert (lead.contacts, lead.ledger_rows) == ((), 0)
    fact = planned(lead)
    attempt = fact.attempt
    assert await store.append([fact]) == {attempt.id}
    assert await counted(pool, attempt) == [(["attempt"], False, None)], (
        "with the commit that allows the dial"
    )
    await store.append([moved(attempt, CallState.RINGING, 2)])
    await store.append([moved(attempt, CallState.BRIDGED, 5, agent_id=None, connect_ms=12.0)])
    await store.append([moved(attempt, CallState.BRIDGED, 9)])  # back from hold
    await store.append([ended(attempt, Outcome.CONNECTED, 60), rested(attempt, Outcome.CONNECTED, 60)])
    assert await counted(pool, attempt) == [
        (["attempt"], False, None),
        (["answered_human", "contact"], False, None),
        (["conversation"], False, None),
    ]
    leads = await claimed(store, portfolio, 3)
    (again,) = [claim for claim in leads if claim.id == lead.id]
    assert {count for contact in again.contacts for count in contact.counts} == {A, H, C, T}
    assert {contact.phone for contact in again.contacts} == {attempt.number.e164}
    assert again.ledger_rows == 3


@pytest.mark.parametrize(
    ("outcome", "states", "left"),
    [
        (Outcome.NO_ANSWER, [CallState.RINGING], {A}),
        (Outcome.BUSY, [], {A}),
        (Outcome.UNKNOWN, [], {A, H}),  # nobody knows, so somebody answered
        (Outcome.CUSTOMER_HUNG_UP, [CallState.RINGING, CallState.ANSWERED], {A, H}),
        (Outcome.CONGESTION, [], set()),  # the carrier had no line: nobody was called
        (Outcome.CANCELLED, [], set()),
        (Outcome.CANCELLED, [CallState.RINGING], {A}),
        (Outcome.FAILED, [], set()),
    ],
)
async def test_what_each_end_leaves(
    store: PostgresShardStore,
    portfolio: Portfolio,
    outcome: Outcome,
    states: list[CallState],
    left: set[Count],
) -> None:
    (lead,) = await claimed(store, portfolio)
    fact = planned(lead)
    await store.append([fact])
    for n, state in enumerate(states):
        await store.append([moved(fact.attempt, state, 1 + n)])
    await store.append([ended(fact.attempt, outcome, 30), rested(fact.attempt, outcome, 30)])
    leads = await claimed(store, portfolio, 3)
    (again,) = [claim for claim in leads if claim.id == lead.id]
    assert {count for contact in again.contacts for count in contact.counts} == left


async def test_an_abandoned_call_uses_up_the_contact_of_the_day(
    store: PostgresShardStore, portfolio: Portfolio
) -> None:
    (lead,) = await claimed(store, portfolio)
    fact = planned(lead)
    attempt = fact.attempt
    lost = f.CallAbandoned(
        at=at(6), attempt_id=attempt.id, campaign_id=attempt.campaign_id, answered_at=at(4), deadline_at=at(6)
    )
    await store.append([fact])
    await store.append([moved(attempt, CallState.ANSWERED, 4)])
    await store.append([lost, ended(attempt, Outcome.ABANDONED, 9), rested(attempt, Outcome.ABANDONED, 9)])
    leads = await claimed(store, portfolio, 3)
    (again,) = [claim for claim in leads if claim.id == lead.id]
    assert [contact.abandoned for contact in again.contacts].count(True) == 1
    verdict = judge(
        load_rule_set("CO"),
        Debtor(zone="America/Bogota"),
        at=at(10800),
        history=again.contacts,
        agent_reserved=True,
    )
    assert isinstance(verdict, Deny)
    assert verdict.rule in ("CO-day", "hours")
    assert verdict.until is not None
    assert verdict.until > at(36000)


async def test_wrong_person_is_taken_back(
    store: PostgresShardStore, portfolio: Portfolio, pool: asyncpg.Pool
) -> None:
    """Counted as the debtor's until the agent says otherwise, and then no more; what was written stays."""
    await pool.execute(
        "INSERT INTO disposition (campaign_id, code, label, effect, right_party, position) VALUES"
        " ($1, 'wrong', '{}', 'wrong_number', false, 90), ($1, 'third', '{}', 'retry', false, 91),"
        " ($1, 'debtor', '{}', 'retry', true, 92)",
        portfolio.campaign_id,
    )
    expected = {"wrong": {A, H}, "third": {A, H, C}, "debtor": {A, H, C, T}}
    leads = await claimed(store, portfolio, 3)
    for lead, code in zip(leads, expected, strict=True):
        fact = planned(lead)
        attempt = fact.attempt
        await store.append([fact])
        await store.append([moved(attempt, CallState.BRIDGED, 5), ended(attempt, Outcome.CONNECTED, 60)])
        said = f.AttemptDisposed(at=at(70), attempt_id=attempt.id, agent_id=1, code=code, note="")
        await store.append([said, rested(attempt, Outcome.CONNECTED, 70)])
    again = {lead.id: lead for lead in await claimed(store, portfolio, 3)}
    for lead, code in zip(leads, expected, strict=True):
        found = {count for contact in again[lead.id].contacts for count in contact.counts}
        assert found == expected[code]


async def test_nothing_written_is_ever_changed(
    store: PostgresShardStore, portfolio: Portfolio, pool: asyncpg.Pool
) -> None:
    for lead in await claimed(store, portfolio, 3):
        await store.append([planned(lead)])
    for statement in (
        "UPDATE contact_ledger SET counts = '{}'",
        "DELETE FROM contact_ledger",
        "TRUNCATE contact_ledger",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)
    async with pool.acquire() as connection:
        (check,) = await ledger_book.verify(connection)
    assert (check.chain, check.rows, check.fault) == (portfolio.group_id, 3, None)


@pytest.mark.parametrize(
    ("crime", "fault"),
    [
        ("UPDATE contact_ledger SET counts = '{}' WHERE n = 2", "row 2 is not what was written"),
        ("UPDATE contact_ledger SET at = at - interval '1 microsecond' WHERE n = 3", "row 3 is not"),
        ("DELETE FROM contact_ledger WHERE n = 2", "row 2 is missing"),
        ("DELETE FROM contact_ledger WHERE n = 3", "its head says 3 rows, there are 2"),
        ("DELETE FROM contact_ledger_head", "its head is missing"),
    ],
)
async def test_who_goes_around_the_triggers_is_found_out(
    store: PostgresShardStore, portfolio: Portfolio, pool: asyncpg.Pool, crime: str, fault: str
) -> None:
    for lead in await claimed(store, portfolio, 3):
        await store.append([planned(lead)])
    async with pool.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")  # as only a superuser may
        await connection.execute(crime)
        (check,) = await ledger_book.verify(connection)
        await connection.execute("RESET session_replication_role")
    assert check.fault is not None
    assert check.fault.startswith(fault)


_REPORT = (
    "INSERT INTO contact_ledger (chain, at, person_id, channel, counts, debts, source)"
    " SELECT $1, $2, min(person.id), 'voice', '{attempt}', '{}', 'reported'"
    " FROM person, generate_series(1, $3) AS n GROUP BY n"
)


async def test_a_large_transaction_moves_the_head_once(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """However many statements it has, and whatever of it is undone: what a row costs does not grow with the rows. Nor
    is the table read whole for it, which was empty when the trigger first ran."""
    whole = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'contact_ledger'"
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        before = await connection.fetchval(whole)
        for rows in (40, 1, 200):
            await connection.execute(_REPORT, 0, AT, rows)
        undone = connection.transaction()
        await undone.start()
        await connection.execute(_REPORT, 0, AT, 30)
        await undone.rollback()
        await connection.execute(_REPORT, 0, AT, 10)
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        moved = await connection.fetchval(
            "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'contact_ledger_head'"
        )
        read = await connection.fetchval(whole) - before
        await transaction.commit()
        (check,) = await ledger_book.verify(connection)
    assert (moved, read) == (1, 0)
    assert (check.rows, check.fault) == (251, None)


async def test_who_writes_to_a_chain_waits_for_the_writer_before(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    async with pool.acquire() as first, pool.acquire() as second, pool.acquire() as watcher:
        transaction = first.transaction()
        await transaction.start()
        await first.execute(_REPORT, 0, AT, 3)
        later = asyncio.create_task(second.execute(_REPORT, 0, AT, 4))
        waits = "SELECT cardinality(pg_blocking_pids($1)) > 0"
        async with asyncio.timeout(60):
            while not await watcher.fetchval(waits, second.get_server_pid()):
                await asyncio.sleep(0.01)
        await first.execute(_REPORT, 0, AT, 2)
        await transaction.commit()
        async with asyncio.timeout(60):
            await later
        (check,) = await ledger_book.verify(watcher)
    assert (check.rows, check.fault) == (9, None)


async def test_reported_contacts_count_and_only_once(
    store: PostgresShardStore, portfolio: Portfolio, pool: asyncpg.Pool
) -> None:
    """A visit reported between claim and commit: the verdict did not know it, so nothing is dialled."""
    (lead,) = await claimed(store, portfolio)
    ref = await pool.fetchval("SELECT external_ref FROM person WHERE id = $1", lead.person_id)
    visit = Report(ref, Contact(AT, Channel.VISIT, frozenset({C, T})), reference="visit-7")
    async with pool.acquire() as connection:
        assert await ledger_book.report(connection, [visit]) == 1
        assert await ledger_book.report(connection, [visit]) == 0, "the same report"
        with pytest.raises(BadInput, match="no person"):
            await ledger_book.report(
                connection, [replace(visit, reference=None), Report("nobody", visit.contact)]
            )
        with pytest.raises(BadInput, match="has no debt"):
            await ledger_book.report(connection, [Report(ref, visit.contact, ("D9",))])
        assert len(await ledger_book.entries(connection, ref)) == 1, "all or none"
    assert await store.append([planned(lead)]) == frozenset()
    reason = await pool.fetchval("SELECT state_reason FROM lead WHERE id = $1", lead.id)
    assert reason == "person_busy"
    async with pool.acquire() as connection:
        assert [check.fault for check in await ledger_book.verify(connection)] == [None]
    leads = await claimed(store, portfolio, 3)
    (again,) = [claim for claim in leads if claim.id == lead.id]
    assert [contact.channel for contact in again.contacts] == [Channel.VISIT]


async def test_two_dialers_obey_the_limit_together(dsn: str, pool: asyncpg.Pool) -> None:
    """Two hundred persons, each in two campaigns of two groups with a dialer each: whatever the order in which both
    claim, judge and commit, the union of what they dial is one attempt a day. Both hold leads before either commits."""
    one = await make_portfolio(pool, leads=200, group="Norte", campaign="Mora 30")
    other = await make_portfolio(pool, leads=0, group="Sur", campaign="Mora 60")
    await pool.execute(
        "WITH list AS (INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, 'x', 'x') RETURNING id)"
        " INSERT INTO lead (campaign_id, list_id, person_id, next_at)"
        " SELECT $1, list.id, person.id, '2026-11-01' FROM list, person",
        other.campaign_id,
    )
    rules, debtor = load_rule_set("EC"), Debtor(zone="America/Guayaquil")
    noon = AT.replace(day=23, hour=17)
    both_claimed = asyncio.Barrier(2)

    async def work(dialer: PostgresShardStore, campaign_id: int) -> int:
        """Claim, judge, commit and end, until nothing is lawful any more."""
        dialled = 0
        leads = await dialer.claim(campaign_id, 7, LEASE, AT + timedelta(days=1))
        await both_claimed.wait()
        while leads:
            for lead in leads:
                verdict = judge(rules, debtor, at=noon, history=lead.contacts)
                if isinstance(verdict, Deny):
                    later = AT + timedelta(days=2)
                    back = f.LeadsReturned(
                        at=noon, lead_ids=(lead.id,), campaign_id=campaign_id, blocked_until=later
                    )
                    await dialer.append([back])
                    continue
                fact = planned(lead)
                fact = replace(fact, at=noon, attempt=replace(fact.attempt, planned_at=noon))
                if await dialer.append([fact]):
                    dialled += 1
                    over = ended(fact.attempt, Outcome.NO_ANSWER, 30)
                    away = rested(fact.attempt, Outcome.NO_ANSWER, 30, next_at=AT + timedelta(days=2))
                    await dialer.append([over, away])
            leads = await dialer.claim(campaign_id, 7, LEASE, AT + timedelta(days=1))
        return dialled

    async with PostgresShardStore(dsn) as first, PostgresShardStore(dsn) as second:
        assert await first.acquire(one.group_id, "one", LEASE) == 1
        assert await second.acquire(other.group_id, "other", LEASE) == 1
        both = await asyncio.gather(work(first, one.campaign_id), work(second, other.campaign_id))
    assert sum(both) == 200
    most = await pool.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM attempt GROUP BY person_id) AS each"
    )
    assert most == 1
    async with pool.acquire() as connection:
        checks = await ledger_book.verify(connection)
    assert checks  # a chain for each campaign that dialled: the slower may have found everybody called
    assert [check.fault for check in checks] == [None] * len(checks)
