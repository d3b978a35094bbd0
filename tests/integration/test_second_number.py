"""On the real switch: the second number of a debtor rings in another group's campaign, and somebody's word stops it.

Agent one has spoken with the debtor (his first number answers at once) and is in wrap-up; agent two, of another group
and so of another shard, dials the second number, which rings for ever. Then a promise, a payment or a do-not-call.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest
import pytest_asyncio

from dialer.api.webhooks import sign
from dialer.domain.campaign import DialMode
from dialer.store.campaigns import create_campaign, ensure_group
from dialer.store.database import connect
from lab.client import until_campaign
from lab.robots import Pace, details_of
from lab.shift import Shift, shift
from lab.stack import Stack

KEY = bytes(range(32))
#: From the word's commit to the end of the ring, as the log has both.
WITHIN = timedelta(seconds=1)
SECOND = "Segunda"
PEOPLE = ("809", "829", "849")
HEADER = "referencia,nombre,telefono1,telefono2,deuda,acreedor,producto,saldo,moneda,vencimiento\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shift]:
    leads = tmp_path_factory.mktemp("second") / "leads.csv"
    _write(leads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CADENCIA_WEBHOOK_SECRET", "whsec_" + base64.b64encode(KEY).decode())
        quiet = Pace(talk_s=36_000, wrap_up_s=36_000)  # nobody acts but the test
        running = shift(
            stack=TwoGroups(),
            leads=leads,
            robots=2,
            pace=quiet,
            mode=DialMode.MANUAL,
            wrap_up_s=900,
            ring_timeout_s=60,
        )
        async with running as at_work:
            await _start(at_work)
            yield at_work


def _write(leads: Path) -> None:
    """Each debtor: a number that answers at once, and one that rings for ever."""
    debt = "Banco Ficticio,Tarjeta,1500.00,DOP,2026-01-31"
    rows = [f"P-{a},Persona {a},+1{a}5550198,+1{a}5550140,D-{a},{debt}" for a in PEOPLE]
    leads.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")


class TwoGroups(Stack):
    """Before the product starts, the second robot becomes another group's, whose campaign has the same debtors."""

    async def start_product(self) -> None:
        database = await connect(self.postgres.dsn)
        try:
            async with database.transaction():
                await _open_second_group(database)
        finally:
            await database.close()
        await super().start_product()


async def _open_second_group(database: asyncpg.Connection) -> None:
    group = await ensure_group(database, "Otra")
    campaign = await create_campaign(
        database, name=SECOND, group_id=group, mode=DialMode.MANUAL, rule_set="laboratory", ring_timeout_s=60
    )
    await database.execute("UPDATE app_user SET agent_group_id = $1 WHERE login = 'robot2'", group)
    await database.execute(
        """
        WITH list AS (
            INSERT INTO lead_list (campaign_id, name, content_sha256) VALUES ($1, 'x', 'x') RETURNING id
        )
        INSERT INTO lead (campaign_id, list_id, person_id, debt_id)
        SELECT $1, list.id, lead.person_id, lead.debt_id FROM lead, list
        """,
        campaign,
    )


async def _start(at_work: Shift) -> None:
    for id_ in await at_work.database.fetch("SELECT id FROM campaign"):
        await at_work.supervisor.post(f"/campaigns/{id_['id']}/start")
        await until_campaign(at_work.supervisor, id_["id"], "running")
    await at_work.until_states(60, ready=2)


async def _second_number_rings(at_work: Shift, area: str) -> tuple[str, str]:
    """The attempts: the conversation, over and in wrap-up, and the ring."""
    one, two = at_work.robots
    if one.state != "ready":
        await one.client.wish("go_ready")
    await at_work.until_states(30, ready=2)
    await one.client.wish("dial_number", number=f"+1{area}5550198")
    await at_work.until(
        "SELECT count(*) = 1 FROM attempt WHERE number = $1 AND state = 'bridged'",
        f"+1{area}5550198",
        within_s=20,
    )
    talked = await at_work.database.fetchval("SELECT id FROM attempt WHERE number = $1", f"+1{area}5550198")
    await one.client.wish("hang_up", attempt_id=talked)
    await at_work.until_states(20, wrap_up=1)
    await two.client.wish("dial_number", number=f"+1{area}5550140")
    await at_work.until(
        "SELECT count(*) = 1 FROM attempt WHERE number = $1 AND state = 'ringing'",
        f"+1{area}5550140",
        within_s=20,
    )
    rings = await at_work.database.fetchval("SELECT id FROM attempt WHERE number = $1", f"+1{area}5550140")
    return talked, rings


