"""Staged rows into the tables, in one transaction of the caller's: block by block while the file is still being read.

The statements are in `spreading.sql`. Until the rest is written only new rows come to be, so that nobody waits for one;
a lead that was in the campaign before is never touched here at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from dialer.domain.errors import BadInput
from dialer.store.lead_lists import Run, count_rows
from dialer.store.ordering import SQL as ORDERING
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("spreading.sql"))
#: Row numbers of one block: what its statements sort and join stays in the processor's caches.
ROWS_AT_ONCE = 20_000
#: Names the advisory lock of the one file that is being spread: two at once could wait for each other's persons.
_TURN = 0x5B8EAD
#: Sorts and hashes of a million rows fit; nothing here is worth compiling. The foreign keys' own look-ups are prepared
#: statements, too: they must be planned once, not for every row (PostgreSQL 18, 19.7.1).
_SETTINGS = (
    "SET work_mem = '256MB'; SET temp_buffers = '64MB'; SET jit = off; SET plan_cache_mode = auto;"
    " SET client_connection_check_interval = '500ms'"
)


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows of each kind a list added; `known_leads` were in the campaign before."""

    list_id: int
    leads: int
    known_leads: int
    suppressed: int
    phones: int
    debts: int


class Spreading:
    """One list being written. Its steps belong in one transaction, in this order: `begin`, `write_block` for one block
    after the other, `write_rest`, `write_leads`, `end`."""

    def __init__(self, connection: asyncpg.Connection, run: Run, campaign_id: int) -> None:
        self.list_id = 0
        self._connection, self._run, self._campaign_id = connection, run, campaign_id
        self._rows, self._phones, self._debts = 0, 0, 0

    async def begin(self, name: str, sha256: str) -> None:
        """Wait until no other file is being spread, and make the list. Raises BadInput when the content has been
        loaded meanwhile."""
        await self._connection.execute(_SETTINGS)
        await self._connection.execute("SELECT pg_advisory_xact_lock($1)", _TURN)
        await self._connection.execute(SQL["begin"].replace("@run", str(int(self._run.id))))
        try:
            self.list_id = await self._connection.fetchval(SQL["make_list"], self._campaign_id, name, sha256)
        except asyncpg.UniqueViolationError:
            raise BadInput("this very file was loaded by somebody else at the same time") from None

    async def write_block(self, after_row: int, last_row: int) -> None:
        """Write the rows behind `after_row`, up to `last_row`, of the persons whom nobody knew.

        Raises asyncpg.UniqueViolationError when a debt of theirs is somebody else's.
        """
        await self._connection.execute(SQL["write_persons"], self._run.language, after_row, last_row)
        filled = await self._connection.fetchrow(SQL["fill_block"], after_row, last_row)
        assert filled is not None
        if filled["rows"]:
            await self._write(alone=filled["alone"] > 0, others=filled["alone"] < filled["rows"])
        self._rows += filled["rows"]

    async def write_rest(self, rows: int) -> None:
        """Write what no block has written, of `rows` in all: of persons known before, or told of in several blocks."""
        await self._connection.execute(SQL["write_segments"])
        if self._rows < rows:
            await self._connection.execute(SQL["fill_rest"])
            await self._connection.execute("ANALYZE block, arrived")
            await self._connection.execute(SQL["not_alone"])
            await self._connection.execute(SQL["update_persons"])
            await self._write(alone=False, others=True)

    async def write_leads(self, *, close_missing: bool) -> Written:
        """Write the leads of all rows. `close_missing` closes the debts of the file's creditors it does not hold.

        Known persons and debts are updated by their external reference; leads that were in the campaign before are left
        to `refresh_known`, because a lead's row must never be locked for long.
        """
        if close_missing:
            await self._connection.execute(SQL["close_missing_debts"])
        await self._connection.execute("ANALYZE arrived")
        statement = SQL["write_leads"].replace("@urgency", ORDERING["urgency"])
        leads = await self._connection.fetchrow(statement, self._campaign_id, self.list_id)
        assert leads is not None
        return Written(
            self.list_id, leads["new"], leads["known"], leads["suppressed"], self._phones, self._debts
        )

    async def end(self) -> None:
        """Let go of the staged rows."""
        await self._connection.execute(SQL["end"])

    async def _write(self, *, alone: bool, others: bool) -> None:
        if alone:
            self._phones += count_rows(await self._connection.execute(SQL["write_new_phones"]))
            self._debts += count_rows(await self._connection.execute(SQL["write_new_debts"]))
            await self._connection.execute(SQL["write_new_addresses"])
        if others:
            self._phones += count_rows(await self._connection.execute(SQL["write_phones"]))
            self._debts += await self._connection.fetchval(SQL["write_debts"])
            await self._connection.execute(SQL["write_addresses"])
        await self._connection.execute(SQL["end_block"])
