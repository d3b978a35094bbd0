"""The live view over real sockets: snapshots, deltas, cards, who may look, who is missed when he is gone."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
import structlog
import websockets
from api_harness import Api, Office, add_user, serve
from websockets.asyncio.client import ClientConnection

from dialer.api import floor as floor_module
from dialer.api import live
from dialer.api.app import create_app
from dialer.api.server import serve as run_server
from dialer.config import Settings
from dialer.domain import facts as f
from dialer.domain.agent import AgentState
from dialer.domain.call import CallState
from dialer.domain.campaign import CampaignState, DialMode
from dialer.domain.errors import BadInput
from dialer.domain.outcomes import Outcome
from dialer.domain.values import Attempt, AttemptId, LegId, Verdict, mint_ulid
from dialer.store.database import DatabaseUnreachable
from dialer.store.event_log import PostgresShardStore

LEASE = timedelta(seconds=30)


def now() -> datetime:
    return datetime.now(UTC)


class Floor:
    """A shard's side of the log, without its engine: writes what a shard would."""

    def __init__(self, store: PostgresShardStore, office: Office) -> None:
        self.store, self.office = store, office
        self.rng = random.Random(7)

    async def write(self, *facts: f.AnyFact) -> None:
        await self.store.append(facts)

    async def move_agent(self, state: AgentState, *, who: str = "agent", **fields: Any) -> None:
        fact = f.AgentMoved(
            at=now(),
            agent_id=self.office.users[who],
            state=state,
            leg_id=LegId("leg-x"),
            leg_up=state is not AgentState.LOGGED_OUT,
            **fields,
        )
        await self.write(fact)

    async def plan(self) -> AttemptId:
        (lead,) = await self.store.claim(self.office.campaign_id, 1, LEASE, now())
        phone = lead.phones[0]
        attempt = Attempt(
            id=AttemptId(mint_ulid(now(), self.rng)),
            campaign_id=lead.campaign_id,
            lead_id=lead.id,
            person_id=lead.person_id,
            phone_id=phone.id,
            n=lead.last_n + 1,
            mode=DialMode.PREDICTIVE,
            number=phone.number,
            trunk="telco",
            caller_id="+18095550199",
            verdict=Verdict("laboratory", "1", ()),
            planned_at=now(),
            ring_timeout_s=25,
            connect_limit_s=2.0,
            language="es",
        )
        assert await self.store.append([f.AttemptPlanned(at=now(), attempt=attempt)]) == {attempt.id}
        return attempt.id

    async def move_call(self, attempt_id: AttemptId, state: CallState, **fields: Any) -> None:
        await self.write(self.moved(attempt_id, state, **fields))

    def moved(self, attempt_id: AttemptId, state: CallState, **fields: Any) -> f.AttemptMoved:
        campaign_id = self.office.campaign_id
        return f.AttemptMoved(at=now(), attempt_id=attempt_id, campaign_id=campaign_id, state=state, **fields)

    async def connect(self, attempt_id: AttemptId) -> None:
        agent = self.office.users["agent"]
        await self.write(
            self.moved(attempt_id, CallState.BRIDGED, agent_id=agent, connect_ms=8.0),
            f.AgentMoved(
                at=now(), agent_id=agent, state=AgentState.ON_CALL, leg_up=True, attempt_id=attempt_id
            ),
        )


