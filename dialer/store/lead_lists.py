"""Lists of leads on their way into the database: staged block by block and compared with what is there; leads that were
there before refreshed.

The statements are in `lead_lists.sql`. Staging is committed as it goes, so that an import can go on after a crash; the
rows are spread over the tables by `spreading`, in one transaction, so that nothing is half-loaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("lead_lists.sql"))
#: Persons whose known lead is refreshed in one transaction: a fraction of a second.
REFRESHED_AT_ONCE = 2000
#: Names an import's advisory lock, together with the run's number.
_LOCK = 0x1EAD
#: For the import's own session: sorts and hashes of a million rows fit; nothing here is worth compiling. A client that
#: was killed is missed at once, or its half of an import would keep out the next, which goes on where it stopped.
_BULK_SETTINGS = "SET work_mem = '256MB'; SET jit = off; SET client_connection_check_interval = '500ms'"
#: How long that may take.
_LAST_ONE_GOES_S, _ASKED_EVERY_S = 3.0, 0.2


@dataclass(frozen=True, slots=True)
class Run:
    """An import that has begun: its number, the campaign's language, and how far it came before."""

    id: int
    language: str
    rows: int
    last_row: int
    #: The list, when the file is loaded already and only the leads that were there before are to be refreshed.
    list_id: int | None


@dataclass(frozen=True, slots=True)
class StagedError:
    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Book:
    """The open debts of the file's creditors in one currency, before and after it; amounts in minor units."""

    currency: str
    debts_before: int
    before_minor: int
    new_debts: int
    new_minor: int
    raised_debts: int
    raised_minor: int
    lowered_debts: int
    lowered_minor: int
    closed_debts: int
    closed_minor: int
    unchanged_debts: int
    debts_after: int
    after_minor: int

    @property
    def balanced(self) -> bool:
        """Whether what was, what came and what went make what is."""
        moved = self.new_minor + self.raised_minor - self.lowered_minor - self.closed_minor
        return self.before_minor + moved == self.after_minor


async def begin_run(connection: Connection, campaign_id: int, sha256: str, options: str) -> Run:
    """Begin an import of this content, or go on with one that was interrupted; `incoming` is its view.

    Raises BadInput when the campaign does not exist, has loaded this content before, or when another process is at it.
    An interrupted import with other options (JSON) begins anew.
    """
    await connection.execute(_BULK_SETTINGS)
    language = await connection.fetchval("SELECT language FROM campaign WHERE id = $1", campaign_id)
    if language is None:
        raise BadInput(f"campaign {campaign_id} does not exist")
    known = await connection.fetchrow(SQL["known_list"], campaign_id, sha256)
    if known is not None and not known["unfinished"]:
        raise BadInput(
            f"this very file was loaded into the campaign on {known['created_at']:%Y-%m-%d %H:%M} UTC as list "
            f"{known['name']!r}; nothing was loaded again"
        )
    found = await connection.fetchrow(
        "INSERT INTO import_run (campaign_id, content_sha256, options) VALUES ($1, $2, $3)"
        " ON CONFLICT (campaign_id, content_sha256) DO UPDATE SET campaign_id = excluded.campaign_id"
        " RETURNING id, options = $3::jsonb AS same",
        campaign_id,
        sha256,
        options,
    )
    assert found is not None
    run_id = found["id"]
    if not await _lock(connection, run_id):
        raise BadInput("this very file is being loaded by somebody else at this moment")
    # It may have ended between the two statements.
    if not await connection.fetchval("SELECT true FROM import_run WHERE id = $1", run_id):
        raise BadInput("this very file was loaded by somebody else a moment ago")
    if not found["same"]:
        await connection.execute(_of(run_id, "drop_staging"))
        await connection.execute("UPDATE import_run SET options = $2 WHERE id = $1", run_id, options)
    await connection.execute(_of(run_id, "make_staging"))
    row = await connection.fetchrow(SQL["staged"])
    assert row is not None
    list_id = known["id"] if known is not None else None
    return Run(run_id, str(language), row["rows"], row["last_row"] or 1, list_id)


async def _lock(connection: Connection, run_id: int) -> bool:
    """Whether the run is ours alone; one that was just killed is waited for."""
    tries = int(_LAST_ONE_GOES_S / _ASKED_EVERY_S)
    for left in range(tries, -1, -1):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _LOCK, run_id % (1 << 31)):
            return True
        if left:
            await asyncio.sleep(_ASKED_EVERY_S)
    return False


async def end_run(connection: Connection, run: Run) -> None:
    """Forget the import and what it staged."""
    await connection.execute(_of(run.id, "drop_staging"))
    await connection.execute("DELETE FROM import_run WHERE id = $1", run.id)


async def stage(
    connection: Connection,
    run: Run,
    rows: bytes,
    errors: Sequence[tuple[int, str | None, str, bool]],
) -> None:
    """Keep a judged block: rows as PostgreSQL's CSV in the order of the staging table, and what was wrong."""
    async with connection.transaction():
        if rows:
            await connection.copy_to_table(
                f"run_{run.id}", schema_name="staging", source=BytesIO(rows), format="csv"
            )
        if errors:
            await connection.copy_records_to_table(
                f"run_{run.id}_bad", schema_name="staging", records=list(errors)
            )


