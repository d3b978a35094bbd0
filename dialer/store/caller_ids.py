"""The numbers shown to debtors: whose they are, by whose word, and who answers when they are called back."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from dialer.domain.errors import BadInput
from dialer.domain.values import PhoneNumber
from dialer.store.database import Connection


async def declare(
    connection: Connection, number: str, *, owner: str, proof: str, answered_by: str, by: str
) -> None:
    """Put it on record; an earlier word on the number is taken back. Raises BadInput on what is no number or empty."""
    _check(number, {"owner": owner, "proof": proof, "answered by": answered_by, "by": by}.items())
    async with connection.transaction():
        await _withdraw(connection, number)
        await connection.execute(
            "INSERT INTO caller_id (number, owner, proof, answered_by, declared_by) VALUES ($1, $2, $3, $4, $5)",
            number,
            *(text.strip() for text in (owner, proof, answered_by, by)),
        )
        await tell_campaigns(connection)


async def withdraw(connection: Connection, number: str) -> bool:
    """Take the word on it back: no campaign that shows it and needs one starts. False: there was none."""
    async with connection.transaction():
        done = await _withdraw(connection, number)
        await tell_campaigns(connection)
    return done


async def list_declared(connection: Connection) -> list[asyncpg.Record]:
    """Every number of a trunk or on record, with its trunks and what is on record of it; null = nothing."""
    return list(
        await connection.fetch(
            """
            SELECT coalesce(shown.number, caller_id.number) AS number,
                   coalesce(shown.trunks, ARRAY[]::text[]) AS trunks,
                   caller_id.owner, caller_id.proof, caller_id.answered_by, caller_id.declared_by, caller_id.created_at
            FROM (
                SELECT number, array_agg(trunk.name ORDER BY trunk.position, trunk.id) AS trunks
                FROM trunk CROSS JOIN unnest(trunk.caller_ids) AS number
                GROUP BY number
            ) AS shown
            FULL JOIN (SELECT * FROM caller_id WHERE withdrawn_at IS NULL) AS caller_id USING (number)
            ORDER BY 1
            """
        )
    )


async def tell_campaigns(connection: Connection) -> None:
    """Running dialers read every campaign's settings anew: the numbers are all campaigns'."""
    await connection.execute("SELECT pg_notify('cadencia_campaign', id::text) FROM campaign")


async def _withdraw(connection: Connection, number: str) -> bool:
    done: str = await connection.execute(
        "UPDATE caller_id SET withdrawn_at = now() WHERE number = $1 AND withdrawn_at IS NULL", number
    )
    return done != "UPDATE 0"


def _check(number: str, texts: Iterable[tuple[str, str]]) -> None:
    try:
        PhoneNumber(number)
    except ValueError:
        raise BadInput(f"{number!r} is not E.164: + and 8 to 15 digits") from None
    for what, text in texts:
        if not text.strip() or not text.isprintable() or len(text) > 300:
            raise BadInput(f"{what}: 1 to 300 printable characters")