class Console:
    """One open live socket, folding what it hears as a browser does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.view: dict[str, Any] = {}
        self.seq = 0
        self.intents: list[tuple[int, str | None]] = []
        self.deltas = 0

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        if message["type"] == "snapshot":
            self.view = message["view"]
        else:
            assert message["seq"] == self.seq + 1
            self.deltas += 1
            for change in message["changes"]:
                match change["kind"]:
                    case "me" | "switch":
                        self.view[change["kind"]] = change["value"]
                    case "intent":
                        self.intents.append((change["id"], change["error"]))
                    case kind:
                        self.view[f"{kind}s"][str(change["id"])] = change["value"]
        self.seq = message["seq"]
        return message

    async def until(self, true: Any, limit_s: float = 3.0) -> None:
        """Hear messages until the view is as `true(view)` wants it."""
        async with asyncio.timeout(limit_s):
            while not true(self.view):
                await self.hear()

    async def closed(self, limit_s: float = 6.0) -> int:
        """The code that the server closes with."""
        async with asyncio.timeout(limit_s):
            with suppress(websockets.ConnectionClosed):
                while True:
                    await self.hear()
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def console(api: Api, login: str, **kwargs: Any) -> AsyncIterator[Console]:
    """A logged-in console that has heard its snapshot."""
    async with api.client(login) as client:
        cookie = f"cadencia={client.cookies['cadencia']}"
        async with websockets.connect(
            api.live_url,
            additional_headers={"Cookie": cookie},
            origin=api.url,
            **kwargs,  # type: ignore[arg-type]
        ) as socket:
            console = Console(socket)
            assert (await console.hear())["type"] == "snapshot"
            console.client = client  # type: ignore[attr-defined]
            yield console


@pytest_asyncio.fixture
async def floor(dsn: str, office: Office) -> AsyncIterator[Floor]:
    async with PostgresShardStore(dsn) as store:
        assert await store.acquire(office.group_id, "test", LEASE)
        yield Floor(store, office)


async def test_each_role_sees_what_is_its_own(api: Api, office: Office, floor: Floor) -> None:
    await floor.write(f.SwitchMoved(at=now(), up=True))
    async with console(api, "agent") as agent, console(api, "supervisor") as boss, console(api, "qa") as qa:
        for one in (agent, boss, qa):
            await one.until(lambda view: view["switch"] == {"dialer_up": True, "switch_up": True})
            assert datetime.fromisoformat(one.view["server_time"]) - now() < timedelta(seconds=1)
        assert agent.view["me"]["state"] == "logged_out"
        assert agent.view["me"]["call"] is None
        assert agent.view["campaigns"] == agent.view["agents"] == {}
        assert boss.view["me"] is None
        assert {c["name"] for c in boss.view["campaigns"].values()} == {"Tarjetas", "Autos"}
        assert {a["name"] for a in boss.view["agents"].values()} == {"agent uno", "agent2 uno"}
        assert boss.view["campaigns"][str(office.campaign_id)]["leads_left"] == 1
        assert (qa.view["me"], qa.view["campaigns"], qa.view["agents"]) == (None, {}, {})


async def test_the_switch_is_up_while_a_shard_holds_its_lease(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool
) -> None:
    async with console(api, "agent") as agent:
        await agent.until(lambda view: view["switch"] == {"dialer_up": True, "switch_up": False})
        await floor.write(f.SwitchMoved(at=now(), up=True))
        await agent.until(lambda view: view["switch"] == {"dialer_up": True, "switch_up": True})
        await floor.write(f.SwitchMoved(at=now(), up=False))
        await agent.until(lambda view: not view["switch"]["switch_up"])
        await floor.store.release()
        await agent.until(lambda view: not view["switch"]["dialer_up"])


async def test_a_call_reaches_the_agent_s_screen_with_its_card(
    api: Api, office: Office, floor: Floor
) -> None:
    async with console(api, "agent") as agent, console(api, "supervisor") as boss:
        await floor.move_agent(AgentState.READY)
        await agent.until(lambda view: view["me"]["state"] == "ready")
        attempt = await floor.plan()
        for state in (CallState.ORIGINATING, CallState.RINGING, CallState.ANSWERED, CallState.WAITING):
            await floor.move_call(attempt, state)
        await asyncio.sleep(0.05)
        bridged_at = time.perf_counter()
        await floor.connect(attempt)
        await agent.until(lambda view: view["me"]["call"] is not None)
        delay_ms = (time.perf_counter() - bridged_at) * 1000
        me = agent.view["me"]
        call = me["call"]
        assert (me["state"], me["calls_today"], call["attempt_id"], call["state"]) == (
            "on_call",
            1,
            attempt,
            "bridged",
        )
        assert call["person"] == {
            "full_name": "Ana Pérez Mota",
            "external_ref": "C-1",
            "language": "es",
            "time_zone": "America/Santo_Domingo",
        }
        assert [phone["number"] for phone in call["phones"]] == ["+18095550101", "+18295550102"]
        assert call["number"] == "+18095550101"
        (debt,) = call["debts"]
        assert (debt["balance_minor"], debt["currency"], debt["due_on"]) == (123450, "USD", "2026-10-01")
        assert debt["days_past_due"] == (now().date() - datetime(2026, 10, 1).date()).days
        assert call["script"]["steps"][0]["markdown"] == r"Hola **Ana Pérez Mota**, debe USD1,234\.50"
        assert (call["segment"], call["script_name"], call["script"]["error"]) == (
            "30-60 días",
            "Saludo",
            None,
        )
        assert [d["code"] for d in call["dispositions"]] == ["paid", "later"]
        assert call["answered_at"] <= call["connected_at"]
        assert not call["recording"]
        # The whole way: the log's transaction, NOTIFY, fold, socket. Generous for a busy machine.
        assert delay_ms < 300

        await floor.write(
            f.NoticeGiven(at=now(), attempt_id=attempt, spoken=False),
            f.RecordingBegan(at=now(), attempt_id=attempt),
        )
        await agent.until(lambda view: view["me"]["call"]["recording"])
        assert agent.view["me"]["call"]["notice_at"] is not None
        until = now() + timedelta(seconds=60)
        await floor.write(
            f.AttemptEnded(
                at=now(),
                attempt_id=attempt,
                campaign_id=office.campaign_id,
                lead_id=office.lead_id,
                phone_id=office.phone_ids[0],
                outcome=Outcome.CONNECTED,
                burnt=True,
            ),
            f.RecordingClosed(at=now(), attempt_id=attempt),
            f.AgentMoved(
                at=now(),
                agent_id=office.users["agent"],
                state=AgentState.WRAP_UP,
                leg_up=True,
                attempt_id=attempt,
                wrap_up_until=until,
            ),
        )
        await agent.until(lambda view: view["me"]["state"] == "wrap_up")
        call = agent.view["me"]["call"]
        assert (call["state"], call["outcome"], call["recording"]) == ("ended", "connected", False)
        assert datetime.fromisoformat(call["wrap_up_until"]) == until
        await floor.move_agent(AgentState.READY)
        await agent.until(lambda view: view["me"]["call"] is None)

        await boss.until(lambda view: view["campaigns"][str(office.campaign_id)]["connected_today"] == 1)
        figures = boss.view["campaigns"][str(office.campaign_id)]
        assert (figures["talking"], figures["waiting"], figures["attempts_today"]) == (0, 0, 1)
        assert (figures["live_answers_today"], figures["abandon_rate"]) == (1, 0.0)
        assert figures["outcomes_today"] == {"connected": 1}


async def test_a_reload_in_mid_call_brings_the_same_card_back(api: Api, floor: Floor) -> None:
    async with console(api, "agent") as agent:
        attempt = await floor.plan()
        await floor.move_call(attempt, CallState.ANSWERED)
        await floor.connect(attempt)
        await agent.until(lambda view: view["me"]["call"] is not None)
        before = agent.view["me"]
    async with console(api, "agent") as agent:
        assert agent.view["me"] == before
    # ... even where this process has never seen the call's events.
    async with serve(api.settings.database_dsn.get_secret_value()) as other, console(other, "agent") as agent:
        assert agent.view["me"] == before


async def test_a_previewed_lead_is_shown_before_it_is_dialled(api: Api, office: Office, floor: Floor) -> None:
    async with console(api, "agent") as agent:
        await floor.move_agent(AgentState.PREVIEWING, lead_id=office.lead_id)
        await agent.until(lambda view: view["me"]["call"] is not None)
        call = agent.view["me"]["call"]
        assert (call["lead_id"], call["attempt_id"], call["state"]) == (office.lead_id, None, None)
        assert "Ana Pérez Mota" in call["script"]["steps"][0]["markdown"]


async def test_the_answer_to_an_intent_goes_to_who_asked(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool
) -> None:
    async with (
        console(api, "agent") as agent,
        console(api, "agent2") as other,
        console(api, "supervisor") as boss,
    ):
        body = {"key": "click-0001", "intent": {"type": "go_ready"}}
        id_ = (await agent.client.post("/api/v1/intents", json=body)).json()["id"]  # type: ignore[attr-defined]
        url = f"/api/v1/campaigns/{office.campaign_id}/start"
        order = (await boss.client.post(url)).json()["id"]  # type: ignore[attr-defined]
        users = office.users
        await floor.write(
            f.IntentSettled(at=now(), intent_id=id_, user_id=users["agent"], error="phone_not_connected"),
            f.IntentSettled(at=now(), intent_id=order, user_id=users["supervisor"]),
            f.CampaignMoved(at=now(), campaign_id=office.campaign_id, state=CampaignState.RUNNING),
        )
        await agent.until(lambda _: agent.intents)
        await boss.until(lambda _: boss.intents)
        await other.until(lambda view: view["me"]["campaigns"] == ["Tarjetas"])
        assert agent.intents == [(id_, "phone_not_connected")]
        assert boss.intents == [(order, None)]
        assert other.intents == []
        await agent.until(lambda view: view["me"]["campaigns"] == ["Tarjetas"])
        assert await pool.fetchval("SELECT error FROM intent WHERE id = $1", id_) == "phone_not_connected"


async def test_edited_settings_and_new_people_appear(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool
) -> None:
    async with console(api, "supervisor") as boss:
        url = f"/api/v1/campaigns/{office.campaign_id}"
        await boss.client.patch(url, json={"ratio": 2.5}, headers={"If-Match": "1"})  # type: ignore[attr-defined]
        await boss.until(lambda view: view["campaigns"][str(office.campaign_id)]["ratio"] == 2.5)
        assert boss.view["campaigns"][str(office.campaign_id)]["version"] == 2
        await add_user(pool, "agent", login="new", group_id=office.group_id)
        async with console(api, "new") as new:
            assert new.view["me"]["state"] == "logged_out"
        await boss.until(lambda view: "new uno" in [a["name"] for a in view["agents"].values()])


async def test_figures_come_at_most_five_times_a_second(api: Api, office: Office, floor: Floor) -> None:
    async with console(api, "supervisor") as boss:
        begun, n = time.monotonic(), 0
        while time.monotonic() - begun < 1.5:
            n += 1
            explain: dict[str, str | float | int | bool | None] = {"n": n}
            await floor.write(
                f.PacingDecided(
                    at=now(), campaign_id=office.campaign_id, policy="simple", calls=n, explain=explain
                )
            )
        await boss.until(lambda view: view["campaigns"][str(office.campaign_id)]["pacing"] == {"n": n})
        assert n > 30
        assert 3 <= boss.deltas <= (time.monotonic() - begun) * 5 + 2


async def test_resync_gives_a_snapshot_and_anything_else_the_door(api: Api, floor: Floor) -> None:
    async with console(api, "agent") as agent:
        await agent.socket.send('{"type": "resync"}')
        message = await agent.hear()
        assert (message["type"], message["seq"]) == ("snapshot", 2)
        await floor.move_agent(AgentState.NOT_READY, reason="lunch")
        await agent.until(lambda view: view["me"]["reason"] == "lunch")
    for nonsense in ('{"type": "go_ready"}', "x", "[]", '{"type":"resync","a":1}', b"\x00", ""):
        async with console(api, "agent") as agent:
            await agent.socket.send(nonsense)
            assert await agent.closed() == 1008
    async with console(api, "agent") as agent:
        await agent.socket.send("x" * 5000)
        assert await agent.closed() == 1009


async def test_strangers_and_foreign_pages_are_turned_away(api: Api) -> None:
    async with api.client("agent") as client:
        cookie = {"Cookie": f"cadencia={client.cookies['cadencia']}"}
    for headers, origin, status in (
        ({}, api.url, 401),
        ({"Cookie": "cadencia=made-up"}, api.url, 401),
        (cookie, "https://evil.example", 403),
        (cookie, "null", 403),
    ):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(api.live_url, additional_headers=headers, origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["status"] == status


async def test_a_session_that_ends_takes_its_sockets_with_it(
    api: Api, office: Office, pool: asyncpg.Pool
) -> None:
    async with console(api, "agent") as here, console(api, "agent") as elsewhere:
        begun = time.monotonic()
        await here.client.delete("/api/v1/session")  # type: ignore[attr-defined]
        assert await here.closed() == 4401
        assert time.monotonic() - begun < 5
        await pool.execute("DELETE FROM user_session")
        assert await elsewhere.closed() == 4401
        assert time.monotonic() - begun < 5
    async with console(api, "supervisor") as demoted:
        await pool.execute("UPDATE app_user SET role = 'qa' WHERE id = $1", office.users["supervisor"])
        assert await demoted.closed() == 4401


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds that a console may be away: less than the real time, so that waiting for it costs less."""
    monkeypatch.setattr(live, "CONSOLE_GRACE_S", 2.0)
    return 2.0


