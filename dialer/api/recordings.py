"""Recordings: the list for review, the waveforms, the sound. Every play is logged with who heard it."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import anyio
import asyncpg
import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import AwareDatetime

from dialer.api.auth import HEARS_RECORDINGS, Config, Database, Reviewer
from dialer.api.problems import ProblemError, not_found
from dialer.api.review_schemas import Peaks, RecordingPage, RecordingView
from dialer.api.schemas import Line, RowId, RowNumber
from dialer.recording.layout import PEAKS_PER_S, is_recording_path

log = structlog.get_logger()

router = APIRouter(prefix="/recordings", tags=["recordings"])

PAGE = 50

_RANGES = re.compile(
    r"bytes=\s*(?:\d{1,15}-\d{0,15}|-\d{1,15})(?:\s*,\s*(?:\d{1,15}-\d{0,15}|-\d{1,15})){0,9}\s*"
)

_VIEW = """
    SELECT r.id, r.attempt_id, a.campaign_id, c.name AS campaign_name, a.agent_id, u.display_name AS agent_name,
           p.full_name AS person_name, a.number, a.disposition, r.started_at, r.duration_ms, r.bytes, r.sha256
    FROM recording r
    JOIN attempt a ON a.id = r.attempt_id
    JOIN campaign c ON c.id = a.campaign_id
    JOIN person p ON p.id = a.person_id
    LEFT JOIN app_user u ON u.id = a.agent_id
"""
# Constants of this file only: what a request says is a bound parameter.
_PAGE = f"""
    {_VIEW}
    WHERE ($1::bigint IS NULL OR r.id < $1)
      AND ($2::bigint IS NULL OR a.campaign_id = $2)
      AND ($3::bigint IS NULL OR a.agent_id = $3)
      AND ($4::text IS NULL OR a.disposition = $4)
      AND ($5::timestamptz IS NULL OR r.started_at >= $5)
      AND ($6::timestamptz IS NULL OR r.started_at < $6)
      AND ($7::text IS NULL OR strpos(lower(p.full_name), lower($7)) > 0 OR strpos(a.number, $7) > 0
           OR r.attempt_id = $7)
    ORDER BY r.id DESC
    LIMIT $8
"""
_ONE = f"{_VIEW} WHERE r.id = $1"


@router.get("", dependencies=[HEARS_RECORDINGS])
async def list_recordings(
    pool: Database,
    cursor: Annotated[RowNumber | None, Query(description="`next_cursor` of the page before")] = None,
    campaign_id: RowNumber | None = None,
    agent_id: RowNumber | None = None,
    disposition: Line | None = None,
    from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    to: AwareDatetime | None = None,
    q: Annotated[
        Line | None, Query(description="part of the person's name or number, or the attempt's id")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> RecordingPage:
    """The newest recordings first, those begun in [from, to) that match every filter given."""
    rows = await pool.fetch(
        _PAGE, cursor, campaign_id, agent_id, disposition, from_, to, q or None, limit + 1
    )
    items = [_view(row) for row in rows[:limit]]
    return RecordingPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


@router.get("/{id}", dependencies=[HEARS_RECORDINGS])
async def read_recording(id: RowId, pool: Database) -> RecordingView:
    row = await pool.fetchrow(_ONE, id)
    if row is None:
        raise not_found("recording", id)
    return _view(row)


@router.get("/{id}/peaks", dependencies=[HEARS_RECORDINGS])
async def read_peaks(id: RowId, response: Response, pool: Database) -> Peaks:
    """Both waveforms, to be drawn before a byte of sound is loaded."""
    peaks: bytes | None = await pool.fetchval("SELECT peaks FROM recording WHERE id = $1", id)
    if peaks is None:
        raise not_found("recording", id)
    half = len(peaks) // 2
    response.headers["Cache-Control"] = "private, max-age=3600"
    return Peaks(slices_per_s=PEAKS_PER_S, customer=list(peaks[:half]), agent=list(peaks[half:]))


@router.get(
    "/{id}/audio",
    response_class=FileResponse,
    responses={
        200: {"content": {"audio/flac": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The part asked for by `Range`", "content": {"audio/flac": {}}},
        304: {"description": "As the browser has it"},
    },
)
async def read_audio(
    id: RowId, request: Request, user: Reviewer, pool: Database, settings: Config
) -> Response:
    """The sound, stereo FLAC: customer left, agent right. Parts of it by `Range` (RFC 9110 section 14)."""
    row = await pool.fetchrow("SELECT attempt_id, path, sha256 FROM recording WHERE id = $1", id)
    if row is None:
        raise not_found("recording", id)
    etag = f'"{row["sha256"]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    range_ = request.headers.get("range")
    log.info(
        "recording_played", user_id=user.me.id, recording_id=id, attempt_id=row["attempt_id"], range=range_
    )
    if etag in [known.strip() for known in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    path = _locate(settings.recordings_dir, row["path"])
    try:
        stat = await anyio.Path(path).stat()
    except FileNotFoundError:
        log.error("recording_missing", recording_id=id, path=row["path"])
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "sound_missing", "the recording's file is gone; restore it from the backup"
        ) from None
    is_current = request.headers.get("if-range", etag) == etag
    if range_ is not None and is_current and not is_satisfiable(range_, stat.st_size):
        raise ProblemError(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range_outside",
            f"the sound has {stat.st_size} bytes",
            {"Content-Range": f"bytes */{stat.st_size}"},
        )
    return FileResponse(path, headers=headers, media_type="audio/flac", stat_result=stat)


def is_satisfiable(range_: str, size: int) -> bool:
    """Whether a Range header asks for bytes, in order, that a file of `size` bytes has."""
    if not _RANGES.fullmatch(range_):
        return False
    for part in range_.removeprefix("bytes=").split(","):
        first, last = part.strip().split("-")
        if not first:
            if int(last) == 0:
                return False
        elif int(first) >= size or (last and int(last) < int(first)):
            return False
    return size > 0


def _locate(folder: Path | None, path: str) -> Path:
    if folder is None:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "recordings_not_configured",
            "set CADENCIA_RECORDINGS_DIR for the API",
        )
    # The row was written by ingest alone; a path of another shape means that somebody else wrote it.
    if not is_recording_path(path):
        raise ValueError(f"a recording's row names {path!r}, which is no path of ours")
    return folder / path


def _view(row: asyncpg.Record) -> RecordingView:
    return RecordingView(**dict(row))
