"""Is the process alive, and can it work?"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import asyncpg
from fastapi import APIRouter, Request, Response

from dialer.api.auth import ANYBODY, Database
from dialer.api.schemas import Health, Readiness
from dialer.store.database import CONNECTION_ERRORS

#: Longer than this and a load balancer should look elsewhere.
_DATABASE_WAIT_S = 2.0

router = APIRouter(tags=["health"])


@router.get("/healthz", dependencies=[ANYBODY])
async def read_health() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", dependencies=[ANYBODY], responses={503: {"model": Readiness}})
async def read_readiness(request: Request, response: Response, pool: Database) -> Readiness:
    """The database answers and the live view follows the log."""
    try:
        async with asyncio.timeout(_DATABASE_WAIT_S):
            await pool.fetchval("SELECT 1")
        database = True
    except (*CONNECTION_ERRORS, asyncpg.PostgresError):
        database = False
    ready = Readiness(database=database, live=request.app.state.hub.following)
    if not (ready.database and ready.live):
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return ready
