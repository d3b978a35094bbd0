"""The shard's side of the database: lease and fence, the log written in batches, claims and intents.

`PostgresShardStore` is `ports.ShardStore`. One batch of facts is one transaction on one connection kept for that; the
fence is checked inside it, so a process that lost its shard can write nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Self

import asyncpg
import orjson

from dialer.domain.campaign import Campaign
from dialer.domain.facts import AnyFact, AttemptPlanned
from dialer.domain.staffing import Staffing
from dialer.domain.values import AttemptId, ClaimedLead, Trunk
from dialer.ports import FenceLost, LogUnavailable, ShardState, StoredDisposition, StoredIntent
from dialer.store import leads, shard_state
from dialer.store.batch import Batch, Statement, attempt_row, columns, event_of, planned_row
from dialer.store.database import (
    CONNECTION_ERRORS,
    HOT_PATH,
    Connection,
    DatabaseUnreachable,
    connect,
    open_pool,
)
from dialer.store.listening import notifications
from dialer.store.queries import SQL
from dialer.store.staffing import read_staffing

#: A batch not written after this long counts as not writable: dialling must stop rather than queue up.
APPEND_TIMEOUT_S = 5.0
#: Facts in one transaction: what gathered while the log was away must not be too much to write in that time.
FACTS_AT_ONCE = 2000
#: Another shard's transaction may stand crosswise over a shared person; PostgreSQL then undoes one of the two.
_DEADLOCK_TRIES = 5
#: Leads of a campaign woken each time it is tended: many times what is dialled meanwhile, in half a second at most.
WOKEN_AT_MOST = 5000
#: How long a lead rests whose person is in a call of another campaign.
PERSON_BUSY_REST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A batch whose COMMIT was sent and not answered."""

    facts: tuple[AnyFact, ...]
    last_seq: int
    planned: tuple[AttemptId, ...]


