"""The way to the database: connections, pools and migrations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from dialer.domain.errors import BadInput

#: One's own, or borrowed from a pool.
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
#: For connections whose statements read few rows by index, again and again: planned once, the same however large the
#: tables were at that moment (PostgreSQL 18, 19.7.1 and 19.7.4). Of a LIMIT it does not know the planner expects a
#: tenth of the table: left alone, it would plan a claim anew each time.
HOT_PATH = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_NONE: Mapping[str, str] = MappingProxyType({})
MIGRATIONS = Path(__file__).parent / "migrations"

#: What a lost, refused, stopping or overloaded database looks like from here.
CONNECTION_ERRORS = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # "Another operation is in progress": the server's last word on a connection it has just ended.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    TimeoutError,
)


class DatabaseUnreachable(BadInput):
    """The database can't be reached with the address given."""


async def connect(
    dsn: str, *, timeout_s: float = 5.0, settings: Mapping[str, str] = _NONE
) -> asyncpg.Connection:
    """One connection of our own, with these settings. Raises DatabaseUnreachable, which says what to do."""
    try:
        return await asyncpg.connect(dsn, timeout=timeout_s, server_settings={"timezone": "UTC", **settings})
    except (*CONNECTION_ERRORS, asyncpg.PostgresError, ValueError) as error:
        raise unreachable(error) from error


async def open_pool(
    dsn: str, *, size: int = 4, timeout_s: float = 5.0, settings: Mapping[str, str] = _NONE
) -> asyncpg.Pool:
    """Up to `size` connections with these settings, the first made at once. Raises DatabaseUnreachable."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=timeout_s,
            server_settings={"timezone": "UTC", **settings},
        )
    except (*CONNECTION_ERRORS, asyncpg.PostgresError, ValueError) as error:
        raise unreachable(error) from error


def unreachable(error: BaseException) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"the database does not answer ({error or type(error).__name__}): "
        "check CADENCIA_DATABASE_DSN, and that the server runs"
    )


def engine(dsn: str) -> AsyncEngine:
    """An SQLAlchemy engine on the same kind of connection, for migrations and for comparing the schema."""

    async def creator() -> asyncpg.Connection:
        return await connect(dsn)

    return create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)


async def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the database's tables to `revision`; does nothing when they are there already."""

    def run(connection: SyncConnection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    await _run(dsn, run)


async def revisions(dsn: str) -> tuple[str | None, str | None]:
    """The database's revision (None: empty) and the newest one that this program knows."""
    current: list[str | None] = []

    def run(connection: SyncConnection) -> None:
        current.append(MigrationContext.configure(connection).get_current_revision())

    await _run(dsn, run)
    return current[0], ScriptDirectory.from_config(_config()).get_current_head()


async def _run(dsn: str, what: object) -> None:
    database = engine(dsn)
    try:
        async with database.begin() as connection:
            await connection.run_sync(what)  # type: ignore[arg-type]
    finally:
        await asyncio.shield(database.dispose())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
