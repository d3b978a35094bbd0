"""Persons as a supervisor searches, opens and decides on them; real PostgreSQL below."""

from __future__ import annotations

import asyncpg
import httpx2
import pytest
from api_harness import Api, Office, add_attempt

from dialer.store.people import BY_INDEX, MAX_FOUND, SQL

pytestmark = pytest.mark.integration


async def test_a_person_is_found_by_what_one_has_at_hand(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    await pool.execute("INSERT INTO person (external_ref, full_name) VALUES ('C-2', 'Benito Núñez 100%')")

    async def find(q: str) -> list[str]:
        answer = await supervisor.get("/api/v1/people", params={"q": q})
        assert answer.status_code == 200, answer.text
        return [each["external_ref"] for each in answer.json()]

    by_name = (
        "perez",
        "PÉREZ mo",
        "mota ana",
        "Pe\N{COMBINING ACUTE ACCENT}rez",
        " ana ",
        "m a p",
        "pérez-mota",
    )
    for q in (*by_name, "C-1", "D-1", "+18095550101", "(809) 555-0101", "0102"):
        assert await find(q) == ["C-1"], q
    assert await find("nunez") == ["C-2"]
    assert await find("100%") == ["C-2"]
    for q in ("%%", "_na", "C-", "erez", "ana ana perez benito", "' OR 1=1 --", "\\' :* | !x", "9999"):
        assert await find(q) == [], q
    for too_little in ("x", "12"):
        refused = await supervisor.get("/api/v1/people", params={"q": too_little})
        assert (refused.status_code, refused.json()["type"]) == (422, "bad_search")


async def test_who_has_the_whole_words_comes_first(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool
) -> None:
    """More than are shown have names that only begin so."""
    await pool.execute(
        "INSERT INTO person (external_ref, full_name)"
        " SELECT 'R' || n, CASE WHEN n < 900 THEN 'Anabel Rojas' ELSE 'Zoe ROJAS, Ána' END"
        " FROM generate_series(1, 902) AS n"
    )
    answer = await supervisor.get("/api/v1/people", params={"q": "ana rojas"})
    names = [each["full_name"] for each in answer.json()]
    assert (names[:4], len(names)) == (["Zoe ROJAS, Ána"] * 3 + ["Anabel Rojas"], 50)


async def test_the_search_reads_indexes_and_no_table(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO person (external_ref, full_name) SELECT 'R' || n, 'Deudor Mora' FROM generate_series(1, 3000) AS n"
    )
    await pool.execute("ANALYZE person")
    for text, digits, index in (
        ("lopez", None, "person_name_idx"),
        ("2345", "2345", "phone_reversed_idx"),
    ):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(BY_INDEX)
            explained = await connection.fetch(f"EXPLAIN {SQL['search']}", text, digits, MAX_FOUND)
        plan = "\n".join(row[0] for row in explained)
        assert f" {index} " in f"{plan} ".replace("\n", " "), plan
        assert "Seq Scan" not in plan, plan


async def test_a_person_s_page_tells_everything_and_who_may_read_it(
    api: Api, supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    path = f"/api/v1/people/{office.person_id}"
    await add_attempt(pool, office, 1, outcome="no_answer")
    await pool.execute(
        "INSERT INTO preference (person_id, wish, weekdays, starts, valid_from, source)"
        " VALUES ($1, 'never', '{1,2}', '20:00', now(), 'debtor')",
        office.person_id,
    )
    await pool.execute(
        "INSERT INTO address (person_id, line, city) VALUES ($1, 'Calle 1', 'Ocoa')", office.person_id
    )
    assert (await supervisor.post(f"{path}/notes", json={"body": "Prefiere la tarde"})).status_code == 204
    assert (await supervisor.post(f"{path}/notes", json={"body": "  "})).status_code == 422
    assert (await supervisor.post("/api/v1/people/999/notes", json={"body": "x"})).status_code == 404
    told = (await supervisor.get(path)).json()
    assert {entry["kind"] for entry in told["entries"]} >= {"attempt", "wish", "note"}
    note = next(entry for entry in told["entries"] if entry["kind"] == "note")
    assert (note["text"], note["who"]) == ("Prefiere la tarde", "supervisor uno")
    assert [number["number"] for number in told["numbers"]] == ["+18095550101", "+18295550102"]
    assert (told["debts"][0]["external_ref"], told["debts"][0]["balance_minor"]) == ("D-1", 123450)
    assert (told["leads"][0]["id"], told["leads"][0]["segment"]) == (office.lead_id, "30-60 días")
    assert told["addresses"][0]["city"] == "Ocoa"
    assert (await supervisor.get("/api/v1/people/999")).status_code == 404
    for role in ("agent", "qa"):
        async with api.client(role) as client:
            for refused in (path, "/api/v1/people?q=ana"):
                assert (await client.get(refused)).status_code == 403, role


async def test_cases_are_decided_once(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    dispute = await pool.fetchval(
        "INSERT INTO dispute (person_id, reason) VALUES ($1, 'not_mine') RETURNING id", office.person_id
    )
    await pool.execute("UPDATE lead SET state = 'suppressed', state_reason = 'dispute'")
    answer = {"state": "rejected", "because": "Firmó el contrato"}
    path = f"/api/v1/disputes/{dispute}/resolve"
    assert (await supervisor.post(path, json=answer | {"state": "open"})).status_code == 422
    assert (await supervisor.post(path, json=answer)).status_code == 204
    assert await pool.fetchval("SELECT state FROM lead") == "callable"
    again = await supervisor.post(path, json=answer)
    assert (again.status_code, again.json()["type"]) == (409, "not_open")
    promise = await pool.fetchval(
        "INSERT INTO promise (person_id, amount_minor, currency, due_on) VALUES ($1, 100, 'USD', current_date)"
        " RETURNING id",
        office.person_id,
    )
    path = f"/api/v1/promises/{promise}/withdraw"
    assert (await supervisor.post(path)).status_code == 204
    assert (await supervisor.post(path)).status_code == 409


async def test_only_what_the_person_asked_himself_is_lifted(
    supervisor: httpx2.AsyncClient, pool: asyncpg.Pool, office: Office
) -> None:
    path = f"/api/v1/people/{office.person_id}/lift-do-not-call"
    because = {"because": "Llamó el lunes y lo pidió"}
    assert (await supervisor.post(path, json=because)).status_code == 409
    await pool.execute("UPDATE lead SET state = 'suppressed', state_reason = 'do_not_call'")
    await pool.execute("UPDATE phone SET status = 'do_not_call' WHERE id = $1", office.phone_ids[0])
    ban = "INSERT INTO do_not_call (person_id, reason, source) VALUES ($1, 'x', $2)"
    await pool.execute(ban, office.person_id, "regulator")
    assert (await supervisor.post(path, json=because)).status_code == 409
    await pool.execute(ban, office.person_id, "debtor")
    assert (await supervisor.post(path, json=because)).status_code == 204
    assert await pool.fetchval("SELECT state FROM lead") == "suppressed", "the regulator's word holds"
    await pool.execute("DELETE FROM do_not_call")
    await pool.execute(ban, office.person_id, "debtor")
    await pool.execute("UPDATE phone SET status = 'do_not_call' WHERE id = $1", office.phone_ids[0])
    assert (await supervisor.post(path, json=because)).status_code == 204
    assert await pool.fetchval("SELECT state FROM lead") == "callable"
    assert await pool.fetchval("SELECT status FROM phone WHERE id = $1", office.phone_ids[0]) == "active"
    told = (await supervisor.get(f"/api/v1/people/{office.person_id}")).json()
    assert told["do_not_call"] is False
    consent = next(entry for entry in told["entries"] if entry["kind"] == "consent")
    assert (consent["state"], consent["text"]) == ("granted", because["because"])