async def lost_consoles(pool: asyncpg.Pool) -> list[int]:
    rows = await pool.fetch("SELECT user_id FROM intent WHERE type = 'console_lost' ORDER BY id")
    return [row["user_id"] for row in rows]


async def test_an_agent_whose_last_console_closed_is_missed(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool, short_grace: float
) -> None:
    await floor.move_agent(AgentState.READY)
    async with console(api, "agent"), console(api, "agent2"):
        async with console(api, "agent") as second:
            await second.until(lambda view: view["me"]["state"] == "ready")
        await asyncio.sleep(3.6)
        assert await lost_consoles(pool) == []  # one of two tabs is left; agent2 is not logged in
    async with console(api, "agent"):  # a reload
        await asyncio.sleep(short_grace)
        assert await lost_consoles(pool) == []
    left_at = time.monotonic()
    async with asyncio.timeout(short_grace + 10):
        while not await lost_consoles(pool):
            await asyncio.sleep(0.05)
    assert time.monotonic() - left_at >= short_grace
    row = await pool.fetchrow("SELECT * FROM intent WHERE type = 'console_lost'")
    assert (row["user_id"], row["shard_id"]) == (office.users["agent"], office.group_id)
    assert json.loads(row["data"]) == {}
    await asyncio.sleep(1)
    assert len(await lost_consoles(pool)) == 1


