"""Attempts: found by what happened to them, told event by event."""

from __future__ import annotations

from typing import Annotated

import asyncpg
import orjson
from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from dialer.api.auth import READS_ATTEMPTS, Database
from dialer.api.problems import not_found
from dialer.api.review_schemas import AttemptPage, AttemptStory, AttemptView, EventView
from dialer.api.schemas import ULID, AttemptId, Line, RowNumber
from dialer.domain.outcomes import Outcome

router = APIRouter(prefix="/attempts", tags=["attempts"])

PAGE = 50

_VIEW = """
    SELECT a.id, a.campaign_id, a.lead_id, p.full_name AS person_name, a.number, a.n, a.mode, a.trunk, a.state,
           a.outcome, a.q850, a.sip_status, a.agent_id, u.display_name AS agent_name, a.planned_at, a.ringing_at,
           a.answered_at, a.connected_at, a.ended_at, a.connect_ms, a.disposition, a.note, r.id AS recording_id
    FROM attempt a
    JOIN person p ON p.id = a.person_id
    LEFT JOIN app_user u ON u.id = a.agent_id
    LEFT JOIN recording r ON r.attempt_id = a.id
"""
# Constants of this file only: what a request says is a bound parameter.
# Ids are ULIDs: their order is the order of planning, so the newest first needs no sort.
_PAGE = f"""
    {_VIEW}
    WHERE ($1::text IS NULL OR a.id < $1)
      AND ($2::bigint IS NULL OR a.campaign_id = $2)
      AND ($3::bigint IS NULL OR a.agent_id = $3)
      AND ($4::bigint IS NULL OR a.lead_id = $4)
      AND ($5::text IS NULL OR a.outcome = $5)
      AND ($6::text IS NULL OR a.disposition = $6)
      AND ($7::text IS NULL OR a.number = $7)
      AND ($8::timestamptz IS NULL OR a.planned_at >= $8)
      AND ($9::timestamptz IS NULL OR a.planned_at < $9)
    ORDER BY a.id DESC
    LIMIT $10
"""
_ONE = f"{_VIEW} WHERE a.id = $1"


@router.get("", dependencies=[READS_ATTEMPTS])
async def list_attempts(
    pool: Database,
    cursor: Annotated[str | None, Query(pattern=ULID)] = None,
    campaign_id: RowNumber | None = None,
    agent_id: RowNumber | None = None,
    lead_id: RowNumber | None = None,
    outcome: Outcome | None = None,
    disposition: Line | None = None,
    number: Annotated[str | None, Query(pattern=r"^\+[0-9]{8,15}$")] = None,
    from_: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    to: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> AttemptPage:
    """The newest attempts first, those planned in [from, to) that match every filter given."""
    rows = await pool.fetch(
        _PAGE,
        cursor,
        campaign_id,
        agent_id,
        lead_id,
        outcome,
        disposition,
        number,
        from_,
        to,
        limit + 1,
    )
    items = [_view(row) for row in rows[:limit]]
    return AttemptPage(items=items, next_cursor=items[-1].id if len(rows) > limit else None)


@router.get("/{id}", dependencies=[READS_ATTEMPTS])
async def read_attempt(id: AttemptId, pool: Database) -> AttemptStory:
    """One attempt and all that the log says of it."""
    row = await pool.fetchrow(_ONE, id)
    if row is None:
        raise not_found("attempt", id)
    events = await pool.fetch(
        "SELECT seq, type, at, data FROM call_event WHERE attempt_id = $1 ORDER BY shard_id, seq", id
    )
    return AttemptStory(
        attempt=_view(row),
        events=[EventView(**{**event, "data": orjson.loads(event["data"])}) for event in events],
    )


def _view(row: asyncpg.Record) -> AttemptView:
    return AttemptView(**dict(row))
