"""A command's work on the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from dialer.config import Settings
from dialer.domain.errors import BadInput
from dialer.store.database import Connection, connect

T = TypeVar("T")


def with_database(work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do it on one connection to the database of the settings. Raises BadInput when that has no tables."""

    async def run() -> T:
        connection = await connect(Settings.load().database_dsn.get_secret_value())
        try:
            return await work(connection)
        except asyncpg.UndefinedTableError:
            raise BadInput("the database has no tables yet: dialer db upgrade") from None
        finally:
            await connection.close()

    return asyncio.run(run())
