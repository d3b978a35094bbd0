"""Contact plans as a supervisor reads and writes them; real PostgreSQL below."""

from __future__ import annotations

import asyncpg
import pytest
from api_harness import furnish, serve

pytestmark = pytest.mark.integration


async def test_a_plan_is_read_written_and_taken_back(dsn: str, pool: asyncpg.Pool) -> None:
    office = await furnish(pool)
    path = f"/api/v1/campaigns/{office.campaign_id}/contact-plan"
    async with serve(dsn) as api, api.client("supervisor") as client, api.client("qa") as qa:
        usual = (await client.get(path)).json()
        assert (usual["usual"], usual["quota"], usual["rules"]["no_answer"]["delay_s"]) == (True, None, 7200)
        quota = {"tries": 6, "days": 5, "per_day": 2, "parts": [2, 2, 2]}
        rules = usual["rules"] | {"busy": {"delay_s": 900, "max_tries": 3, "next_phone": False}}
        wanted = {"quota": quota, "max_attempts": 12, "rules": rules}
        assert (await client.put(path, json=wanted)).status_code == 428
        match = {"If-Match": f'"{usual["version"]}"'}
        short = wanted | {"quota": quota | {"parts": [1, 1, 1]}}
        refused = await client.put(path, json=short, headers=match)
        assert (refused.status_code, refused.json()["type"]) == (422, "bad_plan")
        kept = (await client.put(path, json=wanted, headers=match)).json()
        assert (kept["usual"], kept["quota"], kept["max_attempts"]) == (False, quota, 12)
        assert kept["rules"]["busy"]["max_tries"] == 3
        assert kept["version"] == usual["version"] + 1
        assert (await client.put(path, json=wanted, headers=match)).status_code == 412
        match = {"If-Match": f'"{kept["version"]}"'}
        assert (await client.put(path, json=wanted, headers=match)).json()["version"] == kept["version"]
        old = {name: usual[name] for name in wanted}
        assert (await client.put(path, json=old, headers=match)).json()["usual"] is True
        assert (
            await pool.fetchval("SELECT contact_plan FROM campaign WHERE id = $1", office.campaign_id) is None
        )
        assert (await client.get("/api/v1/campaigns/999999/contact-plan")).status_code == 404
        assert (await qa.get(path)).status_code == 403
