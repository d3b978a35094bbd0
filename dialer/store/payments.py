"""Money and promises: what a payment, a day gone by, or a supervisor's word changes, each in one transaction.

Whoever learns of payments (a file, a webhook, a person) calls `book_payments`; everything that follows from them,
down to the call that is ringing just now, follows here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dialer.domain.debtor import DisputeState, PaymentSource
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("payments.sql"))

#: Who has paid a part, or kept a promise, is left alone for so long.
PAID_REST = timedelta(days=1)
MAX_BECAUSE = 500
#: Promises settled in one transaction.
PROMISES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received. `external_ref` is the payer's or the bank's own, by which it counts once."""

    person_id: int
    debt_id: int | None
    external_ref: str
    amount_minor: int
    currency: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a batch of payments."""

    new: int  # the others were known by their reference
    kept: int  # promises
    moved: int  # leads


async def find_debtor(
    connection: Connection, debt_ref: str | None, person_ref: str | None
) -> tuple[int, int | None, str | None]:
    """Person, debt and its currency, by the creditor's references. Raises BadInput on one that nobody has."""
    row = await connection.fetchrow(SQL["find_debtor"], debt_ref, person_ref)
    if row is None:
        raise BadInput(f"no debt {debt_ref!r}" if debt_ref is not None else f"no person {person_ref!r}")
    return row["person_id"], row["debt_id"] if debt_ref is not None else None, row["currency"]


async def book_payments(
    connection: Connection, payments: Sequence[Payment], source: PaymentSource, at: datetime
) -> Booked:
    """Enter the payments and let go of whoever has paid: promises kept, leads closed or resting, rings cancelled.

    One transaction (the caller's, when it has one begun). A payment whose reference is known changes nothing.
    """
    if not payments:
        return Booked(0, 0, 0)
    async with connection.transaction():
        columns = list(zip(*map(astuple, payments), strict=True))
        rows = await connection.fetch(SQL["enter_payments"], *columns, source)
        fresh = {row["external_ref"] for row in rows}
        touched = {(p.person_id, p.debt_id) for p in payments if p.external_ref in fresh}
        if not touched:
            return Booked(0, 0, 0)
        persons, debts = zip(*sorted(touched, key=str), strict=True)
        kept = await connection.fetch(SQL["keep_promises"], list(set(persons)), at)
        moved = await connection.fetch(
            SQL["release_leads"], list(persons), at, at + PAID_REST, True, list(debts)
        )
    return Booked(len(rows), len(kept), len(moved))


@dataclass(frozen=True, slots=True)
class Reversed:
    """What taking a payment back did. `balance_minor`: of its debt; None when it was for none."""

    balance_minor: int | None
    promises_reopened: int
    leads_reopened: int


async def reverse_payment(connection: Connection, external_ref: str, because: str, at: datetime) -> Reversed:
    """A payment that did not last (a chargeback): owed again, its promises open again, its leads called again.

    Raises BadInput when there is none of this reference, when it was taken back before, or when nothing is said.
    """
    if not because.strip() or len(because) > MAX_BECAUSE or not because.isprintable():
        raise BadInput(f"say why the payment is taken back, in 1 to {MAX_BECAUSE} printable characters")
    async with connection.transaction():
        row = await connection.fetchrow(SQL["reverse_payment"], external_ref, at, because.strip())
        if row is None:
            raise BadInput(f"there is no payment {external_ref[:100]!r} that was not taken back before")
        promises = await connection.fetch(SQL["reopen_promises"], row["person_id"], row["debt_id"])
        leads = await connection.fetch(SQL["reopen_leads"], row["person_id"], row["debt_id"], at)
    return Reversed(row["balance_minor"], len(promises), len(leads))


async def break_promises(connection: Connection, at: datetime) -> int:
    """Promises whose day and grace are over: broken, their leads due for a callback. How many were settled."""
    async with connection.transaction():
        rows = await connection.fetch(SQL["break_promises"], at, PROMISES_AT_ONCE)
        await _release(connection, {row["person_id"] for row in rows}, at)
    return len(rows)


async def hold_newcomers(connection: Connection) -> int:
    """Silence the leads that came after their debtor's promise or dispute. How many there were."""
    return len(await connection.fetch(SQL["hold_newcomers"]))


async def withdraw_promise(connection: Connection, promise_id: int, at: datetime) -> None:
    """Take a promise (with the rest of its plan) back; its leads may be called again. Raises BadInput."""
    async with connection.transaction():
        rows = await connection.fetch(SQL["withdraw_promises"], promise_id, at)
        if not rows:
            raise BadInput(f"promise {promise_id} is not open: there is nothing to take back")
        await _release(connection, {row["person_id"] for row in rows}, at)


async def resolve_dispute(
    connection: Connection,
    dispute_id: int,
    state: DisputeState,
    resolution: str,
    *,
    user_id: int | None,
    at: datetime,
) -> int:
    """Answer a dispute: how many leads it lets go. Raises BadInput when it is not open or nothing is said."""
    if state is DisputeState.OPEN or not resolution.strip():
        raise BadInput("a dispute is answered upheld, rejected or withdrawn, with words that say why")
    async with connection.transaction():
        row = await connection.fetchrow(
            SQL["resolve_dispute"], dispute_id, at, user_id, state, resolution.strip()
        )
        if row is None:
            raise BadInput(f"dispute {dispute_id} is not open: there is nothing to answer")
        upheld = state is DisputeState.UPHELD
        rows = await connection.fetch(SQL["release_disputed"], row["person_id"], row["debt_id"], upheld, at)
    return len(rows)


async def _release(connection: Connection, person_ids: set[int], at: datetime) -> None:
    if person_ids:
        persons = sorted(person_ids)
        await connection.fetch(
            SQL["release_leads"], persons, at, at + PAID_REST, False, [None] * len(persons)
        )