async def _was_cancelled(at_work: Shift, rings: str, since: datetime) -> None:
    await at_work.until("SELECT ended_at IS NOT NULL FROM attempt WHERE id = $1", rings, within_s=15)
    row = await at_work.database.fetchrow("SELECT * FROM attempt WHERE id = $1", rings)
    assert row is not None
    assert (row["outcome"], row["answered_at"]) == ("cancelled", None)
    assert row["ended_at"] - since < WITHIN, f"{row['ended_at'] - since} after the word"


async def _states(at_work: Shift, area: str) -> set[tuple[str, str | None]]:
    rows = await at_work.database.fetch(
        "SELECT lead.state, state_reason FROM lead JOIN person ON person.id = person_id WHERE external_ref = $1",
        f"P-{area}",
    )
    return {(row["state"], row["state_reason"]) for row in rows}


async def _said_at(at_work: Shift, talked: str) -> datetime:
    await at_work.until("SELECT disposed_at IS NOT NULL FROM attempt WHERE id = $1", talked, within_s=15)
    at: datetime = await at_work.database.fetchval("SELECT disposed_at FROM attempt WHERE id = $1", talked)
    return at


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_promise_stops_the_second_number(floor: Shift) -> None:
    talked, rings = await _second_number_rings(floor, "809")
    call = (floor.robots[0].me or {})["call"]
    details = details_of("promise", call)
    await floor.robots[0].client.wish("dispose", attempt_id=talked, disposition="promise", details=details)
    await _was_cancelled(floor, rings, await _said_at(floor, talked))
    assert await _states(floor, "809") == {("suppressed", "promise")}
    promise = await floor.database.fetchrow("SELECT amount_minor, currency, state FROM promise")
    assert promise is not None
    assert tuple(promise) == (150_000, "DOP", "open")


async def test_a_payment_told_by_webhook_stops_it(floor: Shift) -> None:
    talked, rings = await _second_number_rings(floor, "829")
    now = datetime.now(UTC)
    paid = {
        "reference": "BF-1",
        "debt": "D-829",
        "amount_minor": 150_000,
        "currency": "DOP",
        "paid_at": now.isoformat(),
    }
    message = {"type": "payment.received", "timestamp": now.isoformat(), "data": paid}
    body = json.dumps(message).encode()
    at = str(int(time.time()))
    signed = {
        "webhook-id": "msg-1",
        "webhook-timestamp": at,
        "webhook-signature": sign(KEY, f"msg-1.{at}.".encode() + body).decode(),
    }
    async with httpx2.AsyncClient(base_url=floor.stack.url, trust_env=False) as bank:
        answer = await bank.post("/api/webhooks/payments", content=body, headers=signed)
    assert (answer.status_code, answer.json()["leads_moved"]) == (200, 2), answer.text
    await _was_cancelled(floor, rings, now)
    assert await _states(floor, "829") == {("finished", "debt_paid")}
    await floor.robots[0].client.wish(
        "dispose", attempt_id=talked, disposition="paid", details=details_of("paid", {})
    )
    await _said_at(floor, talked)
    assert await _states(floor, "829") == {("finished", "debt_paid")}, (
        "his word after the money changes nothing"
    )


async def test_a_do_not_call_blocks_the_person_everywhere(floor: Shift) -> None:
    talked, rings = await _second_number_rings(floor, "849")
    await floor.robots[0].client.wish("dispose", attempt_id=talked, disposition="do_not_call")
    await _was_cancelled(floor, rings, await _said_at(floor, talked))
    assert await _states(floor, "849") == {("suppressed", "do_not_call")}
    await floor.until_states(20, ready=1)
    wish = await floor.robots[1].client.wish("dial_number", number="+18495550140")
    await floor.until("SELECT done_at IS NOT NULL FROM intent WHERE id = $1", wish, within_s=15)
    assert await floor.database.fetchval("SELECT error FROM intent WHERE id = $1", wish) is not None
