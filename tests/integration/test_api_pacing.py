"""The pacing page's API: settings changed, logged with their effect, undone; and what-if forecasts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from api_harness import Api, Office, add_attempt

from dialer.api import pacing

pytestmark = pytest.mark.integration


async def change(client: httpx2.AsyncClient, url: str, version: int, **settings: object) -> dict[str, object]:
    answer = await client.patch(url, json=settings, headers={"If-Match": str(version)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_changes_are_logged_with_who_and_can_be_undone(
    supervisor: httpx2.AsyncClient, api: Api, office: Office
) -> None:
    """1. A goal set, then another; 2. newest first, with names and both values; 3. only what still stands is undone;
    4. undone, the value is back and the undoing stands in the log; 5. agents have no business there."""
    url = f"/api/v1/campaigns/{office.campaign_id}"
    goal = {
        "abandon_cap": 0.02,
        "abandon_window": "month",
        "policy": "vicidial_average",
        "share": 2.0,
        "priority": 3,
    }
    first = await change(supervisor, url, 1, **goal)
    assert {name: first[name] for name in goal} == goal
    second = await change(supervisor, url, 2, abandon_cap=0.025, mode=first["mode"])
    newest, oldest = (await supervisor.get(f"{url}/changes")).json()
    assert (newest["before"], newest["after"]) == ({"abandon_cap": 0.02}, {"abandon_cap": 0.025})
    assert (newest["user_name"], newest["undoable"], oldest["undoable"]) == (newest["user_name"], True, False)
    assert newest["user_name"]
    assert oldest["after"]["policy"] == "vicidial_average"
    assert oldest["figures_before"]["attempts"] == 0

    headers = {"If-Match": str(second["version"])}
    refused = await supervisor.post(f"{url}/changes/{oldest['id']}/undo", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "changed_since")
    undone = await supervisor.post(f"{url}/changes/{newest['id']}/undo", headers=headers)
    assert (undone.json()["abandon_cap"], undone.json()["version"]) == (0.02, second["version"] + 1)
    log = (await supervisor.get(f"{url}/changes")).json()
    assert (log[0]["undoes_id"], log[0]["after"]) == (newest["id"], {"abandon_cap": 0.02})
    assert [entry["undoable"] for entry in log] == [True, False, True]

    stale = await supervisor.post(f"{url}/changes/{log[0]['id']}/undo", headers=headers)
    assert stale.status_code == 412
    gone = await supervisor.post(
        f"{url}/changes/99999/undo", headers={"If-Match": str(undone.json()["version"])}
    )
    assert gone.status_code == 404
    async with api.client("agent") as agent:
        assert (await agent.get(f"{url}/changes")).status_code == 403
        assert (await agent.post(f"{url}/forecast", json={"change": {}})).status_code == 403


async def work_for_an_hour(pool: asyncpg.Pool, office: Office) -> None:
    """Calls of the last hour, one in three connected for half a minute, and an agent at work for all of it."""
    begin = datetime.now(UTC) - timedelta(minutes=50)
    agent, shard = office.users["agent"], office.group_id
    for n in range(90):
        at = begin + timedelta(seconds=30 * n)
        attempt = await add_attempt(pool, office, n + 1, at=at)
        answered = at + timedelta(seconds=8) if n % 3 == 0 else None
        outcome = "connected" if answered else "no_answer"
        await pool.execute(
            "UPDATE attempt SET state = 'ended', outcome = $2, answered_at = $3, connected_at = $3, ended_at = $4,"
            " agent_id = $5 WHERE id = $1",
            *(attempt, outcome, answered, at + timedelta(seconds=38 if answered else 25)),
            agent if answered else None,
        )
    nothing = dict.fromkeys(("reason", "leg_id", "lead_id", "after_wrap_up", "wrap_up_until"))
    data = json.dumps({"agent_id": agent, "state": "ready", "leg_up": True, **nothing})
    seq = await pool.fetchval("SELECT coalesce(max(seq), 0) + 1 FROM call_event WHERE shard_id = $1", shard)
    await pool.execute(
        "INSERT INTO call_event (shard_id, seq, type, at, data) VALUES ($1, $2, 'AgentMoved', $3, $4::text::jsonb)",
        *(shard, seq, begin, data),
    )


async def test_a_forecast_comes_with_its_progress_and_interval(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1. Nothing to learn from: it says so; 2. an hour of work: progress, then both
    settings and their difference, refined until its share is 1."""
    monkeypatch.setattr(pacing, "FORECAST_BUDGET_S", 1.0)
    monkeypatch.setattr(pacing, "FORECAST_LIMIT_S", 300.0)
    url = f"/api/v1/campaigns/{office.campaign_id}/forecast"
    (line,) = (await supervisor.post(url, json={"change": {}})).text.splitlines()
    assert json.loads(line)["code"] == "too_little_history"

    await work_for_an_hour(pool, office)
    answer = await supervisor.post(
        url, json={"change": {"mode": "power", "ratio": 3.0}, "hours": 1.0}, timeout=300
    )
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    said = [json.loads(line) for line in answer.text.splitlines()]
    kinds = [line["kind"] for line in said]
    first = kinds.index("result")
    assert (set(kinds[:first]), set(kinds[first:])) == ({"progress"}, {"result"}), said
    result = said[-1]
    assert ([line["share"] for line in said], result["share"]) == (
        sorted(line["share"] for line in said),
        1.0,
    )
    assert (result["calls_seen"], result["agents_seen"]) == (90, 1.0)
    for figures in (result["now"], result["changed"]):
        mean, low, high = figures["occupancy"]
        assert low <= mean <= high
        assert 0 < mean <= 1
    assert (await supervisor.post("/api/v1/campaigns/999/forecast", json={"change": {}})).status_code == 404


async def test_a_forecast_that_takes_too_long_is_ended(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "FORECAST_LIMIT_S", 0.01)
    await work_for_an_hour(pool, office)
    answer = await supervisor.post(f"/api/v1/campaigns/{office.campaign_id}/forecast", json={"change": {}})
    assert json.loads(answer.text.splitlines()[-1])["code"] == "too_slow"
