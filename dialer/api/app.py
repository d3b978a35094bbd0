"""The application: routes, errors, guard, and what lives as long as it does (the pool and the live view)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from dialer import __version__
from dialer.api import (
    attempts,
    callability,
    campaign_setup,
    campaigns,
    contact_plans,
    health,
    imports,
    intents,
    live,
    pacing,
    people,
    recordings,
    screening,
    scripts,
    segments,
    session,
    softphone,
    staffing,
    teams,
    webhooks,
)
from dialer.api.auth import route_permissions
from dialer.api.console import serve_console
from dialer.api.guard import Guard
from dialer.api.importer import Importer
from dialer.api.live import Hub
from dialer.api.passwords import check_password
from dialer.api.problems import install_problems
from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.store.database import open_pool

log = structlog.get_logger()

#: Requests that speak to the database at the same time; more wait their turn.
POOL_SIZE = 8


def create_app(settings: Settings) -> FastAPI:
    """The API for one database. Raises LookupError when a route names no permission."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        dsn = settings.database_dsn.get_secret_value()
        try:
            pool = await open_pool(dsn, size=POOL_SIZE)
        except BadInput as failure:
            app.state.failure = failure
            raise
        try:
            # The stand-in hash for users that don't exist is made now, so that no log-in is slower than another.
            await to_thread.run_sync(check_password, "", None)
            app.state.pool = pool
            app.state.door = session.Door()
            async with (
                Importer(pool, dsn, settings.uploads_dir).running() as app.state.importer,
                Hub(dsn, pool).running() as app.state.hub,
            ):
                yield
        except* Exception as failure:
            # Without the live view no agent sees his calls: better no API here than half of one.
            log.critical("live_view_failed", exc_info=failure)
            app.state.failure = failure
            app.state.stop()
        finally:
            await pool.close()

    app = FastAPI(
        title="Cadencia",
        version=__version__,
        description="Agents' consoles, supervisors and reviewers speak to the dialer through this.",
        lifespan=lifespan,
        # The description is printed by dialer.api.openapi; pages that show it need scripts from elsewhere.
        openapi_url=None,
        generate_unique_id_function=_name_operation,
    )
    app.state.settings = settings
    app.state.failure = None
    install_problems(app)
    v1 = APIRouter(prefix="/api/v1")
    for noun in (
        session,
        softphone,
        intents,
        campaign_setup,  # its fixed paths before /campaigns/{id}
        campaigns,
        contact_plans,
        imports,
        pacing,
        attempts,
        callability,
        people,
        recordings,
        screening,
        scripts,
        segments,
        staffing,
        teams,
        live,
    ):
        v1.include_router(noun.router)
    app.include_router(v1)
    webhooks.read_secrets(settings.webhook_secret.get_secret_value())  # a bad one is told now
    app.include_router(webhooks.router, prefix="/api")
    app.include_router(health.router)
    if settings.console_dir is not None:
        app.include_router(serve_console(settings.console_dir))
    app.add_middleware(Guard, settings=settings)
    list(route_permissions(app))
    return app


def _name_operation(route: APIRoute) -> str:
    """verbNoun, from the function's verb_noun."""
    first, *rest = route.name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
