"""Segments: read, counted before they are kept, kept, and who moved in the last runs."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Response

from dialer.api.auth import Database, Supervisor
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId
from dialer.api.segment_schemas import (
    ConditionsView,
    CountedView,
    CountRequest,
    Named,
    SegmentField,
    SegmentParts,
    SegmentPreset,
    SegmentRunView,
    SegmentSettings,
    SegmentView,
    TreatmentView,
)
from dialer.api.versions import demand_version, etag
from dialer.domain.errors import BadInput, Refused
from dialer.domain.segments import CODES, KINDS, PRESETS, TESTS, Conditions, Treatment, read_conditions
from dialer.store.database import Connection
from dialer.store.segments import Segment, count_leads, read_runs, read_segments, run_now, save_segment

log = structlog.get_logger()

router = APIRouter(prefix="/segments", tags=["segments"])


@router.get("")
async def list_segments(user: Supervisor, pool: Database) -> list[SegmentView]:
    """All segments in the order in which they are tried, with how many leads are in each now."""
    async with pool.acquire() as connection:
        found = await read_segments(connection)
    return [_segment_view(each) for each in found]


@router.get("/parts")
async def read_parts(user: Supervisor, pool: Database) -> SegmentParts:
    """The fields with their tests and choices, the presets, and the scripts."""
    scripts = await pool.fetch("SELECT id, name FROM script ORDER BY name")
    return SegmentParts(
        fields=[
            SegmentField(name=field, kind=kind, tests=list(TESTS[kind]), choices=list(CODES.get(field, ())))
            for field, kind in KINDS.items()
        ],
        presets=[
            SegmentPreset(
                name=preset.name,
                conditions=_conditions_view(preset.conditions),
                treatment=_treatment_view(preset.treatment),
            )
            for preset in PRESETS
        ],
        scripts=[Named(**dict(row)) for row in scripts],
    )


@router.post("/count")
async def count_segment(asked: CountRequest, user: Supervisor, pool: Database) -> CountedView:
    """How many open leads meet the conditions now. Changes nothing."""
    try:
        conditions = _conditions(asked.conditions)
        async with pool.acquire() as connection:
            counted = await count_leads(connection, conditions, asked.campaign_id)
    except BadInput as error:
        raise _bad(error) from error
    return CountedView(**asdict(counted))


@router.get("/runs")
async def list_runs(
    user: Supervisor, pool: Database, limit: Annotated[int, Query(ge=1, le=50)] = 5
) -> list[SegmentRunView]:
    """The newest runs, each with who moved from where to where."""
    async with pool.acquire() as connection:
        return [SegmentRunView.model_validate(run) for run in await read_runs(connection, limit)]


@router.post("/runs")
async def post_segment_run(user: Supervisor, pool: Database) -> SegmentRunView:
    """Put every open lead into the first segment that fits, now instead of by night; answers when it is done.
    Dialling goes on meanwhile."""
    async with pool.acquire() as connection:
        try:
            made = await run_now(connection)
        except Refused as error:
            raise ProblemError(HTTPStatus.CONFLICT, error.code, str(error)) from error
    log.info("segments_run", user_id=user.me.id, leads=made.leads, moved=made.moved)
    return SegmentRunView.model_validate(made)


@router.post("", status_code=HTTPStatus.CREATED)
async def add_segment(
    wanted: SegmentSettings, user: Supervisor, response: Response, pool: Database
) -> SegmentView:
    """A new segment; leads move into it with the next run."""
    async with pool.acquire() as connection, connection.transaction():
        saved = await _save(connection, wanted, None)
    log.info("segment_added", user_id=user.me.id, segment_id=saved.id)
    response.headers["ETag"] = etag(saved.version)
    return saved


@router.put("/{id}")
async def put_segment(
    id: RowId,
    wanted: SegmentSettings,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: Annotated[str | None, Header()] = None,
) -> SegmentView:
    """Other conditions and treatment for the segment of the version named by If-Match; leads move with the next run."""
    async with pool.acquire() as connection, connection.transaction():
        version = await connection.fetchval("SELECT version FROM segment WHERE id = $1 FOR UPDATE", id)
        if version is None:
            raise not_found("segment", id)
        demand_version(if_match, version, "segment")
        saved = await _save(connection, wanted, id)
    log.info("segment_changed", user_id=user.me.id, segment_id=id, version=saved.version)
    response.headers["ETag"] = etag(saved.version)
    return saved


async def _save(connection: Connection, wanted: SegmentSettings, id_: int | None) -> SegmentView:
    try:
        saved = await save_segment(
            connection,
            wanted.name,
            None if wanted.conditions is None else _conditions(wanted.conditions),
            Treatment(**wanted.treatment.model_dump()),
            id_=id_,
            position=wanted.position,
            active=wanted.active,
        )
    except BadInput as error:
        raise _bad(error) from error
    return next(_segment_view(each) for each in await read_segments(connection) if each.id == saved)


def _bad(error: BadInput) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_segment", str(error))


def _segment_view(segment: Segment) -> SegmentView:
    return SegmentView(
        id=segment.id,
        name=segment.name,
        position=segment.position,
        active=segment.active,
        conditions=None if segment.conditions is None else _conditions_view(segment.conditions),
        treatment=_treatment_view(segment.treatment),
        leads=segment.leads,
        version=segment.version,
    )


def _conditions(view: ConditionsView) -> Conditions:
    """Raises BadInput."""
    return read_conditions(view.model_dump(mode="json"))


def _conditions_view(conditions: Conditions) -> ConditionsView:
    return ConditionsView.model_validate(conditions.as_json())


def _treatment_view(treatment: Treatment) -> TreatmentView:
    return TreatmentView(**asdict(treatment))
