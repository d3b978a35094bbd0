"""Calls promised by an agent who is not there to make them: each person is called all the same, by his group."""

from __future__ import annotations

from pathlib import Path

from dialer.domain.campaign import DialMode
from dialer.store.campaigns import ensure_group
from dialer.store.users import set_active
from lab.robots import Pace
from lab.shift import shift, write_leads

#: A wait ends when what is waited for comes; this only ends a hopeless one.
WAIT_S = 90.0


async def test_who_was_promised_a_call_gets_it_whoever_promised_it(tmp_path: Path) -> None:
    """1. The agent is there: he makes it himself; 2. he works in another group by now; 3. he may log in no more; 4. he
    has not come: his group makes it."""
    leads = tmp_path / "leads.csv"
    write_leads(leads, {98: 4})
    async with shift(leads=leads, robots=4, pace=Pace(1, 0.3), mode=DialMode.PROGRESSIVE) as at_work:
        database, group = at_work.database, at_work.demonstration.group_id
        stays, helps, moved, disabled = (account.id for account in at_work.demonstration.robots)
        absent = at_work.demonstration.agents[0].id
        await at_work.until_states(WAIT_S, ready=4)

        other_group = await ensure_group(database, "Castigo")
        await at_work.supervisor.post(f"/team/agents/{moved}/move", {"group_id": other_group})
        async with database.transaction():
            await set_active(database, at_work.demonstration.robots[3].login, active=False)
        stands = "SELECT state = $2 AND shard_id = $3 FROM agent_session WHERE user_id = $1"
        await at_work.until(stands, disabled, "logged_out", group, within_s=WAIT_S)
        await at_work.until(stands, moved, "ready", other_group, within_s=WAIT_S)

        ids = [row["id"] for row in await database.fetch("SELECT id FROM lead ORDER BY id")]
        promised = dict(zip(ids, (stays, moved, disabled, absent), strict=True))
        await database.executemany(
            "UPDATE lead SET state = 'callback', callback_agent_id = $2, next_at = now() WHERE id = $1",
            promised.items(),
        )
        await at_work.start()
        called = "SELECT count(DISTINCT lead_id) = 4 FROM attempt WHERE connected_at IS NOT NULL"
        await at_work.until(called, within_s=WAIT_S)
        made = {
            row["lead_id"]: row["agent_id"]
            for row in await database.fetch("SELECT lead_id, agent_id FROM attempt WHERE n = 1")
        }
        own, *others = ids
        assert made[own] == stays
        assert {made[lead] for lead in others} <= {stays, helps}
