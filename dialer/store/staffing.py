"""Staffing plans: kept, changed, dropped, undone. Every change is logged, and told to the group's dialer at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import orjson

from dialer.domain.errors import BadInput
from dialer.domain.staffing import LONGEST_MIN, MOST_INBOUND, Staffing, StaffingPlan
from dialer.store.database import Connection

_SELECT = """
SELECT plan.*, agent_group.name AS group_name, app_user.login
FROM staffing_plan plan
JOIN agent_group ON agent_group.id = plan.agent_group_id
LEFT JOIN app_user ON app_user.id = plan.user_id
"""
_LONGEST_REASON = 40


@dataclass(frozen=True, slots=True)
class StaffingChange:
    """One change of the plans; `before` None: it was added, `after` None: it was dropped."""

    id: int
    group_id: int
    plan_id: int
    at: datetime
    #: None: by the command line.
    user_name: str | None
    before: StaffingPlan | None
    after: StaffingPlan | None
    undoes_id: int | None


async def read_staffing(connection: Connection, group_id: int) -> Staffing:
    """All that is planned of this group."""
    rows = await connection.fetch(f"{_SELECT} WHERE plan.agent_group_id = $1 ORDER BY plan.id", group_id)
    return Staffing(tuple(map(plan_of, rows)))


async def staffing_of(
    connection: Connection, group_id: int, begin: datetime, end: datetime
) -> tuple[tuple[datetime, Staffing], ...]:
    """What was planned of the group at `begin`, and each time it changed until `end`."""
    plans = {plan.id: plan for plan in (await read_staffing(connection, group_id)).plans}
    rows = await connection.fetch(
        "SELECT plan_id, at, before FROM staffing_change WHERE agent_group_id = $1 AND at >= $2"
        " ORDER BY at DESC, id DESC",
        *(group_id, begin),
    )
    found: list[tuple[datetime, Staffing]] = []
    for row in rows:  # from what is planned now back to then
        if row["at"] < end:
            found.append((row["at"], _staffing(plans)))
        before = _plan_from(row["plan_id"], row["before"])
        if before is None:
            plans.pop(row["plan_id"], None)
        else:
            plans[before.id] = before
    return ((begin, _staffing(plans)), *reversed(found))


def _staffing(plans: Mapping[int, StaffingPlan]) -> Staffing:
    return Staffing(tuple(plans[id_] for id_ in sorted(plans)))


async def list_plans(connection: Connection, plan_id: int | None = None) -> list[asyncpg.Record]:
    """Every plan (or the one) with `group_name` and `login` (None: the whole group), by group and time of day."""
    return list(
        await connection.fetch(
            f"{_SELECT} WHERE $1::bigint IS NULL OR plan.id = $1"
            " ORDER BY agent_group.name, plan.per_hour IS NOT NULL, plan.starts_at, plan.id",
            plan_id,
        )
    )


def plan_of(row: asyncpg.Record) -> StaffingPlan:
    """A row of `staffing_plan`."""
    return StaffingPlan(
        id=row["id"],
        agent_id=row["user_id"],
        reason=row["reason"],
        at=row["starts_at"],
        minutes=row["minutes"],
        weekdays=frozenset(row["weekdays"]),
        zone=row["time_zone"],
        per_hour=row["per_hour"],
    )


async def save_plan(
    connection: Connection,
    group_id: int,
    wanted: StaffingPlan,
    *,
    by: int | None,
    undoes_id: int | None = None,
) -> int:
    """Add this plan to the group, or put it in the place of the group's plan of the same id (0: a new one); its id.

    `by`: whose doing it is, None: the command line's. Raises BadInput.
    """
    _check(wanted)
    async with connection.transaction():
        await _check_agent(connection, group_id, wanted.agent_id)
        before = await _lock(connection, wanted.id)
        values = (
            *(group_id, wanted.agent_id, wanted.reason.strip(), wanted.at, wanted.minutes),
            *(sorted(wanted.weekdays), wanted.zone, wanted.per_hour),
        )
        if before is not None:
            await connection.execute(
                "UPDATE staffing_plan SET user_id = $2, reason = $3, starts_at = $4, minutes = $5, weekdays = $6,"
                " time_zone = $7, per_hour = $8, version = version + 1 WHERE agent_group_id = $1 AND id = $9",
                *(*values, wanted.id),
            )
            plan_id = wanted.id
        else:
            plan_id = await connection.fetchval(
                "INSERT INTO staffing_plan"
                " (agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone, per_hour, id)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
                " coalesce($9, nextval(pg_get_serial_sequence('staffing_plan', 'id')))) RETURNING id",
                *(*values, wanted.id or None),
            )
        (row,) = await list_plans(connection, plan_id)
        await _log(connection, group_id, plan_id, before, plan_of(row), by, undoes_id)
    return plan_id


async def drop_plan(
    connection: Connection, plan_id: int, *, by: int | None, undoes_id: int | None = None
) -> None:
    """Plan it no longer. Raises BadInput when there is none of this id."""
    async with connection.transaction():
        before = await _lock(connection, plan_id)
        if before is None:
            raise BadInput(f"there is no staffing plan {plan_id}; see: dialer staffing list")
        group_id = await connection.fetchval(
            "DELETE FROM staffing_plan WHERE id = $1 RETURNING agent_group_id", plan_id
        )
        await _log(connection, group_id, plan_id, before, None, by, undoes_id)


async def list_changes(connection: Connection, *, limit: int = 50) -> list[StaffingChange]:
    """The newest first, of all groups."""
    rows = await connection.fetch(
        "SELECT change.*, app_user.display_name AS user_name FROM staffing_change AS change"
        " LEFT JOIN app_user ON app_user.id = change.user_id ORDER BY change.id DESC LIMIT $1",
        limit,
    )
    return [_change_of(row) for row in rows]


async def read_change(connection: Connection, change_id: int) -> StaffingChange | None:
    """The change of this id, if there is one."""
    row = await connection.fetchrow(
        "SELECT change.*, app_user.display_name AS user_name FROM staffing_change AS change"
        " LEFT JOIN app_user ON app_user.id = change.user_id WHERE change.id = $1",
        change_id,
    )
    return None if row is None else _change_of(row)


async def undo_change(connection: Connection, change: StaffingChange, *, by: int | None) -> None:
    """Put back what the change replaced. Raises BadInput when another change has come over it."""
    async with connection.transaction():
        if await _lock(connection, change.plan_id) != change.after:
            raise BadInput("another change has come over this one: undo that first, or plan it by hand")
        if change.before is None:
            await drop_plan(connection, change.plan_id, by=by, undoes_id=change.id)
        else:
            await save_plan(connection, change.group_id, change.before, by=by, undoes_id=change.id)


async def group_named(connection: Connection, name: str) -> int:
    """The id of an agent group. Raises BadInput."""
    found: int | None = await connection.fetchval("SELECT id FROM agent_group WHERE name = $1", name)
    if found is None:
        raise BadInput(f"there is no agent group {name!r}; see: dialer user list")
    return found


async def agent_named(connection: Connection, group_id: int, login: str) -> int:
    """The id of an agent of this group. Raises BadInput."""
    found: int | None = await connection.fetchval(
        "SELECT id FROM app_user WHERE login = $1 AND agent_group_id = $2", login, group_id
    )
    if found is None:
        raise BadInput(f"there is no agent {login!r} in this group; see: dialer user list")
    return found


def _check(plan: StaffingPlan) -> None:
    if not 1 <= plan.minutes <= LONGEST_MIN:
        raise BadInput(f"a plan lasts 1 to {LONGEST_MIN} minutes, not {plan.minutes}")
    if not plan.weekdays or not plan.weekdays <= set(range(7)):
        raise BadInput("a plan needs at least one day of the week")
    if not 1 <= len(plan.reason.strip()) <= _LONGEST_REASON:
        raise BadInput(f"the reason has 1 to {_LONGEST_REASON} characters: break, meeting, shift end ...")
    try:
        ZoneInfo(plan.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # (OSError: a part of the world alone)
        raise BadInput(
            f"there is no time zone {plan.zone!r}: give an IANA name like America/Bogota"
        ) from None
    if plan.per_hour is not None:
        if not 0 < plan.per_hour <= MOST_INBOUND:
            raise BadInput(f"calls from outside: up to {MOST_INBOUND:g} an hour, not {plan.per_hour:g}")
        if plan.agent_id is not None:
            raise BadInput("calls from outside are expected by a group, not by one agent: name no agent")


async def _check_agent(connection: Connection, group_id: int, agent_id: int | None) -> None:
    if await connection.fetchval("SELECT 1 FROM agent_group WHERE id = $1", group_id) is None:
        raise BadInput(f"there is no agent group {group_id}")
    if agent_id is None:
        return
    theirs = await connection.fetchval("SELECT agent_group_id FROM app_user WHERE id = $1", agent_id)
    if theirs != group_id:
        raise BadInput("this agent is not in the group: choose one of it, or the whole group")


async def _lock(connection: Connection, plan_id: int) -> StaffingPlan | None:
    row = await connection.fetchrow("SELECT * FROM staffing_plan WHERE id = $1 FOR UPDATE", plan_id)
    return None if row is None else plan_of(row)


async def _log(
    connection: Connection,
    group_id: int,
    plan_id: int,
    before: StaffingPlan | None,
    after: StaffingPlan | None,
    by: int | None,
    undoes_id: int | None,
) -> None:
    if before == after:
        return
    await connection.execute(
        "INSERT INTO staffing_change (agent_group_id, plan_id, user_id, at, before, after, undoes_id)"
        " VALUES ($1, $2, $3, clock_timestamp(), $4::text::jsonb, $5::text::jsonb, $6)",
        *(group_id, plan_id, by, _as_json(before), _as_json(after), undoes_id),
    )
    await connection.execute("SELECT pg_notify('cadencia_staffing', $1)", str(group_id))


def _as_json(plan: StaffingPlan | None) -> str | None:
    if plan is None:
        return None
    said = {
        "agent_id": plan.agent_id,
        "reason": plan.reason,
        "at": f"{plan.at:%H:%M}",
        "minutes": plan.minutes,
        "weekdays": sorted(plan.weekdays),
        "zone": plan.zone,
        "per_hour": plan.per_hour,
    }
    return orjson.dumps(said).decode()


def _plan_from(plan_id: int, text: str | None) -> StaffingPlan | None:
    if text is None:
        return None
    said: dict[str, Any] = orjson.loads(text)
    return StaffingPlan(
        **{
            **said,
            "id": plan_id,
            "at": time.fromisoformat(said["at"]),
            "weekdays": frozenset(said["weekdays"]),
        }
    )


def _change_of(row: asyncpg.Record) -> StaffingChange:
    return StaffingChange(
        id=row["id"],
        group_id=row["agent_group_id"],
        plan_id=row["plan_id"],
        at=row["at"],
        user_name=row["user_name"],
        before=_plan_from(row["plan_id"], row["before"]),
        after=_plan_from(row["plan_id"], row["after"]),
        undoes_id=row["undoes_id"],
    )
