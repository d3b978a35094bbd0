"""Staffing plans: what the pacing is to know of agents beforehand; planned, changed, dropped, undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import asyncpg
import structlog
from fastapi import APIRouter, Header, Response

from dialer.api.auth import Database, Supervisor
from dialer.api.problems import ProblemError, not_found
from dialer.api.schemas import RowId
from dialer.api.staffing_schemas import (
    StaffedAgent,
    StaffingChangeView,
    StaffingGroupView,
    StaffingPlanSettings,
    StaffingPlanView,
    StaffingTime,
    show_plan,
)
from dialer.api.versions import demand_version, etag
from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.staffing import (
    drop_plan,
    list_changes,
    list_plans,
    plan_of,
    read_change,
    save_plan,
    undo_change,
)

log = structlog.get_logger()

router = APIRouter(prefix="/staffing", tags=["staffing"])

#: Times shown are those of so long from now.
SHOWN = timedelta(hours=24)
#: Changes shown.
CHANGES_SHOWN = 20

IfMatch = Annotated[str | None, Header()]


@router.get("")
async def read_staffing(user: Supervisor, pool: Database) -> list[StaffingGroupView]:
    """Every group, with what is planned of its agents."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        groups = await connection.fetch("SELECT id, name FROM agent_group ORDER BY name")
        agents = await connection.fetch(
            "SELECT id, agent_group_id, display_name FROM app_user"
            " WHERE active AND agent_group_id IS NOT NULL ORDER BY display_name"
        )
        rows = await list_plans(connection)
    return [
        StaffingGroupView(
            id=group["id"],
            name=group["name"],
            agents=[
                StaffedAgent(id=agent["id"], name=agent["display_name"])
                for agent in agents
                if agent["agent_group_id"] == group["id"]
            ],
            plans=[_plan_view(row) for row in rows if row["agent_group_id"] == group["id"]],
            times=_times([row for row in rows if row["agent_group_id"] == group["id"]], datetime.now(UTC)),
        )
        for group in groups
    ]


@router.post("/plans", status_code=HTTPStatus.CREATED)
async def add_staffing_plan(
    wanted: StaffingPlanSettings, user: Supervisor, response: Response, pool: Database
) -> StaffingPlanView:
    """Plan an absence, or calls from outside; the group's dialer heeds it at once."""
    async with pool.acquire() as connection:
        with _plain():
            plan_id = await save_plan(connection, wanted.group_id, wanted.plan(), by=user.me.id)
        saved = await _read(connection, plan_id)
    log.info("staffing_plan_added", user_id=user.me.id, plan_id=plan_id)
    response.headers["ETag"] = etag(saved.version)
    return saved


@router.put("/plans/{id}")
async def put_staffing_plan(
    id: RowId,
    wanted: StaffingPlanSettings,
    user: Supervisor,
    response: Response,
    pool: Database,
    if_match: IfMatch = None,
) -> StaffingPlanView:
    """Another plan in the place of the one of the version named by If-Match."""
    async with pool.acquire() as connection, connection.transaction():
        await _demand(connection, id, if_match, wanted.group_id)
        with _plain():
            await save_plan(connection, wanted.group_id, wanted.plan(id), by=user.me.id)
        saved = await _read(connection, id)
    log.info("staffing_plan_changed", user_id=user.me.id, plan_id=id)
    response.headers["ETag"] = etag(saved.version)
    return saved


@router.delete("/plans/{id}", status_code=HTTPStatus.NO_CONTENT)
async def drop_staffing_plan(id: RowId, user: Supervisor, pool: Database, if_match: IfMatch = None) -> None:
    """Plan it no longer. The log of changes keeps it, so that it can be undone."""
    async with pool.acquire() as connection, connection.transaction():
        await _demand(connection, id, if_match)
        await drop_plan(connection, id, by=user.me.id)
    log.info("staffing_plan_dropped", user_id=user.me.id, plan_id=id)


@router.get("/changes")
async def list_staffing_changes(user: Supervisor, pool: Database) -> list[StaffingChangeView]:
    """The newest changes of the plans: who, when, from what to what."""
    async with pool.acquire() as connection:
        changes = await list_changes(connection, limit=CHANGES_SHOWN)
        standing = {row["id"]: plan_of(row) for row in await list_plans(connection)}
    undone = {change.undoes_id for change in changes}
    return [
        StaffingChangeView(
            id=change.id,
            plan_id=change.plan_id,
            group_id=change.group_id,
            at=change.at,
            user_name=change.user_name,
            before=None if change.before is None else show_plan(change.group_id, change.before),
            after=None if change.after is None else show_plan(change.group_id, change.after),
            undoes_id=change.undoes_id,
            undoable=change.id not in undone and standing.get(change.plan_id) == change.after,
        )
        for change in changes
    ]


@router.post("/changes/{id}/undo", status_code=HTTPStatus.NO_CONTENT)
async def undo_staffing_change(id: RowId, user: Supervisor, pool: Database) -> None:
    """Put back what a change replaced, when what it planned still stands (409 `changed_since` otherwise)."""
    async with pool.acquire() as connection:
        change = await read_change(connection, id)
        if change is None:
            raise not_found("change", id)
        try:
            await undo_change(connection, change, by=user.me.id)
        except BadInput as error:
            raise ProblemError(HTTPStatus.CONFLICT, "changed_since", str(error)) from error
    log.info("staffing_change_undone", user_id=user.me.id, change_id=id)


async def _demand(
    connection: Connection, id_: int, if_match: str | None, group_id: int | None = None
) -> None:
    """Lock the plan of the version that was seen."""
    row = await connection.fetchrow(
        "SELECT version, agent_group_id FROM staffing_plan WHERE id = $1 FOR UPDATE", id_
    )
    if row is None:
        raise not_found("staffing plan", id_)
    demand_version(if_match, row["version"], "plan")
    if group_id not in (None, row["agent_group_id"]):
        raise _bad("a plan stays with its group: drop this one and plan another")


@contextmanager
def _plain() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        raise _bad(str(error)) from error


def _bad(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_plan", detail)


async def _read(connection: Connection, plan_id: int) -> StaffingPlanView:
    (row,) = await list_plans(connection, plan_id)
    return _plan_view(row)


def _plan_view(row: asyncpg.Record) -> StaffingPlanView:
    shown = show_plan(row["agent_group_id"], plan_of(row))
    return StaffingPlanView(**shown.model_dump(), id=row["id"], version=row["version"])


def _times(rows: list[asyncpg.Record], now: datetime) -> list[StaffingTime]:
    found = [
        StaffingTime(plan_id=row["id"], begins_at=begins_at, ends_at=ends_at)
        for row in rows
        for begins_at, ends_at in plan_of(row).spans(now, now + SHOWN)
    ]
    return sorted(found, key=lambda time: time.begins_at)
