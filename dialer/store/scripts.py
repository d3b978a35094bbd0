"""Scripts by version: drafts, publication, the split of calls among versions, and what each version brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from dialer.domain.errors import BadInput
from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a script and, where calls went by it, what they brought (per lead, as `portfolio.split` wants)."""

    id: int
    script_id: int
    name: str
    language: str
    number: int
    state: str
    share: int
    leads: int
    promised: int
    handling_s: float | None
    handling_sd_s: float | None


_VERSIONS = """
    SELECT version.id, script.id AS script_id, script.name, script.language,
           version.number, version.state, version.share,
           coalesce(brought.leads, 0) AS leads, coalesce(brought.promised, 0) AS promised,
           brought.handling_s, brought.handling_sd_s
    FROM script
    JOIN script_version AS version ON version.script_id = script.id
    LEFT JOIN LATERAL (
        SELECT count(*) AS leads,
               count(*) FILTER (WHERE lead.promised) AS promised,
               avg(lead.handling_s)::float8 AS handling_s,
               stddev_samp(lead.handling_s)::float8 AS handling_sd_s
        FROM (
            SELECT bool_or(disposition.effect = 'promise') AS promised,
                   avg(extract(epoch FROM attempt.disposed_at - attempt.connected_at)) AS handling_s
            FROM script_run
            JOIN attempt ON attempt.id = script_run.attempt_id
            LEFT JOIN disposition
                ON disposition.campaign_id = attempt.campaign_id AND disposition.code = attempt.disposition
            WHERE script_run.version_id = version.id
            GROUP BY attempt.lead_id
        ) AS lead
    ) AS brought ON true
    WHERE $1::text IS NULL OR script.name = $1
    ORDER BY script.name, version.number
"""


async def list_versions(connection: Connection | asyncpg.Pool, name: str | None = None) -> list[Version]:
    """All versions of all scripts, or of one, oldest first."""
    return [Version(**dict(row)) for row in await connection.fetch(_VERSIONS, name)]


async def read_graph(connection: Connection | asyncpg.Pool, script: str, number: int) -> Any:
    """A version's graph as JSON. Raises BadInput when there is none such."""
    graph = await connection.fetchval(
        "SELECT graph FROM script_version v JOIN script s ON s.id = v.script_id WHERE s.name = $1 AND v.number = $2",
        script,
        number,
    )
    if graph is None:
        raise BadInput(f"script {script!r} has no version {number}: see dialer script list")
    return orjson.loads(graph)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version's words, and whose they are."""

    name: str
    language: str
    number: int
    state: str
    graph: Any


async def read_version(connection: Connection | asyncpg.Pool, version_id: int) -> StoredVersion | None:
    """The version of this id; None when there is none such."""
    row = await connection.fetchrow(
        "SELECT s.name, s.language, v.number, v.state, v.graph FROM script_version v"
        " JOIN script s ON s.id = v.script_id WHERE v.id = $1",
        version_id,
    )
    return None if row is None else StoredVersion(**{**dict(row), "graph": orjson.loads(row["graph"])})


async def save_draft(
    connection: Connection, script: str, graph: object, *, language: str = "es", user_id: int | None = None
) -> int:
    """Keep the graph as the script's draft: its number. A draft is written over; what was published never is."""
    script_id = await connection.fetchval(
        "INSERT INTO script (name, language) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET language = excluded.language RETURNING id",
        script,
        language,
    )
    text = orjson.dumps(graph).decode()
    number = await connection.fetchval(
        "UPDATE script_version SET graph = $2::text::jsonb, created_by = coalesce($3, created_by)"
        " WHERE script_id = $1 AND state = 'draft' RETURNING number",
        script_id,
        text,
        user_id,
    )
    if number is None:
        number = await connection.fetchval(
            "INSERT INTO script_version (script_id, number, graph, created_by)"
            " SELECT $1, coalesce(max(number), 0) + 1, $2::text::jsonb, $3 FROM script_version WHERE script_id = $1"
            " RETURNING number",
            script_id,
            text,
            user_id,
        )
    return int(number)


async def publish(
    connection: Connection, script: str, number: int, *, share: int = 100, user_id: int | None = None
) -> None:
    """Let calls hear this version: `share` per cent of the leads, the newest of the others the rest.

    In one transaction. What no lead hears any more is retired. A version published before may be given another
    share, or come back. Raises BadInput on a version there is not and a share out of 1 to 100.
    """
    if not 1 <= share <= 100:
        raise BadInput(
            "share is a whole number from 1 to 100: the percentage of leads that hear this version"
        )
    async with connection.transaction():
        rows = await connection.fetch(
            "SELECT v.id, v.number, v.share, v.state FROM script_version v JOIN script s ON s.id = v.script_id"
            " WHERE s.name = $1 ORDER BY v.number DESC FOR UPDATE OF v",
            script,
        )
        chosen = next((row["id"] for row in rows if row["number"] == number), None)
        if chosen is None:
            raise BadInput(f"script {script!r} has no version {number}: see dialer script list")
        other = next((row["id"] for row in rows if row["share"] > 0 and row["id"] != chosen), None)
        if share < 100 and other is None:
            raise BadInput("there is no other version to hear the rest: publish this one for all (100)")
        await connection.execute(
            "UPDATE script_version SET state = 'retired', share = 0"
            " WHERE id = ANY ($1::bigint[]) AND state = 'published' AND id <> $2",
            [row["id"] for row in rows if share == 100 or row["id"] != other],
            chosen,
        )
        if share < 100:
            await connection.execute("UPDATE script_version SET share = $2 WHERE id = $1", other, 100 - share)
        await connection.execute(
            "UPDATE script_version SET state = 'published', share = $2, published_by = coalesce($3, published_by),"
            " published_at = coalesce(published_at, now()) WHERE id = $1",
            chosen,
            share,
            user_id,
        )
