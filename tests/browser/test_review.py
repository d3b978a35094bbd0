"""The supervisor's and the reviewer's screens on a real shift: the figures are the database's, the sound plays."""

from __future__ import annotations

from pathlib import Path

from browser import look

from dialer.domain.campaign import DialMode
from lab.report import EVERYTHING_RECORDED
from lab.robots import Pace
from lab.shift import shift, write_leads


async def test_figures_and_recordings(tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    write_leads(leads, {98: 3, 50: 2})
    async with shift(leads=leads, robots=2, pace=Pace(8, 0.3), mode=DialMode.PROGRESSIVE) as at_work:
        await at_work.start()
        await at_work.until("SELECT count(*) = 3 FROM attempt WHERE disposition IS NOT NULL", within_s=90)
        await at_work.until("SELECT count(*) >= 5 FROM attempt", within_s=10)
        await at_work.until(EVERYTHING_RECORDED, within_s=20)
        people = at_work.demonstration
        seen = await look(
            "review.mjs",
            at_work,
            tmp_path,
            supervisor={"login": people.supervisor.login, "password": people.supervisor.password},
            reviewer={"login": people.reviewer.login, "password": people.reviewer.password},
        )
        assert "error" not in seen, seen
        assert seen["problems"] == []
        assert (seen["attempts"], seen["connected"]) == (5, 3)
        assert seen["agents"] >= 2
        assert seen["paused"]
        await at_work.until("SELECT state = 'paused' FROM campaign", within_s=5)
        kept = await at_work.database.fetchval("SELECT count(*) FROM recording")
        assert seen["recordings"] == kept > 0
        assert seen["playing"] == "true"
        assert not seen["position"].startswith("0:00")
