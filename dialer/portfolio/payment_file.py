"""A creditor's file of payments: each booked once, all of the file or none of it.

| column | Spanish | |
|---|---|---|
| payment_ref | pago | required: the creditor's key of the payment; known ones change nothing |
| debt_ref, external_ref | deuda, referencia | one of them: what was paid, or who did |
| amount, currency | monto, moneda | required: `1234.56`, ISO 4217 |
| paid_on | fecha | required: ISO 8601 date |
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from dialer.domain.debtor import PaymentSource
from dialer.domain.errors import BadInput
from dialer.portfolio.importing import SHOWN_ERRORS
from dialer.portfolio.lead_file import column_reader
from dialer.portfolio.table_file import (
    BadCell,
    RowError,
    TableShape,
    open_table,
    read_amount,
    read_currency,
    read_date,
    read_text,
    shape_of,
)
from dialer.store.database import connect
from dialer.store.payments import Booked, Payment, book_payments
from dialer.store.portfolio_reading import find_owners

SPANISH = {
    "pago": "payment_ref",
    "deuda": "debt_ref",
    "referencia": "external_ref",
    "monto": "amount",
    "moneda": "currency",
    "fecha": "paid_on",
}
REQUIRED = ("payment_ref", "amount", "currency", "paid_on")
#: A day is told without its hour: noon UTC is that day everywhere in the Americas and in Europe.
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One good row."""

    row: int
    payment_ref: str
    debt_ref: str | None
    external_ref: str | None
    amount_minor: int
    currency: str
    paid_on: date


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """What came of a file of payments."""

    rows: int
    new: int
    #: Told before, by a file or by a webhook.
    known: int
    promises_kept: int
    leads_released: int


def read_payments(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> tuple[list[PaymentRow], list[RowError]]:
    """The rows of a file, good and bad. Raises BadInput when it can't be read at all."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"the file can't be read: {error}") from None
    known = column_reader(SPANISH)
    rows: list[PaymentRow] = []
    errors: list[RowError] = []
    with file:
        table = open_table(file, known, encoding=encoding, delimiter=delimiter)
        words = {ours: theirs for theirs, ours in SPANISH.items()}
        shape = shape_of(table, known, REQUIRED, words)
        if not {"debt_ref", "external_ref"} & set(shape.names):
            raise BadInput("row 1: debt_ref (deuda) or external_ref (referencia) is missing")
        for row, line in table.lines:
            if isinstance(line, RowError):
                errors.append(line)
                continue
            try:
                rows.append(_row(shape, row, line))
            except BadCell as bad:
                errors.append(shape.error(row, bad))
    return rows, errors


async def import_payments(
    dsn: str, path: Path, *, encoding: str | None = None, delimiter: str | None = None, dry_run: bool = False
) -> PaymentReport:
    """Book the payments of a file, in one transaction: balances, promises, and leads that have nothing left to pay.

    Raises BadInput naming the first bad rows; then nothing was booked.
    """
    rows, errors = await asyncio.to_thread(read_payments, path, encoding=encoding, delimiter=delimiter)
    connection = await connect(dsn)
    try:
        debts, persons = await find_owners(
            connection,
            [row.debt_ref for row in rows if row.debt_ref],
            [row.external_ref for row in rows if row.external_ref],
        )
        payments, strangers = _matched(rows, debts, persons)
        errors = sorted([*errors, *strangers], key=lambda error: error.row)
        if errors:
            listed = "".join(f"\n  {error}" for error in errors[:SHOWN_ERRORS])
            raise BadInput(f"{len(errors)} errors, nothing was booked:{listed}")
        if not payments:
            raise BadInput("the file has no row")
        transaction = connection.transaction()
        await transaction.start()
        booked: Booked = await book_payments(connection, payments, PaymentSource.FILE, datetime.now(UTC))
        await (transaction.rollback() if dry_run else transaction.commit())
    finally:
        connection.terminate()
    return PaymentReport(len(rows), booked.new, len(rows) - booked.new, booked.kept, booked.moved)


def _row(shape: TableShape, row: int, line: str | tuple[str, ...]) -> PaymentRow:
    cells = shape.cells(line)
    for name in REQUIRED:
        if not cells.get(name):
            raise BadCell(name, "is empty")
    if not cells.get("debt_ref") and not cells.get("external_ref"):
        raise BadCell("debt_ref" if "debt_ref" in shape.names else "external_ref", "is empty")
    currency = read_currency(cells["currency"])
    amount = read_amount("amount", cells["amount"], currency)
    if amount == 0:
        raise BadCell("amount", "is zero")
    paid_on = read_date("paid_on", cells["paid_on"])
    assert paid_on is not None
    return PaymentRow(
        row,
        read_text("payment_ref", cells["payment_ref"]),
        read_text("debt_ref", cells["debt_ref"]) if cells.get("debt_ref") else None,
        read_text("external_ref", cells["external_ref"]) if cells.get("external_ref") else None,
        amount,
        currency,
        paid_on,
    )


def _matched(
    rows: list[PaymentRow], debts: Mapping[str, tuple[int, int, str]], persons: Mapping[str, int]
) -> tuple[list[Payment], list[RowError]]:
    """Each row with its person and debt; rows of nobody's, in another currency or told twice differently are errors."""
    payments: dict[str, Payment] = {}
    errors: list[RowError] = []
    for row in rows:
        person_id, debt_id, currency = None, None, row.currency
        if row.debt_ref is not None:
            if row.debt_ref in debts:
                debt_id, person_id, currency = debts[row.debt_ref]
            else:
                errors.append(RowError(row.row, "debt_ref", f"there is no debt {row.debt_ref[:40]!r}"))
                continue
        elif row.external_ref is not None:
            person_id = persons.get(row.external_ref)
        if person_id is None:
            errors.append(
                RowError(row.row, "external_ref", f"there is no person {(row.external_ref or '')[:40]!r}")
            )
        elif currency != row.currency:
            errors.append(RowError(row.row, "currency", f"is {row.currency}, but the debt is in {currency}"))
        else:
            paid_at = datetime.combine(row.paid_on, _NOON, UTC)
            payment = Payment(person_id, debt_id, row.payment_ref, row.amount_minor, row.currency, paid_at)
            if payments.setdefault(row.payment_ref, payment) != payment:
                errors.append(RowError(row.row, "payment_ref", "stands twice, with different payments"))
    return list(payments.values()), errors
