"""What supervisors and reviewers read: attempts, recordings and their sound; and the console's files and health."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest_asyncio
import structlog
from api_harness import T0, Api, Office, add_attempt, serve, write_console

from dialer.recording.layout import recording_path

SOUND = bytes(range(256)) * 40


@pytest_asyncio.fixture
async def api(dsn: str, office: Office, tmp_path: Path) -> AsyncIterator[Api]:
    console = write_console(tmp_path / "console")
    async with serve(dsn, recordings_dir=tmp_path / "recordings", console_dir=console) as api:
        yield api


async def add_recording(pool: asyncpg.Pool, folder: Path, attempt_id: str) -> int:
    path = recording_path(attempt_id, T0)  # type: ignore[arg-type]
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(SOUND)
    id_: int = await pool.fetchval(
        "INSERT INTO recording (attempt_id, path, duration_ms, bytes, sha256, peaks, started_at)"
        " VALUES ($1, $2, 1000, $3, $4, $5, $6) RETURNING id",
        attempt_id,
        path,
        len(SOUND),
        hashlib.sha256(SOUND).hexdigest(),
        bytes([1] * 20 + [2] * 20),
        T0,
    )
    return id_


async def test_attempts_come_newest_first_in_pages(
    qa: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    ids = [await add_attempt(pool, office, n, at=T0 + timedelta(minutes=n)) for n in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = (
            await qa.get("/api/v1/attempts", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ids[::-1]
    assert cursor is None


async def test_attempts_are_found_by_what_happened(
    qa: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    busy = await add_attempt(pool, office, 1, outcome="busy")
    paid = await add_attempt(
        pool,
        office,
        2,
        at=T0 + timedelta(hours=1),
        outcome="connected",
        disposition="paid",
        agent_id=office.users["agent"],
        number="+18295550102",
        connect_ms=8.5,
    )

    async def found(**filters: object) -> list[str]:
        answer = await qa.get("/api/v1/attempts", params=filters)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await found() == [paid, busy]
    assert await found(outcome="busy") == [busy]
    assert await found(disposition="paid") == [paid]
    assert await found(agent_id=office.users["agent"]) == [paid]
    assert await found(number="+18295550102") == [paid]
    assert await found(campaign_id=office.other_campaign_id) == []
    assert await found(lead_id=office.lead_id, campaign_id=office.campaign_id) == [paid, busy]
    assert await found(**{"from": (T0 + timedelta(minutes=30)).isoformat()}) == [paid]
    assert await found(to=(T0 + timedelta(minutes=30)).isoformat()) == [busy]
    for wrong in ({"outcome": "x"}, {"cursor": "1"}, {"agent_id": "0"}, {"number": "809"}, {"limit": "0"}):
        assert (await qa.get("/api/v1/attempts", params=wrong)).status_code == 422


async def test_an_attempt_tells_its_story(qa: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office) -> None:
    id_ = await add_attempt(pool, office, 1, outcome="connected", agent_id=office.users["agent"])
    for seq, (type_, data) in enumerate(
        [("AttemptMoved", {"state": "ringing"}), ("NoticeGiven", {"spoken": True})]
    ):
        await pool.execute(
            "INSERT INTO call_event (shard_id, seq, attempt_id, type, at, data) VALUES ($1, $2, $3, $4, $5, $6)",
            office.group_id,
            seq + 1,
            id_,
            type_,
            T0 + timedelta(seconds=seq),
            json.dumps(data),
        )
    story = (await qa.get(f"/api/v1/attempts/{id_}")).json()
    assert story["attempt"]["person_name"] == "Ana Pérez Mota"
    assert story["attempt"]["agent_name"] == "agent uno"
    assert [(event["seq"], event["type"], event["data"]) for event in story["events"]] == [
        (1, "AttemptMoved", {"state": "ringing"}),
        (2, "NoticeGiven", {"spoken": True}),
    ]
    assert (await qa.get("/api/v1/attempts/01JD0000000000000000000000")).status_code == 404
    assert (await qa.get("/api/v1/attempts/..%2F..%2Fetc")).status_code == 404
    assert (await qa.get("/api/v1/attempts/1")).status_code == 422


async def test_recordings_are_listed_found_and_drawn(
    qa: httpx2.AsyncClient, api: Api, pool: asyncpg.Pool, office: Office
) -> None:
    assert api.settings.recordings_dir is not None
    agent = office.users["agent"]
    first = await add_attempt(pool, office, 1, agent_id=agent, disposition="paid")
    second = await add_attempt(pool, office, 2, number="+18295550102")
    ids = [await add_recording(pool, api.settings.recordings_dir, attempt) for attempt in (first, second)]

    async def found(**filters: object) -> list[int]:
        answer = await qa.get("/api/v1/recordings", params=filters)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await found() == ids[::-1]
    assert await found(agent_id=agent) == ids[:1]
    assert await found(disposition="paid", campaign_id=office.campaign_id) == ids[:1]
    assert await found(q="pérez") == ids[::-1]
    assert await found(q="8295550") == ids[1:]
    assert await found(q=first) == ids[:1]
    assert await found(q="%") == []
    page = (await qa.get("/api/v1/recordings", params={"limit": 1})).json()
    assert await found(cursor=page["next_cursor"]) == ids[:1]

    one = (await qa.get(f"/api/v1/recordings/{ids[0]}")).json()
    assert (one["attempt_id"], one["agent_name"], one["campaign_name"]) == (first, "agent uno", "Tarjetas")
    peaks = (await qa.get(f"/api/v1/recordings/{ids[0]}/peaks")).json()
    assert peaks == {"slices_per_s": 20, "customer": [1] * 20, "agent": [2] * 20}
    story = (await qa.get(f"/api/v1/attempts/{first}")).json()
    assert story["attempt"]["recording_id"] == ids[0]
    for tail in ("", "/peaks", "/audio"):
        assert (await qa.get(f"/api/v1/recordings/999{tail}")).status_code == 404


RANGES = [
    ("bytes=0-99", 206, SOUND[:100]),
    ("bytes=100-", 206, SOUND[100:]),
    ("bytes=-7", 206, SOUND[-7:]),
    ("bytes=10000-99999", 206, SOUND[10000:]),
    (f"bytes={len(SOUND)}-", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=9-2", 416, None),
    ("bytes=x", 416, None),
    ("frames=1-2", 416, None),
    ("bytes=" + "1-2," * 30 + "1-2", 416, None),
]


async def test_sound_is_served_in_parts(
    qa: httpx2.AsyncClient, api: Api, pool: asyncpg.Pool, office: Office
) -> None:
    assert api.settings.recordings_dir is not None
    id_ = await add_recording(pool, api.settings.recordings_dir, await add_attempt(pool, office, 1))
    for wanted, status, content in RANGES:
        answer = await qa.get(f"/api/v1/recordings/{id_}/audio", headers={"Range": wanted})
        assert answer.status_code == status, wanted
        if content is None:
            assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"
            assert answer.json()["type"] == "range_outside"
        else:
            assert answer.content == content
            assert answer.headers["content-type"] == "audio/flac"
            assert answer.headers["content-range"].endswith(f"/{len(SOUND)}")


async def test_sound_is_served_whole_and_once(
    qa: httpx2.AsyncClient, api: Api, pool: asyncpg.Pool, office: Office
) -> None:
    assert api.settings.recordings_dir is not None
    id_ = await add_recording(pool, api.settings.recordings_dir, await add_attempt(pool, office, 1))
    url = f"/api/v1/recordings/{id_}/audio"
    whole = await qa.get(url)
    assert (whole.status_code, whole.content) == (200, SOUND)
    assert whole.headers["accept-ranges"] == "bytes"
    etag = whole.headers["etag"]
    assert etag == f'"{hashlib.sha256(SOUND).hexdigest()}"'
    assert (await qa.get(url, headers={"If-None-Match": etag})).status_code == 304
    part = {"Range": "bytes=0-9", "If-Range": etag}
    assert (await qa.get(url, headers=part)).content == SOUND[:10]
    assert (await qa.get(url, headers=part | {"If-Range": '"older"'})).content == SOUND


async def test_every_play_is_in_the_log_and_agents_hear_nothing(
    api: Api, pool: asyncpg.Pool, office: Office, tmp_path: Path
) -> None:
    assert api.settings.recordings_dir is not None
    attempt = await add_attempt(pool, office, 1, agent_id=office.users["agent"])
    id_ = await add_recording(pool, api.settings.recordings_dir, attempt)
    async with api.client("qa") as qa, api.client("agent") as agent:
        with structlog.testing.capture_logs() as logs:
            await qa.get(f"/api/v1/recordings/{id_}/audio", headers={"Range": "bytes=0-9"})
            for tail in ("", f"/{id_}", f"/{id_}/peaks", f"/{id_}/audio"):
                assert (await agent.get(f"/api/v1/recordings{tail}")).status_code == 403
    assert logs == [
        {
            "event": "recording_played",
            "log_level": "info",
            "user_id": office.users["qa"],
            "recording_id": id_,
            "attempt_id": attempt,
            "range": "bytes=0-9",
        }
    ]


async def test_a_lost_file_is_said_and_a_foreign_path_never_opened(
    qa: httpx2.AsyncClient, api: Api, pool: asyncpg.Pool, office: Office, tmp_path: Path
) -> None:
    assert api.settings.recordings_dir is not None
    attempt = await add_attempt(pool, office, 1)
    id_ = await add_recording(pool, api.settings.recordings_dir, attempt)
    (api.settings.recordings_dir / recording_path(attempt, T0)).unlink()  # type: ignore[arg-type]
    answer = await qa.get(f"/api/v1/recordings/{id_}/audio")
    assert (answer.status_code, answer.json()["type"]) == (404, "sound_missing")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for path in ("../secret", str(secret), "2026/11/20/../../../../secret"):
        await pool.execute("UPDATE recording SET path = $1", path)
        answer = await qa.get(f"/api/v1/recordings/{id_}/audio")
        assert (answer.status_code, answer.json()["type"]) == (500, "internal")
        assert "secret" not in answer.text


async def test_the_console_is_served_from_the_same_origin(api: Api, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("outside")
    async with api.client() as client:
        index = (await client.get("/")).text
        assert "Cadencia" in index
        for screen in ("/supervisor", "/qa/17"):
            answer = await client.get(screen)
            assert (answer.status_code, answer.text) == (200, index)
            assert answer.headers["cache-control"] == "no-cache"
        script = await client.get("/assets/app-1a2b3c.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        for missing in ("/assets/app-0.js", "/api/v2/x", "/..%2f..%2foutside.txt", "/%00"):
            answer = await client.get(missing)
            assert answer.status_code == 404, missing
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_lost_database_is_said_and_its_return_noticed(
    dsn: str, server_dsn: str, office: Office
) -> None:
    name = urlsplit(dsn).path.strip("/")
    admin = await asyncpg.connect(server_dsn)
    async with serve(dsn) as api, api.client("qa") as qa:
        assert (await qa.get("/healthz")).json() == {"status": "ok"}
        ready = await qa.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"database": True, "live": True})
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            assert (await qa.get("/healthz")).status_code == 200
            ready = await qa.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, False)
            answer = await qa.get("/api/v1/session")
            assert (answer.status_code, answer.json()["type"]) == (503, "database_unreachable")
            assert answer.headers["retry-after"]
        finally:
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await admin.close()
        async with asyncio.timeout(10):
            while (await qa.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.1)
        assert (await qa.get("/api/v1/session")).status_code == 200
