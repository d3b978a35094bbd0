"""Agent groups, who works in which, and agents who go over to another.

Whoever is logged in belongs to his group's shard: it is asked to let him go (`leave_group`), at once or when his call
is over, and the transaction that logs him out there changes his group (`finish_moves` in `queries.sql`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.errors import BadInput
from dialer.store.database import Connection


@dataclass(frozen=True, slots=True)
class Group:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class TeamAgent:
    """An agent, his group, and the one he goes over to when his call is over."""

    id: int
    login: str
    name: str
    group_id: int
    group_name: str
    state: str
    moving_to: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """Who went from where to where, who wanted it (None: by command); `done_at` None: not yet."""

    id: int
    agent_name: str
    agent_login: str
    from_group: str
    to_group: str
    user_name: str | None
    asked_at: datetime
    done_at: datetime | None


async def read_groups(connection: Connection) -> list[Group]:
    return [
        Group(**dict(row)) for row in await connection.fetch("SELECT id, name FROM agent_group ORDER BY name")
    ]


async def find_group(connection: Connection, name: str) -> int:
    """The group's id. Raises BadInput, which names those there are."""
    groups = await read_groups(connection)
    for group in groups:
        if group.name == name:
            return group.id
    raise BadInput(
        f"no agent group {name!r}; there are: {', '.join(group.name for group in groups) or 'none yet'}"
    )


async def read_team(connection: Connection) -> list[TeamAgent]:
    """All active agents, by group and name."""
    rows = await connection.fetch(
        """
        SELECT app_user.id, app_user.login, app_user.display_name AS name, home.id AS group_id,
               home.name AS group_name, coalesce(agent_session.state, 'logged_out') AS state, target.name AS moving_to
        FROM app_user
        JOIN agent_group AS home ON home.id = app_user.agent_group_id
        LEFT JOIN agent_session ON agent_session.user_id = app_user.id
        LEFT JOIN agent_move ON agent_move.agent_id = app_user.id AND agent_move.done_at IS NULL
        LEFT JOIN agent_group AS target ON target.id = agent_move.to_group_id
        WHERE app_user.role = 'agent' AND app_user.active
        ORDER BY home.name, app_user.display_name, app_user.id
        """
    )
    return [TeamAgent(**dict(row)) for row in rows]


async def read_moves(connection: Connection, limit: int) -> list[Move]:
    """The newest first."""
    rows = await connection.fetch(
        """
        SELECT agent_move.id, agent.display_name AS agent_name, agent.login AS agent_login,
               home.name AS from_group, target.name AS to_group, asker.display_name AS user_name,
               agent_move.created_at AS asked_at, agent_move.done_at
        FROM agent_move
        JOIN app_user AS agent ON agent.id = agent_move.agent_id
        JOIN agent_group AS home ON home.id = agent_move.from_group_id
        JOIN agent_group AS target ON target.id = agent_move.to_group_id
        LEFT JOIN app_user AS asker ON asker.id = agent_move.user_id
        ORDER BY agent_move.id DESC
        LIMIT $1
        """,
        limit,
    )
    return [Move(**dict(row)) for row in rows]


async def move_agent(connection: Connection, agent_id: int, group_id: int, *, user_id: int | None) -> bool:
    """Send an agent to another group: whether he is there now; False: he goes when his call is over.

    In the caller's transaction. His own group again takes back a move that waits. Raises LookupError when there is no
    such agent, BadInput when there is nothing to do or no such group.
    """
    agent = await connection.fetchrow(
        "SELECT agent_group_id, display_name FROM app_user WHERE id = $1 AND role = 'agent' AND active FOR UPDATE",
        agent_id,
    )
    if agent is None:
        raise LookupError(f"there is no agent {agent_id}")
    if not await connection.fetchval("SELECT true FROM agent_group WHERE id = $1", group_id):
        raise BadInput(f"there is no agent group {group_id}")
    taken_back = await connection.fetchval(
        "DELETE FROM agent_move WHERE agent_id = $1 AND done_at IS NULL RETURNING true", agent_id
    )
    if agent["agent_group_id"] == group_id:
        if taken_back:
            await ask_shard(connection, agent["agent_group_id"], agent_id, "stay_in_group")
            return True
        raise BadInput(f"{agent['display_name']} works in that group already")
    move_id = await connection.fetchval(
        "INSERT INTO agent_move (agent_id, from_group_id, to_group_id, user_id) VALUES ($1, $2, $3, $4) RETURNING id",
        *(agent_id, agent["agent_group_id"], group_id, user_id),
    )
    # Held against the shard, which logs him out in a transaction of its own: one of the two sees the other.
    session = await connection.fetchrow(
        "SELECT state, shard_id FROM agent_session WHERE user_id = $1 FOR UPDATE", agent_id
    )
    if session is None or session["state"] == "logged_out":
        await connection.execute("UPDATE app_user SET agent_group_id = $2 WHERE id = $1", agent_id, group_id)
        await connection.execute("UPDATE agent_move SET done_at = now() WHERE id = $1", move_id)
        return True
    await ask_shard(connection, session["shard_id"], agent_id, "leave_group")
    return False


async def ask_shard(connection: Connection, shard_id: int, agent_id: int, wish: str) -> None:
    """Ask the shard at which an agent works for something that concerns him; in the caller's transaction."""
    await connection.execute(
        "INSERT INTO intent (shard_id, user_id, key, type, data)"
        " VALUES ($1, $2, 'office-' || gen_random_uuid(), $3, '{}')",
        *(shard_id, agent_id, wish),
    )
    await connection.execute("SELECT pg_notify('cadencia_intent', $1)", str(shard_id))