async def find_clashes(connection: Connection) -> list[tuple[int, str]]:
    """Rows (number, what is wrong) whose debt is somebody else's or changes its currency; the first row is right."""
    clashes: dict[int, str] = {}
    for row in await connection.fetch(SQL["debts_of_two_people"]):
        ref = repr(row["debt_ref"][:40])
        if row["currency"] is not None:
            message = f"debt {ref} is in {row['currency']} until now: close it first, or give the new one its own key"
        elif row["other_row"] is None:
            message = f"debt {ref} belongs to a person already here"
        else:
            message = f"debt {ref} belongs to the person of row {row['other_row']}"
        clashes.setdefault(row["row"], message)
    return sorted(clashes.items())


async def staged_errors(connection: Connection, limit: int | None = None) -> tuple[int, list[StagedError]]:
    """How many errors there are, and the first of them in the order of the file."""
    count = await connection.fetchval("SELECT count(*) FROM incoming_bad")
    rows = await connection.fetch(
        "SELECT row, column_name, message FROM incoming_bad ORDER BY row, column_name LIMIT $1", limit
    )
    return count, [StagedError(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Remark:
    """A row worth a look: `bad`, `repeated`, `shared_number` or `do_not_call`."""

    row: int
    kind: str
    column: str | None
    message: str


async def find_remarkable(
    connection: Connection, limit: int
) -> tuple[dict[tuple[str, str | None], int], list[Remark]]:
    """What is worth a look in the staged rows: how many by kind and column, and the first in the order of the file."""
    async with connection.transaction():
        await connection.execute(SQL["find_remarkable"])
        counts = await connection.fetch(
            "SELECT kind, column_name, count(*) AS many FROM remarkable GROUP BY kind, column_name"
        )
        rows = await connection.fetch(
            "SELECT row, kind, column_name, message FROM remarkable ORDER BY row, kind, column_name LIMIT $1",
            limit,
        )
    return {(each["kind"], each["column_name"]): each["many"] for each in counts}, [
        Remark(*row) for row in rows
    ]


async def forget_runs(connection: Connection, sha256: str) -> None:
    """Forget what interrupted imports of this content have staged; one that is under way is left alone."""
    for row in await connection.fetch("SELECT id FROM import_run WHERE content_sha256 = $1", sha256):
        async with connection.transaction():
            if await connection.fetchval(
                "SELECT pg_try_advisory_xact_lock($1, $2)", _LOCK, row["id"] % (1 << 31)
            ):
                await connection.execute(_of(row["id"], "drop_staging"))
                await connection.execute("DELETE FROM import_run WHERE id = $1", row["id"])


async def reconcile(connection: Connection, *, close_missing: bool) -> list[Book]:
    """The creditors' books before the file and as it makes them, by currency."""
    return [Book(**dict(row)) for row in await connection.fetch(SQL["reconcile"], close_missing)]


async def open_book(connection: Connection) -> dict[str, int]:
    """What the file's creditors have open now, by currency, in minor units."""
    return {row["currency"]: row["after_minor"] for row in await connection.fetch(SQL["open_book"])}


async def count_duplicates(connection: Connection) -> tuple[int, int]:
    """Rows that repeat another, and numbers that stand with more than one person."""
    row = await connection.fetchrow(SQL["count_duplicates"])
    assert row is not None
    return row["repeated_rows"], row["shared_numbers"]


async def drop_rows(connection: Connection, rows: Sequence[int]) -> None:
    await connection.execute(SQL["drop_rows"], list(rows))


async def written_before(connection: Connection, list_id: int) -> tuple[int, int]:
    """Leads that a list added before its import was interrupted, and how many of them are suppressed."""
    row = await connection.fetchrow(SQL["written_before"], list_id)
    assert row is not None
    return row["leads"], row["suppressed"]


async def refresh_known(connection: Connection, campaign_id: int, list_id: int) -> int:
    """Point the leads that were there before at what the file says of their debts, in small transactions; how many
    changed. Safe to repeat."""
    known = [row["person_id"] for row in await connection.fetch(SQL["known_persons"], campaign_id, list_id)]
    changed = 0
    for start in range(0, len(known), REFRESHED_AT_ONCE):
        batch = known[start : start + REFRESHED_AT_ONCE]
        changed += count_rows(await connection.execute(SQL["refresh_leads"], campaign_id, batch))
    return changed


async def finish_settled(connection: Connection) -> int:
    """Finish, in small transactions, the leads whose debts with the file's creditors are all closed; how many."""
    creditors = [
        row["creditor"]
        for row in await connection.fetch("SELECT DISTINCT creditor FROM incoming WHERE creditor IS NOT NULL")
    ]
    finished = 0
    while count := count_rows(await connection.execute(SQL["finish_settled"], creditors, REFRESHED_AT_ONCE)):
        finished += count
    return finished


def _of(run_id: int, name: str) -> str:
    """A statement on the run's own tables, which have its number in their name."""
    return SQL[name].replace("@run", str(int(run_id)))


def count_rows(status: str) -> int:
    """How many rows a statement wrote: the number in `INSERT 0 17`."""
    return int(status.rsplit(" ", 1)[1])
