"""Logging in, cookies, who may do what, what a request must carry."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
import structlog
from api_harness import PASSWORD, PROOF, ROLES, Api, Office, serve

from dialer.api.app import create_app
from dialer.api.auth import PERMISSIONS, route_permissions
from dialer.config import Settings


async def log_in(client: httpx2.AsyncClient, login: str, password: str = PASSWORD) -> httpx2.Response:
    return await client.post("/api/v1/session", json={"login": login, "password": password})


async def test_logging_in_gives_a_cookie_that_says_who_asks(
    api: Api, office: Office, pool: asyncpg.Pool
) -> None:
    async with api.client() as client:
        answer = await log_in(client, "agent")
        assert answer.status_code == 200
        me = {"id": office.users["agent"], "login": "agent", "display_name": "agent uno", "role": "agent"}
        assert answer.json() == me | {"agent_group_id": office.group_id}
        cookie = answer.headers["set-cookie"]
        assert re.match(r"cadencia=[\w-]{43}; ", cookie)
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
            assert part in cookie
        assert (await client.get("/api/v1/session")).json() == answer.json()
        token = client.cookies["cadencia"]
    stored = await pool.fetchval("SELECT token_hash FROM user_session")
    assert stored != token
    assert len(stored) == 64


async def test_behind_tls_the_cookie_never_travels_in_the_clear(dsn: str, office: Office) -> None:
    async with serve(dsn, public_origin="https://dialer.example") as api, api.client() as client:
        answer = await log_in(client, "agent")
        assert answer.headers["set-cookie"].startswith("__Host-cadencia=")
        assert "; Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"]


async def test_wrong_credentials_are_all_refused_alike(api: Api) -> None:
    tries = [("agent", "hunter2"), ("nobody", PASSWORD), ("AGENT", PASSWORD), ("agent", PASSWORD + " ")]
    async with api.client() as client:
        answers = [await log_in(client, login, password) for login, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["type"] == "wrong_credentials"
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_an_inactive_user_is_out_at_once(api: Api, office: Office, pool: asyncpg.Pool) -> None:
    async with api.client("agent") as client:
        await pool.execute("UPDATE app_user SET active = false WHERE id = $1", office.users["agent"])
        assert (await client.get("/api/v1/session")).status_code == 401
        assert (await log_in(client, "agent")).status_code == 401


async def test_guessing_is_stopped_and_one_user_s_guesser_stops_nobody_else(api: Api) -> None:
    async with api.client() as client:
        statuses = [(await log_in(client, "agent", f"guess {n}")).status_code for n in range(11)]
        assert statuses == [401] * 10 + [429]
        answer = await log_in(client, "agent")
        assert (answer.status_code, answer.json()["type"]) == (429, "too_many_logins")
        assert int(answer.headers["retry-after"]) > 0
        assert (await log_in(client, "supervisor")).status_code == 200


async def test_logging_out_ends_the_session_and_the_phone_s_password(api: Api, pool: asyncpg.Pool) -> None:
    async with api.client("agent") as client:
        token = client.cookies["cadencia"]
        await client.post("/api/v1/softphone")
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert "cadencia" not in client.cookies
        assert (
            await client.get("/api/v1/session", headers={"Cookie": f"cadencia={token}"})
        ).status_code == 401
    assert await pool.fetchval("SELECT count(*) FROM user_session") == 0
    assert await pool.fetchval("SELECT count(*) FROM sip_credential") == 0


async def test_a_session_that_has_run_out_is_none(api: Api, pool: asyncpg.Pool) -> None:
    async with api.client("agent") as client:
        await pool.execute(
            "UPDATE user_session SET expires_at = $1", datetime.now(UTC) - timedelta(seconds=1)
        )
        assert (await client.get("/api/v1/session")).status_code == 401
    async with api.client("supervisor"):
        assert await pool.fetchval("SELECT count(*) FROM user_session") == 1


async def test_made_up_cookies_open_nothing(api: Api) -> None:
    async with api.client() as client:
        for token in ("", "x", "'; DROP TABLE user_session", "é" * 40, "0" * 64):
            cookie = f"cadencia={token}".encode()
            answer = await client.get("/api/v1/session", headers={b"cookie": cookie})
            assert answer.status_code == 401, token


async def test_every_route_names_its_permission_and_keeps_to_it(api: Api, office: Office) -> None:
    """Each route as nobody and as each role: 401, 403, or anything else exactly where the table says so."""
    wrong = []
    clients = {role: api.client(role) for role in ROLES}
    anybody = api.client()
    opened = {role: await client.__aenter__() for role, client in clients.items()}
    try:
        async with anybody as stranger:
            for methods, path, permission in route_permissions(create_app(api.settings)):
                url = re.sub(r"{\w+(:path)?}", "1", path)
                for method in methods - {"WEBSOCKET"}:
                    if (method, path) == ("DELETE", "/api/v1/session"):
                        continue  # it would log the clients out; its own test is above
                    answer = await stranger.request(method, url, json={})
                    if (answer.status_code == 401) != (permission is not None):
                        wrong.append((method, path, "nobody", answer.status_code))
                    for role, client in opened.items():
                        answer = await client.request(method, url, json={})
                        allowed = permission is None or permission in PERMISSIONS[role]
                        if (answer.status_code == 403) == allowed or answer.status_code == 401:
                            wrong.append((method, path, role, answer.status_code))
    finally:
        for client in clients.values():
            await client.__aexit__(None, None, None)
    assert not wrong


async def test_a_route_without_a_permission_stops_the_application(api: Api) -> None:
    app = create_app(Settings())
    app.add_api_route("/api/v1/forgotten", lambda: None)
    with pytest.raises(LookupError, match="/api/v1/forgotten names 0 permissions"):
        list(route_permissions(app))


async def test_only_our_own_page_can_change_things(api: Api) -> None:
    async with api.client("agent") as logged_in:
        cookies = {"Cookie": f"cadencia={logged_in.cookies['cadencia']}"}
    async with httpx2.AsyncClient(base_url=api.url) as client:
        for headers, expected in (
            ({}, "header_missing"),
            ({"X-Cadencia-Request": "0"}, "header_missing"),
            (PROOF | {"Origin": "https://evil.example"}, "foreign_origin"),
            (PROOF | {"Origin": "null"}, "foreign_origin"),
            (PROOF | {"Origin": "http://127.0.0.1"}, "foreign_origin"),
        ):
            answer = await client.post("/api/v1/softphone", headers=headers | cookies)
            assert (answer.status_code, answer.json()["type"]) == (403, expected)
        for headers in (PROOF, PROOF | {"Origin": api.url}):
            assert (await client.post("/api/v1/softphone", headers=headers | cookies)).status_code == 200


async def test_every_answer_carries_the_security_headers(api: Api) -> None:
    async with api.client("agent") as client:
        for path in ("/api/v1/session", "/api/v1/nowhere", "/healthz"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "script-src 'self'" in policy
            assert "connect-src 'self' ws://127.0.0.1:8088" in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/api/v1/session")).headers["cache-control"] == "no-store"


async def test_errors_are_problems_that_do_not_repeat_what_was_sent(api: Api) -> None:
    async with api.client() as client:
        for method, path, kwargs, status in (
            ("GET", "/api/v1/nowhere", {}, 404),
            ("PUT", "/api/v1/session", {}, 405),
            ("POST", "/api/v1/session", {"json": {"login": "", "password": "s3cret", "x": 1}}, 422),
            (
                "POST",
                "/api/v1/session",
                {"content": b"{", "headers": {"Content-Type": "application/json"}},
                422,
            ),
            ("POST", "/api/v1/session", {"json": {"login": "a\0b", "password": "s3cret"}}, 422),
            ("POST", "/api/v1/session", {"content": b"x" * 70_000}, 413),
            (
                "POST",
                "/api/v1/session",
                {"content": in_chunks(), "headers": {"Content-Type": "application/json"}},
                413,
            ),
        ):
            answer = await client.request(method, path, **kwargs)
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert set(problem) == {"type", "title", "status", "detail"}
            assert problem["status"] == status
            assert "s3cret" not in answer.text


async def in_chunks() -> AsyncIterator[bytes]:
    for _ in range(100):
        yield b" " * 1000


async def test_the_log_knows_who_came_and_never_the_password(api: Api, office: Office) -> None:
    with structlog.testing.capture_logs() as logs:
        async with api.client() as client:
            await log_in(client, "agent", "wrong secret")
            await log_in(client, "agent")
    assert [entry["event"] for entry in logs] == ["login_refused", "logged_in"]
    assert logs[1]["user_id"] == office.users["agent"]
    assert "secret" not in str(logs)
    assert PASSWORD not in str(logs)
