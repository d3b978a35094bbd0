"""Overlays, local holidays and who is called, on the real database: written by command, obeyed by the verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from dialer.portfolio.callability import Callability, explain_lead
from tests.integration.command import DONE, REFUSED, dialer
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration

#: A Wednesday, 10:00 in Bogotá.
NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
BY = ("--by", "Ana Paz, legal")
WEEK = ", ".join(f'{day}: ["11:00-18:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))
LATE = f"hours: {{days: {{{WEEK}, sat: [], sun: [], holiday: []}}, conf: agreed}}"


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    """Two people with a debt each, of two creditors; one of two numbers of each."""
    made = await make_portfolio(pool, leads=2)
    await pool.execute("UPDATE campaign SET rule_set = 'CO', state = 'running'")
    await pool.execute("UPDATE person SET time_zone = 'America/Bogota', subdivision = 'CO-ANT'")
    await pool.execute("UPDATE phone SET number = '+57300' || lpad(id::text, 7, '0')")
    await pool.execute("UPDATE lead SET next_at = $1", NOON)
    await pool.execute(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency)"
        " SELECT id, 'D-' || id, CASE id % 2 WHEN 1 THEN 'Banco Uno' ELSE 'Banco Dos' END, 'card', 100, 'COP'"
        " FROM person"
    )
    await pool.execute("UPDATE lead SET debt_id = debt.id FROM debt WHERE debt.person_id = lead.person_id")
    return made


async def why(pool: asyncpg.Pool, creditor: str) -> Callability:
    async with pool.acquire() as connection:
        lead_id = await connection.fetchval(
            "SELECT lead.id FROM lead JOIN debt ON debt.id = lead.debt_id WHERE creditor = $1", creditor
        )
        found = await explain_lead(connection, lead_id, NOON)
    assert found is not None
    return found


async def test_an_overlay_from_its_writing_to_its_end(
    dsn: str, pool: asyncpg.Pool, portfolio: Portfolio, tmp_path: Path
) -> None:
    """1. A looser one is refused by the rule's name and changes nothing; 2. a stricter one binds its creditor's debts,
    is named with its version, and reaches a running dialer; 3. written anew it is version 2, and the first is kept;
    4. a campaign's own binds all; 5. taken away, nobody is bound, and who did it is on record."""
    file = tmp_path / "contract.yaml"

    async def write(rules: str, *whose: str) -> tuple[int, str]:
        file.write_text(f'format: cadencia-overlay/1\ntitle: "Clause 8"\n{rules}\n', "utf-8")
        made = await dialer(
            *("rules", "overlay", "set", file, *whose, *BY, "--reason", "clause 8"), database_dsn=dsn
        )
        return made.code, made.err or made.out

    contract = ("--contract", "Banco Uno")
    code, said = await write(LATE.replace("11:00-18:00", "06:00-18:00"), *contract)
    assert (code, "hours.mon: 06:00-18:00 is not within what Ley 2300 de 2023 art. 3" in said) == (
        REFUSED,
        True,
    )
    assert (await write(LATE))[0] == REFUSED, "nobody's"
    assert (await why(pool, "Banco Uno")).rule is None
    for version in (1, 2):
        code, said = await write(LATE, *contract)
        assert (code, f"contract:Banco Uno@{version} is in force" in said) == (DONE, True), said
    held = await why(pool, "Banco Uno")
    assert (held.rule, held.src, held.clears_at) == (
        "hours",
        ("contract:Banco Uno@2",),
        NOON.replace(hour=16),
    )
    assert "contract:Banco Uno@2" in held.version
    assert (await why(pool, "Banco Dos")).rule is None
    shown = await dialer("rules", "overlay", "show", "--all", "--json", database_dsn=dsn)
    assert isinstance(shown.data, list)
    assert [(row["version"], row["removed_at"] is None) for row in shown.data] == [(2, True), (1, False)]
    told = await dialer("explain", "lead", str(held.lead_id), database_dsn=dsn)
    assert told.code == DONE, told.err
    assert (await write(LATE, "--campaign", "Mora 30"))[0] == DONE
    assert (await why(pool, "Banco Dos")).src == ("campaign:Mora 30@1",)
    read = await dialer("rules", "overlay", "show", database_dsn=dsn)
    assert "campaign:Mora 30@1 'Clause 8'" in read.out
    for whose in (contract, ("--campaign", "Mora 30")):
        assert (await dialer("rules", "overlay", "remove", *whose, *BY, database_dsn=dsn)).code == DONE
    assert (await dialer("rules", "overlay", "remove", *contract, *BY, database_dsn=dsn)).code == REFUSED
    assert (await why(pool, "Banco Uno")).rule is None
    assert await pool.fetchval("SELECT count(*) FROM rule_overlay WHERE removed_by = 'Ana Paz, legal'") == 3


