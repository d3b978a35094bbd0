"""Segments as a supervisor builds them; real PostgreSQL below."""

from __future__ import annotations

import asyncpg
import pytest
from api_harness import furnish, serve

pytestmark = pytest.mark.integration


def wanted(name: str, *conditions: dict[str, object], **treatment: object) -> dict[str, object]:
    return {
        "name": name,
        "conditions": {"match": "all", "conditions": list(conditions)},
        "treatment": treatment,
    }


async def test_a_segment_is_counted_kept_changed_and_moved_into(dsn: str, pool: asyncpg.Pool) -> None:
    await furnish(pool)
    rich = {"field": "balance", "test": "at_least", "value": 100_000}
    poor = {"field": "balance", "test": "at_most", "value": 5}
    async with serve(dsn) as api, api.client("supervisor") as client, api.client("qa") as qa:
        parts = (await client.get("/api/v1/segments/parts")).json()
        assert len(parts["fields"]) == 22
        assert next(each for each in parts["fields"] if each["name"] == "promise")["choices"][0] == "open"
        counted = (
            await client.post("/api/v1/segments/count", json={"conditions": wanted("", rich)["conditions"]})
        ).json()
        assert counted == {"leads": 1, "of": 1, "balances_minor": {"USD": 123450}}
        script = parts["scripts"][0]["id"]
        made = await client.post(
            "/api/v1/segments",
            json=wanted("Altos", rich, script_id=script, target_handling_s=240, priority=9),
        )
        assert made.status_code == 201
        path = f"/api/v1/segments/{made.json()['id']}"
        for bad, says in (
            (wanted("Altos", rich), "already"),
            (wanted("Otro", {"field": "balance", "test": "is", "value": True}), "balance takes"),
            (
                wanted("Otro", {"field": "stage", "test": "is_one_of", "value": ["nowhere"]}),
                "has no 'nowhere'",
            ),
            (wanted("Otro", rich, caller_id="123"), "caller id"),
            (wanted("Otro", rich, script_id=999), "does not exist"),
        ):
            refused = await client.post("/api/v1/segments", json=bad)
            assert (refused.status_code, refused.json()["type"]) == (422, "bad_segment")
            assert says in refused.json()["detail"]
        unknown = wanted("Otro", {"field": "name; DROP TABLE lead", "test": "is_known"})
        assert (await client.post("/api/v1/segments", json=unknown)).status_code == 422
        # The lead is in a segment that only files name: nobody moves it until it has none.
        await pool.execute("UPDATE lead SET segment_id = NULL")
        async with pool.acquire() as connection, connection.transaction():
            # Somebody else is at it: this transaction's end gives his lock back.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", 0x5E67)
            busy = await client.post("/api/v1/segments/runs")
            assert (busy.status_code, busy.json()["type"]) == (409, "segments_running")
        made_now = await client.post("/api/v1/segments/runs")
        assert (made_now.status_code, made_now.json()["moved"]) == (200, 1)
        assert (await qa.post("/api/v1/segments/runs")).status_code == 403
        (run,) = (await client.get("/api/v1/segments/runs")).json()
        assert run["moves"] == [{"from_name": None, "to_name": "Altos", "leads": 1}]
        listed = (await client.get("/api/v1/segments")).json()
        assert [(each["name"], each["leads"]) for each in listed] == [("Altos", 1), ("30-60 días", 0)]
        assert listed[0]["treatment"]["target_handling_s"] == 240
        assert (await client.put("/api/v1/segments/999999", json=wanted("x", poor))).status_code == 404
        # Two supervisors saw version 1: the first is served, the second is told, and so is who names none.
        seen = {"If-Match": made.headers["ETag"]}
        kept = await client.put(path, json=wanted("Bajos", poor), headers=seen)
        assert (kept.status_code, kept.json()["version"], kept.headers["ETag"]) == (200, 2, '"2"')
        late = await client.put(path, json=wanted("Otros", rich), headers=seen)
        assert (late.status_code, late.json()["type"]) == (412, "version_mismatch")
        blind = await client.put(path, json=wanted("Otros", rich))
        assert (blind.status_code, blind.json()["type"]) == (428, "if_match_missing")
        (first, *_) = (await client.get("/api/v1/segments")).json()
        assert (first["name"], first["version"]) == ("Bajos", 2)
        assert first["conditions"]["conditions"] == [poor]
        assert (await qa.get("/api/v1/segments")).status_code == 403
