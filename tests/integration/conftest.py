"""A real PostgreSQL for the whole run; each test gets its own copy of a migrated template database. Who asks has three
leads in it, or a small office with the API and clients of its roles."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from api_harness import Api, Office, furnish, serve

from dialer.store.database import open_pool, upgrade
from dialer.store.event_log import PostgresShardStore
from lab.postgres import Postgres
from tests.integration.call_facts import LEASE, Claim
from tests.integration.portfolio import Portfolio, make_portfolio

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
def server_dsn() -> Iterator[str]:
    """The run's own server, by the address of a database of no interest."""
    # The server's keeper is a process of this loop, which outlives the loops of the tests.
    with asyncio.Runner() as runner:
        server = Postgres()
        runner.run(server.start())
        try:
            yield server.dsn
        finally:
            runner.run(server.stop())


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


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    """Three callable leads; tests that need others make their own."""
    return await make_portfolio(pool, leads=3)


@pytest_asyncio.fixture
async def store(dsn: str, portfolio: Portfolio) -> AsyncIterator[PostgresShardStore]:
    """The store of the shard that owns the portfolio's group."""
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", LEASE) == 1
        yield store


@pytest.fixture
def claim(store: PostgresShardStore, portfolio: Portfolio) -> Claim:
    return lambda count: store.claim(portfolio.campaign_id, count, LEASE, datetime.now(UTC))


# --- the API over a small office ----------------------------------------------------------------------------


@pytest_asyncio.fixture
async def office(pool: asyncpg.Pool) -> Office:
    return await furnish(pool)


@pytest_asyncio.fixture
async def api(dsn: str, office: Office) -> AsyncIterator[Api]:
    async with serve(dsn) as api:
        yield api


@pytest_asyncio.fixture
async def agent(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with api.client("agent") as client:
        yield client


@pytest_asyncio.fixture
async def supervisor(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with api.client("supervisor") as client:
        yield client


@pytest_asyncio.fixture
async def qa(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    async with api.client("qa") as client:
        yield client
