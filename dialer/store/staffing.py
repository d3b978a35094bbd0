"""Planned absences and expected inbound calls. Every change is told to the group's dialer, which heeds it at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from dialer.domain.errors import BadInput
from dialer.domain.staffing import LONGEST_MIN, MOST_INBOUND, AbsencePlan, Staffing
from dialer.store.database import Connection

_SELECT = """
SELECT plan.id, plan.reason, plan.starts_at, plan.minutes, plan.weekdays, plan.time_zone, plan.user_id,
       agent_group.name AS group_name, app_user.login
FROM absence_plan plan
JOIN agent_group ON agent_group.id = plan.agent_group_id
LEFT JOIN app_user ON app_user.id = plan.user_id
"""


async def read_staffing(connection: Connection, group_id: int) -> Staffing:
    """All that is planned of this group."""
    rows = await connection.fetch(f"{_SELECT} WHERE plan.agent_group_id = $1 ORDER BY plan.id", group_id)
    per_hour = await connection.fetchval(
        "SELECT per_hour FROM expected_inbound WHERE agent_group_id = $1", group_id
    )
    return Staffing(tuple(map(_plan_of, rows)), per_hour or 0.0)


def _plan_of(row: asyncpg.Record) -> AbsencePlan:
    return AbsencePlan(
        id=row["id"],
        agent_id=row["user_id"],
        reason=row["reason"],
        at=row["starts_at"],
        minutes=row["minutes"],
        weekdays=frozenset(row["weekdays"]),
        zone=row["time_zone"],
    )


async def list_absences(connection: Connection) -> list[asyncpg.Record]:
    """Every plan, with `group_name` and `login` (None: the whole group), by group and time of day."""
    return list(await connection.fetch(f"{_SELECT} ORDER BY agent_group.name, plan.starts_at, plan.id"))


async def list_inbound(connection: Connection) -> list[asyncpg.Record]:
    """`group_name` and `per_hour` of the groups that expect calls from outside."""
    return list(
        await connection.fetch(
            "SELECT agent_group.name AS group_name, per_hour FROM expected_inbound"
            " JOIN agent_group ON agent_group.id = agent_group_id ORDER BY 1"
        )
    )


async def plan_absence(
    connection: Connection,
    group: str,
    *,
    login: str | None,
    reason: str,
    at: time,
    minutes: int,
    weekdays: Collection[int],
    zone: str,
) -> int:
    """Plan an absence of everybody in the group, or of one agent. Its id. Raises BadInput."""
    if not 1 <= minutes <= LONGEST_MIN:
        raise BadInput(f"an absence lasts 1 to {LONGEST_MIN} minutes, not {minutes}")
    if not weekdays or not set(weekdays) <= set(range(7)):
        raise BadInput("an absence needs at least one day of the week")
    if not 1 <= len(reason.strip()) <= 40:
        raise BadInput("the reason has 1 to 40 characters: break, meeting, shift end ...")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInput(f"there is no time zone {zone!r}: give an IANA name like America/Bogota") from None
    async with connection.transaction():
        group_id = await _group(connection, group)
        user_id = None
        if login is not None:
            user_id = await connection.fetchval(
                "SELECT id FROM app_user WHERE login = $1 AND agent_group_id = $2", login, group_id
            )
            if user_id is None:
                raise BadInput(f"there is no agent {login!r} in group {group!r}; see: dialer user list")
        found: int = await connection.fetchval(
            "INSERT INTO absence_plan (agent_group_id, user_id, reason, starts_at, minutes, weekdays, time_zone)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            *(group_id, user_id, reason.strip(), at, minutes, sorted(set(weekdays)), zone),
        )
        await _tell(connection, group_id)
    return found


async def drop_absence(connection: Connection, plan_id: int) -> None:
    """Plan it no longer. Raises BadInput when there is none of this id."""
    async with connection.transaction():
        group_id = await connection.fetchval(
            "DELETE FROM absence_plan WHERE id = $1 RETURNING agent_group_id", plan_id
        )
        if group_id is None:
            raise BadInput(f"there is no planned absence {plan_id}; see: dialer staffing list")
        await _tell(connection, group_id)


async def expect_inbound(connection: Connection, group: str, per_hour: float) -> None:
    """So many calls an hour from outside will take agents of this group; 0: none. Raises BadInput."""
    if not 0 <= per_hour <= MOST_INBOUND:
        raise BadInput(f"calls from outside: from 0 to {MOST_INBOUND:g} an hour, not {per_hour:g}")
    async with connection.transaction():
        group_id = await _group(connection, group)
        await connection.execute("DELETE FROM expected_inbound WHERE agent_group_id = $1", group_id)
        if per_hour > 0:
            await connection.execute(
                "INSERT INTO expected_inbound (agent_group_id, per_hour) VALUES ($1, $2)", group_id, per_hour
            )
        await _tell(connection, group_id)


async def _group(connection: Connection, name: str) -> int:
    found: int | None = await connection.fetchval("SELECT id FROM agent_group WHERE name = $1", name)
    if found is None:
        raise BadInput(f"there is no agent group {name!r}; see: dialer user list")
    return found


async def _tell(connection: Connection, group_id: int) -> None:
    await connection.execute("SELECT pg_notify('cadencia_staffing', $1)", str(group_id))
