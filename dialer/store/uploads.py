"""Files brought by the console: where each stands, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg
import orjson

from dialer.store.database import Connection
from dialer.store.import_mappings import FileKind


class UploadState(StrEnum):
    WAITING = "waiting"  # nothing was done with it yet
    CHECKING = "checking"
    CHECKED = "checked"
    LOADING = "loading"
    LOADED = "loaded"
    REFUSED = "refused"  # the file or its settings are at fault; nothing was loaded
    INTERRUPTED = "interrupted"  # loading it again goes on where it stopped


#: Somebody is at work on it.
BUSY = frozenset({UploadState.CHECKING, UploadState.LOADING})


@dataclass(frozen=True, slots=True)
class Upload:
    id: int
    kind: FileKind
    #: What the person's machine calls it; never a path of ours.
    name: str
    content_sha256: str
    size_bytes: int
    user_name: str
    state: UploadState
    #: How it was last to be read.
    settings: dict[str, Any] | None
    #: What came of it; of a check, what would.
    report: dict[str, Any] | None
    problem: str | None
    changed_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LoadedAs:
    """The same content, loaded before by whatever way."""

    campaign_name: str
    list_name: str
    at: datetime


_UPLOADS = """
SELECT upload.id, kind, name, content_sha256, size_bytes, app_user.display_name AS user_name, state, settings, report,
       problem, changed_at, upload.created_at
FROM upload JOIN app_user ON app_user.id = upload.user_id
"""


async def add_upload(
    connection: Connection, *, kind: FileKind, name: str, sha256: str, size_bytes: int, user_id: int
) -> int:
    """The new upload's number."""
    return int(
        await connection.fetchval(
            "INSERT INTO upload (kind, name, content_sha256, size_bytes, user_id, state, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, 'waiting', now()) RETURNING id",
            *(kind, name, sha256, size_bytes, user_id),
        )
    )


async def read_uploads(connection: Connection, limit: int) -> list[Upload]:
    """The newest first."""
    rows = await connection.fetch(_UPLOADS + " ORDER BY upload.id DESC LIMIT $1", limit)
    return [_upload(row) for row in rows]


async def read_upload(connection: Connection, id_: int) -> Upload | None:
    row = await connection.fetchrow(_UPLOADS + " WHERE upload.id = $1", id_)
    return None if row is None else _upload(row)


async def begin_work(
    connection: Connection, id_: int, state: UploadState, settings: Mapping[str, Any]
) -> bool:
    """Note that somebody is at work on it now; False when somebody was already, or it is loaded."""
    done = await connection.fetchval(
        "UPDATE upload SET state = $2, settings = $3::text::jsonb, problem = NULL, changed_at = now()"
        " WHERE id = $1 AND state NOT IN ('checking', 'loading', 'loaded') RETURNING true",
        *(id_, state, orjson.dumps(dict(settings)).decode()),
    )
    return bool(done)


async def end_work(
    connection: Connection,
    id_: int,
    state: UploadState,
    *,
    report: Mapping[str, Any] | None = None,
    problem: str | None = None,
) -> None:
    """Note how the work ended."""
    await connection.execute(
        "UPDATE upload SET state = $2, report = $3::text::jsonb, problem = $4, changed_at = now() WHERE id = $1",
        *(id_, state, None if report is None else orjson.dumps(dict(report)).decode(), problem),
    )


async def mark_interrupted(connection: Connection) -> int:
    """Whoever was at work is gone: how many uploads that leaves."""
    rows = await connection.fetch(
        "UPDATE upload SET state = 'interrupted', changed_at = now()"
        " WHERE state IN ('checking', 'loading') RETURNING id"
    )
    return len(rows)


async def delete_upload(connection: Connection, id_: int) -> bool:
    """Forget one that nobody works on and that was not loaded; whether it could be."""
    done = await connection.fetchval(
        "DELETE FROM upload WHERE id = $1 AND state NOT IN ('checking', 'loading', 'loaded') RETURNING true",
        id_,
    )
    return bool(done)


async def count_unloaded(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM upload WHERE state <> 'loaded'"))


async def read_stale(
    connection: Connection, *, unloaded_before: datetime, loaded_before: datetime
) -> list[int]:
    """Uploads whose files are no longer needed: of those not loaded since, and of those loaded long ago."""
    rows = await connection.fetch(
        "SELECT id FROM upload WHERE (state = 'loaded' AND changed_at < $2)"
        " OR (state NOT IN ('loaded', 'checking', 'loading') AND changed_at < $1)",
        *(unloaded_before, loaded_before),
    )
    return [row["id"] for row in rows]


async def read_loaded_as(connection: Connection, sha256: str) -> list[LoadedAs]:
    """Where this very content was loaded."""
    rows = await connection.fetch(
        "SELECT campaign.name AS campaign_name, lead_list.name AS list_name, lead_list.created_at AS at"
        " FROM lead_list JOIN campaign ON campaign.id = lead_list.campaign_id"
        " WHERE content_sha256 = $1 ORDER BY lead_list.id DESC LIMIT 5",
        sha256,
    )
    return [LoadedAs(**dict(row)) for row in rows]


async def find_same(connection: Connection, upload: Upload) -> int | None:
    """The newest earlier upload of the same content, if there is one."""
    found: int | None = await connection.fetchval(
        "SELECT max(id) FROM upload WHERE content_sha256 = $1 AND kind = $2 AND id < $3",
        *(upload.content_sha256, upload.kind, upload.id),
    )
    return found


def _upload(row: asyncpg.Record) -> Upload:
    def load(text: str | None) -> dict[str, Any] | None:
        return None if text is None else orjson.loads(text)

    return Upload(
        **{
            **dict(row),
            "kind": FileKind(row["kind"]),
            "state": UploadState(row["state"]),
            "settings": load(row["settings"]),
            "report": load(row["report"]),
        }
    )
