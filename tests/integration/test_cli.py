"""The command line on a real database: users, campaigns, trunks, and orders to the running dialer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dialer.api.passwords import check_password
from dialer.domain import facts as f
from dialer.domain.campaign import CampaignState
from dialer.store.database import revisions
from dialer.store.event_log import PostgresShardStore
from tests.integration.command import DONE, REFUSED, UNREACHABLE, USAGE, Result, dialer
from tests.integration.portfolio import Portfolio, add_agent

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)


# --- database, users, campaigns, trunks ---------------------------------------------------------------------


async def test_an_empty_database_is_upgraded_once(server_dsn: str) -> None:
    from tests.integration.conftest import in_database, run_sql

    await run_sql(server_dsn, "CREATE DATABASE cli_empty")
    dsn = in_database(server_dsn, "cli_empty")
    try:
        before = await dialer("campaign", "list", database_dsn=dsn)
        assert (before.code, "dialer db upgrade" in before.err) == (REFUSED, True)
        _, newest = await revisions(dsn)
        first = await dialer("db", "upgrade", "--json", database_dsn=dsn)
        assert first.data == {"before": None, "after": newest, "changed": True}
        again = await dialer("db", "upgrade", database_dsn=dsn)
        assert (again.code, again.out) == (DONE, f"the tables are at {newest} already\n")
    finally:
        await run_sql(server_dsn, "DROP DATABASE cli_empty WITH (FORCE)")


async def test_a_user_gets_a_password_that_is_shown_once(dsn: str, pool: asyncpg.Pool) -> None:
    added = await dialer(
        *("user", "add", "ana", "--role", "agent", "--name", "Ana", "--group", "Norte", "--json"),
        database_dsn=dsn,
    )
    assert isinstance(added.data, dict)
    row = await pool.fetchrow("SELECT * FROM app_user WHERE login = 'ana'")
    assert row["id"] == added.data["id"]
    assert check_password(added.data["password"], row["password_hash"])
    assert (row["role"], row["display_name"]) == ("agent", "Ana")

    piped = await dialer(
        *("user", "add", "eva", "--role", "supervisor", "--password-stdin"),
        stdin="correct horse battery\n",
        database_dsn=dsn,
    )
    assert (piped.code, piped.out) == (DONE, "user eva (supervisor) added\n")
    kept = await pool.fetchval("SELECT password_hash FROM app_user WHERE login = 'eva'")
    assert check_password("correct horse battery", kept)

    for arguments, stdin, said in (
        (("ana", "--role", "qa"), "", "taken"),
        (("leo", "--role", "agent"), "", "--group"),
        (("leo", "--role", "qa", "--password-stdin"), "short\n", "8 to 256"),
    ):
        refused = await dialer("user", "add", *arguments, stdin=stdin, database_dsn=dsn)
        assert (refused.code, refused.out) == (REFUSED, "")
        assert said in refused.err
        assert refused.err.count("\n") == 1
    wrong = await dialer("user", "add", "leo", "--role", "boss", database_dsn=dsn)
    assert wrong.code == USAGE


async def test_a_user_is_let_in_no_more_and_again(dsn: str, pool: asyncpg.Pool) -> None:
    nobody = await dialer("user", "list", database_dsn=dsn)
    assert (nobody.code, "dialer user add" in nobody.out) == (DONE, True)
    added = await dialer(
        *["user", "add", "ana", "--role", "agent", "--group", "Norte", "--json"], database_dsn=dsn
    )
    assert isinstance(added.data, dict)
    user_id = added.data["id"]

    async def open_session() -> None:
        await pool.execute(
            "INSERT INTO user_session (token_hash, user_id, expires_at) VALUES ('t', $1, now() + interval '1 hour')",
            user_id,
        )
        await pool.execute(
            "INSERT INTO sip_credential (user_id, sip_user, ha1, webrtc, expires_at)"
            " VALUES ($1, 'agent-1', 'h', true, now() + interval '1 hour')",
            user_id,
        )

    async def is_in() -> tuple[int, int]:
        return (
            await pool.fetchval("SELECT count(*) FROM user_session"),
            await pool.fetchval("SELECT count(*) FROM sip_credential"),
        )

    async def listed() -> dict[str, Any]:
        told = await dialer("user", "list", "--json", database_dsn=dsn)
        assert isinstance(told.data, list)
        (row,) = told.data
        assert isinstance(row, dict)
        return row

    await open_session()
    row = await listed()
    assert (row["login"], row["agent_group"], row["active"], row["session_until"] is not None) == (
        *("ana", "Norte", True),
        True,
    )
    for again in ("user ana may log in no more\n", "user ana may log in no more; it was so before\n"):
        out = await dialer("user", "disable", "ana", database_dsn=dsn)
        assert (out.code, out.out) == (DONE, again), out.err
    assert await is_in() == (0, 0)
    row = await listed()
    assert (row["active"], row["session_until"]) == (False, None)
    assert (await dialer("user", "enable", "ana", database_dsn=dsn)).out == "user ana may log in\n"

    await open_session()
    changed = await dialer("user", "password", "ana", "--json", database_dsn=dsn)
    assert isinstance(changed.data, dict)
    kept = await pool.fetchval("SELECT password_hash FROM app_user")
    assert check_password(changed.data["password"], kept)
    assert not check_password(added.data["password"], kept)
    assert await is_in() == (0, 0)
    for command in ("disable", "enable", "password"):
        refused = await dialer("user", command, "leo", database_dsn=dsn)
        assert (refused.code, "dialer user list" in refused.err) == (REFUSED, True)


async def test_a_campaign_is_made_and_listed(dsn: str) -> None:
    made = await dialer(
        *("campaign", "create", "Mora 60", "--group", "Sur", "--mode", "power", "--rule-set", "laboratory"),
        database_dsn=dsn,
    )
    assert made.code == DONE, made.err
    listed = await dialer("campaign", "list", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    (row,) = listed.data
    assert (row["name"], row["state"], row["mode"], row["agent_group"]) == (
        "Mora 60",
        "draft",
        "power",
        "Sur",
    )
    assert "Mora 60" in (await dialer("campaign", "list", database_dsn=dsn)).out
    for arguments, said in (
        (("create", "Mora 60", "--group", "Sur"), "exists"),
        (("create", "Otra", "--group", "Sur", "--rule-set", "none"), "laboratory"),
        (("create", "Otra", "--group", "Sur", "--language", "fr"), "es, en, pt"),
        (("status", "Mora 90"), "there are: Mora 60"),
    ):
        refused = await dialer("campaign", *arguments, database_dsn=dsn)
        assert (refused.code, said in refused.err) == (REFUSED, True), refused.err


async def test_a_trunk_is_set_and_changed(dsn: str) -> None:
    for channels in (10, 20):
        result = await dialer(
            *("trunk", "set", "carrier-a", "--caller-id", "+18095550100", "--calls-per-second", "5"),
            *("--channels", str(channels), *(["--early-media"] if channels == 20 else [])),
            database_dsn=dsn,
        )
        assert result.code == DONE, result.err
    listed = await dialer("trunk", "list", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    assert [(row["name"], row["channels"], row["early_media"]) for row in listed.data] == [
        ("carrier-a", 20, True)
    ]
    bad = await dialer(
        *(
            "trunk",
            "set",
            "carrier-b",
            "--caller-id",
            "5550100",
            "--calls-per-second",
            "5",
            "--channels",
            "1",
        ),
        database_dsn=dsn,
    )
    assert (bad.code, "E.164" in bad.err) == (REFUSED, True)


async def test_a_trunk_is_added_once_changed_in_part_and_taken_out_and_back(
    dsn: str, pool: asyncpg.Pool
) -> None:
    async def trunk(*arguments: str) -> Result:
        return await dialer("trunk", *arguments, database_dsn=dsn)

    missing = await trunk("add", "carrier-a", "--channels", "10")
    assert (missing.code, "needs --caller-id, --calls-per-second" in missing.err) == (REFUSED, True), (
        missing.err
    )
    new = ("--caller-id", "+18095550100", "--calls-per-second", "5", "--channels", "10")
    for name in ("carrier-a", "carrier-b"):
        assert (await trunk("add", name, *new)).code == DONE
    again = await trunk("add", "carrier-a", *new)
    assert (again.code, "trunk set" in again.err) == (REFUSED, True)
    assert (await trunk("set", "carrier-b", "--channels", "20")).code == DONE
    await pool.execute(
        "UPDATE trunk SET fault = 'SIP 401: refused', faulted_at = now() WHERE name = 'carrier-b'"
    )
    assert (await trunk("disable", "carrier-a")).code == DONE
    listed = await trunk("list")
    assert [line.split() for line in listed.out.splitlines()[1:]] == [
        ["carrier-a", "0", "5", "10", "+18095550100", "no", "-"],
        ["carrier-b", "1", "5", "20", "+18095550100", "no:", "SIP", "401:", "refused", "-"],
    ]
    for name in ("carrier-a", "carrier-b"):
        assert (await trunk("enable", name)).code == DONE
    assert await pool.fetchval("SELECT bool_and(enabled AND fault IS NULL AND faulted_at IS NULL) FROM trunk")
    unknown = await trunk("disable", "carrier-c")
    assert (unknown.code, "trunk list" in unknown.err) == (REFUSED, True)


# --- orders -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def shard(dsn: str, portfolio: Portfolio, error: str | None = None) -> AsyncIterator[None]:
    """The store's side of a running dialer: it settles each order, or refuses it."""
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(portfolio.group_id, "test", LEASE)
        await store.load()

        async def settle() -> None:
            states = {
                "start_campaign": CampaignState.RUNNING,
                "pause_campaign": CampaignState.PAUSED,
                "stop_campaign": CampaignState.DRAINING,
            }
            async for intent in store.intents():
                at = datetime.now(UTC)
                settled = f.IntentSettled(at=at, intent_id=intent.id, user_id=intent.user_id, error=error)
                campaign_id = intent.data["campaign_id"]
                assert isinstance(campaign_id, int)
                moved = f.CampaignMoved(at=at, campaign_id=campaign_id, state=states[intent.type])
                await store.append([settled] if error else [moved, settled])

        task = asyncio.create_task(settle())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await store.release()


