"""The modes in which a person decides, on the real switch: preview and manual; and the fixed ratio."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dialer.domain.campaign import DialMode
from lab.client import Client
from lab.robots import Pace
from lab.shift import Shift, shift, write_leads


async def test_preview_shows_the_lead_before_it_is_dialled(tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    write_leads(leads, {98: 4})
    async with shift(leads=leads, robots=2, pace=Pace(1, 0.3), mode=DialMode.PREVIEW) as at_work:
        await at_work.start()
        await at_work.until("SELECT count(*) = 4 FROM attempt WHERE disposition IS NOT NULL", within_s=60)
        rows = await at_work.database.fetch("SELECT mode, outcome FROM attempt")
        assert {(row["mode"], row["outcome"]) for row in rows} == {("preview", "connected")}
        previews = (
            "SELECT count(*) FROM call_event WHERE type = 'AgentMoved' AND data->>'state' = 'previewing'"
            " AND data->>'lead_id' IS NOT NULL"
        )
        assert await at_work.database.fetchval(previews) >= 4
        assert [robot.errors for robot in at_work.robots] == [[], []]


async def test_power_keeps_its_ratio(tmp_path: Path) -> None:
    """Two free agents at 2.0 are four calls at once; none of these numbers answers, so no more."""
    leads = tmp_path / "leads.csv"
    write_leads(leads, {40: 10, 41: 10})
    async with shift(leads=leads, robots=2, mode=DialMode.POWER, ratio=2.0) as at_work:
        await at_work.until_states(30, ready=2)
        await at_work.start()
        await at_work.until("SELECT count(*) >= 4 FROM attempt WHERE state = 'ringing'", within_s=10)
        await asyncio.sleep(3)
        assert await at_work.database.fetchval("SELECT count(*) FROM attempt") == 4


async def test_an_agent_dials_a_number_of_the_portfolio(tmp_path: Path) -> None:
    """Typed as people write numbers; a stranger's number, and one that must not be called, are refused."""
    leads = tmp_path / "leads.csv"
    write_leads(leads, {98: 2, 99: 1})
    async with shift(leads=leads, robots=1, pace=Pace(talk_s=3600), mode=DialMode.MANUAL) as at_work:
        await at_work.until_states(30, ready=1)
        await at_work.start()
        (robot,) = at_work.robots
        assert await _refusal(at_work, robot.client, "+1 212 555 0100") == "number_unknown"
        assert await _refusal(at_work, robot.client, "123") == "bad_number"
        await at_work.database.execute(
            "INSERT INTO do_not_call (number, reason, source) VALUES ('+18095550199', 'asked', 'debtor')"
        )
        assert await _refusal(at_work, robot.client, "+18095550199") is not None
        assert await _refusal(at_work, robot.client, "+1 (829) 555-0198") is None
        await at_work.until_states(10, on_call=1)
        rows = await at_work.database.fetch("SELECT number, mode FROM attempt")
        assert [(row["number"], row["mode"]) for row in rows] == [("+18295550198", "manual")]


async def _refusal(at_work: Shift, client: Client, number: str) -> str | None:
    """Dial, and what the dialer says of it (None: it is done)."""
    wish = await client.wish("dial_number", number=number)
    await at_work.until("SELECT done_at IS NOT NULL FROM intent WHERE id = $1", wish, within_s=10)
    error: str | None = await at_work.database.fetchval("SELECT error FROM intent WHERE id = $1", wish)
    return error
