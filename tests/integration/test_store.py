"""The tables as migrated are the tables as declared, and the switch sees only log-ins that still hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from dialer.domain.errors import BadInput
from dialer.store import database
from dialer.store.schema import metadata

pytestmark = pytest.mark.integration


async def test_migrations_build_exactly_the_declared_tables(dsn: str) -> None:
    differences: list[object] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences.extend(compare_metadata(context, metadata))

    engine = database.engine(dsn)
    async with engine.connect() as connection:
        await connection.run_sync(compare)
    await engine.dispose()
    assert differences == []


async def test_upgrading_again_changes_nothing(dsn: str) -> None:
    await database.upgrade(dsn)
    current, newest = await database.revisions(dsn)
    assert current == newest is not None


async def test_the_switch_sees_only_log_ins_that_still_hold(pool: asyncpg.Pool) -> None:
    now = datetime.now(UTC)
    group = await pool.fetchval("INSERT INTO agent_group (name) VALUES ('g') RETURNING id")
    for user, expires_at in ((1, now + timedelta(hours=1)), (2, now - timedelta(seconds=1))):
        await pool.execute(
            "INSERT INTO app_user (id, login, display_name, role, password_hash, agent_group_id)"
            " OVERRIDING SYSTEM VALUE VALUES ($1, $2, $2, 'agent', 'x', $3)",
            user,
            f"a{user}",
            group,
        )
        await pool.execute(
            "INSERT INTO sip_credential VALUES ($1, $2, 'ha1', true, $3)", user, f"agent-{user}", expires_at
        )
    async with pool.acquire() as connection:
        await connection.execute("SET ROLE switch_reader")
        try:
            for view in ("ps_endpoints", "ps_auths", "ps_aors"):
                rows = await connection.fetch(f"SELECT id FROM switch.{view}")
                assert [row["id"] for row in rows] == ["agent-1"]
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT * FROM public.person")
        finally:
            await connection.execute("RESET ROLE")


async def test_an_unreachable_database_says_what_to_check() -> None:
    with pytest.raises(BadInput, match="CADENCIA_DATABASE_DSN"):
        await database.connect("postgresql://nobody@127.0.0.1:1/none")
