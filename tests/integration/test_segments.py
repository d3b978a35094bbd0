"""Segments over real rows: counts, the run and who moved, and what the treatment does."""

from __future__ import annotations

import asyncpg
import pytest
import pytest_asyncio

from dialer.domain.errors import BadInput
from dialer.domain.segments import PRESETS, Conditions, Field, Treatment, read_conditions
from dialer.store import segments
from tests.integration.portfolio import Portfolio, make_portfolio

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def portfolio(pool: asyncpg.Pool) -> Portfolio:
    """Ten debtors who owe 100, 200, ... and are 0, 20, 40, ... days late."""
    portfolio = await make_portfolio(pool, leads=10)
    await pool.execute(
        "INSERT INTO debt (person_id, external_ref, creditor, product, balance_minor, currency, due_on)"
        " SELECT id, 'D' || id, 'Banco', CASE WHEN id % 2 = 0 THEN 'Tarjeta' ELSE 'Préstamo' END,"
        " 100 * row_number() OVER (ORDER BY id), 'DOP', current_date - 20 * (row_number() OVER (ORDER BY id) - 1)::int"
        " FROM person"
    )
    await pool.execute("UPDATE lead SET debt_id = debt.id FROM debt WHERE debt.person_id = lead.person_id")
    return portfolio


def where(*conditions: tuple[str, str, object]) -> Conditions:
    listed = [{"field": field, "test": test, "value": value} for field, test, value in conditions]
    return read_conditions({"conditions": listed})


async def test_leads_are_counted_as_they_are(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    async with pool.acquire() as connection:
        every = await segments.count_leads(connection, where())
        assert (every.leads, every.of, every.balances_minor) == (10, 10, {"DOP": 5500})
        late = await segments.count_leads(
            connection, where(("days_past_due", "at_least", 100), ("balance", "at_most", 800))
        )
        assert (late.leads, late.balances_minor) == (3, {"DOP": 600 + 700 + 800})
        cards = await segments.count_leads(connection, where(("product", "is_one_of", ["Tarjeta"])))
        assert cards.leads == 5
        # Nobody's risk is known: not low, and not high either.
        assert (await segments.count_leads(connection, where(("risk_score", "at_most", 0.5)))).leads == 0
        assert (await segments.count_leads(connection, where(("risk_score", "is_unknown", None)))).leads == 10
        for field in Field:
            await segments.count_leads(connection, read_conditions({"conditions": [_any_test(field)]}))
        assert (
            await segments.count_leads(connection, where(), campaign_id=portfolio.campaign_id + 1)
        ).of == 0


def _any_test(field: Field) -> dict[str, object]:
    if field is Field.DISPUTED:
        return {"field": field, "test": "is", "value": False}
    return {"field": field, "test": "is_known"}


async def test_every_lead_goes_to_the_first_segment_that_fits(
    pool: asyncpg.Pool, portfolio: Portfolio
) -> None:
    async with pool.acquire() as connection:
        large = await segments.save_segment(
            connection, "Grandes", where(("balance", "at_least", 900)), Treatment(priority=50)
        )
        await segments.save_segment(
            connection, "Tarjetas", where(("product", "is_one_of", ["Tarjeta"])), Treatment()
        )
        named = await segments.save_segment(connection, "Del archivo", None, Treatment())
        await connection.execute(
            "UPDATE lead SET segment_id = $1 WHERE id = (SELECT max(id) FROM lead)", named
        )
        run = await segments.run_segments(connection)
        assert (run.leads, run.moved) == (9, 1 + 4)
        assert {(move.from_name, move.to_name, move.leads) for move in run.moves} == {
            (None, "Grandes", 1),
            (None, "Tarjetas", 4),
        }
        assert await connection.fetchval("SELECT priority FROM lead WHERE segment_id = $1", large) == 50
        # Nothing changed, nobody moves; a payment takes the large one among the others.
        assert (await segments.run_segments(connection)).moved == 0
        await connection.execute("UPDATE debt SET balance_minor = 10 WHERE balance_minor = 900")
        again = await segments.run_segments(connection)
        assert [(move.from_name, move.to_name, move.leads) for move in again.moves] == [("Grandes", None, 1)]
        assert [run.moved for run in await segments.read_runs(connection)] == [1, 0, 5]
        counts = {each.name: each.leads for each in await segments.read_segments(connection)}
        assert counts == {"Grandes": 0, "Tarjetas": 4, "Del archivo": 1}


async def test_a_segment_may_be_worked_in_another_campaign(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    async with pool.acquire() as connection:
        other = await connection.fetchval(
            "INSERT INTO campaign (name, agent_group_id, mode) VALUES ('Vista previa', $1, 'preview') RETURNING id",
            portfolio.group_id,
        )
        await segments.save_segment(
            connection, "Grandes", where(("balance", "at_least", 900)), Treatment(campaign_id=other)
        )
        await connection.execute("UPDATE lead SET state = 'in_attempt' WHERE id = (SELECT max(id) FROM lead)")
        run = await segments.run_segments(connection)
        assert run.moved == 1  # the other is in a call: the next run finds him
        rows = await connection.fetch(
            "SELECT lead_list.name, lead_list.campaign_id FROM lead JOIN lead_list ON lead_list.id = list_id"
            " WHERE lead.campaign_id = $1",
            other,
        )
        assert [tuple(row) for row in rows] == [("Grandes", other)]


async def test_wrong_segments_are_refused(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    async with pool.acquire() as connection:
        await segments.save_segment(connection, "A", where(), Treatment())
        for name, treatment, said in (
            ("A", Treatment(), "there is a segment 'A' already"),
            (" ", Treatment(), "1 to 80 printable characters"),
            ("B\r\nAction: x", Treatment(), "printable"),
            ("B", Treatment(priority=5000), "priority"),
            ("B", Treatment(caller_id="809&x"), "caller id"),
            ("B", Treatment(target_handling_s=1), "target handling"),
            ("B", Treatment(campaign_id=999), "does not exist"),
        ):
            with pytest.raises(BadInput, match=said):
                await segments.save_segment(connection, name, where(), treatment)
        with pytest.raises(BadInput, match="segment 999 does not exist"):
            await segments.save_segment(connection, "B", where(), Treatment(), id_=999)


async def test_all_presets_work_on_real_tables(pool: asyncpg.Pool, portfolio: Portfolio) -> None:
    async with pool.acquire() as connection:
        for preset in PRESETS:
            await segments.save_segment(connection, preset.name, preset.conditions, preset.treatment)
        run = await segments.run_segments(connection)
        counts = {each.name: each.leads for each in await segments.read_segments(connection)}
    assert run.leads == 10
    assert {name: count for name, count in counts.items() if count} == {
        "Preventiva": 1,
        "Temprana": 1,
        "Media": 3,
        "Tardía": 5,
    }
