"""The portfolio read in bulk: whose debts are whose, and a campaign's leads row by row for a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import asyncpg

from dialer.store.database import Connection

#: Rows fetched at once while exporting.
_FETCHED = 2000
EXPORTED = (
    *(
        "external_ref",
        "full_name",
        "language",
        "time_zone",
        "segment",
        "priority",
        "state",
        "reason",
        "attempts",
    ),
    *("next_at", "debt_ref", "creditor", "product", "balance_minor", "currency", "due_on", "debt_status"),
    *("promise_state", "promise_due_on", "phones"),
)


async def find_owners(
    connection: Connection, debt_refs: Sequence[str], person_refs: Sequence[str]
) -> tuple[dict[str, tuple[int, int, str]], dict[str, int]]:
    """Debts by reference (id, person, currency) and persons by reference (id), as far as they exist."""
    debts = await connection.fetch(
        "SELECT external_ref, id, person_id, currency FROM debt WHERE external_ref = ANY ($1::text[])",
        debt_refs,
    )
    persons = await connection.fetch(
        "SELECT external_ref, id FROM person WHERE external_ref = ANY ($1::text[])", person_refs
    )
    return (
        {row["external_ref"]: (row["id"], row["person_id"], row["currency"]) for row in debts},
        {row["external_ref"]: row["id"] for row in persons},
    )


async def read_campaign_leads(
    connection: asyncpg.Connection, campaign_id: int
) -> AsyncIterator[Sequence[object]]:
    """A campaign's leads, one at a time, in the order of `EXPORTED`, as they all were at one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(
            """
            SELECT person.external_ref, person.full_name, person.language, person.time_zone, segment.name AS segment,
                   lead.priority, lead.state, lead.state_reason, lead.attempts, lead.next_at,
                   debt.external_ref AS debt_ref, debt.creditor, debt.product, debt.balance_minor, debt.currency,
                   debt.due_on, debt.status, promise.state AS promise_state, promise.due_on AS promise_due_on,
                   (
                       SELECT string_agg(number, ' ' ORDER BY position)
                       FROM phone
                       WHERE phone.person_id = lead.person_id AND phone.status = 'active'
                   ) AS phones
            FROM lead
            JOIN person ON person.id = lead.person_id
            LEFT JOIN segment ON segment.id = lead.segment_id
            LEFT JOIN debt ON debt.id = lead.debt_id
            LEFT JOIN LATERAL (
                SELECT state, due_on FROM promise WHERE promise.person_id = lead.person_id ORDER BY id DESC LIMIT 1
            ) AS promise ON true
            WHERE lead.campaign_id = $1
            ORDER BY lead.id
            """,
            campaign_id,
            prefetch=_FETCHED,
        ):
            yield tuple(row)
