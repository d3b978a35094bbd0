"""Who may do what: sessions, and the table of roles and permissions that every route is bound to.

A session is a random 256-bit cookie whose SHA-256 is a row of `user_session`: a stolen database opens nothing, and
deleting the row ends it everywhere at the next request (an open live socket closes within 5 s).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

import asyncpg
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.requests import HTTPConnection

from dialer.api.problems import ProblemError
from dialer.api.schemas import Me, Role
from dialer.config import Settings

#: One long shift.
SESSION_TIME = timedelta(hours=12)


class Permission(StrEnum):
    KEEP_SESSION = "keep_session"
    TAKE_CALLS = "take_calls"
    READ_CAMPAIGNS = "read_campaigns"
    RUN_CAMPAIGNS = "run_campaigns"
    READ_ATTEMPTS = "read_attempts"
    HEAR_RECORDINGS = "hear_recordings"
    WATCH_LIVE = "watch_live"


P = Permission
_EVERYBODY = frozenset({P.KEEP_SESSION, P.WATCH_LIVE})
_REVIEW = frozenset({P.READ_CAMPAIGNS, P.READ_ATTEMPTS, P.HEAR_RECORDINGS})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "agent": _EVERYBODY | {P.TAKE_CALLS, P.READ_CAMPAIGNS},
    "qa": _EVERYBODY | _REVIEW,
    "supervisor": _EVERYBODY | _REVIEW | {P.RUN_CAMPAIGNS},
    "admin": _EVERYBODY | _REVIEW | {P.RUN_CAMPAIGNS},
}


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, and by which session."""

    me: Me
    token_hash: str
    expires_at: datetime

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.me.role]

    @property
    def only_group_id(self) -> int | None:
        """The group beyond which he sees nothing; None: he sees all."""
        return self.me.agent_group_id if self.me.role == "agent" else None

    @property
    def group_id(self) -> int:
        """The agent group, which is also the shard. Agents have one: the database sees to it."""
        assert self.me.agent_group_id is not None
        return self.me.agent_group_id


def database(connection: HTTPConnection) -> asyncpg.Pool:
    """The pool that the application's lifespan opened."""
    pool: asyncpg.Pool = connection.app.state.pool
    return pool


def settings_of(connection: HTTPConnection) -> Settings:
    settings: Settings = connection.app.state.settings
    return settings


Database = Annotated[asyncpg.Pool, Depends(database)]
Config = Annotated[Settings, Depends(settings_of)]


@dataclass(frozen=True, slots=True)
class Allow:
    """The dependency that lets a request in: the session's role must hold `permission`. None: anybody may."""

    permission: Permission | None

    async def __call__(self, connection: HTTPConnection) -> User | None:
        if self.permission is None:
            return None
        user = await read_session(database(connection), connection)
        if user is None:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED, "not_logged_in", "log in first: there is no valid session"
            )
        if not user.may(self.permission):
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "not_allowed",
                f"the role {user.me.role} has no right to {self.permission}",
            )
        return user


ANYBODY = Depends(Allow(None))
LoggedIn = Annotated[User, Depends(Allow(P.KEEP_SESSION))]
Agent = Annotated[User, Depends(Allow(P.TAKE_CALLS))]
CampaignReader = Annotated[User, Depends(Allow(P.READ_CAMPAIGNS))]
Supervisor = Annotated[User, Depends(Allow(P.RUN_CAMPAIGNS))]
Reviewer = Annotated[User, Depends(Allow(P.HEAR_RECORDINGS))]
MayWatch = Annotated[User, Depends(Allow(P.WATCH_LIVE))]
READS_ATTEMPTS = Depends(Allow(P.READ_ATTEMPTS))
HEARS_RECORDINGS = Depends(Allow(P.HEAR_RECORDINGS))


def route_permissions(app: FastAPI) -> Iterator[tuple[frozenset[str], str, Permission | None]]:
    """Every route as (methods, path, permission). Raises LookupError on one that does not name exactly one."""
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute | APIWebSocketRoute):
            raise LookupError(f"{route.path} names no permission: make it a FastAPI route with Allow(...)")
        allowed = [call for call in _calls(route.dependant) if isinstance(call, Allow)]
        if len(allowed) != 1:
            raise LookupError(f"{route.path} names {len(allowed)} permissions: give it one Allow(...)")
        yield frozenset(route.methods or {"WEBSOCKET"}), str(route.path), allowed[0].permission


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for below in dependant.dependencies:
        yield from _calls(below)


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came by TLS, as far as we can know behind a proxy."""
    origin = settings_of(connection).public_origin
    return connection.url.scheme in ("https", "wss") or bool(origin and origin.startswith("https://"))


def cookie_name(connection: HTTPConnection) -> str:
    """The prefix makes browsers refuse the cookie from any other host, path or plain connection (RFC 6265bis)."""
    return "__Host-cadencia" if is_secure(connection) else "cadencia"


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def open_session(pool: asyncpg.Pool, user_id: int) -> str:
    """A new session's cookie. Sessions that have run out, whoever's, go at the same time."""
    token = secrets.token_urlsafe(32)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM user_session WHERE expires_at <= now()")
        await connection.execute(
            "INSERT INTO user_session (token_hash, user_id, expires_at) VALUES ($1, $2, $3)",
            hash_token(token),
            user_id,
            datetime.now(UTC) + SESSION_TIME,
        )
    return token


async def read_session(pool: asyncpg.Pool, connection: HTTPConnection) -> User | None:
    """Whose request this is; None without a session that is still good."""
    token = connection.cookies.get(cookie_name(connection))
    if not token:
        return None
    token_hash = hash_token(token)
    row = await pool.fetchrow(
        """
        SELECT u.id, u.login, u.display_name, u.role, u.agent_group_id, s.expires_at
        FROM user_session s JOIN app_user u ON u.id = s.user_id
        WHERE s.token_hash = $1 AND s.expires_at > now() AND u.active
        """,
        token_hash,
    )
    if row is None:
        return None
    fields = dict(row)
    expires_at = fields.pop("expires_at")
    return User(Me(**fields), token_hash, expires_at)


async def end_session(pool: asyncpg.Pool, user: User) -> None:
    """The session and, with it, the phone's password."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM user_session WHERE token_hash = $1", user.token_hash)
        await connection.execute("DELETE FROM sip_credential WHERE user_id = $1", user.me.id)


async def read_standings(pool: asyncpg.Pool, token_hashes: list[str]) -> dict[str, tuple[str, int | None]]:
    """The user's role and agent group, for those of these sessions that are still good."""
    rows = await pool.fetch(
        """
        SELECT s.token_hash, u.role, u.agent_group_id FROM user_session s JOIN app_user u ON u.id = s.user_id
        WHERE s.token_hash = ANY ($1) AND s.expires_at > now() AND u.active
        """,
        token_hashes,
    )
    return {row["token_hash"]: (row["role"], row["agent_group_id"]) for row in rows}
