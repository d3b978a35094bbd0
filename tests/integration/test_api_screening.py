"""Who answered, as supervisors and reviewers read it, and the dials as they change them."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import httpx2
import pytest
from api_harness import Api, Office, add_attempt


async def add_verdict(
    pool: asyncpg.Pool, attempt_id: str, campaign_id: int, label: str | None, *, to_agent: bool, control: bool
) -> None:
    await pool.execute(
        "INSERT INTO screening_verdict (attempt_id, campaign_id, judged_at, mode, label, cause, posterior,"
        " decided_at_ms, greeting_end_ms, to_agent, control, features)"
        " VALUES ($1, $2, $3, 'on', $4, $5, 0.5, 1100, 800, $6, $7, '{\"gap_s\": 0.3}')",
        attempt_id,
        campaign_id,
        datetime.now(UTC),
        label,
        "timing" if label else "screener_down",
        to_agent,
        control,
    )


async def test_the_report_measures_the_errors(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    ended = [await add_attempt(pool, office, n, outcome="machine") for n in range(3)]
    for attempt_id in ended:
        await add_verdict(pool, attempt_id, office.campaign_id, "MACHINE", to_agent=False, control=False)
    for n, said in enumerate(("voicemail", "promise"), 3):
        tried = await add_attempt(pool, office, n, outcome="connected", disposition=said)
        await add_verdict(pool, tried, office.campaign_id, "MACHINE", to_agent=True, control=True)
    person = await add_attempt(pool, office, 5, outcome="connected", disposition="promise")
    await add_verdict(pool, person, office.campaign_id, "HUMAN", to_agent=True, control=False)
    unheard = await add_attempt(pool, office, 6, outcome="connected", disposition="promise")
    await add_verdict(pool, unheard, office.campaign_id, None, to_agent=True, control=False)

    report = (await supervisor.get(f"/api/v1/campaigns/{office.campaign_id}/screening")).json()
    assert (report["controls"], report["control_persons"], report["machines_ended"]) == (2, 1, 3)
    assert report["person_by_control"]["share"] == 0.5
    # 1.5 of the 3 untried, against 2 people connected and 1 saved by the trial.
    assert report["human_as_machine"]["share"] == pytest.approx(1.5 / 4.5)
    # The abandonment counts what is known of the detector as well as two trials.
    lost = 3 * (1 + 0.06) / (2 + 30)
    assert report["abandon_rate"] == pytest.approx(lost / (4 + lost))
    assert {(v["label"], v["cause"], v["calls"]) for v in report["verdicts"]} == {
        ("MACHINE", "timing", 3),
        ("MACHINE", "timing", 2),
        ("HUMAN", "timing", 1),
        ("unknown", "screener_down", 1),
    }
    assert report["screener_up"] is False
    curve = report["trade_off"]
    assert [point["cost_ratio"] for point in curve] == sorted({point["cost_ratio"] for point in curve})
    # Sparing people costs machines.
    assert curve[0]["human_as_machine"] > curve[-1]["human_as_machine"]
    assert curve[0]["machine_passed"] < curve[-1]["machine_passed"]


async def test_dials_are_changed_by_who_saw_them(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    path = f"/api/v1/campaigns/{office.campaign_id}/screening"
    version = (await supervisor.get(path)).json()["version"]
    assert (await supervisor.patch(path, json={"screening": "on"})).status_code == 428
    stale = await supervisor.patch(path, json={"screening": "on"}, headers={"If-Match": '"999"'})
    assert stale.status_code == 412
    match = {"If-Match": f'"{version}"'}
    bad = await supervisor.patch(path, json={"message_text": "Su deuda vence hoy."}, headers=match)
    assert (bad.status_code, bad.json()["type"]) == (422, "bad_text")
    for wrong in ({"cost_ratio": 0.5}, {"control_share": 2}, {"screening": "maybe"}):
        assert (await supervisor.patch(path, json=wrong, headers=match)).status_code == 422
    wanted = {"screening": "on", "cost_ratio": 12.5, "message_text": "Hola {{ debtor.first_name }}."}
    done = await supervisor.patch(path, json=wanted, headers=match)
    assert done.status_code == 200
    assert wanted.items() <= done.json()["settings"].items()
    assert done.json()["version"] == version + 1
    back = await supervisor.patch(path, json={"message_text": None}, headers={"If-Match": f'"{version + 1}"'})
    assert back.json()["settings"]["message_text"] is None


async def test_a_reviewer_reads_who_answered(api: Api, pool: asyncpg.Pool, office: Office) -> None:
    heard = await add_attempt(pool, office, 1, outcome="connected")
    await add_verdict(pool, heard, office.campaign_id, "HUMAN", to_agent=True, control=False)
    plain = await add_attempt(pool, office, 2, outcome="connected")
    async with api.client("qa") as qa:
        told = (await qa.get(f"/api/v1/attempts/{heard}/screening")).json()
        assert (told["label"], told["decided_at_ms"], told["features"]) == ("HUMAN", 1100, {"gap_s": 0.3})
        assert (await qa.get(f"/api/v1/attempts/{plain}/screening")).json() is None
        assert (await qa.get(f"/api/v1/campaigns/{office.campaign_id}/screening")).status_code == 403