async def test_a_console_that_went_to_another_process_is_not_missed(
    api: Api, floor: Floor, dsn: str, pool: asyncpg.Pool, short_grace: float
) -> None:
    await floor.move_agent(AgentState.READY)
    async with serve(dsn) as other:
        async with console(api, "agent"):
            pass
        async with console(other, "agent"):
            await asyncio.sleep(short_grace + 0.5)
            assert await lost_consoles(pool) == []


async def test_a_link_that_dies_without_a_word_is_noticed(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool, short_grace: float
) -> None:
    """A laptop that sleeps closes nothing: no pong comes back."""
    await floor.move_agent(AgentState.READY)
    async with console(api, "agent") as agent:
        agent.socket.transport.pause_reading()
        # A ping a second, two seconds for its answer, and the grace; the transport alone would take minutes.
        async with asyncio.timeout(3 + short_grace + 10):
            while not await lost_consoles(pool):
                await asyncio.sleep(0.1)
        agent.socket.transport.abort()


async def test_the_database_s_restart_is_survived(
    api: Api, office: Office, floor: Floor, pool: asyncpg.Pool
) -> None:
    async with console(api, "agent") as agent:
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await floor.move_agent(AgentState.NOT_READY, reason="lunch")
        await agent.until(lambda view: view["me"]["reason"] == "lunch", 5.0)


