"""What single numbers answered with when they were machines: kept here, so that the next call to them knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import numpy as np

from dialer.store.database import CONNECTION_ERRORS, Connection


class PostgresGreetings:
    """Reads and keeps greetings, as the fields of `dialer.screening.prompt_index.Prompt`; a number by its opaque name
    (`dialer.screening.process.origin`). Both raise OSError while the database can't be reached."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self, sources: Sequence[str]) -> dict[str, dict[str, Any]]:
        """By number, of those that have one."""
        try:
            rows = await self._pool.fetch(
                "SELECT source, prompt_id, country, label, prints FROM greeting WHERE source = ANY ($1)",
                list(sources),
            )
        except CONNECTION_ERRORS as error:
            raise OSError(str(error)) from error
        return {
            row["source"]: {
                "prompt_id": row["prompt_id"],
                "country": row["country"],
                "label": row["label"],
                "prints": np.frombuffer(row["prints"], "<i4").tolist(),
                "sources": [row["source"]],
            }
            for row in rows
        }

    async def keep(self, greeting: Mapping[str, Any]) -> None:
        """Enter it, in place of an older one of the same number."""
        (source,) = greeting["sources"]
        try:
            await self._pool.execute(
                "INSERT INTO greeting (source, prompt_id, country, label, prints) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT (source) DO UPDATE SET prompt_id = excluded.prompt_id,"
                " label = excluded.label, prints = excluded.prints, heard_at = now()",
                str(source),
                str(greeting["prompt_id"]),
                str(greeting["country"]),
                str(greeting["label"]),
                np.array(greeting["prints"], "<i4").tobytes(),
            )
        except CONNECTION_ERRORS as error:
            raise OSError(str(error)) from error


async def forget_greetings(connection: Connection, before: datetime) -> int:
    """Those that were last heard before that go; how many."""
    done = await connection.execute("DELETE FROM greeting WHERE heard_at < $1", before)
    return int(done.rpartition(" ")[2])
