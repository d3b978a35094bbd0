"""Lists of leads written in one transaction: copied into a temporary table, judged as a whole, then spread out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.queries import read_statements

SQL = read_statements(Path(__file__).with_name("lead_lists.sql"))

#: The columns of a record, in order.
COLUMNS = (
    *("row", "external_ref", "full_name", "language", "time_zone", "segment", "priority", "phones"),
    *("debt_ref", "creditor", "product", "balance_minor", "currency", "due_on"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows of each kind a list added; `known_leads` were in the campaign before."""

    list_id: int
    leads: int
    known_leads: int
    phones: int
    debts: int


async def refuse_known_list(connection: Connection, campaign_id: int, sha256: str) -> str:
    """The campaign's language. Raises BadInput when it does not exist, or has loaded this content before."""
    language = await connection.fetchval("SELECT language FROM campaign WHERE id = $1", campaign_id)
    if language is None:
        raise BadInput(f"campaign {campaign_id} does not exist")
    known = await connection.fetchrow(
        "SELECT name, created_at FROM lead_list WHERE campaign_id = $1 AND content_sha256 = $2",
        campaign_id,
        sha256,
    )
    if known is not None:
        raise BadInput(
            f"this very file was loaded into the campaign on {known['created_at']:%Y-%m-%d %H:%M} UTC as list "
            f"{known['name']!r}; nothing was loaded again"
        )
    return str(language)


async def copy_rows(connection: Connection, records: AsyncIterator[Sequence[object]]) -> None:
    """Take the records (`COLUMNS`) into the transaction's own table; nothing else sees them yet."""
    await connection.execute(SQL["make_table"])
    await connection.copy_records_to_table("incoming", records=records, columns=COLUMNS)
    await connection.execute(SQL["analyze"])


async def find_clashes(connection: Connection) -> list[tuple[int, str]]:
    """Rows (number, what is wrong) whose debt belongs to somebody else; first come, first served."""
    clashes: dict[int, str] = {}
    for row in await connection.fetch(SQL["debts_of_two_people"]):
        whose = (
            "a person already here" if row["other_row"] is None else f"the person of row {row['other_row']}"
        )
        clashes.setdefault(row["row"], f"debt {row['debt_ref'][:40]!r} belongs to {whose}")
    return sorted(clashes.items())


async def drop_rows(connection: Connection, rows: Sequence[int]) -> None:
    await connection.execute(SQL["drop_rows"], list(rows))


async def write_list(
    connection: Connection, *, campaign_id: int, name: str, sha256: str, language: str
) -> Written:
    """Spread the copied rows over the tables. Known persons and debts are updated by their external reference."""
    list_id = await connection.fetchval(SQL["make_list"], campaign_id, name, sha256)
    await connection.execute(SQL["write_segments"])
    await connection.execute(SQL["update_persons"])
    await connection.execute(SQL["write_persons"], language)
    phones = _count(await connection.execute(SQL["write_phones"]))
    debts = _count(await connection.execute(SQL["write_debts"]))
    leads = await connection.fetchrow(SQL["write_leads"], campaign_id, list_id)
    assert leads is not None
    return Written(list_id, leads["new"], leads["known"], phones, debts)


def _count(status: str) -> int:
    """The number in `INSERT 0 17`."""
    return int(status.rsplit(" ", 1)[1])
