"""What agents and supervisors do: phone passwords, intents, campaigns and their settings."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest_asyncio
from api_harness import Api, Office, serve

ATTEMPT = "01JD0000000000000000000000"


@pytest_asyncio.fixture
async def heard(dsn: str) -> AsyncIterator[asyncio.Queue[tuple[str, str]]]:
    """What was notified, as (channel, payload)."""
    words: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    connection = await asyncpg.connect(dsn)
    for channel in ("cadencia_intent", "cadencia_campaign"):
        await connection.add_listener(channel, lambda _, __, *word: words.put_nowait(word))
    yield words
    await connection.close()


async def test_a_phone_password_is_minted_and_only_its_digest_kept(
    agent: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool
) -> None:
    first = (await agent.post("/api/v1/softphone")).json()
    second = (await agent.post("/api/v1/softphone", json={"webrtc": False})).json()
    user = f"agent-{office.users['agent']}"
    assert second["sip_user"] == user
    assert len(second["password"]) == 24
    assert first["password"] != second["password"]
    assert second["socket_url"] == "ws://127.0.0.1:8088/ws"
    left = datetime.fromisoformat(second["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left < timedelta(hours=12, seconds=1)
    row = await pool.fetchrow("SELECT * FROM sip_credential")
    assert row["ha1"] == hashlib.md5(f"{user}:cadencia:{second['password']}".encode()).hexdigest()
    assert row["webrtc"] is False
    # What the switch reads is exactly that.
    auth = await pool.fetchrow("SELECT * FROM switch.ps_auths")
    assert auth["username"] == user
    assert any(row["ha1"] in str(value) for value in auth.values())


async def test_a_softphone_without_an_address_says_what_to_set(dsn: str, office: Office) -> None:
    async with serve(dsn, sip_socket_url="") as api, api.client("agent") as client:
        answer = await client.post("/api/v1/softphone")
        assert (answer.status_code, answer.json()["type"]) == (503, "softphone_not_configured")
        assert "CADENCIA_SIP_SOCKET_URL" in answer.json()["detail"]
        assert (await client.post("/api/v1/softphone", json={"webrtc": False})).status_code == 200


INTENTS = [
    ({"type": "connect_phone"}, {}),
    ({"type": "go_ready"}, {}),
    ({"type": "go_not_ready", "reason": "lunch"}, {"reason": "lunch"}),
    ({"type": "log_out"}, {}),
    ({"type": "hang_up", "attempt_id": ATTEMPT}, {"attempt_id": ATTEMPT}),
    (
        {
            "type": "dispose",
            "attempt_id": ATTEMPT,
            "disposition": "later",
            "note": "Llama\nel lunes ñ",
            "callback_at": "2026-11-23T10:00:00-04:00",
        },
        {
            "attempt_id": ATTEMPT,
            "disposition": "later",
            "note": "Llama\nel lunes ñ",
            "callback_at": "2026-11-23T10:00:00-04:00",
        },
    ),
    ({"type": "tick_notice", "attempt_id": ATTEMPT}, {"attempt_id": ATTEMPT}),
    ({"type": "refuse_recording", "attempt_id": ATTEMPT}, {"attempt_id": ATTEMPT}),
    ({"type": "dial_preview", "lead_id": 7}, {"lead_id": 7, "phone_id": None}),
    ({"type": "skip_preview", "lead_id": 7}, {"lead_id": 7, "reason": ""}),
    ({"type": "dial_number", "number": "809 555-0101"}, {"number": "809 555-0101"}),
]


async def test_intents_are_stored_and_announced(
    agent: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool, heard: asyncio.Queue[tuple[str, str]]
) -> None:
    for n, (intent, data) in enumerate(INTENTS):
        answer = await agent.post("/api/v1/intents", json={"key": f"click-{n:04}", "intent": intent})
        assert answer.status_code == 202, answer.text
        row = await pool.fetchrow("SELECT * FROM intent WHERE id = $1", answer.json()["id"])
        assert (row["shard_id"], row["user_id"]) == (office.group_id, office.users["agent"])
        assert (row["type"], json.loads(row["data"]), row["done_at"]) == (intent["type"], data, None)
        async with asyncio.timeout(2):
            assert await heard.get() == ("cadencia_intent", str(office.group_id))


async def test_ten_clicks_with_one_key_are_one_intent(
    agent: httpx2.AsyncClient, pool: asyncpg.Pool, heard: asyncio.Queue[tuple[str, str]]
) -> None:
    body = {"key": "click-0001", "intent": {"type": "go_ready"}}
    answers = await asyncio.gather(*(agent.post("/api/v1/intents", json=body) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await pool.fetchval("SELECT count(*) FROM intent") == 1
    await heard.get()
    assert heard.empty()
    other = await agent.post("/api/v1/intents", json={"key": "click-0001", "intent": {"type": "log_out"}})
    assert (other.status_code, other.json()["type"]) == (409, "key_reused")


async def test_a_key_belongs_to_its_user(api: Api, agent: httpx2.AsyncClient, pool: asyncpg.Pool) -> None:
    body = {"key": "click-0001", "intent": {"type": "go_ready"}}
    async with api.client("agent2") as other:
        ids = {(await client.post("/api/v1/intents", json=body)).json()["id"] for client in (agent, other)}
    assert len(ids) == 2


FORBIDDEN_INTENTS = [
    {"type": "start_campaign", "campaign_id": 1},
    {"type": "console_lost"},
    {"type": "go_ready", "extra": 1},
    {"type": "hang_up", "attempt_id": "../../etc"},
    {"type": "dispose", "attempt_id": ATTEMPT, "disposition": "a\r\nAction: Command"},
    {"type": "dispose", "attempt_id": ATTEMPT, "disposition": "paid", "note": "\0"},
    {
        "type": "dispose",
        "attempt_id": ATTEMPT,
        "disposition": "paid",
        "callback_at": "2026-11-23T10:00:00",
    },
    {"type": "dial_preview", "lead_id": 2**63},
    {"type": "dial_number", "number": "809\r\n5550101"},
    {"type": "dial_number", "number": "8" * 41},
]


async def test_what_an_agent_may_not_say_is_refused(agent: httpx2.AsyncClient, pool: asyncpg.Pool) -> None:
    for intent in FORBIDDEN_INTENTS:
        answer = await agent.post("/api/v1/intents", json={"key": "click-0001", "intent": intent})
        assert (answer.status_code, answer.json()["type"]) == (422, "invalid"), intent
    assert await pool.fetchval("SELECT count(*) FROM intent") == 0


async def test_campaigns_are_listed_with_their_settings(
    supervisor: httpx2.AsyncClient, office: Office
) -> None:
    campaigns = (await supervisor.get("/api/v1/campaigns")).json()
    assert [c["name"] for c in campaigns] == ["Autos", "Tarjetas"]
    one = await supervisor.get(f"/api/v1/campaigns/{office.campaign_id}")
    assert one.json() == campaigns[1]
    assert one.json()["version"] == 1
    assert one.headers["etag"] == '"1"'
    for unknown in ("999", str(2**63 - 1)):
        answer = await supervisor.get(f"/api/v1/campaigns/{unknown}")
        assert (answer.status_code, answer.json()["type"]) == (404, "not_found")
    dispositions = (await supervisor.get(f"/api/v1/campaigns/{office.campaign_id}/dispositions")).json()
    assert dispositions[1] == {
        "code": "later",
        "label": {"es": "later", "en": "later", "pt": "later"},
        "effect": "callback",
        "right_party": False,
        "fields": [
            {"name": "callback_at", "kind": "moment", "required": True, "choices": []},
            {"name": "anyone", "kind": "flag", "required": False, "choices": []},
        ],
    }
    assert (await supervisor.get("/api/v1/campaigns/999/dispositions")).status_code == 404


async def test_agents_read_their_own_group_s_campaigns_only(
    agent: httpx2.AsyncClient, office: Office
) -> None:
    assert [c["name"] for c in (await agent.get("/api/v1/campaigns")).json()] == ["Tarjetas"]
    for tail in ("", "/dispositions"):
        assert (await agent.get(f"/api/v1/campaigns/{office.campaign_id}{tail}")).status_code == 200
        assert (await agent.get(f"/api/v1/campaigns/{office.other_campaign_id}{tail}")).status_code == 404


async def test_settings_change_with_the_version_one_saw(
    supervisor: httpx2.AsyncClient, office: Office, heard: asyncio.Queue[tuple[str, str]]
) -> None:
    url = f"/api/v1/campaigns/{office.campaign_id}"
    answer = await supervisor.patch(url, json={"mode": "power", "ratio": 2.5}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    changed = answer.json()
    assert (changed["mode"], changed["ratio"], changed["version"]) == ("power", 2.5, 2)
    assert changed["wrap_up_s"] == 60
    async with asyncio.timeout(2):
        assert await heard.get() == ("cadencia_campaign", str(office.campaign_id))

    late = await supervisor.patch(url, json={"ratio": 3}, headers={"If-Match": "1"})
    assert (late.status_code, late.json()["type"]) == (412, "version_mismatch")
    assert late.headers["etag"] == '"2"'
    blind = await supervisor.patch(url, json={"ratio": 3})
    assert (blind.status_code, blind.json()["type"]) == (428, "if_match_missing")
    nothing = await supervisor.patch(url, json={}, headers={"If-Match": "2"})
    assert nothing.json() == changed
    assert (await supervisor.get(url)).json() == changed
    gone = await supervisor.patch("/api/v1/campaigns/999", json={"ratio": 3}, headers={"If-Match": "1"})
    assert gone.status_code == 404
    assert heard.empty()


async def test_two_editors_at_once_one_wins(supervisor: httpx2.AsyncClient, office: Office) -> None:
    url = f"/api/v1/campaigns/{office.campaign_id}"
    answers = await asyncio.gather(
        *(supervisor.patch(url, json={"wrap_up_s": n}, headers={"If-Match": "1"}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


async def test_settings_outside_their_limits_are_refused(
    supervisor: httpx2.AsyncClient, office: Office
) -> None:
    url = f"/api/v1/campaigns/{office.campaign_id}"
    for patch in (
        {"ratio": 0.5},
        {"abandon_cap": 0.5},
        {"ring_timeout_s": 5},
        {"mode": "x"},
        {"state": "running"},
    ):
        answer = await supervisor.patch(url, json=patch, headers={"If-Match": "1"})
        assert (answer.status_code, answer.json()["type"]) == (422, "invalid"), patch


async def test_a_supervisor_s_order_goes_to_the_campaign_s_shard(
    supervisor: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool, heard: asyncio.Queue[tuple[str, str]]
) -> None:
    for verb in ("start", "pause", "stop"):
        url = f"/api/v1/campaigns/{office.campaign_id}/{verb}"
        key = {"Idempotency-Key": f"{verb}-0001"}
        orders = [await supervisor.post(url, headers=headers) for headers in (key, key, {}, {})]
        assert {order.status_code for order in orders} == {202}
        ids = [order.json()["id"] for order in orders]
        assert ids[0] == ids[1]
        assert len(set(ids)) == 3
        row = await pool.fetchrow("SELECT * FROM intent WHERE id = $1", ids[0])
        assert (row["shard_id"], row["type"]) == (office.group_id, f"{verb}_campaign")
        assert json.loads(row["data"]) == {"campaign_id": office.campaign_id}
        assert await heard.get() == ("cadencia_intent", str(office.group_id))
        assert (await supervisor.post(f"/api/v1/campaigns/999/{verb}")).status_code == 404