async def test_a_towns_holiday_by_command(dsn: str, pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """1. A place that is none and a day that is none are refused; 2. added, the town rests, its neighbour does not; 3.
    taken away, both are called."""
    await pool.execute(
        "INSERT INTO address (person_id, line, city)"
        " SELECT person_id, 'Calle 1', CASE creditor WHEN 'Banco Uno' THEN 'Medellín' ELSE 'Envigado' END FROM debt"
    )
    told = ("--name", "Feast", "--source", "Decreto 7", "--city", "MEDELLIN", *BY)
    for day, place in (("2026-13-01", "CO-ANT"), ("2026-11-18", "CO-XXX"), ("2026-11-18", "strict")):
        assert (await dialer("rules", "holiday", "add", day, place, *told, database_dsn=dsn)).code == REFUSED
    added = await dialer("rules", "holiday", "add", "2026-11-18", "CO-ANT", *told, database_dsn=dsn)
    assert added.code == DONE, added.err
    again = await dialer("rules", "holiday", "add", "2026-11-18", "CO-ANT", *told, database_dsn=dsn)
    assert (again.code, "already" in again.err) == (REFUSED, True)
    assert ((await why(pool, "Banco Uno")).rule, (await why(pool, "Banco Dos")).rule) == ("hours", None)
    listed = await dialer("rules", "holiday", "list", "--json", database_dsn=dsn)
    assert isinstance(listed.data, list)
    assert (listed.data[0]["city"], listed.data[0]["approved_by"]) == ("MEDELLIN", "Ana Paz, legal")
    removed = await dialer("rules", "holiday", "remove", str(listed.data[0]["id"]), database_dsn=dsn)
    assert removed.code == DONE
    assert (await why(pool, "Banco Uno")).rule is None


async def test_whom_and_where_a_call_reaches(dsn: str, pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    """1. Somebody else's debt: who is nobody to it may not be called, the guarantor may, a reference may not; 2. his
    debts being paid ends nothing while the one he answers for is open; 3. a telephone at work is barred, the other one
    is not."""
    guarantor = await pool.fetchval("SELECT person_id FROM debt WHERE creditor = 'Banco Dos'")
    debt_id = await pool.fetchval("SELECT id FROM debt WHERE creditor = 'Banco Uno'")
    await pool.execute("UPDATE debt SET status = 'paid' WHERE creditor = 'Banco Dos'")
    await pool.execute("UPDATE lead SET debt_id = $1 WHERE person_id = $2", debt_id, guarantor)
    await pool.execute(
        "UPDATE lead SET state = 'finished', state_reason = 'x' WHERE person_id <> $1", guarantor
    )
    lead_id = await pool.fetchval("SELECT id FROM lead WHERE person_id = $1", guarantor)

    async def rule() -> str | None:
        async with pool.acquire() as connection:
            found = await explain_lead(connection, lead_id, NOON)
        assert found is not None
        return found.rule

    assert await rule() == "contact_scope"
    await pool.execute(
        "INSERT INTO debt_party (debt_id, person_id, role) VALUES ($1, $2, 'guarantor')", debt_id, guarantor
    )
    assert await rule() is None
    await pool.execute("UPDATE debt_party SET role = 'reference'")
    assert await rule() == "contact_scope"
    await pool.execute("UPDATE debt_party SET role = 'co_debtor'")
    ref, number = await pool.fetchrow(
        "SELECT external_ref, number FROM person JOIN phone ON person_id = person.id WHERE person.id = $1 LIMIT 1",
        guarantor,
    )
    assert (await dialer("person", "place", ref, "+1999", "workplace", database_dsn=dsn)).code == REFUSED
    assert (await dialer("person", "place", ref, number, "workplace", database_dsn=dsn)).code == DONE
    async with pool.acquire() as connection:
        found = await explain_lead(connection, lead_id, NOON)
    assert found is not None
    assert found.rule is None
    assert {phone.number: phone.denial.rule if phone.denial else None for phone in found.phones}[number] == (
        "contact_scope"
    )
