"""Saved ways to read a creditor's files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import orjson

from dialer.domain.errors import BadInput
from dialer.store.database import Connection


class FileKind(StrEnum):
    """What a creditor's file holds, and so which columns of ours it may have."""

    LEADS = "leads"
    #: What belongs in debtors' files besides money: `dialer person import`.
    CASES = "cases"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one creditor writes: his column names to ours, and the rest of what his files do not say themselves."""

    columns: dict[str, str]
    encoding: str | None = None
    delimiter: str | None = None
    region: str | None = None
    kind: FileKind = FileKind.LEADS


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
    return {row["name"]: _mapping(orjson.loads(row["settings"])) for row in rows}


async def find_mapping(connection: Connection, name: str | None, kind: FileKind) -> Mapping:
    """The mapping of that name; without a name, an empty one. Raises BadInput when it was never saved, or for other
    files."""
    if name is None:
        return Mapping({}, kind=kind)
    found = await read_mappings(connection)
    if name not in found:
        raise BadInput(f"there is no mapping {name!r}; see `dialer leads mapping list`")
    if found[name].kind is not kind:
        raise BadInput(f"mapping {name!r} is for files of {found[name].kind}, not of {kind}")
    return found[name]


def _mapping(settings: dict[str, Any]) -> Mapping:
    # Those of before there were two kinds say none.
    return Mapping(**settings | {"kind": FileKind(settings.get("kind", FileKind.LEADS))})


async def delete_mapping(connection: Connection, name: str) -> bool:
    """Whether there was one."""
    return bool(await connection.fetchval("DELETE FROM import_mapping WHERE name = $1 RETURNING true", name))
