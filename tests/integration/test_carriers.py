"""Carriers on the real switch: one that refuses everything opens its breaker, the next takes over, no lead is burnt;
one that refuses our account is out of service until it is mended; trunks and groups change under a running dialer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from dialer.domain.campaign import DialMode
from lab.asterisk import Account, Telco
from lab.asterisk_root import asterisk_root
from lab.robots import Pace
from lab.shift import shift, write_leads
from lab.stack import Stack
from tests.integration.command import dialer

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


async def test_trunks_and_groups_change_while_it_dials(tmp_path: Path) -> None:
    """1. The only carrier refuses our account: its trunk is out of service, said everywhere, and nothing is dialled;
    2. mended at the switch and enabled, it takes calls; 3. a second is added and the first disabled: the rest goes
    over the second; 4. a new group is served. The dialer and the switch are never restarted."""
    leads = tmp_path / "leads.csv"
    total = write_leads(leads, {98: 8})
    account = Account("cadencia", "the right one")
    async with Telco(asterisk_root(), account=account) as guarded, Telco(asterisk_root()) as telco:
        right = replace(guarded.trunk("first"), username=account.user, password=account.password)
        stack = Stack(trunks=[replace(right, password="a wrong one")])
        async with shift(
            stack=stack,
            leads=leads,
            robots=2,
            pace=Pace(talk_s=1, wrap_up_s=0.2),
            mode=DialMode.PROGRESSIVE,
            trunks=("first",),
        ) as at_work:
            settings = {
                name.removeprefix("CADENCIA_").lower(): value for name, value in stack.environment.items()
            }
            database, pid = at_work.database, stack.dialer and stack.dialer.pid
            await at_work.start()
            await at_work.until("SELECT fault IS NOT NULL FROM trunk", within_s=60)
            await at_work.until(
                "SELECT data -> 'explain' ->> 'limit' = 'no_trunk' FROM call_event"
                " WHERE type = 'PacingDecided' ORDER BY seq DESC LIMIT 1",
                within_s=60,
            )
            await at_work.until("SELECT count(*) = 0 FROM attempt WHERE ended_at IS NULL", within_s=60)
            refused = await database.fetch("SELECT outcome, sip_status FROM attempt")
            assert {tuple(row) for row in refused} == {("failed", 401)}
            assert 3 <= len(refused) <= 5
            assert await database.fetchval("SELECT max(attempts) FROM lead") == 0
            assert (
                "SIP 401: the carrier refuses our account" in (await dialer("trunk", "list", **settings)).out
            )
            doctor = await dialer("doctor", "--only", "trunks", **settings)
            assert (doctor.code, "dialer trunk enable first" in doctor.out) == (1, True), doctor.out

            # Those wait until the last trunk has its turn; the others go over the first.
            await database.execute(
                "UPDATE lead SET next_at = now() + interval '1 day' WHERE state = 'resting'"
            )

            await stack.switch.set_trunks([right, telco.trunk("second")])
            assert (await dialer("trunk", "enable", "first", **settings)).code == 0
            everybody = "SELECT count(DISTINCT lead_id) = $1 FROM attempt WHERE outcome = 'connected'"
            await at_work.until(everybody, total - len(refused), within_s=90)
            new = ("--caller-id", "+18095550100", "--calls-per-second", "20", "--channels", "10")
            assert (await dialer("trunk", "add", "second", *new, **settings)).code == 0
            assert (await dialer("trunk", "disable", "first", **settings)).code == 0
            async with asyncio.timeout(60):
                while '"trunks": ["second"]' not in stack.logs("dialer"):
                    await asyncio.sleep(0.05)
            await database.execute("UPDATE lead SET next_at = now() WHERE state = 'resting' AND attempts = 0")
            await at_work.until(everybody, total, within_s=90)
            rows = await database.fetch(
                "SELECT trunk, outcome, count(*) FROM attempt WHERE ended_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
            )
            assert [tuple(row) for row in rows] == [
                ("first", "connected", total - len(refused)),
                ("first", "failed", len(refused)),
                ("second", "connected", len(refused)),
            ]
            answered = [call for call in guarded.cdr() if call.disposition == "ANSWERED"]
            assert len(answered) == total - len(refused)

            made = await dialer("campaign", "create", "Otra", "--group", "Nueva", **settings)
            assert made.code == 0, made.err
            await at_work.until(
                "SELECT coalesce(bool_or(lease_until > now()), false) FROM shard"
                " JOIN agent_group ON agent_group.id = agent_group_id WHERE name = 'Nueva'",
                within_s=60,
            )
            assert stack.dialer is not None
            assert (stack.dialer.running, stack.dialer.pid) == (True, pid)
