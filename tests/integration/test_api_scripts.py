"""Scripts as a supervisor writes, previews, compares and publishes them; real PostgreSQL below."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from api_harness import furnish, serve

pytestmark = pytest.mark.integration

SAID = "Hola {{ debtor.first_name }}, debe {{ debt.balance }}"


def graph(say: str = SAID, **more: object) -> dict[str, Any]:
    return {"start": "hola", "steps": [{"id": "hola", "title": "Saludo", "say": say}]} | more


async def test_a_script_is_checked_drafted_compared_and_published(dsn: str, pool: asyncpg.Pool) -> None:
    await furnish(pool)
    async with serve(dsn) as api, api.client("supervisor") as client, api.client("qa") as qa:

        async def check(wanted: dict[str, Any]) -> dict[str, Any]:
            answer = await client.post("/api/v1/scripts/check", json={"graph": wanted, "language": "es"})
            assert answer.status_code == 200, answer.text
            told: dict[str, Any] = answer.json()
            return told

        good = await check(graph())
        assert good["faults"] == []
        assert "Hola Ana, debe" in good["preview"]["steps"][0]["markdown"]
        bad = await check(graph("{{ debtor.secret }}"))
        assert [fault["where"] for fault in bad["faults"]] == ["hola"]
        lawless = await check(graph(rule_sets=["US"]))
        assert {fault["where"] for fault in lawless["faults"]} == {"script"}
        for refused in (graph("uno\0dos"), graph(more=1), {"start": "x", "steps": []}):
            answer = await client.post("/api/v1/scripts/check", json={"graph": refused})
            assert answer.status_code == 422

        async def draft(wanted: dict[str, Any]) -> dict[str, int]:
            body = {"name": "Saludo", "language": "es", "graph": wanted}
            answer = await client.put("/api/v1/scripts/draft", json=body)
            assert answer.status_code == 200, answer.text
            saved: dict[str, int] = answer.json()
            return saved

        faulty = await draft(graph("{{ debtor.secret }}"))
        publish = f"/api/v1/scripts/versions/{faulty['id']}/publish"
        told = await client.post(publish, json={"share": 100})
        assert (told.status_code, told.json()["type"]) == (409, "script_faulty")
        mended = await draft(graph())
        assert mended == faulty, "a draft is written over"
        assert (await client.post(publish, json={"share": 30})).status_code == 204
        versions = (await client.get("/api/v1/scripts")).json()
        assert [(v["number"], v["state"], v["share"]) for v in versions] == [
            (1, "published", 70),
            (2, "published", 30),
        ]
        assert (versions[1]["judgement"], versions[1]["rival"], versions[1]["conversion"]) == (
            "too_few",
            1,
            None,
        )
        text = (await client.get(f"/api/v1/scripts/versions/{mended['id']}")).json()
        assert text["graph"]["steps"][0]["say"] == SAID
        diff = await client.get(f"/api/v1/scripts/versions/{versions[0]['id']}/diff/{mended['id']}")
        assert any(line.startswith("+") and "first_name" in line for line in diff.json()["lines"])
        assert (await draft(graph("Otra cosa")))["number"] == 3, "what was published is never changed"
        assert (await client.get("/api/v1/scripts/versions/999999")).status_code == 404
        assert (await qa.get("/api/v1/scripts")).status_code == 403
