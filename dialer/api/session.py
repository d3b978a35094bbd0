"""Logging in and out."""

from __future__ import annotations

from http import HTTPStatus

import asyncpg
import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from dialer.api.auth import (
    ANYBODY,
    SESSION_TIME,
    Database,
    LoggedIn,
    cookie_name,
    end_session,
    is_secure,
    open_session,
)
from dialer.api.passwords import check_password
from dialer.api.problems import ProblemError
from dialer.api.schemas import Credentials, Me

log = structlog.get_logger()

#: Per user and address. Ten wrong passwords in five minutes are a guess, not a slip.
LOGIN_LIMIT = RateLimitItemPerMinute(10, 5)
#: Passwords checked at the same time, 64 MiB and a core each; more wait, and beyond that are sent away.
CHECKS_AT_ONCE = 2
CHECKS_WAITING = 200


class Door:
    """How often each user and address knocked lately, and how many passwords are being checked."""

    def __init__(self) -> None:
        self._knocks = MovingWindowRateLimiter(MemoryStorage())
        self._checks = CapacityLimiter(CHECKS_AT_ONCE)

    def knock(self, login: str, address: str) -> None:
        """Raises ProblemError when this was once too often."""
        if not self._knocks.hit(LOGIN_LIMIT, login.casefold(), address):
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_logins",
                "too many tries for this user; wait five minutes",
                {"Retry-After": str(LOGIN_LIMIT.get_expiry())},
            )

    def forget(self, login: str, address: str) -> None:
        self._knocks.clear(LOGIN_LIMIT, login.casefold(), address)

    async def check(self, password: str, kept: str | None) -> bool:
        if self._checks.statistics().tasks_waiting >= CHECKS_WAITING:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too_busy",
                "too many people are logging in; try again in a moment",
                {"Retry-After": "5"},
            )
        return await to_thread.run_sync(check_password, password, kept, limiter=self._checks)


router = APIRouter(prefix="/session", tags=["session"])


@router.post("", name="open_session", dependencies=[ANYBODY])
async def log_in(credentials: Credentials, request: Request, response: Response, pool: Database) -> Me:
    """Log in. Sets the session's cookie."""
    door: Door = request.app.state.door
    address = request.client.host if request.client else ""
    door.knock(credentials.login, address)
    row = await _find_user(pool, credentials.login)
    if not await door.check(credentials.password, row["password_hash"] if row else None) or row is None:
        log.warning("login_refused", login=credentials.login, address=address)
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED, "wrong_credentials", "the user name or the password is wrong"
        )
    door.forget(credentials.login, address)
    me = Me(**{name: value for name, value in row.items() if name != "password_hash"})
    response.set_cookie(
        cookie_name(request),
        await open_session(pool, me.id),
        max_age=int(SESSION_TIME.total_seconds()),
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
    log.info("logged_in", user_id=me.id, address=address)
    return me


@router.get("")
async def read_session(user: LoggedIn) -> Me:
    """Who is logged in."""
    return user.me


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
async def close_session(user: LoggedIn, request: Request, response: Response, pool: Database) -> None:
    """Log out here; the phone's password goes too, and open live sockets close."""
    await end_session(pool, user)
    request.app.state.hub.end_session(user.token_hash)
    response.delete_cookie(cookie_name(request), secure=is_secure(request), httponly=True, samesite="strict")
    log.info("logged_out", user_id=user.me.id)


async def _find_user(pool: asyncpg.Pool, login: str) -> asyncpg.Record | None:
    return await pool.fetchrow(
        """
        SELECT id, login, display_name, role, agent_group_id, password_hash
        FROM app_user WHERE login = $1 AND active
        """,
        login,
    )
