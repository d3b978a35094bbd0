"""Carriers on the real switch: one that refuses everything opens its breaker, the next takes over, no lead is burnt."""

from __future__ import annotations

from pathlib import Path

from dialer.domain.campaign import DialMode
from lab.asterisk import Telco
from lab.asterisk_root import asterisk_root
from lab.robots import Pace
from lab.shift import shift, write_leads
from lab.stack import Stack

LEADS = {98: 10}


async def test_a_carrier_out_of_order_burns_no_lead(tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    total = write_leads(leads, LEADS)
    async with Telco(asterisk_root(), out_of_order=True) as broken, Telco(asterisk_root()) as telco:
        stack = Stack(trunks=[broken.trunk("first"), telco.trunk("second")])
        async with shift(
            stack=stack,
            leads=leads,
            robots=3,
            pace=Pace(talk_s=0.5, wrap_up_s=0.2),
            mode=DialMode.PROGRESSIVE,
            trunks=("first", "second"),
        ) as at_work:
            await at_work.start()
            connected = "SELECT count(DISTINCT lead_id) = $1 FROM attempt WHERE outcome = 'connected'"
            await at_work.until(connected, total, within_s=90)
            rows = await at_work.database.fetch("SELECT trunk, outcome, sip_status FROM attempt")
            refused = [row for row in rows if row["trunk"] == "first"]
            # Three refusals in a row open the breaker; later ones are its probes.
            assert 3 <= len(refused) <= 10
            assert {(row["outcome"], row["sip_status"]) for row in refused} == {("congestion", 503)}
            assert {row["outcome"] for row in rows if row["trunk"] == "second"} == {"connected"}
            assert await at_work.database.fetchval("SELECT max(attempts) FROM lead") == 1