async def test_an_order_is_carried_out_by_the_running_dialer(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    nobody = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
    assert (nobody.code, "administrator" in nobody.err) == (REFUSED, True)
    assert await pool.fetchval("SELECT count(*) FROM intent") == 0
    for login, role in (("root", "admin"), ("eva", "supervisor")):
        added = await dialer("user", "add", login, "--role", role, database_dsn=dsn)
        assert added.code == DONE
    async with shard(dsn, portfolio):
        started = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
        assert (started.code, started.out) == (DONE, "campaign 'Mora 30' is running\n"), started.err
        paused = await dialer("campaign", "pause", "Mora 30", "--as", "eva", "--json", database_dsn=dsn)
        assert paused.data == {"campaign": "Mora 30", "state": "paused"}
    users = await pool.fetch("SELECT login FROM intent JOIN app_user u ON u.id = user_id ORDER BY intent.id")
    assert [row["login"] for row in users] == ["root", "eva"]


async def test_a_refused_order_says_why_and_an_unheard_one_waits(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    assert (await dialer("user", "add", "root", "--role", "admin", database_dsn=dsn)).code == DONE
    await add_agent(pool, portfolio.group_id, "ana")
    async with shard(dsn, portfolio, error="wrong_state"):
        refused = await dialer("campaign", "stop", "Mora 30", database_dsn=dsn)
        assert (refused.code, "wrong_state" in refused.err) == (REFUSED, True)
    unheard = await dialer("campaign", "start", "Mora 30", database_dsn=dsn)
    assert (unheard.code, "no dialer runs" in unheard.err) == (UNREACHABLE, True)
    assert await pool.fetchval("SELECT count(*) FROM intent WHERE done_at IS NULL") == 1
    for login, said in (("ana", "is agent"), ("leo", "no active user")):
        forbidden = await dialer("campaign", "start", "Mora 30", "--as", login, database_dsn=dsn)
        assert (forbidden.code, said in forbidden.err) == (REFUSED, True)
