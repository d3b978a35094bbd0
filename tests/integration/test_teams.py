"""Agents sent to another group: at once, or when their call is over; real PostgreSQL below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from api_harness import Api, Office
from command import DONE, REFUSED, dialer
from test_api_live import console

from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.wishes import LeaveGroup, StayInGroup, parse_wish
from dialer.store.event_log import PostgresShardStore

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=120)


@pytest_asyncio.fixture
async def store(dsn: str, office: Office) -> AsyncIterator[PostgresShardStore]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(office.group_id, "test", LEASE)
        yield store


async def home_of(pool: asyncpg.Pool, agent_id: int) -> str:
    name: str = await pool.fetchval(
        "SELECT name FROM agent_group JOIN app_user ON agent_group_id = agent_group.id WHERE app_user.id = $1",
        agent_id,
    )
    return name


def agent_of(team: Any, login: str) -> Any:
    return next(each for each in team["agents"] if each["login"] == login)


async def test_who_is_not_logged_in_goes_at_once(
    supervisor: httpx2.AsyncClient, agent: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    team = (await supervisor.get("/api/v1/team")).json()
    assert [each["name"] for each in team["groups"]] == ["Castigo", "Mora"]
    assert (agent_of(team, "agent")["group_name"], team["moves"]) == ("Mora", [])
    other = team["groups"][0]["id"]
    path = f"/api/v1/team/agents/{office.users['agent']}/move"
    moved = (await supervisor.post(path, json={"group_id": other})).json()
    assert (agent_of(moved, "agent")["group_name"], agent_of(moved, "agent")["moving_to"]) == (
        "Castigo",
        None,
    )
    (move,) = moved["moves"]
    assert [move[name] for name in ("agent_name", "from_group", "to_group", "user_name")] == [
        *("agent uno", "Mora", "Castigo", "supervisor uno")
    ]
    assert move["done_at"] is not None
    assert await home_of(pool, office.users["agent"]) == "Castigo"
    # His own session is of the new group with the next request.
    assert (await agent.get("/api/v1/session")).json()["agent_group_id"] == other
    again = await supervisor.post(path, json={"group_id": other})
    assert (again.status_code, again.json()["type"]) == (409, "not_moved")
    nowhere = await supervisor.post(path, json={"group_id": 999_999})
    assert (nowhere.status_code, nowhere.json()["type"]) == (409, "not_moved")
    nobody = f"/api/v1/team/agents/{office.users['qa']}/move"
    assert (await supervisor.post(nobody, json={"group_id": other})).status_code == 404
    assert (await agent.get("/api/v1/team")).status_code == 403
    assert (await agent.post(path, json={"group_id": office.group_id})).status_code == 403


async def test_who_is_in_a_call_goes_when_it_is_over(
    api: Api, supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office, store: PostgresShardStore
) -> None:
    agent_id = office.users["agent"]
    other = await pool.fetchval("SELECT id FROM agent_group WHERE name = 'Castigo'")
    path = f"/api/v1/team/agents/{agent_id}/move"

    async def be(state: AgentState) -> None:
        await store.append([f.AgentMoved(at=datetime.now(UTC), agent_id=agent_id, state=state)])

    async def asked() -> list[str]:
        rows = await pool.fetch("SELECT type FROM intent WHERE shard_id = $1 ORDER BY id", office.group_id)
        return [row["type"] for row in rows]

    await be(AgentState.ON_CALL)
    waits = (await supervisor.post(path, json={"group_id": other})).json()
    assert (agent_of(waits, "agent")["group_name"], agent_of(waits, "agent")["moving_to"]) == (
        "Mora",
        "Castigo",
    )
    assert waits["moves"][0]["done_at"] is None
    assert await asked() == ["leave_group"]
    # Taken back, then wanted again.
    stays = (await supervisor.post(path, json={"group_id": office.group_id})).json()
    assert (agent_of(stays, "agent")["moving_to"], stays["moves"]) == (None, [])
    assert await asked() == ["leave_group", "stay_in_group"]
    assert (await supervisor.post(path, json={"group_id": other})).status_code == 200
    await be(AgentState.WRAP_UP)
    assert await home_of(pool, agent_id) == "Mora"
    async with console(api, "agent") as at_work:
        await be(AgentState.LOGGED_OUT)
        assert await home_of(pool, agent_id) == "Castigo"
        # His console is let go, and opens again in the new group.
        await at_work.closed(limit_s=60)
    done = (await supervisor.get("/api/v1/team")).json()
    assert done["moves"][0]["done_at"] is not None
    assert agent_of(done, "agent")["group_name"] == "Castigo"
    await be(AgentState.LOGGED_OUT)
    assert await pool.fetchval("SELECT count(*) FROM agent_move") == 1


async def test_who_may_log_in_no_more_is_sent_home(
    dsn: str, pool: asyncpg.Pool, office: Office, store: PostgresShardStore
) -> None:
    """His shard is asked once; whoever is not logged in, or may not already, concerns no shard."""
    here, gone = office.users["agent"], office.users["agent2"]
    for agent_id, state in ((here, AgentState.ON_CALL), (gone, AgentState.LOGGED_OUT)):
        await store.append([f.AgentMoved(at=datetime.now(UTC), agent_id=agent_id, state=state)])
    for login in ("agent", "agent2"):
        assert (await dialer("user", "disable", login, database_dsn=dsn)).code == DONE
    asked = await pool.fetch("SELECT user_id, type, shard_id FROM intent ORDER BY id")
    assert [tuple(row) for row in asked] == [
        (here, "console_lost", office.group_id),
        (here, "log_out", office.group_id),
    ]


async def test_the_shard_hears_it(pool: asyncpg.Pool, office: Office, store: PostgresShardStore) -> None:
    agent_id = office.users["agent"]
    for kind in ("leave_group", "stay_in_group"):
        await pool.execute(
            "INSERT INTO intent (shard_id, user_id, key, type, data) VALUES ($1, $2, $3, $3, '{}')",
            *(office.group_id, agent_id, kind),
        )
    heard = []
    async for intent in store.intents():
        heard.append(parse_wish(intent.role, intent.type, intent.data))
        if len(heard) == 2:
            break
    assert heard == [LeaveGroup(), StayInGroup()]


async def test_by_command(dsn: str, pool: asyncpg.Pool, office: Office) -> None:
    none = await dialer("user", "moves", database_dsn=dsn)
    assert none.out == "nobody has changed groups yet: dialer user move LOGIN --group NAME\n"
    moved = await dialer("user", "move", "agent", "--group", "Castigo", database_dsn=dsn)
    assert (moved.code, moved.out) == (DONE, "agent agent works in 'Castigo'\n"), moved.err
    assert await home_of(pool, office.users["agent"]) == "Castigo"
    told = await dialer("user", "moves", "--json", database_dsn=dsn)
    assert isinstance(told.data, list)
    assert [
        (row["agent_login"], row["from_group"], row["to_group"], row["user_name"]) for row in told.data
    ] == [("agent", "Mora", "Castigo", None)]
    shown = await dialer("user", "moves", database_dsn=dsn)
    assert "agent uno (agent)" in shown.out
    for arguments, words in {
        ("agent", "Castigo"): "agent uno works in that group already",
        ("agent", "Norte"): "no agent group 'Norte'; there are: Castigo, Mora",
        ("qa", "Mora"): "'qa' is no agent",
        ("nadie", "Mora"): "nobody logs in as 'nadie'",
    }.items():
        login, group = arguments
        refused = await dialer("user", "move", login, "--group", group, database_dsn=dsn)
        assert refused.code == REFUSED, refused
        assert words in refused.err
