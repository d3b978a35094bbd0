"""Saved ways to read a creditor's files."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one creditor writes: his column names to ours, and the rest of what his files do not say themselves."""

    columns: dict[str, str]
    encoding: str | None = None
    delimiter: str | None = None
    region: str | None = None


async def save_mapping(connection: Connection, name: str, mapping: Mapping) -> None:
    """Keep it under this name, in place of an older one."""
    await connection.execute(
        "INSERT INTO import_mapping (name, settings) VALUES ($1, $2::jsonb)"
        " ON CONFLICT (name) DO UPDATE SET settings = excluded.settings",
        name,
        orjson.dumps(asdict(mapping)).decode(),
    )


async def read_mappings(connection: Connection) -> dict[str, Mapping]:
    """All of them, by name."""
    rows = await connection.fetch("SELECT name, settings FROM import_mapping ORDER BY name")
    return {row["name"]: Mapping(**orjson.loads(row["settings"])) for row in rows}


async def delete_mapping(connection: Connection, name: str) -> bool:
    """Whether there was one."""
    return bool(await connection.fetchval("DELETE FROM import_mapping WHERE name = $1 RETURNING true", name))
