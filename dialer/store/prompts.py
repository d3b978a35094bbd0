"""The recordings that answer telephones, as the screener learnt them: kept here, given back to it at its start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg
import numpy as np

from dialer.screening.prompt_index import NUMBERS_TO_PROMOTE
from dialer.store.database import CONNECTION_ERRORS

#: Believed ones, then the newest; an index of more than so many costs more to search than it finds.
MOST_PROMPTS = 5000


class PostgresPrompts:
    """Reads and keeps recordings, as the fields of `dialer.screening.fingerprints.Prompt`. Both raise OSError while the
    database can't be reached."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def read(self) -> list[dict[str, Any]]:
        """All that are known, promoted or not."""
        try:
            rows = await self._pool.fetch(
                "SELECT prompt_id, country, label, prints, sources, imported FROM prompt"
                " ORDER BY imported OR cardinality(sources) >= $2 DESC, created_at DESC, prompt_id LIMIT $1",
                MOST_PROMPTS,
                NUMBERS_TO_PROMOTE,
            )
        except CONNECTION_ERRORS as error:
            raise OSError(str(error)) from error
        return [{**row, "prints": np.frombuffer(row["prints"], "<i4").tolist()} for row in rows]

    async def keep(self, prompt: Mapping[str, Any]) -> None:
        """Enter it, or add the numbers it was heard on to what is known of it."""
        try:
            await self._pool.execute(
                "INSERT INTO prompt (prompt_id, country, label, prints, sources, imported)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (prompt_id) DO UPDATE SET"
                " sources = ARRAY(SELECT DISTINCT unnest(prompt.sources || excluded.sources) ORDER BY 1),"
                " imported = prompt.imported OR excluded.imported",
                str(prompt["prompt_id"]),
                str(prompt["country"]),
                str(prompt["label"]),
                np.array(prompt["prints"], "<i4").tobytes(),
                list(map(str, prompt["sources"])),
                bool(prompt["imported"]),
            )
        except CONNECTION_ERRORS as error:
            raise OSError(str(error)) from error
