"""A running API for tests: real PostgreSQL below, real uvicorn on a free port of 127.0.0.1, clients per role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx2

from dialer.api.app import create_app
from dialer.api.passwords import hash_password
from dialer.api.server import make_server
from dialer.config import Settings
from dialer.domain.values import mint_ulid
from dialer.store.campaigns import ensure_script

PASSWORD = "correct horse battery"
#: Made once: each costs a tenth of a second.
PASSWORD_HASH = hash_password(PASSWORD)
PROOF = {"X-Cadencia-Request": "1"}
ROLES = ("agent", "supervisor", "qa", "admin")
T0 = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@dataclass(slots=True)
class Office:
    """Two agent groups with a campaign each; the first has agents, a lead with two numbers and a debt."""

    group_id: int
    campaign_id: int
    other_campaign_id: int
    person_id: int
    phone_ids: tuple[int, int]
    lead_id: int
    users: dict[str, int]  # role (and agent2) -> id


async def furnish(pool: asyncpg.Pool) -> Office:
    """Fill an empty database with one small office."""

    async def insert(sql: str, *args: object) -> int:
        id_: int = await pool.fetchval(sql + " RETURNING id", *args)
        return id_

    group = await insert("INSERT INTO agent_group (name) VALUES ('Mora')")
    other_group = await insert("INSERT INTO agent_group (name) VALUES ('Castigo')")
    users = {}
    for role in ROLES:
        users[role] = await add_user(pool, role, group_id=group if role == "agent" else None)
    users["agent2"] = await add_user(pool, "agent", login="agent2", group_id=group)
    async with pool.acquire() as connection:
        script = await ensure_script(
            connection, "Saludo", "Hola **{{ debtor.name }}**, debe {{ debt.balance }}"
        )
    segment = await insert("INSERT INTO segment (name, script_id) VALUES ('30-60 días', $1)", script)
    campaign = await insert(
        "INSERT INTO campaign (name, agent_group_id, state) VALUES ('Tarjetas', $1, 'paused')", group
    )
    other = await insert("INSERT INTO campaign (name, agent_group_id) VALUES ('Autos', $1)", other_group)
    for position, (code, effect) in enumerate([("paid", "finish"), ("later", "callback")]):
        await pool.execute(
            "INSERT INTO disposition (campaign_id, code, label, effect, position) VALUES ($1, $2, $3, $4, $5)",
            campaign,
            code,
            json.dumps({"es": code, "en": code, "pt": code}),
            effect,
            position,
        )
    list_id = await insert(
        "INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, 'Noviembre', 'x')", campaign
    )
    person = await insert(
        "INSERT INTO person (external_ref, full_name, time_zone)"
        " VALUES ('C-1', 'Ana Pérez Mota', 'America/Santo_Domingo')"
    )
    phones = tuple(
        [
            await insert(
                "INSERT INTO phone (person_id, number, position) VALUES ($1, $2, $3)", person, number, n
            )
            for n, number in enumerate(["+18095550101", "+18295550102"])
        ]
    )
    debt = await insert(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency, due_on)"
        " VALUES ($1, 'D-1', 'Banco Mirador', 'Tarjeta', 123450, 'USD', '2026-10-01')",
        person,
    )
    lead = await insert(
        "INSERT INTO lead (campaign_id, list_id, person_id, debt_id, segment_id) VALUES ($1, $2, $3, $4, $5)",
        campaign,
        list_id,
        person,
        debt,
        segment,
    )
    return Office(group, campaign, other, person, (phones[0], phones[1]), lead, users)


async def add_user(
    pool: asyncpg.Pool, role: str, *, login: str | None = None, group_id: int | None = None
) -> int:
    id_: int = await pool.fetchval(
        "INSERT INTO app_user (login, display_name, role, password_hash, agent_group_id)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        login or role,
        f"{login or role} uno",
        role,
        PASSWORD_HASH,
        group_id,
    )
    return id_


async def add_attempt(
    pool: asyncpg.Pool, office: Office, n: int, *, at: datetime = T0, ended: bool = True, **fields: object
) -> str:
    """Attempt number `n` of the office's lead, planned at `at`; `fields` are more columns of the row."""
    import random

    id_ = mint_ulid(at, random.Random(n))
    row: dict[str, object] = {
        "id": id_,
        "shard_id": office.group_id,
        "fence": 1,
        "campaign_id": office.campaign_id,
        "lead_id": office.lead_id,
        "person_id": office.person_id,
        "phone_id": office.phone_ids[0],
        "n": n,
        "mode": "predictive",
        "number": "+18095550101",
        "trunk": "telco",
        "caller_id": "+18095550199",
        "verdict": "{}",
        "ring_timeout_s": 25,
        "connect_limit_s": 2.0,
        "language": "es",
        "state": "ended" if ended else "bridged",
        "planned_at": at,
        "ended_at": at if ended else None,
    } | fields
    names = ", ".join(row)
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await pool.execute(f"INSERT INTO attempt ({names}) VALUES ({places})", *row.values())
    return id_


@dataclass(slots=True)
class Api:
    """A served API."""

    url: str
    settings: Settings

    @property
    def live_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/api/v1/live"

    @asynccontextmanager
    async def client(self, login: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
        """A client with the header of our own scripts; logged in when `login` is given."""
        async with httpx2.AsyncClient(base_url=self.url, headers=PROOF, timeout=10) as client:
            if login is not None:
                answer = await client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
            yield client


@asynccontextmanager
async def serve(dsn: str, **settings: object) -> AsyncIterator[Api]:
    """The API over the database `dsn` on a free port, until the context ends."""
    chosen = Settings.model_validate(
        {"database_dsn": dsn, "sip_socket_url": "ws://127.0.0.1:8088/ws"} | settings
    )
    server = make_server(create_app(chosen), "127.0.0.1", 0)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve())
        async with asyncio.timeout(10):
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Api(f"http://127.0.0.1:{port}", chosen)
        finally:
            server.should_exit = True


def write_console(folder: Path) -> Path:
    """What a console's build leaves behind, in small."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Cadencia</title>")
    (folder / "assets" / "app-1a2b3c.js").write_text("console.log(1)")
    return folder
