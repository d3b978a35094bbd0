"""Who may log in, and who no longer may. All take part in the caller's transaction."""

from __future__ import annotations

from typing import Any

from dialer.domain.errors import BadInput
from dialer.store.database import Connection
from dialer.store.teams import ask_shard


async def list_users(connection: Connection) -> list[dict[str, Any]]:
    """Everybody by log-in: role, agent group, whether he may log in, and the end of his longest open session."""
    rows = await connection.fetch(
        """
        SELECT u.id, u.login, u.display_name, u.role, g.name AS agent_group, u.active, u.created_at,
               max(s.expires_at) FILTER (WHERE s.expires_at > now()) AS session_until
        FROM app_user u
        LEFT JOIN agent_group g ON g.id = u.agent_group_id
        LEFT JOIN user_session s ON s.user_id = u.id
        GROUP BY u.id, g.name
        ORDER BY u.login
        """
    )
    return [dict(row) for row in rows]


async def find_user(connection: Connection, login: str) -> int:
    """The id of who logs in so, locked for this transaction. Raises BadInput on an unknown log-in."""
    user_id = await connection.fetchval("SELECT id FROM app_user WHERE login = $1 FOR UPDATE", login)
    if user_id is None:
        raise BadInput(f"nobody logs in as {login!r}: `dialer user list` tells who does")
    return int(user_id)


async def set_password(connection: Connection, login: str, password_hash: str) -> None:
    """A new password. Who is logged in with the old one is so no more. Raises BadInput on an unknown log-in."""
    user_id = await find_user(connection, login)
    await connection.execute("UPDATE app_user SET password_hash = $2 WHERE id = $1", user_id, password_hash)
    await _end_sessions(connection, user_id)


async def set_active(connection: Connection, login: str, *, active: bool) -> bool:
    """Whether he may log in from now on; False when it was so before. Who may not is logged out: his sessions and
    his telephone's password are gone, the API closes his console within seconds, and an agent's shard hangs his
    telephone up, keeps his customer for the next free agent and waits for him no more. Raises BadInput on an unknown
    log-in."""
    user_id = await find_user(connection, login)
    changed = await connection.fetchval(
        "UPDATE app_user SET active = $2 WHERE id = $1 AND active <> $2 RETURNING true", user_id, active
    )
    if not active:
        await _end_sessions(connection, user_id)
        await _send_home(connection, user_id)
    return bool(changed)


async def _send_home(connection: Connection, user_id: int) -> None:
    shard_id = await connection.fetchval(
        "SELECT shard_id FROM agent_session WHERE user_id = $1 AND state <> 'logged_out' FOR UPDATE", user_id
    )
    if shard_id is not None:
        # His telephone first: to log out alone would wait for the end of a call that he is no more to have.
        for wish in ("console_lost", "log_out"):
            await ask_shard(connection, shard_id, user_id, wish)


async def _end_sessions(connection: Connection, user_id: int) -> None:
    await connection.execute("DELETE FROM user_session WHERE user_id = $1", user_id)
    await connection.execute("DELETE FROM sip_credential WHERE user_id = $1", user_id)
