"""Campaigns as a supervisor sets them up: made, weighed, changed, copied, put away; real PostgreSQL below."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx2
import pytest
from api_harness import Api, Office

from dialer.api.campaign_setup import USUAL
from tests.integration.command import DONE, REFUSED, dialer

pytestmark = pytest.mark.integration

NUMBER = "+18095550100"
WORDS = "Le llamó Cobertura Sur. Puede devolvernos la llamada al número desde el que le llamamos."


def settings(name: str, group: str = "Mora", **changes: object) -> dict[str, Any]:
    return {**USUAL.model_dump(mode="json"), "name": name, "agent_group": group, **changes}


async def check(client: httpx2.AsyncClient, **asked: object) -> list[tuple[str, str]]:
    """(fault, what it bars) of what the form holds."""
    answer = await client.post("/api/v1/campaigns/check", json=asked)
    assert answer.status_code == 200, answer.text
    return [(breach["fault"], breach["bars"]) for breach in answer.json()["breaches"]]


async def make(client: httpx2.AsyncClient, **asked: object) -> dict[str, Any]:
    answer = await client.post("/api/v1/campaigns", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["ETag"] == f'"{made["version"]}"'
    return made


async def test_a_campaign_is_weighed_made_put_right_and_started(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, dsn: str
) -> None:
    """1. The parts tell the groups and the law's limits; 2. what is weighed is not kept; 3. beyond the law nothing is
    stored; 4. a draft tells what it lacks, by norm; 5. put right it may start, and the dialer is asked."""
    parts = (await supervisor.get("/api/v1/campaigns/parts")).json()
    assert parts["groups"] == [{"name": "Castigo", "agents": 0}, {"name": "Mora", "agents": 2}]
    britain = next(law for law in parts["laws"] if law["name"] == "GB")
    assert (britain["most_abandoned"], britain["least_ring_s"], britain["widest_window"]) == (0.03, 15, "day")
    assert next(law["place"] for law in parts["laws"] if law["name"] == "BR-SP") == "São Paulo"
    trunk = ("trunk", "set", "telco", "--caller-id", NUMBER, "--calls-per-second", "5", "--channels", "9")
    assert (await dialer(*trunk, database_dsn=dsn)).code == DONE

    wild = settings("Norte", "Nuevo", rule_set="US-DC", mode="predictive", abandon_cap=0.2)
    lacks = [
        ("message_missing", "starting"),
        ("number_unowned", "starting"),
        ("number_unanswered", "starting"),
    ]
    assert await check(supervisor, settings=wild) == [("cap_high", "storing"), *lacks]
    assert await pool.fetchval("SELECT count(*) FROM campaign") == 2
    assert await pool.fetchval("SELECT count(*) FROM agent_group") == 2
    refused = await supervisor.post("/api/v1/campaigns", json={"settings": wild})
    assert (refused.status_code, refused.json()["type"]) == (422, "bad_campaign")
    assert "310.4(b)(4)" in refused.json()["detail"]

    made = await make(supervisor, settings={**wild, "abandon_cap": 0.03})
    assert [(breach["fault"], breach["bars"]) for breach in made["breaches"]] == lacks
    assert (made["state"], made["agents"], made["has_leads"], made["fixed"]) == ("draft", 0, False, [])
    assert made["breaches"][0]["norm"] == "16 CFR 310.4(b)(4)(iii)"
    url = f"/api/v1/campaigns/{made['id']}"
    assert (await supervisor.post(f"{url}/start")).status_code == 409
    own = ("--owner", "Cobertura Sur", "--proof", "contract 7", "--answered-by", "inbound", "--by", "Ana Paz")
    assert (await dialer("trunk", "own", NUMBER, *own, database_dsn=dsn)).code == DONE
    right = {**made["settings"], "abandoned_text": WORDS}
    assert await check(supervisor, settings=right, campaign_id=made["id"]) == []
    tells = {**right, "abandoned_text": WORDS + " Es por su deuda."}
    assert await check(supervisor, settings=tells, campaign_id=made["id"]) == [("text_tells", "storing")]
    stored = await supervisor.put(f"{url}/setup", json=right, headers={"If-Match": str(made["version"])})
    assert (stored.status_code, stored.json()["breaches"]) == (200, []), stored.text
    assert (await supervisor.post(f"{url}/start")).status_code == 202
    assert await pool.fetchval("SELECT count(*) FROM intent WHERE type = 'start_campaign'") == 1
    checked = await dialer("campaign", "check", "Norte", database_dsn=dsn)
    assert (checked.code, "may start under US-DC" in checked.out) == (DONE, True)


async def test_who_changed_what_is_in_the_log_and_nobody_overwrites_another(
    supervisor: httpx2.AsyncClient, api: Api, office: Office, pool: asyncpg.Pool
) -> None:
    """1. Two saw version 1: the second is told; 2. the log names both, from what to what, and the group by its name;
    3. undone; 4. a name that is taken, a law that is none and words of a debt are refused and change nothing."""
    made = await make(supervisor, settings=settings("Sur", rule_set="laboratory"))
    url = f"/api/v1/campaigns/{made['id']}"
    seen = {"If-Match": '"1"'}
    renamed = {**made["settings"], "name": "Sur 60", "agent_group": "Castigo", "on_machine": "connect"}
    first = await supervisor.put(f"{url}/setup", json=renamed, headers=seen)
    assert (first.status_code, first.json()["version"], first.json()["name"]) == (200, 2, "Sur 60")
    assert (await supervisor.put(f"{url}/setup", json=made["settings"], headers=seen)).status_code == 412
    assert (await supervisor.put(f"{url}/setup", json=made["settings"])).status_code == 428
    newest, oldest = (await supervisor.get(f"{url}/changes")).json()
    assert newest["before"] == {"name": "Sur", "agent_group_id": "Mora", "on_machine": "hang_up"}
    assert newest["after"] == {"name": "Sur 60", "agent_group_id": "Castigo", "on_machine": "connect"}
    assert (newest["user_name"], newest["undoable"]) == ("supervisor uno", True)
    assert (oldest["before"], oldest["after"], oldest["undoable"]) == ({}, {"name": "Sur"}, False)
    undone = await supervisor.post(f"{url}/changes/{newest['id']}/undo", headers={"If-Match": "2"})
    assert (undone.status_code, undone.json()["name"]) == (200, "Sur")
    assert undone.json()["agent_group_id"] == office.group_id
    for wrong, says in (
        ({"name": "Autos"}, "exists"),
        ({"name": "   "}, "printable"),
        ({"rule_set": "XX"}, "no rules"),
        ({"abandoned_text": "Debe un saldo vencido"}, "tells of a debt"),
        ({"message_text": "{{ debt.balance }}"}, "field of the debt"),
    ):
        for answer in (
            await supervisor.put(
                f"{url}/setup", json={**made["settings"], **wrong}, headers={"If-Match": "3"}
            ),
            await supervisor.post("/api/v1/campaigns", json={"settings": {**settings("Otra"), **wrong}}),
        ):
            assert (answer.status_code, answer.json()["type"]) == (422, "bad_campaign"), wrong
            assert says in answer.json()["detail"]
    assert (await supervisor.get(f"{url}/setup")).json()["version"] == 3
    async with api.client("agent") as agent, api.client("qa") as qa:
        for client in (agent, qa):
            assert (await client.get("/api/v1/campaigns/setups")).status_code == 403
            assert (await client.post("/api/v1/campaigns", json={"settings": renamed})).status_code == 403


async def test_what_the_state_does_not_allow(
    supervisor: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool
) -> None:
    """1. A paused campaign changes its law and its name, not its group; 2. a running one not its law either, and is not
    put away; 3. the form is told which fields stand fast."""
    url = f"/api/v1/campaigns/{office.campaign_id}/setup"
    paused = (await supervisor.get(url)).json()
    assert paused["fixed"] == ["agent_group", "archived"]
    wanted = {**paused["settings"], "name": "Tarjetas 2", "rule_set": "CO"}
    moved = await supervisor.put(url, json={**wanted, "agent_group": "Castigo"}, headers={"If-Match": "1"})
    assert (moved.status_code, moved.json()["type"]) == (409, "campaign_state")
    stored = await supervisor.put(url, json=wanted, headers={"If-Match": "1"})
    assert (stored.status_code, stored.json()["rule_set"]) == (200, "CO"), stored.text
    await pool.execute("UPDATE campaign SET state = 'running' WHERE id = $1", office.campaign_id)
    running = (await supervisor.get(url)).json()
    assert running["fixed"] == ["agent_group", "language", "rule_set", "archived"]
    for path, body in (
        (url, {**wanted, "rule_set": "MX"}),
        (f"/api/v1/campaigns/{office.campaign_id}/archive", {"archived": True}),
    ):
        refused = await supervisor.put(path, json=body, headers={"If-Match": "2"})
        assert (refused.status_code, refused.json()["type"]) == (409, "campaign_state")
    named = await supervisor.put(url, json={**wanted, "name": "Tarjetas 3"}, headers={"If-Match": "2"})
    assert named.status_code == 200


async def test_a_copy_takes_all_but_the_people_and_the_old_one_is_put_away(
    supervisor: httpx2.AsyncClient, api: Api, office: Office, pool: asyncpg.Pool, dsn: str
) -> None:
    """1. Plan, results, dials and own rules come along, leads do not; 2. put away it is in no list of those at work,
    and does not start; 3. taken back it is there again; 4. the same by command."""
    old = office.campaign_id
    await pool.execute(
        "UPDATE campaign SET contact_plan = '{\"max_attempts\": 7}', cost_ratio = 33, night_hour = 5,"
        " announcement_text = 'Hola', rule_set = 'CO', state = 'closed' WHERE id = $1",
        old,
    )
    overlay = "format: cadencia-overlay/1\ntitle: Con calma\nmin_ring_s: {value: 20, conf: agreed}\n"
    await pool.execute(
        "INSERT INTO rule_overlay (campaign_id, version, content, set_by, reason) VALUES ($1, 4, $2, 'Ana', 'c')",
        old,
        overlay,
    )
    source = (await supervisor.get(f"/api/v1/campaigns/{old}/setup")).json()["settings"]
    short = {**source, "name": "Tarjetas diciembre", "ring_timeout_s": 15}
    assert ("ring_short", "storing") in await check(supervisor, settings=short, copy_of=old)
    assert ("ring_short", "storing") not in await check(supervisor, settings=short)
    made = await make(supervisor, settings={**short, "ring_timeout_s": 25}, copy_of=old)
    row = await pool.fetchrow("SELECT * FROM campaign WHERE id = $1", made["id"])
    assert row is not None
    taken = [row[name] for name in ("cost_ratio", "night_hour", "announcement_text", "state")]
    assert taken == [33, 5, "Hola", "draft"]
    assert "7" in row["contact_plan"]
    codes = await pool.fetch(
        "SELECT code FROM disposition WHERE campaign_id = $1 ORDER BY position", made["id"]
    )
    assert [each["code"] for each in codes] == ["paid", "later"]
    assert (
        await pool.fetchval("SELECT content FROM rule_overlay WHERE campaign_id = $1", made["id"]) == overlay
    )
    assert made["has_leads"] is False
    (log,) = (await supervisor.get(f"/api/v1/campaigns/{made['id']}/changes")).json()
    assert log["after"] == {"name": "Tarjetas diciembre", "copy_of": "Tarjetas"}

    url = f"/api/v1/campaigns/{old}"
    away = await supervisor.put(f"{url}/archive", json={"archived": True}, headers={"If-Match": "1"})
    assert (away.status_code, away.json()["archived"]) == (200, True), away.text
    assert "archived" in {breach["fault"] for breach in away.json()["breaches"]}
    assert (await supervisor.post(f"{url}/start")).status_code == 409
    listed = (await supervisor.get("/api/v1/campaigns/setups")).json()
    assert {entry["name"]: entry["archived"] for entry in listed} == {
        "Autos": False,
        "Tarjetas": True,
        "Tarjetas diciembre": False,
    }
    told = await dialer("campaign", "list", "--json", database_dsn=dsn)
    assert isinstance(told.data, list)
    assert "Tarjetas" not in [each["name"] for each in told.data]
    for command, code in (
        (("restore", "Tarjetas"), DONE),
        (("rename", "Tarjetas", "Tarjetas noviembre"), DONE),
        (("rename", "Tarjetas noviembre", "Autos"), REFUSED),
        (("copy", "Tarjetas noviembre", "Tarjetas enero", "--group", "Sur"), DONE),
        (("archive", "Tarjetas noviembre", "--as", "supervisor"), DONE),
        (("archive", "Nadie"), REFUSED),
    ):
        done = await dialer("campaign", *command, database_dsn=dsn)
        assert done.code == code, (command, done.err)
    away_now = await dialer("campaign", "list", "--archived", "--json", database_dsn=dsn)
    assert isinstance(away_now.data, list)
    assert [each["name"] for each in away_now.data] == ["Tarjetas noviembre"]
