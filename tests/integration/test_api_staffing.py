"""Staffing plans as a supervisor makes them; real PostgreSQL below."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from api_harness import Api, Office

from dialer.domain.staffing import Staffing
from dialer.store.staffing import read_staffing, staffing_of

pytestmark = pytest.mark.integration

URL = "/api/v1/staffing"


def lunch(office: Office, **other: object) -> dict[str, object]:
    return {
        "group_id": office.group_id,
        "reason": "almuerzo",
        "at": "12:00",
        "minutes": 60,
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
        "zone": "America/Bogota",
        **other,
    }


async def test_a_plan_is_made_changed_dropped_and_undone(
    supervisor: httpx2.AsyncClient, api: Api, office: Office, pool: asyncpg.Pool
) -> None:
    """1. Planned, with its next times; 2. changed by the version seen only; 3. dropped, and undone: it is back with its
    number; 4. the log names who, from what to what, and undoes nothing twice; 5. agents have no business there."""
    made = await supervisor.post(f"{URL}/plans", json=lunch(office, agent_id=office.users["agent"]))
    assert made.status_code == 201, made.text
    plan = f"{URL}/plans/{made.json()['id']}"
    calls = lunch(office, reason="correo", per_hour=12.5, at="09:00", minutes=150)
    assert (await supervisor.post(f"{URL}/plans", json=calls)).status_code == 201
    group = next(g for g in (await supervisor.get(URL)).json() if g["id"] == office.group_id)
    assert [(p["reason"], p["per_hour"]) for p in group["plans"]] == [("almuerzo", None), ("correo", 12.5)]
    assert office.users["agent"] in [agent["id"] for agent in group["agents"]]
    begins = [datetime.fromisoformat(time["begins_at"]) for time in group["times"]]
    assert begins == sorted(begins)
    assert {time["plan_id"] for time in group["times"]} == {p["id"] for p in group["plans"]}

    wider = lunch(office, minutes=90)
    assert (await supervisor.put(plan, json=wider)).status_code == 428
    changed = await supervisor.put(plan, json=wider, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["minutes"], changed.json()["agent_id"]) == (200, 90, None)
    stale = await supervisor.put(plan, json=wider, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await supervisor.delete(plan, headers={"If-Match": '"2"'})).status_code == 204
    async with pool.acquire() as connection:
        assert [p.reason for p in (await read_staffing(connection, office.group_id)).plans] == ["correo"]

    dropped, rewritten, _, first = (await supervisor.get(f"{URL}/changes")).json()
    assert (dropped["before"]["minutes"], dropped["after"], dropped["undoable"]) == (90, None, True)
    assert (rewritten["before"]["minutes"], rewritten["after"]["minutes"]) == (60, 90)
    assert (rewritten["undoable"], first["before"]) == (False, None)
    assert dropped["user_name"]
    undo = f"{URL}/changes/{dropped['id']}/undo"
    assert (await supervisor.post(undo)).status_code == 204
    back = next(g for g in (await supervisor.get(URL)).json() if g["id"] == office.group_id)
    assert [(p["id"], p["minutes"]) for p in back["plans"] if p["per_hour"] is None] == [
        (made.json()["id"], 90)
    ]
    again = await supervisor.post(undo)
    assert (again.status_code, again.json()["type"]) == (409, "changed_since")
    newest = (await supervisor.get(f"{URL}/changes")).json()[0]
    assert (newest["undoes_id"], newest["undoable"]) == (dropped["id"], True)
    assert (await supervisor.post(f"{URL}/changes/99999/undo")).status_code == 404
    async with api.client("agent") as agent:
        assert (await agent.get(URL)).status_code == 403
        assert (await agent.post(f"{URL}/plans", json=lunch(office))).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"zone": "America"}, "America/Bogota"),
        ({"zone": "../etc"}, "America/Bogota"),
        ({"group_id": 9999}, "no agent group"),
        ({"per_hour": 3, "agent_id": 1}, "name no agent"),
        ({"agent_id": 9999}, "not in the group"),
        ({"reason": "   "}, "1 to 40"),
        ({"at": "24:00"}, "at"),
        ({"minutes": 0}, "minutes"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": [7]}, "weekdays"),
        ({"per_hour": 0}, "per_hour"),
    ],
)
async def test_what_cannot_be_planned_is_refused(
    supervisor: httpx2.AsyncClient, office: Office, wrong: dict[str, object], says: str
) -> None:
    refused = await supervisor.post(f"{URL}/plans", json=lunch(office, **wrong))
    assert refused.status_code == 422, refused.text
    assert says in refused.json()["detail"]
    assert (await supervisor.get(f"{URL}/changes")).json() == []


async def test_what_was_planned_then_is_known_later(
    supervisor: httpx2.AsyncClient, office: Office, pool: asyncpg.Pool
) -> None:
    """1. Before the first plan nothing; 2. each change at its time; 3. a day that begins after them has what stood."""
    before = datetime.now(UTC) - timedelta(minutes=1)
    plan = (await supervisor.post(f"{URL}/plans", json=lunch(office))).json()
    at = f"{URL}/plans/{plan['id']}"
    await supervisor.put(at, json=lunch(office, minutes=45), headers={"If-Match": '"1"'})
    await supervisor.delete(at, headers={"If-Match": '"2"'})
    async with pool.acquire() as connection:
        end = datetime.now(UTC) + timedelta(minutes=1)
        whole = await staffing_of(connection, office.group_id, before, end)
        assert [[p.minutes for p in staffing.plans] for _, staffing in whole] == [[], [60], [45], []]
        assert whole[0] == (before, Staffing())
        assert [at for at, _ in whole] == sorted(at for at, _ in whole)
        (_, added), (_, first_left), *_ = whole[1:]
        middle = await staffing_of(
            connection, office.group_id, whole[1][0] + (whole[2][0] - whole[1][0]) / 2, end
        )
        assert [staffing for _, staffing in middle] == [added, first_left, Staffing()]
        assert await staffing_of(connection, office.group_id, end, end + timedelta(hours=1)) == (
            (end, Staffing()),
        )
