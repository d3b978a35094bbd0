"""Rows of a case file judged against the portfolio and written into the debtors' files, in one transaction of the
caller's. The statements are in `case_files.sql`; every step leaves alone what stands there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dialer.store.database import Connection
from dialer.store.lead_lists import count_rows
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("case_files.sql"))


@dataclass(frozen=True, slots=True)
class Delta:
    """Of one kind of matter: how many are new, how many say something else now, how many stood there so."""

    new: int
    changed: int
    known: int


@dataclass(frozen=True, slots=True)
class Paper:
    """A row's document: whose it is and what it is called."""

    row: int
    person_id: int
    debt_id: int | None
    document: str
    title: str


async def stage(connection: Connection, rows: Sequence[tuple[object, ...]]) -> list[tuple[int, str, str]]:
    """Keep the rows for this transaction, and give those that can't be: row, column and what is wrong."""
    await connection.execute(SQL["stage"])
    await connection.copy_records_to_table("incoming_case", records=rows)
    await connection.execute("CREATE INDEX ON incoming_case (external_ref); ANALYZE incoming_case")
    return [tuple(row) for row in await connection.fetch(SQL["find_errors"])]


async def drop_rows(connection: Connection, rows: Sequence[int]) -> None:
    """Leave these rows out."""
    await connection.execute(SQL["drop_rows"], list(rows))


async def write(
    connection: Connection, at: datetime, *, user_id: int | None
) -> tuple[dict[str, Delta], list[Paper]]:
    """Write what is staged: what came of each matter, and the papers that are still to be kept by `write_paper`."""
    persons = count_rows(await connection.execute(SQL["write_persons"]))
    await connection.execute(SQL["matters"])
    await connection.execute("ANALYZE matter")
    deltas = {"persons": Delta(persons, 0, 0)}
    by, now = (user_id,), (user_id, at)
    # Numbers first: consents are about them. Leads, which whoever dials also locks, last.
    for matter, arguments in (
        *(("phones", ()), ("addresses", ()), ("parties", ()), ("notes", by)),
        *(("consents", by), ("wishes", now)),
    ):
        row = await connection.fetchrow(SQL[f"write_{matter}"], *arguments)
        assert row is not None
        deltas[matter] = Delta(row["new"], row["changed"], row["told"] - row["new"] - row["changed"])
    papers = [Paper(**dict(row)) for row in await connection.fetch(SQL["documents"])]
    return deltas, papers


async def write_paper(
    connection: Connection, paper: Paper, media_type: str, sha256: str, content: bytes, *, user_id: int | None
) -> bool:
    """Whether it was not there yet."""
    written = await connection.fetchval(
        SQL["write_document"],
        *(paper.person_id, paper.debt_id, paper.title, media_type, sha256, content, user_id),
    )
    return written is not None
