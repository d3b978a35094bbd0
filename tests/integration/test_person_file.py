"""What people enter into a debtor's file by command, and the payments that did not last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.errors import BadInput
from dialer.promise_clock import look
from dialer.store.event_log import PostgresShardStore
from dialer.store.payments import reverse_payment
from tests.integration.command import DONE, REFUSED, Result, dialer
from tests.integration.test_promises import AT, DUE, OPEN, SILENT, Case

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def case(pool: asyncpg.Pool) -> Case:
    return await Case(pool).furnish()


@pytest_asyncio.fixture
async def store(dsn: str, case: Case) -> AsyncIterator[PostgresShardStore]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(case.group, "test", timedelta(seconds=30)) == 1
        yield store


# --- the file -----------------------------------------------------------------------------------------------


async def test_everything_entered_stands_in_one_timeline(dsn: str, case: Case, tmp_path: Path) -> None:
    async def person(*arguments: str | Path) -> Result:
        return await dialer("person", *arguments, database_dsn=dsn)

    await case.pool.execute("INSERT INTO person (external_ref, full_name) VALUES ('C-2', 'Luis Díaz')")
    paper, copy = tmp_path / "pagaré.pdf", tmp_path / "copia.pdf"
    paper.write_bytes(b"%PDF-1.7 fictional")
    moved = ("--country", "CO", "--time-zone", "America/Bogota", "--lives-here")
    for arguments in (
        ("note", "C-1", "Prefiere que le escriban.\nTiene dos empleos.", "--debt", "D-1", "--as", "ana"),
        ("consent", "C-1", "withdraw", "--channel", "sms", "--evidence", "grabación 7"),
        ("consent", "C-1", "grant", "--channel", "voice", "--number", "+18095550101"),
        ("address", "C-1", "Calle 5 núm. 8", "--city", "Medellín", *moved),
        ("party", "C-2", "--debt", "D-1", "--role", "guarantor"),
        ("document", "add", "C-1", paper, "--debt", "D-1"),
    ):
        done = await person(*arguments)
        assert done.code == DONE, done.err
    shown = (await person("show", "C-1", "--show-numbers")).out
    for words in (
        "America/Bogota",
        "Prefiere que le escriban.",
        "sms for contact, says debtor: grabación 7",
        "voice for contact, +18095550101, says debtor",
        "Calle 5 núm. 8, Medellín, CO",
        "C-2 for debt D-1 of C-1",
        "pagaré.pdf (id 1, application/pdf)",
    ):
        assert words in shown, words
    assert "C-2 for debt D-1 of C-1" in (await person("show", "C-2")).out
    assert (await person("document", "save", "1", copy)).code == DONE
    assert copy.read_bytes() == paper.read_bytes()
    assert (await person("party", "C-2", "--debt", "D-1", "--remove")).code == DONE
    assert "guarantor" not in (await person("show", "C-1")).out
    told = (await person("show", "C-1", "--json")).data
    assert isinstance(told, dict)
    assert {entry["kind"] for entry in told["entries"]} >= {"note", "consent", "address", "document"}


REFUSALS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("note", "C-9", "x"), "there is no person 'C-9'"),
    (("note", "C-1", " "), "1 to 4000 printable"),
    (("note", "C-1", "x", "--debt", "D-9"), "no debt 'D-9'"),
    (("note", "C-1", "x", "--as", "nobody"), "no active user 'nobody'"),
    (("note", "C-1", "a\x07b"), "printable"),
    (("consent", "C-1", "grant", "--channel", "voice", "--number", "+18095550199"), "no such number"),
    (("address", "C-1", "Calle 5", "--time-zone", "Bogota"), "no time zone"),
    (("address", "C-1", "Calle 5", "--country", "Colombia"), "two letters"),
    (("address", "C-1", "Calle 5", "--lives-here"), "country or its time zone"),
    (("party", "C-1", "--debt", "D-1", "--role", "guarantor"), "his own debt"),
    (("party", "C-1", "--debt", "D-1"), "--role co_debtor"),
    (("document", "add", "C-1", "/nowhere.pdf"), "can't be read"),
    (("document", "save", "7", "/nowhere.pdf"), "there is no document 7"),
)


async def test_what_cannot_be_believed_is_refused_and_nothing_kept(dsn: str, case: Case) -> None:
    for arguments, said in REFUSALS:
        refused = await dialer("person", *arguments, database_dsn=dsn)
        assert (refused.code, said in refused.err) == (REFUSED, True), refused.err
    for table in ("note", "consent", "address", "debt_party", "document"):
        assert await case.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_consent_taken_back_keeps_the_next_claim_from_dialling(
    dsn: str, case: Case, store: PostgresShardStore
) -> None:
    await case.pool.execute("UPDATE lead SET state = 'callable', next_at = $1", AT)
    taken_back = ("person", "consent", "C-1", "withdraw", "--channel", "voice")
    assert (await dialer(*taken_back, database_dsn=dsn)).code == DONE
    [claimed] = await store.claim(1, 1, timedelta(minutes=5), AT)
    assert claimed.refused_phones == {case.phone}
    given = ("person", "consent", "C-1", "grant", "--channel", "voice")
    assert (await dialer(*given, database_dsn=dsn)).code == DONE
    await case.pool.execute("UPDATE lead SET state = 'callable'")
    [claimed] = await store.claim(1, 1, timedelta(minutes=5), AT)
    assert claimed.refused_phones == frozenset()


# --- payments taken back ------------------------------------------------------------------------------------


async def take_back(case: Case, ref: str = "P-1") -> tuple[int | None, int, int]:
    async with case.pool.acquire() as connection:
        undone = await reverse_payment(connection, ref, "the bank took it back", AT + timedelta(days=2))
    return undone.balance_minor, undone.promises_reopened, undone.leads_reopened


async def debt(case: Case) -> tuple[int, str, bool]:
    row = await case.pool.fetchrow(
        "SELECT balance_minor, status, closed_at FROM debt WHERE id = $1", case.debt
    )
    assert row is not None
    return row["balance_minor"], row["status"], row["closed_at"] is None


async def test_a_chargeback_opens_debt_promise_and_leads_again(case: Case, store: PostgresShardStore) -> None:
    await case.promise(store)
    await case.pay(150_000)
    assert await case.stand() == [("finished", "debt_paid")] * 2 + [OPEN]
    assert await debt(case) == (0, "paid", False)
    assert await take_back(case) == (150_000, 1, 2)
    assert await debt(case) == (150_000, "open", True)
    assert await case.promises() == ["open"]
    assert await case.stand() == [SILENT, SILENT, OPEN]
    # Not paid again by its day, the promise is broken, and its agent calls.
    late = AT.replace(year=DUE.year, month=12, day=5)
    await look(case.pool, late)
    assert await case.promises() == ["broken"]
    assert (await case.stand())[0] == ("callback", "promise_broken")


async def test_without_a_promise_the_leads_are_callable_at_once(case: Case) -> None:
    await case.pay(150_000)
    assert await take_back(case) == (150_000, 0, 2)
    assert (await case.stand())[:2] == [("callable", "payment_reversed")] * 2


async def test_another_payment_that_covers_the_promise_keeps_it_kept(
    case: Case, store: PostgresShardStore
) -> None:
    await case.promise(store)
    await case.pay(100_000)
    await case.pay(50_000, ref="P-2")
    assert await case.promises() == ["kept"]
    assert await take_back(case, "P-2") == (50_000, 0, 2)
    assert await case.promises() == ["kept"]


async def test_what_was_paid_beyond_the_debt_is_not_owed_again(case: Case) -> None:
    """Owed 1,500.00; paid 1,400.00 and 300.00, so 200.00 too much. The 300.00 bounce: 100.00 are owed."""
    await case.pay(140_000)
    await case.pay(30_000, ref="P-2")
    assert await debt(case) == (0, "paid", False)
    assert (await take_back(case, "P-2"))[0] == 10_000
    assert await debt(case) == (10_000, "open", True)


async def test_a_payment_is_taken_back_once_and_says_why(dsn: str, case: Case) -> None:
    await case.pay(20_000)
    undone = await dialer("payments", "reverse", "P-1", "--because", "devuelto", database_dsn=dsn)
    assert (undone.code, "150000 (minor units) are owed again" in undone.out) == (DONE, True), undone.err
    again = await dialer("payments", "reverse", "P-1", "--because", "devuelto", database_dsn=dsn)
    assert (again.code, "taken back before" in again.err) == (REFUSED, True)
    assert await debt(case) == (150_000, "open", True)
    shown = await dialer("person", "show", "C-1", database_dsn=dsn)
    assert "reference P-1; taken back: devuelto" in shown.out
    async with case.pool.acquire() as connection:
        with pytest.raises(BadInput, match="say why"):
            await reverse_payment(connection, "P-1", " ", AT)
