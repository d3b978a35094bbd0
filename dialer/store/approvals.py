"""Approvals: the named person who stands behind a rule that is doubtful or this project's own."""

from __future__ import annotations

import asyncpg

from dialer.store.database import Connection


async def approvals(connection: Connection, rule_set: str) -> list[asyncpg.Record]:
    """All of a rule set, newest first, those withdrawn included."""
    return list(
        await connection.fetch(
            "SELECT rule_id, version, approved_by, reason, created_at, withdrawn_at FROM rule_approval"
            " WHERE rule_set = $1 ORDER BY id DESC",
            rule_set,
        )
    )


async def approve(
    connection: Connection, rule_set: str, rule_id: str, version: str, *, by: str, reason: str
) -> None:
    """Write it down; campaigns on the rule set learn it at once."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO rule_approval (rule_set, rule_id, version, approved_by, reason) VALUES ($1, $2, $3, $4, $5)",
            rule_set,
            rule_id,
            version,
            by,
            reason,
        )
        await _tell(connection, rule_set)


async def withdraw(connection: Connection, rule_set: str, rule_id: str) -> int:
    """Take all approvals of a rule back; a running campaign goes on until it is started anew. Returns how many."""
    async with connection.transaction():
        rows = await connection.fetch(
            "UPDATE rule_approval SET withdrawn_at = now() WHERE rule_set = $1 AND rule_id = $2"
            " AND withdrawn_at IS NULL RETURNING id",
            rule_set,
            rule_id,
        )
        await _tell(connection, rule_set)
    return len(rows)


async def _tell(connection: Connection, rule_set: str) -> None:
    await connection.execute("UPDATE campaign SET version = version + 1 WHERE rule_set = $1", rule_set)
    await connection.execute(
        "SELECT pg_notify('cadencia_campaign', id::text) FROM campaign WHERE rule_set = $1", rule_set
    )