class PostgresShardStore:
    """One shard's store. Use it as an asynchronous context; `acquire` comes first of all."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pool: asyncpg.Pool | None = None
        self._log: asyncpg.Connection | None = None
        self._writing = asyncio.Lock()
        self._shard_id = 0
        self._fence = 0
        self._seq = 0  # of the newest event
        self._doubt: _Doubt | None = None
        # Of a batch that failed half-way: the facts that are written, and what was accepted of them.
        self._landed: tuple[AnyFact, ...] = ()
        self._accepted: frozenset[AttemptId] = frozenset()
        self._versions: dict[int, int] = {}  # campaign settings as last handed out
        self._trunks: tuple[Trunk, ...] = ()  # likewise
        self._runs: dict[int, leads.Runs] = {}  # of each campaign's claim, as last tended

    async def __aenter__(self) -> Self:
        self._pool = await open_pool(self._dsn, settings=HOT_PATH)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._drop_log()
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    # --- lease and fence --------------------------------------------------------------------------------

    async def acquire(self, agent_group_id: int, owner: str, lease: timedelta) -> int | None:
        async with self._connection() as connection, connection.transaction():
            fence = await connection.fetchval(SQL["acquire_shard"], agent_group_id, owner, lease)
            if fence is None:
                return None
            # What the last owner had claimed and not dialled; its fence is worth nothing now.
            await connection.execute(SQL["return_claims"], agent_group_id, fence - 1)
            seq = await connection.fetchval(SQL["last_seq"], agent_group_id)
        self._shard_id, self._fence, self._seq = agent_group_id, fence, seq
        self._doubt, self._landed, self._accepted = None, (), frozenset()
        return self._fence

    async def renew(self, lease: timedelta) -> None:
        async with self._connection() as connection:
            if await connection.fetchval(SQL["renew_shard"], self._shard_id, self._fence, lease) is None:
                raise FenceLost

    async def release(self) -> None:
        async with self._connection() as connection, connection.transaction():
            await connection.execute(SQL["return_claims"], self._shard_id, self._fence)
            await connection.execute(SQL["release_shard"], self._shard_id, self._fence)

    async def load(self) -> ShardState:
        async with self._connection() as connection:
            state = await shard_state.load(connection, self._shard_id, self._fence, datetime.now(UTC))
        self._versions = {campaign.id: campaign.version for campaign in state.campaigns}
        self._trunks = state.trunks
        return state

    # --- the log ----------------------------------------------------------------------------------------

    async def append(self, facts: Sequence[AnyFact]) -> frozenset[AttemptId]:
        """Write the batch; see `ports.ShardStore.append`. More than `FACTS_AT_ONCE` are several transactions.

        After LogUnavailable the fate of the batch may be unknown (its COMMIT was sent, no answer came) or a part of it
        be written: hand the same facts in again, first in the next batch. What was written is then not written twice.
        """
        facts = tuple(facts)
        async with self._writing:
            if facts[: len(self._landed)] != self._landed:
                self._landed, self._accepted = (), frozenset()
            while len(self._landed) < len(facts):
                try:
                    async with asyncio.timeout(APPEND_TIMEOUT_S):
                        await self._append(facts[len(self._landed) :])
                except BaseException as error:
                    if not isinstance(error, FenceLost):
                        self._drop_log()
                    if isinstance(error, (*CONNECTION_ERRORS, DatabaseUnreachable)):
                        raise LogUnavailable(str(error) or type(error).__name__) from error
                    raise
            accepted, self._landed, self._accepted = self._accepted, (), frozenset()
            return accepted

    async def _append(self, facts: tuple[AnyFact, ...]) -> None:
        """Write the first of these facts, or find them written."""
        last_try = False
        while True:
            try:
                if self._doubt is not None:
                    doubted = self._doubt.facts
                    found = await self._settle_doubt(self._doubt)
                    if found is not None and facts[: len(doubted)] == doubted:
                        self._landed, self._accepted = self._landed + doubted, self._accepted | found
                        return
                chunk = facts[:FACTS_AT_ONCE]
                accepted = await self._write(chunk)
                self._landed, self._accepted = self._landed + chunk, self._accepted | accepted
                return
            except CONNECTION_ERRORS:
                # A restarted database leaves a dead connection behind: one new one is worth a try.
                self._drop_log()
                if last_try:
                    raise
                last_try = True

    async def _write(self, facts: tuple[AnyFact, ...]) -> frozenset[AttemptId]:
        batch = Batch.of(facts)
        write = self._write_at_once if batch.is_plain else self._write_in_steps
        for remaining in reversed(range(_DEADLOCK_TRIES)):
            connection = await self._log_connection()
            try:
                return await write(connection, batch, facts)
            except asyncpg.DeadlockDetectedError:
                self._doubt = None
                if not remaining:
                    raise
            except asyncpg.NotNullViolationError as error:
                self._doubt = None
                if (error.table_name, error.column_name) == ("call_event", "shard_id"):
                    raise FenceLost from None
                raise
            except asyncpg.PostgresError as error:
                if not isinstance(error, CONNECTION_ERRORS):
                    self._doubt = None  # said by the server, so undone by it
                raise
        raise AssertionError("unreachable")

    async def _write_at_once(
        self, connection: Connection, batch: Batch, facts: tuple[AnyFact, ...]
    ) -> frozenset[AttemptId]:
        """A batch without plans, which is most of them, as one statement: one journey instead of four or more."""
        todo: list[Statement] = [
            ("write_events", [self._shard_id, self._fence, self._seq + 1, *columns(map(event_of, facts))])
        ]
        if batch.attempts:
            todo.append(("update_attempts", list(columns(map(attempt_row, batch.attempts.values())))))
        todo += batch.statements(self._shard_id, self._fence)
        last_seq = self._seq + len(facts)
        self._doubt = _Doubt(facts, last_seq, ())
        await connection.execute(
            _as_one(tuple(name for name, _ in todo)), *chain.from_iterable(a for _, a in todo)
        )
        self._doubt, self._seq = None, last_seq
        return frozenset()

    async def _write_in_steps(
        self, connection: Connection, batch: Batch, facts: tuple[AnyFact, ...]
    ) -> frozenset[AttemptId]:
        """Any batch: the statements one after the other in one transaction. Returns what may be dialled."""
        transaction = connection.transaction()
        await transaction.start()
        try:
            accepted = await self._write_attempts(connection, batch)
            for name, arguments in batch.statements(self._shard_id, self._fence):
                await connection.execute(SQL[name], *arguments)
            # Refused plans are not in the log.
            events = [
                event_of(fact)
                for fact in facts
                if not isinstance(fact, AttemptPlanned) or fact.attempt.id in accepted
            ]
            if events:
                await connection.execute(
                    SQL["write_events"], self._shard_id, self._fence, self._seq + 1, *columns(events)
                )
        except BaseException:
            if not connection.is_closed():
                # On its own: a cancelled or broken connection must not hide why we are here.
                await asyncio.shield(transaction.rollback())
            raise
        last_seq = self._seq + len(events)
        self._doubt = _Doubt(facts, last_seq, tuple(attempt.id for attempt in batch.planned))
        await transaction.commit()
        self._doubt, self._seq = None, last_seq
        return accepted

    async def _write_attempts(self, connection: Connection, batch: Batch) -> frozenset[AttemptId]:
        """News of attempts and new attempts; returns the planned ones that may be dialled."""
        fresh = {attempt.id for attempt in batch.planned}
        # Ends first: they free their person for an attempt planned in the same batch.
        if old := [attempt_row(news) for news in batch.attempts.values() if news.id not in fresh]:
            await connection.execute(SQL["update_attempts"], *columns(old))
        if not fresh:
            return frozenset()
        await connection.execute(SQL["lock_persons"], [attempt.person_id for attempt in batch.planned])
        *attempt, verdicts, at, ring, limit, language, agents, rows = columns(map(planned_row, batch.planned))
        arguments = (
            *(
                self._shard_id,
                self._fence,
                *attempt,
                [orjson.dumps(verdict).decode() for verdict in verdicts],
            ),
            *(at, ring, limit, language, agents, rows, PERSON_BUSY_REST),
        )
        inserted = await connection.fetch(SQL["plan_attempts"], *arguments)
        accepted = frozenset(AttemptId(row["id"]) for row in inserted)
        if new := [attempt_row(news) for news in batch.attempts.values() if news.id in accepted]:
            await connection.execute(SQL["update_attempts"], *columns(new))
        return accepted

    async def _settle_doubt(self, doubt: _Doubt) -> frozenset[AttemptId] | None:
        """Whether the batch in doubt was committed: then its dialable attempts, else None."""
        connection = await self._log_connection()
        async with connection.transaction():
            if await connection.fetchval(SQL["lock_shard"], self._shard_id) != self._fence:
                raise FenceLost
            newest = await connection.fetchval(SQL["last_seq"], self._shard_id)
            rows = await connection.fetch("SELECT id FROM attempt WHERE id = ANY ($1)", list(doubt.planned))
        self._doubt = None
        if newest == self._seq:
            return None
        self._seq = newest
        return frozenset(AttemptId(row["id"]) for row in rows)

    async def _log_connection(self) -> asyncpg.Connection:
        if self._log is None or self._log.is_closed():
            self._log = await connect(self._dsn)
        return self._log

    def _drop_log(self) -> None:
        if self._log is not None:
            self._log.terminate()
            self._log = None

    # --- leads ------------------------------------------------------------------------------------------

    async def claim(
        self,
        campaign_id: int,
        count: int,
        lease: timedelta,
        now: datetime,
        closed_zones: Collection[str] = (),
    ) -> list[ClaimedLead]:
        async with self._connection() as connection:
            if campaign_id not in self._runs:
                self._runs[campaign_id] = await leads.read_runs(connection, campaign_id)
            return await leads.claim(
                connection,
                campaign_id=campaign_id,
                count=count,
                now=now,
                lease_until=now + lease,
                shard_id=self._shard_id,
                fence=self._fence,
                closed_zones=closed_zones,
                runs=self._runs[campaign_id],
            )

    async def tend(self, now: datetime) -> None:
        async with self._connection() as connection:
            for row in await connection.fetch(SQL["running_campaigns"], self._shard_id):
                await leads.tend(connection, row["id"], now, most=WOKEN_AT_MOST)
                self._runs[row["id"]] = await leads.read_runs(connection, row["id"])

    async def claim_phone(
        self, number: str, campaign_ids: Sequence[int], lease: timedelta, now: datetime
    ) -> ClaimedLead | None:
        """See `ports.ShardStore`; `number` may be written in any usual way, with or without its prefixes."""
        async with self._connection() as connection:
            return await leads.claim_number(
                connection,
                number=number,
                campaign_ids=campaign_ids,
                lease_until=now + lease,
                shard_id=self._shard_id,
                fence=self._fence,
            )

    # --- what people ask for ----------------------------------------------------------------------------

    async def intents(self) -> AsyncIterator[StoredIntent]:
        handed_out: set[int] = set()
        async with aclosing(notifications(self._dsn, "cadencia_intent")) as words:
            async for word in words:
                if word is not None and word[1] != str(self._shard_id):
                    continue
                try:
                    async with self._connection() as connection:
                        rows = await connection.fetch(SQL["open_intents"], self._shard_id)
                except LogUnavailable:
                    continue  # `words` notices too and says None when the database is back
                new = [row for row in rows if row["id"] not in handed_out]
                # Not "greater than the last": ids are given before the commit, so a smaller one may come later.
                handed_out = {row["id"] for row in rows}
                for row in new:
                    yield StoredIntent(
                        row["id"], row["user_id"], row["role"], row["type"], orjson.loads(row["data"])
                    )

    async def campaign_changes(self) -> AsyncIterator[tuple[Campaign, tuple[StoredDisposition, ...]]]:
        """See `ports.ShardStore`. Only the settings count: `state` is the shard's own word, as last written."""
        async with aclosing(notifications(self._dsn, "cadencia_campaign")) as words:
            async for _ in words:
                try:
                    async with self._connection() as connection:
                        rows = await connection.fetch(SQL["campaigns_of_group"], self._shard_id)
                        said = await shard_state.dispositions(connection, self._shard_id)
                except LogUnavailable:
                    continue
                for campaign in map(shard_state.campaign_of, rows):
                    if self._versions.get(campaign.id) != campaign.version:
                        self._versions[campaign.id] = campaign.version
                        yield campaign, tuple(d for d in said if d.campaign_id == campaign.id)

    async def trunk_changes(self) -> AsyncIterator[tuple[Trunk, ...]]:
        async with aclosing(notifications(self._dsn, "cadencia_trunk")) as words:
            async for _ in words:
                try:
                    async with self._connection() as connection:
                        trunks = await shard_state.read_trunks(connection)
                except LogUnavailable:
                    continue
                if trunks != self._trunks:
                    self._trunks = trunks
                    yield trunks

    async def staffing(self) -> AsyncIterator[Staffing]:
        known = Staffing()
        async with aclosing(notifications(self._dsn, "cadencia_staffing")) as words:
            async for _ in words:
                try:
                    async with self._connection() as connection:
                        found = await read_staffing(connection, self._shard_id)
                except LogUnavailable:
                    continue
                if found != known:
                    known = found
                    yield found

    async def withdrawals(self) -> AsyncIterator[frozenset[int]]:
        async with aclosing(notifications(self._dsn, "cadencia_lead")) as words:
            async for word in words:
                if word is not None:
                    yield frozenset({int(word[1])})
                    continue
                try:
                    async with self._connection() as connection:
                        rows = await connection.fetch(SQL["withdrawn_in_attempt"], self._shard_id)
                except LogUnavailable:
                    continue
                if rows:
                    yield frozenset(row["lead_id"] for row in rows)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection for anything but the log. Raises LogUnavailable when there is none."""
        assert self._pool is not None, "use the store as an asynchronous context"
        with _unavailable():
            async with self._pool.acquire(timeout=APPEND_TIMEOUT_S) as connection:
                yield connection


@lru_cache(maxsize=256)
def _as_one(names: tuple[str, ...]) -> str:
    """These statements (the first begins with WITH) as one; each one's parameters follow those of the one before."""
    first, *others = (SQL[name] for name in names)
    width = _width(first)
    parts = []
    for number, statement in enumerate(others):
        parts.append(f"part_{number} AS (\n{_shifted(statement, width)}\n)")
        width += _width(statement)
    return "WITH " + ",\n".join([*parts, first.removeprefix("WITH ")])


_PARAMETER = re.compile(r"\$(\d+)")


def _shifted(statement: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", statement)


def _width(statement: str) -> int:
    return max(int(number) for number in _PARAMETER.findall(statement))


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except CONNECTION_ERRORS as error:
        raise LogUnavailable(str(error) or type(error).__name__) from error