async def test_a_broken_live_view_ends_the_server(
    dsn: str, office: Office, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an API, that takes log-ins and shows no calls, would be worse than none: let it be started anew."""

    async def break_down(*_: object) -> None:
        raise KeyError("a fault of ours")

    app = create_app(Settings.model_validate({"database_dsn": dsn}))
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(fails_with(KeyError, run_server(app, "127.0.0.1", 0)))
            while getattr(app.state, "hub", None) is None:
                await asyncio.sleep(0.02)
            assert not serving.done()
            monkeypatch.setattr(floor_module, "read_events", break_down)
            await floor.move_agent(AgentState.READY)
    assert "live_view_failed" in [entry["event"] for entry in logs]


async def test_a_server_that_can_t_start_says_what_to_set(api: Api, server_dsn: str) -> None:
    nowhere = urlsplit(server_dsn)._replace(path="/nowhere").geturl()
    app = create_app(Settings.model_validate({"database_dsn": nowhere}))
    with pytest.raises(DatabaseUnreachable, match="CADENCIA_DATABASE_DSN"):
        await run_server(app, "127.0.0.1", 0)
    taken = urlsplit(api.url).port
    assert taken is not None
    with pytest.raises(BadInput, match="CADENCIA_API_PORT"):
        await run_server(create_app(api.settings), "127.0.0.1", taken)


async def fails_with(kind: type[Exception], what: Any) -> None:
    with pytest.RaisesGroup(kind, flatten_subgroups=True):
        await what
